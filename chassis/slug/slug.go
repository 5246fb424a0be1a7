// Package slug turns names into the last part of an address.
package slug

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxBytes bounds a slug.
const MaxBytes = 200

// letters that no decomposition leads to ASCII, as they are written without
// their sign in the languages that have them.
func fold(r rune) string {
	switch r {
	case 'œ', 'Œ':
		return "oe"
	case 'æ', 'Æ':
		return "ae"
	case 'ß', 'ẞ':
		return "ss"
	case 'ø', 'Ø':
		return "o"
	case 'ł', 'Ł':
		return "l"
	case 'đ', 'Đ', 'ð', 'Ð':
		return "d"
	case 'þ', 'Þ':
		return "th"
	case 'ı':
		return "i"
	}
	return ""
}

// Make turns text into a slug: words of lower-case letters and digits joined
// by "-", at most 200 bytes, cut between words where that is possible. Latin,
// Greek and Cyrillic letters lose their accents; letters of other scripts stay,
// with their marks, which are vowels and sounds there. "+" and "#" after a letter,
// a digit or another of them are words, since names differ by them: "C++" is
// "c-plus-plus", "C#" is "c-sharp". The result is empty if the text has neither
// letter nor digit. Make(Make(s)) is Make(s). Linear in the length of the text.
func Make(text string) string {
	m := maker{}
	text = strings.ToValidUTF8(text, " ")
	m.b.Grow(min(len(text), MaxBytes) + utf8.UTFMax)
	// NFKD splits é into e and an accent, and ﬁ into f and i. ASCII has nothing
	// to split, and keeps what stands on either side of it apart.
	for i := 0; i < len(text) && !m.isFull(); {
		c := text[i]
		if c < utf8.RuneSelf {
			m.ascii(c)
			i++
			continue
		}
		if r, size := utf8.DecodeRuneInString(text[i:]); r < firstMark {
			m.latin(text[i:], r)
			i += size
			continue
		}
		end := i
		for end < len(text) && text[end] >= utf8.RuneSelf {
			end++
		}
		m.decomposed(text[i:end])
		i = end
	}
	return cut(norm.NFC.String(m.b.String()))
}

// firstMark is the first that combines with a letter before it. What is below needs
// no look at what follows, which saves most words of most languages the iterator.
const firstMark = 0x300

// latin adds a rune below firstMark, with which text begins, split by NFKD.
func (m *maker) latin(text string, r rune) {
	parts := norm.NFKD.PropertiesString(text).Decomposition()
	if len(parts) == 0 {
		m.add(r)
	}
	for len(parts) > 0 {
		part, size := utf8.DecodeRune(parts)
		m.add(part)
		parts = parts[size:]
	}
}

// decomposed adds text, split by NFKD.
func (m *maker) decomposed(text string) {
	var it norm.Iter
	it.InitString(norm.NFKD, text)
	for !it.Done() && !m.isFull() {
		for _, r := range string(it.Next()) {
			m.add(r)
		}
	}
}

// maker writes a slug.
type maker struct {
	b strings.Builder
	// gap: the next word begins with a "-"; keeps: marks stay; spoken: a sign was
	// the last word, so whatever follows is another.
	gap, keeps, spoken bool
}

func (m *maker) isFull() bool { return m.b.Len() > MaxBytes+utf8.UTFMax }

// ascii is add for ASCII.
func (m *maker) ascii(c byte) {
	switch {
	case 'A' <= c && c <= 'Z':
		c |= 0x20
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
	default:
		m.sign(rune(c))
		return
	}
	m.join()
	m.b.WriteByte(c)
	m.keeps = false
}

// sign ends a word. What the sign itself says is a word of its own if it stands
// right after one.
func (m *maker) sign(r rune) {
	word := ""
	switch r {
	case '+':
		word = "plus"
	case '#', '♯':
		word = "sharp"
	}
	if word == "" || m.gap || m.b.Len() == 0 {
		m.gap = m.b.Len() > 0
		return
	}
	m.b.WriteByte('-')
	m.b.WriteString(word)
	m.keeps, m.spoken = false, true
}

func (m *maker) join() {
	if m.gap || m.spoken {
		m.b.WriteByte('-')
		m.gap, m.spoken = false, false
	}
}

func (m *maker) add(r rune) {
	part := piece(r)
	switch {
	case m.keeps && !m.gap && unicode.Is(unicode.M, r):
		m.b.WriteRune(r)
	case part == "" && unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // accents and invisible signs join
	case part == "":
		m.sign(r)
	default:
		m.join()
		m.b.WriteString(part)
		m.keeps = !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Nd)
	}
}

// piece is what r is in a slug; empty if it is not part of a word.
func piece(r rune) string {
	if s := fold(r); s != "" {
		return s
	}
	r = unicode.ToLower(r)
	switch {
	case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'):
		return string(r)
	case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		return string(r)
	}
	return ""
}

func cut(s string) string {
	if len(s) <= MaxBytes {
		return s
	}
	end := MaxBytes
	for !utf8.RuneStart(s[end]) {
		end--
	}
	if at := strings.LastIndexByte(s[:end], '-'); at > MaxBytes/2 {
		end = at
	}
	return strings.TrimRight(s[:end], "-")
}

// Valid tells whether s is a slug as Make makes them.
func Valid(s string) bool { return s != "" && Make(s) == s }
