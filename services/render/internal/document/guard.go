package document

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// What one document may cost beyond reading it once. Some of goldmark's
// algorithms grow with the square of a paragraph (yuin/goldmark issue 555 is
// one): 64 KiB of "_a*" take a second. Each of them is charged here for what it
// is about to do; when the budget is spent its marks are plain characters, and
// the rest of the text is read at linear cost. A megabyte of ordinary text
// spends less than a tenth.
const (
	workUnits = 32 << 20
	// expansionBytes bounds what references add to a document by repeating
	// one definition's address and title (cmark has the same rule).
	expansionBytes = 1 << 20
	// maxNotes bounds footnotes: goldmark sorts them by insertion.
	maxNotes = 2000
	// fillerCells bounds the cells that short rows of wide tables are filled
	// up with.
	fillerCells = 100_000
	// definitionLines is how many lines of link definitions are read at once.
	definitionLines = 512
)

// guard is the state of one parse: goldmark's own, and what is left to spend.
type guard struct {
	parser.Context
	work      int
	expansion int
	filler    int
	notes     int
	// block is the one whose inline text is being read; marks and brackets
	// are its emphasis marks so far and the places of its open brackets.
	block    ast.Node
	marks    int
	brackets []int
}

func newGuard() *guard {
	return &guard{Context: parser.NewContext(), work: workUnits, expansion: expansionBytes, filler: fillerCells}
}

// Reference implements parser.Context; it forgets references that have been
// expanded too often.
func (g *guard) Reference(label string) (parser.Reference, bool) {
	ref, ok := g.Context.Reference(label)
	if !ok {
		return nil, false
	}
	g.expansion -= len(ref.Destination()) + len(ref.Title())
	return ref, g.expansion >= 0
}

// spend takes units from the budget and tells whether there were enough. Once
// there were not, the budget is spent.
func (g *guard) spend(units int) bool {
	if g.work < units {
		g.work = 0
		return false
	}
	g.work -= units
	return true
}

// enter notes that inline text of block is being read.
func (g *guard) enter(block ast.Node) {
	if g.block != block {
		g.block, g.marks, g.brackets = block, 0, g.brackets[:0]
	}
}

// rest is how many bytes block has from pos on, at most.
func rest(block ast.Node, pos int) int {
	lines := block.Lines()
	if lines.Len() == 0 {
		return 0
	}
	return max(lines.At(lines.Len()-1).Stop-pos, 0)
}

// guardOf is the guard behind pc; parsers get no other context.
func guardOf(pc parser.Context) *guard {
	g, ok := pc.(*guard)
	if !ok {
		panic("document: parser used without a guard") //nolint:forbidigo // markdown.render gives every parser one
	}
	return g
}

// delimiters guards emphasis and strikethrough: closing a mark may look back
// over all marks of its block.
type delimiters struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (d delimiters) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	g := guardOf(pc)
	g.enter(parent)
	g.marks++
	if !g.spend(g.marks) {
		return nil
	}
	return d.InlineParser.Parse(parent, block, pc)
}

// codeSpans guards code spans: a run of backticks without its counterpart is
// looked for to the end of the block.
type codeSpans struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (c codeSpans) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	g := guardOf(pc)
	if g.work == 0 {
		return nil
	}
	_, at := block.Position()
	node := c.InlineParser.Parse(parent, block, pc)
	if _, failed := node.(*ast.Text); failed {
		g.spend(rest(parent, at.Start))
	}
	return node
}

// noteMarks guards references to footnotes: each looks through all of them.
type noteMarks struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (n noteMarks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	g := guardOf(pc)
	if g.notes == 0 || !g.spend(1) {
		return nil
	}
	line, _ := block.PeekLine()
	if !bytes.HasPrefix(line, []byte("[^")) && !bytes.HasPrefix(line, []byte("![^")) {
		return nil
	}
	if !g.spend(g.notes + parent.Lines().Len()) {
		return nil
	}
	return n.InlineParser.Parse(parent, block, pc)
}

// bareLinks guards addresses without brackets. It asks goldmark only about
// words that can be one, which also spares a search at every space.
type bareLinks struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (b bareLinks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	g := guardOf(pc)
	if g.work == 0 {
		return nil
	}
	word, _ := block.PeekLine()
	if len(word) > 0 && isLinkStart(word[0]) {
		word = word[1:]
	}
	end := 0
	for end < len(word) && end <= maxMailbox && isAtom(word[end]) {
		end++
	}
	if end == 0 || !g.spend(end) {
		return nil
	}
	switch {
	case bytes.HasPrefix(word, []byte("www.")):
	case end < len(word) && (word[end] == '@' || word[end] == ':' && end <= len("https")):
	default:
		return nil
	}
	if !g.spend(wordEnd(word)) {
		return nil
	}
	return b.InlineParser.Parse(parent, block, pc)
}

// maxMailbox is how long the part of an e-mail address before the "@" may be
// (RFC 5321, section 4.5.3.1.1).
const maxMailbox = 64

func isLinkStart(c byte) bool {
	return c == ' ' || c == '*' || c == '_' || c == '~' || c == '('
}

// isAtom tells whether c may stand before the "@" of an e-mail address.
func isAtom(c byte) bool {
	switch c {
	case '.', '!', '#', '$', '%', '&', '\'', '*', '+', '/', '=', '?', '^', '_', '`', '{', '|', '}', '~', '-':
		return true
	}
	return isAlphanumeric(c)
}

func wordEnd(s []byte) int {
	for i, c := range s {
		if c <= ' ' || c == '<' {
			return i
		}
	}
	return len(s)
}
