package store

import "github.com/parution/parution/chassis/sqldb"

// statements are those that sqlc cannot share between the engines, because
// they take a list; it travels as JSON text.
type statements struct {
	// touch: site, list of keys, clock.
	touch string
	// touched: site, list of keys → newest clock, 0 if none was ever touched.
	touched string
	// cards: site, list of post ids → cardColumns, newest first.
	cards string
	// texts: site, list of post ids, most characters of a text → textColumns, newest first.
	texts string
	// tags: site, list of slugs → slug, name, count.
	tags string
	// countAll, idsAll: site, list of slugs, how many these are (idsAll: and size, skip).
	countAll, idsAll string
}

const (
	inPostgres = `IN (SELECT item FROM json_array_elements_text(CAST($2 AS json)) AS list(item))`
	inSQLite   = `IN (SELECT value FROM json_each($2))`

	touchEnd = ` ON CONFLICT (site, key) DO UPDATE SET clock = excluded.clock`
	touched  = `SELECT COALESCE(MAX(clock), 0) FROM touched WHERE site = $1 AND key `

	cardColumns = `post_id, site, slug, title, language, excerpt, image, image_alt, tags, minutes, published_at, updated_at`
	// A long text is left out rather than read: a feed of all would not fit into memory.
	textColumns = cardColumns + `, authors, CASE WHEN length(html) <= $3 THEN html ELSE '' END AS html`
	newest      = ` AND state = 1 ORDER BY published_at DESC, post_id DESC`
	fromDoc     = ` FROM doc WHERE site = $1 AND post_id `

	tagsOf   = `SELECT slug, name, count FROM tag WHERE site = $1 AND slug `
	bySlug   = ` ORDER BY slug`
	withAll  = ` FROM doc_tag WHERE site = $1 AND listed = true AND slug `
	grouped  = ` GROUP BY post_id, published_at HAVING count(*) = $3`
	pageOf   = ` ORDER BY published_at DESC, post_id DESC LIMIT $4 OFFSET $5`
	countOf  = `SELECT count(*) FROM (SELECT post_id`
	countEnd = `) AS carriers`
)

func statementsOf(d sqldb.Dialect) statements {
	in, touch := inPostgres, `INSERT INTO touched (site, key, clock)
 SELECT $1, item, $3 FROM json_array_elements_text(CAST($2 AS json)) AS list(item)`
	if d == sqldb.SQLite {
		// WHERE true: without it ON CONFLICT reads as the condition of a join.
		in, touch = inSQLite, `INSERT INTO touched (site, key, clock) SELECT $1, value, $3 FROM json_each($2) WHERE true`
	}
	return statements{
		touch:    touch + touchEnd,
		touched:  touched + in,
		cards:    `SELECT ` + cardColumns + fromDoc + in + newest,
		texts:    `SELECT ` + textColumns + fromDoc + in + newest,
		tags:     tagsOf + in + bySlug,
		countAll: countOf + withAll + in + grouped + countEnd,
		idsAll:   `SELECT post_id` + withAll + in + grouped + pageOf,
	}
}
