package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
)

// schema has a table for every test of this package.
func schema() sqldb.Migrations {
	const first = `-- +goose Up
CREATE TABLE thing (id text PRIMARY KEY, site text NOT NULL, slug text NOT NULL, at timestamptz, maybe timestamptz);
CREATE UNIQUE INDEX thing_site_slug_key ON thing (site, slug);
`
	const second = `-- +goose Up
CREATE TABLE lonely (name text NOT NULL);
CREATE UNIQUE INDEX lonely_name_key ON lonely (name);
`
	files := fstest.MapFS{}
	for _, engine := range []string{"postgres", "sqlite"} {
		f, s := first, second
		if engine == "sqlite" {
			f = strings.ReplaceAll(first, "timestamptz", "timestamp")
		}
		files[engine+"/0001_thing.sql"] = &fstest.MapFile{Data: []byte(f), Mode: fs.ModePerm}
		files[engine+"/0002_lonely.sql"] = &fstest.MapFile{Data: []byte(s), Mode: fs.ModePerm}
	}
	return sqldb.Migrations{Name: "test", FS: files}
}

// each runs fn on both engines with the schema in place.
func each(t *testing.T, fn func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), schema()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
		fn(t, db)
	})
}

const insert = `INSERT INTO thing (id, site, slug) VALUES ($1, $2, $3)`

func add(ctx context.Context, tx *sql.Tx, id, slug string) error {
	_, err := tx.ExecContext(ctx, insert, id, "main", slug)
	return err
}

func count(t testing.TB, db *sqldb.DB) int {
	t.Helper()
	var n int
	if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM thing`).Scan(&n); err != nil {
		t.Fatalf("count: %v", err)
	}
	return n
}

func TestInTxCommitsAndRollsBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		boom := errors.New("boom")
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(add(ctx, tx, "a", "a"), boom)
		})
		if !errors.Is(err, boom) || count(t, db) != 0 {
			t.Errorf("failed transaction: %v with %d rows, want boom with 0", err, count(t, db))
		}
		if err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error { return add(ctx, tx, "a", "a") }); err != nil || count(t, db) != 1 {
			t.Errorf("good transaction: %v with %d rows, want nil with 1", err, count(t, db))
		}
	})
}

func TestInTxJoins(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		boom := errors.New("boom")
		err := db.InTx(t.Context(), func(ctx context.Context, outer *sql.Tx) error {
			err := db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
				if tx != outer {
					t.Error("the inner transaction is another one")
				}
				return add(ctx, tx, "a", "a")
			})
			if err != nil {
				return err
			}
			var seen int
			if err := db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM thing`).Scan(&seen); err != nil || seen != 1 {
				t.Errorf("Conn inside sees %d rows, %v, want its own 1", seen, err)
			}
			if n := count(t, db); n != 0 {
				t.Errorf("Conn outside sees %d rows, want 0 before the commit", n)
			}
			return boom
		})
		if !errors.Is(err, boom) || count(t, db) != 0 {
			t.Errorf("outer failed: %v with %d rows, want boom with 0", err, count(t, db))
		}
	})
}

func TestInTxGivesTheConnectionBackAfterAPanic(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		for range 20 { // more than there are connections
			func() {
				defer func() { _ = recover() }() // the panic below
				_ = db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
					if err := add(ctx, tx, "a", "a"); err != nil {
						t.Errorf("insert: %v", err)
					}
					panic("boom")
				})
			}()
		}
		if n := count(t, db); n != 0 {
			t.Errorf("%d rows after panics, want 0", n)
		}
	})
}

func TestAfterCommitOnlyAfterTheCommit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		var calls []string
		note := func(s string) func() { return func() { calls = append(calls, s) } }
		err := db.InTx(t.Context(), func(ctx context.Context, _ *sql.Tx) error {
			db.AfterCommit(ctx, note("rolled back"))
			return errors.New("boom")
		})
		if err == nil || len(calls) != 0 {
			t.Fatalf("after a rollback: %v, calls %v, want none", err, calls)
		}
		err = db.InTx(t.Context(), func(ctx context.Context, _ *sql.Tx) error {
			db.AfterCommit(ctx, func() {
				if n := count(t, db); n != 1 {
					t.Errorf("called with %d rows to see, want the committed 1", n)
				}
			})
			err := db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
				db.AfterCommit(ctx, note("inner"))
				return add(ctx, tx, "a", "a")
			})
			if len(calls) != 0 {
				t.Errorf("before the commit: calls %v, want none", calls)
			}
			return err
		})
		if err != nil || strings.Join(calls, ",") != "inner" {
			t.Errorf("after the commit: %v, calls %v, want [inner]", err, calls)
		}
		db.AfterCommit(t.Context(), note("at once"))
		if strings.Join(calls, ",") != "inner,at once" {
			t.Errorf("outside a transaction: calls %v, want it called at once", calls)
		}
	})
}

func TestWritersDoNotLoseEachOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error { return add(ctx, tx, "n", "0") }); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, `UPDATE thing SET slug = CAST(CAST(slug AS integer) + 1 AS text) WHERE id = 'n'`)
					return err
				})
				if err != nil {
					t.Errorf("InTx: %v", err)
				}
			})
		}
		all.Wait()
		var got string
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT slug FROM thing WHERE id = 'n'`).Scan(&got); err != nil || got != "20" {
			t.Errorf("after 20 increments: %s, %v, want 20", got, err)
		}
	})
}

func TestConnOfAFreshSQLiteFileReads(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var one int
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT 1`).Scan(&one); err != nil || one != 1 {
			t.Errorf("first read = %d, %v, want 1", one, err)
		}
	})
}

func TestTimeRoundTrip(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		zone := time.FixedZone("elsewhere", -7*3600)
		for _, in := range []time.Time{
			time.Date(2026, 2, 28, 23, 59, 59, 999_999_999, time.UTC),
			time.Date(2026, 7, 1, 0, 0, 0, 0, zone),
			time.Date(1969, 12, 31, 23, 0, 0, 120_000_000, time.UTC),
			time.Date(9998, 1, 1, 0, 0, 0, 1000, time.UTC),
		} {
			want := in.UTC().Truncate(time.Microsecond)
			var at, newest sqldb.Time
			var maybe, none sqldb.NullTime
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, `DELETE FROM thing`); err != nil {
					return err
				}
				const write = `INSERT INTO thing (id, site, slug, at, maybe) VALUES ('a', 'main', 'a', $1, $2) RETURNING at`
				return tx.QueryRowContext(ctx, write, sqldb.At(in), sqldb.MaybeAt(&in)).Scan(&at)
			})
			if err != nil || !at.Equal(want) {
				t.Errorf("RETURNING %v = %v, %v, want %v", in, at, err, want)
			}
			q := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT at, maybe, (SELECT max(at) FROM thing), (SELECT max(at) FROM thing WHERE id = 'x') FROM thing`)
			if err := q.Scan(&at, &maybe, &newest, &none); err != nil {
				t.Fatalf("read %v: %v", in, err)
			}
			if !at.Equal(want) || at.Location() != time.UTC || !newest.Equal(want) || maybe.Ptr() == nil || !maybe.Ptr().Equal(want) {
				t.Errorf("read back %v, %v, %v, want %v in UTC", at, newest, maybe, want)
			}
			if none.Ptr() != nil {
				t.Errorf("the newest of nothing = %v, want none", none)
			}
		}
	})
}

func TestTimesSortAndCompare(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		steps := []time.Duration{0, time.Microsecond, 10 * time.Microsecond, 100 * time.Millisecond, 120 * time.Millisecond, time.Second}
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			for i, d := range steps {
				id := string(rune('a' + i))
				if _, err := tx.ExecContext(ctx, `INSERT INTO thing (id, site, slug, at) VALUES ($1, 'main', $1, $2)`, id, sqldb.At(start.Add(d))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range steps {
			var before int
			err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM thing WHERE at < $1`, sqldb.At(start.Add(d))).Scan(&before)
			if err != nil || before != i {
				t.Errorf("%d rows before %s, %v, want %d", before, d, err, i)
			}
		}
	})
}

func TestViolates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		write := func(statement string, args ...any) error {
			return db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, statement, args...)
				return err
			})
		}
		const lonely = `INSERT INTO lonely (name) VALUES ('x')`
		if err := errors.Join(write(insert, "a", "main", "a"), write(lonely)); err != nil {
			t.Fatalf("first rows: %v", err)
		}
		slug, alone, id, missing := write(insert, "b", "main", "a"), write(lonely), write(insert, "a", "main", "z"), write(insert, "c", "main", nil)
		for name, err := range map[string]error{"slug": slug, "alone": alone, "id": id} {
			if !sqldb.IsUnique(err) {
				t.Errorf("IsUnique(%s: %v) = false, want true", name, err)
			}
		}
		cases := []struct {
			name    string
			err     error
			table   string
			columns []string
			want    bool
		}{
			{"the index", slug, "thing", []string{"site", "slug"}, true},
			{"one column", alone, "lonely", []string{"name"}, true},
			{"fewer columns", slug, "thing", []string{"site"}, false},
			{"more columns", alone, "lonely", []string{"name", "site"}, false},
			{"a table whose name it ends with", alone, "onely", []string{"name"}, false},
			{"another table", slug, "lonely", []string{"site", "slug"}, false},
			{"another constraint", id, "thing", []string{"site", "slug"}, false},
			{"NOT NULL", missing, "thing", []string{"slug"}, false},
			{"no error", nil, "thing", []string{"site", "slug"}, false},
		}
		for _, c := range cases {
			if got := sqldb.Violates(c.err, c.table, c.columns...); got != c.want {
				t.Errorf("%s: Violates(%v, %s, %v) = %v, want %v", c.name, c.err, c.table, c.columns, got, c.want)
			}
		}
		if sqldb.IsUnique(missing) || sqldb.IsUnique(nil) {
			t.Errorf("IsUnique(%v) = true, want false", missing)
		}
	})
}

func TestMigrateTwiceAtOnce(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": sqldbtest.SQLiteURL, "postgres": sqldbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := url(t)
			var all sync.WaitGroup
			for range 4 {
				db := sqldbtest.Open(t, where)
				all.Go(func() {
					if err := db.Migrate(t.Context(), schema()); err != nil {
						t.Errorf("Migrate: %v", err)
					}
					if err := db.Current(t.Context(), schema()); err != nil {
						t.Errorf("Current after Migrate: %v", err)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestPostgresCompressesFast(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if db.Dialect() != sqldb.Postgres {
			t.Skip("is about PostgreSQL")
		}
		const query = `SELECT setting, 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'`
		var setting string
		var canFast bool
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), query).Scan(&setting, &canFast); err != nil {
			t.Fatal(err)
		}
		if canFast && setting != "lz4" {
			t.Errorf("long values are compressed by %s, want lz4", setting)
		}
	})
}

func TestCurrentTellsAnOldSchema(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Current(t.Context(), schema()); err == nil || !strings.Contains(err.Error(), "test") {
			t.Errorf("Current of an empty database = %v, want an error that names the set", err)
		}
	})
}

func TestOpenRefusesWithoutTellingThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mysql://u:hunter2@h/d", "sqlite:", "postgres://u:hunter2@h:notaport/d"} {
		db, err := sqldb.Open(t.Context(), sqldb.Config{URL: url})
		if err == nil {
			_ = db.Close() // it should not be
			t.Errorf("Open(%q) = nil, want an error", url)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open = %v, want it without the password", err)
		}
	}
}

func TestWaitTellsWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	// Nothing listens on port 1.
	db := sqldbtest.Open(t, "postgres://u:hunter2@127.0.0.1:1/d?connect_timeout=1")
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Wait(ctx, slog.New(slog.DiscardHandler), func(err error) {
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "127.0.0.1:1") {
			t.Errorf("reported %v, want the address without the password", err)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, want the context's error", err)
	}
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Wait(t.Context(), slog.New(slog.DiscardHandler), func(error) {}); err != nil {
			t.Errorf("Wait for a database that answers = %v, want nil", err)
		}
	})
}
