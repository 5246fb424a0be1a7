// Package document turns the source text of a post into a document that is
// safe to show and good to read: HTML of known elements and attributes only,
// typeset by the rules of its language, with a table of contents, an excerpt and
// a reading time. It reads no file and no network, and a clock only to give up
// highlighting code that was made to take for ever.
//
// A text goes through it in one direction: Markdown is rendered by goldmark
// behind a guard that bounds its work, the HTML — rendered or given — is read
// as a flow of tags and written anew from a table of what is allowed, and the
// result is parsed again as a browser would. If that does not give the very
// same document, all of it is shown as plain text instead.
//
// # What a style sheet finds
//
// Beside plain elements there are:
//
//	div.heading > h2…h6 + a.anchor   a heading and the link to it, which reads "#"
//	div.scroll[tabindex] > table     a table; the div scrolls
//	td.left .center .right           a cell's alignment, th too
//	pre[tabindex] > code             a block of code; the pre scrolls
//	figure > img + figcaption        a picture with a caption
//	a[role=doc-noteref]              the sign of a footnote, in a sup
//	div[role=doc-endnotes]           the footnotes, with a[role=doc-backlink]
//	li > input[type=checkbox]        a task
//	sup                              also the ending of an ordinal: 1er, XIXe
//
// In code of a known language, spans have one of these classes:
//
//	c   comment                cp  preprocessor, shebang
//	k   keyword                kc  constant: true, nil    kt  type
//	s   string                 se  escape, interpolation, regular expression
//	m   number, date           o   operator
//	nf  name of a function     nc  of a class, an error, a module
//	nb  built-in               nv  variable               na  attribute, property, key
//	nt  tag                    nd  decorator
//	gd  deleted line           gi  inserted line          gh  heading of a difference
//	gp  prompt                 go  output                 ge  emphasis    gs  strong
package document

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/parution/parution/chassis/fault"
)

// Edition grows by one whenever the same source becomes another document, or
// render keeps something else of a post: what was stored before is then made anew.
const Edition = 2

// Limits of a document.
const (
	// MaxSourceBytes bounds a source text.
	MaxSourceBytes = 1 << 20
	// MaxOutputBytes bounds its HTML.
	MaxOutputBytes = 8 << 20
	// MaxDepth bounds how deep blocks and elements nest; what is deeper is
	// kept as text.
	MaxDepth = 100
	// MaxExcerptChars bounds an excerpt, in characters.
	MaxExcerptChars = 280
)

// The formats of a source text.
const (
	Markdown = "markdown"
	HTML     = "html"
)

// Source is what an author wrote.
type Source struct {
	// Text is valid UTF-8 of at most MaxSourceBytes.
	Text string
	// Format is Markdown or HTML; empty means Markdown. HTML inside Markdown
	// is treated as HTML input is.
	Format string
	// Language is a BCP 47 tag. It decides how the text is typeset, the reading
	// speed and the language of the labels that assistive technology reads;
	// text of an unknown one is left as it is, with labels in English.
	Language string
	// BaseURL is the address of the site that shows the document. A link to
	// another host is marked as one; without BaseURL every absolute one is.
	BaseURL string
}

// Document is the safe form of a source text.
type Document struct {
	// HTML has no h1: its highest heading is an h2. Every id begins with
	// "user-".
	HTML string
	// Contents are the headings in the order of the text, each holding those
	// below it.
	Contents []Heading
	// Excerpt is plain text of at most MaxExcerptChars characters from the
	// first paragraphs.
	Excerpt string
	// Words counts words; in Chinese and Japanese, characters.
	Words int
	// ReadingMinutes is at least 1.
	ReadingMinutes int
	// Image and ImageAlt are the address and description of the first image;
	// empty if there is none.
	Image, ImageAlt string
}

// Heading is an entry of the table of contents.
type Heading struct {
	// Level is 2 to 6.
	Level int
	// ID is the heading's id in the HTML.
	ID string
	// Text is plain.
	Text string
	// Children are the headings below this one, up to the next of its level.
	Children []Heading
}

// Converter converts documents. It is safe for concurrent use.
type Converter struct {
	markdown *markdown
	// buffers holds *buffers, so that a document costs little memory beyond
	// its own.
	buffers sync.Pool
	known   *paintings
}

// buffers are what one conversion works in.
type buffers struct{ rendered, written limited }

// maxKeptBytes bounds a buffer that is kept for the next document.
const maxKeptBytes = 256 << 10

// New builds a Converter; it is meant to be built once.
func New() *Converter {
	return &Converter{markdown: newMarkdown(), buffers: sync.Pool{New: func() any { return new(buffers) }}, known: new(paintings)}
}

// Convert makes the document of a source text, the same one for the same
// source. It takes time and memory in proportion to the length of the text,
// whatever is in it. Faults: Invalid for an unknown format or text that is not
// UTF-8, TooLarge over the limits; they name the fields "format" and "body".
func (c *Converter) Convert(src Source) (*Document, error) {
	if n := len(src.Text); n > MaxSourceBytes {
		return nil, fault.TooLarge("body", "has %d bytes; at most %d", n, MaxSourceBytes)
	}
	if !utf8.ValidString(src.Text) {
		return nil, fault.Invalid("body", "is not valid UTF-8")
	}
	input := []byte(strings.TrimPrefix(src.Text, "\ufeff"))
	work, ok := c.buffers.Get().(*buffers)
	if !ok {
		work = new(buffers)
	}
	defer c.release(work)
	switch src.Format {
	case Markdown, "":
		if err := c.markdown.render(&work.rendered, input); err != nil {
			return nil, err
		}
		input = work.rendered.buf
	case HTML:
	default:
		return nil, fault.Invalid("format", "is %q; use %q or %q", src.Format, Markdown, HTML)
	}
	return c.convertHTML(&work.written, input, src)
}

// release keeps the buffers of an ordinary document and forgets large ones.
func (c *Converter) release(work *buffers) {
	for _, l := range []*limited{&work.rendered, &work.written} {
		*l = limited{buf: l.buf[:0]}
		if cap(l.buf) > maxKeptBytes {
			l.buf = nil
		}
	}
	c.buffers.Put(work)
}

// convertHTML makes the document of HTML; written is where it is written.
func (c *Converter) convertHTML(written *limited, input []byte, src Source) (*Document, error) {
	s := newSanitiser(input, hostOf(src.BaseURL), src.Language)
	s.markdown, s.painter.known = src.Format != HTML, c.known
	s.w.limited = *written
	s.run()
	*written = s.w.limited
	if s.w.full {
		return nil, tooLarge()
	}
	if !explicit(s.w.buf) && !fixpoint(s.w.buf) {
		s = plainText(input, src.Language)
		if s.w.full {
			return nil, tooLarge()
		}
	}
	doc := &Document{
		HTML:     string(s.w.buf),
		Contents: s.outline.contents(),
		Excerpt:  s.prose.excerpt(),
		Words:    s.prose.words,
		Image:    s.image,
		ImageAlt: s.imageAlt,
	}
	doc.ReadingMinutes = readingMinutes(doc.Words, src.Language)
	return doc, nil
}

func tooLarge() error {
	return fault.TooLarge("body", "becomes more than %d bytes of HTML", MaxOutputBytes)
}

// plainText is the last resort: the whole input as one paragraph of text.
func plainText(input []byte, language string) *sanitiser {
	s := newSanitiser(nil, "", language)
	s.setter.Language("") // the text as it is
	s.start(tag{element: lookupName("p")})
	s.text(input)
	s.closeAll()
	return s
}

// hostOf is the host of an address, lower case, with its port if it has one.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// String implements fmt.Stringer for test failures and logs: it tells the size
// of a document, never its text.
func (d *Document) String() string {
	return fmt.Sprintf("document of %d bytes, %d words", len(d.HTML), d.Words)
}
