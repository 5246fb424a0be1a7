package press_test

import (
	"testing"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

func withdrawn(n int) *page.Doc {
	return &page.Doc{Card: page.Card{ID: id(n), Site: main, Slug: plain(n).Slug}, State: page.Gone, Epoch: 1, Version: 2}
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
