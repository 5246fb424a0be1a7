package sqldb

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// IsUnique tells whether err is a violated unique or primary key constraint,
// by the driver's code.
func IsUnique(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// Violates tells whether err is a violated unique constraint over exactly these
// columns of table. Indexes must be named table_column1_column2_key, which is
// PostgreSQL's own habit; SQLite tells the columns themselves.
func Violates(err error, table string, columns ...string) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505" && pg.ConstraintName == table+"_"+strings.Join(columns, "_")+"_key"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok && IsUnique(err) {
		return strings.Contains(lite.Error(), "failed: "+table+"."+strings.Join(columns, ", "+table+".")+" (")
	}
	return false
}

// isRetriable tells whether a transaction lost against another one and may be
// run again: serialization_failure and deadlock_detected.
func isRetriable(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}
