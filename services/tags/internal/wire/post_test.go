package wire_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/tags/internal/wire"
)

func TestTextOfAPost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, format, body, headings, text string
	}{
		{"marks", "markdown", "A **bold** [link](https://example.org/path \"title\"), `code` and _it_.", "", "A bold link, code and it."},
		{"headings", "markdown", "# One #\n\ntext\n\nTwo\n===\n\nmore\nlines", "One|Two", "text|more lines"},
		{"lists and quotes", "markdown", "- a\n- [x] b\n1. c\n> d\n\n***\n\ne", "", "a|b|c d|e"},
		{"pictures and references", "markdown", "![alt](data:image/png;base64,AAAA) [x][1] y[^1]\n\n[1]: https://example.org/hidden", "", "alt x y"},
		{"no marks", "markdown", "snake_case 2 * 3 a \\*b\\* if a <b then List<String>", "", "snake_case 2 * 3 a *b* if a <b then List<String>"},
		{"code", "markdown", "```go\n# no heading\nx := 1\n```\n\nend", "", "# no heading x := 1|end"},
		{"HTML in Markdown", "markdown", "one<br>two <em>th</em>ree &amp; t&#233;", "", "one two three & té"},
		{"HTML", "html", "<h2>T<i>i</i>tle</h2><p>One</p><p>tw<b>o</b></p><style>x{}</style><script>var y</script>&eacute;t&eacute;", "Title", "One|two|été"},
		{"table", "markdown", "before\n\n| Name | Size |\n|---|---:|\n| Tree | 3 m |\n| Bush | 1 m |\n\nafter", "", "before|Name / Size|Tree / 3 m|Bush / 1 m|after"},
		{"table in HTML", "html", "<table><tr><th>Name</th><th>Size</th></tr>\n<tr>\n<td><p>Tree</p></td>\n<td>3 m</td>\n</tr></table><p>after</p>", "", "Name / Size|Tree / 3 m|after"},
		{"headings that are not quite", "markdown", "text\n####Close\n####\u00a0Thin\n- ## In a list\n#tag is a word", "Close|Thin|In a list", "text|#tag is a word"},
		{"control characters", "markdown", "a\x00b\u0007 c", "", "ab c"},
	} {
		got := wire.Text(&postsv1.Post{Body: c.body, Format: c.format})
		if diff := cmp.Diff([]string{c.headings, c.text}, []string{strings.Join(got.Headings, "|"), strings.NewReplacer("\n", "|", " | ", " / ").Replace(got.Body)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	got := wire.Text(&postsv1.Post{Title: " L’été ", Body: "texte", Excerpt: "un résumé", ImageAlt: "une rue", ImageCaption: "Lyon"})
	if got.Title != "L’été" || got.Body != "texte\nun résumé\nune rue\nLyon" {
		t.Errorf("text = %+v", got)
	}
}

func TestTextsAreBounded(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"one word": strings.Repeat("w", 1<<20), "nested": strings.Repeat("> ", 1<<19), "brackets": strings.Repeat("](", 1<<19), "links": strings.Repeat("[a](", 1<<18),
		"definitions": strings.Repeat("[a]: b\n", 1<<17), "tags": strings.Repeat("<b", 1<<19), "entities": strings.Repeat("&", 1<<20), "marks": strings.Repeat("e\u0301", 1<<18),
		"stars": strings.Repeat("*a", 1<<19), "cut": strings.Repeat("é", 1<<19), "lines": strings.Repeat("a\n", 1<<19), "notes": strings.Repeat("[^", 1<<19),
	} {
		for _, format := range []string{"markdown", "html"} {
			got := wire.Text(&postsv1.Post{Body: body, Format: format})
			if n := len(got.Body); n > 320<<10 || !utf8.ValidString(got.Body) {
				t.Errorf("%s as %s: %d bytes", name, format, n)
			}
		}
	}
}

func TestKeywords(t *testing.T) {
	t.Parallel()
	source := wire.Text(&postsv1.Post{
		Title: "Planter des arbres", Body: "## Les rivières\n\nUn arbre près de la rivière, et encore un arbre. Nous avons planté dans la vallée ; la vallée est grande. Toujours, toujours.",
	})
	got := wire.Keywords(source)
	if diff := cmp.Diff([]string{"arbre", "planter", "riviere", "vallee"}, got); diff != "" {
		t.Errorf("keywords (-want +got):\n%s", diff)
	}
	var many strings.Builder
	for i := range 40 {
		many.WriteString(strings.Repeat(" mot"+strings.Repeat(string(rune('a'+i%20)), 3+i/20), 2))
	}
	if got := wire.Keywords(wire.Text(&postsv1.Post{Body: many.String()})); len(got) != 12 {
		t.Errorf("%d keywords of many words, want 12: %q", len(got), got)
	}
}
