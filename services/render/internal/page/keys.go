package page

import (
	"maps"
	"slices"
)

// Keys of things that many pages show. They hold within one site.
const (
	// KeySite is the site's settings; every page shows them.
	KeySite = "site"
	// KeyPosts is the list of posts, newest first.
	KeyPosts = "posts"
	// KeyFeatured is the list of featured posts.
	KeyFeatured = "featured"
	// KeyFeed is which posts the site's feed holds.
	KeyFeed = "feed"
	// KeyTags is the list of tags with their counts.
	KeyTags = "tags"
)

// KeyTag is the list of posts that carry a tag, and the tag's name.
func KeyTag(slug string) string { return "tag:" + slug }

// KeyCard is a post as lists show it.
func KeyCard(id string) string { return "card:" + id }

// KeyPost is a whole post.
func KeyPost(id string) string { return "post:" + id }

// KeyPath is whether something is at a path, and where it went.
func KeyPath(path string) string { return keyPath + path }

// keyPath begins the keys of KeyPath.
const keyPath = "path:"

// Keys is a set of keys. The zero value may be read; make one to add to it.
type Keys map[string]struct{}

// NewKeys is the set of keys.
func NewKeys(keys ...string) Keys {
	k := make(Keys, len(keys))
	k.Add(keys...)
	return k
}

// Add adds keys.
func (k Keys) Add(keys ...string) {
	for _, key := range keys {
		k[key] = struct{}{}
	}
}

// Merge adds all of other.
func (k Keys) Merge(other Keys) { maps.Copy(k, other) }

// Sorted lists the keys.
func (k Keys) Sorted() []string { return slices.Sorted(maps.Keys(k)) }
