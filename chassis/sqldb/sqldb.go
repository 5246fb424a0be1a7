// Package sqldb opens the database of a service: PostgreSQL (a pgx pool seen
// through database/sql) or SQLite (pure Go), behind one small face, so that a
// service has one set of queries. docs/adr/0002 says why.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/parution/parution/chassis/ids"
)

// Dialect is the SQL engine behind a DB.
type Dialect string

// The engines.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// Config says which database to open.
type Config struct {
	// URL is "postgres://user@host/db?…" or "sqlite:PATH".
	URL string
	// MaxConns bounds PostgreSQL connections and SQLite readers; 0 means 4 per CPU, at least 8.
	MaxConns int
}

// Querier is what the generated query packages need: a pool or a transaction.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is an open database. SQLite has one writing connection beside a pool of
// readers; PostgreSQL uses one pool for both. Safe for concurrent use.
type DB struct {
	dialect Dialect
	where   string // the address without credentials, for messages
	write   *sql.DB
	read    *sql.DB
	pool    *pgxpool.Pool
	mute    atomic.Bool // the server refused to tell its timeline
	name    string      // unique: who notifies
	// histories is nil on SQLite.
	histories *histories
	// turn is who may write to SQLite: the pool gives its one connection to one of
	// those who wait by chance, so that with many writers some would wait too long.
	turn chan struct{}
}

// Open prepares the database at cfg.URL. It does not connect: a server that is
// down shows in Wait. For SQLite the file's folder is created, readable by its
// owner only.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	conns := cfg.MaxConns
	if conns <= 0 {
		conns = max(8, 4*runtime.GOMAXPROCS(0))
	}
	switch {
	case strings.HasPrefix(cfg.URL, "postgres://"), strings.HasPrefix(cfg.URL, "postgresql://"):
		return openPostgres(ctx, cfg.URL, conns)
	case strings.HasPrefix(cfg.URL, "sqlite:"):
		return openSQLite(strings.TrimPrefix(cfg.URL, "sqlite:"), conns)
	}
	return nil, errors.New(`database URL must begin with "postgres://" or "sqlite:"`)
}

func openPostgres(ctx context.Context, rawURL string, conns int) (*DB, error) {
	pc, err := pgxpool.ParseConfig(rawURL)
	if err != nil {
		return nil, fmt.Errorf("parse the database URL: %w", withoutCredentials(err))
	}
	pc.MaxConns = int32(min(conns, 1000)) //nolint:gosec // bounded on the same line
	told := newHistories()
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if err := preferFastCompression(ctx, conn); err != nil {
			return err
		}
		told.ask(ctx, conn)
		return nil
	}
	pc.BeforeClose = told.forget
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection pool: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	cc := pc.ConnConfig
	where := fmt.Sprintf("PostgreSQL at %s:%d", cc.Host, cc.Port)
	return &DB{dialect: Postgres, where: where, write: db, read: db, pool: pool, name: ids.New(), histories: told}, nil
}

// fastCompression changes the default only, where the server was built with lz4
// and nobody has decided otherwise.
const fastCompression = `SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_settings
 WHERE name = 'default_toast_compression' AND source = 'default' AND 'lz4' = ANY(enumvals)`

// preferFastCompression has PostgreSQL compress long values by lz4. Its default
// is slow: of what a post of 7 KiB costs the server, a quarter went into that.
func preferFastCompression(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, fastCompression); err != nil {
		return fmt.Errorf("choose the compression: %w", err)
	}
	return nil
}

// withoutCredentials keeps the password of an unparsable URL out of logs: pgx
// repeats the whole URL in its message.
func withoutCredentials(err error) error {
	if pe, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		if cause := pe.Unwrap(); cause != nil {
			return errors.New(cause.Error())
		}
		return errors.New("want postgres://user:password@host:port/database?…")
	}
	return err
}

// sqliteOptions, each for a reason: _txlock: a transaction that starts as a
// reader and upgrades gets SQLITE_BUSY in spite of the timeout; WAL lets readers
// go on beside the writer; synchronous FULL is what makes a commit durable;
// _time_format is one that sorts as text and keeps the zone. cache_size is KiB, taken
// as they are needed: the writer has room for the pages at which rows are put in,
// which with a million posts are everywhere. wal_autocheckpoint is pages: what is
// written again and again, as these are, goes into the file once in 16 MiB.
const sqliteOptions = "_time_format=sqlite&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
	"&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)"

func openSQLite(path string, conns int) (*DB, error) {
	if path == "" {
		return nil, errors.New("database URL names no file: sqlite:PATH")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create the database folder: %w", err)
	}
	file := "file:" + (&url.URL{Path: path}).EscapedPath()
	writer, err := sqlite.NewConnector(file + "?_txlock=immediate&_pragma=cache_size(-32768)&_pragma=wal_autocheckpoint(4096)&" + sqliteOptions)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	reader, err := sqlite.NewConnector(file + "?_pragma=query_only(1)&_pragma=cache_size(-4096)&" + sqliteOptions)
	if err != nil {
		return nil, fmt.Errorf("open %s for reading: %w", path, err)
	}
	write, read := sql.OpenDB(keeping{writer}), sql.OpenDB(keeping{reader})
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(conns)
	read.SetMaxIdleConns(min(conns, 4))
	return &DB{dialect: SQLite, where: "SQLite at " + path, write: write, read: read, turn: make(chan struct{}, 1)}, nil
}

// Dialect tells which engine this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Where describes the database for people, without credentials.
func (db *DB) Where() string { return db.where }

// Close closes all connections; it waits for those in use.
func (db *DB) Close() error {
	err := db.read.Close()
	if db.write != db.read {
		err = errors.Join(err, db.write.Close())
	}
	if db.pool != nil {
		db.pool.Close()
	}
	return err
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.write.PingContext(ctx); err != nil {
		return fmt.Errorf("%s does not answer: %w", db.where, err)
	}
	return nil
}

// Wait returns once the database answers, trying again every second. What it
// waits for goes to report, and to the log when that changes. The error is
// ctx's own.
func (db *DB) Wait(ctx context.Context, log *slog.Logger, report func(error)) error {
	var last string
	for {
		err := db.pingOnce(ctx)
		report(err)
		if err == nil {
			return nil
		}
		if msg := err.Error(); msg != last {
			log.WarnContext(ctx, "waiting for the database", "database", db.where, "error", err)
			last = msg
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (db *DB) pingOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return db.Ping(ctx)
}

type txKey struct{ db *DB }

// Conn is what reads of this call go through: the transaction that ctx is in,
// otherwise the pool of readers.
func (db *DB) Conn(ctx context.Context) Querier {
	if tx, ok := ctx.Value(txKey{db}).(*sql.Tx); ok {
		return tx
	}
	return db.read
}

// maxTries bounds how often a transaction that lost against another is run.
const maxTries = 4

// InTx runs fn in a writing transaction and commits it if fn returns nil. If
// ctx is in a transaction already fn joins it, and the outer one decides. On
// PostgreSQL a serialization failure or deadlock is retried up to 3 times, so
// fn may run more than once and must have no effect outside tx.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	if tx, ok := ctx.Value(txKey{db}).(*sql.Tx); ok {
		return fn(ctx, tx)
	}
	for try := 1; ; try++ {
		err := db.once(ctx, fn)
		if err == nil || try == maxTries || !isRetriable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(time.Duration(try) * 10 * time.Millisecond)): //nolint:gosec // jitter, not a secret
		}
	}
}

// Exec executes one statement that writes: in the transaction that ctx is in,
// otherwise as one of its own, which saves PostgreSQL two messages and is not
// tried again.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if tx, ok := ctx.Value(txKey{db}).(*sql.Tx); ok {
		return tx.ExecContext(ctx, query, args...)
	}
	leave, err := db.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return db.write.ExecContext(ctx, query, args...)
}

// enter waits for the turn to write: on SQLite those who come first write first.
func (db *DB) enter(ctx context.Context) (leave func(), err error) {
	if db.turn == nil {
		return func() {}, nil
	}
	select {
	case db.turn <- struct{}{}:
		return func() { <-db.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the turn to write: %w", ctx.Err())
	}
}

func (db *DB) once(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	after := &afterCommit{}
	if err := db.inTurn(ctx, after, fn); err != nil {
		return err
	}
	for _, f := range after.fns {
		f()
	}
	return nil
}

// inTurn runs a transaction and leaves what comes after it to after.
func (db *DB) inTurn(ctx context.Context, after *afterCommit, fn func(ctx context.Context, tx *sql.Tx) error) error {
	leave, err := db.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	inner := context.WithValue(context.WithValue(ctx, txKey{db}, tx), afterKey{db}, after)
	ended := false
	defer func() {
		if !ended { // fn failed, which is what matters, or panicked: the connection must come back
			_ = tx.Rollback()
		}
	}()
	if err := fn(inner, tx); err != nil {
		return err
	}
	ended = true
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

type (
	afterKey    struct{ db *DB }
	afterCommit struct{ fns []func() }
)

// AfterCommit has f called once the transaction that ctx is in has committed,
// and never if it rolls back. f must not block. Outside a transaction f is
// called at once.
func (db *DB) AfterCommit(ctx context.Context, f func()) {
	if a, ok := ctx.Value(afterKey{db}).(*afterCommit); ok {
		a.fns = append(a.fns, f)
		return
	}
	f()
}

// Clock is the database's time, in UTC: replicas whose own clocks differ share
// it. SQLite has this machine's.
func (db *DB) Clock(ctx context.Context) (time.Time, error) {
	if db.dialect == SQLite {
		return time.Now().UTC(), nil
	}
	var now time.Time
	if err := db.Conn(ctx).QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", err)
	}
	return now.UTC(), nil
}
