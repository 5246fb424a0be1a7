package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

func TestPruningKeepsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
		out, now := New(db, "posts"), time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
		inTx := func(fn func(ctx context.Context, tx *sql.Tx) error) {
			t.Helper()
			if err := db.InTx(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		// Of each of two posts: 1,200 old versions, then 5 from today.
		inTx(func(ctx context.Context, tx *sql.Tx) error {
			for v := range int32(1205) {
				at := now.Add(-8 * 24 * time.Hour)
				if v >= 1200 {
					at = now
				}
				for _, id := range []string{"a", "b"} {
					e := Entry{Site: "main", AggregateType: "post", AggregateID: id, Version: v + 1, Kind: "revised", Facts: &tagsv1.IndexFacts{}, At: at}
					if err := out.Append(ctx, tx, e); err != nil {
						return err
					}
				}
			}
			// One that is old and the last of its kind.
			return out.Append(ctx, tx, Entry{Site: "main", AggregateType: "post", AggregateID: "c", Version: 1, Kind: "created", Facts: &tagsv1.IndexFacts{}, At: now.Add(-30 * 24 * time.Hour)})
		})
		check := func(what string, keep, pruned int64, left string) {
			t.Helper()
			got, err := out.prune(t.Context(), now, keep)
			if err != nil || got != pruned {
				t.Errorf("%s: %d deleted, %v, want %d", what, got, err, pruned)
			}
			var a, b, c int
			err = db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(CASE aggregate_id WHEN 'a' THEN 1 END),
 count(CASE aggregate_id WHEN 'b' THEN 1 END), count(CASE aggregate_id WHEN 'c' THEN 1 END) FROM outbox`).Scan(&a, &b, &c)
			if is := fmt.Sprint(a, b, c); err != nil || is != left {
				t.Errorf("%s: %s notices left, %v, want %s", what, is, err, left)
			}
		}
		check("nothing has a place", 11, 0, "1205 1205 1")
		for {
			placed, err := out.sequence(t.Context(), &lease{holder: "me"}, now)
			if err != nil {
				t.Fatal(err)
			}
			if placed < batch {
				break
			}
		}
		inTx(func(ctx context.Context, tx *sql.Tx) error { // of the other one nothing was sent
			_, err := tx.ExecContext(ctx, `UPDATE outbox SET stream_seq = pos WHERE aggregate_id = 'a'`)
			return err
		})
		check("the newest rows stay", 5000, 0, "1205 1205 1")
		check("the rest goes", 11, 2400, "5 5 1")
		check("and only once", 11, 0, "5 5 1")
	})
}

// Who may know only of what is public learns from the newest such notice how an
// aggregate stands, whatever came after it.
func TestPruningKeepsTheNewestPublicNotice(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		out := New(d.db, "posts")
		tell := func(id string, public ...bool) {
			t.Helper()
			for i, is := range public {
				e := Entry{
					Site: "main", AggregateType: "post", AggregateID: id, Version: int32(i) + 1, Kind: "changed", Public: is,
					Facts: &tagsv1.IndexFacts{}, At: time.Now(),
				}
				if err := d.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error { return out.Append(ctx, tx, e) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		tell("a", false, true, true, false, false) // 1 to 5: drafted, published, withdrawn, revised twice
		tell("b", true, false, true)               // 6 to 8: published again
		tell("c", false, false)                    // 9 and 10: never published
		if _, err := out.sequence(t.Context(), &lease{holder: "me"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		n, err := out.prune(t.Context(), time.Now().Add(2*keepFor), 0)
		if err != nil || n != 6 {
			t.Errorf("prune = %d, %v, want 6", n, err)
		}
		same(t, "what is left", places(t, d.db, "true"), []mark{{1, 3}, {1, 5}, {1, 8}, {1, 10}})
	})
}

func TestARelayWhoseStreamIsAwayPrunes(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, log := d.relay(t)
		log.before = func() error { // and there is always more to do
			r.out.poke()
			return errors.New("there is no broker")
		}
		r.tidy, r.keep = time.Millisecond, 2
		r.now = func() time.Time { return time.Now().Add(2 * keepFor) }
		for v := range int32(10) {
			d.change(t, "post", "a", v+1, "")
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		running.Go(func() { _ = r.run(ctx, func() {}) })
		for len(places(t, d.db, "pos IS NOT NULL")) != 2 {
			if !stream.Wait(t.Context(), 5*time.Millisecond) {
				t.Fatal("the old notices stay")
			}
		}
		same(t, "what is left", places(t, d.db, "stream_seq IS NULL"), run(1, 9, 10))
	})
}
