package text

import (
	"strings"
	"unicode/utf8"

	"github.com/parution/parution/services/tags/internal/query"
)

const (
	// maxLooked bounds the texts that one answer looks through, in bytes: half a second's.
	maxLooked = 4 << 20
	// minLooked is how much of each text is looked through even then.
	minLooked = 4 << 10
)

// Cutter cuts the passages of the posts of one answer. Where their texts are very long it
// looks through the beginnings of the later ones only.
type Cutter struct {
	terms []query.Node
	left  int
}

// NewCutter is for one answer to the terms.
func NewCutter(terms []query.Node) *Cutter { return &Cutter{terms: terms, left: maxLooked} }

// Cut is Cut for the next post of the answer.
func (c *Cutter) Cut(s Source, language string) Passage {
	if most := max(c.left, minLooked); len(s.Body) > most {
		s.Body, s.Headings = beginning(s.Body, most), nil
	}
	if c.left -= len(s.Body); c.left < 0 {
		s.Headings = nil
	}
	for _, h := range s.Headings {
		c.left -= len(h)
	}
	return Cut(s, language, c.terms)
}

// beginning is at most so many bytes of a longer text, up to the end of a word if there is one.
func beginning(text string, most int) string {
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	if space := strings.LastIndexFunc(text[:most], breaks); space > most/2 {
		most = space
	}
	return text[:most]
}
