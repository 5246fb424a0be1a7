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
// with their marks, which are vowels and sounds there. The result is
// empty if the text has neither letter nor digit. Make(Make(s)) is Make(s).
// Linear in the length of the text.
func Make(text string) string {
	var b strings.Builder
	gap, keeps := false, false
	// NFKD splits é into e and an accent, and ﬁ into f and i.
	var it norm.Iter
	it.InitString(norm.NFKD, strings.ToValidUTF8(text, " "))
	for !it.Done() && b.Len() <= MaxBytes+utf8.UTFMax {
		for _, r := range string(it.Next()) {
			part := piece(r)
			switch {
			case keeps && !gap && unicode.Is(unicode.M, r):
				b.WriteRune(r)
			case part == "" && unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // accents and invisible signs join
			case part == "":
				gap = b.Len() > 0
			default:
				if gap {
					b.WriteByte('-')
					gap = false
				}
				b.WriteString(part)
				keeps = !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Nd)
			}
		}
	}
	return cut(norm.NFC.String(b.String()))
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
