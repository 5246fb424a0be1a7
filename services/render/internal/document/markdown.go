package document

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown renders CommonMark with GFM's tables, strikethrough, task lists and
// autolinks, and footnotes. What it writes is not safe: the sanitiser comes
// after it.
type markdown struct {
	parser parser.Parser
	// lean is parser for texts without addresses outside of brackets: it does
	// not look for one after each space.
	lean     parser.Parser
	renderer renderer.Renderer
}

// newMarkdown takes goldmark's parsers one by one instead of its extensions,
// because those whose work can grow faster than the text each stand behind a
// guard.
func newMarkdown() *markdown {
	return &markdown{
		parser: newParser(util.Prioritized(bareLinks{extension.NewLinkifyParser()}, 999)),
		lean:   newParser(),
		renderer: renderer.NewRenderer(renderer.WithNodeRenderers(
			util.Prioritized(html.NewRenderer(html.WithUnsafe(), html.WithWriter(plainWriter{html.DefaultWriter})), 1000),
			util.Prioritized(extension.NewTableHTMLRenderer(
				extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), 500),
			util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
			util.Prioritized(extension.NewTaskCheckBoxHTMLRenderer(), 500),
			util.Prioritized(extension.NewFootnoteHTMLRenderer(), 500),
		)),
	}
}

func newParser(more ...util.PrioritizedValue) parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(shallow{parser.NewListParser()}, 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(shallow{parser.NewBlockquoteParser()}, 800),
			util.Prioritized(parser.NewHTMLBlockParser(), 900),
			util.Prioritized(fewNotes{shallow{extension.NewFootnoteBlockParser()}}, 999),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(append(more,
			util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
			util.Prioritized(codeSpans{parser.NewCodeSpanParser()}, 100),
			util.Prioritized(noteMarks{extension.NewFootnoteParser()}, 101),
			util.Prioritized(newLinks(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewRawHTMLParser(), 400),
			util.Prioritized(delimiters{parser.NewEmphasisParser()}, 500),
			util.Prioritized(delimiters{extension.NewStrikethroughParser()}, 500),
		)...),
		parser.WithParagraphTransformers(
			util.Prioritized(definitions{parser.LinkReferenceParagraphTransformer}, 100),
			util.Prioritized(tables{extension.NewTableParagraphTransformer()}, 200),
		),
		parser.WithASTTransformers(
			util.Prioritized(escapedPipes{}, 0),
			util.Prioritized(extension.NewFootnoteASTTransformer(), 999),
		),
	)
}

// render writes HTML that nobody may see yet to out. It fails with TooLarge if
// that is more than MaxOutputBytes.
func (m *markdown) render(out *limited, source []byte) error {
	lean := !hasBareLink(source, true)
	if err := m.renderWith(lean, out, source); err != nil {
		return err
	}
	if lean && out.address { // one stood where brackets have another meaning
		*out = limited{buf: out.buf[:0]}
		if err := m.renderWith(false, out, source); err != nil {
			return err
		}
	}
	if out.full {
		return tooLarge()
	}
	return nil
}

func (m *markdown) renderWith(lean bool, out *limited, source []byte) error {
	p := m.parser
	if out.lean = lean; lean {
		p = m.lean
	}
	root := p.Parse(text.NewReader(source), parser.WithContext(newGuard()))
	if err := m.renderer.Render(out, source, root); err != nil {
		return fmt.Errorf("render markdown: %w", err)
	}
	return nil
}

// hasBareLink tells whether there may be an address in b that becomes a link by
// itself. Of a source, those in brackets and tags do not count.
func hasBareLink(b []byte, source bool) bool {
	for _, sign := range []string{"://", "www.", "@"} {
		for from := 0; ; {
			i := bytes.Index(b[from:], []byte(sign))
			if i < 0 {
				break
			}
			from += i + len(sign)
			if sign == "@" && source && from > 1 && !isAtom(b[from-2]) {
				continue // @somebody
			}
			if !source || !isBracketed(b, from-len(sign)) {
				return true
			}
		}
	}
	return false
}

// isBracketed tells whether the word around i stands where a link's address, a
// tag's attribute or an address in angle brackets does.
func isBracketed(b []byte, i int) bool {
	for i > 0 && b[i-1] > ' ' && b[i-1] != '(' && b[i-1] != '<' && b[i-1] != '"' {
		i--
	}
	before := b[max(i-2, 0):i]
	return string(before) == "](" || string(before) == `="` || bytes.HasSuffix(before, []byte("<"))
}

// plainWriter writes text as goldmark's own does, and faster where nothing is
// to be replaced. It notes whether an address was among it.
type plainWriter struct{ html.Writer }

// Write implements html.Writer.
func (p plainWriter) Write(w util.BufWriter, source []byte) {
	if l, ok := w.(*limited); ok && l.lean && !l.address {
		l.address = hasBareLink(source, false)
	}
	if isPlain(source) {
		_, _ = w.Write(source) // no error: see limited
		return
	}
	p.Writer.Write(w, source)
}

// RawWrite implements html.Writer.
func (p plainWriter) RawWrite(w util.BufWriter, source []byte) {
	if isPlain(source) {
		_, _ = w.Write(source) // no error: see limited
		return
	}
	p.Writer.RawWrite(w, source)
}

// isPlain tells whether nothing in b has a meaning in Markdown or HTML text.
func isPlain(b []byte) bool {
	for _, c := range b {
		if escapeKinds[c] != '-' {
			return false
		}
	}
	return true
}

// limited is a buffer of at most MaxOutputBytes; what does not fit is dropped.
// It has goldmark's methods for output, which spares a buffer before it.
type limited struct {
	buf  []byte
	full bool
	// lean: addresses in text were not looked for; address: there is one.
	lean, address bool
}

var _ util.BufWriter = (*limited)(nil)

func (l *limited) room(n int) bool {
	if len(l.buf)+n > MaxOutputBytes {
		l.full = true
	}
	return !l.full
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.room(len(p)) {
		l.buf = append(l.buf, p...)
	}
	return len(p), nil
}

// WriteString implements util.BufWriter.
func (l *limited) WriteString(s string) (int, error) {
	if l.room(len(s)) {
		l.buf = append(l.buf, s...)
	}
	return len(s), nil
}

// WriteByte implements util.BufWriter.
func (l *limited) WriteByte(c byte) error {
	if l.room(1) {
		l.buf = append(l.buf, c)
	}
	return nil
}

// WriteRune implements util.BufWriter.
func (l *limited) WriteRune(r rune) (int, error) {
	n := utf8.RuneLen(r)
	if l.room(n) {
		l.buf = utf8.AppendRune(l.buf, r)
	}
	return n, nil
}

// Available implements util.BufWriter.
func (l *limited) Available() int { return cap(l.buf) - len(l.buf) }

// Buffered implements util.BufWriter; nothing waits to be written.
func (l *limited) Buffered() int { return 0 }

// Flush implements util.BufWriter.
func (l *limited) Flush() error { return nil }
