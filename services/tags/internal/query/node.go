// Package query holds the query language of the search box: what a reader asks
// for, as a tree. docs/search.md is its manual.
package query

import "time"

const (
	// MaxText bounds the text of a query, in characters.
	MaxText = 500
	// MaxTerms bounds its terms: words, phrases and what stands after a field's name.
	MaxTerms = 32
	// MaxDepth bounds how deep parentheses stand within each other.
	MaxDepth = 8
)

// Node is a part of a query: And, Or, Not, Word, Phrase, Tag, Author, Language or
// Published. A nil Node asks for everything.
type Node interface{ node() }

// Span is where a node stands in the text, in characters from 0: a word without the signs
// around it, a phrase with its quotes, what stands behind a field's name without the name.
type Span struct{ Offset, Length int }

// Field is which places of a post are searched.
type Field uint8

// The fields.
const (
	Anywhere Field = iota
	// InTitle: the title alone.
	InTitle
	// InBody: headings and text.
	InBody
)

// And asks for all of its parts.
type And struct{ Parts []Node }

// Or asks for one of its parts at least.
type Or struct{ Parts []Node }

// Not asks for what Part does not find.
type Not struct{ Part Node }

// Word is a word as it was typed, neither folded nor stemmed.
type Word struct {
	Span

	Text string
	// Open: words that begin so will do too ("march*", or the word that is being typed).
	Open bool
	In   Field
}

// Phrase is words that stand side by side, as they were typed between quotes.
type Phrase struct {
	Span

	Text string
	In   Field
}

// Tag is a tag by name or slug; posts below it count too.
type Tag struct {
	Span

	Name string
}

// Author is an author by name or slug.
type Author struct {
	Span

	Name string
}

// Language is a BCP 47 tag; "fr" also finds "fr-CA".
type Language struct {
	Span

	Tag string
}

// Published is a span of time: from Since until before Until; a zero time is no bound.
type Published struct {
	Span

	Since, Until time.Time
}

func (And) node()       {}
func (Or) node()        {}
func (Not) node()       {}
func (Word) node()      {}
func (Phrase) node()    {}
func (Tag) node()       {}
func (Author) node()    {}
func (Language) node()  {}
func (Published) node() {}
