package press_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

// shown tells what a page depends on of some kind: the posts whose cards it has.
func shown(p *page.Page) map[string]bool {
	out := make(map[string]bool)
	for _, key := range p.Keys {
		if id, ok := strings.CutPrefix(key, "card:"); ok {
			out[id] = true
		}
	}
	return out
}

func TestPostLeadsOnToItsNeighboursAndItsSubjects(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		put := func(n, day int, tags ...string) {
			d := plain(n)
			d.PublishedAt, d.Tags = noon().AddDate(0, 0, day), nil
			for _, tag := range tags {
				d.Tags = append(d.Tags, label(tag, strings.ToUpper(tag)))
			}
			f.save(t, d)
		}
		// All are common; of the rare one there are two posts, far from each other.
		for n := 1; n <= 20; n++ {
			put(n, n, "common")
		}
		put(10, 10, "common", "rare")
		put(30, 100, "common", "rare")
		put(31, 100) // of the same moment, so the ids decide
		for _, c := range []struct {
			path string
			want map[string]bool
		}{
			{"/posts/note-1", map[string]bool{id(2): true, id(3): true, id(4): true}},
			{"/posts/note-10", map[string]bool{id(9): true, id(11): true, id(30): true}},
			{"/posts/note-5", map[string]bool{id(4): true, id(6): true, id(3): true}}, // of as much in common the nearest
			{"/posts/note-30", map[string]bool{id(31): true, id(20): true, id(10): true, id(19): true}},
			{"/posts/note-31", map[string]bool{id(30): true}},
		} {
			got := shown(f.get(t, main, c.path, 0))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s leads to (-want +got):\n%s", c.path, diff)
			}
		}
	})
}

func TestRelatedPostsHaveMostInCommon(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return noon().AddDate(0, 0, n) }
	candidate := func(id string, n int, tags ...string) page.Candidate {
		return page.Candidate{Place: page.Place{PostID: id, At: day(n)}, Subjects: tags}
	}
	tags := map[string]int{"rare": 2, "some": 9, "common": 500}
	for _, c := range []struct {
		name       string
		candidates []page.Candidate
		want       []string
	}{
		{"nothing", nil, nil},
		{"a rare tag before a common one", []page.Candidate{candidate("a", 1, "common"), candidate("b", 50, "rare")}, []string{"b", "a"}},
		{"two tags before one", []page.Candidate{candidate("a", 1, "some"), candidate("b", 50, "common", "some", "theirs")}, []string{"b", "a"}},
		{"the nearer in time", []page.Candidate{candidate("a", -3, "some"), candidate("b", 2, "some")}, []string{"b", "a"}},
		{"the lower id", []page.Candidate{candidate("b", 2, "some"), candidate("a", -2, "some")}, []string{"a", "b"}},
		{"no more than asked for", []page.Candidate{candidate("a", 1, "some"), candidate("b", 2, "some"), candidate("c", 3, "some"), candidate("d", 4, "some")}, []string{"a", "b", "c"}},
	} {
		if diff := cmp.Diff(c.want, page.Related(noon(), tags, c.candidates, 3)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestPostLeadsToItsTranslations(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		for n, language := range []string{"fr", "en", "de", "fr"} {
			d := plain(n + 1)
			d.Language, d.TranslationKey = language, "same"
			if n == 3 {
				d.TranslationKey = "other"
			}
			f.save(t, d)
		}
		links := func(path string) (out []string) {
			t.Helper()
			body := string(f.get(t, main, path, 0).Body)
			for _, language := range []string{"de", "en", "fr"} {
				if strings.Contains(body, `rel="alternate" hreflang="`+language+`"`) {
					out = append(out, language)
				}
			}
			return out
		}
		if diff := cmp.Diff([]string{"de", "en"}, without(links("/posts/note-1"), "fr")); diff != "" {
			t.Errorf("the translations of the French post (-want +got):\n%s", diff)
		}
		if got := without(links("/posts/note-4"), "fr"); len(got) != 0 {
			t.Errorf("a post without translations leads to %v", got)
		}
		f.flush(t)
		f.save(t, withdrawn(3))
		if got := f.keptOf(t, "/posts/note-1", "/posts/note-2", "/posts/note-4"); len(got) != 0 && !cmp.Equal(got, []string{"/posts/note-4"}) {
			t.Errorf("after a translation was withdrawn %v are kept", got)
		}
		if diff := cmp.Diff([]string{"en"}, without(links("/posts/note-1"), "fr")); diff != "" {
			t.Errorf("the translations that are left (-want +got):\n%s", diff)
		}
	})
}

func without(list []string, what string) (out []string) {
	for _, s := range list {
		if s != what {
			out = append(out, s)
		}
	}
	return out
}

func TestArchiveCountsByTheSitesCalendar(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		if months, err := f.store.Months(t.Context(), main, 0, paris(t)); err != nil || len(months) != 0 {
			t.Errorf("the months of an empty site are %v, %v", months, err)
		}
		for n, at := range []time.Time{
			time.Date(2025, 12, 31, 22, 59, 59, 999_999_000, time.UTC), // still December in Paris
			time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC),             // January there
			time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC),
			time.Date(2026, 3, 31, 21, 59, 59, 0, time.UTC), // with summer time
			time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC),
		} {
			d := plain(n + 1)
			d.PublishedAt = at
			f.save(t, d)
		}
		f.save(t, withdrawn(6))
		month := func(year int, m time.Month, count int) page.Month {
			return page.Month{Year: year, Month: m, Count: count}
		}
		want := []page.Month{month(2026, 4, 1), month(2026, 3, 1), month(2026, 1, 2), month(2025, 12, 1)}
		got, err := f.store.Months(t.Context(), main, 0, paris(t))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("the months are wrong: %v (-want +got):\n%s", err, diff)
		}
		if got, err = f.store.Months(t.Context(), main, 2026, paris(t)); err != nil || !cmp.Equal(got, want[:3]) {
			t.Errorf("the months of 2026 are %v, %v", got, err)
		}
		for path, posts := range map[string]int{"/archive/2025": 1, "/archive/2025/12": 1, "/archive/2026": 4, "/archive/2026/01": 2, "/archive/2026/03": 1, "/archive/2026/04": 1} {
			if got := len(shown(f.get(t, main, path, 0))); got != posts {
				t.Errorf("%s lists %d posts, want %d", path, got, posts)
			}
		}
	})
}

func TestAuthorIsShownByTheNameInTheNewestPost(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		put := func(n int, name string) {
			d := plain(n)
			d.Authors = []page.Label{label("ada-lovelace", name), label("ada-lovelace", "Twice"), label("", "?")}
			f.save(t, d)
		}
		for n := 1; n <= 6; n++ {
			put(n, "ada lovelace")
		}
		for _, c := range []struct {
			n          int
			name, want string
		}{
			{7, "Ada Lovelace", "Ada Lovelace"},
			{6, "ADA LOVELACE", "Ada Lovelace"},
			{7, "Ada LOVELACE", "Ada LOVELACE"},
		} {
			for _, number := range []int{0, 2} {
				f.get(t, main, "/authors/ada-lovelace", number)
			}
			f.flush(t)
			put(c.n, c.name)
			for _, number := range []int{0, 2} {
				if body := string(f.get(t, main, "/authors/ada-lovelace", number).Body); !strings.Contains(body, ">"+c.want+"<") {
					t.Errorf("after post %d by %q page %d does not show %q", c.n, c.name, number, c.want)
				}
			}
		}
		f.save(t, withdrawn(7))
		if n := len(shown(f.get(t, main, "/authors/ada-lovelace", 2))); n != 2 {
			t.Errorf("the second page lists %d posts, want 2 of 6", n)
		}
	})
}
