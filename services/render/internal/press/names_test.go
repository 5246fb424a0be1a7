package press_test

import (
	"strings"
	"testing"

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

func TestOnlyAPostTellsWhenItChanged(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		sample(t, f)
		for _, round := range []string{"pressed", "again"} {
			for path, want := range map[string]bool{
				"/posts/note-1": true, "/": false, "/page/2": false, "/tags": false, "/tags/notes": false, "/feed.xml": false,
				"/tags/notes/feed.xml": false, "/posts/retire": false, "/posts/inconnu": false,
			} {
				if at := f.get(t, main, path, 0).LastModified; at.IsZero() == want {
					t.Errorf("%s: %s changed at %v; want a time: %t", round, path, at, want)
				}
			}
			f.flush(t)
		}
	})
}
