package query

import "unicode"

// char is a character that was typed.
type char struct {
	// typed is the character, sign the one that it stands for in the query language:
	// people type and paste many kinds of quotation marks, spaces and dashes.
	typed, sign rune
	// at is its place in the text.
	at int
}

// The signs of quotation marks: those that open and close alike, and the pair.
const (
	mark  = '"'
	left  = '«'
	right = '»'
)

// chars are the characters of a text without those that nobody sees.
func chars(text string) []char {
	out := make([]char, 0, len(text))
	at := 0
	for _, r := range text {
		if !isInvisible(r) {
			out = append(out, char{typed: r, sign: sign(r), at: at})
		}
		at++
	}
	return out
}

func sign(r rune) rune {
	if '\uFF01' <= r && r <= '\uFF5E' { // full-width forms of ASCII
		r -= 0xFEE0
	}
	switch r {
	case '“', '”', '„', '‟', '″', '〝', '〞', '〟':
		return mark
	case '‐', '‑', '−', '–': // hyphens, minus and the short dash, not the long one
		return '-'
	}
	if isSpace(r) {
		return ' '
	}
	return r
}

// isSpace tells of spaces of all widths, control characters, and what stands for bytes
// that are no text.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Zs, r) || r == unicode.ReplacementChar
}

// isInvisible tells of what comes along with pasted text and means nothing in a query.
// Joiners stay: some scripts cannot do without.
func isInvisible(r rune) bool {
	switch {
	case r == '\u00AD', r == '\u200B', r == '\u200E', r == '\u200F', r == '\uFEFF',
		'\u202A' <= r && r <= '\u202E', '\u2060' <= r && r <= '\u206F':
		return true
	}
	return false
}

func isQuote(sign rune) bool { return sign == mark || sign == left || sign == right }

func isApostrophe(sign rune) bool { return sign == '\'' || sign == '’' || sign == 'ʼ' }

// isWordly tells of what a word has one of at least.
func isWordly(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// begins and ends tell what a word can begin and end with: "#tag", "@name", "C++", "C#".
func begins(r rune) bool {
	return isWordly(r) || r == '#' || r == '@' || r == '_'
}

func ends(r rune) bool {
	return isWordly(r) || unicode.IsMark(r) || r == '+' || r == '#' || r == '_'
}

func typed(cs []char) string {
	out := make([]rune, len(cs))
	for i, c := range cs {
		out[i] = c.typed
	}
	return string(out)
}

func signs(cs []char) string {
	out := make([]rune, len(cs))
	for i, c := range cs {
		out[i] = c.sign
	}
	return string(out)
}

func span(cs []char) Span {
	if len(cs) == 0 {
		return Span{}
	}
	return Span{Offset: cs[0].at, Length: cs[len(cs)-1].at + 1 - cs[0].at}
}
