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
	"github.com/parution/parution/services/render/internal/theme"
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
	r := page.Parse(path, 0)
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
			{"/feed.xml", 2, 301, "/feed.xml"},
			{"/tags/notes/feed.xml", 2, 301, "/tags/notes/feed.xml"},
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
		if _, err := f.Get(t.Context(), "nobody", "/", 0); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("Get of an unknown site = %v, want NotFound", err)
		}
	})
}

func TestChangeMakesExactlyItsPagesOld(t *testing.T) {
	t.Parallel()
	paths := []string{"/", "/page/2", "/page/3", "/posts/note-9", "/posts/note-1", "/tags", "/tags/notes", "/tags/outils", "/feed.xml", "/posts/retire", "/posts/ancien-nom"}
	without := func(drop ...string) []string {
		return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return slices.Contains(drop, p) })
	}
	// Note 9 is on the first page and on its tag's, note 1 on the last ones.
	for _, c := range []struct {
		name   string
		change func(d *page.Doc)
		left   []string
	}{
		{"nothing", func(*page.Doc) {}, paths},
		{"a version", func(d *page.Doc) { d.Version++ }, paths},
		{"its text", func(d *page.Doc) { d.HTML, d.Hash = "<p>Autre.</p>", "x" }, without("/posts/note-9", "/feed.xml")},
		{"its author", func(d *page.Doc) { d.Authors = []page.Label{label("a", "A")} }, without("/posts/note-9", "/feed.xml")},
		{"its title", func(d *page.Doc) { d.Title = "Autre" }, without("/", "/posts/note-9", "/tags/notes", "/feed.xml")},
		{"featured", func(d *page.Doc) { d.Featured = true }, without("/")},
		{"its date", func(d *page.Doc) { d.PublishedAt = d.PublishedAt.AddDate(0, 0, 1) }, without("/", "/page/2", "/page/3", "/posts/note-9", "/tags/notes", "/feed.xml")},
		{"an alias", func(d *page.Doc) { d.Aliases = []string{"/vieux"} }, paths},
		{
			"withdrawn", func(d *page.Doc) {
				*d = page.Doc{Card: page.Card{ID: d.ID, Site: d.Site, Slug: d.Slug}, State: page.Gone, Epoch: 1, Version: 2}
			},
			without("/", "/page/2", "/page/3", "/posts/note-9", "/tags", "/tags/notes", "/feed.xml"),
		},
		{"another tag", func(d *page.Doc) { d.Tags = []page.Label{label("outils", "Outils")} }, without("/", "/posts/note-9", "/tags", "/tags/notes", "/tags/outils", "/feed.xml")},
		{"how it writes a tag", func(d *page.Doc) { d.Tags = []page.Label{label("notes", "NOTES")} }, without("/", "/posts/note-9", "/tags/notes", "/feed.xml")},
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
		th, err := theme.New()
		if err != nil {
			t.Fatal(err)
		}
		r := racing{Store: f.store, during: func() {
			d := plain(9)
			d.Title = "Nouveau titre"
			f.save(t, d)
		}}
		p, err := press.New(r, f.store, f.keeper, th, "http://localhost:8080").Get(t.Context(), main, "/", 0)
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
