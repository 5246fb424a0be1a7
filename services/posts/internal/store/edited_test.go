package store_test

import (
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

// TestEditedIsKept: the moment of the last edit outlives later changes.
func TestEditedIsKept(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), outbox.Migrations(), idempotency.Migrations(), store.Migrations()); err != nil {
			t.Fatalf("migrate: %v", err)
		}
		s := store.New(db, outbox.New(db, "posts"), wire.Wire{}, make(chan struct{}, 1))
		written := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		edited, tagged := written.Add(time.Hour), written.Add(2*time.Hour)
		if err := s.EnsureSite(t.Context(), site.First("x", "en", written)); err != nil {
			t.Fatalf("EnsureSite: %v", err)
		}
		p, err := post.New(post.NewPost{ID: ids.New(), Site: site.FirstID, Content: post.Content{Title: "a", Language: "en"}}, post.DefaultLimits(), written)
		if err != nil {
			t.Fatalf("New: %v", err)
		}
		if _, _, err := s.Create(t.Context(), p, "a"); err != nil {
			t.Fatalf("Create: %v", err)
		}
		id := p.Snapshot().ID
		for _, change := range []struct {
			at    time.Time
			write func(*post.Content)
		}{
			{edited, func(c *post.Content) { c.Title = "b" }},
			{tagged, func(c *post.Content) { c.Tags = []string{"b"} }},
		} {
			_, err := s.Update(t.Context(), site.FirstID, id, "a", func(p *post.Post) error {
				c := p.Snapshot().Content
				change.write(&c)
				return p.Revise(c, nil, post.DefaultLimits(), change.at)
			})
			if err != nil {
				t.Fatalf("Update: %v", err)
			}
		}
		got, err := s.Get(t.Context(), site.FirstID, id)
		if err != nil || !got.Snapshot().EditedAt.Equal(edited) || !got.Snapshot().UpdatedAt.Equal(tagged) {
			t.Errorf("Get = %+v, %v; want edited at %v, updated at %v", got, err, edited, tagged)
		}
	})
}
