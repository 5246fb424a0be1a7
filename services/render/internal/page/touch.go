package page

import (
	"slices"
	"strings"
)

// Touched tells what changes for readers when a post goes from old to now; old
// is nil if it was not known. No keys: nothing that a page shows. What depends
// on the post's tags is not in it: see Relisted.
func Touched(old, now *Doc) Keys {
	keys := make(Keys)
	before, after := stateOf(old), stateOf(now)
	for _, path := range changedPaths(old, now) {
		keys.Add(KeyPath(path))
	}
	switch {
	case before != Public && after != Public:
		return keys
	case before != after:
		keys.Add(KeyPosts, KeyFeed, KeyPost(now.ID), KeyCard(now.ID))
		if now.Featured || old != nil && old.Featured {
			keys.Add(KeyFeatured)
		}
		return keys
	}
	card := cardChanged(&old.Card, &now.Card)
	if card {
		keys.Add(KeyCard(now.ID))
	}
	if card || contentChanged(old, now) {
		keys.Add(KeyPost(now.ID))
	}
	if !old.PublishedAt.Equal(now.PublishedAt) {
		keys.Add(KeyPosts, KeyFeed)
		if old.Featured && now.Featured {
			keys.Add(KeyFeatured)
		}
	}
	if old.Featured != now.Featured {
		keys.Add(KeyFeatured)
	}
	return keys
}

// What readers see happen to a post.
const (
	EventPublished = "published"
	EventRevised   = "revised"
	EventWithdrawn = "withdrawn"
)

// Happened is what readers see happen to a post that goes from old to now, and
// the post as they know it: as it was, if it was withdrawn. Empty: they see
// nothing of it. A new address alone is not seen, since the old one leads to it.
func Happened(old, now *Doc) (event string, of *Card) {
	before, after := stateOf(old) == Public, stateOf(now) == Public
	switch {
	case !before && after:
		return EventPublished, &now.Card
	case before && !after:
		return EventWithdrawn, &old.Card
	case !before:
		return "", nil
	}
	for key := range Touched(old, now) {
		if !strings.HasPrefix(key, keyPath) {
			return EventRevised, &now.Card
		}
	}
	return "", nil
}

// Relisted tells whether the lists of the post's tags change: it appears in
// them, leaves them, or moves.
func Relisted(old, now *Doc) bool {
	before, after := stateOf(old) == Public, stateOf(now) == Public
	return before != after || after && !old.PublishedAt.Equal(now.PublishedAt)
}

func stateOf(d *Doc) State {
	if d == nil {
		return Hidden
	}
	return d.State
}

// changedPaths lists paths where something else is now. When a post appears or
// vanishes, or its slug changes, that is at all of its addresses: the old ones
// lead to the present one.
func changedPaths(old, now *Doc) []string {
	was, is := old.Addresses(), now.Addresses()
	all := stateOf(old) != stateOf(now) || old != nil && old.Slug != now.Slug
	var paths []string
	for _, a := range slices.Concat(was, is) {
		if all || slices.Contains(was, a) != slices.Contains(is, a) {
			paths = append(paths, a.Path)
		}
	}
	return paths
}

func cardChanged(old, now *Card) bool {
	return old.Slug != now.Slug || old.Title != now.Title || old.Language != now.Language || old.Excerpt != now.Excerpt ||
		old.Image != now.Image || old.ImageAlt != now.ImageAlt || old.Minutes != now.Minutes ||
		!old.PublishedAt.Equal(now.PublishedAt) || !slices.Equal(old.Tags, now.Tags)
}

func contentChanged(old, now *Doc) bool {
	return old.Hash != now.Hash || old.Standfirst != now.Standfirst || old.Cover != now.Cover || old.Words != now.Words || !slices.Equal(old.Authors, now.Authors)
}

// Entry is what the tags service says about one post.
type Entry struct {
	PostID, Site string
	// Tags are those that lead to the post; none if it is not public.
	Tags []Label
}

// Tagged is a tag and how many posts carry it.
type Tagged struct {
	Label

	Count int
}

// TagChange is the difference between two entries of one post.
type TagChange struct {
	// Added and Renamed are as they are now, Removed as they were before.
	Added, Renamed, Removed []Label
}

// CompareTags tells what changed from the tags that a post carried to those
// that it carries.
func CompareTags(old, now []Label) TagChange {
	var c TagChange
	find := func(list []Label, slug string) int {
		return slices.IndexFunc(list, func(l Label) bool { return l.Slug == slug })
	}
	for _, l := range now {
		switch i := find(old, l.Slug); {
		case i < 0:
			c.Added = append(c.Added, l)
		case old[i].Name != l.Name:
			c.Renamed = append(c.Renamed, l)
		}
	}
	for _, l := range old {
		if find(now, l.Slug) < 0 {
			c.Removed = append(c.Removed, l)
		}
	}
	return c
}
