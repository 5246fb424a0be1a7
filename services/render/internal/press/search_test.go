package press_test

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

// ask answers a search.
func (f *fixture) ask(t *testing.T, path string, number int, s page.Search) *page.Page {
	t.Helper()
	p, err := f.Get(t.Context(), main, page.Ask{Path: path, Number: number, Search: s})
	if err != nil {
		t.Fatalf("Get(%s, %+v, %d): %v", path, s, number, err)
	}
	return p
}

func TestSearchHasOneAddress(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	f.found.ids = []string{id(3), id(50), id(1), id(2), id(4), id(5)}
	for _, c := range []struct {
		path   string
		number int
		search page.Search
		status int
		to     string
	}{
		{"/search", 0, page.Search{Text: "mur"}, 200, ""},
		{"/search", 2, page.Search{Text: "mur"}, 200, ""},
		{"/search", 3, page.Search{Text: "mur"}, 404, ""},
		{"/search", 1_000_000, page.Search{Text: "mur"}, 404, ""},
		{"/search", 1, page.Search{Text: "mur"}, 301, "/search?q=mur"},
		{"/search", 2, page.Search{Text: " mur  haut & \n"}, 301, "/search?page=2&q=mur+haut+%26"},
		{"/search", 0, page.Search{Text: "  ", Tags: []string{"!"}}, 301, "/search"},
		{"/search", 0, page.Search{Tags: []string{"outils", "Été"}, Without: []string{"b", "a", "b"}}, 301, "/search?not=a&not=b&tag=ete&tag=outils"},
		{"/search", 0, page.Search{Tags: []string{"ete", "outils"}, Without: []string{"a", "b"}}, 200, ""},
		{"/search/atom.xml", 0, page.Search{Text: "mur"}, 200, ""},
		{"/search/atom.xml", 2, page.Search{Text: "mur"}, 404, ""},
		{"/search/feed.json", 1, page.Search{Text: "mur"}, 301, "/search/feed.json?q=mur"},
		{"/search/feed.xml", 0, page.Search{}, 301, "/feed.xml"},
		{"/search/else", 0, page.Search{Text: "mur"}, 404, ""},
	} {
		if p := f.ask(t, c.path, c.number, c.search); p.Status != c.status || p.Location != c.to {
			t.Errorf("%s page %d of %+v = %d to %q, want %d to %q", c.path, c.number, c.search, p.Status, p.Location, c.status, c.to)
		}
	}
	for _, c := range []struct {
		field  string
		search page.Search
	}{
		{"q", page.Search{Text: strings.Repeat("é", 1<<15+1)}},
		{"q", page.Search{Text: "\xff"}},
		{"tag", page.Search{Tags: make([]string, 11)}},
		{"not", page.Search{Without: make([]string, 11)}},
	} {
		_, err := f.Get(t.Context(), main, page.Ask{Path: "/search", Search: c.search})
		if v := fault.ViolationsOf(err); len(v) != 1 || v[0].Field != c.field {
			t.Errorf("a search with too much in %s = %v, want that refused", c.field, err)
		}
	}
}

// A text that is too long to be looked for is one that cannot be read, as any other.
func TestASearchThatIsTooLongHasAPage(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	f.found.also.Problem = &page.Problem{Offset: 500, Length: 1, Message: "Au plus 500 caractères."}
	p := f.ask(t, "/search", 0, page.Search{Text: strings.Repeat("é", 501)})
	if p.Status != page.StatusBad || !strings.Contains(string(p.Body), "Au plus 500 caractères.") {
		t.Errorf("a search for 501 characters is %d", p.Status)
	}
}

func TestSearchShowsWhatIsFoundInItsOrder(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	f.found.ids = []string{id(3), id(50), id(30), id(1), id(999)} // 30 is withdrawn, 999 is nobody's yet
	f.found.facets = []page.Tagged{{Label: label("notes", "Notes"), Count: 2}}
	asked := page.Search{Text: "mur", Tags: []string{"notes"}, Without: []string{"rien"}}
	body := string(f.ask(t, "/search", 0, asked).Body)
	if diff := cmp.Diff(asked, f.found.asked); diff != "" {
		t.Errorf("what was asked (-want +got):\n%s", diff)
	}
	at := func(text string) int { return strings.Index(body, text) }
	if first, second, third := at("/posts/note-3"), at("/posts/la-casse"), at("/posts/note-1"); first < 0 || second < first || third < second {
		t.Errorf("the posts found are at %d, %d and %d of the page", first, second, third)
	}
	for text, want := range map[string]bool{"retire": false, "Notes": true, "rien": true, `content="noindex`: true} {
		if strings.Contains(body, text) != want {
			t.Errorf("the page shows %q: %t", text, !want)
		}
	}
	f.found.ids, f.found.facets = nil, nil
	none := f.ask(t, "/search", 0, asked)
	if none.Status != page.StatusOK || strings.Contains(string(none.Body), "/posts/note-3") {
		t.Errorf("a search that finds nothing is %d", none.Status)
	}
	f.found.err = fault.Unavailable("away")
	if _, err := f.Get(t.Context(), main, page.Ask{Path: "/search", Search: asked}); fault.KindOf(err) != fault.KindUnavailable {
		t.Errorf("a search that nobody answers = %v, want Unavailable", err)
	}
	if form := f.ask(t, "/search", 0, page.Search{}); form.Status != page.StatusOK || strings.Contains(string(form.Body), "/posts/note-3") {
		t.Errorf("the form alone is %d", form.Status)
	}
}

// A query that cannot be read is a page with what is wrong, and where, and nothing
// that anybody could take for an answer.
func TestAQueryThatCannotBeReadIsShown(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	f.found.also.Problem = &page.Problem{Offset: 4, Length: 6, Message: "Il manque un guillemet."}
	p := f.ask(t, "/search", 0, page.Search{Text: `mur "vieux`})
	body := string(p.Body)
	if p.Status != page.StatusBad || !p.Fleeting {
		t.Errorf("a query that cannot be read is %d, fleeting: %t", p.Status, p.Fleeting)
	}
	for text, want := range map[string]bool{"Il manque un guillemet.": true, "vieux": true, "/search/feed.xml": false, `value="mur &#34;vieux"`: true} {
		if strings.Contains(body, text) != want {
			t.Errorf("the page shows %s: %t, want %t", text, !want, want)
		}
	}
	if feed := f.ask(t, "/search/feed.xml", 0, page.Search{Text: `mur "vieux`}); feed.Status != page.StatusNotFound {
		t.Errorf("its feed is %d, want 404", feed.Status)
	}
}

// A date or an order that cannot be read is told, as a query is, and never left out in
// silence: what would be found then is not what was asked for. The rest stays.
func TestAFilterThatCannotBeReadIsShown(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	f.found.ids = []string{id(1)}
	for _, c := range []struct {
		search page.Search
		shows  []string
	}{
		{page.Search{Since: "soon"}, []string{"« soon » n’est pas une date.", "since=<mark>soon</mark>", `href="/search"`}},
		{
			page.Search{Text: "mur", Tags: []string{"outils"}, Until: "2020-13", Since: "2019"},
			[]string{
				"« 2020-13 » n’est pas une date.", "until=<mark>2020-13</mark>", `value="mur"`, `<input type="hidden" name="tag" value="outils">`,
				`<input type="hidden" name="since" value="2019">`, `href="/search?q=mur&amp;since=2019&amp;tag=outils"`,
			},
		},
		{page.Search{Text: "mur", Order: "?<b>"}, []string{"« ?&lt;b&gt; » n’est pas un ordre.", "order=<mark>?&lt;b&gt;</mark>", `value="mur"`, `href="/search?q=mur"`}},
		{page.Search{Order: "oldest"}, []string{"« oldest » n’est pas un ordre."}},
	} {
		p := f.ask(t, "/search", 0, c.search)
		if p.Status != page.StatusBad || !p.Fleeting || p.Location != "" {
			t.Errorf("%+v is %d, fleeting %t, and leads to %q; want 400, kept by nobody", c.search, p.Status, p.Fleeting, p.Location)
		}
		body := strings.ReplaceAll(string(p.Body), "\u00a0", " ")
		for _, text := range c.shows {
			if !strings.Contains(body, text) {
				t.Errorf("the page of %+v does not show %s", c.search, text)
			}
		}
		for _, text := range []string{`name="until"`, `name="order"`, `name="since" value="soon"`, "/search/feed.xml"} {
			if strings.Contains(body, text) {
				t.Errorf("the page of %+v has %s: who searches again would be told the same", c.search, text)
			}
		}
		if c.search.Order != "" {
			continue // feeds have one order
		}
		if feed := f.ask(t, "/search/feed.xml", 0, c.search); feed.Status != page.StatusNotFound {
			t.Errorf("the feed of %+v is %d, want 404", c.search, feed.Status)
		}
	}
	if !f.found.asked.Equal(page.Search{}) {
		t.Errorf("tags was asked for %+v, which it cannot answer", f.found.asked)
	}
}

func TestSearchShowsWhatItCanBeNarrowedBy(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	f.found.ids = []string{id(50), id(40)}
	f.found.facets = []page.Tagged{{Label: label("outils", "Outils"), Count: 2}, {Label: label("jardin", "Jardin"), Count: 1}}
	f.found.also = page.Found{
		Authors:   []page.Facet{{Value: "claire-morel", Name: "Claire Morel", Count: 1}, {Value: "ines-roy", Name: "Inès Roy", Count: 1}},
		Languages: []page.Facet{{Value: "fr", Name: "fr", Count: 1}, {Value: "en", Name: "en", Count: 1}},
		Years:     []page.Facet{{Value: "2026", Name: "2026", Count: 2}},
		Meant:     "murs hauts", MeantHTML: "<mark>murs</mark> hauts", Ignored: []string{"de"},
		Marks: map[string]page.Mark{id(50): {Title: "La <mark>casse</mark>", Snippet: "un <mark>tiroir</mark> &amp; rien"}},
	}
	asked := page.Search{Text: "mur", Authors: []string{"claire-morel"}}
	p := f.ask(t, "/search", 0, asked)
	body := string(p.Body)
	for text, want := range map[string]bool{
		`href="/search?author=claire-morel&amp;q=mur&amp;tag=jardin"`: true, // narrower by a tag
		`href="/search?author=claire-morel&amp;not=jardin&amp;q=mur"`: true,
		`href="/search?q=mur"`:                                                       true, // without the author
		`href="/search?author=ines-roy&amp;q=mur"`:                                   true,
		`href="/search?author=claire-morel&amp;language=en&amp;q=mur"`:               true,
		`href="/search?author=claire-morel&amp;q=mur&amp;since=2026&amp;until=2027"`: false, // all posts found are of it
		`href="/search?author=claire-morel&amp;order=newest&amp;q=mur"`:              true,
		`href="/search?author=claire-morel&amp;q=murs&#43;hauts"`:                    true,
		"<mark>murs</mark> hauts":                                                    true,
		"La <mark>casse</mark>":                                                      true,
		"un <mark>tiroir</mark> &amp; rien":                                          true,
		"Claire Morel":                                                               true,
		"anglais":                                                                    true,
		`href="/search/feed.xml?author=claire-morel&amp;q=mur"`:                      true,
		`<input type="hidden" name="author" value="claire-morel">`:                   true,
	} {
		if strings.Contains(body, text) != want {
			t.Errorf("the page shows %s: %t, want %t", text, !want, want)
		}
	}
}

func TestASearchHasOneAddressWhateverItGoesBy(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	f.found.ids = []string{id(1)}
	for _, c := range []struct {
		search page.Search
		to     string
	}{
		{page.Search{Text: "mur", Order: "newest"}, ""},
		{page.Search{Text: "mur", Order: "best"}, "/search?q=mur"},
		{page.Search{Tags: []string{"a"}, Order: "newest"}, "/search?tag=a"}, // the only order that there is
		{page.Search{Any: []string{"b", "a", "b"}, Authors: []string{"Ada Byron"}, Languages: []string{"FR", "x!", "!"}}, "/search?any=a&any=b&author=ada-byron&language=fr&language=x"},
		{page.Search{Text: "mur", Languages: []string{"Klingon"}}, "/search?language=klingon&q=mur"}, // and not all that has the word
		{page.Search{Since: " 2020 ", Until: "2021"}, "/search?since=2020&until=2021"},
		{page.Search{Order: "newest"}, "/search"},
		{page.Search{Since: "2020-02-29", Until: "2021"}, ""},
	} {
		p := f.ask(t, "/search", 0, c.search)
		if p.Location != c.to || (c.to != "") != (p.Status == page.StatusMoved) {
			t.Errorf("%+v is %d and leads to %q, want %q", c.search, p.Status, p.Location, c.to)
		}
	}
}

func TestBrowsersAreToldHowToSearch(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	p := f.get(t, main, "/opensearch.xml", 0)
	var got struct {
		ShortName string
		Url       []struct { //nolint:revive // the element's name
			Type     string `xml:"type,attr"`
			Template string `xml:"template,attr"`
		}
	}
	if err := xml.Unmarshal(p.Body, &got); err != nil || p.Status != page.StatusOK || !strings.HasPrefix(p.ContentType, "application/opensearchdescription+xml") {
		t.Fatalf("the description is %d %s, %v", p.Status, p.ContentType, err)
	}
	want := map[string]string{
		"text/html":                             "https://carnet.example/search?q={searchTerms}",
		"application/x-suggestions+json":        "https://carnet.example/search/suggest?q={searchTerms}",
		"application/rss+xml":                   "https://carnet.example/search/feed.xml?q={searchTerms}",
		"application/atom+xml":                  "https://carnet.example/search/atom.xml?q={searchTerms}",
		"application/opensearchdescription+xml": "https://carnet.example/opensearch.xml",
	}
	urls := make(map[string]string)
	for _, u := range got.Url {
		urls[u.Type] = u.Template
	}
	if diff := cmp.Diff(want, urls); diff != "" || got.ShortName != "Le Carnet" {
		t.Errorf("%q (-want +got):\n%s", got.ShortName, diff)
	}
}

func TestTheFormOffersTheTagsToSearchBy(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	f.save(t, plain(1))
	form := f.ask(t, "/search", 0, page.Search{})
	for _, want := range []string{`href="/search?tag=notes"`, "Chercher par étiquette"} {
		if !strings.Contains(string(form.Body), want) {
			t.Errorf("the form does not show %q", want)
		}
	}
	if !slices.Contains(form.Keys, page.KeyTags) {
		t.Errorf("the form does not depend on the tags: %v", form.Keys)
	}
}

func TestCombinationThatNoPostHasIsNotFoundBySearchEngines(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	both, one := plain(1), plain(2)
	both.Tags = []page.Label{label("a", "A"), label("b", "B")}
	one.Tags = []page.Label{label("c", "C")}
	f.saveAll(t, []*page.Doc{both, one})
	for path, empty := range map[string]bool{"/tags/a+b": false, "/tags/a+c": true} {
		p := f.get(t, main, path, 0)
		body := string(p.Body)
		for text, want := range map[string]bool{`name="robots" content="noindex"`: empty, `rel="canonical"`: !empty, `"og:url"`: !empty} {
			if p.Status != page.StatusOK || strings.Contains(body, text) != want {
				t.Errorf("%s is %d and has %s: %t, want %t", path, p.Status, text, !want, want)
			}
		}
	}
}

func TestSearchIsNeverKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ask  page.Ask
		want bool
	}{
		{page.Ask{Path: "/search"}, false},
		{page.Ask{Path: "/search", Search: page.Search{Text: "a"}}, false},
		{page.Ask{Path: "/search/feed.xml", Search: page.Search{Text: "a"}}, false},
		{page.Ask{Path: "/tags/a+b"}, false},
		{page.Ask{Path: "/tags/a+b/feed.json"}, false},
		{page.Ask{Path: "/authors/a/feed.json"}, true},
		{page.Ask{Path: "/archive/2026/01"}, true},
	} {
		r, err := page.Parse(c.ask)
		if err != nil || r.Keepable() != c.want {
			t.Errorf("%+v may be kept: %t, %v; want %t", c.ask, r.Keepable(), err, c.want)
		}
	}
}

func TestFeedsHavePages(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	var docs []*page.Doc
	for n := 1; n <= 45; n++ {
		d := plain(n)
		d.Authors = []page.Label{label("ada", "Ada")}
		docs = append(docs, d)
		f.found.ids = append(f.found.ids, id(n))
	}
	f.saveAll(t, docs)
	for _, list := range []struct {
		path   string
		search page.Search
	}{{"/", page.Search{}}, {"/tags/notes/", page.Search{}}, {"/authors/ada/", page.Search{}}, {"/search/", page.Search{Text: "note"}}} {
		for _, name := range []string{"feed.xml", "atom.xml", "feed.json"} {
			seen := 0
			for number := 0; number <= 3; number++ {
				if number == 1 {
					continue // is the first
				}
				p := f.ask(t, list.path+name, number, list.search)
				if p.Status != page.StatusOK || p.LastModified.IsZero() {
					t.Errorf("%s%s page %d is %d, changed at %v", list.path, name, number, p.Status, p.LastModified)
				}
				for n := 1; n <= 45; n++ {
					seen += min(1, strings.Count(string(p.Body), fmt.Sprintf("urn:uuid:%s", id(n))))
				}
				next := strings.Contains(string(p.Body), fmt.Sprintf("page=%d", max(1, number)+1))
				if want := number < 3; next != want {
					t.Errorf("%s%s page %d leads on: %t, want %t", list.path, name, number, next, want)
				}
			}
			if seen != 45 {
				t.Errorf("the pages of %s%s have %d posts, want 45", list.path, name, seen)
			}
			if p := f.ask(t, list.path+name, 4, list.search); p.Status != page.StatusNotFound {
				t.Errorf("%s%s page 4 is %d, want 404", list.path, name, p.Status)
			}
		}
	}
}

func TestWhoFollowsASearchIsToldOfTheNewest(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	f.found.ids = []string{id(1), id(3)}
	for path, newest := range map[string]bool{"/search": false, "/search/feed.xml": true, "/search/atom.xml": true, "/search/feed.json": true} {
		f.ask(t, path, 0, page.Search{Text: "mur"})
		if f.found.part.Newest != newest {
			t.Errorf("%s asks for the newest first: %t, want %t", path, !newest, newest)
		}
	}
}

// A search that finds very much is paged through up to a bound; the last page
// that the pager names is there.
func TestTheLastPageOfALongSearchIsThere(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	f.site(t, &page.Site{ID: main, Language: "en", PostsPerPage: 12, UpdatedAt: noon()})
	f.found.ids, f.found.more = []string{id(1)}, 30_000
	if first := f.ask(t, "/search", 0, page.Search{Text: "mur"}); !strings.Contains(string(first.Body), "834") {
		t.Errorf("the pager does not say 834 pages, which 10,000 posts fill")
	}
	for number, want := range map[int]int{834: page.StatusOK, 835: page.StatusNotFound} {
		if p := f.ask(t, "/search", number, page.Search{Text: "mur"}); p.Status != want {
			t.Errorf("page %d of a search that finds 30,001 is %d, want %d", number, p.Status, want)
		}
	}
}
