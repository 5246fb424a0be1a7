package page

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"time"
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
	// KeyArchive is the list of months in which posts were published, with their counts.
	KeyArchive = "archive"
	// KeySitemap is which addresses there are, and when what is at them was last edited.
	KeySitemap = "sitemap"
)

// KeyTag is what is at a tag's address: the list of posts found under it, or where it went.
func KeyTag(slug string) string { return "tag:" + slug }

// KeyLabel is what a tag is called and where it is, as posts and lists show it.
func KeyLabel(slug string) string { return "label:" + slug }

// KeyAbout is what a tag says of itself, and which tags are right below it.
func KeyAbout(slug string) string { return "about:" + slug }

// KeyPlace is below which tag a tag stands.
func KeyPlace(slug string) string { return "place:" + slug }

// KeyWith is which other tags the posts found under a tag have.
func KeyWith(slug string) string { return "with:" + slug }

// KeyWeight is how much it says of two posts that both are found under a tag, by
// its id: see Weight.
func KeyWeight(id string) string { return "weight:" + id }

// KeyAuthor is the list of posts of an author, and the author's name.
func KeyAuthor(slug string) string { return "author:" + slug }

// KeyMonth is the list of posts of the month that at is in, by the clocks there.
func KeyMonth(at time.Time) string { return fmt.Sprintf("month:%04d-%02d", at.Year(), at.Month()) }

// KeyBeside is which posts were published next to a post.
func KeyBeside(id string) string { return "beside:" + id }

// KeyRelated is which posts there are on a post's subjects, nearest in time.
func KeyRelated(id string) string { return "related:" + id }

// KeyTranslations is which posts are translations of each other: those with a
// translation key, which may be any text.
func KeyTranslations(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "translations:" + base64.RawURLEncoding.EncodeToString(sum[:12])
}

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
