package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/parution/parution/chassis/sqldb"
)

// One that waits for its turn by chance may wait until its caller has gone.
func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	file := "sqlite:" + filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := sqldb.Open(t.Context(), sqldb.Config{URL: file})
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		release, order := make(chan struct{}), make(chan int, 100)
		write := func(ctx context.Context, n int) error {
			return db.InTx(ctx, func(context.Context, *sql.Tx) error {
				if n < 0 {
					<-release
				}
				order <- n
				return nil
			})
		}
		run := func(ctx context.Context, n int, want error) {
			go func() {
				if err := write(ctx, n); !errors.Is(err, want) {
					t.Errorf("writer %d: %v, want %v", n, err, want)
				}
			}()
			synctest.Wait()
		}
		run(t.Context(), -1, nil)
		var want []int
		for n := range 20 {
			run(t.Context(), n, nil)
			want = append(want, n)
		}
		gone, leave := context.WithCancel(t.Context())
		run(gone, 99, context.Canceled)
		leave()
		close(release)
		synctest.Wait()
		close(order)
		if got := slices.Collect(func(yield func(int) bool) {
			for n := range order {
				if n >= 0 && !yield(n) {
					return
				}
			}
		}); !slices.Equal(got, want) {
			t.Errorf("writers came in the order %v, want that in which they asked", got)
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}
