package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// Who follows one site of many must not cause the others' notices to be read.
func TestOneSitesFeedIsReadByItsIndex(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
		out := New(db, "posts")
		const sites, each = 50, 40
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			all := make([]Entry, 0, sites*each)
			for i := range sites * each {
				all = append(all, Entry{
					Site: fmt.Sprintf("s%d", i%sites), AggregateType: "post", AggregateID: fmt.Sprintf("p%d", i), Version: 1, Kind: "created",
					Public: i%3 == 0, Facts: &tagsv1.IndexFacts{}, At: time.Now(),
				})
			}
			return out.AppendAll(ctx, tx, all)
		})
		if err != nil {
			t.Fatalf("append: %v", err)
		}
		for placed := int64(batch); placed == batch; {
			if placed, err = out.sequence(t.Context(), &lease{holder: "me"}, time.Now()); err != nil {
				t.Fatalf("sequence: %v", err)
			}
		}
		if db.Dialect() == sqldb.Postgres { // on SQLite the plans must be good without
			execute(t, db, `ANALYZE outbox`)
		}
		for name, query := range map[string]string{"everything": ofSite, "what is public": publicOfSite} {
			plan := explain(t, db, query, "s7", 1, 20, 1, sites*each, 101)
			if !strings.Contains(plan, "outbox_site") {
				t.Errorf("%s: the plan does not use the index:\n%s", name, plan)
			}
			for _, bad := range []string{"Seq Scan", "SCAN"} {
				if strings.Contains(plan, bad) {
					t.Errorf("%s: the plan has %q:\n%s", name, bad, plan)
				}
			}
		}
	})
}

func explain(t testing.TB, db *sqldb.DB, query string, args ...any) string {
	t.Helper()
	prefix := "EXPLAIN QUERY PLAN "
	if db.Dialect() == sqldb.Postgres {
		prefix = "EXPLAIN (ANALYZE, COSTS OFF) "
	}
	rows, err := db.Conn(t.Context()).QueryContext(t.Context(), prefix+query, args...)
	if err != nil {
		t.Fatalf("explain: %v", err)
	}
	defer func() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Errorf("explain: %v", err)
		}
	}()
	var out strings.Builder
	for rows.Next() {
		var line string
		dest := []any{&line}
		if db.Dialect() == sqldb.SQLite {
			dest = []any{new(any), new(any), new(any), &line}
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatalf("explain: %v", err)
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}
