package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
)

func TestPostgresAway(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "postgres")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	server, err := sqldbtest.Start(t.Context(), dir)
	if errors.Is(err, sqldbtest.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skipf("NOT TESTED ON POSTGRESQL: %v", err)
	}
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { _ = server.Stop() }) // it is stopped already, or ends with the test
	db, err := sqldb.Open(t.Context(), sqldb.Config{URL: server.URL()})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() }) // nothing was written
	ask := func(query string) error {
		_, err := db.Conn(t.Context()).ExecContext(t.Context(), query)
		return err
	}
	if err := ask("SELECT nothing"); err == nil || sqldb.IsAway(err) {
		t.Errorf("IsAway(%v) = true, want false: the server answers", err)
	}
	if err := ask("SELECT pg_terminate_backend(pg_backend_pid())"); !sqldb.IsAway(err) {
		t.Errorf("IsAway(%v) = false of a connection that the server ends", err)
	}
	if err := ask("SELECT 1"); err != nil {
		t.Fatalf("the server does not answer again: %v", err)
	}
	if err := server.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	for what := range 2 { // by the connection that there was, and by a new one
		if err := ask("SELECT 1"); !sqldb.IsAway(err) {
			t.Errorf("question %d to a server that was killed: IsAway(%v) = false", what, err)
		}
	}
}

func TestWhatIsNoAbsence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		for range 2 {
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error { return add(ctx, tx, "1", "a") })
			if sqldb.IsAway(err) {
				t.Errorf("IsAway(%v) = true of a constraint", err)
			}
		}
	})
	if sqldb.IsAway(nil) || sqldb.IsAway(errors.New("other")) {
		t.Error("IsAway of no error, or of any = true")
	}
}
