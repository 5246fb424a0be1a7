package post_test

import (
	"testing"
	"time"

	"github.com/parution/parution/services/posts/internal/post"
)

// TestEdited: readers are told that a post was edited when they would read
// something else in it, and for nothing less.
func TestEdited(t *testing.T) {
	t.Parallel()
	limits, start := post.DefaultLimits(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	later := start.Add(time.Hour)
	revise := func(change func(*post.Content)) func(*post.Post) error {
		return func(p *post.Post) error {
			c := p.Snapshot().Content
			change(&c)
			return p.Revise(c, p.Snapshot().PublishedAt, limits, later)
		}
	}
	for _, tt := range []struct {
		name string
		do   func(*post.Post) error
		want bool
	}{
		{"title", revise(func(c *post.Content) { c.Title = "u" }), true},
		{"body", revise(func(c *post.Content) { c.Body = "u" }), true},
		{"format", revise(func(c *post.Content) { c.Format = post.HTML }), true},
		{"excerpt", revise(func(c *post.Content) { c.Excerpt = "u" }), true},
		{"cover", revise(func(c *post.Content) { c.Image = "/media/u.jpg" }), true},
		{"alternative text", revise(func(c *post.Content) { c.ImageAlt = "u" }), true},
		{"caption", revise(func(c *post.Content) { c.ImageCaption = "u" }), true},
		{"nothing", revise(func(*post.Content) {}), false},
		{"tags", revise(func(c *post.Content) { c.Tags = []string{"u"} }), false},
		{"authors", revise(func(c *post.Content) { c.Authors = []string{"u"} }), false},
		{"slug", revise(func(c *post.Content) { c.Slug = "u" }), false},
		{"featured", revise(func(c *post.Content) { c.Featured = true }), false},
		{"language", revise(func(c *post.Content) { c.Language = "fr" }), false},
		{"translations", revise(func(c *post.Content) { c.TranslationKey = "u" }), false},
		{"date", func(p *post.Post) error { return p.Revise(p.Snapshot().Content, &start, limits, later) }, false},
		{"publish", func(p *post.Post) error { return p.Publish(later) }, false},
		{"delete", func(p *post.Post) error { return p.Delete(later) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := post.New(post.NewPost{ID: "id", Site: "main", Content: post.Content{Title: "t", Slug: "t", Language: "en"}}, limits, start)
			if err != nil {
				t.Fatalf("New: %v", err)
			}
			if got := p.Snapshot().EditedAt; !got.Equal(start) {
				t.Errorf("a new post is edited at %v, want when it was created", got)
			}
			if err := tt.do(p); err != nil {
				t.Fatalf("change: %v", err)
			}
			want := start
			if tt.want {
				want = later
			}
			if got := p.Snapshot().EditedAt; !got.Equal(want) {
				t.Errorf("edited at %v, want %v", got, want)
			}
		})
	}
}

// TestImportsAreNotEdits: a post of ten years ago was not edited today because it
// came over today.
func TestImportsAreNotEdits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	old, ahead := now.AddDate(-10, 0, 0), now.AddDate(0, 1, 0)
	for name, tt := range map[string]struct {
		date *time.Time
		want time.Time
	}{"of ten years ago": {&old, old}, "of next month": {&ahead, now}, "of today": {nil, now}} {
		p, err := post.New(post.NewPost{
			ID: "id", Site: "main", Content: post.Content{Title: "t", Slug: "t", Language: "en"}, PublishedAt: tt.date,
		}, post.DefaultLimits(), now)
		if err != nil || !p.Snapshot().EditedAt.Equal(tt.want) {
			t.Errorf("a post %s was edited at %v, %v; want %v", name, p.Snapshot().EditedAt, err, tt.want)
		}
	}
}
