package press_test

import (
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

// tagNamed is a post with one tag, written like this.
func tagNamed(n int, name string) *page.Doc {
	d := plain(n)
	d.Tags = []page.Label{label("jardin", name)}
	return d
}

func withdrawn(n int) *page.Doc {
	return &page.Doc{Card: page.Card{ID: id(n), Site: main, Slug: plain(n).Slug}, State: page.Gone, Epoch: 1, Version: 2}
}

func TestTagIsShownByTheNameThatMostPostsUse(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		untagged := tagNamed(8, "JARDIN")
		untagged.Tags = nil
		old := tagNamed(7, "Jardin")
		old.PublishedAt = noon().AddDate(-1, 0, 0)
		f.save(t, tagNamed(1, "jardin"))
		for _, c := range []struct {
			does string
			doc  *page.Doc
			want string
		}{
			{"a second post", tagNamed(2, "jardin"), "jardin"},
			{"one in capitals", tagNamed(8, "JARDIN"), "jardin"},
			{"which loses its tag", untagged, "jardin"},
			{"as many, and newer", tagNamed(2, "Jardin"), "Jardin"},
			{"whose date moves back", func() *page.Doc { d := tagNamed(2, "Jardin"); d.PublishedAt = old.PublishedAt; return d }(), "jardin"},
			{"one more", old, "Jardin"},
			{"which is withdrawn", withdrawn(7), "jardin"},
			{"and then the newer of two", withdrawn(1), "Jardin"},
		} {
			// The pages before are kept: the change has to touch them.
			for _, path := range []string{"/tags", "/tags/jardin"} {
				f.get(t, main, path, 0)
			}
			f.flush(t)
			f.save(t, c.doc)
			for path, want := range map[string]string{"/tags": ">" + c.want + " <span", "/tags/jardin": "<h1>" + c.want + "</h1>"} {
				if body := string(f.get(t, main, path, 0).Body); !strings.Contains(body, want) {
					t.Errorf("after %q %s does not show %q", c.does, path, want)
				}
			}
		}
	})
}

func TestPagesTellWhenWhatTheyShowChanged(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		sample(t, f)
		wrote := noon().Add(time.Hour)
		f.now.Store(wrote.Unix())
		f.save(t, withdrawn(9))
		f.now.Add(3600)
		for _, round := range []string{"pressed", "again"} {
			for path, want := range map[string]time.Time{
				"/": wrote, "/page/2": wrote, "/tags": wrote, "/tags/notes": wrote, "/feed.xml": wrote, "/tags/notes/feed.xml": wrote,
				"/archive": wrote, "/archive/2026": wrote, "/archive/2026/01": wrote, "/sitemap.xml": wrote,
				"/archive/2026/02": noon(), "/tags/typographie": noon(), "/authors/claire-morel": noon(), "/posts/note-1": noon(),
				"/robots.txt": noon(), "/posts/retire": {}, "/posts/note-9": {}, "/posts/inconnu": {},
			} {
				if at := f.get(t, main, path, 0).LastModified; !at.Equal(want) {
					t.Errorf("%s: %s changed at %v, want %v", round, path, at, want)
				}
			}
			f.flush(t)
		}
	})
}
