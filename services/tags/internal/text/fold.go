package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parution/parution/chassis/slug"
)

// fold writes a word in lower case, without accents and ligatures, and tells whether it
// has letters only. A long word is cut.
func fold(word string) (folded string, letters bool) {
	if len(word) > maxWordBytes {
		cut := maxWordBytes
		for cut > 0 && !utf8.RuneStart(word[cut]) {
			cut--
		}
		word = word[:cut]
	}
	letters = true
	plain, lower := true, true
	for i := range len(word) {
		switch c := word[i]; {
		case c >= 'a' && c <= 'z':
		case c >= 'A' && c <= 'Z':
			lower = false
		case c >= '0' && c <= '9':
			letters = false
		default:
			plain = false
		}
	}
	switch {
	case plain && lower:
		return word, letters
	case plain:
		return strings.ToLower(word), letters
	}
	if folded, ok := foldLatin(word); ok {
		return folded, letters
	}
	// What is left has marks, digits and letters of other scripts. The rare sign that is
	// a letter and several words at once has its words side by side.
	folded = strings.ReplaceAll(slug.Make(word), "-", "")
	for i := range len(folded) {
		letters = letters && folded[i] >= 'a' && folded[i] <= 'z'
	}
	return folded, letters
}

// foldLatin folds a word of the letters that French and its neighbours have: most words
// go this way.
func foldLatin(word string) (string, bool) {
	buf := make([]byte, 0, len(word)+4)
	for _, r := range word {
		switch r {
		case 'à', 'â', 'ä', 'á', 'ã', 'å', 'À', 'Â', 'Ä', 'Á', 'Ã', 'Å':
			buf = append(buf, 'a')
		case 'ç', 'Ç':
			buf = append(buf, 'c')
		case 'é', 'è', 'ê', 'ë', 'É', 'È', 'Ê', 'Ë':
			buf = append(buf, 'e')
		case 'î', 'ï', 'í', 'ì', 'Î', 'Ï', 'Í', 'Ì':
			buf = append(buf, 'i')
		case 'ñ', 'Ñ':
			buf = append(buf, 'n')
		case 'ô', 'ö', 'ó', 'ò', 'õ', 'ø', 'Ô', 'Ö', 'Ó', 'Ò', 'Õ', 'Ø':
			buf = append(buf, 'o')
		case 'ù', 'û', 'ü', 'ú', 'Ù', 'Û', 'Ü', 'Ú':
			buf = append(buf, 'u')
		case 'ÿ', 'ý', 'Ÿ', 'Ý':
			buf = append(buf, 'y')
		case 'œ', 'Œ':
			buf = append(buf, 'o', 'e')
		case 'æ', 'Æ':
			buf = append(buf, 'a', 'e')
		case 'ß', 'ẞ':
			buf = append(buf, 's', 's')
		case '\u00ad', '\u200d', '\u2060':
		default:
			if r >= utf8.RuneSelf {
				return "", false
			}
			c := byte(r) //nolint:gosec // ASCII
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			buf = append(buf, c)
		}
	}
	return string(buf), true
}

func isASCIIPart(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isPart(r rune) bool {
	if r < utf8.RuneSelf {
		return isASCIIPart(r)
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.M, r)
}

func isDigits(word string) bool {
	for i := range len(word) {
		if word[i] < '0' || word[i] > '9' {
			return false
		}
	}
	return word != ""
}

// isContinuous tells of scripts that do not part words, or not as others do.
// Their words are looked for by pairs of letters.
func isContinuous(r rune) bool {
	return r >= 0x0e00 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao,
		unicode.Khmer, unicode.Myanmar))
}

// isInvisible tells of soft hyphens and the like, which part nothing. The space
// without width does.
func isInvisible(r rune) bool {
	return r >= utf8.RuneSelf && r != '\u200b' && unicode.Is(unicode.Cf, r)
}

func isApostrophe(r rune) bool {
	switch r {
	case '\'', '’', '‘', 'ʼ', '＇':
		return true
	}
	return false
}

// isElision tells of what French and Italian leave of a word before a vowel:
// "l'arbre" has the word "arbre".
func isElision(word string) bool {
	switch strings.ToLower(word) {
	case "l", "d", "j", "m", "t", "s", "c", "n", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "dell", "nell", "sull", "dall", "all", "un":
		return true
	}
	return false
}

// isContraction tells of what English puts after an apostrophe: "author's" has
// the word "author".
func isContraction(word string) bool {
	switch strings.ToLower(word) {
	case "s", "t", "d", "m", "ll", "re", "ve":
		return true
	}
	return false
}
