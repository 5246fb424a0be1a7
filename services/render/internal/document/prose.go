package document

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// quiet is a set of places whose text is treated apart.
type quiet uint8

const (
	inParagraph quiet = 1 << iota
	inHeading
	inCode     // a block of code
	inTable    // or a caption
	inNotes    // footnotes
	inMark     // the sign of a footnote
	inFallback // what a player shows if it cannot play
	inLiteral  // code, keys, variables: no prose
	quietKinds = iota
)

// quietOf is what an element makes of its content.
func quietOf(t tag) quiet {
	switch t.role {
	case paragraph:
		return inParagraph
	case verbatim:
		return inCode
	case table:
		return inTable
	case player:
		return inFallback
	case inline:
		switch t.name {
		case atom.Code, atom.Kbd, atom.Samp, atom.Var:
			return inLiteral
		}
	case line:
		if isHeading(t.name) {
			return inHeading
		}
		return inTable
	case anchor:
		if v := t.get("role"); v == "doc-noteref" || v == "doc-backlink" {
			return inMark
		}
	case block:
		switch {
		case t.name == atom.Figcaption:
			return inTable
		case t.get("role") == "doc-endnotes":
			return inNotes
		}
	default:
	}
	return 0
}

// quietCount counts the open elements of each kind.
type quietCount struct {
	counts [quietKinds]int
	set    quiet
}

func (q *quietCount) add(kinds quiet, n int) {
	for i := 0; kinds != 0; i, kinds = i+1, kinds>>1 {
		if kinds&1 == 0 {
			continue
		}
		q.counts[i] += n
		if q.counts[i] > 0 {
			q.set |= 1 << i
		} else {
			q.set &^= 1 << i
		}
	}
}

// prose counts words and collects the excerpt.
type prose struct {
	words  int
	inWord bool
	// paragraphs is the text of paragraphs; loose is other text, for documents
	// that have none.
	paragraphs, loose squeezed
}

func newProse() prose {
	return prose{paragraphs: squeezed{limit: MaxExcerptChars}, loose: squeezed{limit: MaxExcerptChars}}
}

// gap ends a word: a block begins or ends.
func (p *prose) gap() {
	p.inWord = false
	p.paragraphs.gap()
	p.loose.gap()
}

// text takes a piece of text that stands where set says, as it was written and
// as it was typeset: words are counted as their author wrote them.
func (p *prose) text(written, typeset []byte, set quiet) {
	if set&(inMark|inFallback) != 0 {
		return
	}
	p.count(written)
	switch {
	case set&(inHeading|inCode|inTable|inNotes) != 0:
	case set&inParagraph != 0:
		p.paragraphs.add(typeset)
	default:
		p.loose.add(typeset)
	}
}

// count counts words: what stands between spaces and has a letter or digit.
// Chinese and Japanese are written without spaces; there each character counts.
func (p *prose) count(b []byte) {
	for i := 0; i < len(b); {
		switch kind := wordKinds[b[i]]; {
		case kind == ' ':
			p.inWord = false
			i++
		case kind == '.':
			i++
		case kind == 'a' && !p.inWord:
			p.words++
			p.inWord = true
			i++
		case p.inWord && kind != '?':
			i += wordRest(b[i:])
		default:
			i += p.countRune(b[i:])
		}
	}
}

// wordRest is how many bytes surely go on with a word that b is within.
func wordRest(b []byte) int {
	for i, c := range b {
		if kind := wordKinds[c]; kind == ' ' || kind == '?' {
			return i
		}
	}
	return len(b)
}

// countRune counts a character that is not ASCII and tells its size.
func (p *prose) countRune(b []byte) int {
	r, size := utf8.DecodeRune(b)
	switch {
	case p.inWord && r < 0x1000 && r != 0xa0 && r != 0x85: // not a space: most letters of Europe
	case r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		p.words++
		p.inWord = false
	case unicode.IsSpace(r):
		p.inWord = false
	case !p.inWord && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		p.words++
		p.inWord = true
	}
	return size
}

// wordKinds tells by byte what may be in a word: a letter or digit (a), another
// sign (.), a space, a byte of a character that is no space (m); of others (?)
// the character tells.
const wordKinds = "" +
	"                                " +
	" ...............aaaaaaaaaa......" +
	".aaaaaaaaaaaaaaaaaaaaaaaaaa....." +
	".aaaaaaaaaaaaaaaaaaaaaaaaaa....." +
	"mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm" +
	"mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm" +
	"???mmmmmmmmmmmmmmmmmmmmmmmmmmmmm" +
	"????????????????????????????????"

func (p *prose) excerpt() string {
	if s := p.paragraphs.cut(); s != "" {
		return s
	}
	return p.loose.cut()
}

// squeezed is the beginning of a text with single spaces between words.
// Spaces that do not break a line stay, as French typography needs them.
type squeezed struct {
	// limit is in characters.
	limit int
	buf   []byte
	chars int
	space bool
}

func (q *squeezed) gap() { q.space = len(q.buf) > 0 }

func (q *squeezed) add(b []byte) {
	for len(b) > 0 && q.chars <= q.limit {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f':
			q.gap()
		case r < ' ' || isInvisible(r) && r != 0x200c && r != 0x200d: // joiners shape letters and emoji
		default:
			if q.buf == nil {
				q.buf = make([]byte, 0, q.limit+q.limit/8)
			}
			if q.space {
				q.buf = append(q.buf, ' ')
				q.chars++
				q.space = false
			}
			q.buf = append(q.buf, b[:size]...)
			q.chars++
		}
		b = b[size:]
	}
}

// cut is the text within the limit: all of it, or whole words and "…".
func (q *squeezed) cut() string {
	s := string(q.buf)
	if q.chars <= q.limit {
		return s
	}
	end := 0
	for n := 0; n < q.limit-1; n++ {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	if at := strings.LastIndexByte(s[:end+1], ' '); at > end/2 {
		end = at
	} else {
		// One endless word: do not part a letter from its signs.
		for end > 0 && !startsCharacter(s[end:]) {
			_, size := utf8.DecodeLastRuneInString(s[:end])
			end -= size
		}
	}
	return strings.TrimRightFunc(s[:end], func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;:–—-([«“", r)
	}) + "…"
}

func startsCharacter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return !unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) && r != 0x200d && r != 0x200c && (r < 0xfe00 || r > 0xfe0f)
}
