package document

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	tableast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// shallow guards blocks that hold blocks: each line visits every open one.
type shallow struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (s shallow) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for p := parent; p != nil; p = p.Parent() {
		depth++
	}
	if depth >= MaxDepth {
		return nil, parser.NoChildren
	}
	return s.BlockParser.Open(parent, reader, pc)
}

// fewNotes bounds the number of footnotes.
type fewNotes struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (f fewNotes) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	g := guardOf(pc)
	if g.notes >= maxNotes {
		return nil, parser.NoChildren
	}
	node, state := f.BlockParser.Open(parent, reader, pc)
	if node != nil {
		g.notes++
	}
	return node, state
}

// definitions reads link definitions in pieces: goldmark copies the paragraph
// once for each that it takes out.
type definitions struct{ parser.ParagraphTransformer }

// Transform implements parser.ParagraphTransformer.
func (d definitions) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := node.Lines()
	if lines.Len() == 0 {
		return
	}
	if first := lines.At(0); !startsDefinition(first.Value(reader.Source())) {
		return
	}
	if lines.Len() <= definitionLines {
		d.ParagraphTransformer.Transform(node, reader, pc)
		return
	}
	for from := 0; from < lines.Len(); {
		to := pieceEnd(lines, from, reader.Source())
		piece := ast.NewParagraph()
		piece.Lines().AppendAll(lines.Sliced(from, to))
		node.Parent().InsertBefore(node.Parent(), node, piece)
		d.ParagraphTransformer.Transform(piece, reader, pc)
		if piece.Parent() != nil { // text after the last definition
			left := text.NewSegments()
			left.AppendAll(piece.Lines().Sliced(0, piece.Lines().Len()))
			left.AppendAll(lines.Sliced(to, lines.Len()))
			node.Parent().RemoveChild(node.Parent(), piece)
			node.SetLines(left)
			return
		}
		from = to
	}
	node.Parent().RemoveChild(node.Parent(), node)
}

// pieceEnd ends a piece before a line that can begin a definition, if there is
// one among the latter half of its lines.
func pieceEnd(lines *text.Segments, from int, source []byte) int {
	end := min(from+definitionLines, lines.Len())
	for i := end; i > from+definitionLines/2 && i < lines.Len(); i-- {
		if line := lines.At(i); startsDefinition(line.Value(source)) {
			return i
		}
	}
	return end
}

func startsDefinition(line []byte) bool {
	trimmed := bytes.TrimLeft(line, " ")
	return len(trimmed) > 0 && trimmed[0] == '['
}

// tables refuses tables that would mostly consist of cells that nobody wrote.
type tables struct{ parser.ParagraphTransformer }

// Transform implements parser.ParagraphTransformer.
func (t tables) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines, source := node.Lines(), reader.Source()
	columns := 0
	for i := range lines.Len() {
		segment := lines.At(i)
		if line := segment.Value(source); isRule(line) {
			columns = max(columns, bytes.Count(line, []byte{'|'})+1)
		}
	}
	if columns == 0 {
		return
	}
	filler := 0
	for i := range lines.Len() {
		segment := lines.At(i)
		filler += max(columns-1-bytes.Count(segment.Value(source), []byte{'|'}), 0)
	}
	g := guardOf(pc)
	if filler > columns && g.filler < filler {
		return
	}
	g.filler -= filler
	t.ParagraphTransformer.Transform(node, reader, pc)
}

// isRule tells whether line can be the one between a table's head and body.
func isRule(line []byte) bool {
	dash := false
	for _, c := range line {
		switch c {
		case '-':
			dash = true
		case '|', ':', ' ', '\t', '\r', '\n', '\v', '\f':
		default:
			return false
		}
	}
	return dash
}

// escapedPipes takes the backslash from "\|" in code within table cells. It
// stands in for goldmark's own transformer, which compares every such place
// with every other.
type escapedPipes struct{}

// Transform implements parser.ASTTransformer.
func (escapedPipes) Transform(root *ast.Document, reader text.Reader, _ parser.Context) {
	source := reader.Source()
	if !bytes.Contains(source, []byte(`\|`)) {
		return
	}
	cells := 0
	// The visitor returns no error.
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n.Kind() {
		case tableast.KindTableCell:
			if entering {
				cells++
			} else {
				cells--
			}
		case ast.KindCodeSpan:
			if entering && cells > 0 {
				unescapePipes(n, source)
			}
		}
		return ast.WalkContinue, nil
	})
}

func unescapePipes(code ast.Node, source []byte) {
	for c := code.FirstChild(); c != nil; {
		next := c.NextSibling()
		if t, ok := c.(*ast.Text); ok {
			splitPipes(code, t, source)
		}
		c = next
	}
}

func splitPipes(code ast.Node, t *ast.Text, source []byte) {
	segment := t.Segment
	for {
		i := bytes.Index(segment.Value(source), []byte(`\|`))
		if i < 0 {
			break
		}
		i += segment.Start
		code.InsertBefore(code, t, ast.NewRawTextSegment(segment.WithStop(i)))
		segment = segment.WithStart(i + 1)
	}
	t.Segment = segment
}
