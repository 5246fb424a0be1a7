package sqltext

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/test/bench/blog"
)

// The text search of PostgreSQL with the stems of both languages and without
// accents, in a generated column with weights and a GIN index. Words are looked
// for in both languages, as whoever asks may mean either.
func postgresDialect() dialect {
	const asked = `(websearch_to_tsquery('french_plain', $1) || websearch_to_tsquery('english_plain', $1))`
	return dialect{
		schema: `
CREATE EXTENSION unaccent;
CREATE TEXT SEARCH CONFIGURATION french_plain (COPY = french);
ALTER TEXT SEARCH CONFIGURATION french_plain ALTER MAPPING FOR hword, hword_part, word WITH unaccent, french_stem;
CREATE TEXT SEARCH CONFIGURATION english_plain (COPY = english);
ALTER TEXT SEARCH CONFIGURATION english_plain ALTER MAPPING FOR hword, hword_part, word WITH unaccent, english_stem;
CREATE TABLE tag (id int PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL);
CREATE TABLE post (number int PRIMARY KEY, id text NOT NULL, slug text NOT NULL, title text NOT NULL,
 language text NOT NULL, author text NOT NULL, published_at timestamptz NOT NULL, year int NOT NULL);
CREATE TABLE source (number int PRIMARY KEY, language text NOT NULL, title text NOT NULL, body text NOT NULL, labels text NOT NULL, author text NOT NULL,
 words tsvector GENERATED ALWAYS AS (CASE language
  WHEN 'fr' THEN setweight(to_tsvector('french_plain', title), 'A') || setweight(to_tsvector('french_plain', labels || ' ' || author), 'B') || to_tsvector('french_plain', body)
  ELSE setweight(to_tsvector('english_plain', title), 'A') || setweight(to_tsvector('english_plain', labels || ' ' || author), 'B') || to_tsvector('english_plain', body) END) STORED);
CREATE TABLE post_tag (tag int NOT NULL, number int NOT NULL);`,
		indexes: `
CREATE INDEX source_words ON source USING gin (words);
CREATE UNIQUE INDEX post_tag_tag ON post_tag (tag, number);
CREATE UNIQUE INDEX post_tag_number ON post_tag (number, tag);
CREATE INDEX post_published ON post (published_at);
ANALYZE;`,
		words: `SELECT number, 0 AS score FROM source WHERE words @@ ` + asked,
		page:  fmt.Sprintf(`SELECT slug, title, '' FROM found JOIN post USING (number) ORDER BY found.score DESC LIMIT %d`, size),
		snippet: fmt.Sprintf(`SELECT slug, title,
 ts_headline(CASE language WHEN 'fr' THEN 'french_plain' ELSE 'english_plain' END::regconfig, body, %[1]s, 'MaxFragments=1, MaxWords=32, MinWords=16, StartSel=<mark>, StopSel=</mark>')
FROM (SELECT number, language, body, ts_rank(words, %[1]s) AS score FROM source WHERE words @@ %[1]s ORDER BY score DESC, number DESC LIMIT %[2]d) best
JOIN (SELECT number, slug, title FROM post) post USING (number) ORDER BY score DESC, number DESC`, asked, size),
		query: func(words []string) string { return strings.Join(words, " ") },
		bytes: `SELECT pg_database_size(current_database())`,
		load: func(ctx context.Context, db *sql.DB, b *blog.Blog, from, to, of int) (err error) {
			conn, err := db.Conn(ctx)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, conn.Close()) }()
			return conn.Raw(func(driver any) error {
				wire, ok := driver.(*stdlib.Conn)
				if !ok {
					return errors.New("not a connection of pgx")
				}
				return copyPosts(ctx, wire.Conn(), b, from, to, of)
			})
		},
	}
}

func copyPosts(ctx context.Context, conn *pgx.Conn, b *blog.Blog, from, to, of int) error {
	var posts, sources, tags [][]any
	// Where the locale is C, PostgreSQL takes ’ for a letter: "qu’acteurs" would be one word.
	plain := strings.NewReplacer("’", "'")
	for i := from; i < to; i++ {
		p := b.Post(i, of)
		posts = append(posts, []any{i, p.ID, p.Slug, p.Title, p.Language, p.Author, p.PublishedAt, p.PublishedAt.Year()})
		sources = append(sources, []any{i, p.Language, plain.Replace(p.Title), plain.Replace(p.Body), strings.Join(p.Tags, ", "), p.Author})
		for _, name := range p.Tags {
			tags = append(tags, []any{b.Number(name), i})
		}
	}
	columns := []string{"number", "id", "slug", "title", "language", "author", "published_at", "year"}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"post"}, columns, pgx.CopyFromRows(posts)); err != nil {
		return err
	}
	columns = []string{"number", "language", "title", "body", "labels", "author"}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"source"}, columns, pgx.CopyFromRows(sources)); err != nil {
		return err
	}
	_, err := conn.CopyFrom(ctx, pgx.Identifier{"post_tag"}, []string{"tag", "number"}, pgx.CopyFromRows(tags))
	return err
}

// Postgres starts a server in dir with settings as one has them on a machine of a
// few gigabytes. A machine without PostgreSQL is sqldbtest.ErrNotInstalled.
func Postgres(ctx context.Context, dir string) (*Engine, error) {
	instance, err := sqldbtest.Start(ctx, dir, "shared_buffers=1GB", "work_mem=64MB", "maintenance_work_mem=512MB", "max_wal_size=4GB",
		"random_page_cost=1.1", "effective_cache_size=3GB")
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", instance.URL())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open PostgreSQL: %w", err), instance.Stop())
	}
	return &Engine{Name: "PostgreSQL", db: db, dialect: postgresDialect(), close: instance.Stop}, nil
}
