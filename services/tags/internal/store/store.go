// Package store keeps the taxonomy and the index, and writes the notice of each
// change in the transaction that makes it. Nothing else in the service writes.
package store

import (
	"context"
	"embed"
	"fmt"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/wire"
)

//go:embed migrations
var files embed.FS

// Migrations is the schema of the store.
func Migrations() sqldb.Migrations {
	return sqldb.Migrations{Name: "tags", FS: sqldb.Sub(files, "migrations")}
}

// Store is the tags service's memory. Safe for concurrent use.
type Store struct {
	db  *sqldb.DB
	out *outbox.Outbox
	sql statements
	// woken tells the part that brings entries up to operations.
	woken chan struct{}
}

// New makes a store whose notices go to out.
func New(database *sqldb.DB, out *outbox.Outbox) *Store {
	return &Store{db: database, out: out, sql: statementsOf(database.Dialect()), woken: make(chan struct{}, 1)}
}

func (s *Store) read(ctx context.Context) *db.Queries { return db.New(s.db.Conn(ctx)) }

// Epoch tells the timeline of the index's own database.
func (s *Store) Epoch(ctx context.Context) (int32, error) { return s.out.Epoch(ctx) }

// PublicHashes are the hashes that the notices of these versions of entries told.
func (s *Store) PublicHashes(ctx context.Context, versions map[string]int32) (map[string][]byte, error) {
	return s.out.PublicHashes(ctx, wire.TypeEntry, versions)
}

// TagHashes are the hashes that the notices of these versions of tags told.
func (s *Store) TagHashes(ctx context.Context, versions map[string]int32) (map[string][]byte, error) {
	return s.out.PublicHashes(ctx, wire.TypeTag, versions)
}

// turn waits until no other transaction writes entries or tags, and gives
// numbers: the last of as many as were asked for.
func turn(ctx context.Context, q *db.Queries, entries, operations int64) (db.TakeTurnRow, error) {
	row, err := q.TakeTurn(ctx, db.TakeTurnParams{Entries: entries, Operations: operations})
	if err != nil {
		return row, fmt.Errorf("take the turn to write: %w", err)
	}
	return row, nil
}
