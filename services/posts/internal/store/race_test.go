package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/parution/parution/chassis/idempotency"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/site"
	"github.com/parution/parution/services/posts/internal/store"
	"github.com/parution/parution/services/posts/internal/wire"
)

// TestAtOnce has several replicas begin on an empty database, and several
// authors write a post of the same title.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), outbox.Migrations(), idempotency.Migrations(), store.Migrations()); err != nil {
			t.Fatalf("migrate: %v", err)
		}
		s := store.New(db, outbox.New(db, "posts"), wire.Wire{}, make(chan struct{}, 1))
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		together(6, func() {
			if err := s.EnsureSite(t.Context(), site.First("x", "en", now)); err != nil {
				t.Errorf("EnsureSite: %v", err)
			}
		})
		const authors = 6
		slugs := make(chan string, authors)
		together(authors, func() {
			p, err := post.New(post.NewPost{
				ID: ids.New(), Site: site.FirstID, CreatedBy: "a", Content: post.Content{Title: "Hello", Language: "en"},
			}, post.DefaultLimits(), now)
			if err != nil {
				t.Errorf("New: %v", err)
				return
			}
			if p, _, err = s.Create(t.Context(), p, "a"); err != nil {
				t.Errorf("Create: %v", err)
				return
			}
			slugs <- p.Snapshot().Content.Slug
		})
		close(slugs)
		seen := make(map[string]bool)
		for name := range slugs {
			if seen[name] {
				t.Errorf("two posts have the slug %s", name)
			}
			seen[name] = true
		}
		if len(seen) != authors {
			t.Errorf("%d posts have a slug of their own, want %d", len(seen), authors)
		}
	})
}

// together runs fn n times at once.
func together(n int, fn func()) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range n {
		wg.Go(func() {
			<-start
			fn()
		})
	}
	close(start)
	wg.Wait()
}
