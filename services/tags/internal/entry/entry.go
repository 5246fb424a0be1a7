// Package entry holds the rules of entries: what the index remembers of a post, and
// what a change of the post changes in it.
package entry

import (
	"slices"
	"time"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/services/tags/internal/search"
)

// Tag is a tag as one post carries it.
type Tag struct {
	// Slug tells tags apart: names with one slug are one tag.
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Count is a tag and how many published posts carry it. Its name is the one
// that most of them write; among equals, the one that the newest post writes.
type Count struct {
	Tag

	Posts int32
}

// Post is the present state of a post, as its owner tells it.
type Post struct {
	ID, Site string
	// Public is false for a tombstone; then the rest is empty.
	Public                bool
	Slug, Title, Language string
	PublishedAt           time.Time
	// TagNames are as the author wrote them.
	TagNames []string
	// Words are what readers can search for.
	Words search.Wordlist
}

// Entry is what the index knows of one post.
type Entry struct {
	PostID, Site string
	// Version counts the entry's own changes; 0: there is no entry.
	Version int32
	// Indexed is false for a tombstone; then the rest is empty.
	Indexed               bool
	Slug, Title, Language string
	PublishedAt           time.Time
	// Tags are in the post's order, each slug once.
	Tags []Tag
}

// Kind is what happened to an entry, in the past tense, as its notices say it.
type Kind string

// The kinds.
const (
	Indexed Kind = "indexed"
	Removed Kind = "removed"
)

// Change is what a post's new state does to its entry.
type Change struct {
	Entry Entry
	Kind  Kind
	// Added and Dropped are the tags by which the two states differ, by slug.
	Added, Dropped []Tag
}

// Follow brings the entry up to the post's state. It is false if the index
// does not show the difference: then nothing is written and nobody is told, so
// that what was made from the entry stays good.
func (e Entry) Follow(p Post) (Change, bool) {
	next := Entry{PostID: p.ID, Site: p.Site}
	if p.Site == "" { // nobody knows the post any more
		next.Site = e.Site
	}
	kind := Removed
	if p.Public {
		kind = Indexed
		next.Indexed, next.Slug, next.Title, next.Language = true, p.Slug, p.Title, p.Language
		next.PublishedAt, next.Tags = p.PublishedAt, Tags(p.TagNames)
	}
	if e.same(next) {
		return Change{}, false
	}
	next.Version = e.Version + 1
	return Change{Entry: next, Kind: kind, Added: without(next.Tags, e.Tags), Dropped: without(e.Tags, next.Tags)}, true
}

// same tells whether the index shows both states alike.
func (e Entry) same(next Entry) bool {
	if !e.Indexed && !next.Indexed {
		return true
	}
	return e.Indexed == next.Indexed && e.Site == next.Site && e.Slug == next.Slug && e.Title == next.Title &&
		e.Language == next.Language && e.PublishedAt.Equal(next.PublishedAt) && slices.Equal(e.Tags, next.Tags)
}

// Slugs lists the slugs of tags, in their order.
func Slugs(tags []Tag) []string {
	out := make([]string, len(tags))
	for i, t := range tags {
		out[i] = t.Slug
	}
	return out
}

// Tags are the tags with these names. Of names with one slug the first counts;
// names without letter or digit are no tags.
func Tags(names []string) []Tag {
	var out []Tag
	for _, name := range names {
		s := slug.Make(name)
		if s != "" && !has(out, s) {
			out = append(out, Tag{Slug: s, Name: name})
		}
	}
	return out
}

// without are the tags of a whose slugs b has not.
func without(a, b []Tag) []Tag {
	var out []Tag
	for _, t := range a {
		if !has(b, t.Slug) {
			out = append(out, t)
		}
	}
	return out
}

func has(tags []Tag, s string) bool {
	return slices.ContainsFunc(tags, func(t Tag) bool { return t.Slug == s })
}
