package page

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/slug"
)

// maxSearch bounds the text of a search, in characters.
const maxSearch = 200

// Search is what a reader looks for.
type Search struct {
	// Text is as it was typed.
	Text string
	// Tags and Without are slugs that posts must and must not carry.
	Tags, Without []string
}

// Part is which of the posts found are wanted.
type Part struct {
	Size, Skip int
	// Newest: the newest first, not the best.
	Newest bool
}

// Found is what a search finds: one page of it.
type Found struct {
	Cards []Card
	// Total is how many posts are found, on all pages.
	Total int
	// Facets are the tags of the posts found, most frequent first, counted among these.
	Facets []Tagged
}

// Empty tells whether nothing is looked for.
func (s Search) Empty() bool { return s.Text == "" && len(s.Tags) == 0 && len(s.Without) == 0 }

// Canonical is the one form of searches that ask the same: words with one space
// between them, slugs sorted and each once.
func (s Search) Canonical() Search {
	return Search{Text: strings.Join(strings.Fields(s.Text), " "), Tags: slugs(s.Tags), Without: slugs(s.Without)}
}

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

// Equal tells whether two searches are written alike.
func (s Search) Equal(o Search) bool {
	return s.Text == o.Text && slices.Equal(s.Tags, o.Tags) && slices.Equal(s.Without, o.Without)
}

// Check faults with Invalid where the search asks for more than can be answered.
func (s Search) Check() error {
	switch {
	case !utf8.ValidString(s.Text):
		return fault.Invalid("q", "must be UTF-8")
	case utf8.RuneCountInString(s.Text) > maxSearch:
		return fault.Invalid("q", "must have at most %d characters, has %d", maxSearch, utf8.RuneCountInString(s.Text))
	case len(s.Tags) > maxTags:
		return fault.Invalid("tag", "must be at most %d tags, are %d", maxTags, len(s.Tags))
	case len(s.Without) > maxTags:
		return fault.Invalid("not", "must be at most %d tags, are %d", maxTags, len(s.Without))
	}
	return nil
}

// Query is the search and the page of its results as an address has them,
// escaped, with "?"; empty for an empty search.
func (s Search) Query(number int) string {
	v := url.Values{}
	if s.Text != "" {
		v.Set("q", s.Text)
	}
	if len(s.Tags) > 0 {
		v["tag"] = s.Tags
	}
	if len(s.Without) > 0 {
		v["not"] = s.Without
	}
	if len(v) == 0 {
		return ""
	}
	if number > 1 {
		v.Set("page", strconv.Itoa(number))
	}
	return "?" + v.Encode()
}
