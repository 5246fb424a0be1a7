package search

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/slug"
)

const (
	// MaxText bounds the text of a query, in characters.
	MaxText = 200
	// MaxTags bounds the tags that posts must carry, and those that they must not.
	MaxTags = 10
	// MaxSkip bounds how many posts can be left out.
	MaxSkip = 10_000
)

// Query is what a reader looks for in a site.
type Query struct {
	site, text string
	nothing    bool
	newest     bool
	words      []Word
	tags, not  []string
}

// Word is a word that posts must have.
type Word struct {
	// Text is as databases keep it.
	Text string
	// Open: words that begin so will do.
	Open bool
}

// NewQuery reads a query. Case, accents and order mean nothing, nor do
// repetitions. The last word of the text may be unfinished, if it has two
// letters at least. Faults: Invalid q, tag, not.
func NewQuery(site, text string, tags, not []string) (Query, error) {
	q := Query{site: site, text: text}
	if n := utf8.RuneCountInString(text); n > MaxText {
		return Query{}, fault.Invalid("q", "has %d characters; at most %d", n, MaxText)
	}
	var err error
	if q.tags, err = slugs("tag", tags); err != nil {
		return Query{}, err
	}
	if q.not, err = slugs("not", not); err != nil {
		return Query{}, err
	}
	s := scanner{pairs: true, emit: func(word string, open bool) { q.add(Word{Text: word, Open: open && len(word) > 1}) }}
	s.scan(text)
	q.nothing = len(q.words) == 0 && hasSign(text)
	return q, nil
}

func (q *Query) add(w Word) {
	if !slices.ContainsFunc(q.words, func(other Word) bool { return other.Text == w.Text }) {
		q.words = append(q.words, w)
	}
}

func slugs(field string, names []string) ([]string, error) {
	if len(names) > MaxTags {
		return nil, fault.Invalid(field, "has %d tags; at most %d", len(names), MaxTags)
	}
	out := make([]string, len(names))
	for i, name := range names {
		if out[i] = slug.Make(name); out[i] == "" {
			return nil, fault.Invalid(field, "must be a tag: a word or several")
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// hasSign tells whether there is anything in text beside spaces.
func hasSign(text string) bool {
	for _, r := range text {
		if r > ' ' && r != '\u00a0' && r != '\u3000' {
			return true
		}
	}
	return false
}

// In is the query with its answers in an order: "best" or none for the best
// first, "newest" for the newest first. Faults: Invalid order.
func (q Query) In(order string) (Query, error) {
	switch order {
	case "", "best":
		q.newest = false
	case "newest":
		q.newest = true
	default:
		return Query{}, fault.Invalid("order", `must be "best" or "newest"`)
	}
	return q, nil
}

// Newest tells that only the date decides about the order.
func (q Query) Newest() bool { return q.newest }

// Site is where is searched.
func (q Query) Site() string { return q.site }

// Nothing tells that nothing can be found: the text has signs and no words.
func (q Query) Nothing() bool { return q.nothing }

// Words are those that posts must have, each once.
func (q Query) Words() []Word { return q.words }

// Tags are the slugs of those that posts must carry, sorted, each once.
func (q Query) Tags() []string { return q.tags }

// Not are the slugs of tags that posts must not carry, sorted, each once.
func (q Query) Not() []string { return q.not }

// Place is a post's place among those found: the best first, of equals the newest.
type Place struct {
	Score int32
	At    time.Time
	ID    string
}
