package press_test

import (
	"testing"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

// reaches follows redirects from a path and tells where they end, and as what.
func reaches(t *testing.T, f *fixture, path string) (string, int) {
	t.Helper()
	for range 5 {
		p := f.get(t, main, path, 0)
		f.flush(t) // the next who asks gets what is kept
		if p.Location == "" {
			return path, p.Status
		}
		path = p.Location
	}
	t.Fatalf("%s is led around in a circle", path)
	return "", 0
}

// under says of a post what the tags service does: that it is found under these.
func under(t *testing.T, f *fixture, n int, slugs ...string) {
	t.Helper()
	e := page.Entry{PostID: id(n), Site: main}
	for _, s := range slugs {
		e.Tags = append(e.Tags, page.EntryTag{Label: label(s, s), ID: s})
	}
	f.entry(t, e)
}

// An operation tells of tags first and of posts one after the other. What is somewhere
// before and after it is somewhere in between, too.
func TestAddressesOfTagsLeadSomewhereWhilePostsFollow(t *testing.T) {
	t.Parallel()
	gone := func(id, into string, former ...string) page.Tag {
		return page.Tag{ID: id, Site: main, Former: append(former, id), MovedTo: into}
	}
	former := func(slugs ...string) func(*page.Tag) { return func(t *page.Tag) { t.Former = slugs } }
	type step struct {
		tag   *page.Tag
		post  int
		under []string
	}
	tell := func(t page.Tag) step { return step{tag: &t} }
	post := func(n int, under ...string) step { return step{post: n, under: under} }
	for _, c := range []struct {
		does string
		// before is where things stand, then what an operation does one by one.
		before, then []step
		// ends are where the addresses lead in the end.
		ends map[string]string
	}{
		{
			"a merge undone",
			[]step{tell(gone("outils", "typographie")), post(40, "jardin", "typographie"), post(50, "typographie")},
			[]step{tell(told("outils", "Outils")), post(40, "jardin", "outils"), post(50, "typographie", "outils")},
			map[string]string{"/tags/outils": "/tags/outils", "/tags/jardin+outils": "/tags/jardin+outils", "/tags/typographie": "/tags/typographie", "/tags/outils/feed.xml": "/tags/outils/feed.xml"},
		},
		{
			"a merge of what had been renamed undone",
			[]step{
				tell(told("outils", "Instruments", renamed("instruments", "Instruments"))),
				tell(gone("outils", "typographie", "instruments")), post(40, "jardin", "typographie"), post(50, "typographie"),
			},
			[]step{tell(told("outils", "Instruments", renamed("instruments", "Instruments"))), post(40, "jardin", "outils"), post(50, "typographie", "outils")},
			map[string]string{"/tags/outils": "/tags/instruments", "/tags/instruments": "/tags/instruments", "/tags/jardin+outils": "/tags/instruments+jardin"},
		},
		{
			"a merge into a tag without posts",
			[]step{tell(told("metier", "Métier"))},
			[]step{tell(gone("outils", "metier")), post(40, "jardin", "metier"), post(50, "typographie", "metier")},
			map[string]string{"/tags/outils": "/tags/metier", "/tags/jardin+outils": "/tags/jardin+metier", "/tags/outils/feed.xml": "/tags/metier/feed.xml"},
		},
		{
			"a merge into a tag without posts, to which another comes first",
			[]step{tell(told("metier", "Métier"))},
			[]step{tell(gone("outils", "metier")), post(3, "notes", "metier"), post(40, "jardin", "metier"), post(50, "typographie", "metier")},
			map[string]string{"/tags/outils": "/tags/metier"},
		},
		{
			"a rename undone",
			[]step{tell(told("outils", "Outils", renamed("instruments", "Instruments")))},
			[]step{tell(told("outils", "Outils", former("instruments")))},
			map[string]string{"/tags/outils": "/tags/outils", "/tags/instruments": "/tags/outils"},
		},
		{
			"a part that takes a former address with it",
			[]step{tell(told("outils", "Outils", former("scies")))},
			[]step{tell(told("outils", "Outils")), tell(told("scies", "Scies")), post(40, "jardin", "scies"), post(50, "typographie", "outils")},
			map[string]string{"/tags/scies": "/tags/scies", "/tags/outils": "/tags/outils"},
		},
		{
			"posts that are told of before their tag",
			[]step{tell(gone("outils", "typographie")), post(40, "jardin", "typographie"), post(50, "typographie")},
			[]step{post(40, "jardin", "outils"), tell(told("outils", "Outils")), post(50, "typographie", "outils")},
			map[string]string{"/tags/outils": "/tags/outils"},
		},
	} {
		t.Run(c.does, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				f := setUp(t, db)
				withTags(t, f)
				do := func(s step) {
					if s.tag != nil {
						f.tag(t, *s.tag)
						return
					}
					under(t, f, s.post, s.under...)
				}
				for _, s := range c.before {
					do(s)
				}
				somewhere := func(when int) {
					for path := range c.ends {
						for range 2 {
							if at, status := reaches(t, f, path); status != page.StatusOK {
								t.Errorf("after %d of %d steps %s leads to %s, which is %d", when, len(c.then), path, at, status)
							}
						}
					}
				}
				somewhere(0)
				for i, s := range c.then {
					do(s)
					somewhere(i + 1)
				}
				for path, want := range c.ends {
					if at, _ := reaches(t, f, path); at != want {
						t.Errorf("in the end %s leads to %s, want %s", path, at, want)
					}
				}
			})
		})
	}
}

// Where an address led is no longer told once a tag of its own had posts, or when
// readers do not see it.
func TestWhereAnAddressLedEndsWithItsOwnTag(t *testing.T) {
	t.Parallel()
	for does, end := range map[string]func(*testing.T, *fixture){
		"it had posts": func(t *testing.T, f *fixture) {
			t.Helper()
			under(t, f, 40, "jardin", "outils")
			under(t, f, 40, "jardin")
		},
		"it is internal": func(t *testing.T, f *fixture) {
			t.Helper()
			f.tag(t, told("outils", "Outils", func(t *page.Tag) { t.Internal = true }))
		},
	} {
		t.Run(does, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				f := setUp(t, db)
				withTags(t, f)
				f.tag(t, page.Tag{ID: "outils", Site: main, Former: []string{"outils"}, MovedTo: "typographie"})
				under(t, f, 40, "jardin", "typographie")
				under(t, f, 50, "typographie")
				f.tag(t, told("outils", "Outils"))
				if at, status := reaches(t, f, "/tags/outils"); status != page.StatusOK || at != "/tags/typographie" {
					t.Fatalf("it leads to %s, %d", at, status)
				}
				end(t, f)
				if at, status := reaches(t, f, "/tags/outils"); status != page.StatusNotFound {
					t.Errorf("it leads to %s, %d, want 404", at, status)
				}
			})
		})
	}
}
