package theme

import (
	"strconv"
	"strings"
	"testing"

	"github.com/parution/parution/services/render/internal/page"
)

// lacks tells which of some texts a page does not have.
func lacks(t *testing.T, body []byte, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(string(body), w) {
			t.Errorf("the page lacks %q", w)
		}
	}
}

// has tells which of some texts a page has and should not have.
func has(t *testing.T, body []byte, unwanted ...string) {
	t.Helper()
	for _, u := range unwanted {
		if strings.Contains(string(body), u) {
			t.Errorf("the page has %q", u)
		}
	}
}

func TestSearchPageShowsWhatWasFoundAndHowToNarrowIt(t *testing.T) {
	t.Parallel()
	p := newPaper()
	card := p.doc.Card
	eau := page.Label{Slug: "eau", Name: "Eau"}
	v := Search{
		Search: page.Search{Text: "pont", Tags: []string{"eau"}, Since: "2018", Until: "2019"}, Tags: []page.Label{eau}, Pager: Pager{Number: 1, Pages: 1},
		Feed: "/search/feed.xml?q=pont&tag=eau",
		Found: page.Found{
			Cards: []page.Card{card}, Total: 12, Marks: map[string]page.Mark{card.ID: {Title: "Le <mark>pont</mark>", Snippet: "sous le <mark>pont</mark> &amp; …"}},
			Facets:  []page.Tagged{{Label: eau, Count: 12}, {Label: page.Label{Slug: "ville", Name: "Ville"}, Count: 7}},
			Authors: []page.Facet{{Value: "ada", Name: "Ada", Count: 3}}, Years: []page.Facet{{Value: "2018", Name: "2018", Count: 12}},
			Meant: "ponts", MeantHTML: "<mark>ponts</mark>", Ignored: []string{"le"},
		},
	}
	body, err := folio(t).Search(p.site, "/search", v)
	if err != nil {
		t.Fatal(err)
	}
	lacks(t, body,
		">Le <mark>pont</mark></a>", "sous le <mark>pont</mark> &amp; …", "12 résultats",
		// the words stay when a filter goes, and the filters when the words change
		`href="/search?q=pont&amp;tag=eau"`, `<input type="hidden" name="tag" value="eau">`, `<input type="hidden" name="since" value="2018">`, `<input type="hidden" name="until" value="2019">`,
		`href="/search?q=pont&amp;since=2018&amp;tag=eau&amp;tag=ville&amp;until=2019"`, `href="/search?not=ville&amp;q=pont&amp;since=2018&amp;tag=eau&amp;until=2019"`,
		`href="/search?author=ada&amp;q=pont&amp;since=2018&amp;tag=eau&amp;until=2019"`,
		`href="/search?q=ponts&amp;since=2018&amp;tag=eau&amp;until=2019"><mark>ponts</mark></a>`, "<span>le</span>",
		`href="/search?order=newest&amp;q=pont&amp;since=2018&amp;tag=eau&amp;until=2019"`, `data-search="found"`, `data-search="said"`, `data-complete="/search/suggest"`,
	)
	has(t, body, `id="problem"`, "aria-invalid")
}

// TestPagesOfASearchAreNeitherNewerNorOlder: what is found may be in any order.
func TestPagesOfASearchAreNeitherNewerNorOlder(t *testing.T) {
	t.Parallel()
	p := newPaper()
	v := Search{Search: page.Search{Text: "pont"}, Pager: Pager{Number: 2, Pages: 3, Prev: "/search?q=pont", Next: "/search?page=3&q=pont"}}
	v.Found.Cards, v.Found.Total = []page.Card{p.doc.Card}, 50
	body, err := folio(t).Search(p.site, "/search", v)
	if err != nil {
		t.Fatal(err)
	}
	lacks(t, body, "Suivant", "Précédent")
	has(t, body, "Plus anciens", "Plus récents")
}

// TestOneOrderIsNoChoice: what fields alone find is the newest first.
func TestOneOrderIsNoChoice(t *testing.T) {
	t.Parallel()
	p := newPaper()
	for snippet, want := range map[string]bool{"sous le <mark>pont</mark>": true, "sous le pont": false} {
		v := Search{Search: page.Search{Text: "tag:eau"}, Pager: Pager{Number: 1, Pages: 1}}
		v.Found.Cards, v.Found.Total = []page.Card{p.doc.Card}, 1
		v.Found.Marks = map[string]page.Mark{p.doc.ID: {Title: "Le quai", Snippet: snippet}}
		body, err := folio(t).Search(p.site, "/search", v)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), `class="orders"`) != want {
			t.Errorf("found by %q, posts can be ordered: %t", snippet, !want)
		}
	}
}

// TestAnExampleIsNoHalfSentence: a title is cut after three words or so, where a phrase
// may end.
func TestAnExampleIsNoHalfSentence(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"Un seul objectif, et le bon":           `&#34;Un seul objectif&#34;`,
		"« Le pont : histoire »":                `&#34;Le pont&#34;`,
		"Qui va là ?":                           `&#34;Qui va là&#34;`,
		"Suivi budgétaire d'une startup d'État": `&#34;Suivi budgétaire&#34;`,
		"Suivi budgétaire d’une startup d’État": `&#34;Suivi budgétaire&#34;`,
		"La ville, dans la nuit":                `&#34;La ville&#34;`,
		"À la recherche du pain":                `&#34;À la recherche&#34;`,
		"Un an de plus dans les rues du port":   `&#34;Un an de plus dans les rues&#34;`,
		"Printing with wood and lead":           `&#34;Printing with wood&#34;`,
		"Il y a un an":                          `&#34;Il y a un an&#34;`,
	} {
		body, err := folio(t).Search(newPaper().site, "/search", Search{Title: title, Pager: Pager{Number: 1, Pages: 1}})
		if err != nil {
			t.Fatal(err)
		}
		lacks(t, body, ">"+want+"<")
	}
}

// TestFrequentTagsAreNotAllOfThem: a list that is short is there once.
func TestFrequentTagsAreNotAllOfThem(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{2 * maxCloud: 1, 2*maxCloud + 1: 2} {
		tags := make([]page.Tagged, n)
		for i := range tags {
			tags[i] = page.Tagged{Label: page.Label{Slug: "t" + strconv.Itoa(i), Name: "T" + strconv.Itoa(i)}, Count: n - i}
		}
		body, err := folio(t).Tags(newPaper().site, tags)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(body), `href="/tags/t0"`); got != want {
			t.Errorf("of %d tags the most frequent is there %d times, want %d", n, got, want)
		}
	}
}

func TestSearchPageShowsWhereTheQueryCannotBeRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		at   page.Problem
		html string
	}{
		`été <"b> OU`:            {page.Problem{Offset: 5, Length: 1, Message: "Il manque un guillemet."}, `été &lt;<mark>&#34;</mark>b&gt; OU`},
		strings.Repeat("é", 700): {page.Problem{Offset: 500, Length: 200, Message: "Trop long."}, strings.Repeat("é", 500) + "<mark>" + strings.Repeat("é", 100) + "…</mark></code>"},
		"eau OU":                 {page.Problem{Offset: 6, Message: "Il manque un mot."}, `eau OU<mark class="missing"></mark></code>`},
	} {
		body, err := folio(t).Search(newPaper().site, "/search", Search{Search: page.Search{Text: text}, Pager: Pager{Number: 1, Pages: 1}, Found: page.Found{Problem: &want.at}})
		if err != nil {
			t.Fatal(err)
		}
		lacks(t, body, want.html, want.at.Message, `aria-invalid="true" aria-describedby="problem"`, `id="problem"`)
		has(t, body, "Aucun article ne correspond.")
	}
}

func TestTagPageSaysWhatTheTagIsAbout(t *testing.T) {
	t.Parallel()
	p := newPaper()
	v := Tagged{
		Tags: []page.Label{{Slug: "metro", Name: "Métro"}}, Cards: []page.Card{p.doc.Card}, Total: 1, Pager: Pager{Number: 1, Pages: 1},
		About: &page.About{
			Description: "<p>Sous terre.</p>", Colour: "#f4d03f", Parents: []page.Label{{Slug: "transport", Name: "Transport"}},
			Children: []page.Tagged{{Label: page.Label{Slug: "ligne-1", Name: "Ligne 1"}, Count: 4}},
		},
		Narrower: []page.Tagged{{Label: page.Label{Slug: "eau", Name: "Eau"}, Count: 2}},
	}
	body, err := folio(t).Tagged(p.site, "/tags/metro", v)
	if err != nil {
		t.Fatal(err)
	}
	lacks(t, body, "<p>Sous terre.</p>", `fill="#f4d03f"`, `href="/tags/transport"`, `href="/tags/ligne-1"`, `href="/tags/eau&#43;metro"`, `href="/search?not=eau&amp;tag=metro"`)
	if err := allowed(body); err != nil {
		t.Error(err)
	}
}

func TestTagsStandInATreeWhereTheyHaveOne(t *testing.T) {
	t.Parallel()
	p := newPaper()
	tags := []page.Tagged{
		{Label: page.Label{Slug: "transport", Name: "Transport"}, Count: 9},
		{Label: page.Label{Slug: "metro", Name: "Métro"}, Count: 4, Parent: "transport"},
		{Label: page.Label{Slug: "eau", Name: "Eau"}, Count: 2},
	}
	body, err := folio(t).Tags(p.site, tags)
	if err != nil {
		t.Fatal(err)
	}
	lacks(t, body, `id="subjects"`, `class="tree"`)
	_, tree, _ := strings.Cut(string(body), `class="tree"`)
	if metro, eau := strings.Index(tree, "/tags/metro"), strings.Index(tree, "/tags/eau"); metro < 0 || eau < metro {
		t.Errorf("the tree does not have the tag below another, or also one that has none: %.300s", tree)
	}
	flat, err := folio(t).Tags(p.site, tags[2:])
	if err != nil {
		t.Fatal(err)
	}
	has(t, flat, `id="subjects"`, `id="frequent"`)
}
