package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// Migrations is a numbered set of schema changes, written once for each engine.
type Migrations struct {
	// Name keeps sets of one database apart; the versions are in the table schema_<name>.
	Name string
	// FS has the folders "postgres" and "sqlite" with the same numbers in both.
	FS fs.FS
}

// Migrate brings the schema up to date, set by set. Several processes may do so
// at once: on PostgreSQL a lock lets one work while the others wait, on SQLite
// each change is made by one of them.
func (db *DB) Migrate(ctx context.Context, sets ...Migrations) error {
	for _, set := range sets {
		p, err := db.migrator(set)
		if err != nil {
			return fmt.Errorf("migrations %s: %w", set.Name, err)
		}
		if err := db.up(ctx, p); err != nil {
			return fmt.Errorf("migrate %s: %w", set.Name, err)
		}
	}
	return nil
}

// upTries and upPause bound how long a SQLite migration gives way to another's.
const (
	upTries = 100
	upPause = 50 * time.Millisecond
)

// up applies what is pending. SQLite has no lock for that: of two processes one
// finds the file busy, or its change done already, and looks again.
func (db *DB) up(ctx context.Context, p *goose.Provider) error {
	for try := 1; ; try++ {
		_, err := p.Up(ctx)
		if err == nil || db.dialect != SQLite || try == upTries {
			return err
		}
		if pending, perr := p.HasPending(ctx); perr == nil && !pending {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(upPause):
		}
	}
}

func (db *DB) migrator(set Migrations) (*goose.Provider, error) {
	dialect, gooseDialect := "sqlite", database.DialectSQLite3
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if db.dialect == Postgres {
		dialect, gooseDialect = "postgres", database.DialectPostgres
		opts = append(opts, goose.WithSessionLocker(migrationLock{}))
	}
	dir, err := fs.Sub(set.FS, dialect)
	if err != nil {
		return nil, err
	}
	store, err := database.NewStore(gooseDialect, "schema_"+set.Name)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider("", db.write, dir, append(opts, goose.WithStore(store))...)
}

// Current tells whether every migration of the sets is in the database; the
// error names the first set that is not.
func (db *DB) Current(ctx context.Context, sets ...Migrations) error {
	for _, set := range sets {
		p, err := db.migrator(set)
		if err != nil {
			return fmt.Errorf("migrations %s: %w", set.Name, err)
		}
		pending, err := p.HasPending(ctx)
		if err != nil {
			return fmt.Errorf("read the schema version of %s: %w", set.Name, err)
		}
		if pending {
			return fmt.Errorf("the schema %s is older than this program: run migrate", set.Name)
		}
	}
	return nil
}

// migrationLock lets one process at a time change a schema of PostgreSQL.
// goose's own lock looks only every 5 s and is one for all schemas.
type migrationLock struct{}

const (
	tryLock = `SELECT pg_try_advisory_lock(hashtextextended('parution schema ' || coalesce(current_schema(), ''), 0))`
	unlock  = `SELECT pg_advisory_unlock(hashtextextended('parution schema ' || coalesce(current_schema(), ''), 0))`
	// lockPause is between two looks. Waiting inside a statement would hold up
	// CREATE INDEX CONCURRENTLY of the process that has the lock.
	lockPause = 100 * time.Millisecond
)

// SessionLock implements goose's lock.SessionLocker.
func (migrationLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	for {
		var got bool
		if err := conn.QueryRowContext(ctx, tryLock).Scan(&got); err != nil {
			return fmt.Errorf("lock the schema: %w", err)
		}
		if got {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock the schema: %w", ctx.Err())
		case <-time.After(lockPause):
		}
	}
}

// SessionUnlock implements goose's lock.SessionLocker; also once ctx has ended,
// since the connection goes back to the pool with what it holds.
func (migrationLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(context.WithoutCancel(ctx), unlock); err != nil {
		return fmt.Errorf("unlock the schema: %w", err)
	}
	return nil
}
