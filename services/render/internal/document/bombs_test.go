package document_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/render/internal/document"
)

// bomb is a text made to cost more than its length.
type bomb struct {
	name, format string
	make         func(size int) string
}

// text is the bomb at no more than size bytes.
func (b bomb) text(size int) string {
	s := b.make(size)
	return strings.ToValidUTF8(s[:min(len(s), size)], "")
}

// repeated are the patterns that are bombs by repetition alone, in Markdown.
func repeated() []string {
	return []string{
		"[", "![", "![[", "[[a]]", "[a", "]", "](", "a](", "[]( \"", "[a](<", "[a](((", "[a](b(", "[a](b \"", "[a](b ", "![a](b",
		"[*a*](b) ", "[a](b\n", "[a](b 'c\n", "[a]\n", "[a][b]", "[a][b]\n", "[^", "[^a]", "[^a]\n", "[x]: /u\n", "[x]: /u\n'\n", "[`", "[*", "*[",
		"*a ", "**a_", "_a*", "*_*_", "***a", "*a_b*c_d**e_f*g**h*i_j**", "a**b", "~~*a", "~~a ", "_a", "~a", "(a", "_a.b@c",
		"`a", "a`b``", "`a\n", "``\n`\n", "\\", "\\`", "<", "<a ", "<a\n", "<a b", "<a b=\"", "<a b=\"\n", "</", "<!--", "a <!--", "a <!--\n", "<?", "a <?",
		"a <?\n", "<!A", "a <!A\n", "<![CDATA[", "a <![CDATA[", "a <![CDATA[\n", "&", "&amp;", "&#x", "&#0", "http://", " http://a.", "(http://a.b", "www.",
		" www.a.", "(www.a", "a@", "a@b.", " a@b.c", "_a@b.c_", "mailto:a", "ftp://a", "http://a.b&c;", "http://a.b/)", ">", "> a\n", ">\n\n", "- ", "* a\n", "+\n",
		"1. ", "1)", "- a\n\n", "- -\n", "  - a\n", "#\n", "# a\n", "a\n=\n", "a\n-\n", "    a\n", "\t", "```\n", "~~~\n", "|", "|a", "|a|\n|-|\n\n", "a|b\n-|-\n",
		"|`\\|`", "\n", "\r", "x\n", "x\n\n", "\x00", "\u00a0", "<b>", "<div>\n", "<div>", "<b>*a", "<a href=x>", "<table><td>", "<svg>", "<title>", "<p><b>",
	}
}

func bombs() []bomb {
	all := []bomb{
		{"growing backticks", "markdown", growingTicks(1)},
		{"growing backticks on lines", "markdown", growingTicks(2)},
		{"definitions and uses", "markdown", numbered("[a%d]: /b\n", "[a%d] ")},
		{"one definition, many uses", "markdown", func(n int) string {
			return "[a]: /b \"" + strings.Repeat("t", n/2) + "\"\n\n" + strings.Repeat("[a]", n/6)
		}},
		{"footnotes", "markdown", numbered("[^a%d]: b\n", "[^a%d] ")},
		{"footnotes backwards", "markdown", func(n int) string {
			var b strings.Builder
			for i := n / 20; i > 0; i-- {
				fmt.Fprintf(&b, "[^a%d] ", i)
			}
			return b.String() + "\n\n" + numbered("[^a%d]: b\n", "")(n/2)
		}},
		{"footnote chain", "markdown", func(n int) string {
			var b strings.Builder
			b.WriteString("[^a0]\n\n")
			for i := 0; b.Len() < n; i++ {
				fmt.Fprintf(&b, "[^a%d]: b[^a%d]\n", i, i+1)
			}
			return b.String()
		}},
		{"one footnote, many marks", "markdown", func(n int) string { return strings.Repeat("[^a]", n/4) + "\n\n[^a]: b\n" }},
		{"wide table", "markdown", func(n int) string { return strings.Repeat("|a", n/4) + "|\n" + strings.Repeat("|-", n/4) + "|\n" }},
		{"wide head, short rows", "markdown", wideTable(8)},
		{"many wide heads", "markdown", func(n int) string { return strings.Repeat(wideTable(8)(2500)+"\n\n", n/2500+1)[:n] }},
		{"escaped pipes", "markdown", func(n int) string { return "|a|\n|-|\n" + strings.Repeat("|`\\|`|\n", n/7) }},
		{"escaped pipes in one cell", "markdown", func(n int) string { return "|a|\n|-|\n|`" + strings.Repeat("\\|", n/2) + "`|\n" }},
		{"nested lists", "markdown", func(n int) string {
			var b strings.Builder
			for i := 0; b.Len() < n; i++ {
				b.WriteString(strings.Repeat("  ", i) + "- a\n")
			}
			return b.String()[:n]
		}},
		{"nested list, lazy lines", "markdown", func(n int) string { return strings.Repeat("- ", 1000) + "a\n" + strings.Repeat("b\n", n/2-1000) }},
		{"nested quotes", "markdown", func(n int) string { return strings.Repeat(strings.Repeat(">", 1000)+"a\n", n/1000) }},
		{"nested quote, lazy lines", "markdown", func(n int) string { return strings.Repeat(">", 1000) + "a\n" + strings.Repeat("b\n", n/2-500) }},
		{"closed emphasis", "markdown", around("*a", "b*")},
		{"closed brackets", "markdown", around("[", "]")},
		{"closed brackets on lines", "markdown", around("[\n", "]\n")},
		{"closed links", "markdown", around("[a", "](b)")},
		{"closed images", "markdown", around("![a", "](b)")},
		{"closed stars", "markdown", around("*", "*")},
		{"one long line", "markdown", func(n int) string { return strings.Repeat("word *em* `code` [a](b) ", n/24) }},
		{"combining marks", "markdown", func(n int) string { return "# a" + strings.Repeat("\u0301", n/2-2) }},
		{"attributes", "html", func(n int) string { return "<p " + numbered("a%d=b ", "")(n/2) + ">x" }},
		{"same attribute", "html", func(n int) string { return "<p" + strings.Repeat(" id=a", n/6) + ">x" }},
		{"fonts", "html", numbered("<font size=%d><p>", "")},
		{"formatting around paragraphs", "html", func(n int) string {
			return numbered("<b id=a%d>", "")(500) + strings.Repeat("<p>x", n/4)
		}},
		{"closed elements", "html", around("<div>", "</div>")},
		{"closed formatting", "html", around("<b>", "</b>")},
	}
	for _, p := range repeated() {
		all = append(all, bomb{fmt.Sprintf("%q", p), "markdown", func(n int) string { return strings.Repeat(p, n/len(p)) }})
	}
	for _, p := range []string{
		"<", "<a", "<b>", "<p>", "<i><b>", "<p><b>", "<b><p></b>", "<a><p></a>", "<a href=x>", "</b>", "</p>", "<li>", "<ul>", "<dd>", "<table>", "<td>",
		"<table><td>", "<table>a<b>", "<tr>", "<caption>", "<svg>", "<math>", "<select>", "<template>", "<script>", "<title>", "<xmp>", "<noscript>", "<iframe src=https://a>",
		"<h2>", "<h2>a</h2>", "<ruby><rt>", "<pre>\n", "<nobr>a", "<!--", "<!", "<?", "&", "&amp;", "&#", "<video>", "<span>", "<details>",
	} {
		all = append(all, bomb{fmt.Sprintf("HTML %q", p), "html", func(n int) string { return strings.Repeat(p, n/len(p)) }})
	}
	return all
}

func growingTicks(kind int) func(int) string {
	return func(n int) string {
		var b strings.Builder
		for i := 1; b.Len()+i+1 < n; i++ {
			b.WriteString(strings.Repeat("`", i))
			b.WriteString([]string{"", "a", "\n"}[kind])
		}
		return b.String()
	}
}

// numbered repeats first and then second, each with a number, to n bytes.
func numbered(first, second string) func(int) string {
	return func(n int) string {
		var b strings.Builder
		count := n / 20
		for i := range count {
			fmt.Fprintf(&b, first, i)
		}
		if second != "" {
			b.WriteString("\n")
			for i := range count {
				fmt.Fprintf(&b, second, i)
			}
		}
		return b.String()
	}
}

func around(open, end string) func(int) string {
	return func(n int) string {
		count := n / (len(open) + len(end))
		return strings.Repeat(open, count) + strings.Repeat(end, count)
	}
}

func wideTable(share int) func(int) string {
	return func(n int) string {
		return strings.Repeat("|a", n/share) + "|\n" + strings.Repeat("|-", n/share) + "|\n" + strings.Repeat("|\n", n/4)
	}
}

// TestBombs converts every bomb. There is a document, or a fault that says that
// it would be too large; BenchmarkBombs shows how the time grows.
func TestBombs(t *testing.T) {
	t.Parallel()
	const size = 64 << 10 // at which the square of the length is felt
	c := document.New()
	for _, b := range bombs() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			text := b.text(size)
			doc, err := c.Convert(document.Source{Text: text, Format: b.format})
			if err != nil {
				if fault.KindOf(err) != fault.KindTooLarge {
					t.Fatalf("Convert = %v, want a document or TooLarge", err)
				}
				return
			}
			if len(doc.HTML) > document.MaxOutputBytes {
				t.Errorf("%d bytes of HTML, want at most %d", len(doc.HTML), document.MaxOutputBytes)
			}
		})
	}
}

// BenchmarkBombs shows how the time of each bomb grows: MB/s stays about the
// same from size to size, or grows less fast than where the guard steps in.
func BenchmarkBombs(b *testing.B) {
	c := document.New()
	for _, bomb := range bombs() {
		for _, size := range []int{64 << 10, 256 << 10, 1 << 20} {
			text := bomb.text(size)
			b.Run(fmt.Sprintf("%s/%dKiB", strings.ReplaceAll(bomb.name, "/", "|"), size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					_, err := c.Convert(document.Source{Text: text, Format: bomb.format})
					if err != nil && !errors.As(err, new(*fault.Error)) {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
