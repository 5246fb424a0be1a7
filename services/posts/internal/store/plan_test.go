package store_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/parution/parution/chassis/idempotency"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/posts/internal/store"
	"github.com/parution/parution/services/posts/internal/store/db"
)

// explained notes what it runs.
type explained struct {
	sqldb.Querier

	query string
	args  []any
}

func (e *explained) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	e.query, e.args = query, args
	return e.Querier.QueryRowContext(ctx, query, args...)
}

// An import asks with every post whether it is there already.
func TestAnExternalIDIsLookedUp(t *testing.T) {
	t.Parallel()
	database := sqldbtest.SQLite(t) // PostgreSQL plans with the value
	if err := database.Migrate(t.Context(), outbox.Migrations(), idempotency.Migrations(), store.Migrations()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	r := explained{Querier: database.Conn(t.Context())}
	_, err := db.New(&r).FindByExternalID(t.Context(), db.FindByExternalIDParams{SiteID: "main", ExternalID: "a"})
	if !errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("FindByExternalID: %v", err)
	}
	var line string
	row := database.Conn(t.Context()).QueryRowContext(t.Context(), `EXPLAIN QUERY PLAN `+r.query, r.args...)
	if err := row.Scan(new(any), new(any), new(any), &line); err != nil {
		t.Fatalf("explain: %v", err)
	}
	if !strings.Contains(line, "external_id=?") {
		t.Errorf("the plan is %q, want one by external_id", line)
	}
}
