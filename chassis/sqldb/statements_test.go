package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"modernc.org/sqlite"
)

// counting counts the statements that the driver prepares and that are not
// closed yet.
type counting struct {
	driver.Connector

	prepared, open *atomic.Int64
}

func (c counting) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := conn.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("connection is %T", conn)
	}
	return countingConn{inner, c}, nil
}

type countingConn struct {
	sqliteConn

	count counting
}

func (c countingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.sqliteConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	inner, ok := s.(sqliteStmt)
	if !ok {
		return nil, fmt.Errorf("statement is %T", s)
	}
	c.count.prepared.Add(1)
	c.count.open.Add(1)
	return countingStmt{inner, c.count}, nil
}

type countingStmt struct {
	sqliteStmt

	count counting
}

func (s countingStmt) Close() error {
	s.count.open.Add(-1)
	return s.sqliteStmt.Close()
}

func openKeeping(t *testing.T) (*sql.DB, counting) {
	t.Helper()
	c, err := sqlite.NewConnector("file:" + filepath.Join(t.TempDir(), "test.db") + "?" + sqliteOptions)
	if err != nil {
		t.Fatal(err)
	}
	count := counting{c, new(atomic.Int64), new(atomic.Int64)}
	db := sql.OpenDB(keeping{count})
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if n := count.open.Load(); n != 0 {
			t.Errorf("%d statements are open after the connection was closed", n)
		}
	})
	exec(t, db, `CREATE TABLE thing (id integer PRIMARY KEY, name text NOT NULL)`)
	return db, count
}

func exec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

const (
	addThing  = `INSERT INTO thing (id, name) VALUES ($1, $2)`
	findThing = `SELECT name FROM thing WHERE id = $1`
)

func find(t *testing.T, db *sql.DB, id int) string {
	t.Helper()
	var name string
	if err := db.QueryRowContext(t.Context(), findThing, id).Scan(&name); err != nil {
		t.Fatalf("find %d: %v", id, err)
	}
	return name
}

func TestStatementsArePreparedOnce(t *testing.T) {
	t.Parallel()
	db, count := openKeeping(t)
	before := count.prepared.Load()
	for i := range 50 {
		exec(t, db, addThing, i, fmt.Sprint("name ", i))
		if got, want := find(t, db, i), fmt.Sprint("name ", i); got != want {
			t.Fatalf("thing %d is %q, want %q", i, got, want)
		}
	}
	if got := count.prepared.Load() - before; got != 2 {
		t.Errorf("prepared %d statements for two texts, want 2", got)
	}
}

func TestStatementsAreBounded(t *testing.T) {
	t.Parallel()
	db, count := openKeeping(t)
	for i := range 3 * maxStatements {
		exec(t, db, fmt.Sprintf(`INSERT INTO thing (id, name) VALUES (%d, $1)`, i), "a")
	}
	if got := count.open.Load(); got > maxStatements {
		t.Errorf("%d statements are kept, want at most %d", got, maxStatements)
	}
	// What was used last stays, what was used first went.
	before := count.prepared.Load()
	exec(t, db, fmt.Sprintf(`INSERT INTO thing (id, name) VALUES (%d, $1) ON CONFLICT DO NOTHING`, 1), "b")
	find(t, db, 1)
	find(t, db, 2)
	if got := count.prepared.Load() - before; got != 2 {
		t.Errorf("prepared %d statements for two new texts, want 2", got)
	}
}

// Rows that are still read keep their statement: the same text asked for
// meanwhile must not disturb them.
func TestRowsKeepTheirStatement(t *testing.T) {
	t.Parallel()
	db, count := openKeeping(t)
	for i := range 4 {
		exec(t, db, addThing, i, fmt.Sprint(i))
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // back to the pool
	const above = `SELECT id FROM thing WHERE id >= $1 ORDER BY id`
	var got []int
	outer, err := conn.QueryContext(t.Context(), above, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = outer.Close() }() // closed below if all is well
	for outer.Next() {
		var i, first int
		if err := outer.Scan(&i); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRowContext(t.Context(), above, 3).Scan(&first); err != nil || first != 3 {
			t.Fatalf("the inner query answers %d, %v, want 3", first, err)
		}
		got = append(got, i)
	}
	if err := outer.Err(); err != nil {
		t.Fatal(err)
	}
	if err := outer.Close(); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != "[0 1 2 3]" {
		t.Errorf("the outer query answers %v, want [0 1 2 3]", got)
	}
	// CREATE, INSERT and one of the two SELECTs.
	if n := count.open.Load(); n != 3 {
		t.Errorf("%d statements are kept, want 3", n)
	}
}

func TestStatementsFollowTheSchema(t *testing.T) {
	t.Parallel()
	db, _ := openKeeping(t)
	exec(t, db, addThing, 1, "one")
	columns := func() int {
		rows, err := db.QueryContext(t.Context(), `SELECT * FROM thing`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }() // it was read
		names, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(names))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	if n := columns(); n != 2 {
		t.Fatalf("thing has %d columns, want 2", n)
	}
	exec(t, db, `ALTER TABLE thing ADD COLUMN note text`)
	if n := columns(); n != 3 {
		t.Errorf("thing has %d columns, want 3", n)
	}
	exec(t, db, `DROP TABLE thing`)
	if _, err := db.ExecContext(t.Context(), addThing, 2, "two"); err == nil {
		t.Error("a dropped table took a row")
	}
	exec(t, db, `CREATE TABLE thing (id integer PRIMARY KEY, name text NOT NULL)`)
	exec(t, db, addThing, 2, "two")
	if got := find(t, db, 2); got != "two" {
		t.Errorf("thing 2 is %q, want %q", got, "two")
	}
}

func TestFailedStatementsWorkAgain(t *testing.T) {
	t.Parallel()
	db, _ := openKeeping(t)
	exec(t, db, addThing, 1, "one")
	if _, err := db.ExecContext(t.Context(), addThing, 1, "again"); !IsUnique(err) {
		t.Fatalf("a second thing 1 is %v, want a violated constraint", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := db.ExecContext(ended, addThing, 2, "two"); err == nil {
		t.Fatal("a call whose context has ended wrote")
	}
	exec(t, db, addThing, 2, "two")
	if got := find(t, db, 2); got != "two" {
		t.Errorf("thing 2 is %q, want %q", got, "two")
	}
	giveUp(t, db)
	exec(t, db, `DELETE FROM thing`)
}

// giveUp leaves rows half-way.
func giveUp(t *testing.T, db *sql.DB) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows, err := db.QueryContext(ctx, `SELECT id FROM thing`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // the context has ended, which may show here
	if !rows.Next() {
		t.Fatalf("no row: %v", rows.Err())
	}
	cancel()
}

func BenchmarkStatement(b *testing.B) {
	c, err := sqlite.NewConnector("file:" + filepath.Join(b.TempDir(), "test.db") + "?" + sqliteOptions)
	if err != nil {
		b.Fatal(err)
	}
	for name, connector := range map[string]driver.Connector{"anew": c, "kept": keeping{c}} {
		b.Run(name, func(b *testing.B) {
			db := sql.OpenDB(connector)
			defer func() { _ = db.Close() }() // in a temporary folder
			if _, err := db.ExecContext(b.Context(), `CREATE TABLE IF NOT EXISTS thing (id integer PRIMARY KEY, name text NOT NULL)`); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				var n int
				if err := db.QueryRowContext(b.Context(), `SELECT count(*) FROM thing WHERE id = $1`, 1).Scan(&n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
