package theme

import (
	"html/template"
	"testing"

	"github.com/parution/parution/services/render/internal/page"
)

// TestWhatIsFoundIsSetAsEverywhere: a title and a passage have the typography of their
// post's language, also where a mark ends right before a sign, and stay safe.
func TestWhatIsFoundIsSetAsEverywhere(t *testing.T) {
	t.Parallel()
	p := newPaper()
	for _, c := range []struct{ language, title, snippet, wantTitle, wantSnippet string }{
		{
			"fr", "La brigade du <mark>numérique</mark> !", "… l&#39;<mark>eau</mark> ? Il dit : &#34;<mark>Oui</mark>&#34; &amp; &lt;b&gt; …",
			"La brigade du <mark>numérique</mark>\u202f!", "… l’<mark>eau</mark>\u202f? Il dit\u202f: «\u00a0<mark>Oui</mark>\u00a0» &amp; &lt;b&gt; …",
		},
		{"en-GB", "Where the <mark>rain</mark> isn&#39;t", "<mark>Rain</mark> !", "Where the <mark>rain</mark> isn’t", "<mark>Rain</mark> !"},
	} {
		card := p.doc.Card
		card.Language = c.language
		found := page.Found{Cards: []page.Card{card}, Total: 1, Marks: map[string]page.Mark{card.ID: {Title: c.title, Snippet: c.snippet}}}
		got := folio(t).speaker(p.site).marked(found)[0]
		if got.Marked != template.HTML(c.wantTitle) || got.Snippet != template.HTML(c.wantSnippet) {
			t.Errorf("found in %s: %+q and %+q, want %+q and %+q", c.language, got.Marked, got.Snippet, c.wantTitle, c.wantSnippet)
		}
		body, err := folio(t).Search(p.site, "/search", Search{Search: page.Search{Text: "eau"}, Pager: Pager{Number: 1, Pages: 1}, Found: found})
		if err != nil {
			t.Fatal(err)
		}
		lacks(t, body, ">"+c.wantTitle+"</a>", c.wantSnippet)
	}
}

// TestWhatAllHaveIsNoChoice: a tag that all posts found have, since the query asks for
// it in its own words or since it happens so, leaves nothing with it and nothing without.
func TestWhatAllHaveIsNoChoice(t *testing.T) {
	t.Parallel()
	p := newPaper()
	v := Search{Search: page.Search{Text: "recrutement tag:eau author:ada"}, Pager: Pager{Number: 1, Pages: 1}, Found: page.Found{
		Cards: []page.Card{p.doc.Card}, Total: 11, Authors: []page.Facet{{Value: "ada", Name: "Ada", Count: 11}},
		Facets: []page.Tagged{{Label: page.Label{Slug: "eau", Name: "Eau"}, Count: 11}, {Label: page.Label{Slug: "ville", Name: "Ville"}, Count: 10}},
	}}
	body, err := folio(t).Search(p.site, "/search", v)
	if err != nil {
		t.Fatal(err)
	}
	lacks(t, body, "&amp;tag=ville", "?not=ville&amp;")
	has(t, body, "&amp;tag=eau", "?not=eau&amp;", "?author=ada&amp;")
}
