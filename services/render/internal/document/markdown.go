package document

import (
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
	parser   parser.Parser
	renderer renderer.Renderer
}

// newMarkdown takes goldmark's parsers one by one instead of its extensions,
// because those whose work can grow faster than the text each stand behind a
// guard.
func newMarkdown() *markdown {
	return &markdown{
		parser: parser.NewParser(
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
			parser.WithInlineParsers(
				util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
				util.Prioritized(codeSpans{parser.NewCodeSpanParser()}, 100),
				util.Prioritized(noteMarks{extension.NewFootnoteParser()}, 101),
				util.Prioritized(newLinks(), 200),
				util.Prioritized(parser.NewAutoLinkParser(), 300),
				util.Prioritized(parser.NewRawHTMLParser(), 400),
				util.Prioritized(delimiters{parser.NewEmphasisParser()}, 500),
				util.Prioritized(delimiters{extension.NewStrikethroughParser()}, 500),
				util.Prioritized(bareLinks{extension.NewLinkifyParser()}, 999),
			),
			parser.WithParagraphTransformers(
				util.Prioritized(definitions{parser.LinkReferenceParagraphTransformer}, 100),
				util.Prioritized(tables{extension.NewTableParagraphTransformer()}, 200),
			),
			parser.WithASTTransformers(
				util.Prioritized(escapedPipes{}, 0),
				util.Prioritized(extension.NewFootnoteASTTransformer(), 999),
			),
		),
		renderer: renderer.NewRenderer(renderer.WithNodeRenderers(
			util.Prioritized(html.NewRenderer(html.WithUnsafe()), 1000),
			util.Prioritized(extension.NewTableHTMLRenderer(
				extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), 500),
			util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
			util.Prioritized(extension.NewTaskCheckBoxHTMLRenderer(), 500),
			util.Prioritized(extension.NewFootnoteHTMLRenderer(), 500),
		)),
	}
}

// render writes HTML that nobody may see yet to out. It fails with TooLarge if
// that is more than MaxOutputBytes.
func (m *markdown) render(out *limited, source []byte) error {
	root := m.parser.Parse(text.NewReader(source), parser.WithContext(newGuard()))
	if err := m.renderer.Render(out, source, root); err != nil {
		return fmt.Errorf("render markdown: %w", err)
	}
	if out.full {
		return tooLarge()
	}
	return nil
}

// limited is a buffer of at most MaxOutputBytes; what does not fit is dropped.
// It has goldmark's methods for output, which spares a buffer before it.
type limited struct {
	buf  []byte
	full bool
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
