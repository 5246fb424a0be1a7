package markup

import (
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// What is looked at of texts of which the beginning is enough, in bytes.
const beginning = 16 << 10

// clip is the beginning of a text.
func clip(s string) string {
	if len(s) <= beginning {
		return s
	}
	return strings.ToValidUTF8(s[:beginning], "")
}

// Plain is Markdown as flowing text: no marks, tags, code blocks or images,
// blocks joined by a blank. Looks at the first 16 KiB.
func (sc *Scanner) Plain(s string) string {
	source := []byte(clip(s))
	return plainNode(sc.full.Parse(text.NewReader(source)), source)
}

func plainNode(root ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // our function returns no error
		if !entering {
			if n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock, *ast.Image, *ast.RawHTML:
			return ast.WalkSkipChildren, nil
		case *ast.CodeSpan:
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				if t, ok := c.(*ast.Text); ok {
					b.Write(t.Segment.Value(source))
				}
			}
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			b.WriteString(unescape(n.Segment.Value(source)))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(source))
		}
		return ast.WalkContinue, nil
	})
	return Flow(b.String())
}

// Flow joins the words of a text by single blanks. No-break spaces stay: they
// are typography.
func Flow(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' || r == '\v'
	}), " ")
}

// Cut shortens a text to that many characters, at a word where there is one,
// and says so with an ellipsis. The second result tells whether it did.
func Cut(s string, most int) (string, bool) {
	runes := []rune(s)
	if len(runes) <= most {
		return s, false
	}
	cut := string(runes[:most-1])
	if at := strings.LastIndexByte(cut, ' '); at > len(cut)/2 {
		cut = cut[:at]
	}
	return strings.TrimRight(cut, " ,;:.") + "…", true
}

func unescape(raw []byte) string {
	return html.UnescapeString(string(util.UnescapePunctuations(raw)))
}

// Heading is the heading that a Markdown text begins with: its words and where
// it stands, line break included. False if the text begins otherwise.
func (sc *Scanner) Heading(s string) (string, Range, bool) {
	source := []byte(clip(s))
	h, ok := sc.full.Parse(text.NewReader(source)).FirstChild().(*ast.Heading)
	if !ok || h.Lines().Len() == 0 {
		return "", Range{}, false
	}
	l := h.Lines()
	r := Range{strings.LastIndexByte(s[:l.At(0).Start], '\n') + 1, lineEnd(s, l.At(l.Len()-1).Start)}
	if !strings.HasPrefix(strings.TrimLeft(s[r.Start:r.End], " "), "#") {
		r.End = lineEnd(s, r.End) // the line of = or - below it
	}
	return plainNode(h, source), r, true
}

// lineEnd is where the line of the position ends, line break included.
func lineEnd(s string, at int) int {
	if i := strings.IndexByte(s[min(at, len(s)):], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(s)
}
