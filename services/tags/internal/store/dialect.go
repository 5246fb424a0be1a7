package store

import "github.com/parution/parution/chassis/sqldb"

const entryColumns = `SELECT post_id, site_id, version, indexed, slug, title, language, published_at, tags FROM entry WHERE post_id IN `

// entriesByID takes a JSON list of ids.
func entriesByID(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return entryColumns + `(SELECT jsonb_array_elements_text(CAST($1 AS jsonb)))`
	}
	return entryColumns + `(SELECT value FROM json_each($1))`
}
