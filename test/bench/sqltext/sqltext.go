// Package sqltext answers the questions of the search benchmark by what databases
// have themselves: SQLite's FTS5 and PostgreSQL's text search, set up as one would
// for a blog. It is what Parution's own index is measured against.
package sqltext

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/parution/parution/test/bench/blog"
)

const (
	// size is how many posts a page shows.
	size = 20
	// batch is how many posts are written in one transaction.
	batch = 1000
)

// Answer is a page of posts with what Parution's own has: the total, and the
// tags, authors, languages and years of all that is found.
type Answer struct {
	Total  int
	Posts  []Post
	Facets int
}

// Post is a post of a page. Snippet is empty where no words were asked for.
type Post struct{ Slug, Title, Snippet string }

// Engine is a database with a blog in it. Make it with SQLite or Postgres.
type Engine struct {
	Name string

	db      *sql.DB
	tags    map[string]int // ids, by slug
	dialect dialect
	close   func() error
}

// dialect is what the engines say differently.
type dialect struct {
	schema string
	// indexes are made once the posts are there.
	indexes string
	// words finds posts by words as "found" (number, score), with the words as $1.
	words string
	// page lists those of found that come first; snippet those of a search.
	page, snippet string
	// query writes words as the engine reads them: all of them.
	query func(words []string) string
	// bytes is how large the database is.
	bytes string
	// load writes posts.
	load func(ctx context.Context, db *sql.DB, b *blog.Blog, from, to, of int) error
}

// facets counts what found has; of each kind what Parution answers. CROSS JOIN has
// SQLite begin with what was found, and changes nothing for PostgreSQL.
const facets = `
SELECT kind, value, posts FROM (
 SELECT * FROM (SELECT 'tag' AS kind, t.slug AS value, n AS posts FROM
  (SELECT tag, count(*) AS n FROM found CROSS JOIN post_tag WHERE post_tag.number = found.number GROUP BY tag ORDER BY 2 DESC LIMIT 30) c JOIN tag t ON t.id = c.tag) tags
 UNION ALL SELECT * FROM (SELECT 'author', author, count(*) FROM found CROSS JOIN post WHERE post.number = found.number GROUP BY author ORDER BY 3 DESC LIMIT 10) authors
 UNION ALL SELECT * FROM (SELECT 'language', language, count(*) FROM found CROSS JOIN post WHERE post.number = found.number GROUP BY language ORDER BY 3 DESC LIMIT 10) languages
 UNION ALL SELECT * FROM (SELECT 'year', CAST(year AS text), count(*) FROM found CROSS JOIN post WHERE post.number = found.number GROUP BY year ORDER BY year DESC LIMIT 30) years
 UNION ALL SELECT 'total', '', count(*) FROM found
) counts`

// Load writes the first of posts.
func (e *Engine) Load(ctx context.Context, b *blog.Blog, of int) error {
	if _, err := e.db.ExecContext(ctx, e.dialect.schema); err != nil {
		return fmt.Errorf("create the tables: %w", err)
	}
	e.tags = make(map[string]int, blog.Tags)
	for i, t := range b.TagList() {
		e.tags[t.Slug] = i
		if _, err := e.db.ExecContext(ctx, `INSERT INTO tag (id, slug, name) VALUES ($1, $2, $3)`, i, t.Slug, t.Name); err != nil {
			return fmt.Errorf("write tags: %w", err)
		}
	}
	for from := 0; from < of; from += batch {
		if err := e.dialect.load(ctx, e.db, b, from, min(from+batch, of), of); err != nil {
			return fmt.Errorf("write posts: %w", err)
		}
	}
	if _, err := e.db.ExecContext(ctx, e.dialect.indexes); err != nil {
		return fmt.Errorf("create the indexes: %w", err)
	}
	return nil
}

// Words answers the first page of posts that have all of the words, best first,
// with snippets.
func (e *Engine) Words(ctx context.Context, words []string) (Answer, error) {
	asked := e.dialect.query(words)
	a, err := e.count(ctx, e.dialect.words, asked)
	if err != nil {
		return a, err
	}
	return a, e.list(ctx, &a, e.dialect.snippet, asked)
}

// Tags answers the first page of posts that have the tags, newest first.
func (e *Engine) Tags(ctx context.Context, q blog.Algebra) (Answer, error) {
	found := e.algebra(q)
	a, err := e.count(ctx, found)
	if err != nil {
		return a, err
	}
	return a, e.list(ctx, &a, "WITH found AS ("+found+") "+e.dialect.page)
}

// algebra finds posts by tags. It begins with the rarest tag that they must have,
// as who counts tags can; what the planner makes of the rest is its own affair.
func (e *Engine) algebra(q blog.Algebra) string {
	all := slices.Clone(q.All)
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(e.tags[b], e.tags[a]) })
	of := func(slugs ...string) string {
		ids := make([]string, len(slugs))
		for i, s := range slugs {
			ids[i] = strconv.Itoa(e.tags[s])
		}
		return "tag IN (" + strings.Join(ids, ", ") + ")"
	}
	oneOf := q.Any
	var first string
	if len(all) > 0 {
		first, all = of(all[0]), all[1:]
	} else {
		first, oneOf = of(oneOf...), nil
	}
	var b strings.Builder
	b.WriteString("SELECT post.number, post.published_at AS score FROM (SELECT DISTINCT number FROM post_tag WHERE " + first + ") d CROSS JOIN post WHERE post.number = d.number")
	const other = "EXISTS (SELECT 1 FROM post_tag x WHERE x.number = d.number AND x."
	for _, slug := range all {
		b.WriteString(" AND " + other + of(slug) + ")")
	}
	if len(oneOf) > 0 {
		b.WriteString(" AND " + other + of(oneOf...) + ")")
	}
	if len(q.Not) > 0 {
		b.WriteString(" AND NOT " + other + of(q.Not...) + ")")
	}
	return b.String()
}

func (e *Engine) count(ctx context.Context, found string, args ...any) (a Answer, err error) {
	rows, err := e.db.QueryContext(ctx, "WITH found AS MATERIALIZED ("+found+")"+facets, args...)
	if err != nil {
		return a, fmt.Errorf("count: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var kind, value string
		var n int
		if err := rows.Scan(&kind, &value, &n); err != nil {
			return a, fmt.Errorf("scan a count: %w", err)
		}
		if kind == "total" {
			a.Total = n
		} else {
			a.Facets++
		}
	}
	return a, rows.Err()
}

func (e *Engine) list(ctx context.Context, a *Answer, statement string, args ...any) (err error) {
	rows, err := e.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p Post
		if err := rows.Scan(&p.Slug, &p.Title, &p.Snippet); err != nil {
			return fmt.Errorf("scan a post: %w", err)
		}
		a.Posts = append(a.Posts, p)
	}
	return rows.Err()
}

// Bytes is how large the database is.
func (e *Engine) Bytes(ctx context.Context) (n int64, err error) {
	return n, e.db.QueryRowContext(ctx, e.dialect.bytes).Scan(&n)
}

// Close stops the engine.
func (e *Engine) Close() error { return errors.Join(e.db.Close(), e.close()) }
