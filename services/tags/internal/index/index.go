// Package index is the index of published posts in memory: compressed bitmaps of
// the posts under each tag, of each author, language and month, put together with
// the full text into one algebra. Every replica holds one.
package index

import (
	"strings"
	"time"

	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/text"
)

// Record is a post as the index takes it.
type Record struct {
	// Number is the post's, the same in all replicas; PostID its id.
	Number uint32
	PostID string
	Site   string
	// Version is the entry's.
	Version int32
	// Public is false for a post that is to be removed; then the rest is empty.
	Public      bool
	PublishedAt time.Time
	Language    string
	// Authors are names.
	Authors []string
	// Tags are the ids of those that the post is found under, with those above its own;
	// internal ones too.
	Tags []string
	Text text.Source
}

// Tag is a tag as the index takes it: what leads to it and what readers see.
type Tag struct {
	ID, Site, Slug, Name string
	// Parent is the id of the tag above, or empty.
	Parent string
	// Keys are those of its names. Addresses lead to it where no name does: its slugs,
	// present and former, and what led to the tags that it took the place of.
	Keys      []string
	Addresses []string
	Internal  bool
	// Gone: it was merged or split; the rest is empty.
	Gone bool
}

// hides tells of the keys of names that readers must not learn: those of internal tags
// that the tag took the place of.
func (t Tag) hides(key string) bool { return strings.HasPrefix(key, "#") && key != tag.Key(t.Name) }

// Order is the order of what is found.
type Order uint8

// The orders.
const (
	Best Order = iota
	Newest
)

// Question is what is looked for.
type Question struct {
	Site string
	// Asks is nil for all posts.
	Asks query.Node
	// Terms are the words and phrases by which the best are chosen; nil: those of Asks.
	Terms []query.Node
	Order Order
	// After is the place of the last post of the page before; zero: the first page.
	After Place
	// Size bounds the posts answered; Skip leaves out as many before.
	Size, Skip int
	// Internal: tags that readers do not see count as well.
	Internal bool
	// Facets: count tags, authors, languages and years of all that is found.
	Facets bool
}

// Place is a post's place among those found.
type Place struct {
	Score  float64
	At     time.Time
	Number uint32
	// Rank counts the posts up to it, in an order by score.
	Rank int
}

// Found is what a question finds.
type Found struct {
	Posts []Place
	// Next is the place of the last of Posts if more follow.
	Next  *Place
	Total int
	// Ignored are words that could not be looked for within the budget, as they were typed.
	Ignored []string
	// Tags are by id.
	Tags                      []Count
	Authors, Languages, Years []Count
	// Position is what the index had seen.
	Position text.Position
}

// Count is a value and how many of the posts found have it.
type Count struct {
	Value, Name string
	Posts       int
}
