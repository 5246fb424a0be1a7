package press_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

// told is a tag of the sample as the tags service tells of it.
func told(slug, name string, more ...func(*page.Tag)) page.Tag {
	t := page.Tag{ID: slug, Site: main, Slug: slug, Name: name}
	for _, change := range more {
		change(&t)
	}
	return t
}

func renamed(slug, name string) func(*page.Tag) {
	return func(t *page.Tag) { t.Former, t.Slug, t.Name = []string{t.Slug}, slug, name }
}

// withTags is the sample with the tags that it has told of: typographie stands below outils.
func withTags(t *testing.T, f *fixture) {
	t.Helper()
	sample(t, f)
	for _, tag := range []page.Tag{
		told("notes", "Notes"), told("jardin", "Jardin"), told("outils", "Outils"),
		told("typographie", "Typographie", func(t *page.Tag) { t.Parent = "outils" }),
	} {
		f.tag(t, tag)
	}
}

// sampled are the pages of the sample.
func sampled() []string {
	paths := []string{
		"/", "/page/2", "/page/3", "/tags", "/tags/notes", "/tags/outils", "/tags/jardin", "/tags/typographie", "/authors/claire-morel",
		"/archive", "/archive/2026", "/archive/2026/01", "/archive/2026/02", "/feed.xml", "/atom.xml", "/feed.json", "/tags/notes/feed.json",
		"/tags/outils/feed.xml", "/tags/jardin/atom.xml", "/tags/typographie/feed.xml", "/sitemap.xml", "/posts/la-casse", "/posts/garden-walls", "/posts/nouveau-nom",
	}
	for n := 1; n <= 9; n++ {
		paths = append(paths, plain(n).Path())
	}
	return paths
}

// What is done to a tag as a whole makes exactly those pages old that show it: they
// are found by what is on them, not by what they say that they depend on.
func TestATagTouchesThePagesThatShowItAndNothingElse(t *testing.T) {
	t.Parallel()
	// These lead on to a post with the tag; a theme can show what it carries.
	around := []string{"/posts/note-9", "/posts/nouveau-nom"}
	for _, c := range []struct {
		does string
		tag  page.Tag
		// shown is on the pages that change; beside are pages that change too.
		shown  []string
		beside []string
	}{
		{
			"renamed", told("outils", "Outils", renamed("instruments", "Instruments")),
			[]string{"/tags/outils", ">Outils<", "<category>Outils</category>", `"Outils"`},
			around,
		},
		{"written otherwise", told("jardin", "Jardins"), []string{">Jardin ", ">Jardin<", `term="Jardin"`, `"Jardin"`}, append([]string{"/sitemap.xml"}, around...)},
		{"described", told("outils", "Outils", func(t *page.Tag) { t.Description, t.Summary = "<p>De travail.</p>", "De travail." }), nil, []string{"/tags/outils"}},
		{"described as before", told("outils", "Outils"), nil, nil},
		{
			"coloured", told("typographie", "Typographie", func(t *page.Tag) { t.Parent, t.Colour = "outils", "#a01b2c" }), nil,
			[]string{"/", "/tags", "/sitemap.xml", "/tags/typographie", "/tags/outils"},
		},
		{
			"moved from below", told("typographie", "Typographie"), nil,
			[]string{"/", "/tags", "/sitemap.xml", "/tags/typographie", "/tags/outils"},
		},
	} {
		t.Run(c.does, func(t *testing.T) {
			t.Parallel()
			f := setUp(t, sqldbtest.SQLite(t))
			withTags(t, f)
			want := slices.Clone(c.beside)
			for _, path := range sampled() {
				body := string(f.get(t, main, path, 0).Body)
				if slices.ContainsFunc(c.shown, func(text string) bool { return strings.Contains(body, text) }) && !slices.Contains(want, path) {
					want = append(want, path)
				}
			}
			f.flush(t)
			for _, path := range f.keptOf(t, sampled()...) {
				if !slices.Contains(sampled(), path) {
					t.Fatalf("%s is kept", path)
				}
			}
			before := f.keptOf(t, sampled()...)
			f.tag(t, c.tag)
			after := f.keptOf(t, sampled()...)
			var old []string
			for _, path := range before {
				if !slices.Contains(after, path) {
					old = append(old, path)
				}
			}
			slices.Sort(want)
			slices.Sort(old)
			if diff := cmp.Diff(want, old); diff != "" {
				t.Errorf("of %d pages these are old (-those that show it +old):\n%s", len(before), diff)
			}
			t.Logf("of %d pages %d are old", len(before), len(old))
		})
	}
}

func TestFormerAddressesOfTagsLeadOn(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		withTags(t, f)
		leads := func(when string, want map[string]string) {
			t.Helper()
			for path, to := range want {
				for _, round := range []string{"pressed", "kept"} {
					p := f.get(t, main, path, 0)
					if p.Location != to || (to != "") != (p.Status == page.StatusMoved) {
						t.Errorf("%s, %s: %s is %d and leads to %q, want %q", when, round, path, p.Status, p.Location, to)
					}
					f.flush(t)
				}
			}
		}
		leads("at first", map[string]string{"/tags/outils": "", "/tags/instruments": "", "/tags/outils+typographie": ""})
		f.tag(t, told("outils", "Outils", renamed("instruments", "Instruments")))
		leads("renamed", map[string]string{
			"/tags/outils": "/tags/instruments", "/tags/instruments": "", "/tags/outils+typographie": "/tags/instruments+typographie",
			"/tags/outils/feed.xml": "/tags/instruments/feed.xml", "/tags/outils+typographie/feed.json": "/tags/instruments+typographie/feed.json",
			"/tags/unknown": "", "/tags/outils+unknown": "/tags/instruments+unknown",
		})
		search := f.ask(t, "/search", 2, page.Search{Text: "mur", Tags: []string{"outils"}, Without: []string{"jardin"}, Any: []string{"outils"}})
		if want := "/search?any=instruments&not=jardin&page=2&q=mur&tag=instruments"; search.Location != want {
			t.Errorf("a search by a former slug leads to %q, want %q", search.Location, want)
		}
		feed := f.ask(t, "/search/atom.xml", 0, page.Search{Tags: []string{"outils"}})
		if want := "/search/atom.xml?tag=instruments"; feed.Location != want {
			t.Errorf("a feed of a search by a former slug leads to %q, want %q", feed.Location, want)
		}
		// The other takes its place: it is gone, with its former slugs.
		f.tag(t, page.Tag{ID: "outils", Site: main, Former: []string{"instruments", "outils"}, MovedTo: "typographie"})
		leads("merged", map[string]string{
			"/tags/outils": "/tags/typographie", "/tags/instruments": "/tags/typographie", "/tags/instruments+typographie": "/tags/typographie",
			"/tags/outils/feed.xml": "/tags/typographie/feed.xml", "/tags/typographie": "",
		})
		if body := string(f.get(t, main, "/posts/garden-walls", 0).Body); strings.Contains(body, "Instruments") || !strings.Contains(body, `href="/tags/typographie"`) {
			t.Error("a post with a merged tag does not show the one that took its place")
		}
		f.tag(t, told("typographie", "Typo", renamed("typo", "Typo")))
		leads("and that one renamed", map[string]string{"/tags/outils": "/tags/typo", "/tags/typographie": "/tags/typo", "/tags/typo": ""})
		f.tag(t, told("outils", "Outils", func(t *page.Tag) { t.Former = []string{"instruments"} }))
		leads("undone", map[string]string{"/tags/outils": "", "/tags/instruments": "/tags/outils"})
		if p := f.get(t, main, "/tags/outils", 0); p.Status != page.StatusOK {
			t.Errorf("a tag that came back is %d", p.Status)
		}
	})
}

// A tag that is not for readers is on no page, in no feed, no data and no map.
func TestInternalTagsAreNowhere(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		withTags(t, f)
		for _, path := range sampled() {
			f.get(t, main, path, 0)
		}
		f.flush(t)
		f.tag(t, told("outils", "Outils", func(t *page.Tag) { t.Internal = true }))
		for _, path := range sampled() {
			p := f.get(t, main, path, 0)
			if body := strings.ToLower(string(p.Body)); strings.Contains(body, ">outils<") || strings.Contains(body, "/tags/outils") || strings.Contains(body, `"outils"`) {
				t.Errorf("%s shows a tag that readers do not see", path)
			}
			if strings.HasPrefix(path, "/tags/outils") && p.Status != page.StatusNotFound {
				t.Errorf("%s is %d, want 404", path, p.Status)
			}
		}
	})
}

func TestTagsAreCalledAsTheLanguageCallsThem(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		withTags(t, f)
		f.tag(t, told("jardin", "Jardin", func(t *page.Tag) { t.Names = map[string]string{"en": "Garden"} }))
		f.tag(t, told("outils", "Tools", func(t *page.Tag) { t.Names = map[string]string{"fr": "Outils de travail"} }))
		counted := []page.Tagged{{Label: label("outils", "Tools"), Count: 1}, {Label: label("nouveau", "Nouveau"), Count: 1}} // as the index calls them
		f.found.beside = map[string][]page.Tagged{"jardin": counted}
		f.found.ids, f.found.more, f.found.facets = []string{id(1)}, 1, counted
		found := string(f.ask(t, "/search", 0, page.Search{Text: "mur"}).Body)
		for _, text := range []string{">Outils de travail <", ">Nouveau <"} {
			for path, body := range map[string]string{"/tags/jardin": string(f.get(t, main, "/tags/jardin", 0).Body), "/search": found} {
				if !strings.Contains(body, text) {
					t.Errorf("%s does not show %q to go on by", path, text)
				}
			}
		}
		for path, want := range map[string][]string{
			"/posts/garden-walls": {">Garden<", ">Tools<"}, // an English post
			"/tags/jardin":        {"Jardin</h1>"},         // of a French site
			"/tags/outils":        {"Outils de travail</h1>"},
			"/tags":               {"Jardin ", "Outils de travail "},
		} {
			body := string(f.get(t, main, path, 0).Body)
			for _, text := range want {
				if !strings.Contains(body, text) {
					t.Errorf("%s does not show %q", path, text)
				}
			}
		}
	})
}

// What is done to a tag and taken back before the entries of its posts have followed
// changes none of them: the pages that were made in between know all the same.
func TestWhatIsTakenBackAtOnceIsSeen(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		withTags(t, f)
		paths := []string{"/", "/posts/garden-walls", "/archive/2026/01", "/tags/outils", "/tags/jardin"}
		before := make(map[string]string)
		for _, path := range paths {
			before[path] = string(f.get(t, main, path, 0).Body)
		}
		for name, steps := range map[string][]page.Tag{
			"hidden": {told("jardin", "Jardin", func(t *page.Tag) { t.Internal = true })},
			"merged": {told("jardin", "Jardin", func(t *page.Tag) { t.MovedTo = "outils" })},
			"merged into one that is hidden, then into another": {
				told("notes", "Notes", func(t *page.Tag) { t.Internal = true }),
				told("jardin", "Jardin", func(t *page.Tag) { t.MovedTo = "notes" }),
				told("jardin", "Jardin", func(t *page.Tag) { t.MovedTo = "outils" }),
			},
		} {
			for _, step := range append(steps, told("notes", "Notes"), told("jardin", "Jardin")) {
				f.tag(t, step)
				for _, path := range paths {
					f.get(t, main, path, 0)
				}
				f.flush(t)
			}
			for _, path := range paths {
				if diff := cmp.Diff(before[path], string(f.get(t, main, path, 0).Body)); diff != "" {
					t.Errorf("%s, and taken back: %s (-before +after):\n%s", name, path, diff)
				}
			}
		}
	})
}

func TestATagsPageShowsItsPlaceAndWhatToCombineItWith(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	withTags(t, f)
	f.tag(t, told("typographie", "Typographie", func(t *page.Tag) {
		t.Parent, t.Description, t.Image = "outils", "<p>Ce que dit le plomb.</p>", "/media/plomb.svg"
	}))
	f.found.beside = map[string][]page.Tagged{"typographie": {{Label: label("jardin", "Jardin"), Count: 1}}}
	shows := func(path string, want ...string) {
		t.Helper()
		p := f.get(t, main, path, 0)
		for _, text := range want {
			if !strings.Contains(string(p.Body), text) {
				t.Errorf("%s does not show %s", path, text)
			}
		}
	}
	shows("/tags/typographie", "<p>Ce que dit le plomb.</p>", `src="/media/plomb.svg"`, `href="/tags/outils"`, `href="/tags/jardin&#43;typographie"`, `href="/search?not=jardin&amp;tag=typographie"`)
	f.found.beside["outils"] = []page.Tagged{{Label: label("typographie", "Typographie"), Count: 1}, {Label: label("jardin", "Jardin"), Count: 1}}
	shows("/tags/outils", `href="/tags/typographie"`, `href="/tags/jardin&#43;outils"`)
	if strings.Contains(string(f.get(t, main, "/tags/outils", 0).Body), "outils&#43;typographie") {
		t.Error("a tag below another is also shown to combine it with: that would be the same posts")
	}
	shows("/tags", `href="/tags/typographie"`)
	f.flush(t)
	// Nobody can say now: the page is there without, and nobody keeps it.
	f.found.beside = nil
	if p := f.get(t, main, "/tags/typographie", 0); p.Fleeting || !strings.Contains(string(p.Body), "jardin&#43;typographie") {
		t.Error("a page that is kept forgot what to combine its tag with")
	}
	if p := f.get(t, main, "/tags/jardin", 0); p.Status != page.StatusOK || !p.Fleeting {
		t.Errorf("a page that is made while nobody answers is %d, fleeting: %t", p.Status, p.Fleeting)
	}
	f.flush(t)
	if kept := f.keptOf(t, "/tags/jardin"); len(kept) > 0 {
		t.Error("a page without what is missing is kept")
	}
}

func TestRelatedPostsAreFoundByWordsToo(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		words := map[string][]string{id(1): {"linotype", "plomb"}, id(30): {"linotype", "encre"}}
		f.entryFor = func(d *page.Doc) page.Entry {
			e := entryOf(d)
			e.Keywords = words[d.ID]
			return e
		}
		var docs []*page.Doc
		for n := 1; n <= 30; n++ {
			d := plain(n)
			d.Tags = nil
			docs = append(docs, d)
		}
		f.saveAll(t, docs)
		related := func() bool { return shown(f.get(t, main, "/posts/note-1", 0))[id(30)] }
		if !related() {
			t.Fatal("a post is not related to one with the same rare word")
		}
		f.flush(t)
		words[id(30)] = []string{"encre"}
		f.entry(t, f.entryFor(docs[29]))
		if related() {
			t.Error("a post is related to one that lost the word")
		}
		f.flush(t)
		words[id(30)] = []string{"plomb"}
		f.entry(t, f.entryFor(docs[29]))
		if !related() {
			t.Error("a post is not related to one that got a word")
		}
	})
}
