package liquid

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

func env(tb testing.TB) Env {
	tb.Helper()
	doc, err := frontmatter.Read("---\ntitle: T\nlist: [{n: 1}, {n: 2}]\nwords: [a, b]\nempty:\n---\n")
	if err != nil {
		tb.Fatal(err)
	}
	return Env{
		Names:   map[string]frontmatter.Value{"page": doc.Values, "site": {Kind: frontmatter.Map, Fields: map[string]frontmatter.Value{"title": {Kind: frontmatter.Text, Text: "S"}}}},
		Address: func(_, argument string) (string, bool) { return "/p/" + argument, argument != "none" },
		SiteURL: "https://old.example.org",
	}
}

func TestCarry(t *testing.T) {
	t.Parallel()
	tests := []struct{ source, want, findings string }{
		{"plain { % } text", "plain { % } text", ""},
		{"{{ page.title }} of {{site.title}}", "T of S", ""},
		{"{{ site.baseurl }}/a {{ site.url }}{{ site.baseurl }}/b {{ site.url }}", "/a /b https://old.example.org", ""},
		{`{{ "img/x" | relative_url }} {{ '/x' | prepend: site.baseurl | prepend: site.url }} {{ "/x" | absolute_url }}`, "/img/x /x /x", ""},
		{`{{ page.title | downcase | append: "!" | replace: "t", "u" }}`, "u!", ""},
		{"{{ page.words }} {{ page.empty | default: 'd' }}", "a, b d", ""},
		{"{{ page.title | money }}", "T", `1 {{ page.title | money }} the filter "money" is not known here; the value stands as it is`},
		{"a\n{{ site.posts.size }}\nb", "a\nb", "2 {{ site.posts.size }} has no value outside of Jekyll; left out"},
		{"{% for i in page.list %}\n* {{ i.n }}\n{% endfor %}\nend", "* 1\n* 2\nend", ""},
		{"{% for i in page.list %}{% for w in page.words %}{{ w }}{{ i.n }} {% endfor %}{% endfor %}", "a1 b1 a2 b2 ", ""},
		{"x{%- for i in page.list -%} {{ i.n }} {%- endfor -%} y", "x12y", ""},
		{"a\n{% for p in site.posts %}\n{{ p.title }}\n{% endfor %}\nb", "a\nb", `2 {% for p in site.posts %} "site.posts" is no list in the post's front matter; left out with all up to its endfor`},
		{"{% if x %}a{% if y %}b{% endif %}c{% endif %}d", "d", "1 {% if x %} cannot be decided without Jekyll; left out with all up to its endif"},
		{"{% assign x = 1 %}\na", "a", "1 {% assign x = 1 %} cannot be carried over; left out"},
		{"{% comment %}{{ x }}{% endcomment %}a{% raw %}{{ b }}{% endraw %}", "a{{ b }}", ""},
		{"{% highlight go linenos %}\nx := `{{ y }}`\n{% endhighlight %}", "```go\nx := `{{ y }}`\n```", ""},
		{"[a]({% post_url 2020-01-01-a %}) [b]({% link none %})", "[a](/p/2020-01-01-a) [b]()", "1 {% link none %} leads to nothing that is imported; left out"},
		{"{% include figure.html src='/x y.png' alt=\"A\" %}", "![A](</x y.png>)", ""},
		{"{% youtube abc %} {% gist a/b %}", "<https://www.youtube.com/watch?v=abc> <https://gist.github.com/a/b>", ""},
		{"{% img left /x.png 10 20 A title %}", "![A title](/x.png)", ""},
		{"{% alert %}\nkept {{ page.title }}\n{% endalert %}\n", "kept T\n", "1 {% alert %} is not known here; its content stays without it"},
		{"{% endif %}a", "a", "1 {% endif %} ends nothing that was begun; left out"},
		{"`{{ page.title }}` `{% raw %}{{ x }}{% endraw %}`", "`{{ page.title }}` `{{ x }}`", ""},
		{"```\n{% for %}\n```\n", "```\n{% for %}\n```\n", ""},
		{"{% raw %}never closed", "never closed", "1 {% raw %} cannot be carried over; left out"},
	}
	sc := markup.NewScanner()
	for _, tt := range tests {
		got, findings := Carry(markup.NewText(tt.source, 1), sc.Code(tt.source, markup.Markdown), env(t))
		var lines []string
		for _, f := range findings {
			lines = append(lines, fmt.Sprintf("%d %s %s", f.Line, f.Tag, f.Reason))
		}
		if got.String() != tt.want || strings.Join(lines, "\n") != tt.findings {
			t.Errorf("Carry(%q) =\n%q, %q; want\n%q, %q", tt.source, got, lines, tt.want, tt.findings)
		}
	}
}

// A loop in loops ends before it has written without bounds.
func TestCarryBounds(t *testing.T) {
	t.Parallel()
	source := strings.Repeat("{% for i in page.words %}", 30) + "x" + strings.Repeat("{% endfor %}", 30)
	got, findings := Carry(markup.NewText(source, 1), nil, env(t))
	if len(got.String()) > maxLoopText || len(findings) == 0 {
		t.Errorf("30 loops in each other write %d bytes with %d findings", len(got.String()), len(findings))
	}
}

// Whatever the text, what is written is bounded.
func FuzzCarry(f *testing.F) {
	for _, s := range []string{"{{ a }}", "{% for x in page.list %}{{ x.n | f }}{% endfor %}", "{% raw %}{{ x }}{% endraw %}", "{%- if -%}", "`{{ x }}`", "{% highlight %}", "{{{{ x }}}}", "{% x %}{% endx %}{% endx %}"} {
		f.Add(s)
	}
	sc, e := markup.NewScanner(), env(f)
	f.Fuzz(func(t *testing.T, source string) {
		code := sc.Code(source, markup.Markdown)
		got, _ := Carry(markup.NewText(source, 1), code, e)
		if len(got.String()) > len(source)*20+maxLoopText {
			t.Fatalf("%d bytes of %d", len(got.String()), len(source))
		}
	})
}
