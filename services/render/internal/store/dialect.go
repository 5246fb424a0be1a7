package store

import "github.com/parution/parution/chassis/sqldb"

// statements are those that sqlc cannot share between the engines, because
// they take a list; it travels as JSON text.
type statements struct {
	// touch: site, list of keys, clock, time.
	touch string
	// touched: site, list of keys → newest clock, 0 if none was ever touched.
	touched string
	// touchedAt: site, list of keys, clock → when the last of these that was touched
	// until clock was; no row if none was.
	touchedAt string
	// cards: site, list of post ids → cardColumns, newest first.
	cards string
	// texts: site, list of post ids, most characters of a text → textColumns, newest first.
	texts string
	// tags: site, list of slugs → tagColumns of visible ones that posts carry, by slug.
	tags string
	// tagsByID: list of ids → tagColumns of all.
	tagsByID string
	// children: site, list of slugs → tagColumns of visible ones that posts carry.
	children string
	// settleFormer: site, list of slugs; those that a tag of posts has now lead nowhere else.
	settleFormer string
	// movedTo: list of ids → moved_to, slug of the tags with posts that these took the place of.
	movedTo string
	// states: list of ids → stateColumns.
	states string
	// countAll, idsAll: site, list of subjects, how many these are (idsAll: and size, skip).
	countAll, idsAll string
	// outlines: list of post ids → outlineColumns.
	outlines string
	// labels: list of post ids → post_id, slug, name, names of what they carry, in order,
	// with the slug of the tag itself and whether readers see it.
	labels string
	// subjects: list of post ids → post_id, subject, inherited, place.
	subjects string
	// relist: list of post ids; their subjects' lists get what doc says.
	relist string
	// saveSubjects: list of docSubject, published_at of posts that are not known.
	saveSubjects string
	// beside: list of place → n, the newer and the older neighbour, each may be NULL.
	beside string
	// windows: list of place in subjects, how many each → n, newer and older neighbours, joined by
	// spaces, each may be NULL.
	windows string
	// placesOf: list of post ids → post_id, subject, published_at of those that are listed.
	placesOf string
	// published: list of post ids → post_id, site, published_at of public ones.
	published string
	// dropAuthors: list of post ids.
	dropAuthors string
	// saveAuthors: list of docAuthor.
	saveAuthors string
	// authors: list of post ids → post_id, slug, name, site, published_at.
	authors string
	// tally: list of tally, whose counts are added.
	tally string
	// months: site, list of period → how many posts are of each, in their order.
	months string
	// translations: site, list of keys → translation_key, slug, language, by these.
	translations string
	// saveAddresses: list of address.
	saveAddresses string
	// addTags: list of tag, of which only entries tell.
	addTags string
	// countTags: list of tag, whose counts are set.
	countTags string
	// bodies: list of post ids → post_id, html, contents.
	bodies string
	// places: list of post ids → post_id, subject, listed, published_at.
	places string
	// addresses: list of post ids → site, path, post_id, kind.
	addresses string
	// nextVersions: list of aggregates, each once → aggregate_id, version.
	nextVersions string
}

const (
	touchInto = `INSERT INTO touched (site, key, clock, at) SELECT $1, item, $3, $4 FROM `
	touchEnd  = ` ON CONFLICT (site, key) DO UPDATE SET clock = excluded.clock, at = excluded.at`
	lastTouch = `SELECT at FROM touched WHERE site = $1 AND clock <= $3 AND key `
	touched   = `SELECT COALESCE(MAX(clock), 0) FROM touched WHERE site = $1 AND key `

	cardColumns = `post_id, site, slug, title, language, excerpt, image, image_alt, authors, minutes, published_at, updated_at`
	// A long text is left out rather than read: a feed of all would not fit into memory.
	textColumns = cardColumns + `, edited_at, CASE WHEN length(html) <= $3 THEN html ELSE '' END AS html`
	newest      = ` AND doc.state = 1 ORDER BY published_at DESC, post_id DESC`
	// A cross join keeps SQLite from reading the posts in the order of a list and looking each up in ids.
	fromIDs = ` CROSS JOIN doc WHERE doc.post_id = list.item AND doc.site = $1`

	tagColumns   = `id, slug, name, names, colour, parent, count`
	stateColumns = `id, site, slug, name, names, description, summary, colour, image, image_alt, parent, former, internal, moved_to, told`
	// What readers find.
	visible = ` AND internal = false AND moved_to = '' AND count > 0`
	// What is at an address: a tag that another took the place of, too, until a post has
	// followed there.
	tagsOf = `SELECT ` + tagColumns + ` FROM tag WHERE site = $1 AND internal = false AND count > 0 AND (moved_to = ''
 OR EXISTS (SELECT 1 FROM tag AS m WHERE m.id = tag.moved_to AND m.internal = false AND m.moved_to = '' AND m.count = 0)) AND slug `
	settleAllFormer = `DELETE FROM tag_former WHERE lapsed = true
 AND EXISTS (SELECT 1 FROM tag WHERE tag.site = tag_former.site AND tag.slug = tag_former.slug` + visible + `)`
	settleFormer = settleAllFormer + ` AND site = $1 AND slug `
	bySlug       = ` ORDER BY slug, told DESC, id`
	topTags      = `SELECT ` + tagColumns + ` FROM tag WHERE site = $1` + visible + ` ORDER BY count DESC, slug LIMIT $2`
	withAll      = ` FROM doc_subject WHERE site = $1 AND listed = true AND subject `
	grouped      = ` GROUP BY post_id, published_at HAVING count(*) = $3`
	pageOf       = ` ORDER BY published_at DESC, post_id DESC LIMIT $4 OFFSET $5`
	countOf      = `SELECT count(*) FROM (SELECT post_id`
	countEnd     = `) AS carriers`

	outlineColumns = `post_id, site, epoch, version, state, slug, title, language, excerpt, standfirst, image, image_alt, cover, image_caption,
 translation_key, authors, featured, words, minutes, hash, former, aliases, published_at, updated_at, edited_at`
	countAll = `SELECT site, subject, CAST(count(*) AS integer) FROM doc_subject WHERE subject NOT LIKE '~%' GROUP BY site, subject`
	// A tag that another took the place of is shown as that one.
	labelsOf = `SELECT s.post_id, COALESCE(m.slug, t.slug), COALESCE(m.name, t.name), COALESCE(m.names, t.names), t.slug,
 COALESCE(m.internal, t.internal) = false AND COALESCE(m.moved_to, t.moved_to) = ''
 FROM doc_subject AS s JOIN tag AS t ON t.id = s.subject LEFT JOIN tag AS m ON m.id = t.moved_to
 WHERE s.inherited = false AND s.post_id `
	inPlace     = ` ORDER BY s.post_id, s.place, s.subject`
	subjectRows = `SELECT post_id, subject, inherited, place FROM doc_subject WHERE post_id `
	relistOf    = `UPDATE doc_subject SET listed = (doc.state = 1), published_at = doc.published_at FROM doc
 WHERE doc.post_id = doc_subject.post_id AND doc_subject.post_id `
	subjectsInto = `INSERT INTO doc_subject (post_id, subject, site, inherited, place, listed, published_at)
 SELECT list.post_id, list.subject, list.site, list.inherited, list.place, COALESCE(doc.state = 1, false), COALESCE(doc.published_at, $2) FROM `
	subjectsEnd = ` LEFT JOIN doc ON doc.post_id = list.post_id AND doc.site = list.site WHERE true
 ON CONFLICT (post_id, subject) DO UPDATE SET inherited = excluded.inherited, place = excluded.place, listed = excluded.listed, published_at = excluded.published_at`
	// Neighbours in the order of lists, by date and then by id.
	besideOf = `SELECT list.n,
 (SELECT doc.post_id FROM doc WHERE doc.site = list.site AND doc.state = 1 AND (doc.published_at, doc.post_id) > (list.at, list.post_id)
  ORDER BY doc.published_at, doc.post_id LIMIT 1),
 (SELECT doc.post_id FROM doc WHERE doc.site = list.site AND doc.state = 1 AND (doc.published_at, doc.post_id) < (list.at, list.post_id)
  ORDER BY doc.published_at DESC, doc.post_id DESC LIMIT 1) FROM list`
	windowsOf = `SELECT list.n,
 (SELECT string_agg(post_id, ' ') FROM (SELECT t.post_id FROM doc_subject AS t WHERE t.site = list.site AND t.subject = list.subject AND t.listed = true
  AND (t.published_at, t.post_id) > (list.at, list.post_id) ORDER BY t.published_at, t.post_id LIMIT $2) AS newer),
 (SELECT string_agg(post_id, ' ') FROM (SELECT t.post_id FROM doc_subject AS t WHERE t.site = list.site AND t.subject = list.subject AND t.listed = true
  AND (t.published_at, t.post_id) < (list.at, list.post_id) ORDER BY t.published_at DESC, t.post_id DESC LIMIT $2) AS older) FROM list`
	placesIn    = `SELECT post_id, subject, published_at FROM doc_subject WHERE listed = true AND post_id `
	authorsInto = `INSERT INTO doc_author (post_id, slug, name, site, published_at)
 SELECT list.post_id, list.slug, list.name, list.site, doc.published_at FROM `
	authorsEnd = ` JOIN doc ON doc.post_id = list.post_id AND doc.site = list.site WHERE doc.state = 1
 ON CONFLICT (post_id, slug) DO UPDATE SET name = excluded.name, site = excluded.site, published_at = excluded.published_at`
	tallyInto = `INSERT INTO tally (site, list, count) SELECT list.site, list.name, list.count FROM `
	tallyEnd  = ` ON CONFLICT (site, list) DO UPDATE SET count = tally.count + excluded.count`
	monthsOf  = `SELECT list.n, (SELECT count(*) FROM doc WHERE doc.site = $1 AND doc.state = 1
 AND doc.published_at >= list.since AND doc.published_at < list.until) FROM `
	translationsOf = `SELECT translation_key, slug, language FROM doc WHERE site = $1 AND state = 1 AND translation_key <> '' AND translation_key `
	byLanguage     = ` ORDER BY translation_key, language, published_at, post_id`
	addressesInto  = `INSERT INTO address (site, path, post_id, kind) SELECT site, path, post_id, kind FROM `
	addTags        = `INSERT INTO tag (id, site, slug, name, names, description, summary, colour, image, image_alt, parent, former, internal, moved_to, told, count)
 SELECT list.id, list.site, list.slug, list.name, '{}', '', '', '', '', '', '', '[]', false, '', false, 0 FROM `
	addTagsEnd   = ` WHERE true ON CONFLICT (id) DO NOTHING`
	countTags    = `UPDATE tag SET count = list.count FROM `
	countEnds    = ` WHERE tag.id = list.id`
	versionsInto = `INSERT INTO press_version (aggregate_id, version) SELECT item, 1 FROM `
	versionsEnd  = ` ON CONFLICT (aggregate_id) DO UPDATE SET version = press_version.version + 1 RETURNING aggregate_id, version`
)

// once has the rows of list read before those that are looked for with each:
// SQLite would take a row apart again for every one that it compares with it.
func once(records string) string { return `WITH list AS MATERIALIZED (SELECT * FROM ` + records + `) ` }

func statementsOf(d sqldb.Dialect) statements {
	// Without a condition SQLite reads ON CONFLICT as that of a join.
	const where = ` WHERE true`
	list, only := d.List("$2"), d.List("$1")
	in, inOnly := `IN (SELECT item FROM `+list+`)`, `IN (SELECT item FROM `+only+`)`
	return statements{
		touch:   touchInto + list + where + touchEnd,
		touched: touched + in,
		// A few keys: sorting them is nothing.
		touchedAt:    lastTouch + in + ` ORDER BY at DESC LIMIT 1`,
		cards:        `SELECT ` + cardColumns + ` FROM ` + list + fromIDs + newest,
		texts:        `SELECT ` + textColumns + ` FROM ` + list + fromIDs + newest,
		tags:         tagsOf + in + bySlug,
		tagsByID:     `SELECT ` + tagColumns + ` FROM tag WHERE id ` + inOnly + ` ORDER BY id`,
		settleFormer: settleFormer + in,
		movedTo:      `SELECT moved_to, slug FROM tag WHERE count > 0 AND moved_to <> '' AND moved_to ` + inOnly,
		children:     `SELECT ` + tagColumns + ` FROM tag WHERE site = $1` + visible + ` AND parent ` + in + ` ORDER BY slug`,
		states:       `SELECT ` + stateColumns + ` FROM tag WHERE id ` + inOnly,
		countAll:     countOf + withAll + in + grouped + countEnd,
		idsAll:       `SELECT post_id` + withAll + in + grouped + pageOf,

		outlines:      `SELECT ` + outlineColumns + ` FROM doc WHERE post_id ` + inOnly,
		labels:        labelsOf + inOnly + inPlace,
		subjects:      subjectRows + inOnly + ` ORDER BY post_id, place, subject`,
		relist:        relistOf + inOnly,
		saveSubjects:  subjectsInto + d.Records("$1", "post_id text", "subject text", "site text", "inherited boolean", "place integer") + subjectsEnd,
		beside:        once(d.Records("$1", "n integer", "site text", "at timestamptz", "post_id text")) + besideOf,
		windows:       once(d.Records("$1", "n integer", "site text", "subject text", "at timestamptz", "post_id text")) + windowsOf,
		placesOf:      placesIn + inOnly + ` ORDER BY post_id, subject`,
		published:     `SELECT post_id, site, published_at FROM doc WHERE state = 1 AND post_id ` + inOnly + ` ORDER BY post_id`,
		dropAuthors:   `DELETE FROM doc_author WHERE post_id ` + inOnly,
		saveAuthors:   authorsInto + d.Records("$1", "post_id text", "slug text", "name text", "site text") + authorsEnd,
		authors:       `SELECT post_id, slug, name, site, published_at FROM doc_author WHERE post_id ` + inOnly,
		tally:         tallyInto + d.Records("$1", "site text", "name text", "count integer") + where + tallyEnd,
		months:        monthsOf + d.Records("$2", "n integer", "since timestamptz", "until timestamptz") + ` ORDER BY list.n`,
		translations:  translationsOf + in + byLanguage,
		saveAddresses: addressesInto + d.Records("$1", "site text", "path text", "post_id text", "kind integer"),
		addTags:       addTags + d.Records("$1", "id text", "site text", "slug text", "name text") + addTagsEnd,
		countTags:     countTags + d.Records("$1", "id text", "count integer") + countEnds,
		bodies:        `SELECT post_id, html, contents FROM doc WHERE post_id ` + inOnly,
		places:        `SELECT post_id, subject, listed, published_at FROM doc_subject WHERE post_id ` + inOnly,
		addresses:     `SELECT site, path, post_id, kind FROM address WHERE post_id ` + inOnly,
		nextVersions:  versionsInto + only + where + versionsEnd,
	}
}
