// Package entry holds the rules of entries: what the index remembers of a post, and
// what a change of the post or of the taxonomy changes in it.
package entry

import (
	"slices"
	"time"

	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/text"
)

// Post is the present state of a post, as its owner tells it.
type Post struct {
	ID, Site string
	// Version is the post's.
	Version int32
	// Public is false for a tombstone; then the rest is empty.
	Public                bool
	Slug, Title, Language string
	PublishedAt           time.Time
	// TagNames are as the author wrote them.
	TagNames []string
	// Authors are names.
	Authors []string
	// Text is what readers can search for, without labels.
	Text text.Source
	// TextHash is the same for the same Text.
	TextHash string
	// Keywords are its most telling words.
	Keywords []string
}

// Entry is what the index knows of one post.
type Entry struct {
	PostID, Site string
	// Number is given once per post; 0: not yet.
	Number uint32
	// Version counts the entry's own changes; 0: there is no entry.
	Version int32
	// PostVersion is that of the post that it was made from; 0: not known.
	PostVersion int32
	// Indexed is false for a tombstone; then the rest is empty.
	Indexed               bool
	Slug, Title, Language string
	PublishedAt           time.Time
	// Names are the tags as the author wrote them; Tags what they stand for, the post's
	// own in its order and then those above.
	Names    []string
	Tags     []tag.Carried
	Authors  []string
	Keywords []string
	// Labels are the names that it is searched by for its tags.
	Labels   []string
	TextHash string
}

// Found is a published post as result pages show it.
type Found struct {
	Entry

	// Text is what snippets are cut from.
	Text text.Source
}

// Kind is what happened to an entry, in the past tense, as its notices say it.
type Kind string

// The kinds.
const (
	Indexed Kind = "indexed"
	Removed Kind = "removed"
)

// Change is what a new state does to an entry.
type Change struct {
	Entry Entry
	Kind  Kind
	// Dropped are the tags that it had before and has no longer.
	Dropped []tag.Carried
}

// Follow brings the entry up to the post's state; stand is what its names stand for.
// It is false if the index does not show the difference: then nobody is told, so
// that what was made from the entry stays good.
func (e Entry) Follow(p Post, stand tag.Standing) (Change, bool) {
	next := Entry{PostID: p.ID, Site: p.Site, Number: e.Number, PostVersion: p.Version}
	if p.Site == "" { // nobody knows the post any more
		next.Site = e.Site
	}
	if p.Public {
		next.Indexed, next.Slug, next.Title, next.Language, next.PublishedAt = true, p.Slug, p.Title, p.Language, p.PublishedAt
		next.Names, next.Authors, next.Keywords, next.TextHash = p.TagNames, p.Authors, p.Keywords, p.TextHash
		next.Tags, next.Labels = stand.Tags, stand.Labels
	}
	return e.become(next)
}

// Restand is Follow when the post is the same and its names stand for something else.
func (e Entry) Restand(stand tag.Standing) (Change, bool) {
	if !e.Indexed {
		return Change{}, false
	}
	next := e
	next.Tags, next.Labels = stand.Tags, stand.Labels
	return e.become(next)
}

func (e Entry) become(next Entry) (Change, bool) {
	next.Version = e.Version + 1
	c := Change{Entry: next, Kind: Removed, Dropped: without(e.Tags, next.Tags)}
	if next.Indexed {
		c.Kind = Indexed
	}
	return c, !e.same(next)
}

// same tells whether the index shows both states alike.
func (e Entry) same(next Entry) bool {
	if !e.Indexed && !next.Indexed {
		return true
	}
	return e.Indexed == next.Indexed && e.Site == next.Site && e.Slug == next.Slug && e.Title == next.Title &&
		e.Language == next.Language && e.PublishedAt.Equal(next.PublishedAt) && slices.Equal(e.Tags, next.Tags) &&
		slices.Equal(e.Names, next.Names) && slices.Equal(e.Authors, next.Authors) && slices.Equal(e.Keywords, next.Keywords) &&
		slices.Equal(e.Labels, next.Labels) && e.TextHash == next.TextHash
}

// Seen are those of tags that readers see and that the post itself carries.
func Seen(tags []tag.Carried) []tag.Carried {
	return slices.DeleteFunc(slices.Clone(tags), func(t tag.Carried) bool { return t.Internal || t.Inherited })
}

// Slugs lists the slugs of tags, in their order.
func Slugs(tags []tag.Carried) []string {
	out := make([]string, len(tags))
	for i, t := range tags {
		out[i] = t.Slug
	}
	return out
}

// without are the tags of a that b has not.
func without(a, b []tag.Carried) []tag.Carried {
	var out []tag.Carried
	for _, t := range a {
		if !slices.ContainsFunc(b, func(o tag.Carried) bool { return o.Slug == t.Slug }) {
			out = append(out, t)
		}
	}
	return out
}
