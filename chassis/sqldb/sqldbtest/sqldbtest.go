// Package sqldbtest gives tests real databases: SQLite in a temporary file and
// PostgreSQL in a schema of the test's own.
//
// PostgreSQL is the server that TEST_POSTGRES_URL names, otherwise one that is
// started once for each test process from the binaries installed here, and ends
// with the process. Without either a test fails if CI is "true" and skips if not.
package sqldbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/parution/parution/chassis/sqldb"
)

// maxConns is small: many tests share one server.
const maxConns = 8

// Each runs fn as the subtests "sqlite" and "postgres", each with an empty
// database that is closed and gone when the subtest ends.
func Each(t *testing.T, fn func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, Open(t, SQLiteURL(t)))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, Open(t, PostgresURL(t)))
	})
}

// SQLite is an empty SQLite database, for tests that need only some database.
func SQLite(t testing.TB) *sqldb.DB {
	t.Helper()
	return Open(t, SQLiteURL(t))
}

// Postgres is an empty schema of a PostgreSQL server.
func Postgres(t testing.TB) *sqldb.DB {
	t.Helper()
	return Open(t, PostgresURL(t))
}

// SQLiteURL names a database file that does not exist yet, in a folder of the test.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// PostgresURL is Server with a new schema as the search_path. The schema is
// dropped when the test ends.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := Server(t)
	schema := "test_" + strings.ToLower(rand.Text())
	execute(t.Context(), t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() {
		// t's own context has ended by now.
		execute(context.WithoutCancel(t.Context()), t, server, "DROP SCHEMA "+schema+" CASCADE")
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("parse the server's URL: %v", err)
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String()
}

// Open opens the database at url and closes it when the test ends; several
// handles on one URL stand for several processes.
func Open(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Config{URL: url, MaxConns: maxConns})
	if err != nil {
		t.Fatalf("open the test database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the test database: %v", err)
		}
	})
	return db
}

func execute(ctx context.Context, t testing.TB, url, statement string) {
	t.Helper()
	if err := query(ctx, url, statement); err != nil {
		t.Errorf("prepare the test database: %v", err)
	}
}

func query(ctx context.Context, url, statement string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // whatever happened is told by Exec
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
