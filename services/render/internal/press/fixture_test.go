package press_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/press"
	"github.com/parution/parution/services/render/internal/store"
	"github.com/parution/parution/services/render/internal/theme"
)

const main = "main"

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// fixture is a press over a store that a test fills.
type fixture struct {
	*press.Press

	db     *sqldb.DB
	store  *store.Store
	keeper *press.Keeper
	deps   press.Deps
	found  *found
	// now is the time of day, in seconds.
	now *atomic.Int64
	// entryFor is what the tags service says of a post.
	entryFor func(*page.Doc) page.Entry
}

// found stands for the index: what it finds, whatever is asked, and what was.
type found struct {
	ids    []string
	facets []page.Tagged
	err    error
	asked  page.Search
	part   page.Part
	// more is how many are found beside ids, of which nobody asks.
	more int
	// also is all else that is found.
	also page.Found
	// beside is what Facets answers, by the tags with "+"; nil: nobody can say.
	beside map[string][]page.Tagged
}

// Find answers as tags does.
func (f *found) Find(_ context.Context, _ string, s page.Search, part page.Part) (page.Found, error) {
	f.asked, f.part = s, part
	n := len(f.ids)
	out := f.also
	out.IDs, out.Total, out.Facets = f.ids[min(part.Skip, n):min(part.Skip+part.Size, n)], n+f.more, f.facets
	return out, f.err
}

// Facets answers as tags does.
func (f *found) Facets(_ context.Context, _ string, tags []string) ([]page.Tagged, bool) {
	return f.beside[strings.Join(tags, "+")], f.beside != nil
}

func setUp(t testing.TB, db *sqldb.DB) *fixture {
	t.Helper()
	if err := db.Migrate(t.Context(), outbox.Migrations(), store.Migrations()); err != nil {
		t.Fatal(err)
	}
	themes, err := theme.NewLibrary("", telemetry.Discard().Log)
	if err != nil {
		t.Fatal(err)
	}
	var clock atomic.Int64
	clock.Store(noon().Unix())
	st := store.New(db, outbox.New(db, "render"), func() time.Time { return time.Unix(clock.Load(), 0) })
	keeper := press.NewKeeper(st, telemetry.Discard().Log)
	f := &fixture{db: db, store: st, keeper: keeper, found: &found{beside: make(map[string][]page.Tagged)}, now: &clock, entryFor: entryOf}
	f.deps = press.Deps{Models: st, Shelf: st, Keeper: keeper, Themes: themes, Finder: f.found, BaseURL: "http://localhost:8080"}
	f.Press = press.New(f.deps)
	f.site(t, &page.Site{
		ID: main, Title: "Le Carnet", Description: "Notes sur l’imprimé, les jardins et les villes.", Language: "fr",
		TimeZone: "Europe/Paris", BaseURL: "https://carnet.example", PostsPerPage: 4, UpdatedAt: noon(),
		Links: []page.Link{{Name: "Mastodon", URL: "https://social.example/@carnet"}, {Name: "Courriel", URL: "mailto:bonjour@carnet.example"}},
	})
	return f
}

// change runs fn as a refresh does and touches what it returns.
func (f *fixture) change(t testing.TB, site string, fn func(ctx context.Context) (page.Keys, error)) {
	t.Helper()
	err := f.store.InTx(t.Context(), func(ctx context.Context, _ *sql.Tx) error {
		clock, err := f.store.Move(ctx)
		if err != nil {
			return err
		}
		keys, err := fn(ctx)
		if err != nil {
			return err
		}
		return f.store.Touch(ctx, site, keys, clock)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) site(t testing.TB, s *page.Site) {
	t.Helper()
	f.change(t, s.ID, func(ctx context.Context) (page.Keys, error) {
		return page.NewKeys(page.KeySite), f.store.SaveSite(ctx, s)
	})
}

// save writes a post and, like the two services do, its tags.
func (f *fixture) save(t testing.TB, d *page.Doc) {
	t.Helper()
	f.change(t, d.Site, func(ctx context.Context) (page.Keys, error) {
		known, err := f.store.Outlines(ctx, []string{d.ID})
		if err != nil {
			return nil, err
		}
		keys := page.Touched(known[d.ID], d, paris(t))
		tags, err := f.store.SaveDocs(ctx, []store.DocChange{{Old: known[d.ID], Now: d}})
		for _, k := range tags {
			keys.Merge(k)
		}
		return keys, err
	})
	f.change(t, d.Site, func(ctx context.Context) (page.Keys, error) {
		return f.saveTags(ctx, d)
	})
}

func (f *fixture) saveTags(ctx context.Context, d *page.Doc) (page.Keys, error) {
	tags, err := f.store.SaveEntries(ctx, []page.Entry{f.entryFor(d)})
	keys := make(page.Keys)
	for _, k := range tags {
		keys.Merge(k)
	}
	return keys, err
}

// entryOf is what the tags service says of a post that carries its tags; their ids
// are their slugs.
func entryOf(d *page.Doc) page.Entry {
	e := page.Entry{PostID: d.ID, Site: d.Site}
	for _, l := range d.Tags {
		e.Tags = append(e.Tags, page.EntryTag{Label: l, ID: l.Slug})
	}
	return e
}

// entry has the tags service say something of a post.
func (f *fixture) entry(t testing.TB, e page.Entry) {
	t.Helper()
	f.change(t, e.Site, func(ctx context.Context) (page.Keys, error) {
		return merged(make(page.Keys))(f.store.SaveEntries(ctx, []page.Entry{e}))
	})
}

// tag has the tags service tell of a tag.
func (f *fixture) tag(t testing.TB, tag page.Tag) {
	t.Helper()
	f.change(t, tag.Site, func(ctx context.Context) (page.Keys, error) {
		return merged(make(page.Keys))(f.store.SaveTags(ctx, []page.Tag{tag}))
	})
}

func (f *fixture) get(t testing.TB, site, path string, number int) *page.Page {
	t.Helper()
	p, err := f.Get(t.Context(), site, page.Ask{Path: path, Number: number})
	if err != nil {
		t.Fatalf("Get(%s, %s, %d): %v", site, path, number, err)
	}
	return p
}

// paris is the time zone of the site.
func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// id is the n-th post's.
func id(n int) string { return fmt.Sprintf("0190a000-0000-7000-8000-%012d", n) }

func label(slug, name string) page.Label { return page.Label{Slug: slug, Name: name} }

// plain is a public post of little text, one day younger for each n.
func plain(n int) *page.Doc {
	at := noon().AddDate(0, 0, n-60)
	return &page.Doc{
		Card: page.Card{
			ID: id(n), Site: main, Slug: fmt.Sprintf("note-%d", n), Title: fmt.Sprintf("Note nº %d", n), Language: "fr",
			Excerpt: fmt.Sprintf("Ce que dit la note nº %d, en peu de mots.", n), PublishedAt: at, UpdatedAt: at, Minutes: 1,
			Tags: []page.Label{label("notes", "Notes")},
		},
		Epoch: 1, Version: 1, State: page.Public, Words: 120, HTML: fmt.Sprintf("<p>Texte de la note %d.</p>", n), Hash: fmt.Sprint(n),
	}
}

// long is a post with everything that a text can have.
func long(t testing.TB) *page.Doc {
	t.Helper()
	body, err := os.ReadFile("testdata/long.html")
	if err != nil {
		t.Fatal(err)
	}
	d := plain(50)
	d.Slug, d.Title = "la-casse", "La casse & le composteur : « petite » histoire d’un <geste>"
	d.Excerpt, d.Standfirst = "Avant l’écran il y avait un tiroir, et dans ce tiroir cent vingt cases.", true
	d.Image, d.ImageAlt, d.Cover = "/media/casse.svg", "Un tiroir de caractères de plomb", true
	d.Tags = []page.Label{label("typographie", "Typographie"), label("outils", "Outils")}
	d.Authors = []page.Label{label("claire-morel", "Claire Morel"), label("ines-roy", "Inès Roy")}
	d.Featured, d.Minutes, d.Words, d.HTML = true, 7, 1400, string(body)
	d.Contents = []page.Heading{
		{Level: 2, ID: "user-le-tiroir", Text: "Le tiroir", Children: []page.Heading{{Level: 3, ID: "user-haut-de-casse", Text: "Haut de casse"}}},
		{Level: 2, ID: "user-le-geste", Text: "Le geste"},
		{Level: 2, ID: "user-ce-qui-reste", Text: "Ce qui reste"},
	}
	return d
}

// sample fills a site like one that readers see.
func sample(t testing.TB, f *fixture) {
	t.Helper()
	for n := 1; n <= 9; n++ {
		f.save(t, plain(n))
	}
	abroad := plain(40)
	abroad.Slug, abroad.Title, abroad.Language = "garden-walls", "Garden walls, and who builds them", "en"
	abroad.Excerpt = "A wall keeps the wind out and the warmth in. It also keeps a record."
	abroad.Image, abroad.Featured, abroad.Minutes = "/media/wall.svg", true, 4
	abroad.Tags = []page.Label{label("jardin", "Jardin"), label("outils", "Outils")}
	abroad.HTML = "<p>A wall keeps the wind out.</p>"
	f.save(t, abroad)
	f.save(t, long(t))
	gone := plain(30)
	gone.State, gone.Slug, gone.Tags = page.Gone, "retire", nil
	f.save(t, gone)
	renamed := plain(45)
	renamed.Slug, renamed.Former, renamed.Aliases = "nouveau-nom", []string{"ancien-nom"}, []string{"/2019/05/mon-article.html", "/page/vieille/", "/archive/2019/05"}
	renamed.Image = "/media/feuille.svg"
	f.save(t, renamed)
}
