// Package typography sets text as a careful printer of its language would:
// quotation marks, apostrophes, dashes, ellipses, and in French the spaces that
// do not break a line. It changes signs and spaces and never a word; what looks
// like an address, a path or a program's flag stays as it is; setting a text
// twice is setting it once.
//
// French (Imprimerie nationale, with the narrow space that readers' fonts have
// today) is complete, with Canada's and Switzerland's own spaces; English,
// German and Spanish have their quotes, dashes and apostrophes; a few other
// languages only apostrophes and ellipses. A text of any other language, or of
// none, is left alone.
package typography

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// narrow and wide are spaces that do not break a line.
	narrow = "\u202f"
	wide   = "\u00a0"
	// thing stands for what is not text but takes a letter's place: a picture,
	// a piece of code.
	thing = '\ufffc'
)

// Setter sets the text of one document, piece by piece in the order of reading.
// What it has seen decides how the next piece begins, so that a quotation may
// end in another element than it began in. It is not safe for concurrent use.
type Setter struct {
	rules rules
	// prev is the character before the piece; 0 at the beginning of a block.
	prev rune
	// glued: a space that does not break was put at the end of the last piece.
	glued bool
	// quotes are those that are open.
	quotes []quote

	text []byte
	out  []byte
	from int // what of text is not yet in out
	word word
	// numberEnd is where the last number ended.
	numberEnd int
	raised    []Raised
}

// Raised is a part of a piece that is set above the line: the ending of an
// ordinal. The numbers count bytes of the piece as it was set.
type Raised struct{ From, To int }

// New gives a Setter for a language, a BCP 47 tag.
func New(language string) *Setter {
	return &Setter{rules: rulesFor(language)}
}

// Text sets a text that stands for itself: a title, a caption.
func Text(s, language string) string {
	r := rulesFor(language)
	if r.none || !strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf || r.class[c] != 0 }) {
		return s
	}
	setter := Setter{rules: r}
	return string(setter.Set([]byte(s)))
}

// Language has what follows set by the rules of another language, a BCP 47 tag.
func (s *Setter) Language(language string) { s.rules = rulesFor(language) }

// Break says that a block ends here: no quotation reaches over it.
func (s *Setter) Break() {
	s.prev, s.glued, s.quotes = 0, false, s.quotes[:0]
}

// Line says that a line ends here and the block goes on.
func (s *Setter) Line() { s.prev, s.glued = ' ', false }

// Thing says that something stands here that is not prose.
func (s *Setter) Thing() { s.prev, s.glued = thing, false }

// Raised are the parts of the piece that was set last that stand above the
// line, in order; valid until the next Set.
func (s *Setter) Raised() []Raised { return s.raised }

// Set sets the next piece, which is valid UTF-8. The answer is text itself if
// there is nothing to change, and else valid until the next Set.
func (s *Setter) Set(text []byte) []byte {
	s.raised = s.raised[:0]
	if len(text) == 0 {
		return text
	}
	if s.rules.none {
		s.prev, _ = utf8.DecodeLastRune(text)
		s.glued = false
		return text
	}
	s.text, s.out, s.from, s.word, s.numberEnd = text, s.out[:0], 0, word{}, -1
	if s.glued {
		s.from = len(text) - len(trimSpaces(text))
		s.glued = false
	}
	for i := s.from; i < len(text); {
		c := s.rules.class[text[i]]
		if c == 0 || s.isIdle(c, i) {
			i++
			continue
		}
		i = s.sign(c, i)
	}
	s.text = nil
	if len(s.out) == 0 && s.from == 0 {
		s.prev, _ = utf8.DecodeLastRune(text)
		return text
	}
	s.out = append(s.out, text[s.from:]...)
	if len(s.out) > 0 {
		s.prev, _ = utf8.DecodeLastRune(s.out)
	}
	return s.out
}

// isIdle tells, at little cost, of most signs that mean nothing that there is
// nothing to set.
func (s *Setter) isIdle(c class, i int) bool {
	next := byte(0)
	if i+1 < len(s.text) {
		next = s.text[i+1]
	}
	switch c {
	case hyphen:
		return next != '-'
	case dot:
		return next != '.' && (!s.rules.french || !isPlainSpace(next) || i == 0 || strings.IndexByte("MptlgpdD", s.text[i-1]) < 0)
	case capital:
		return strings.IndexByte("mlegrIVX\xc3", next) < 0 || i > 0 && isASCIILetter(s.text[i-1])
	case foreign:
		return next == 0x80 && i+2 < len(s.text) && s.text[i+2] == 0x99 && s.rules.inner.close != '’'
	default:
		return false
	}
}

// sign sets what begins at i and tells where to go on. It does nothing within
// an address.
func (s *Setter) sign(c class, i int) int {
	if end := s.addressEnd(i); end > i {
		return end
	}
	switch c {
	case double:
		return s.double(i)
	case single:
		return s.single(i)
	case dot:
		return s.dots(i)
	case hyphen:
		return s.hyphens(i)
	case high:
		return s.highSign(i)
	case colon:
		return s.colon(i)
	case digit:
		return s.number(i)
	case capital:
		return s.capital(i)
	default:
		return s.other(i)
	}
}

// other looks at characters outside of ASCII that matter.
func (s *Setter) other(i int) int {
	r, size := utf8.DecodeRune(s.text[i:])
	switch r {
	case s.rules.outer.open:
		s.push(quote{level: outer})
		return s.afterOpening(i + size)
	case s.rules.inner.open:
		if s.rules.inner.open != s.rules.outer.close || !s.isOpen(outer) {
			s.push(quote{level: inner})
		}
	}
	switch r {
	case s.rules.outer.close:
		s.pop(outer)
		return s.beforeClosing(i, size)
	case s.rules.inner.close:
		s.pop(inner)
	case '—', '–':
		s.dialogue(i, size)
	case '°', '§':
		s.numero(i, size, r)
	}
	return i + size
}

// replace puts with in the place of text[from:to].
func (s *Setter) replace(from, to int, with string) {
	s.out = append(s.out, s.text[s.from:from]...)
	s.out = append(s.out, with...)
	s.from = to
}

// before is the character that is set before i.
func (s *Setter) before(i int) rune {
	switch {
	case i > s.from:
		r, _ := utf8.DecodeLastRune(s.text[s.from:i])
		return r
	case len(s.out) > 0:
		r, _ := utf8.DecodeLastRune(s.out)
		return r
	default:
		return s.prev
	}
}

// at is the character at i, 0 beyond the piece.
func (s *Setter) at(i int) rune {
	if i >= len(s.text) {
		return 0
	}
	if c := s.text[i]; c < utf8.RuneSelf {
		return rune(c)
	}
	r, _ := utf8.DecodeRune(s.text[i:])
	return r
}

// spacesBefore is where the spaces that end at i begin, those of former pieces
// not counted.
func (s *Setter) spacesBefore(i int) int {
	for i > s.from {
		r, size := utf8.DecodeLastRune(s.text[s.from:i])
		if !isSpace(r) {
			break
		}
		i -= size
	}
	return i
}

// spacesAfter is where the spaces that begin at i end.
func (s *Setter) spacesAfter(i int) int { return len(s.text) - len(trimSpaces(s.text[i:])) }

func trimSpaces(b []byte) []byte {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if !isSpace(r) {
			break
		}
		b = b[size:]
	}
	return b
}

// isSpace tells spaces of a word's width from other characters.
func isSpace(r rune) bool {
	return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' || r == '\u00a0' || r == '\u202f'
}

// isWord tells letters, digits and what takes their place.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || isDigit(r)
	}
	return r == thing || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func isLetter(r rune) bool { return isWord(r) && !unicode.IsDigit(r) && r != thing }
