package document_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parution/parution/services/render/internal/document"
)

// visible writes spaces that do not break as ~ (narrow) and _ (wide).
func visible(s string) string { return strings.NewReplacer("\u202f", "~", "\u00a0", "_").Replace(s) }

func TestProseIsTypeset(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, language, in, want string }{
		{"across elements", "fr", `Un "*mot* et **deux**" !`, "<p>Un «_<em>mot</em> et <strong>deux</strong>_»~!</p>"},
		{"ordinals", "fr", `Le *1er*, au XIXe: oui`, "<p>Le <em>1<sup>er</sup></em>, au XIX<sup>e</sup>~: oui</p>"},
		{"not within sup", "html fr", `<p><sup>1er</sup></p>`, "<p><sup>1er</sup></p>"},
		{"not in code", "fr", "`l'a \"b\" ...`! <kbd>'</kbd> <samp>\"</samp> <var>a'</var>", "<p><code>l'a \"b\" ...</code>~! <kbd>'</kbd> <samp>\"</samp> <var>a'</var></p>"},
		{
			"not in addresses", "fr", `[l'un](/a?b='c':d "l'autre") https://parution.example/a'b?c;d`,
			`<p><a title="l’autre" href="/a?b='c':d">l’un</a> <a href="https://parution.example/a'b?c;d">https://parution.example/a'b?c;d</a></p>`,
		},
		{"alt text", "fr", `![L'eau: "vive"](/a.png) x`, `<p><img src="/a.png" alt="L’eau~: «_vive_»" decoding="async"> x</p>`},
		{"another language within", "fr", `Le <span lang="en">"Quote": it's</span>: "l'été"`, `<p>Le <span lang="en">“Quote”: it’s</span>~: «_l’été_»</p>`},
		{"alt of another language", "html fr", `<p lang="en">"<img src="/a.png" lang="fr" alt="Oui!">"</p>`, `<p lang="en">“<img lang="fr" src="/a.png" alt="Oui~!" decoding="async">”</p>`},
		{"no language", "", `"a" -- 'b'...!`, `<p>"a" -- 'b'...!</p>`},
		{"quotes end with their block", "en", "\"a\n\n\"b\"", "<p>“a</p>\n<p>“b”</p>"},
		{"after a break", "fr", "a<br>! \"b\"<br>\"c\"", "<p>a<br>! «_b_»<br>«_c_»</p>"},
		{"a note's sign", "fr", "mot[^1]!\n\n[^1]: x", "doc-noteref\">1</a></sup>~!</p>"},
		{"entities", "fr", "l&#39;un &quot;a&quot; &amp;amp; 1 &lt; 2", "<p>l’un «_a_» &amp;amp; 1 &lt; 2</p>"},
	} {
		src := document.Source{Text: c.in, BaseURL: "https://parution.example"}
		if src.Language = c.language; strings.HasPrefix(c.language, "html ") {
			src.Language, src.Format = c.language[5:], document.HTML
		}
		if doc := convert(t, src); !strings.Contains(visible(doc.HTML), c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, visible(doc.HTML), c.want)
		}
	}
}

func TestHeadingsAndExcerptAreTypeset(t *testing.T) {
	t.Parallel()
	doc := convert(t, document.Source{Text: "## L'an \"1er\"...\n\nC'est vrai?\n\n## Sans `l'a`", Language: "fr"})
	if got, want := visible(doc.Contents[0].Text+"|"+doc.Contents[1].Text+"|"+doc.Excerpt), "L’an «_1er_»…|Sans l'a|C’est vrai~?"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if doc.Contents[0].ID != "user-l-an-1er" {
		t.Errorf("id = %s", doc.Contents[0].ID)
	}
	const want = `aria-label="Lien vers «_L’an «_1er_»…_»">#</a>`
	if !strings.Contains(visible(doc.HTML), want) {
		t.Errorf("%s, want %s", visible(doc.HTML), want)
	}
	const bare = `<h2 id="user-l-an-1er">L’an «_1<sup>er</sup>_»…</h2>`
	plain := visible(document.WithoutAnchors(doc.HTML))
	if strings.Contains(plain, "<a") || strings.Contains(plain, "div>") || !strings.Contains(plain, bare) || !strings.Contains(plain, `<code>l'a</code></h2>`) {
		t.Errorf("without anchors: %s", plain)
	}
	empty := convert(t, document.Source{Text: "<div><h3></h3><h2>a</h2>b</div>", Format: document.HTML})
	if got, want := document.WithoutAnchors(empty.HTML), strings.Count(empty.HTML, "</div>")-2; strings.Count(got, "</div>") != want || strings.Count(got, "<div") != want {
		t.Errorf("without anchors: %s of %s", got, empty.HTML)
	}
}

// TestTypesettingAddsNoWords: the count is of the words that the author wrote.
func TestTypesettingAddsNoWords(t *testing.T) {
	t.Parallel()
	const text = `Il dit: "l'un" ! -- 10 000 € ... et le 1er mot...fin`
	fr, none := convert(t, document.Source{Text: text, Language: "fr"}), convert(t, document.Source{Text: text})
	if fr.Words != none.Words {
		t.Errorf("%d words in French, %d without a language", fr.Words, none.Words)
	}
}

// TestHeadingsSkipNoLevel: a checker of HTML calls it an error, and who listens
// would look for what was left out.
func TestHeadingsSkipNoLevel(t *testing.T) {
	t.Parallel()
	doc := convert(t, document.Source{Text: "### a\n# b\n### c\n#### d\n## e\n###### f\n# g"})
	var b strings.Builder
	walk(&b, doc.Contents)
	if got, want := b.String(), "2a 2b 3c 4d 3e 4f 2g "; got != want {
		t.Errorf("levels %s, want %s", got, want)
	}
	for _, want := range []string{`<h2 id="user-a">a</h2>`, `<h3 id="user-c">c</h3>`, `<h4 id="user-f">f</h4>`} {
		if !strings.Contains(doc.HTML, want) {
			t.Errorf("%s, want %s", doc.HTML, want)
		}
	}
}

func walk(b *strings.Builder, list []document.Heading) {
	for _, h := range list {
		fmt.Fprintf(b, "%d%s ", h.Level, h.Text)
		walk(b, h.Children)
	}
}
