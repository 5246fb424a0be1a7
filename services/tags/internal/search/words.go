// Package search holds the rules of searching: which words a text has, what of a
// post is searched, and what a reader asks for. Two words are the same if they
// differ only in case and accents, in every database.
package search

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parution/parution/chassis/slug"
)

// Edition grows by one whenever other words are found in the same text: the index
// is then made anew.
const Edition = 1

// maxWordBytes bounds a word: the rest of a longer one is passed over.
const maxWordBytes = 64

// scanner finds the words of a text.
type scanner struct {
	// emit gets each word as databases keep it, and whether the text may go on
	// with it: it is the last, and nothing follows.
	emit func(word string, open bool)
	word []byte
	// elided: an apostrophe stands before the word.
	elided bool
	// pair is the letter of a continuous script before this place.
	pair string
	// letter is that of a continuous script with its marks, not yet emitted.
	letter []byte
	// pairs: letters are emitted in pairs only, where there is a pair.
	pairs bool
	// seen are words as they were written that need not be emitted again; nil: all are.
	seen map[string]struct{}
}

// scan emits the words of text, in order.
func (s *scanner) scan(text string) {
	for _, r := range text {
		switch {
		case isApostrophe(r):
			s.endLetters()
			s.endWord(true, false)
			s.elided = true
		case len(s.letter) > 0 && unicode.Is(unicode.M, r), isContinuous(r):
			s.endWord(false, false)
			if !unicode.Is(unicode.M, r) {
				s.endLetter()
			}
			s.letter = utf8.AppendRune(s.letter, r)
		case isPart(r):
			s.endLetters()
			if len(s.word) < maxWordBytes {
				s.word = utf8.AppendRune(s.word, r)
			}
		case isInvisible(r):
		default:
			s.endLetters()
			s.endWord(false, false)
		}
	}
	s.endLetters()
	s.endWord(false, true)
}

// endWord emits the word that was read; quoted: an apostrophe follows.
func (s *scanner) endWord(quoted, open bool) {
	word, elided := s.word, s.elided
	s.word, s.elided = s.word[:0], false
	if len(word) == 0 || quoted && isElision(word) || elided && isContraction(word) {
		return
	}
	if s.seen != nil {
		if _, ok := s.seen[string(word)]; ok {
			return
		}
		s.seen[string(word)] = struct{}{}
	}
	if isPlain(word) {
		s.emit(string(lower(word)), open)
		return
	}
	for part := range strings.SplitSeq(slug.Make(string(word)), "-") {
		if part != "" {
			s.emit(encode(part), open)
		}
	}
}

// endLetter emits the letter of a continuous script that was read, and its pair
// with the one before.
func (s *scanner) endLetter() {
	if len(s.letter) == 0 {
		return
	}
	letter := slug.Make(string(s.letter))
	s.letter = s.letter[:0]
	if letter == "" {
		return
	}
	if !s.pairs {
		s.emit(encode(letter), false)
	}
	if s.pair != "" {
		s.emit(encode(s.pair+letter), false)
	}
	s.pair = letter
}

// endLetters is the end of a run of letters of a continuous script. Where only
// pairs are emitted, a single letter is its own.
func (s *scanner) endLetters() {
	if len(s.letter) == 0 && s.pair == "" {
		return
	}
	single := s.pair == ""
	s.endLetter()
	if s.pairs && single && s.pair != "" {
		s.emit(encode(s.pair), false)
	}
	s.pair = ""
}

// encode writes a word in lower-case ASCII letters, digits and "_", which no
// database changes. A word that begins as another does is still written so.
func encode(word string) string {
	if isPlain([]byte(word)) {
		return word
	}
	return "_" + hex.EncodeToString([]byte(word))
}

// isPlain tells whether word has ASCII letters and digits only.
func isPlain(word []byte) bool {
	for _, c := range word {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// lower changes word.
func lower(word []byte) []byte {
	for i, c := range word {
		if c >= 'A' && c <= 'Z' {
			word[i] = c + 'a' - 'A'
		}
	}
	return word
}

// isContinuous tells of scripts that do not part words, or not as others do.
// Their words are looked for by pairs of letters.
func isContinuous(r rune) bool {
	return r >= 0x0e00 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao,
		unicode.Khmer, unicode.Myanmar))
}

func isPart(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.M, r)
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
func isElision(word []byte) bool {
	if len(word) == 1 {
		return true
	}
	switch string(lower(word)) {
	case "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "presqu", "dell", "nell", "sull", "dall", "all", "un":
		return true
	}
	return false
}

// isContraction tells of what English puts after an apostrophe: "author's" has
// the word "author".
func isContraction(word []byte) bool {
	switch string(lower(word)) {
	case "s", "t", "d", "m", "ll", "re", "ve":
		return true
	}
	return false
}
