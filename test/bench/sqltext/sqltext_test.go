package sqltext_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/test/bench/blog"
	"github.com/parution/parution/test/bench/sqltext"
)

const posts = 500

// each runs fn with a blog in each engine.
func each(t *testing.T, fn func(t *testing.T, b *blog.Blog, e *sqltext.Engine)) {
	t.Helper()
	for name, start := range map[string]func(context.Context, string) (*sqltext.Engine, error){
		"SQLite": sqltext.SQLite, "PostgreSQL": sqltext.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "parution-sqltext-") //nolint:usetesting // PostgreSQL's user must be able to pass it
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) }) // in the temporary folder
			e, err := start(t.Context(), dir)
			if errors.Is(err, sqldbtest.ErrNotInstalled) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := e.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			b := blog.New()
			if err := e.Load(t.Context(), b, posts); err != nil {
				t.Fatalf("Load: %v", err)
			}
			fn(t, b, e)
		})
	}
}

func TestTagsAreThoseOfThePosts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *blog.Blog, e *sqltext.Engine) {
		ask := b.Ask(1, posts)
		for range 50 {
			q := ask.Tags()
			var want []string
			for i := posts - 1; i >= 0; i-- {
				if p := b.Post(i, posts); answers(p, q) {
					want = append(want, p.Slug)
				}
			}
			got, err := e.Tags(t.Context(), q)
			if err != nil {
				t.Fatalf("Tags: %v", err)
			}
			if got.Total != len(want) || got.Total == 0 {
				t.Fatalf("%+v finds %d posts, want %d", q, got.Total, len(want))
			}
			slugs := []string{}
			for _, p := range got.Posts {
				slugs = append(slugs, p.Slug)
			}
			if diff := gocmp.Diff(want[:min(20, len(want))], slugs); diff != "" {
				t.Fatalf("%+v (-want +got):\n%s", q, diff)
			}
			if got.Facets < 4 {
				t.Errorf("%+v has %d facets", q, got.Facets)
			}
		}
	})
}

func answers(p blog.Post, q blog.Algebra) bool {
	has := func(s string) bool {
		return slices.ContainsFunc(p.Tags, func(name string) bool { return slug.Make(name) == s })
	}
	for _, s := range q.All {
		if !has(s) {
			return false
		}
	}
	return !slices.ContainsFunc(q.Not, has) && (len(q.Any) == 0 || slices.ContainsFunc(q.Any, has))
}

func TestWordsAreFoundAndShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *blog.Blog, e *sqltext.Engine) {
		ask, shown := b.Ask(2, posts), 0
		for range 50 {
			words := ask.Words()
			got, err := e.Words(t.Context(), words)
			if err != nil {
				t.Fatalf("Words: %v", err)
			}
			if got.Total == 0 || len(got.Posts) != min(20, got.Total) {
				t.Fatalf("%q finds %d posts and lists %d", words, got.Total, len(got.Posts))
			}
			if strings.Contains(got.Posts[0].Snippet, "<mark>") {
				shown++
			}
		}
		if shown < 40 {
			t.Errorf("%d of 50 snippets show what was asked for", shown)
		}
	})
}
