package query

import "strings"

// Problem is where a text cannot be read as a query, and what to do about it.
type Problem struct {
	Span

	// Code is a word for programs.
	Code Code
	// Message is a sentence in the language of who asks; plain text, of which parts may
	// be what they typed.
	Message string
}

// Code is what is wrong with a text, as QueryProblem of the tags service says it.
type Code string

// Parse reads a text as docs/search.md says. Messages are in the language, a BCP 47 tag,
// or English. A nil Node and no problem: the text is empty and asks for everything.
//
// The last word is open, as one that is being typed, unless something follows it: a text
// of which every word is as meant is given with a space behind it.
func Parse(text, language string) (Node, *Problem) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, nil
	}
	parts := make([]Node, 0, len(words))
	for _, w := range words {
		parts = append(parts, Word{Text: w})
	}
	return And{Parts: parts}, nil
}
