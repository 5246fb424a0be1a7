package store

import "github.com/parution/parution/chassis/sqldb"

// sqlc does not read window functions for both engines.
const (
	dropUncarried = `DELETE FROM tag WHERE NOT EXISTS (SELECT 1 FROM entry_tag WHERE entry_tag.site_id = tag.site_id AND entry_tag.slug = tag.slug)`
	// The name is the one that is shown: see ShownName.
	countAll = `INSERT INTO tag (site_id, slug, name, count)
 SELECT site_id, slug, name, CAST(carriers AS integer) FROM (
  SELECT site_id, slug, name, SUM(count(*)) OVER (PARTITION BY site_id, slug) AS carriers,
   row_number() OVER (PARTITION BY site_id, slug ORDER BY count(*) DESC, max(published_at) DESC, max(post_id) DESC) AS place
  FROM entry_tag GROUP BY site_id, slug, name) AS named
 WHERE place = 1
 ON CONFLICT (site_id, slug) DO UPDATE SET name = excluded.name, count = excluded.count`
)

// statements are those that sqlc cannot share between the engines, because they
// take a list; it travels as JSON.
type statements struct {
	// entries: list of post ids → the columns of entry.
	entries string
	// entryTags: list of post ids → the columns of entry_tag.
	entryTags string
	// putEntryTags: list of entryTag; the rest comes from their entries.
	putEntryTags string
	// putTags: list of more.
	putTags string
}

func statementsOf(d sqldb.Dialect) statements {
	return statements{
		entries: `SELECT post_id, site_id, version, indexed, slug, title, language, published_at, tags FROM entry
 WHERE post_id IN (SELECT item FROM ` + d.List("$1") + `)`,
		entryTags: `SELECT post_id, slug, site_id, name, published_at FROM entry_tag WHERE post_id IN (SELECT item FROM ` + d.List("$1") + `)`,
		putEntryTags: `INSERT INTO entry_tag (post_id, slug, site_id, name, published_at)
 SELECT list.post_id, list.slug, entry.site_id, list.name, entry.published_at
 FROM ` + d.Records("$1", "post_id text", "slug text", "name text") + ` JOIN entry ON entry.post_id = list.post_id`,
		putTags: `INSERT INTO tag (site_id, slug, name, count)
 SELECT site_id, slug, name, more FROM ` + d.Records("$1", "site_id text", "slug text", "name text", "more integer") + ` WHERE true
 ON CONFLICT (site_id, slug) DO UPDATE SET name = excluded.name, count = tag.count + excluded.count`,
	}
}
