package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/tag"
)

// Records reads at most limit indexed posts of all sites by number, those after a number.
func (s *Store) Records(ctx context.Context, afterNumber uint32, limit int) ([]index.Record, error) {
	found, err := s.found(ctx, recordsAfter, int64(afterNumber), limit)
	if err != nil {
		return nil, fmt.Errorf("read the records after %d: %w", afterNumber, err)
	}
	return records(found), nil
}

// RecordsOf reads the records of posts; of those that are not public any more
// only what names them. Posts that were never indexed are left out.
func (s *Store) RecordsOf(ctx context.Context, postIDs []string) ([]index.Record, error) {
	list, err := listOf(postIDs)
	if err != nil {
		return nil, err
	}
	found, err := s.found(ctx, s.sql.records, list)
	if err != nil {
		return nil, fmt.Errorf("read the records of %d posts: %w", len(postIDs), err)
	}
	return records(found), nil
}

// Shown reads what lists show of the published posts with these numbers, by number:
// slug, title, language, date, authors and tags. Those that are not public any more are
// left out.
func (s *Store) Shown(ctx context.Context, numbers []uint32) (map[uint32]entry.Found, error) {
	return s.shown(ctx, s.sql.shown, numbers, false)
}

// Sources reads the same with the title, headings and body of their texts.
func (s *Store) Sources(ctx context.Context, numbers []uint32) (map[uint32]entry.Found, error) {
	return s.shown(ctx, s.sql.sources, numbers, true)
}

func (s *Store) shown(ctx context.Context, statement string, numbers []uint32, withText bool) (map[uint32]entry.Found, error) {
	out := make(map[uint32]entry.Found, len(numbers))
	if len(numbers) == 0 {
		return out, nil
	}
	err := s.each(ctx, s.db.Conn(ctx), statement, numbers, func(rows *sql.Rows) error {
		f := entry.Found{Entry: entry.Entry{Indexed: true}}
		var at sqldb.Time
		var number int64
		var authors, tags, source sql.RawBytes
		dest := []any{&number, &f.PostID, &f.Site, &f.Version, &f.Slug, &f.Title, &f.Language, &at, &authors, &tags, &source}
		if !withText {
			dest = dest[:len(dest)-1]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		f.Number, f.PublishedAt = uint32(number), at.Time //nolint:gosec // numbers are given one by one
		for _, part := range []struct {
			text sql.RawBytes
			into any
		}{{authors, &f.Authors}, {tags, &f.Tags}, {source, &f.Text}} {
			if len(part.text) == 0 {
				continue
			}
			if err := json.Unmarshal(part.text, part.into); err != nil {
				return fmt.Errorf("read post %s: %w", f.PostID, err)
			}
		}
		out[f.Number] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %d posts by number: %w", len(numbers), err)
	}
	return out, nil
}

// AllTags reads at most limit tags of all sites by id, those after an id.
func (s *Store) AllTags(ctx context.Context, after string, limit int) ([]index.Tag, error) {
	all, err := s.tagRows(ctx, s.db.Conn(ctx), tagsAfter, after, limit)
	if err != nil {
		return nil, err
	}
	return s.indexTags(ctx, all)
}

// TagsOf reads tags by id; those that there are not are left out.
func (s *Store) TagsOf(ctx context.Context, ids []string) ([]index.Tag, error) {
	all, err := s.tagsByID(ctx, s.db.Conn(ctx), ids)
	if err != nil {
		return nil, err
	}
	return s.indexTags(ctx, all)
}

// indexTags adds to what leads to tags the names and slugs of those that they
// took the place of.
func (s *Store) indexTags(ctx context.Context, all []*tag.Record) ([]index.Tag, error) {
	ids := make([]string, 0, len(all))
	for _, r := range all {
		if !r.Gone {
			ids = append(ids, r.ID)
		}
	}
	leads, err := s.leads(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]index.Tag, len(all))
	for i, r := range all {
		out[i] = index.Tag{ID: r.ID, Site: r.Site, Gone: r.Gone}
		if !r.Gone {
			addresses := slices.Concat(leads[r.ID], r.Slugs())
			slices.Sort(addresses)
			out[i].Slug, out[i].Name, out[i].Parent, out[i].Internal = r.Slug, r.Name, r.Parent, r.Internal
			out[i].Keys, out[i].Addresses = r.Keys(), slices.Compact(addresses)
		}
	}
	return out, nil
}

// leads are the keys and slugs of the tags that these took the place of, by id.
func (s *Store) leads(ctx context.Context, ids []string) (map[string][]string, error) {
	out := make(map[string][]string)
	origin := make(map[string][]string, len(ids)) // who asked, by the tag that is looked at
	for _, id := range ids {
		origin[id] = []string{id}
	}
	seen := make(map[string]bool)
	for level := ids; len(level) > 0; {
		list, err := listOf(level)
		if err != nil {
			return nil, err
		}
		before, err := s.tagRows(ctx, s.db.Conn(ctx), s.sql.predecessors, list)
		if err != nil {
			return nil, err
		}
		level = nil
		for _, r := range before {
			next := r.Successor()
			if seen[r.ID] || next == "" {
				continue
			}
			seen[r.ID] = true
			level = append(level, r.ID)
			origin[r.ID] = origin[next]
			for _, id := range origin[next] {
				out[id] = append(append(out[id], r.Keys()...), append(slices.Clone(r.Former), r.Slug)...)
			}
		}
	}
	return out, nil
}

func records(found []entry.Found) []index.Record {
	out := make([]index.Record, len(found))
	for i, f := range found {
		out[i] = index.Record{Number: f.Number, PostID: f.PostID, Site: f.Site, Version: f.Version, Public: f.Indexed}
		if !f.Indexed {
			continue
		}
		out[i].PublishedAt, out[i].Language, out[i].Authors, out[i].Text = f.PublishedAt, f.Language, f.Authors, f.Text
		for _, t := range f.Tags {
			out[i].Tags = append(out[i].Tags, t.ID)
		}
	}
	return out
}

// found executes a statement that selects recordColumns.
func (s *Store) found(ctx context.Context, statement string, args ...any) (_ []entry.Found, err error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []entry.Found
	for rows.Next() {
		var f entry.Found
		var source sql.NullString
		if f.Entry, err = scanEntry(rows, &source); err != nil {
			return nil, err
		}
		if source.Valid {
			if err := json.Unmarshal([]byte(source.String), &f.Text); err != nil {
				return nil, fmt.Errorf("read the text of post %s: %w", f.PostID, err)
			}
			f.Text.Labels, f.Text.Authors = f.Labels, f.Authors
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// scanEntry reads the columns of an entry, and whatever follows them.
func scanEntry(rows *sql.Rows, more ...any) (entry.Entry, error) {
	var (
		e                                      entry.Entry
		at                                     sqldb.Time
		number                                 int64
		names, authors, keywords, tags, labels string
	)
	dest := append([]any{
		&number, &e.PostID, &e.Site, &e.Version, &e.Indexed, &e.Slug, &e.Title, &e.Language, &at,
		&names, &authors, &keywords, &tags, &labels, &e.TextHash, &e.PostVersion,
	}, more...)
	if err := rows.Scan(dest...); err != nil {
		return e, fmt.Errorf("scan an entry: %w", err)
	}
	e.Number, e.PublishedAt = uint32(number), at.Time //nolint:gosec // numbers are given one by one
	for _, list := range []struct {
		text string
		into any
	}{{names, &e.Names}, {authors, &e.Authors}, {keywords, &e.Keywords}, {tags, &e.Tags}, {labels, &e.Labels}} {
		if list.text == "" || list.text == "null" {
			continue
		}
		if err := json.Unmarshal([]byte(list.text), list.into); err != nil {
			return e, fmt.Errorf("read the entry of post %s: %w", e.PostID, err)
		}
	}
	return e, nil
}

func listOf[T any](items []T) (string, error) {
	text, err := json.Marshal(items)
	if err != nil {
		return "", fmt.Errorf("marshal a list: %w", err)
	}
	return string(text), nil
}
