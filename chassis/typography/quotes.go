package typography

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// level is which quotation marks an open quotation has.
type level uint8

const (
	outer level = iota
	inner
	lone // written with apostrophes
)

// quote is an open quotation; straight if it was opened with " or '. close ends
// one that was written with apostrophes.
type quote struct {
	level    level
	straight bool
	close    rune
}

// maxQuotes bounds how deep quotations are followed.
const maxQuotes = 8

// ahead bounds how far a piece is searched for the other end of a quotation.
const ahead = 400

func (s *Setter) push(q quote) {
	if len(s.quotes) < maxQuotes {
		s.quotes = append(s.quotes, q)
	}
}

// pop ends the last quotation of a level, and those within it.
func (s *Setter) pop(l level) {
	for i, q := range slices.Backward(s.quotes) {
		if q.level == l {
			s.quotes = s.quotes[:i]
			return
		}
	}
}

func (s *Setter) isOpen(l level) bool {
	for _, q := range s.quotes {
		if q.level == l {
			return true
		}
	}
	return false
}

// openStraight is the last quotation that was opened with " (or, if alone, with
// '), -1 if there is none.
func (s *Setter) openStraight(alone bool) int {
	for i, q := range slices.Backward(s.quotes) {
		if q.straight && (q.level == lone) == alone {
			return i
		}
	}
	return -1
}

// double sets a straight double quote, or leaves it: it may mean inches.
func (s *Setter) double(i int) int {
	before, after := s.before(i), s.at(i+1)
	opens := s.opensAfter(before) || before == '’' && s.rules.french && isLetter(after)
	open := s.openStraight(false)
	if end := s.spacesAfter(i + 1); opens && open < 0 && end < len(s.text) && s.text[end] == '"' {
		return end + 1 // nothing is quoted
	}
	if opens && (isSpace(after) || open >= 0 && isSpace(before) && (after == 0 || strings.ContainsRune(".,;:!?)]»…", after))) {
		opens = open < 0
		if opens && !s.recurs('"', i+1) {
			return i + 1
		}
	}
	switch {
	case opens:
		return s.openQuote(i)
	case open >= 0:
		q := s.quotes[open]
		s.quotes = s.quotes[:open]
		if q.level == outer {
			return s.closeOuter(i)
		}
		s.replace(i, i+1, string(s.rules.inner.close))
	}
	return i + 1
}

// openQuote opens a quotation at the straight quote at i.
func (s *Setter) openQuote(i int) int {
	switch {
	case !s.isOpen(outer):
		s.push(quote{level: outer, straight: true})
		s.replace(i, i+1, string(s.rules.outer.open))
		return s.afterOpening(i + 1)
	case !s.isOpen(inner):
		s.push(quote{level: inner, straight: true})
		s.replace(i, i+1, string(s.rules.inner.open))
		s.from = s.spacesAfter(i + 1)
		return s.from
	}
	return i + 1
}

// afterOpening puts the space behind an outer quote that has ended at i.
func (s *Setter) afterOpening(i int) int {
	if s.rules.inside == "" {
		return i
	}
	end := s.spacesAfter(i)
	if string(s.text[i:end]) != s.rules.inside {
		s.replace(i, end, s.rules.inside)
	}
	s.glued = end == len(s.text)
	return end
}

// closeOuter puts the closing mark in the place of the straight quote at i.
func (s *Setter) closeOuter(i int) int {
	start := s.spacesBefore(i)
	space := s.rules.inside
	if start == s.from && len(s.out) == 0 && isSpace(s.prev) && start == i {
		space = "" // the piece before has ended with one
	}
	s.replace(start, i+1, space+string(s.rules.outer.close))
	return i + 1
}

// beforeClosing puts the space before an outer quote at i.
func (s *Setter) beforeClosing(i, size int) int {
	if s.rules.inside == "" {
		return i + size
	}
	start := s.spacesBefore(i)
	before := s.before(start)
	if before == 0 && start == i || start == i && isSpace(before) || before == s.rules.outer.open {
		return i + size
	}
	if string(s.text[start:i]) != s.rules.inside {
		s.replace(start, i, s.rules.inside)
	}
	return i + size
}

// single sets a straight single quote: an apostrophe, a quote, or minutes and
// feet, which stay.
func (s *Setter) single(i int) int {
	before, after := s.before(i), s.at(i+1)
	switch {
	case isWord(before) && isLetter(after):
		s.replace(i, i+1, "’")
	case !s.rules.quotes:
	case s.opensAfter(before) && !isSpace(after):
		s.openSingle(i, after)
	case before != 0 && !isSpace(before):
		if open := s.openStraight(true); open >= 0 {
			end := s.quotes[open].close
			s.quotes = s.quotes[:open]
			s.replace(i, i+1, string(end))
		} else if isLetter(before) || before == thing {
			s.replace(i, i+1, "’")
		}
	}
	return i + 1
}

// openSingle sets a straight single quote that begins a word.
func (s *Setter) openSingle(i int, after rune) {
	switch {
	case isDecade(s.text[i+1:]):
		s.replace(i, i+1, "’")
	case isElided(s.text[i+1:]):
		s.replace(i, i+1, "’")
	case isDigit(after) && !s.closesAhead(i+1):
	case isLetter(after) && !s.closesAhead(i+1) && s.rules.french:
		s.replace(i, i+1, "’")
	case isWord(after) || after == 0 || strings.ContainsRune("“„«\"(", after):
		marks := s.rules.single
		if s.isOpen(lone) || s.isOpen(inner) && s.rules.inner == marks {
			marks = s.rules.outer // the third level is like the first
		}
		s.push(quote{level: lone, straight: true, close: marks.close})
		s.replace(i, i+1, string(marks.open))
	}
}

// isDecade tells years without their century: 98, 90s.
func isDecade(b []byte) bool {
	if len(b) < 2 || !isDigit(rune(b[0])) || !isDigit(rune(b[1])) {
		return false
	}
	if len(b) > 2 && b[2] == 's' {
		b = b[1:]
	}
	return len(b) == 2 || b[2] != '\'' && b[2] < utf8.RuneSelf && !isWord(rune(b[2]))
}

// isElided tells English words that begin with an apostrophe.
func isElided(b []byte) bool {
	end := 0
	for end < len(b) && isASCIILetter(b[end]) {
		end++
	}
	switch strings.ToLower(string(b[:min(end, 6)])) {
	case "tis", "twas", "twere", "twill", "em", "n", "cause", "bout", "til", "til'", "round", "nuff", "cos", "neath":
		return true
	}
	return false
}

// closesAhead tells whether a single quote that can close follows.
func (s *Setter) closesAhead(i int) bool {
	for j := i; j < min(len(s.text), i+ahead); j++ {
		if s.text[j] != '\'' {
			continue
		}
		before, _ := utf8.DecodeLastRune(s.text[:j])
		if after := s.at(j + 1); !isSpace(before) && !isWord(after) {
			return true
		}
	}
	return false
}

// recurs tells whether the sign follows once more.
func (s *Setter) recurs(sign byte, i int) bool {
	for j := i; j < min(len(s.text), i+ahead); j++ {
		if s.text[j] == sign {
			return true
		}
	}
	return false
}

// opensAfter tells whether a quote after r opens.
func (s *Setter) opensAfter(r rune) bool {
	switch r {
	case 0, '(', '[', '{', '«', '“', '„', '‘', '‚', '‹', '—', '–', '-', '/', '¿', '¡':
		return r != s.rules.outer.close && r != s.rules.inner.close
	}
	return isSpace(r)
}
