package store

import "github.com/parution/parution/chassis/sqldb"

const entryColumns = `SELECT post_id, site_id, version, indexed, slug, title, language, published_at, tags FROM entry WHERE post_id IN `

const entryTagColumns = `SELECT post_id, slug, site_id, name, published_at FROM entry_tag WHERE post_id IN `

// sqlc knows no window functions of both engines.
const (
	dropUncarried = `DELETE FROM tag WHERE NOT EXISTS (SELECT 1 FROM entry_tag WHERE entry_tag.site_id = tag.site_id AND entry_tag.slug = tag.slug)`
	// The name is the one that ShownName picks.
	countAll = `INSERT INTO tag (site_id, slug, name, count)
 SELECT site_id, slug, name, CAST(carriers AS integer) FROM (
  SELECT site_id, slug, name, SUM(count(*)) OVER (PARTITION BY site_id, slug) AS carriers,
   row_number() OVER (PARTITION BY site_id, slug ORDER BY count(*) DESC, max(published_at) DESC, max(post_id) DESC) AS place
  FROM entry_tag GROUP BY site_id, slug, name) AS named
 WHERE place = 1
 ON CONFLICT (site_id, slug) DO UPDATE SET name = excluded.name, count = excluded.count`
)

// entriesByID takes a JSON list of ids.
func entriesByID(d sqldb.Dialect) string { return entryColumns + inList(d) }

// entryTagsByID takes a JSON list of ids.
func entryTagsByID(d sqldb.Dialect) string { return entryTagColumns + inList(d) }

func inList(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return `(SELECT jsonb_array_elements_text(CAST($1 AS jsonb)))`
	}
	return `(SELECT value FROM json_each($1))`
}
