package query

import (
	"strings"
	"unicode/utf8"
)

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

// The codes.
const (
	UnbalancedQuote       Code = "unbalanced_quote"
	UnbalancedParenthesis Code = "unbalanced_parenthesis"
	// MissingTerm: an operator or a field's name with nothing to look for, or a text of
	// signs alone.
	MissingTerm Code = "missing_term"
	// UnknownField: no field is called so, and one is nearly.
	UnknownField Code = "unknown_field"
	BadDate      Code = "bad_date"
	BadLanguage  Code = "bad_language"
	TooManyTerms Code = "too_many_terms"
	TooLong      Code = "too_long"
	TooDeep      Code = "too_deep"
)

// Parse reads a text as docs/search.md says. Messages are in the language, a BCP 47 tag,
// or English. A nil Node and no problem: the text is empty and asks for everything.
// Linear in the length of the text, of which more than MaxText is not looked at.
//
// The last word is open, as one that is being typed, unless something follows it: a text
// of which every word is as meant is given with a space behind it. A word that is
// excluded is never open unless it says so.
//
// And and Or have two parts at least, none of them of their own kind; Not has no Not.
// Filters that contradict each other are no problem: they find nothing.
func Parse(text, language string) (Node, *Problem) {
	n, f := read(text, MaxText)
	if f == nil {
		return n, nil
	}
	return nil, &Problem{Span: f.Span, Code: f.code, Message: sentence(language, f)}
}

// read is Parse for texts of at most so many characters.
func read(text string, most int) (Node, *fault) {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if count := utf8.RuneCountInString(strings.TrimRightFunc(text, isSpace)); count > most {
		return nil, &fault{Span: Span{most, count - most}, code: TooLong, key: "too_long", limit: most, count: count}
	}
	tokens, f := lex(text)
	if f != nil {
		return nil, f
	}
	p := parser{tokens: tokens}
	n := p.sequence(noField, nil)
	if p.fault == nil && n == nil {
		p.nothing(text)
	}
	if p.fault != nil {
		return nil, p.fault
	}
	return n, nil
}

// fault is a problem before it is put into words.
type fault struct {
	Span

	code Code
	// key is the sentence's in the catalogue.
	key string
	// text is what was typed, other what may have been meant.
	text, other  string
	limit, count int
}
