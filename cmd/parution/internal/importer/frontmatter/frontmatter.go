// Package frontmatter reads what stands above a text: YAML between "---", TOML
// between "+++", or a JSON object. All three become the same values, with the
// lines they stand on, so that problems can be pointed at.
package frontmatter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bounds of what is read: front matter is written by people.
const (
	maxValues = 20000
	maxDepth  = 50
)

// Document is a file in two parts.
type Document struct {
	// Values is a map of the front matter; empty if there is none.
	Values Value
	// Present tells whether there was front matter, be it empty.
	Present bool
	// Body is the text below it.
	Body string
	// BodyLine is the line of the file that the body begins on, from 1.
	BodyLine int
	// Notes are oddities that were coped with.
	Notes []Error
}

// Error is what is wrong with front matter, and where.
type Error struct {
	// Line is counted from 1; 0 if it is not known.
	Line int
	// Reason is fit to show.
	Reason string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Read splits a file, whose lines end in "\n", and understands its front
// matter. A file without front matter is all body. The error is an *Error; the
// parts are split even then. Pure; safe for concurrent use.
func Read(source string) (Document, error) {
	first, rest, _ := strings.Cut(source, "\n")
	switch fence := strings.TrimRight(first, " \t"); {
	case fence == "---":
		return fenced(source, rest, []string{"---", "..."}, readYAML)
	case fence == "+++":
		return fenced(source, rest, []string{"+++"}, readTOML)
	case looksLikeJSON(source):
		return readJSON(source)
	}
	return Document{Body: source, BodyLine: 1}, nil
}

// fenced reads what stands between the first line and a closing one.
func fenced(source, rest string, closing []string, read func(string, int) (Value, []Error, error)) (Document, error) {
	at, line := 0, 2
	for at <= len(rest) {
		text, _, more := strings.Cut(rest[at:], "\n")
		if slices.Contains(closing, strings.TrimRight(text, " \t")) {
			end := min(at+len(text)+1, len(rest))
			doc := Document{Present: true, Body: rest[end:], BodyLine: line + 1}
			var err error
			doc.Values, doc.Notes, err = read(rest[:at], 2)
			return doc, err
		}
		if !more {
			break
		}
		at += len(text) + 1
		line++
	}
	// A text may well begin with a rule, so this is no error.
	return Document{
		Body: source, BodyLine: 1,
		Notes: []Error{{Line: 1, Reason: "the front matter that seems to begin here is never closed; taken as text"}},
	}, nil
}

// budget bounds how much is understood, against aliases that multiply.
type budget struct{ left int }

func (b *budget) spend(depth, line int) error {
	if b.left--; b.left < 0 {
		return &Error{Line: line, Reason: fmt.Sprintf("the front matter has more than %d values", maxValues)}
	}
	if depth > maxDepth {
		return &Error{Line: line, Reason: fmt.Sprintf("the front matter is nested deeper than %d levels", maxDepth)}
	}
	return nil
}

func sortedKeys(m map[string]Value) []string { return slices.Sorted(maps.Keys(m)) }
