package press_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/press"
	"github.com/parution/parution/services/render/internal/store"
)

// flush stores the pages that wait.
func (f *fixture) flush(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.keeper.Part().Run(ctx, func() {}); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) isKept(t *testing.T, path string) bool {
	t.Helper()
	r, err := page.Parse(page.Ask{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	_, ok, err := f.store.Kept(t.Context(), main, r.Path, r.Number, f.Edition())
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// keptOf answers which of the paths are stored and not old.
func (f *fixture) keptOf(t *testing.T, paths ...string) []string {
	t.Helper()
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return !f.isKept(t, p) })
}

func TestEveryAddressHasItsAnswer(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		sample(t, f)
		for _, c := range []struct {
			path     string
			number   int
			status   int
			location string
		}{
			{"/", 0, 200, ""},
			{"/", 1, 301, "/"},
			{"/", 3, 301, "/page/3"},
			{"/page/1", 0, 301, "/"},
			{"/page/3", 0, 200, ""},
			{"/page/4", 0, 404, ""},
			{"/page/03", 0, 404, ""},
			{"/page/999999999999999999999", 0, 404, ""},
			{"/page/vieille", 0, 301, "/posts/nouveau-nom"},
			{"/posts/note-1", 0, 200, ""},
			{"/posts/note-1", 2, 301, "/posts/note-1"},
			{"/posts/note-1", -2, 301, "/posts/note-1"},
			{"/", -2, 301, "/"},
			{"/page/2", 3, 301, "/page/2"},
			{"/tags", 2, 301, "/tags"},
			{"/feed.xml", 1, 301, "/feed.xml"},
			{"/feed.xml", 2, 404, ""},
			{"/tags/notes/feed.xml", 1, 301, "/tags/notes/feed.xml"},
			{"/tags/notes/feed.xml", 2, 404, ""},
			{"/tags/Notes/atom.xml", 2, 301, "/tags/notes/atom.xml?page=2"},
			{"/tags/notes", -2, 301, "/tags/notes"},
			{"/posts/inconnu", 2, 301, "/posts/inconnu"},
			{"/posts/nouveau-nom", 0, 200, ""},
			{"/posts/ancien-nom", 0, 301, "/posts/nouveau-nom"},
			{"/2019/05/mon-article.html", 0, 301, "/posts/nouveau-nom"},
			{"/posts/retire", 0, 410, ""},
			{"/posts/inconnu", 0, 404, ""},
			{"/tags", 0, 200, ""},
			{"/tags/notes", 0, 200, ""},
			{"/tags/notes", 1, 301, "/tags/notes"},
			{"/tags/notes", 2, 200, ""},
			{"/tags/notes", 3, 200, ""},
			{"/tags/notes", 4, 404, ""},
			{"/tags/Notes", 0, 301, "/tags/notes"},
			{"/tags/typographie+outils", 0, 301, "/tags/outils+typographie"},
			{"/tags/typographie+outils", 2, 301, "/tags/outils+typographie?page=2"},
			{"/tags/outils+outils", 0, 301, "/tags/outils"},
			{"/tags/notes/page/2", 0, 301, "/tags/notes?page=2"}, // as other programs have it
			{"/tags/Notes/page/1", 0, 301, "/tags/notes"},
			{"/tags/notes/page/0", 0, 404, ""},
			{"/tags/notes/x", 0, 404, ""},
			{"/tags/notes/x", 3, 301, "/tags/notes/x"},
			{"/tags/notes/page/2/feed.xml", 0, 404, ""},
			{"/tags/outils+typographie", 0, 200, ""},
			{"/tags/jardin+typographie", 0, 200, ""}, // none carries both
			{"/tags/inconnu", 0, 404, ""},
			{"/tags/inconnu+notes", 0, 404, ""},
			{"/tags/a+b+c+d+e+f+g+h+i+j+k", 0, 404, ""},
			{"/tags/", 0, 404, ""},
			{"/tags/+", 0, 404, ""},
			{"/feed.xml", 0, 200, ""},
			{"/tags/notes/feed.xml", 0, 200, ""},
			{"/tags/typographie+outils/feed.xml", 0, 301, "/tags/outils+typographie/feed.xml"},
			{"/tags/inconnu/feed.xml", 0, 404, ""},
			{"/atom.xml", 0, 200, ""},
			{"/feed.json", 0, 200, ""},
			{"/tags/notes/feed.json", 0, 200, ""},
			{"/authors/claire-morel", 0, 200, ""},
			{"/authors/claire-morel", 1, 301, "/authors/claire-morel"},
			{"/authors/claire-morel", 2, 404, ""},
			{"/authors/Claire Morel", 2, 301, "/authors/claire-morel?page=2"},
			{"/authors/claire-morel/atom.xml", 0, 200, ""},
			{"/authors/personne", 0, 404, ""},
			{"/authors/personne/feed.xml", 0, 404, ""},
			{"/authors/", 0, 404, ""},
			{"/authors/a/b", 0, 404, ""},
			{"/archive", 0, 200, ""},
			{"/archive", 2, 301, "/archive"},
			{"/archive/2026", 0, 200, ""},
			{"/archive/2026/01", 0, 200, ""},
			{"/archive/2026/1", 0, 301, "/archive/2026/01"},
			{"/archive/2026/1", 2, 301, "/archive/2026/01?page=2"},
			{"/archive/2026/01", 1, 301, "/archive/2026/01"},
			{"/archive/2026/01", 3, 200, ""},
			{"/archive/2026/01", 4, 404, ""},
			{"/archive/2025", 0, 404, ""},
			{"/archive/2026/12", 0, 404, ""},
			{"/archive/2026/13", 0, 404, ""},
			{"/archive/2026/00", 0, 404, ""},
			{"/archive/0000", 0, 404, ""},
			{"/archive/2026/02/30", 0, 404, ""},
			{"/archive/26", 0, 404, ""},
			{"/archive/2019/05", 0, 301, "/posts/nouveau-nom"}, // an old path
			{"/search", 0, 200, ""},
			{"/search", 2, 301, "/search"},
			{"/search/atom.xml", 0, 301, "/atom.xml"},
			{"/sitemap.xml", 0, 200, ""},
			{"/sitemap.xml", 2, 301, "/sitemap.xml"},
			{"/sitemaps/1.xml", 0, 404, ""},
			{"/sitemaps/01.xml", 0, 404, ""},
			{"/robots.txt", 0, 200, ""},
			{"//evil.example", 2, 301, "/evil.example"},
			{"/\\evil.example", 2, 301, "/evil.example"},
			{"/" + strings.Repeat("a", 3000), 0, 404, ""},
			{"/caf\xe9", 0, 404, ""},
			{"/a\x00b", 0, 404, ""},
		} {
			for _, round := range []string{"pressed", "again"} {
				p := f.get(t, main, c.path, c.number)
				if p.Status != c.status || p.Location != c.location {
					t.Errorf("%s: %q page %d = %d to %q, want %d to %q", round, c.path, c.number, p.Status, p.Location, c.status, c.location)
				}
				f.flush(t)
			}
		}
		if _, err := f.Get(t.Context(), "nobody", page.Ask{Path: "/"}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("Get of an unknown site = %v, want NotFound", err)
		}
	})
}

func TestChangeMakesExactlyItsPagesOld(t *testing.T) {
	t.Parallel()
	paths := []string{
		"/", "/page/2", "/page/3", "/posts/note-9", "/posts/note-8", "/posts/note-4", "/posts/note-1", "/posts/nouveau-nom", "/posts/garden-walls",
		"/tags", "/tags/notes", "/tags/outils", "/authors/claire-morel", "/archive", "/archive/2026", "/archive/2026/01", "/archive/2026/02",
		"/feed.xml", "/atom.xml", "/tags/notes/feed.json", "/sitemap.xml", "/posts/retire", "/posts/ancien-nom",
	}
	without := func(drop ...string) []string {
		return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return slices.Contains(drop, p) })
	}
	// Note 9 is on the first page and on its tag's, note 1 on the last ones. It is next
	// to note 8 and the garden walls, and related to note 8 and the one with a new name.
	whole := []string{"/posts/note-9", "/feed.xml", "/atom.xml", "/tags/notes/feed.json"}
	card := append([]string{"/", "/posts/note-8", "/posts/nouveau-nom", "/posts/garden-walls", "/tags/notes", "/archive/2026", "/archive/2026/01", "/posts/retire"}, whole...)
	and := func(list []string, more ...string) []string { return slices.Concat(list, more) }
	for _, c := range []struct {
		name   string
		change func(d *page.Doc)
		left   []string
	}{
		{"nothing", func(*page.Doc) {}, paths},
		{"a version", func(d *page.Doc) { d.Version++ }, paths},
		{"its text", func(d *page.Doc) { d.HTML, d.Hash = "<p>Autre.</p>", "x" }, without(whole...)},
		{"its text, which it tells", func(d *page.Doc) { d.HTML, d.Hash, d.EditedAt = "<p>Autre.</p>", "x", noon() }, without(and(whole, "/sitemap.xml")...)},
		{"its author", func(d *page.Doc) { d.Authors = []page.Label{label("a", "A")} }, without(and(card, "/sitemap.xml")...)},
		{"its author, who wrote another", func(d *page.Doc) { d.Authors = []page.Label{label("claire-morel", "C")} }, without(and(card, "/sitemap.xml", "/authors/claire-morel")...)},
		{"its title", func(d *page.Doc) { d.Title = "Autre" }, without(card...)},
		{"featured", func(d *page.Doc) { d.Featured = true }, without("/")},
		// Note 4 looks six notes far for what is related to it, note 1 does not reach so far.
		{"its date", func(d *page.Doc) { d.PublishedAt = d.PublishedAt.AddDate(0, 0, 1) }, without(and(card, "/page/2", "/page/3", "/posts/note-4", "/sitemap.xml")...)},
		{
			"its month", func(d *page.Doc) { d.PublishedAt = d.PublishedAt.AddDate(0, 1, 0) },
			without(and(card, "/page/2", "/page/3", "/posts/note-4", "/archive", "/archive/2026/02", "/sitemap.xml")...),
		},
		{"an alias", func(d *page.Doc) { d.Aliases = []string{"/vieux"} }, paths},
		{
			"withdrawn", func(d *page.Doc) {
				*d = page.Doc{Card: page.Card{ID: d.ID, Site: d.Site, Slug: d.Slug}, State: page.Gone, Epoch: 1, Version: 2}
			},
			without(and(card, "/page/2", "/page/3", "/posts/note-4", "/archive", "/tags", "/sitemap.xml")...),
		},
		{
			"another tag", func(d *page.Doc) { d.Tags = []page.Label{label("outils", "Outils")} },
			without(and(card, "/posts/note-4", "/tags", "/tags/outils", "/sitemap.xml")...),
		},
		{"how it writes a tag", func(d *page.Doc) { d.Tags = []page.Label{label("notes", "NOTES")} }, without()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := setUp(t, sqldbtest.SQLite(t))
			sample(t, f)
			before := make(map[string]*page.Page)
			for _, p := range paths {
				before[p] = f.get(t, main, p, 0)
			}
			f.flush(t)
			if diff := cmp.Diff(paths, f.keptOf(t, paths...)); diff != "" {
				t.Fatalf("kept before (-want +got):\n%s", diff)
			}
			d := plain(9)
			c.change(d)
			f.save(t, d)
			if diff := cmp.Diff(c.left, f.keptOf(t, paths...)); diff != "" {
				t.Errorf("kept after (-want +got):\n%s", diff)
			}
			for _, p := range c.left {
				if after := f.get(t, main, p, 0); after.ETag != before[p].ETag {
					t.Errorf("ETag of %s changed", p)
				}
			}
		})
	}
}

func TestPagePressedAgainWithTheSameBytesKeepsItsETag(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	before := f.get(t, main, "/", 0)
	f.flush(t)
	f.change(t, main, func(context.Context) (page.Keys, error) { return page.NewKeys(page.KeyPosts), nil })
	if f.isKept(t, "/") {
		t.Fatal("the page is kept though it was touched")
	}
	if after := f.get(t, main, "/", 0); after.ETag != before.ETag {
		t.Errorf("ETag = %s, was %s", after.ETag, before.ETag)
	}
}

func TestPagesOfWhichThereIsNoEndAreNotKept(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	bodies := make(map[string]bool)
	for _, path := range []string{"/rien", "/posts/rien", "/page/77", "/tags/rien"} {
		bodies[string(f.get(t, main, path, 0).Body)] = true
		f.flush(t)
		if f.isKept(t, path) {
			t.Errorf("%s is kept", path)
		}
	}
	if len(bodies) != 1 {
		t.Errorf("there are %d pages that say there is nothing, want 1", len(bodies))
	}
	f.get(t, main, "/tags/outils+typographie", 0)
	f.flush(t)
	if f.isKept(t, "/tags/outils+typographie") {
		t.Error("a combination of tags is kept")
	}
}

// racing changes something after the press has read.
type racing struct {
	*store.Store

	during func()
}

func (r racing) Cards(ctx context.Context, site string, sel page.Selection, size, skip int) ([]page.Card, int, error) {
	cards, total, err := r.Store.Cards(ctx, site, sel, size, skip)
	if !sel.Featured {
		r.during()
	}
	return cards, total, err
}

func TestPageThatRacedWithAChangeIsAnsweredButNotKept(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		sample(t, f)
		deps := f.deps
		deps.Models = racing{Store: f.store, during: func() {
			d := plain(9)
			d.Title = "Nouveau titre"
			f.save(t, d)
		}}
		p, err := press.New(deps).Get(t.Context(), main, page.Ask{Path: "/"})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(p.Body), "Nouveau titre") {
			t.Fatal("the change was not after the read")
		}
		f.flush(t)
		if f.isKept(t, "/") {
			t.Error("the page is kept")
		}
		if !strings.Contains(string(f.get(t, main, "/", 0).Body), "Nouveau titre") {
			t.Error("the next answer is still the old page")
		}
	})
}

func TestOlderPressDoesNotReplaceANewerPage(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		at := store.Address{Site: main, Path: "/", Number: 1}
		for _, clock := range []int64{7, 5} {
			p := page.Kept{Page: page.Page{Status: 200, Body: []byte{byte(clock)}, LastModified: noon()}, Clock: clock, Edition: "e"}
			if err := f.store.Keep(t.Context(), map[store.Address]page.Kept{at: p}); err != nil {
				t.Fatal(err)
			}
		}
		got, ok, err := f.store.Kept(t.Context(), main, "/", 1, "e")
		if err != nil || !ok || got.Body[0] != 7 {
			t.Errorf("Kept = %v, %t, %v; want the page of clock 7", got.Body, ok, err)
		}
	})
}

func TestSitesDoNotMix(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		sample(t, f)
		english(t, f)
		other := plain(80)
		other.Site, other.Slug, other.Title = "notes", "note-9", "Theirs"
		other.Tags = []page.Label{label("notes", "Notes"), label("theirs", "Theirs")}
		f.get(t, main, "/", 0)
		f.get(t, main, "/tags", 0)
		f.flush(t)
		f.save(t, other)
		if kept := f.keptOf(t, "/", "/tags"); len(kept) != 2 {
			t.Errorf("a change of another site left only %v", kept)
		}
		for _, path := range []string{"/", "/tags", "/tags/notes", "/feed.xml", "/posts/note-9"} {
			if strings.Contains(string(f.get(t, main, path, 0).Body), "Theirs") {
				t.Errorf("%s of one site shows a post of another", path)
			}
			if strings.Contains(string(f.get(t, "notes", path, 0).Body), "Note nº") {
				t.Errorf("%s of the other site shows a post of the first", path)
			}
		}
		if p := f.get(t, main, "/tags/theirs", 0); p.Status != page.StatusNotFound {
			t.Errorf("a tag of another site = %d, want 404", p.Status)
		}
	})
}

func TestSlugOfAPostThatIsGoneCanBeAnothers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		sample(t, f)
		if p := f.get(t, main, "/posts/retire", 0); p.Status != page.StatusGone {
			t.Fatalf("status = %d, want 410", p.Status)
		}
		f.flush(t)
		heir := plain(31)
		heir.Slug = "retire"
		f.save(t, heir)
		if p := f.get(t, main, "/posts/retire", 0); p.Status != page.StatusOK {
			t.Errorf("status = %d, want 200", p.Status)
		}
	})
}

func TestTagsThatArriveBeforeTheirPostShowItOnceItIsThere(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		d := plain(1)
		d.Tags = []page.Label{label("tot", "Tôt")}
		f.change(t, main, func(ctx context.Context) (page.Keys, error) {
			return f.saveTags(ctx, d)
		})
		if body := string(f.get(t, main, "/tags/tot", 0).Body); strings.Contains(body, d.Title) {
			t.Fatal("the post is there already")
		}
		f.flush(t)
		f.save(t, d)
		if body := string(f.get(t, main, "/tags/tot", 0).Body); !strings.Contains(body, d.Title) {
			t.Error("the post is not on its tag's page")
		}
	})
}

func TestAnotherEditionMakesEveryPageOld(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		sample(t, f)
		count := func() (n int) {
			t.Helper()
			if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM outbox`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, c := range []struct {
			edition string
			told    int
		}{{"first", 1}, {"first", 1}, {"second", 2}} {
			if err := f.store.Adopt(t.Context(), c.edition); err != nil {
				t.Fatal(err)
			}
			if got := count(); got != c.told {
				t.Errorf("notices after %s = %d, want %d", c.edition, got, c.told)
			}
		}
		f.get(t, main, "/", 0)
		f.flush(t)
		if err := f.store.Adopt(t.Context(), "third"); err != nil {
			t.Fatal(err)
		}
		if f.isKept(t, "/") {
			t.Error("the page is kept")
		}
	})
}

func TestKeeperDropsWhatItCannotHold(t *testing.T) {
	t.Parallel()
	k := press.NewKeeper(nil, telemetry.Discard().Log)
	for range 10_000 {
		k.Keep(main, page.Route{Path: "/"}, page.Kept{}) // would block for ever if it waited
	}
}

// TestAnAddressOutlivesItsOwners: a program may delete a post and write it anew
// under the same address as often as it likes.
func TestAnAddressOutlivesItsOwners(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		sample(t, f)
		var docs []*page.Doc
		for n := 1000; n < 1101; n++ {
			d := withdrawn(n)
			d.Slug = "today"
			docs = append(docs, d)
		}
		d := plain(1101)
		d.Slug = "today"
		f.saveAll(t, append(docs, d))
		if p := f.get(t, main, "/posts/today", 0); p.Status != page.StatusOK {
			t.Errorf("/posts/today = %d, want 200: it is there, although a hundred others were", p.Status)
		}
	})
}
