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
	listPostgres = `json_array_elements_text(CAST($2 AS json)) AS list(item)`
	listSQLite   = `(SELECT value AS item FROM json_each($2)) AS list`

	touchInto = `INSERT INTO touched (site, key, clock) SELECT $1, item, $3 FROM `
	touchEnd  = ` ON CONFLICT (site, key) DO UPDATE SET clock = excluded.clock`
	touched   = `SELECT COALESCE(MAX(clock), 0) FROM touched WHERE site = $1 AND key `

	cardColumns = `post_id, site, slug, title, language, excerpt, image, image_alt, tags, minutes, published_at, updated_at`
	// A long text is left out rather than read: a feed of all would not fit into memory.
	textColumns = cardColumns + `, authors, CASE WHEN length(html) <= $3 THEN html ELSE '' END AS html`
	newest      = ` AND doc.state = 1 ORDER BY published_at DESC, post_id DESC`
	// A cross join keeps SQLite from reading the posts in the order of a list and looking each up in ids.
	fromIDs = ` CROSS JOIN doc WHERE doc.post_id = list.item AND doc.site = $1`

	tagsOf   = `SELECT slug, name, count FROM tag WHERE site = $1 AND slug `
	bySlug   = ` ORDER BY slug`
	withAll  = ` FROM doc_tag WHERE site = $1 AND listed = true AND slug `
	grouped  = ` GROUP BY post_id, published_at HAVING count(*) = $3`
	pageOf   = ` ORDER BY published_at DESC, post_id DESC LIMIT $4 OFFSET $5`
	countOf  = `SELECT count(*) FROM (SELECT post_id`
	countEnd = `) AS carriers`
)

func statementsOf(d sqldb.Dialect) statements {
	list, where := listPostgres, ""
	if d == sqldb.SQLite {
		// Without a condition ON CONFLICT reads as that of a join.
		list, where = listSQLite, ` WHERE true`
	}
	in := `IN (SELECT item FROM ` + list + `)`
	return statements{
		touch:    touchInto + list + where + touchEnd,
		touched:  touched + in,
		cards:    `SELECT ` + cardColumns + ` FROM ` + list + fromIDs + newest,
		texts:    `SELECT ` + textColumns + ` FROM ` + list + fromIDs + newest,
		tags:     tagsOf + in + bySlug,
		countAll: countOf + withAll + in + grouped + countEnd,
		idsAll:   `SELECT post_id` + withAll + in + grouped + pageOf,
	}
}
