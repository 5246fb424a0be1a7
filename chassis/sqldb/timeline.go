package sqldb

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// history is the server's own number and the timeline that it writes: a standby
// that is promoted begins a new one.
const history = `SELECT system_identifier::text || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()`

// Timeline names the history to which PostgreSQL's commits belong. Another name
// than before means that what was committed may be gone: the database was
// restored elsewhere, or a standby was promoted. "" where nobody tells: on
// SQLite, and with ErrNoTimeline once, if the server refuses to say. In a
// transaction that error ends it.
func (db *DB) Timeline(ctx context.Context) (string, error) {
	if db.dialect == SQLite || db.mute.Load() {
		return "", nil
	}
	var name string
	err := db.Conn(ctx).QueryRowContext(ctx, history).Scan(&name)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == "42501" || pg.Code == "42883") {
		db.mute.Store(true)
		return "", fmt.Errorf("%w: %w", ErrNoTimeline, err)
	}
	if err != nil {
		return "", fmt.Errorf("read the database's timeline: %w", err)
	}
	return name, nil
}

// SettledTimeline is Timeline, without a question where the answer is known: all
// connections that are open now said the same when they were made, and a server
// that takes writes keeps its history until it is started again, which ends its
// connections. Only something between that changes the server behind a
// connection is not noticed: who must know asks Timeline now and then.
func (db *DB) SettledTimeline(ctx context.Context) (string, error) {
	if db.dialect == Postgres {
		if name, ok := db.histories.settled(); ok {
			return name, nil
		}
	}
	return db.Timeline(ctx)
}

// histories is what each open connection of the pool said that it writes. Safe
// for concurrent use.
type histories struct {
	mu    sync.Mutex
	named map[*pgx.Conn]string
	// different counts the connections of each name.
	different map[string]int
}

func newHistories() *histories {
	return &histories{named: make(map[*pgx.Conn]string), different: make(map[string]int)}
}

// ask is called with each new connection, before anybody gets it. A standby, or
// a server that refuses, says nothing, and is asked again each time.
func (h *histories) ask(ctx context.Context, conn *pgx.Conn) {
	var name string
	if conn.QueryRow(ctx, history, pgx.QueryExecModeSimpleProtocol).Scan(&name) != nil {
		name = ""
	}
	h.remember(conn, name)
}

func (h *histories) remember(conn *pgx.Conn, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.named[conn] = name
	h.different[name]++
}

// forget is called before conn is closed.
func (h *histories) forget(conn *pgx.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name, ok := h.named[conn]
	if !ok {
		return
	}
	delete(h.named, conn)
	if h.different[name]--; h.different[name] == 0 {
		delete(h.different, name)
	}
}

// settled is the name that all connections have.
func (h *histories) settled() (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.different) != 1 {
		return "", false
	}
	for name := range h.different {
		return name, name != ""
	}
	return "", false
}

// ErrNoTimeline says that the server does not tell its timeline, for lack of a
// right or of the function.
var ErrNoTimeline = errors.New("the server does not tell its timeline")
