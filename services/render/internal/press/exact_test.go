package press_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/press"
	"github.com/parution/parution/services/render/internal/store"
)

// forgetful is a store that has no page.
type forgetful struct{ *store.Store }

// Kept answers that there is none.
func (forgetful) Kept(context.Context, string, string, int, string) (page.Page, bool, error) {
	return page.Page{}, false, nil
}

// counting answers which tags posts have beside others as an index does that is up to
// date: it counts them anew each time.
type counting struct {
	*found

	db *sqldb.DB
}

const visibleSubjects = `FROM doc_subject AS s JOIN tag AS t ON t.id = s.subject
 WHERE s.site = 'main' AND s.listed = true AND t.internal = false AND t.moved_to = '' AND `

// Facets counts.
func (c counting) Facets(ctx context.Context, _ string, tags []string) ([]page.Tagged, bool) {
	of := fmt.Sprintf(`SELECT s.post_id %s t.slug IN ('%s') GROUP BY s.post_id HAVING count(*) = %d`, visibleSubjects, strings.Join(tags, "', '"), len(tags))
	query := fmt.Sprintf(`SELECT t.id, t.slug, t.name, count(*) %s s.post_id IN (%s) GROUP BY t.id, t.slug, t.name
 HAVING count(*) < (SELECT count(*) FROM (%s) AS found) ORDER BY count(*) DESC, t.slug`, visibleSubjects, of, of)
	rows, err := c.db.Conn(ctx).QueryContext(ctx, query)
	if err != nil {
		panic(err)
	}
	defer func() { _ = rows.Close() }()
	var out []page.Tagged
	for rows.Next() {
		var t page.Tagged
		if err := rows.Scan(&t.ID, &t.Slug, &t.Name, &t.Count); err != nil {
			panic(err)
		}
		out = append(out, t)
	}
	return out, rows.Err() == nil
}

// variedDoc is the n-th post in some state, with some authors, tags and
// translations, published in one of a few months.
func variedDoc(r *rand.Rand, n int) *page.Doc {
	if r.IntN(5) == 0 {
		return withdrawn(n)
	}
	d := plain(n)
	d.PublishedAt = noon().AddDate(0, -r.IntN(4), -r.IntN(20))
	d.UpdatedAt = d.PublishedAt
	d.Title = fmt.Sprintf("Note nº %d, la %d", n, r.IntN(3))
	d.Language = []string{"fr", "en"}[r.IntN(2)]
	d.Featured = r.IntN(3) == 0
	d.Tags, d.Authors = nil, nil
	for _, name := range []string{"Jardin", "Outils", "Villes", "Rares"} {
		if r.IntN(3) == 0 {
			d.Tags = append(d.Tags, label(string(name[0]|0x20)+name[1:], name))
		}
	}
	for _, name := range []string{"Ada", "ADA", "Bob"} {
		if r.IntN(3) == 0 && !slices.ContainsFunc(d.Authors, func(l page.Label) bool { return l.Slug == "ada" }) {
			slug := map[string]string{"Ada": "ada", "ADA": "ada", "Bob": "bob"}[name]
			d.Authors = append(d.Authors, label(slug, name))
		}
	}
	if r.IntN(2) == 0 {
		d.TranslationKey = fmt.Sprint("k", r.IntN(3))
	}
	return d
}

// variedEntry is what the tags service says of a post that carries its tags, is
// about some words, and is found under the tags above its own.
func variedEntry(r *rand.Rand) func(*page.Doc) page.Entry {
	return func(d *page.Doc) page.Entry {
		e := entryOf(d)
		if d.State != page.Public {
			return e
		}
		for _, name := range []string{"villes", "rares"} {
			if r.IntN(4) == 0 && !slices.ContainsFunc(e.Tags, func(t page.EntryTag) bool { return t.ID == name }) {
				e.Tags = append(e.Tags, page.EntryTag{Label: label(name, name), ID: name, Inherited: true})
			}
		}
		for _, word := range []string{"plomb", "encre", "casse"} {
			if r.IntN(3) == 0 {
				e.Keywords = append(e.Keywords, word)
			}
		}
		return e
	}
}

// variedTag is some state of a tag whose id is its first slug.
func variedTag(r *rand.Rand, id string) page.Tag {
	others := []string{"", "jardin", "outils", "villes", "rares", "villes-neuves"}
	t := page.Tag{
		ID: id, Site: main, Slug: id, Name: fmt.Sprint(id, " ", r.IntN(2)), Summary: fmt.Sprint("Dit ", r.IntN(2)),
		Colour: []string{"", "#a01b2c"}[r.IntN(2)], Parent: others[r.IntN(len(others))], Internal: r.IntN(6) == 0,
	}
	t.Description = "<p>" + t.Summary + "</p>"
	if r.IntN(2) == 0 {
		t.Slug, t.Former = id+"-neuves", []string{id}
	}
	if r.IntN(2) == 0 {
		t.Names = map[string]string{"en": fmt.Sprint("the ", id, " ", r.IntN(2))}
	}
	if r.IntN(6) == 0 {
		t.MovedTo = others[1+r.IntN(4)]
		if t.MovedTo == id {
			t.MovedTo = ""
		}
	}
	return t
}

// Whatever changes, the pages that are kept show what pages made anew show: each
// change touched all that depends on it.
func TestKeptPagesShowWhatIsThere(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		deps := f.deps
		deps.Finder = counting{f.found, db}
		f.Press = press.New(deps)
		deps.Shelf = forgetful{f.store}
		anew := press.New(deps)
		const posts = 18
		paths := []string{"/", "/page/2", "/page/3", "/tags", "/tags/jardin", "/tags/outils", "/tags/rares", "/tags/villes", "/tags/villes-neuves", "/tags/jardin-neuves", "/tags/rares-neuves", "/tags/outils/feed.xml", "/tags/rares-neuves/feed.json", "/tags/jardin+outils", "/tags/outils+villes", "/tags/outils+rares-neuves", "/opensearch.xml", "/search", "/authors/ada", "/authors/bob", "/archive", "/archive/2025", "/archive/2026", "/archive/2025/12", "/archive/2026/01", "/archive/2026/02", "/feed.xml", "/authors/ada/atom.xml", "/sitemap.xml", "/nowhere"}
		for n := range posts {
			paths = append(paths, fmt.Sprintf("/posts/note-%d", n+1))
		}
		kept := 0
		for seed := range uint64(3) {
			r := rand.New(rand.NewPCG(seed, 7))
			f.entryFor = variedEntry(r)
			known := make(map[int]*page.Doc)
			for range 12 {
				for _, id := range []string{"jardin", "outils", "villes", "rares"} {
					if r.IntN(4) == 0 {
						f.tag(t, variedTag(r, id))
					}
				}
				var docs []*page.Doc
				for _, n := range r.Perm(posts)[:1+r.IntN(3)] {
					known[n] = variedDoc(r, n+1)
					docs = append(docs, known[n])
				}
				f.saveAll(t, docs)
				// Another taxonomy, or an author who changes nothing but tags.
				if d := known[r.IntN(posts)]; d != nil && d.State == page.Public {
					d.Tags = variedDoc(r, 1).Tags
					f.entry(t, f.entryFor(d))
				}
				kept += len(f.keptOf(t, paths...))
				for _, path := range paths {
					got := f.get(t, main, path, 0)
					want, err := anew.Get(t.Context(), main, page.Ask{Path: path})
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(string(want.Body), string(got.Body)); diff != "" || got.Status != want.Status || got.Location != want.Location {
						t.Fatalf("seed %d: %s is kept as %d, should be %d (-anew +kept):\n%s", seed, path, got.Status, want.Status, diff)
					}
				}
				f.flush(t)
			}
		}
		if kept == 0 {
			t.Error("no page was ever kept")
		}
	})
}

// filled has a site of many posts, each with two of 500 tags and one of 50
// authors, published every two hours, with 50 on a page.
func filled(t *testing.T, posts int) *fixture {
	t.Helper()
	f := setUp(t, sqldbtest.SQLite(t))
	f.site(t, &page.Site{ID: main, Title: "Le Carnet", Language: "fr", TimeZone: "Europe/Paris", BaseURL: "https://carnet.example", PostsPerPage: 50, UpdatedAt: noon()})
	for n := 1; n <= posts; n += 500 {
		var docs []*page.Doc
		for i := n; i < n+500; i++ {
			docs = append(docs, ofMany(i))
		}
		f.saveAll(t, docs)
	}
	return f
}

func ofMany(n int) *page.Doc {
	d := plain(n)
	d.PublishedAt = noon().Add(time.Duration(n-10_000) * 2 * time.Hour)
	d.UpdatedAt = d.PublishedAt
	d.Tags = nil
	for _, t := range []int{n % 500, n * 7 % 499} {
		d.Tags = append(d.Tags, label(fmt.Sprintf("t%d", t), fmt.Sprintf("T%d", t)))
	}
	d.Authors = []page.Label{label(fmt.Sprintf("a%d", n%50), fmt.Sprintf("A%d", n%50))}
	return d
}

// everyPage lists the addresses of a site of filled.
func everyPage(posts int) []string {
	paths := []string{"/", "/tags", "/archive", "/feed.xml", "/atom.xml", "/feed.json", "/sitemap.xml", "/robots.txt", "/search"}
	for n := 2; n <= posts/50; n++ {
		paths = append(paths, fmt.Sprintf("/page/%d", n))
	}
	for n := range 500 {
		paths = append(paths, fmt.Sprintf("/tags/t%d", n))
	}
	for n := range 50 {
		paths = append(paths, fmt.Sprintf("/authors/a%d", n), fmt.Sprintf("/authors/a%d/feed.xml", n))
	}
	for year := 2023; year <= 2026; year++ {
		paths = append(paths, fmt.Sprintf("/archive/%d", year))
		for month := 1; month <= 12; month++ {
			paths = append(paths, fmt.Sprintf("/archive/%d/%02d", year, month))
		}
	}
	for n := 1; n <= posts; n++ {
		paths = append(paths, fmt.Sprintf("/posts/note-%d", n))
	}
	return paths
}

// Of a site with 10,000 posts an edit of one makes exactly those pages old that
// show what was edited. All pages are asked for: which of them show the post is
// what they say, and what they depend on is told with them.
func TestAnEditOfOnePostOfManyMakesOnlyThePagesOldThatShowIt(t *testing.T) {
	t.Parallel()
	const posts, edited = 10_000, 9_991
	f := filled(t, posts)
	own := fmt.Sprintf("/posts/note-%d", edited)
	keys := make(map[string][]string)
	var cards, texts []string
	for _, path := range everyPage(posts) {
		p := f.get(t, main, path, 0)
		keys[path] = p.Keys
		body := string(p.Body)
		whole := path == own || strings.Contains(body, "urn:uuid:"+id(edited)) // the second: a feed
		if whole {
			texts = append(texts, path)
		}
		if whole || strings.Contains(body, `href="`+own+`"`) {
			cards = append(cards, path)
		}
	}
	slices.Sort(cards)
	slices.Sort(texts)
	if len(cards) < 12 || len(texts) < 4 {
		t.Fatalf("only %v show the post and %v its text", cards, texts)
	}
	sample := slices.Concat(cards, []string{"/page/2", "/tags/t1", "/authors/a2", "/archive/2024", "/posts/note-5000", "/posts/note-10000", "/sitemap.xml", "/tags", "/archive"})
	slices.Sort(sample)
	sample = slices.Compact(sample)
	for _, c := range []struct {
		name string
		edit func(d *page.Doc)
		want []string
	}{
		{"its text", func(d *page.Doc) { d.HTML, d.Hash = "<p>Autre.</p>", "x" }, texts},
		{"its title", func(d *page.Doc) { d.HTML, d.Hash, d.Title = "<p>Autre.</p>", "x", "Autre" }, cards},
	} {
		f.flush(t) // makes room
		for _, path := range sample {
			f.get(t, main, path, 0)
		}
		f.flush(t)
		before, err := f.store.Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d := ofMany(edited)
		c.edit(d)
		f.save(t, d)
		touched := f.touchedSince(t, before)
		var old []string
		for path, shows := range keys {
			if slices.ContainsFunc(shows, func(key string) bool { return touched[key] }) {
				old = append(old, path)
			}
		}
		slices.Sort(old)
		if diff := cmp.Diff(c.want, old); diff != "" {
			t.Errorf("an edit of %s made other pages old than those that show it (-show +old):\n%s", c.name, diff)
		}
		left := slices.DeleteFunc(slices.Clone(sample), func(path string) bool { return slices.Contains(c.want, path) })
		if diff := cmp.Diff(left, f.keptOf(t, sample...)); diff != "" {
			t.Errorf("kept after an edit of %s (-want +got):\n%s", c.name, diff)
		}
		t.Logf("of %d pages an edit of %s made %d old", len(keys), c.name, len(old))
	}
}

// touchedSince are the keys that were touched after a moment of the press clock.
func (f *fixture) touchedSince(t *testing.T, clock int64) map[string]bool {
	t.Helper()
	out := make(map[string]bool)
	rows, err := f.db.Conn(t.Context()).QueryContext(t.Context(), `SELECT key FROM touched WHERE site = $1 AND clock > $2`, main, clock)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Error(err)
		}
	}()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			t.Fatal(err)
		}
		out[key] = true
	}
	return out
}
