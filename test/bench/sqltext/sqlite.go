package sqltext

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"github.com/parution/parution/test/bench/blog"
)

// FTS5 with its own tokenizer: Unicode words without accents, no stems. The title
// counts ten times, tags and author three times.
func sqliteDialect() dialect {
	return dialect{
		schema: `
CREATE TABLE tag (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE post (number INTEGER PRIMARY KEY, id TEXT NOT NULL, slug TEXT NOT NULL, title TEXT NOT NULL,
 language TEXT NOT NULL, author TEXT NOT NULL, published_at TEXT NOT NULL, year INTEGER NOT NULL);
CREATE TABLE source (number INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, labels TEXT NOT NULL, author TEXT NOT NULL);
CREATE TABLE post_tag (tag INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (tag, number)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(title, body, labels, author, content='source', content_rowid='number', tokenize='unicode61 remove_diacritics 2');`,
		indexes: `
CREATE INDEX post_tag_number ON post_tag (number, tag);
CREATE INDEX post_published ON post (published_at);
INSERT INTO words (words) VALUES ('optimize');
ANALYZE;`,
		words: `SELECT rowid AS number, 0 AS score FROM words WHERE words MATCH $1`,
		page:  fmt.Sprintf(`SELECT slug, title, '' FROM found JOIN post USING (number) ORDER BY found.score DESC LIMIT %d`, size),
		snippet: fmt.Sprintf(`SELECT post.slug, best.title, best.passage FROM (SELECT rowid AS number, highlight(words, 0, '<mark>', '</mark>') AS title,
 snippet(words, 1, '<mark>', '</mark>', '…', 32) AS passage, rank FROM words WHERE words MATCH $1 AND rank MATCH 'bm25(10, 1, 3, 3)' ORDER BY rank LIMIT %d) best
JOIN post USING (number) ORDER BY best.rank`, size),
		query: func(words []string) string { return `"` + strings.Join(words, `" "`) + `"` },
		bytes: `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`,
		load:  insertPosts,
	}
}

// insertPosts writes posts in one transaction.
func insertPosts(ctx context.Context, db *sql.DB, b *blog.Blog, from, to, of int) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	for i := from; i < to; i++ {
		if err := insertPost(ctx, tx, b, i, of); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func insertPost(ctx context.Context, tx *sql.Tx, b *blog.Blog, i, of int) error {
	p := b.Post(i, of)
	labels := strings.Join(p.Tags, ", ")
	_, err := tx.ExecContext(ctx, `INSERT INTO post (number, id, slug, title, language, author, published_at, year) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		i, p.ID, p.Slug, p.Title, p.Language, p.Author, p.PublishedAt.Format("2006-01-02T15:04:05.000Z"), p.PublishedAt.Year())
	if err != nil {
		return err
	}
	for _, statement := range []string{
		`INSERT INTO source (number, title, body, labels, author) VALUES ($1, $2, $3, $4, $5)`,
		`INSERT INTO words (rowid, title, body, labels, author) VALUES ($1, $2, $3, $4, $5)`,
	} {
		if _, err := tx.ExecContext(ctx, statement, i, p.Title, p.Body, labels, p.Author); err != nil {
			return err
		}
	}
	for _, name := range p.Tags {
		if _, err := tx.ExecContext(ctx, `INSERT INTO post_tag (tag, number) VALUES ($1, $2)`, b.Number(name), i); err != nil {
			return err
		}
	}
	return nil
}

// SQLite makes an empty database in dir. It keeps what it commits as Parution's
// do, and up to 64 MiB of pages in memory beside the system's cache.
func SQLite(ctx context.Context, dir string) (*Engine, error) {
	const options = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-65536)"
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "blog.db")+options)
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite: %w", err), db.Close())
	}
	return &Engine{Name: "SQLite FTS5", db: db, dialect: sqliteDialect(), close: func() error { return nil }}, nil
}
