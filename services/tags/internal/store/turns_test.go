package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/store"
	"github.com/parution/parution/services/tags/internal/tag"
)

func (s *shelf) many(t testing.TB, n int, names ...string) {
	t.Helper()
	for some := range slices.Chunk(numbers(n), 100) {
		posts := make([]entry.Post, len(some))
		for i, n := range some {
			posts[i] = post(n, names...)
		}
		s.put(t, posts...)
	}
}

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// TestAnotherGoesOnWhereOneDied has a runner die in the midst of an operation,
// and another, on its own connection to the database, end it once the lease is over.
func TestAnotherGoesOnWhereOneDied(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.many(t, 450, "Rail")
		o, err := s.operate(t, "rail", tag.Renamed, rename("Chemin de fer", ""))
		if err != nil || !o.Running || o.Posts != 450 {
			t.Fatalf("rename: %+v, %v", o.Operation, err)
		}
		if wait, err := s.Restand(t.Context(), "one", noon()); wait != 0 || err != nil {
			t.Fatalf("Restand: %v, %v", wait, err)
		}
		half := s.count(t, `SELECT count(*) FROM entry WHERE version = 2`)
		other := store.New(database, outbox.New(database, "tags"))
		if wait, err := other.Restand(t.Context(), "two", noon()); wait <= 0 || err != nil {
			t.Errorf("another at the same time waits %v, %v; want as long as the lease", wait, err)
		}
		s.put(t, post(900, "rail"), post(1, "Rail", "Quai")) // one new, one that was brought up to it already
		if _, err := database.Exec(t.Context(), `UPDATE tag_operation SET held_until = NULL`); err != nil {
			t.Fatalf("end the lease: %v", err)
		}
		for {
			wait, err := other.Restand(t.Context(), "two", noon())
			if err != nil || wait > 0 {
				t.Fatalf("Restand: %v, %v", wait, err)
			}
			if wait < 0 {
				break
			}
		}
		done, err := other.Operation(t.Context(), "main", o.ID)
		if err != nil || done.Running || done.PostsDone != 450 {
			t.Errorf("the operation is %+v, %v, want it done", done.Operation, err)
		}
		if half == 0 || half >= 450 {
			t.Errorf("%d entries were brought up to it at first, want some", half)
		}
		if n := s.count(t, `SELECT count(*) FROM entry WHERE tags LIKE '%Chemin de fer%'`); n != 451 {
			t.Errorf("%d entries have the new name, want all 451", n)
		}
		// Nothing is told twice: once when it was published, once when it was renamed.
		if n := s.count(t, `SELECT count(*) FROM outbox WHERE aggregate_type = 'entry'`); n != 450+450+2 {
			t.Errorf("%d notices of entries, want 902", n)
		}
	})
}

// TestTwoAtOnce has two editors do different things to one tag at once, while
// posts are published.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.many(t, 250, "Rail", "Quai")
		before, err := s.TagAt(t.Context(), "main", "rail")
		if err != nil {
			t.Fatalf("TagAt: %v", err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, do := range []deed{rename("Train", ""), merge("quai")} {
			wg.Go(func() {
				_, errs[i] = s.Operate(t.Context(), tag.Deed{Site: "main", Slug: "rail", Expected: before.Version, Kind: tag.Renamed, At: noon(), Do: do})
			})
		}
		wg.Go(func() {
			for n := range 20 {
				p := post(1000+n, "RAIL")
				p.Version = 1
				if err := database.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
					return s.Put(ctx, tx, []itemOf{item(ctx, p)}, noon())
				}); err != nil {
					t.Errorf("publish: %v", err)
				}
			}
		})
		for range 3 {
			wg.Go(func() {
				if _, err := s.Restand(t.Context(), "test", noon()); err != nil {
					t.Errorf("Restand: %v", err)
				}
			})
		}
		wg.Wait()
		s.settle(t)
		slices.SortFunc(errs, func(a, b error) int { return int(fault.KindOf(a)) - int(fault.KindOf(b)) })
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("two at once = %v, want one of them", errs)
		}
		for _, err := range errs {
			if err != nil && fault.KindOf(err) != fault.KindStale {
				t.Errorf("who came second = %v, want Stale", err)
			}
		}
		names := make(map[string]int)
		for _, n := range append(numbers(250), 1000, 1019) {
			names[s.carried(t, n)]++
		}
		won := map[string]int{"train Train, quai Quai": 250, "train Train": 2}
		if _, renamed := names["train Train"]; !renamed {
			won = map[string]int{"quai Quai": 252}
		}
		if diff := cmp.Diff(won, names); diff != "" {
			t.Errorf("what posts carry (-want +got):\n%s", diff)
		}
	})
}

// TestARebuildNeverLosesTheTaxonomy damages everything that is made from posts.
func TestARebuildNeverLosesTheTaxonomy(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.put(t, post(0, "Rail", "Quai"), post(1, "rail"), post(2, "Quai"), post(3, "Pont"))
		s.must(t, "rail", tag.Described, describe(tag.Patch{Description: new("Trains."), Parent: new("pont")}))
		s.must(t, "quai", tag.Split, split(false, tag.Part{Name: "Port"}), []string{post(0).ID})
		s.put(t, withdrawn(3))
		want, told := s.everything(t), s.count(t, `SELECT count(*) FROM outbox`)
		for _, damage := range []string{
			`DELETE FROM entry_tag WHERE post_id = '` + post(0).ID + `'`, `DELETE FROM entry WHERE post_id = '` + post(1).ID + `'`,
			`UPDATE entry SET title = 'damaged', tags = '[]' WHERE post_id = '` + post(2).ID + `'`, `DELETE FROM entry_text`,
			`INSERT INTO entry_text (post_id, source) VALUES ('` + post(9).ID + `', '{}')`, `DELETE FROM entry WHERE post_id = '` + post(3).ID + `'`,
		} {
			if _, err := database.Exec(t.Context(), damage); err != nil {
				t.Fatalf("%s: %v", damage, err)
			}
		}
		if err := s.mendAll(t.Context()); err != nil {
			t.Fatalf("rebuild: %v", err)
		}
		got := s.everything(t)
		delete(want, post(3).ID) // a tombstone that was lost: nothing is known of it, and nothing wrong
		delete(got, post(3).ID)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entries after the rebuild (-want +got):\n%s", diff)
		}
		if got := s.carried(t, 0); got != "rail Rail, port Port, (pont Pont)" {
			t.Errorf("post 0 carries %q", got)
		}
		if n := s.count(t, `SELECT count(*) FROM entry_text`); n != 3 {
			t.Errorf("%d texts, want 3", n)
		}
		// The one that was altered is told of, and the one that was lost.
		if n := s.count(t, `SELECT count(*) FROM outbox`); n != told+2 {
			t.Errorf("%d notices, want 2 beside the %d", n, told)
		}
		if v, err := s.TagAt(t.Context(), "main", "rail"); err != nil || v.Description != "Trains." || v.ParentSlug != "pont" {
			t.Errorf("the tag is %+v, %v", v, err)
		}
	})
}

// BenchmarkOperation renames a tag of few posts in a site with 5,000 tags.
func BenchmarkOperation(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			s := newShelf(b, open(b))
			for n := range 50 {
				posts := make([]entry.Post, 100)
				for i := range posts {
					posts[i] = post(n*100+i, fmt.Sprintf("Étiquette %d", n*100+i))
				}
				s.put(b, posts...)
			}
			n := 0
			for b.Loop() {
				n++
				if _, err := s.operate(b, "etiquette-7", tag.Renamed, rename(fmt.Sprintf("Autre %d", n%50), "etiquette-7")); err != nil {
					b.Fatalf("rename: %v", err)
				}
			}
		})
	}
}
