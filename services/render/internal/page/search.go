package page

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/slug"
)

// maxSearch bounds the text of a search, in characters: no address is as long. One of
// more than 500 is not searched for: the tags service says so, and where it is too long.
const maxSearch = 1 << 15

// OrderNewest sorts what is found by date: the newest first. orderBest is what else
// there is: the best first, where there are words.
const (
	OrderNewest = "newest"
	orderBest   = "best"
)

// Search is what a reader looks for.
type Search struct {
	// Text is as it was typed, in the query language of docs/search.md.
	Text string
	// Tags and Without are slugs that posts must and must not carry; of Any they must
	// carry one.
	Tags, Without, Any []string
	// Authors are slugs, Languages BCP 47 tags: posts must have one of each.
	Authors, Languages []string
	// Since and Until are yyyy, yyyy-mm or yyyy-mm-dd: published on this day or later, and
	// before this day; empty: whenever.
	Since, Until string
	// Order is OrderNewest, or empty: the best first if there are words.
	Order string
}

// Misread is a value of a search, other than its text, that cannot be read: of "since",
// "until" or "order".
type Misread struct{ Name, Value string }

// Misread lists what of a canonical search cannot be read.
func (s Search) Misread() []Misread {
	var out []Misread
	for _, d := range []Misread{{"since", s.Since}, {"until", s.Until}} {
		if d.Value != "" && !isDay(d.Value) {
			out = append(out, d)
		}
	}
	if s.Order != "" && s.Order != OrderNewest {
		out = append(out, Misread{"order", s.Order})
	}
	return out
}

// Readable is the search without what cannot be read.
func (s Search) Readable() Search {
	for _, m := range s.Misread() {
		switch m.Name {
		case "since":
			s.Since = ""
		case "until":
			s.Until = ""
		case "order":
			s.Order = ""
		}
	}
	return s
}

// Part is which of the posts found are wanted.
type Part struct {
	Size, Skip int
	// Newest: the newest first, not the best.
	Newest bool
	// Language is that of the interface, a BCP 47 tag: of messages.
	Language string
	// AtLeast are versions of posts that the answer must know.
	AtLeast []Version
}

// Version is a place in the life of a post.
type Version struct {
	PostID  string
	Version int32
}

// Found is what a search finds: one page of it.
type Found struct {
	// IDs are of the posts, in the order of the answer.
	IDs   []string
	Cards []Card
	// Marks are by post.
	Marks map[string]Mark
	// Total is how many posts are found, on all pages.
	Total int
	// Facets are the tags of the posts found, most frequent first, counted among these.
	Facets []Tagged
	// Authors, Languages and Years are those of the posts found.
	Authors, Languages, Years []Facet
	// Meant is a query that was probably meant, MeantHTML the same as safe HTML.
	Meant, MeantHTML string
	// Problem is why the query cannot be read; nil if it can.
	Problem *Problem
	// Ignored are words that were not looked for.
	Ignored []string
}

// Mark is where a post has what was looked for, as safe HTML.
type Mark struct{ Title, Snippet string }

// Facet is a value of something that posts have, and how many of those found have it.
type Facet struct {
	Value, Name string
	Count       int
}

// Problem is where a query cannot be read.
type Problem struct {
	// Offset and Length are in characters of the text.
	Offset, Length int
	Message        string
}

// Empty tells whether nothing is looked for: an order alone is of nothing.
func (s Search) Empty() bool {
	return s.Equal(Search{}) || s.Equal(Search{Order: OrderNewest}) || s.Equal(Search{Order: orderBest})
}

// Canonical is the one form of searches that ask the same: words with one space
// between them, slugs sorted and each once, no order where there is one only. What
// cannot be read stays: readers are told of it.
func (s Search) Canonical() Search {
	out := Search{
		Text: spaced(s.Text), Tags: slugs(s.Tags), Without: slugs(s.Without), Any: slugs(s.Any),
		Authors: slugs(s.Authors), Languages: languages(s.Languages), Since: spaced(s.Since), Until: spaced(s.Until), Order: spaced(s.Order),
	}
	if out.Order == orderBest || out.Order == OrderNewest && out.Text == "" {
		out.Order = ""
	}
	return out
}

func spaced(text string) string { return strings.Join(strings.Fields(text), " ") }

func slugs(list []string) []string {
	var out []string
	for _, text := range list {
		if s := slug.Make(text); s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// languages are BCP 47 tags in their one form. What is none stays, in the form of a slug:
// nothing is in such a language, and to find everything instead would be no answer.
func languages(list []string) []string {
	var out []string
	for _, text := range list {
		if tag, err := language.Parse(text); err == nil {
			out = append(out, tag.String())
		} else if other := slug.Make(text); other != "" {
			out = append(out, other)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isDay tells of a year, month or day.
func isDay(text string) bool {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

// Equal tells whether two searches are written alike.
func (s Search) Equal(o Search) bool {
	return s.Text == o.Text && slices.Equal(s.Tags, o.Tags) && slices.Equal(s.Without, o.Without) && slices.Equal(s.Any, o.Any) &&
		slices.Equal(s.Authors, o.Authors) && slices.Equal(s.Languages, o.Languages) && s.Since == o.Since && s.Until == o.Until && s.Order == o.Order
}

// Check faults with Invalid where the search asks for more than can be answered.
func (s Search) Check() error {
	switch {
	case !utf8.ValidString(s.Text):
		return fault.Invalid("q", "must be UTF-8")
	case utf8.RuneCountInString(s.Text) > maxSearch:
		return fault.Invalid("q", "must have at most %d characters, has %d", maxSearch, utf8.RuneCountInString(s.Text))
	}
	for _, list := range []struct {
		name   string
		values []string
	}{{"tag", s.Tags}, {"not", s.Without}, {"any", s.Any}, {"author", s.Authors}, {"language", s.Languages}} {
		if len(list.values) > maxTags {
			return fault.Invalid(list.name, "must be at most %d, are %d", maxTags, len(list.values))
		}
	}
	return nil
}

// Query is the search and the page of its results as an address has them,
// escaped, with "?"; empty for an empty search. Nothing else makes addresses of
// searches, so that each has one.
func (s Search) Query(number int) string {
	if s.Empty() {
		return ""
	}
	v := url.Values{}
	for name, list := range map[string][]string{"tag": s.Tags, "not": s.Without, "any": s.Any, "author": s.Authors, "language": s.Languages} {
		if len(list) > 0 {
			v[name] = slices.Sorted(slices.Values(list))
		}
	}
	for name, text := range map[string]string{"q": s.Text, "since": s.Since, "until": s.Until, "order": s.Order} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if number > 1 {
		v.Set("page", strconv.Itoa(number))
	}
	return "?" + v.Encode()
}

// SearchAddress is the address of the first page of a search, escaped.
func SearchAddress(s Search) string { return searchPath + s.Query(1) }
