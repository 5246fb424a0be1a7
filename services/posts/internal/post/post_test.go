package post_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/services/posts/internal/post"
)

// TestRandomWalk does anything to a post in any order, and looks at what must
// always hold.
func TestRandomWalk(t *testing.T) {
	t.Parallel()
	limits, start := post.DefaultLimits(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		p, err := post.New(post.NewPost{ID: "id", Site: "main", Content: post.Content{Title: "t", Slug: "t", Language: "fr"}}, limits, start)
		if err != nil {
			t.Fatalf("New: %v", err)
		}
		for step := range 40 {
			before := p.Snapshot()
			p = post.Restore(before)
			now := start.Add(time.Duration(step) * time.Minute)
			var err error
			switch r.IntN(4) {
			case 0:
				err = p.Publish(now)
			case 1:
				err = p.Withdraw(now)
			case 2:
				c := before.Content
				c.Title = []string{"t", "u"}[r.IntN(2)]
				err = p.Revise(c, before.PublishedAt, limits, now)
			case 3:
				if r.IntN(20) == 0 {
					err = p.Delete(now)
				}
			}
			check(t, seed, before, p, err)
		}
	}
}

func check(t *testing.T, seed uint64, before post.Snapshot, p *post.Post, err error) {
	t.Helper()
	after := p.Snapshot()
	switch changed := p.Happened() != ""; {
	case err != nil && changed:
		t.Fatalf("seed %d: refused with %v, and yet %s", seed, err, p.Happened())
	case changed && after.Version != before.Version+1:
		t.Fatalf("seed %d: %s made version %d of %d", seed, p.Happened(), after.Version, before.Version)
	case !changed && after.Version != before.Version:
		t.Fatalf("seed %d: nothing happened, and yet version %d of %d", seed, after.Version, before.Version)
	case before.Status == post.Deleted && changed:
		t.Fatalf("seed %d: a deleted post was %s", seed, p.Happened())
	case after.Public() && (after.PublishedAt == nil || !after.WasPublic):
		t.Fatalf("seed %d: public without a date or a trace of it", seed)
	case before.WasPublic && !after.WasPublic:
		t.Fatalf("seed %d: it is forgotten that readers saw it", seed)
	}
}

func FuzzFreeSlug(f *testing.F) {
	f.Add("a", uint8(3))
	f.Add("ééé", uint8(1))
	f.Fuzz(func(t *testing.T, title string, n uint8) {
		base := post.Content{Title: title}.SlugBase()
		taken := make(map[string]bool)
		for range n {
			s := post.FreeSlug(base, func(s string) bool { return taken[s] })
			if taken[s] || !slug.Valid(s) {
				t.Fatalf("FreeSlug(%q) = %q: taken or no slug", base, s)
			}
			taken[s] = true
		}
	})
}
