package document

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// links guards links and images. A closing bracket reads its label again, and
// what follows "](" to the end of the address and title, which without them is
// the end of the block.
type links struct {
	parser.InlineParser
	parser.CloseBlocker
}

func newLinks() links {
	inner := parser.NewLinkParser()
	closer, ok := inner.(parser.CloseBlocker)
	if !ok {
		panic("document: goldmark's link parser closes no blocks") //nolint:forbidigo // a goldmark that differs fails every test
	}
	return links{inner, closer}
}

// Parse implements parser.InlineParser.
func (l links) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	g := guardOf(pc)
	g.enter(parent)
	line, segment := block.PeekLine()
	switch {
	case line[0] == ']':
		if !g.spend(g.closingCost(parent, line, segment.Start)) {
			return nil
		}
	case line[0] == '!' && (len(line) == 1 || line[1] != '['):
		return nil
	default:
		if !g.spend(1) {
			return nil
		}
		g.brackets = append(g.brackets, segment.Start)
	}
	return l.InlineParser.Parse(parent, block, pc)
}

// closingCost bounds the work of the bracket at the start of line.
func (g *guard) closingCost(parent ast.Node, line []byte, pos int) int {
	n := len(g.brackets)
	if n == 0 {
		return 1
	}
	cost := pos - g.brackets[n-1]
	g.brackets = g.brackets[:n-1]
	// goldmark finds the line of a label from the block's end backwards.
	cost += parent.Lines().Len()
	if g.marks > 0 {
		// The marks within a link are looked for among all nodes so far.
		cost += parent.ChildCount()
	}
	if len(line) > 1 && line[1] == '(' {
		cost += addressCost(line[2:], rest(parent, pos))
	}
	return cost
}

// addressCost is how far the search for an address and a title goes; beyond is
// the length of the block from here on.
func addressCost(s []byte, beyond int) int {
	i := skipSpaces(s, 0)
	if i < len(s) && s[i] == '<' {
		end := bytes.IndexByte(s[i:], '>')
		if end < 0 {
			return len(s)
		}
		i += end + 1
	} else {
		i = bareAddressEnd(s, i)
	}
	title := skipSpaces(s, i)
	if title == len(s) {
		return beyond // a title may follow on the next line
	}
	closer := s[title]
	switch closer {
	case '"', '\'':
	case '(':
		closer = ')'
	default:
		return title
	}
	end := bytes.IndexByte(s[title+1:], closer)
	if end < 0 {
		return beyond
	}
	return title + end
}

// bareAddressEnd is where an address without angle brackets ends: at a space
// or at a closing parenthesis that it did not open.
func bareAddressEnd(s []byte, i int) int {
	open := 0
	for ; i < len(s) && !util.IsSpace(s[i]); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			open++
		case ')':
			if open--; open < 0 {
				return i
			}
		}
	}
	return min(i, len(s))
}

func skipSpaces(s []byte, i int) int {
	for i < len(s) && util.IsSpace(s[i]) {
		i++
	}
	return i
}
