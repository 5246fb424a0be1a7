package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/parution/parution/chassis/sqldb"
)

func TestListsAreRows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *sqldb.DB) {
		statement := `INSERT INTO thing (id, site, slug) SELECT id, site, slug FROM ` +
			db.Dialect().Records("$1", "id text", "site text", "slug text") + ` WHERE true ON CONFLICT DO NOTHING`
		const objects = `[{"id":"1","site":"s","slug":"it's"},{"id":"2","site":"s","slug":"\"quoted\" \u00e9"},{"id":"3","site":"s","slug":""}]`
		for _, want := range []int64{3, 0} { // the second time finds all there
			var got int64
			err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				res, err := tx.ExecContext(ctx, statement, objects)
				if err != nil {
					return err
				}
				got, err = res.RowsAffected()
				return err
			})
			if err != nil || got != want {
				t.Errorf("inserted %d rows, %v, want %d", got, err, want)
			}
		}
		for list, want := range map[string][]string{`["2","1","9"]`: {"it's", `"quoted" é`}, `[]`: nil} {
			got, err := slugsIn(t.Context(), db, list)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("things %s have the slugs %q, %v, want %q", list, got, err, want)
			}
		}
	})
}

func slugsIn(ctx context.Context, db *sqldb.DB, list string) (out []string, err error) {
	rows, err := db.Conn(ctx).QueryContext(ctx, `SELECT slug FROM thing WHERE id IN (SELECT item FROM `+db.Dialect().List("$1")+`) ORDER BY id`, list)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var slug string
		if err := rows.Scan(&slug); err != nil {
			return nil, err
		}
		out = append(out, slug)
	}
	return out, rows.Err()
}
