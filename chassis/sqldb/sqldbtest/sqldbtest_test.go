package sqldbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
)

func TestEachGivesAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	for range 2 {
		sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, "CREATE TABLE thing (id text PRIMARY KEY)")
				return err
			})
			if err != nil {
				t.Errorf("create a table in the test's own database: %v", err)
			}
		})
	}
}

func TestInstanceKeepsWhatItCommittedOverAKill(t *testing.T) {
	t.Parallel()
	instance, err := sqldbtest.Start(t.Context(), t.TempDir())
	if errors.Is(err, sqldbtest.ErrNotInstalled) {
		sqldbtest.Server(t) // fails or skips
		t.Skip("no server of our own to kill")
	}
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := instance.Stop(); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	db := sqldbtest.Open(t, instance.URL())
	if _, err := db.Conn(t.Context()).ExecContext(t.Context(), "CREATE TABLE thing AS SELECT 7 AS n"); err != nil {
		t.Fatalf("create a table: %v", err)
	}
	if err := instance.Kill(); err != nil {
		t.Fatalf("Kill: %v", err)
	}
	if err := db.Ping(t.Context()); err == nil {
		t.Error("a killed server answers")
	}
	if err := instance.Restart(t.Context()); err != nil {
		t.Fatalf("Restart: %v", err)
	}
	again := sqldbtest.Open(t, instance.URL())
	var n int
	if err := again.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT n FROM thing").Scan(&n); err != nil || n != 7 {
		t.Errorf("after a crash n = %d, %v, want 7", n, err)
	}
}
