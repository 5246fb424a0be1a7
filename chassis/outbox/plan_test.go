package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
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
		crowd(t, db)
		for name, query := range map[string]string{"everything": ofSite, "what is public": publicOfSite} {
			plan := explain(t, db, query, "s7", 1, 20, 1, sites*perSite, 101)
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

// TestWhatIsAskedAgainAndAgainReadsNoOldNotices looks at the questions that come with
// each change, and while nothing happens: an outbox may have a million notices.
func TestWhatIsAskedAgainAndAgainReadsNoOldNotices(t *testing.T) {
	t.Parallel()
	// All of what waits may be gone through, and nothing else.
	all := regexp.MustCompile(`(?m)SCAN outbox(?: USING (?:COVERING )?INDEX (\S+))?|Seq Scan on outbox`)
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		crowd(t, db)
		const end = sites*perSite - 1
		for name, plan := range map[string]string{
			"what waits":       explain(t, db, waiting),
			"who has news":     explain(t, db, audiences, 1, end),
			"what is next":     explain(t, db, after, 1, end, 100),
			"what is not sent": explain(t, db, unsent, "posts", 100),
			"the first unsent": explain(t, db, firstUnsent),
			"the place before": explain(t, db, lastBefore, 1, end),
		} {
			for _, found := range all.FindAllStringSubmatch(plan, -1) {
				if found[1] != "outbox_unsent" && found[1] != "outbox_unplaced" {
					t.Errorf("%s: %q\n%s", name, found[0], plan)
				}
			}
		}
	})
}

// How many sites crowd an outbox, and how many notices each has.
const sites, perSite = 50, 40

// crowd fills an outbox, all of it placed and sent.
func crowd(t testing.TB, db *sqldb.DB) {
	t.Helper()
	if err := db.Migrate(t.Context(), Migrations()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	out := New(db, "posts")
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		all := make([]Entry, 0, sites*perSite)
		for i := range sites * perSite {
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
	execute(t, db, `UPDATE outbox SET stream_seq = pos`)
	if db.Dialect() == sqldb.Postgres { // on SQLite the plans must be good without
		execute(t, db, `ANALYZE outbox`)
	}
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
