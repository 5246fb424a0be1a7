package markup

import (
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Scanner finds things in texts. Safe for concurrent use.
type Scanner struct {
	full parser.Parser
	// code knows of inline marks only what binds tighter than links do. It is
	// quicker, and takes linear time where links do not.
	code parser.Parser
}

// NewScanner makes a scanner for CommonMark with the extensions of GFM and footnotes.
func NewScanner() *Scanner {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))
	blocks := append(parser.DefaultBlockParsers(), util.Prioritized(extension.NewFootnoteBlockParser(), 999))
	code := parser.NewParser(
		parser.WithBlockParsers(blocks...),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewRawHTMLParser(), 400),
		),
	)
	return &Scanner{full: md.Parser(), code: code}
}

// HTML whose content is shown or kept as it is.
var verbatim = regexp.MustCompile(`(?is)<!--.*?-->|<pre\b.*?</pre>|<code\b.*?</code>|<script\b.*?</script>|<style\b.*?</style>|<textarea\b.*?</textarea>`)

// Code lists the parts of a text in which nothing may be changed: code blocks
// and spans, comments, and the HTML elements that hold code. Sorted, apart.
func (sc *Scanner) Code(s string, format Format) []Range {
	out := sc.Blocks(s, format)
	var raw []Range
	for _, m := range verbatim.FindAllStringIndex(s, -1) {
		if !in(out, m[0]) {
			raw = append(raw, Range{m[0], m[1]})
		}
	}
	return merge(append(out, raw...))
}

// Blocks lists the code blocks and spans of Markdown alone; none in HTML.
func (sc *Scanner) Blocks(s string, format Format) []Range {
	if format == HTML {
		return nil
	}
	return sc.markdownCode(s)
}

// Format is a source format.
type Format uint8

// The formats.
const (
	Markdown Format = iota
	HTML
)

func (sc *Scanner) markdownCode(s string) []Range {
	var out []Range
	doc := sc.code.Parse(text.NewReader([]byte(s)))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // our function returns no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			if l := n.Lines(); l.Len() > 0 {
				out = append(out, Range{l.At(0).Start, l.At(l.Len() - 1).Stop})
			}
			return ast.WalkSkipChildren, nil
		case *ast.CodeSpan:
			if r, ok := span(n); ok {
				out = append(out, r)
			}
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	return merge(out)
}

// span is the part of the source that an inline node's own texts cover.
func span(n ast.Node) (Range, bool) {
	r, ok := Range{}, false
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		t, isText := c.(*ast.Text)
		if !isText || t.Segment.Len() == 0 {
			continue
		}
		if !ok {
			r, ok = Range{t.Segment.Start, t.Segment.Stop}, true
		}
		r.Start, r.End = min(r.Start, t.Segment.Start), max(r.End, t.Segment.Stop)
	}
	return r, ok
}

var (
	containers = regexp.MustCompile(`(?m)^(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]))+`)
	container  = regexp.MustCompile(`>|[-*+][ \t]|\d[.)][ \t]`)
)

// Deep finds where quotes and lists are nested deeper on one line than that:
// the time that a Markdown parser takes grows with the square of it. False if
// they nowhere are.
func Deep(s string, most int) (at int, deep bool) {
	for _, m := range containers.FindAllStringIndex(s, -1) {
		line := s[m[0]:lineEnd(s, m[0])]
		if m[1]-m[0] > most && strings.Trim(line, "-* \t\n") != "" && len(container.FindAllStringIndex(s[m[0]:m[1]], most+1)) > most {
			return m[0], true
		}
	}
	return 0, false
}

// merge sorts ranges and joins those that touch.
func merge(ranges []Range) []Range {
	slices.SortFunc(ranges, func(a, b Range) int { return a.Start - b.Start })
	out := ranges[:0]
	for _, r := range ranges {
		if n := len(out); n > 0 && r.Start <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, r.End)
			continue
		}
		out = append(out, r)
	}
	return out
}
