package document_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/parution/parution/services/render/internal/document"
)

func convert(t *testing.T, src document.Source) *document.Document {
	t.Helper()
	doc, err := document.New().Convert(src)
	if err != nil {
		t.Fatal(err)
	}
	checkSafe(t, src.Text, doc.HTML)
	return doc
}

func TestCodeIsHighlighted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, format, in, want string }{
		{
			"a fence", "markdown", "```go\nfunc f() int { return 1 } // <é>\n```",
			`<code class="language-go"><span class="k">func</span> <span class="nf">f</span>() <span class="kt">int</span> { <span class="k">return</span> ` +
				`<span class="m">1</span> } <span class="c">// &lt;é&gt;</span>` + "\n</code>",
		},
		{"HTML", "html", `<pre><code class="language-py">x = "a" &amp; b</code></pre>`, `<code class="language-py">x <span class="o">=</span> <span class="s">&#34;a&#34;</span> <span class="o">&amp;</span> b</code>`},
		{"HTML that was highlighted elsewhere", "html", `<pre><code class="language-go"><span class="kd">var</span> x</code></pre>`, `<code class="language-go"><span class="k">var</span> x</code>`},
		{"a difference", "markdown", "```diff\n-a\n+b\n```", "<code class=\"language-diff\"><span class=\"gd\">-a</span>\n<span class=\"gi\">+b</span>\n</code>"},
		{"a difference whose last line does not end", "html", `<pre><code class="language-diff">-a
+b</code></pre>`, "<code class=\"language-diff\"><span class=\"gd\">-a</span>\n<span class=\"gi\">+b</span></code>"},
		{"a command", "html", `<pre><code class="language-console">$ ls</code></pre>`, `<code class="language-console"><span class="gp">$</span> ls</code>`},
		{"an unknown language", "markdown", "```nosuch\nfunc \"a\" -- 'b'...\n```", "<code class=\"language-nosuch\">func &#34;a&#34; -- &#39;b&#39;...\n</code>"},
		{"no language", "markdown", "```\nfunc f\n```", "<code>func f\n</code>"},
		{"plain text", "markdown", "```text\nfunc f\n```", "<code class=\"language-text\">func f\n</code>"},
		{"code in a line", "html", `<p><code class="language-go">var x</code></p>`, `<code class="language-go">var x</code>`},
		{"code with elements", "html", `<pre><code class="language-go">var <b>x</b></code></pre>`, `<code class="language-go">var <b>x</b></code>`},
		{"code after text", "html", `<pre>a <code class="language-go">var x</code></pre>`, `<code class="language-go">var x</code>`},
	} {
		doc := convert(t, document.Source{Text: c.in, Format: c.format, Language: "fr"})
		want := strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(c.want)
		if !strings.Contains(doc.HTML, want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, doc.HTML, want)
		}
	}
}

// TestHighlightingChangesNoCharacter converts a text as code of many languages,
// and compares what a reader would select and copy.
func TestHighlightingChangesNoCharacter(t *testing.T) {
	t.Parallel()
	code := "#!/bin/x\n<?php \"a${b}\" 'c' ?> <b a=\"c\">&amp;</b>\n\tif (x == 0x1F) { return `d`; } // é ünï 猫\n-- e\n/* f\n* g */ %w{h} :i @j\n\n  k: l\n\u00a0\n"
	for _, language := range []string{
		"go", "python", "ruby", "html", "css", "javascript", "typescript", "jsx", "bash", "console", "sql", "yaml", "toml", "json", "ini", "rust", "c", "c++", "c#",
		"java", "kotlin", "swift", "php", "perl", "lua", "haskell", "elixir", "erlang", "clojure", "scala", "r", "julia", "dart", "zig", "nix", "terraform",
		"docker", "makefile", "nginx", "diff", "xml", "markdown", "protobuf", "graphql", "tex", "http", "vue", "svelte", "powershell", "awk", "viml", "raku",
	} {
		doc := convert(t, document.Source{Text: "```" + language + "\n" + code + "```\n", Language: "fr"})
		if got := textOf(t, doc.HTML); got != code+"\n" { // that after the pre
			t.Errorf("%s: %q, want %q\n%s", language, got, code, doc.HTML)
		}
	}
}

func textOf(t *testing.T, s string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func TestLargeCodeIsNotHighlighted(t *testing.T) {
	t.Parallel()
	painted := func(text string) int {
		return len(regexp.MustCompile(`<span`).FindAllString(convert(t, document.Source{Text: text}).HTML, -1))
	}
	block := "```go\n" + strings.Repeat("var x\n", 1000) + "```\n\n"
	if n := painted(block); n != 1000 {
		t.Errorf("6 KB: %d spans, want 1000", n)
	}
	if n := painted("```go\n" + strings.Repeat("var x\n", 3000) + "```"); n != 0 {
		t.Errorf("18 KB: %d spans, want none", n)
	}
	if n := painted("```go\nvar x\n" + strings.Repeat("x", 2000) + "\n```"); n != 0 {
		t.Errorf("a long line: %d spans, want none", n)
	}
	if n := painted(strings.Repeat(block, 30)); n == 0 || n > 6_000 {
		t.Errorf("180 KB in blocks: %d spans, want some and not all", n)
	}
}

// TestHighlightedCodeIsTheSameAgain: what was remembered is what was made.
func TestHighlightedCodeIsTheSameAgain(t *testing.T) {
	t.Parallel()
	c := document.New()
	for i := range 3000 { // more than is remembered
		src := document.Source{Text: "```go\nvar x = \"" + strings.Repeat("a", i%7*100) + "\"\n```\n\n```js\nvar x" + strconv.Itoa(i%1500) + "\n```"}
		first, err := c.Convert(src)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.Convert(src)
		if err != nil || again.HTML != first.HTML {
			t.Fatalf("%v, %s, want %s", err, again.HTML, first.HTML)
		}
	}
}

// TestCodeScrollsByKeyboard: who cannot point must be able to get to a wide
// block and to hear what it is.
func TestCodeScrollsByKeyboard(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"```go\nx\n```": `<pre tabindex="0" role="group" aria-label="Code"><code`,
		"    x":         `<pre tabindex="0" role="group" aria-label="Code"><code`,
		`<pre id="a" tabindex="3">Un poème</pre>`:   `<pre tabindex="0" role="group" aria-label="Texte préformaté" id="user-a">Un poème</pre>`,
		"| a |\n|---|\n| b |":                       `<div class="scroll" role="group" tabindex="0" aria-label="Tableau 1"><table>`,
		"> ```\n> x\n> ```\n>\n> ## T\n>\n> [a](b)": `<h2 id="user-t">T</h2><a class="anchor" href="#user-t" aria-label="Lien vers « T »">#</a></div>`,
	} {
		doc := convert(t, document.Source{Text: in, Language: "fr"})
		if got := strings.ReplaceAll(doc.HTML, "\u00a0", " "); !strings.Contains(got, want) {
			t.Errorf("%q: %s\nwant %s", in, got, want)
		}
	}
}
