package outbox

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
)

// What is asked for with every change must not take longer the more posts there are.
func TestPublicHashesAreLookedUp(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		fill(t, database, 5_000)
		prefix := "EXPLAIN QUERY PLAN "
		if database.Dialect() == sqldb.Postgres {
			prefix = "EXPLAIN "
		}
		one, two := fmt.Sprintf("%036d", 1), fmt.Sprintf("%036d", 2)
		list := fmt.Sprintf(`[{"id":%q,"version":1},{"id":%q,"version":3}]`, one, two)
		plan := planOf(t, database, prefix+publicHashes(database.Dialect()), "post", list)
		if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "version=?") && database.Dialect() == sqldb.SQLite {
			t.Errorf("the plan reads all notices of a type:\n%s", plan)
		}
		got, err := New(database, "posts").PublicHashes(t.Context(), "post", map[string]int32{one: 1, two: 3, "none": 1})
		if err != nil {
			t.Fatalf("PublicHashes: %v", err)
		}
		if diff := cmp.Diff(map[string][]byte{one: make([]byte, 32)}, got); diff != "" {
			t.Errorf("public hashes (-want +got):\n%s", diff)
		}
	})
}

func planOf(t testing.TB, database *sqldb.DB, query string, args ...any) string {
	t.Helper()
	rows, err := database.Conn(t.Context()).QueryContext(t.Context(), query, args...)
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
		if database.Dialect() == sqldb.SQLite {
			dest = []any{new(any), new(any), new(any), &line}
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatalf("explain: %v", err)
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}
