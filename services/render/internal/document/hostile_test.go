package document_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/parution/parution/services/render/internal/document"
)

// TestHostile converts every text of testdata/hostile.txt in every place that
// an author can put it and looks at what a browser would make of the result.
func TestHostile(t *testing.T) {
	t.Parallel()
	c := document.New()
	for _, entry := range hostile(t) {
		for place, pattern := range map[string]string{
			"alone": "%s", "in text": "a %s b", "in a list": "- %s\n- b", "in emphasis": "*a %s b*", "in a heading": "## %s\n\ntext",
			"in a table": "| a |\n|---|\n| %s |", "in a quote": "> %s", "in an alt text": "![%s](/x.png)", "in a link": "[%s](/x)",
			"in a title": "[a](/x \"%s\")", "in code": "`%s`", "as a block": "<div>\n%s\n</div>", "in an attribute": `<img src=x alt="%s">`,
			"in a paragraph": "<p>%s</p>", "in a table cell": "<table><tr><td>%s</table>", "loose in a table": "<table>%s</table>",
			"after formatting": "<b><i>%s", "in a note": "x[^1]\n\n[^1]: %s",
		} {
			for _, format := range []string{document.Markdown, document.HTML} {
				text := fmt.Sprintf(pattern, entry)
				doc, err := c.Convert(document.Source{Text: strings.ToValidUTF8(text, "?"), Format: format})
				if err != nil {
					t.Errorf("Convert(%q): %v", text, err)
					continue
				}
				checkSafe(t, fmt.Sprintf("%s, %s: %q", format, place, entry), doc.HTML)
			}
		}
	}
}

func hostile(tb testing.TB) []string {
	tb.Helper()
	data, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		tb.Fatal(err)
	}
	escape := regexp.MustCompile(`\\x[0-9a-f]{2}`)
	entries := strings.Split(string(data), "\n%%\n")[1:]
	for i, e := range entries {
		entries[i] = escape.ReplaceAllStringFunc(strings.TrimSuffix(e, "\n"), func(s string) string {
			var b byte
			if _, err := fmt.Sscanf(s, `\x%02x`, &b); err != nil {
				tb.Fatal(err)
			}
			return string([]byte{b})
		})
	}
	return entries
}

// checkSafe parses out as a browser does and checks it against lists of its
// own, so that a mistake in the sanitiser's tables shows.
func checkSafe(t *testing.T, name, out string) {
	t.Helper()
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(out), body)
	if err != nil {
		t.Errorf("%s: parse: %v", name, err)
		return
	}
	ids := map[string]bool{}
	for _, n := range nodes {
		for d := range all(n) {
			if problem := unsafe(d, ids); problem != "" {
				t.Errorf("%s: %s in\n%s", name, problem, out)
				return
			}
		}
	}
}

// all gives n and everything in it.
func all(n *html.Node) func(yield func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		if !yield(n) {
			return
		}
		for d := range n.Descendants() {
			if !yield(d) {
				return
			}
		}
	}
}

const (
	safeElements = ` a abbr audio b bdi bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h2 h3 h4 h5 h6 hr i img
		input ins kbd li mark ol p pre q rp rt ruby s samp small source span strong sub summary sup table tbody td tfoot th thead time tr u ul var
		video wbr `
	safeAttributes = ` alt aria-label checked cite class colspan controls datetime decoding dir disabled height href id lang loading loop muted
		open poster preload rel reversed role rowspan scope sizes src srcset start tabindex title type value width `
)

// unsafe says what is wrong with n, "" if nothing is.
func unsafe(n *html.Node, ids map[string]bool) string {
	switch n.Type {
	case html.TextNode:
		return ""
	case html.ElementNode:
	default:
		return fmt.Sprintf("node of type %d", n.Type)
	}
	if n.Namespace != "" || !strings.Contains(strings.Join(strings.Fields(safeElements), " ")+" ", n.Data+" ") {
		return "element " + n.Data
	}
	attributes := " " + strings.Join(strings.Fields(safeAttributes), " ") + " "
	for _, a := range n.Attr {
		if !strings.Contains(attributes, " "+a.Key+" ") {
			return "attribute " + a.Key
		}
		switch a.Key {
		case "href", "src", "poster", "cite":
			if !regexp.MustCompile(`^(https?://[^/\\\s]|mailto:|[^:/\\\s\x00-\x20]*([/?#]|$))`).MatchString(a.Val) || strings.HasPrefix(a.Val, "//") {
				return "address " + a.Val
			}
			if n.Data != "a" && strings.HasPrefix(a.Val, "mailto:") {
				return "address " + a.Val
			}
		case "id":
			if !strings.HasPrefix(a.Val, "user-") || ids[a.Val] {
				return "id " + a.Val
			}
			ids[a.Val] = true
		case "class":
			if !regexp.MustCompile(`^(scroll|heading|anchor|left|center|right|language-[\w+#.-]+|[ckmso]|c[p]|k[ct]|se|n[fcbvatd]|g[dihpoes])$`).MatchString(a.Val) {
				return "class " + a.Val
			}
		case "type":
			if n.Data == "input" && a.Val != "checkbox" {
				return "input " + a.Val
			}
		}
	}
	return ""
}
