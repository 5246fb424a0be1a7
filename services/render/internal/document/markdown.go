package document

import (
	"bytes"
	"errors"
	"fmt"

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

// render gives HTML that nobody may see yet. It fails with TooLarge if that is
// more than MaxOutputBytes.
func (m *markdown) render(source []byte) ([]byte, error) {
	root := m.parser.Parse(text.NewReader(source), parser.WithContext(newGuard()))
	var out limited
	out.buf.Grow(len(source) + len(source)/4)
	if err := m.renderer.Render(&out, source, root); err != nil {
		if errors.Is(err, errFull) {
			return nil, tooLarge()
		}
		return nil, fmt.Errorf("render markdown: %w", err)
	}
	return out.buf.Bytes(), nil
}

var errFull = errors.New("output is full")

// limited refuses to grow beyond MaxOutputBytes. It has no method but Write, so
// that bufio finds no way around it.
type limited struct{ buf bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.buf.Len()+len(p) > MaxOutputBytes {
		return 0, errFull
	}
	return l.buf.Write(p)
}
