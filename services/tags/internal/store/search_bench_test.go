package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/search"
	"github.com/parution/parution/services/tags/internal/store"
)

// corpus makes posts of some 600 words each, of which a few are in nearly all
// and most in hardly any, as in prose.
func corpus(n int) func(i int) projection.Item[entry.Post] {
	random := rand.New(rand.NewPCG(1, 2))
	frequency := rand.NewZipf(random, 1.1, 2, 40_000)
	word := func() string { return fmt.Sprintf("w%x", frequency.Uint64()) }
	names := []string{"Jardin", "Outils", "Notes", "Été", "Livres", "Go", "Droit", "Ville", "Mer", "Pain"}
	return func(i int) projection.Item[entry.Post] {
		var body strings.Builder
		for range 600 {
			body.WriteString(word() + " ")
		}
		tags := []string{names[i%len(names)], names[i/7%len(names)], fmt.Sprint("rare ", i%500)}
		p := entry.Post{
			ID: fmt.Sprintf("0190a000-0000-7000-8000-%012d", i), Site: "main", Public: true, Slug: fmt.Sprint("post-", i), Title: word() + " " + word() + " post",
			Language: "fr", PublishedAt: noon().Add(time.Duration(i-n) * time.Hour), TagNames: tags,
		}
		p.Words = search.NewWordlist(search.Source{Title: p.Title, Labels: tags, Body: body.String(), Format: "markdown"})
		return projection.Item[entry.Post]{Ref: projection.Ref{Type: "post", ID: p.ID}, Version: 1, State: p}
	}
}

// fillSearch puts n posts into the index, as an import does.
func fillSearch(t testing.TB, database *sqldb.DB, n int) *store.Store {
	t.Helper()
	if err := database.Migrate(t.Context(), outbox.Migrations(), projection.Migrations(), store.Migrations()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	s := store.New(database, outbox.New(database, "tags"))
	next := corpus(n)
	for from := 0; from < n; from += 100 {
		items := make([]projection.Item[entry.Post], 100)
		for i := range items {
			items[i] = next(from + i)
		}
		if err := put(t.Context(), database, s, items); err != nil {
			t.Fatalf("put posts: %v", err)
		}
	}
	if database.Dialect() == sqldb.Postgres {
		if _, err := database.Exec(t.Context(), `ANALYZE`); err != nil {
			t.Fatalf("analyse: %v", err)
		}
	}
	return s
}

func put(ctx context.Context, database *sqldb.DB, s *store.Store, items []projection.Item[entry.Post]) error {
	return database.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.Put(ctx, tx, items, noon()) })
}

// BenchmarkSearch searches 10,000 posts.
func BenchmarkSearch(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres} {
		database := open(b)
		began := time.Now()
		s := fillSearch(b, database, 10_000)
		b.Logf("%s: 10,000 posts were put in %v", engine, time.Since(began))
		for _, c := range []struct {
			name, q   string
			tags, not []string
		}{
			{"rare word", "w2f00", nil, nil},
			{"two words", "w20 w55", nil, nil},
			{"begun word", "w1f", nil, nil},
			{"word of all posts", "post", nil, nil},
			{"begun word of all posts", "w", nil, nil},
			{"word and tag", "w20", []string{"go"}, []string{"mer"}},
			{"tags", "", []string{"go", "mer"}, nil},
			{"one tag", "", []string{"go"}, nil},
			{"not a tag", "", nil, []string{"go"}},
			{"nothing", "", nil, nil},
		} {
			b.Run(engine+"/"+strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
				q, err := search.NewQuery("main", c.q, c.tags, c.not)
				if err != nil {
					b.Fatal(err)
				}
				var total int32
				for b.Loop() {
					found, err := s.Search(b.Context(), q, search.Place{}, 20, 0)
					if err != nil {
						b.Fatalf("Search: %v", err)
					}
					total = found.Total
				}
				b.ReportMetric(float64(total), "posts")
			})
		}
	}
}
