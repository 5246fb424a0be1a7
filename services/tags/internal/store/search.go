package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/search"
)

const (
	// maxFacets is how many tags of the posts found are told.
	maxFacets = 30
	// maxScored is how many words decide about the order; all decide what is found.
	maxScored = 8
	// A word in the title counts for more than any other place, one in tags or
	// authors for more than one in the text, and one that is written as it was
	// asked for for more than one that goes on.
	inTitle, inLabels, asAsked = 8, 4, 1
)

// Search finds posts: at most size of them after the place after, or from the
// first if that is zero, without the first skip of these.
func (s *Store) Search(ctx context.Context, q search.Query, after search.Place, size, skip int32) (entry.Found, error) {
	if q.Nothing() {
		return entry.Found{}, nil
	}
	b := &builder{dialect: s.db.Dialect()}
	// One more than asked tells whether more follow.
	found, places, err := s.find(ctx, b.statement(q, after, size+1, skip), b.args)
	if err != nil {
		return entry.Found{}, fmt.Errorf("search in site %s: %w", q.Site(), err)
	}
	if len(places) > int(size) {
		places = places[:size]
		found.Next = &places[size-1]
	}
	ids := make([]string, len(places))
	for i, p := range places {
		ids[i] = p.ID
	}
	entries, err := s.entries(ctx, s.db.Conn(ctx), ids)
	if err != nil {
		return entry.Found{}, err
	}
	for _, id := range ids {
		if e := entries[id]; e.Indexed { // it may be gone meanwhile
			found.Posts = append(found.Posts, e)
		}
	}
	return found, nil
}

// The kinds of row of a search.
const (
	rowTotal = 1 + iota
	rowFacet
	rowPlace
)

func (s *Store) find(ctx context.Context, statement string, args []any) (found entry.Found, places []search.Place, err error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, statement, args...)
	if err != nil {
		return found, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var (
			kind, n  int32
			id, name string
			at       sqldb.NullTime
		)
		if err := rows.Scan(&kind, &id, &name, &n, &at); err != nil {
			return found, nil, err
		}
		switch kind {
		case rowTotal:
			found.Total = n
		case rowFacet:
			found.Facets = append(found.Facets, entry.Count{Tag: entry.Tag{Slug: id, Name: name}, Posts: n})
		case rowPlace:
			places = append(places, search.Place{Score: n, At: at.Time, ID: id})
		}
	}
	return found, places, rows.Err()
}

// builder writes the statement of a search. Its text depends on how many words
// and tags are asked for and on nothing else.
type builder struct {
	dialect sqldb.Dialect
	args    []any
}

// arg adds an argument and is its name in the statement.
func (b *builder) arg(v any) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args))
}

// statement finds everything once, and counts it, its tags, and picks the page
// in the same moment.
func (b *builder) statement(q search.Query, after search.Place, size, skip int32) string {
	site := b.arg(q.Site())
	found := b.found(q, site)
	beyond := ""
	if after != (search.Place{}) {
		beyond = ` WHERE (score, published_at, post_id) < (CAST(` + b.arg(after.Score) + ` AS integer), ` + b.arg(sqldb.At(after.At)) + `, CAST(` + b.arg(after.ID) + ` AS text))`
	}
	return `WITH found AS MATERIALIZED (` + found + `),
 facet AS (SELECT carried.slug AS slug, count(*) AS carriers, row_number() OVER (ORDER BY count(*) DESC, carried.slug) AS ordinal
  FROM found JOIN entry_tag AS carried ON carried.post_id = found.post_id
  GROUP BY carried.slug ORDER BY ordinal LIMIT ` + strconv.Itoa(maxFacets) + `),
 place AS (SELECT post_id, score, published_at FROM found` + beyond + `
  ORDER BY score DESC, published_at DESC, post_id DESC LIMIT ` + b.arg(size) + ` OFFSET ` + b.arg(skip) + `)
 SELECT kind, id, name, number, at FROM (
  SELECT 1 AS kind, '' AS id, '' AS name, CAST(count(*) AS integer) AS number, CAST(NULL AS ` + b.timeType() + `) AS at, 0 AS ordinal FROM found
  UNION ALL SELECT 2, facet.slug, tag.name, CAST(facet.carriers AS integer), NULL, facet.ordinal
   FROM facet JOIN tag ON tag.site_id = ` + site + ` AND tag.slug = facet.slug
  UNION ALL SELECT 3, post_id, '', score, published_at, row_number() OVER (ORDER BY score DESC, published_at DESC, post_id DESC) FROM place) AS line
 ORDER BY kind, ordinal`
}

// found is the query of all posts that are found, with their scores.
func (b *builder) found(q search.Query, site string) string {
	words := q.Words()
	var where strings.Builder
	where.WriteString(` WHERE d.site_id = ` + site)
	if len(words) > 0 {
		where.WriteString(` AND ` + b.having(q.Site(), words...))
	}
	for _, t := range q.Tags() {
		where.WriteString(` AND d.post_id IN (SELECT post_id FROM entry_tag WHERE site_id = ` + site + ` AND slug = ` + b.arg(t) + `)`)
	}
	for _, t := range q.Not() {
		where.WriteString(` AND NOT EXISTS (SELECT 1 FROM entry_tag AS other WHERE other.post_id = d.post_id AND other.slug = ` + b.arg(t) + `)`)
	}
	score := "0"
	if !q.Newest() {
		score = b.score(q.Site(), words)
	}
	return `SELECT d.post_id AS post_id, d.published_at AS published_at, ` + score + ` AS score FROM wordlist AS d` + where.String()
}

func (b *builder) score(site string, words []search.Word) string {
	terms := []string{"0"}
	add := func(points int, condition string) {
		terms = append(terms, `CASE WHEN `+condition+` THEN `+strconv.Itoa(points)+` ELSE 0 END`)
	}
	for _, w := range words[:min(len(words), maxScored)] {
		add(inTitle, b.in("title", w))
		add(inLabels, b.in("labels", w))
		if w.Open {
			add(asAsked, b.having(site, search.Word{Text: w.Text}))
		}
	}
	return strings.Join(terms, " + ")
}

// having is the condition that a wordlist of the site has all words. Words have
// nothing in them that means something to an engine's full text: see search.
func (b *builder) having(site string, words ...search.Word) string {
	and, terms := " & ", []string{b.term(search.Word{Text: search.Scope(site)})}
	if b.dialect == sqldb.SQLite {
		and, terms[0] = " AND ", "scope : "+terms[0]
	}
	for _, w := range words {
		terms = append(terms, b.term(w))
	}
	wanted := b.arg(strings.Join(terms, and))
	if b.dialect == sqldb.SQLite {
		return `d.number IN (SELECT rowid FROM wordlist_word WHERE wordlist_word MATCH ` + wanted + `)`
	}
	return `d.post_id IN (SELECT wordlists_with(CAST(` + wanted + ` AS tsquery)))`
}

// in is the condition that a column of a wordlist has the word.
func (b *builder) in(column string, w search.Word) string {
	if b.dialect == sqldb.SQLite {
		return `d.number IN (SELECT rowid FROM wordlist_word WHERE wordlist_word MATCH ` + b.arg(column+" : "+b.term(w)) + `)`
	}
	return `d.` + column + ` @@ CAST(` + b.arg(b.term(w)) + ` AS tsquery)`
}

// term is a word as the engine's full text wants it.
func (b *builder) term(w search.Word) string {
	quote, open := `'`, `:*`
	if b.dialect == sqldb.SQLite {
		quote, open = `"`, ` *`
	}
	if !w.Open {
		open = ""
	}
	return quote + w.Text + quote + open
}

func (b *builder) timeType() string {
	if b.dialect == sqldb.SQLite {
		return "text"
	}
	return "timestamptz"
}
