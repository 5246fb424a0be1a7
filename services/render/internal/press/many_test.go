package press_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store"
)

// saveAll writes posts, and then their tags, in two transactions.
func (f *fixture) saveAll(t testing.TB, docs []*page.Doc) {
	t.Helper()
	f.change(t, main, func(ctx context.Context) (page.Keys, error) {
		var ids []string
		for _, d := range docs {
			ids = append(ids, d.ID)
		}
		known, err := f.store.Outlines(ctx, ids)
		if err != nil {
			return nil, err
		}
		keys := make(page.Keys)
		var changes []store.DocChange
		for _, d := range docs {
			keys.Merge(page.Touched(known[d.ID], d, paris(t)))
			changes = append(changes, store.DocChange{Old: known[d.ID], Now: d})
		}
		return merged(keys)(f.store.SaveDocs(ctx, changes))
	})
	f.change(t, main, func(ctx context.Context) (page.Keys, error) {
		var entries []page.Entry
		for _, d := range docs {
			entries = append(entries, f.entryFor(d))
		}
		return merged(make(page.Keys))(f.store.SaveEntries(ctx, entries))
	})
}

func merged(into page.Keys) func([]page.Keys, error) (page.Keys, error) {
	return func(all []page.Keys, err error) (page.Keys, error) {
		for _, k := range all {
			into.Merge(k)
		}
		return into, err
	}
}

// someDoc is the n-th post in some state: public with some tags, or gone.
func someDoc(r *rand.Rand, n int) *page.Doc {
	if r.IntN(4) == 0 {
		return withdrawn(n)
	}
	d := plain(n)
	d.PublishedAt = noon().AddDate(0, 0, r.IntN(5))
	d.Tags = nil
	for _, names := range [][]string{{"jardin", "Jardin"}, {"outils", "Outils"}} {
		if i := r.IntN(len(names) + 1); i > 0 {
			d.Tags = append(d.Tags, label(names[0], names[i-1]))
		}
	}
	return d
}

// What many changes make together is what they make one after the other, also
// of pages that were kept before.
func TestManyChangesAtOnceMakeWhatEachMakes(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		together, single := setUp(t, db), setUp(t, sqldbtest.SQLite(t))
		for seed := range uint64(3) {
			r := rand.New(rand.NewPCG(seed, 1))
			for range 12 {
				var docs []*page.Doc
				for _, n := range r.Perm(7)[:1+r.IntN(6)] {
					docs = append(docs, someDoc(r, n+1))
				}
				together.saveAll(t, docs)
				for _, d := range docs {
					single.save(t, d)
				}
				for _, path := range []string{"/", "/tags", "/tags/jardin", "/tags/outils", "/posts/note-1", "/posts/note-5"} {
					got, want := together.get(t, main, path, 0), single.get(t, main, path, 0)
					if diff := cmp.Diff(string(want.Body), string(got.Body)); diff != "" || got.Status != want.Status {
						t.Fatalf("seed %d: %s is %d, want %d (-one by one +together):\n%s", seed, path, got.Status, want.Status, diff)
					}
				}
				together.flush(t)
				single.flush(t)
			}
		}
	})
}
