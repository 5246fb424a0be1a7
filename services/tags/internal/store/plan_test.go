package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/store"
	"github.com/parution/parution/services/tags/internal/store/db"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

const (
	moments = 100
	atOnce  = 100
)

// fill writes moments × atOnce entries: all carry "all", every second "half",
// every third "third", one in a hundred "rare". There are as many other tags.
func fill(t testing.TB, database *sqldb.DB) {
	t.Helper()
	ctx := t.Context()
	if err := database.Migrate(ctx, outbox.Migrations(), projection.Migrations(), store.Migrations()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) `
	err := database.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for m := range moments {
			at, id := sqldb.At(noon().Add(time.Duration(m)*time.Minute)), fmt.Sprintf("%03d-", m)
			if _, err := tx.ExecContext(ctx, `INSERT INTO entry (post_id, site_id, version, indexed, slug, title, language, published_at, tags) `+
				numbers+`SELECT CAST($1 AS text) || (1000 + i), 'main', 1, true, 's', 't', 'en', $2, '[]' FROM n`, id, at); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO tag (site_id, slug, name, count) `+
				numbers+`SELECT 'main', CAST($1 AS text) || (1000 + i), 'n', 1 FROM n`, id); err != nil {
				return err
			}
			for name, every := range map[string]int{"all": 1, "half": 2, "third": 3, "rare": 100} {
				if _, err := tx.ExecContext(ctx, `INSERT INTO entry_tag (post_id, slug, site_id, name, published_at) `+
					numbers+`SELECT CAST($1 AS text) || (1000 + i), CAST($2 AS text), 'main', 'n', $3 FROM n WHERE i % CAST($4 AS bigint) = 0`, id, name, at, every); err != nil {
					return err
				}
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO tag (site_id, slug, name, count) SELECT site_id, slug, 'n', count(*) FROM entry_tag GROUP BY site_id, slug`); err != nil {
			return err
		}
		if database.Dialect() == sqldb.SQLite {
			return nil // nobody analyses there: the plans must be good without
		}
		_, err := tx.ExecContext(ctx, `ANALYZE`)
		return err
	})
	if err != nil {
		t.Fatalf("fill the index: %v", err)
	}
}

func selection(t testing.TB, tags string) entry.Selection {
	t.Helper()
	s, err := entry.Select("main", tags)
	if err != nil {
		t.Fatalf("select %s: %v", tags, err)
	}
	return s
}

func TestTenThousandPosts(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		fill(t, database)
		checkPlans(t, database)
		s := store.New(database, outbox.New(database, "tags"))
		for tags, want := range map[string]int32{"all": 10000, "all+half": 5000, "half+third": 1600, "all+half+third+rare": 0, "half+rare": 100} {
			got, total, err := s.Tagged(t.Context(), selection(t, tags), entry.Place{}, 20)
			if err != nil {
				t.Fatalf("Tagged(%s): %v", tags, err)
			}
			if total != want || len(got) != int(min(want, 20)) {
				t.Errorf("Tagged(%s) = %d entries of %d, want %d of %d", tags, len(got), total, min(want, 20), want)
			}
		}
	})
}

// recorder keeps a statement instead of running it.
type recorder struct {
	sqldb.Querier

	query string
	args  []any
}

var errRecorded = errors.New("recorded")

func (r *recorder) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	r.query, r.args = query, args
	return nil, errRecorded
}

// checkPlans holds the statements that readers cause to their indexes.
func checkPlans(t *testing.T, database *sqldb.DB) {
	t.Helper()
	var r recorder
	q := db.New(&r)
	for name, ask := range map[string]func() error{
		"one tag, first page": func() error {
			_, err := q.ListTagged(t.Context(), db.ListTaggedParams{
				SiteID: "main", Wanted: 1, Slug: "all", Slug2: "all", BeforePublishedAt: sqldb.At(noon().AddDate(1, 0, 0)), BeforePostID: "~", PageSize: 21,
			})
			return err
		},
		"two tags, a later page": func() error {
			_, err := q.ListTagged(t.Context(), db.ListTaggedParams{
				SiteID: "main", Wanted: 2, Slug: "rare", Slug2: "half", BeforePublishedAt: sqldb.At(noon().Add(moments / 2 * time.Minute)), BeforePostID: "~", PageSize: 21,
			})
			return err
		},
		"tags": func() error {
			_, err := q.ListTags(t.Context(), db.ListTagsParams{SiteID: "main", After: "050", PageSize: 101})
			return err
		},
	} {
		if err := ask(); !errors.Is(err, errRecorded) {
			t.Fatalf("%s: %v", name, err)
		}
		plan := explain(t, database, r.query, r.args)
		for _, bad := range []string{"Seq Scan", "SCAN", "USE TEMP B-TREE", "Sort"} {
			if strings.Contains(plan, bad) {
				t.Errorf("%s: the plan has %q:\n%s", name, bad, plan)
			}
		}
	}
}

func explain(t *testing.T, database *sqldb.DB, query string, args []any) string {
	t.Helper()
	prefix := "EXPLAIN QUERY PLAN "
	if database.Dialect() == sqldb.Postgres {
		prefix = "EXPLAIN (ANALYZE, COSTS OFF) "
	}
	rows, err := database.Conn(t.Context()).QueryContext(t.Context(), prefix+query, args...)
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

func BenchmarkTagged(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres} {
		database := open(b)
		fill(b, database)
		s := store.New(database, outbox.New(database, "tags"))
		for _, tags := range []string{"all", "all+half", "half+third", "half+rare"} {
			b.Run(engine+"/"+tags, func(b *testing.B) {
				sel := selection(b, tags)
				for b.Loop() {
					if _, _, err := s.Tagged(b.Context(), sel, entry.Place{}, 21); err != nil {
						b.Fatalf("Tagged: %v", err)
					}
				}
			})
		}
	}
}
