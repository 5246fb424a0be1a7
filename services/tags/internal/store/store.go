// Package store keeps the index, and writes the notice of each change in the
// transaction that makes it. Nothing else in the service writes.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/wire"
)

//go:embed migrations
var files embed.FS

// Migrations is the schema of the store.
func Migrations() sqldb.Migrations {
	return sqldb.Migrations{Name: "tags", FS: sqldb.Sub(files, "migrations")}
}

// Store is the tags service's memory. Safe for concurrent use.
type Store struct {
	db  *sqldb.DB
	out *outbox.Outbox
	sql statements
}

// New makes a store whose notices go to out.
func New(database *sqldb.DB, out *outbox.Outbox) *Store {
	return &Store{db: database, out: out, sql: statementsOf(database.Dialect())}
}

func (s *Store) read(ctx context.Context) *db.Queries { return db.New(s.db.Conn(ctx)) }

// Epoch tells the timeline of the index's own database.
func (s *Store) Epoch(ctx context.Context) (int32, error) { return s.out.Epoch(ctx) }

// PublicHashes are the hashes that the notices of these versions of entries told.
func (s *Store) PublicHashes(ctx context.Context, versions map[string]int32) (map[string][]byte, error) {
	return s.out.PublicHashes(ctx, wire.TypeEntry, versions)
}

// Tag reads one tag of a site. Faults: NotFound if no entry carries it.
func (s *Store) Tag(ctx context.Context, site, slug string) (entry.Count, error) {
	row, err := s.read(ctx).GetTag(ctx, db.GetTagParams{SiteID: site, Slug: slug})
	if errors.Is(err, sql.ErrNoRows) {
		return entry.Count{}, fault.NotFound("no published post has this tag")
	}
	if err != nil {
		return entry.Count{}, fmt.Errorf("read tag %s: %w", slug, err)
	}
	return count(row), nil
}

// Tags lists at most size tags of a site by slug, those after the slug after.
func (s *Store) Tags(ctx context.Context, site, after string, size int32) ([]entry.Count, error) {
	rows, err := s.read(ctx).ListTags(ctx, db.ListTagsParams{SiteID: site, After: after, PageSize: size})
	if err != nil {
		return nil, fmt.Errorf("list tags: %w", err)
	}
	out := make([]entry.Count, len(rows))
	for i, r := range rows {
		out[i] = count(r)
	}
	return out, nil
}

func count(r db.Tag) entry.Count {
	return entry.Count{Tag: entry.Tag{Slug: r.Slug, Name: r.Name}, Posts: r.Count}
}

// Tagged lists at most size of the selected entries, newest first, those after
// the place before, and counts all of them. The zero place is the beginning.
func (s *Store) Tagged(ctx context.Context, sel entry.Selection, before entry.Place, size int32) (_ []entry.Entry, total int32, err error) {
	slugs, fewest, err := s.rarestFirst(ctx, sel)
	if err != nil || fewest == 0 {
		return nil, 0, err
	}
	if before == (entry.Place{}) {
		before = entry.Place{At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ID: "~"}
	}
	total, wanted := fewest, int64(len(sel.Slugs()))
	if wanted > 1 {
		n, err := s.read(ctx).CountTagged(ctx, db.CountTaggedParams{
			SiteID: sel.Site(), Wanted: wanted, Slug: slugs[0], Slug2: slugs[1], Slug3: slugs[2], Slug4: slugs[3], Slug5: slugs[4],
			Slug6: slugs[5], Slug7: slugs[6], Slug8: slugs[7], Slug9: slugs[8], Slug10: slugs[9],
		})
		if err != nil {
			return nil, 0, fmt.Errorf("count tagged posts: %w", err)
		}
		total = int32(min(n, int64(fewest))) //nolint:gosec // bounded on the same line
	}
	rows, err := s.read(ctx).ListTagged(ctx, db.ListTaggedParams{
		SiteID: sel.Site(), Wanted: wanted, BeforePublishedAt: sqldb.At(before.At), BeforePostID: before.ID, PageSize: size,
		Slug: slugs[0], Slug2: slugs[1], Slug3: slugs[2], Slug4: slugs[3], Slug5: slugs[4],
		Slug6: slugs[5], Slug7: slugs[6], Slug8: slugs[7], Slug9: slugs[8], Slug10: slugs[9],
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list tagged posts: %w", err)
	}
	out := make([]entry.Entry, len(rows))
	for i, r := range rows {
		if out[i], err = entryOf(r); err != nil {
			return nil, 0, err
		}
	}
	return out, total, nil
}

// rarestFirst are the selected tags, the one that the fewest entries carry in
// front: the query walks its list. The rest is filled up with that one. fewest
// is 0 if a tag has no entries.
func (s *Store) rarestFirst(ctx context.Context, sel entry.Selection) (slugs [entry.MaxSelected]string, fewest int32, err error) {
	for i, name := range sel.Slugs() {
		tag, err := s.Tag(ctx, sel.Site(), name)
		if fault.KindOf(err) == fault.KindNotFound {
			return slugs, 0, nil
		}
		if err != nil {
			return slugs, 0, err
		}
		slugs[i] = name
		if i == 0 || tag.Posts < fewest {
			fewest = tag.Posts
			slugs[0], slugs[i] = slugs[i], slugs[0]
		}
	}
	for i := len(sel.Slugs()); i < len(slugs); i++ {
		slugs[i] = slugs[0]
	}
	return slugs, fewest, nil
}
