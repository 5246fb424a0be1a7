package store

import "github.com/parution/parution/chassis/sqldb"

const (
	entryColumns = `entry.number, entry.post_id, entry.site_id, entry.version, entry.indexed, entry.slug, entry.title, entry.language,
 entry.published_at, entry.names, entry.authors, entry.keywords, entry.tags, entry.labels, entry.text_hash, entry.post_version`
	// shownColumns are what lists of posts show.
	shownColumns = `entry.number, entry.post_id, entry.site_id, entry.version, entry.slug, entry.title, entry.language, entry.published_at, entry.authors, entry.tags`

	ofEntries = ` FROM entry LEFT JOIN entry_text ON entry_text.post_id = entry.post_id`

	recordsAfter = `SELECT ` + entryColumns + `, entry_text.source` + ofEntries + ` WHERE entry.number > $1 AND entry.indexed ORDER BY entry.number LIMIT $2`
	tagsAfter    = `SELECT id, version, record FROM tag WHERE id > $1 ORDER BY id LIMIT $2`
	tagsOfSite   = `SELECT id, version, record FROM tag WHERE site_id = $1`
	ownTags      = `SELECT id, version, record FROM tag WHERE tag.id IN (SELECT tag_id FROM tag_slug WHERE site_id = $1 AND slug = $2)`
	childrenOf   = `SELECT id, version, record FROM tag WHERE parent_id = $1`

	// strayTags and strayTexts list posts after one, and whether what they have there
	// belongs to no entry.
	strayTags  = `SELECT t.post_id, ` + noEntry + ` FROM (SELECT DISTINCT post_id FROM entry_tag WHERE post_id > $1 ORDER BY post_id LIMIT $2) AS t ORDER BY t.post_id`
	strayTexts = `SELECT t.post_id, ` + noEntry + ` FROM entry_text AS t WHERE t.post_id > $1 ORDER BY t.post_id LIMIT $2`
	noEntry    = `NOT EXISTS (SELECT 1 FROM entry WHERE entry.post_id = t.post_id AND entry.indexed)`
)

// statements are those that sqlc cannot share between the engines, because they
// take a list; it travels as JSON.
type statements struct {
	// records: list of post ids → the columns of an entry and its source.
	records string
	// shown: list of numbers → shownColumns of those that are indexed; sources: and their source.
	shown, sources string
	// entries: list of post ids → the columns of an entry.
	entries string
	// putEntries: list of entryRow.
	putEntries string
	// raisePosts: list of entryRow; only the post's version is written.
	raisePosts string
	// putTexts: list of textRow; dropTexts: list of post ids; texts: list of post ids → those that have one.
	putTexts, dropTexts, texts string
	// entryTags: list of post ids → the columns of entry_tag.
	entryTags string
	// putEntryTags: list of tagRow; dropEntryTags: list of post ids.
	putEntryTags, dropEntryTags string
	// dropStrayTags and dropStrayTexts: list of post ids; only of those that have no entry.
	dropStrayTags, dropStrayTexts string
	// moves: list of post ids → the moves that stand.
	moves string
	// putMoves: list of moveRow.
	putMoves string
	// tags: list of ids; named: list of keyRow; addressed: list of keyRow → tags.
	tags, named, addressed string
	// predecessors: list of ids → the tags of which these took the place.
	predecessors string
	// carriers: list of tag ids → how many posts they decide about.
	carriers string
	// putTags: list of recordRow.
	putTags string
	// putNames and putSlugs: list of leadRow; dropNames and dropSlugs: list of keyRow.
	putNames, putSlugs, dropNames, dropSlugs string
}

func statementsOf(d sqldb.Dialect) statements {
	listed := `(SELECT item FROM ` + d.List("$1") + `)`
	keyed := d.Records("$1", "site_id text", "key text")
	leading := d.Records("$1", "site_id text", "key text", "tag_id text")
	numbered := `(SELECT CAST(item AS bigint) FROM ` + d.List("$1") + `)`
	const entryRows = `number, post_id, site_id, version, indexed, slug, title, language, published_at, names, authors, keywords, tags, labels, text_hash, post_version`
	return statements{
		records: `SELECT ` + entryColumns + `, entry_text.source` + ofEntries + ` WHERE entry.post_id IN ` + listed,
		shown:   `SELECT ` + shownColumns + ` FROM entry WHERE entry.number IN ` + numbered + ` AND entry.indexed`,
		sources: `SELECT ` + shownColumns + `, entry_text.source` + ofEntries + ` WHERE entry.number IN ` + numbered + ` AND entry.indexed`,
		entries: `SELECT ` + entryColumns + ` FROM entry WHERE post_id IN ` + listed,
		putEntries: `INSERT INTO entry (` + entryRows + `) SELECT ` + entryRows + ` FROM ` + d.Records("$1",
			"number bigint", "post_id text", "site_id text", "version integer", "indexed boolean", "slug text", "title text", "language text",
			"published_at timestamptz", "names text", "authors text", "keywords text", "tags text", "labels text", "text_hash text", "post_version integer") + ` WHERE true
 ON CONFLICT (post_id) DO UPDATE SET site_id = excluded.site_id, version = excluded.version, indexed = excluded.indexed, slug = excluded.slug,
 title = excluded.title, language = excluded.language, published_at = excluded.published_at, names = excluded.names, authors = excluded.authors,
 keywords = excluded.keywords, tags = excluded.tags, labels = excluded.labels, text_hash = excluded.text_hash, post_version = excluded.post_version`,
		raisePosts: `UPDATE entry SET post_version = list.post_version FROM ` + d.Records("$1", "post_id text", "post_version integer") +
			` WHERE entry.post_id = list.post_id`,
		putTexts: `INSERT INTO entry_text (post_id, source) SELECT post_id, source FROM ` + d.Records("$1", "post_id text", "source text") + ` WHERE true
 ON CONFLICT (post_id) DO UPDATE SET source = excluded.source`,
		dropTexts: `DELETE FROM entry_text WHERE post_id IN ` + listed,
		texts:     `SELECT post_id FROM entry_text WHERE post_id IN ` + listed,
		entryTags: `SELECT tag_id, post_id, found, name, published_at FROM entry_tag WHERE post_id IN ` + listed,
		putEntryTags: `INSERT INTO entry_tag (tag_id, post_id, found, name, published_at) SELECT tag_id, post_id, found, name, published_at FROM ` +
			d.Records("$1", "tag_id text", "post_id text", "found boolean", "name text", "published_at timestamptz"),
		dropEntryTags:  `DELETE FROM entry_tag WHERE post_id IN ` + listed,
		dropStrayTags:  `DELETE FROM entry_tag AS t WHERE post_id IN ` + listed + ` AND ` + noEntry,
		dropStrayTexts: `DELETE FROM entry_text AS t WHERE post_id IN ` + listed + ` AND ` + noEntry,
		moves:          `SELECT post_id, lead_id, from_id, into_ids FROM entry_move WHERE standing AND post_id IN ` + listed + ` ORDER BY post_id, operation`,
		putMoves: `INSERT INTO entry_move (post_id, lead_id, operation, from_id, into_ids, standing)
 SELECT post_id, lead_id, operation, from_id, into_ids, true FROM ` + d.Records("$1", "post_id text", "lead_id text", "operation bigint", "from_id text", "into_ids text"),
		tags:         `SELECT id, version, record FROM tag WHERE id IN ` + listed,
		named:        `SELECT tag.id, tag.version, tag.record FROM ` + keyed + ` JOIN tag_name ON tag_name.site_id = list.site_id AND tag_name.key = list.key JOIN tag ON tag.id = tag_name.tag_id`,
		addressed:    `SELECT tag.id, tag.version, tag.record FROM ` + keyed + ` JOIN tag_slug ON tag_slug.site_id = list.site_id AND tag_slug.slug = list.key JOIN tag ON tag.id = tag_slug.tag_id`,
		predecessors: `SELECT id, version, record FROM tag WHERE moved_to <> '' AND moved_to IN ` + listed,
		carriers:     `SELECT count(DISTINCT post_id) FROM entry_tag WHERE tag_id IN ` + listed,
		putTags: `INSERT INTO tag (id, site_id, version, slug, name, parent_id, moved_to, record)
 SELECT id, site_id, version, slug, name, parent_id, moved_to, record FROM ` + d.Records("$1",
			"id text", "site_id text", "version integer", "slug text", "name text", "parent_id text", "moved_to text", "record text") + ` WHERE true
 ON CONFLICT (id) DO UPDATE SET version = excluded.version, slug = excluded.slug, name = excluded.name, parent_id = excluded.parent_id,
 moved_to = excluded.moved_to, record = excluded.record`,
		putNames: `INSERT INTO tag_name (site_id, key, tag_id) SELECT site_id, key, tag_id FROM ` + leading + ` WHERE true
 ON CONFLICT (site_id, key) DO UPDATE SET tag_id = excluded.tag_id`,
		putSlugs: `INSERT INTO tag_slug (site_id, slug, tag_id) SELECT site_id, key, tag_id FROM ` + leading + ` WHERE true
 ON CONFLICT (site_id, slug) DO UPDATE SET tag_id = excluded.tag_id`,
		dropNames: `DELETE FROM tag_name WHERE EXISTS (SELECT 1 FROM ` + keyed + ` WHERE list.site_id = tag_name.site_id AND list.key = tag_name.key)`,
		dropSlugs: `DELETE FROM tag_slug WHERE EXISTS (SELECT 1 FROM ` + keyed + ` WHERE list.site_id = tag_slug.site_id AND list.key = tag_slug.slug)`,
	}
}
