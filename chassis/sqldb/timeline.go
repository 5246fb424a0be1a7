package sqldb

import (
	"context"
	"errors"
	"fmt"

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

// ErrNoTimeline says that the server does not tell its timeline, for lack of a
// right or of the function.
var ErrNoTimeline = errors.New("the server does not tell its timeline")
