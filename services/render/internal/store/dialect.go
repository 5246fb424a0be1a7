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
	// outlines: list of post ids → outlineColumns.
	outlines string
	// labels: list of post ids → post_id, slug, name, by slug.
	labels string
	// relist: list of post ids; their tags' lists get what doc says.
	relist string
	// saveDocTags: list of docTag, published_at of posts that are not known.
	saveDocTags string
	// saveAddresses: list of address.
	saveAddresses string
	// saveTags: list of tag.
	saveTags string
	// bodies: list of post ids → post_id, html, contents.
	bodies string
	// places: list of post ids → post_id, slug, listed, published_at.
	places string
	// addresses: list of post ids → site, path, post_id, kind.
	addresses string
	// nextVersions: list of aggregates, each once → aggregate_id, version.
	nextVersions string
}

const (
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

	outlineColumns = `post_id, site, epoch, version, state, slug, title, language, excerpt, standfirst, image, image_alt, cover,
 tags, authors, featured, words, minutes, hash, former, aliases, published_at, updated_at`
	// The name is the one that ShownName picks.
	countAll = `SELECT site, slug, name, CAST(carriers AS integer) FROM (
  SELECT site, slug, name, SUM(count(*)) OVER (PARTITION BY site, slug) AS carriers,
   row_number() OVER (PARTITION BY site, slug ORDER BY count(*) DESC, max(published_at) DESC, max(post_id) DESC) AS place
  FROM doc_tag GROUP BY site, slug, name) AS named
 WHERE place = 1`
	labelsOf = `SELECT post_id, slug, name FROM doc_tag WHERE post_id `
	relistOf = `UPDATE doc_tag SET listed = (doc.state = 1), published_at = doc.published_at FROM doc
 WHERE doc.post_id = doc_tag.post_id AND doc_tag.post_id `
	docTagsInto = `INSERT INTO doc_tag (post_id, slug, name, site, listed, published_at)
 SELECT list.post_id, list.slug, list.name, list.site, COALESCE(doc.state = 1, false), COALESCE(doc.published_at, $2) FROM `
	docTagsEnd = ` LEFT JOIN doc ON doc.post_id = list.post_id AND doc.site = list.site WHERE true
 ON CONFLICT (post_id, slug) DO UPDATE SET name = excluded.name, listed = excluded.listed, published_at = excluded.published_at`
	addressesInto = `INSERT INTO address (site, path, post_id, kind) SELECT site, path, post_id, kind FROM `
	tagsInto      = `INSERT INTO tag (site, slug, name, count) SELECT site, slug, name, count FROM `
	tagsEnd       = ` ON CONFLICT (site, slug) DO UPDATE SET name = excluded.name, count = excluded.count`
	versionsInto  = `INSERT INTO press_version (aggregate_id, version) SELECT item, 1 FROM `
	versionsEnd   = ` ON CONFLICT (aggregate_id) DO UPDATE SET version = press_version.version + 1 RETURNING aggregate_id, version`
)

func statementsOf(d sqldb.Dialect) statements {
	// Without a condition SQLite reads ON CONFLICT as that of a join.
	const where = ` WHERE true`
	list, only := d.List("$2"), d.List("$1")
	in, inOnly := `IN (SELECT item FROM `+list+`)`, `IN (SELECT item FROM `+only+`)`
	return statements{
		touch:    touchInto + list + where + touchEnd,
		touched:  touched + in,
		cards:    `SELECT ` + cardColumns + ` FROM ` + list + fromIDs + newest,
		texts:    `SELECT ` + textColumns + ` FROM ` + list + fromIDs + newest,
		tags:     tagsOf + in + bySlug,
		countAll: countOf + withAll + in + grouped + countEnd,
		idsAll:   `SELECT post_id` + withAll + in + grouped + pageOf,

		outlines:      `SELECT ` + outlineColumns + ` FROM doc WHERE post_id ` + inOnly,
		labels:        labelsOf + inOnly + bySlug,
		relist:        relistOf + inOnly,
		saveDocTags:   docTagsInto + d.Records("$1", "post_id text", "slug text", "name text", "site text") + docTagsEnd,
		saveAddresses: addressesInto + d.Records("$1", "site text", "path text", "post_id text", "kind integer"),
		saveTags:      tagsInto + d.Records("$1", "site text", "slug text", "name text", "count integer") + where + tagsEnd,
		bodies:        `SELECT post_id, html, contents FROM doc WHERE post_id ` + inOnly,
		places:        `SELECT post_id, slug, listed, published_at FROM doc_tag WHERE post_id ` + inOnly,
		addresses:     `SELECT site, path, post_id, kind FROM address WHERE post_id ` + inOnly,
		nextVersions:  versionsInto + only + where + versionsEnd,
	}
}
