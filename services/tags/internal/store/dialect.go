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
	// tags: list of more → the columns of tag.
	tags string
	// wordlists: list of post ids → post_id, site_id, hash, published_at.
	wordlists string
	// dropWordlists: list of post ids.
	dropWordlists []string
	// putWordlists: list of wordlist; the rest comes from their entries.
	putWordlists []string
	// settleWordlists takes away what belongs to no entry.
	settleWordlists []string
}

func statementsOf(d sqldb.Dialect) statements {
	s := statements{
		entries: `SELECT post_id, site_id, version, indexed, slug, title, language, published_at, tags FROM entry
 WHERE post_id IN (SELECT item FROM ` + d.List("$1") + `)`,
		entryTags: `SELECT post_id, slug, site_id, name, published_at FROM entry_tag WHERE post_id IN (SELECT item FROM ` + d.List("$1") + `)`,
		putEntryTags: `INSERT INTO entry_tag (post_id, slug, site_id, name, published_at)
 SELECT list.post_id, list.slug, entry.site_id, list.name, entry.published_at
 FROM ` + d.Records("$1", "post_id text", "slug text", "name text") + ` JOIN entry ON entry.post_id = list.post_id`,
		putTags: `INSERT INTO tag (site_id, slug, name, count)
 SELECT site_id, slug, name, more FROM ` + d.Records("$1", "site_id text", "slug text", "name text", "more integer") + ` WHERE true
 ON CONFLICT (site_id, slug) DO UPDATE SET name = excluded.name, count = tag.count + excluded.count`,
		tags: `SELECT tag.site_id, tag.slug, tag.name, tag.count
 FROM ` + d.Records("$1", "site_id text", "slug text") + ` JOIN tag ON tag.site_id = list.site_id AND tag.slug = list.slug`,
		wordlists: `SELECT post_id, site_id, hash, published_at FROM wordlist WHERE post_id IN (SELECT item FROM ` + d.List("$1") + `)`,
	}
	const dropStray = `DELETE FROM wordlist WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.post_id = wordlist.post_id AND entry.indexed)`
	drop := `DELETE FROM wordlist WHERE post_id IN (SELECT item FROM ` + d.List("$1") + `)`
	words := d.Records("$1", "post_id text", "hash text", "scope text", "title text", "labels text", "body text")
	if d == sqldb.SQLite {
		s.dropWordlists = []string{
			`DELETE FROM wordlist_word WHERE rowid IN (SELECT number FROM wordlist WHERE post_id IN (SELECT item FROM ` + d.List("$1") + `))`, drop,
		}
		s.putWordlists = []string{
			`INSERT INTO wordlist (post_id, site_id, published_at, hash)
 SELECT list.post_id, entry.site_id, entry.published_at, list.hash FROM ` + words + ` JOIN entry ON entry.post_id = list.post_id`,
			// A row that was left behind has to go: numbers come back.
			`INSERT OR REPLACE INTO wordlist_word (rowid, scope, title, labels, body)
 SELECT wordlist.number, list.scope, list.title, list.labels, list.body FROM ` + words + ` JOIN wordlist ON wordlist.post_id = list.post_id`,
		}
		s.settleWordlists = []string{dropStray, `DELETE FROM wordlist_word WHERE rowid NOT IN (SELECT number FROM wordlist)`}
		return s
	}
	s.dropWordlists, s.settleWordlists = []string{drop}, []string{dropStray}
	// The words are lexemes already: no parser of the server's looks at them.
	s.putWordlists = []string{`INSERT INTO wordlist (post_id, site_id, published_at, hash, title, labels, words)
 SELECT list.post_id, entry.site_id, entry.published_at, list.hash, ` + vector("list.title") + `, ` + vector("list.labels") + `,
  array_to_tsvector(array_remove(string_to_array(list.scope || ' ' || list.title || ' ' || list.labels || ' ' || list.body, ' '), ''))
 FROM ` + words + ` JOIN entry ON entry.post_id = list.post_id`}
	return s
}

// vector makes PostgreSQL's form of words joined by spaces.
func vector(words string) string { return `array_to_tsvector(string_to_array(` + words + `, ' '))` }
