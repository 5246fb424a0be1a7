package document

import (
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
)

// Limits of highlighting. Its lexers try one regular expression after another
// at each place and manage less than a megabyte a second, some much less.
const (
	// maxPaintedBytes bounds the code of one document that is highlighted.
	maxPaintedBytes = 32 << 10
	// maxListingBytes bounds one block, maxListingLine its longest line.
	maxListingBytes = 16 << 10
	maxListingLine  = 1 << 10
	// paintTime ends the highlighting of a document made to take for ever. No
	// other comes near, so that the same source gives the same document.
	paintTime = 2 * time.Second
)

// listing is the block of code that is being read.
type listing struct {
	language string
	// at is where its content begins in the output, written how much of its
	// text is there.
	at, written int
	text        []byte
	open        bool
}

// add takes a piece of text that was written in so many bytes.
func (l *listing) add(b []byte, written int) {
	if l.open {
		l.written += written
		if len(l.text) <= maxListingBytes {
			l.text = append(l.text, b...)
		}
	}
}

// beginListing looks whether code is a block of its own: directly within a pre.
func (s *sanitiser) beginListing(t tag, at int) {
	name := strings.TrimPrefix(codeLanguage(t.get("class")), "language-")
	if n := len(s.stack); name == "" || n < 2 || s.stack[n-2].role != verbatim || s.stack[n-2].mark != s.tagAt {
		return
	}
	s.listing = listing{open: true, language: name, at: at, text: s.listing.text[:0]}
}

// endListing highlights a block of code that holds nothing but text.
func (s *sanitiser) endListing(o open) {
	l := &s.listing
	if !l.open || l.at != o.mark {
		return
	}
	l.open = false
	if len(s.w.buf)-l.at == l.written {
		s.painter.paint(&s.w, l)
	}
}

// endVerbatim has a block that may be wider than its place scroll by keyboard,
// and tells those who listen what it is. It has no attributes of its own that
// do.
func (s *sanitiser) endVerbatim(o open) {
	label := s.labels.block
	if strings.HasPrefix(string(s.w.buf[o.mark:min(o.mark+len("<code"), len(s.w.buf))]), "<code") {
		label = s.labels.code
	}
	s.w.insert(o.tag+len("<pre"), ` tabindex="0" role="group" aria-label="`+label+`"`)
}

// painter highlights blocks of code.
type painter struct {
	// left is how many bytes may still be highlighted, until when the time by
	// which that must be done, once it has begun.
	left  int
	until time.Time
	// known is what was highlighted before; may be nil.
	known *paintings
}

// paintings remembers highlighted code, as most of a post's blocks are the same
// after an edit and in each preview of a draft. It keeps what was asked for
// since it last was half full. Safe for concurrent use.
type paintings struct {
	mu            sync.Mutex
	recent, older map[string]string
	bytes         int
}

// maxPaintings bounds what is remembered, in bytes.
const maxPaintings = 4 << 20

func (p *paintings) get(key string) (string, bool) {
	if p == nil {
		return "", false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, ok := p.recent[key]; ok {
		return v, true
	}
	v, ok := p.older[key]
	if ok {
		p.add(key, v)
	}
	return v, ok
}

func (p *paintings) put(key, v string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(key, v)
}

// add needs the lock.
func (p *paintings) add(key, v string) {
	if p.bytes += len(key) + len(v); p.bytes > maxPaintings/2 || p.recent == nil {
		p.recent, p.older, p.bytes = map[string]string{}, p.recent, len(key)+len(v)
	}
	p.recent[key] = v
}

// paint writes the listing anew, highlighted, if its language is known and it
// is not too large.
func (p *painter) paint(w *writer, l *listing) {
	if len(l.text) > maxListingBytes || len(l.text) > p.left || longestLine(l.text) > maxListingLine {
		return
	}
	key := l.language + "\x00" + string(l.text)
	if painting, ok := p.known.get(key); ok {
		p.left -= len(l.text)
		w.buf = w.buf[:l.at]
		w.raw(painting)
		return
	}
	lexer := lexers.Get(l.language)
	if lexer == nil || lexer.Config().Name == "plaintext" {
		return
	}
	p.left -= len(l.text)
	if p.until.IsZero() {
		p.until = time.Now().Add(paintTime)
	}
	plain := append([]byte(nil), w.buf[l.at:]...)
	w.buf = w.buf[:l.at]
	if !p.spans(w, lexer, string(l.text)) {
		w.buf = append(w.buf[:l.at], plain...)
		return
	}
	p.known.put(key, string(w.buf[l.at:]))
}

// spans writes the text with a span around each token that has a class, and
// tells whether that was possible. A lexer may panic, or lose a character; many
// know lines only by their ends, which the last one of HTML seldom has.
func (p *painter) spans(w *writer, lexer chroma.Lexer, text string) (done bool) {
	defer func() {
		if recover() != nil {
			done = false
		}
	}()
	ended := strings.HasSuffix(text, "\n")
	if !ended {
		text += "\n"
	}
	next, err := lexer.Tokenise(nil, text)
	if err != nil {
		return false
	}
	current, space := "", ""
	for token := next(); token != chroma.EOF; token = next() {
		rest, found := strings.CutPrefix(text, token.Value)
		if time.Now().After(p.until) {
			p.left = 0
			return false
		}
		if !found {
			return false
		}
		text = rest
		// Spaces between tokens belong to none of them.
		word := strings.TrimLeft(token.Value, " \t\n")
		space += token.Value[:len(token.Value)-len(word)]
		if word == "" {
			continue
		}
		if class := classOf(token.Type); class != current {
			w.endSpan(current)
			w.raw(space)
			if current = class; class != "" {
				w.raw(`<span class="`)
				w.raw(class)
				w.raw(`">`)
			}
		} else {
			w.raw(space)
		}
		end := len(strings.TrimRight(word, " \t\n"))
		w.text([]byte(word[:end]))
		space = word[end:]
	}
	w.endSpan(current)
	if !ended {
		space = strings.TrimSuffix(space, "\n")
	}
	w.raw(space)
	return text == ""
}

func (w *writer) endSpan(class string) {
	if class != "" {
		w.raw("</span>")
	}
}

func longestLine(text []byte) int {
	longest := 0
	for line := range strings.Lines(string(text)) {
		longest = max(longest, len(line))
	}
	return longest
}

// classOf is the class of a token, "" for what looks like the rest. The package
// comment lists them.
func classOf(t chroma.TokenType) string {
	switch t {
	case chroma.KeywordConstant, chroma.NameConstant:
		return "kc"
	case chroma.KeywordType:
		return "kt"
	case chroma.NameFunction, chroma.NameFunctionMagic:
		return "nf"
	case chroma.NameClass, chroma.NameException, chroma.NameNamespace:
		return "nc"
	case chroma.NameBuiltin, chroma.NameBuiltinPseudo:
		return "nb"
	case chroma.NameVariable, chroma.NameVariableClass, chroma.NameVariableGlobal, chroma.NameVariableInstance, chroma.NameVariableMagic:
		return "nv"
	case chroma.NameAttribute, chroma.NameProperty, chroma.NameLabel:
		return "na"
	case chroma.NameTag:
		return "nt"
	case chroma.NameDecorator:
		return "nd"
	case chroma.LiteralStringEscape, chroma.LiteralStringInterpol, chroma.LiteralStringRegex, chroma.NameEntity:
		return "se"
	case chroma.CommentPreproc, chroma.CommentPreprocFile, chroma.CommentHashbang:
		return "cp"
	case chroma.OperatorWord:
		return "k"
	case chroma.GenericDeleted:
		return "gd"
	case chroma.GenericInserted:
		return "gi"
	case chroma.GenericHeading, chroma.GenericSubheading:
		return "gh"
	case chroma.GenericPrompt:
		return "gp"
	case chroma.GenericOutput:
		return "go"
	case chroma.GenericEmph:
		return "ge"
	case chroma.GenericStrong:
		return "gs"
	case chroma.LiteralDate:
		return "m"
	}
	switch {
	case t.InCategory(chroma.Keyword):
		return "k"
	case t.InCategory(chroma.Comment):
		return "c"
	case t.InCategory(chroma.Operator):
		return "o"
	case t.InSubCategory(chroma.LiteralString):
		return "s"
	case t.InSubCategory(chroma.LiteralNumber):
		return "m"
	}
	return ""
}
