package text

import (
	"unicode"
	"unicode/utf8"
)

const (
	// maxWordBytes bounds a word: the rest of a longer one is passed over.
	maxWordBytes = 64
	// maxParts bounds what is joined to one word: "arc-en-ciel" has three parts.
	maxParts = 6
)

// form says how a token came to be.
type form uint8

const (
	// part: a word, or a part of a joined one.
	part form = iota
	// joined: all parts of "porte-monnaie" as one, at the place of the first.
	joined
	// signed: a word with its sign, "c++" or "c#", at the place of the word.
	signed
	// pair: two letters of a script that does not part words, at the place of the first.
	pair
)

// token is a word in a text.
type token struct {
	// text is folded: lower case, without accents and ligatures.
	text string
	// at is its place among the words of the text; paragraphs are apart.
	at int
	// start and end are where it stands, in bytes.
	start, end int
	form       form
	// letters: it has letters from a to z only, so that it may have a stem.
	letters bool
}

// paragraph is how far apart in places words of two paragraphs are.
const paragraph = 4

// scanner finds the words of a text. Two words are the same if they differ only in case,
// accents and ligatures.
type scanner struct {
	text string
	out  []token
	at   int
	// parts of the compound that is being read, and what stands before each.
	parts [maxParts + 1]span
	n     int
	// word is the part that is being read.
	word    span
	reading bool
	glue    rune
	// letter is the letter before this place of a script that does not part words.
	letter    string
	letterAt  span
	lettersOn bool
}

// span is a part of a text in bytes, and what joins it to the part before.
type span struct {
	start, end int
	glue       rune
}

// scan finds the words of text, adds them to out and counts places on from at. It gives
// the place after the last.
func scan(text string, out []token, at int) ([]token, int) {
	s := scanner{text: text, out: out, at: at}
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		s.rune(r, i, i+size)
		i += size
	}
	s.endWord()
	s.endCompound(len(text))
	s.endLetters()
	return s.out, s.at
}

func (s *scanner) rune(r rune, start, end int) {
	switch {
	case r < utf8.RuneSelf && isASCIIPart(r):
		s.letterOrDigit(start, end)
	case r < utf8.RuneSelf || !isPart(r):
		if r >= utf8.RuneSelf && isInvisible(r) {
			if s.reading {
				s.word.end = end
			}
			return
		}
		s.sign(r, start)
	case s.lettersOn && unicode.Is(unicode.M, r):
		s.letterAt.end = end
	case isContinuous(r):
		s.endWord()
		s.endCompound(start)
		s.continuous(start, end)
	default:
		s.letterOrDigit(start, end)
	}
}

func (s *scanner) letterOrDigit(start, end int) {
	s.endLetters()
	if !s.reading {
		s.reading = true
		s.word = span{start, end, s.glue}
		return
	}
	s.word.end = end
}

// sign is anything between words.
func (s *scanner) sign(r rune, start int) {
	s.endLetters()
	if !s.reading {
		// Two signs one after the other join nothing.
		s.endCompound(start)
		if r == '\n' {
			s.at += paragraph
		}
		return
	}
	s.endWord()
	if glues(r) {
		s.glue = r
		return
	}
	s.endCompound(start)
	if r == '\n' {
		s.at += paragraph
	}
}

func (s *scanner) endWord() {
	if !s.reading {
		return
	}
	s.reading = false
	s.glue = 0
	if s.n == len(s.parts) {
		// It is a list and no word: what is there is its own.
		s.flush()
		s.word.glue = 0
	}
	s.parts[s.n] = s.word
	s.n++
}

// glues tells of signs that join what stands on both sides of them to one word.
func glues(r rune) bool {
	switch r {
	case '-', '\u2010', '\u2011', '_', '.', '\u00a0', '\u202f', '\u2009':
		return true
	}
	return isApostrophe(r)
}

// endCompound is the end of everything that signs joined; next is where it goes on.
func (s *scanner) endCompound(next int) {
	if s.n == 0 {
		s.glue = 0
		return
	}
	last := s.parts[s.n-1]
	if s.glue == 0 {
		if sign := signAfter(s.text, last.end); sign != "" && next >= last.end {
			s.signed(last, sign)
			return
		}
	}
	s.flush()
}

// flush emits the parts that were read.
func (s *scanner) flush() {
	parts := s.parts[:s.n]
	s.n, s.glue = 0, 0
	for len(parts) > 0 {
		n := 1
		for n < len(parts) && s.joins(parts[n-1], parts[n]) {
			n++
		}
		s.group(parts[:n])
		parts = parts[n:]
	}
}

// joins tells whether two parts are of one word.
func (s *scanner) joins(a, b span) bool {
	before, after := s.text[a.start:a.end], s.text[b.start:b.end]
	switch b.glue {
	case 0:
		return false
	case '.':
		// "example.com" and "U.S.A.", but no numbers.
		return !isDigits(before) && !isDigits(after)
	case '\u00a0', '\u202f', '\u2009':
		// "1 000 000".
		return isDigits(before) && isDigits(after) && len(after) == 3
	}
	return true
}

// group emits the parts of one word: without what French elides before it and English
// adds after it.
func (s *scanner) group(parts []span) {
	for len(parts) > 1 && isApostrophe(parts[1].glue) && isElision(s.text[parts[0].start:parts[0].end]) {
		parts = parts[1:]
	}
	if n := len(parts); n > 1 && isApostrophe(parts[n-1].glue) && isContraction(s.text[parts[n-1].start:parts[n-1].end]) {
		parts = parts[:n-1]
	}
	first := len(s.out)
	at := s.at
	for _, p := range parts {
		s.emit(p)
	}
	if len(s.out)-first < 2 {
		return
	}
	whole, letters := make([]byte, 0, maxWordBytes), true
	for _, t := range s.out[first:] {
		whole = append(whole, t.text...)
		letters = letters && t.letters
	}
	if len(whole) <= maxWordBytes {
		s.out = append(s.out, token{text: string(whole), at: at, start: parts[0].start, end: parts[len(parts)-1].end, form: joined, letters: letters})
	}
}

// emit adds a word.
func (s *scanner) emit(p span) {
	word := s.text[p.start:p.end]
	folded, letters := fold(word)
	if folded == "" {
		return
	}
	s.out = append(s.out, token{text: folded, at: s.at, start: p.start, end: p.end, letters: letters})
	s.at++
}

// signed emits what was read, of which the last part has a sign behind it.
func (s *scanner) signed(last span, sign string) {
	s.flush()
	n := len(s.out)
	if n == 0 {
		return
	}
	folded, _ := fold(s.text[last.start:last.end])
	if folded == "" {
		return
	}
	s.out = append(s.out, token{text: folded + sign, at: s.at - 1, start: last.start, end: last.end + len(sign), form: signed})
}

// signAfter is the sign that belongs to the word that ends there: "C++", "C#", "A+".
func signAfter(text string, end int) string {
	rest := text[end:]
	n := 0
	for n < len(rest) && n < 3 && (rest[n] == '+' || rest[n] == '#') {
		n++
	}
	if n == 0 || n == 3 {
		return ""
	}
	if r, _ := utf8.DecodeRuneInString(rest[n:]); n < len(rest) && isPart(r) {
		return ""
	}
	return rest[:n]
}

// continuous reads a letter of a script that does not part words.
func (s *scanner) continuous(start, end int) {
	if s.lettersOn {
		s.endLetter()
	}
	s.letterAt = span{start, end, 0}
	s.lettersOn = true
}

// endLetter emits the letter that was read, and its pair with the one before.
func (s *scanner) endLetter() {
	folded, _ := fold(s.text[s.letterAt.start:s.letterAt.end])
	s.lettersOn = false
	if folded == "" {
		return
	}
	s.out = append(s.out, token{text: folded, at: s.at, start: s.letterAt.start, end: s.letterAt.end})
	if n := len(s.out); s.letter != "" {
		before := s.out[n-2]
		if before.form == pair {
			before = s.out[n-3]
		}
		s.out = append(s.out, token{text: s.letter + folded, at: s.at - 1, start: before.start, end: s.letterAt.end, form: pair})
	}
	s.letter = folded
	s.at++
}

// endLetters is the end of a run of such letters.
func (s *scanner) endLetters() {
	if s.lettersOn {
		s.endLetter()
	}
	s.letter = ""
}
