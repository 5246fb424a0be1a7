package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/store/db"
)

// Entries reads the entries of posts of any site, tombstones included; posts
// that were never indexed are left out.
func (s *Store) Entries(ctx context.Context, postIDs []string) ([]entry.Entry, error) {
	found, err := s.entries(ctx, s.db.Conn(ctx), postIDs)
	if err != nil {
		return nil, err
	}
	out := make([]entry.Entry, 0, len(found))
	for _, id := range postIDs {
		if e, ok := found[id]; ok {
			out = append(out, e)
			delete(found, id) // an id may be asked for twice
		}
	}
	return out, nil
}

// entries reads entries with one statement, by post id.
func (s *Store) entries(ctx context.Context, conn sqldb.Querier, postIDs []string) (_ map[string]entry.Entry, err error) {
	list, err := json.Marshal(postIDs)
	if err != nil {
		return nil, fmt.Errorf("marshal ids: %w", err)
	}
	rows, err := conn.QueryContext(ctx, s.sql.entries, string(list))
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[string]entry.Entry, len(postIDs))
	for rows.Next() {
		var r db.Entry
		if err := rows.Scan(&r.PostID, &r.SiteID, &r.Version, &r.Indexed, &r.Slug, &r.Title, &r.Language, &r.PublishedAt, &r.Tags); err != nil {
			return nil, fmt.Errorf("scan an entry: %w", err)
		}
		if out[r.PostID], err = entryOf(r); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// entryTags reads the tags for finding posts, by post id.
func (s *Store) entryTags(ctx context.Context, conn sqldb.Querier, postIDs []string) (_ map[string][]db.EntryTag, err error) {
	list, err := json.Marshal(postIDs)
	if err != nil {
		return nil, fmt.Errorf("marshal ids: %w", err)
	}
	rows, err := conn.QueryContext(ctx, s.sql.entryTags, string(list))
	if err != nil {
		return nil, fmt.Errorf("read the tags of entries: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[string][]db.EntryTag, len(postIDs))
	for rows.Next() {
		var r db.EntryTag
		if err := rows.Scan(&r.PostID, &r.Slug, &r.SiteID, &r.Name, &r.PublishedAt); err != nil {
			return nil, fmt.Errorf("scan a tag of an entry: %w", err)
		}
		out[r.PostID] = append(out[r.PostID], r)
	}
	return out, rows.Err()
}

func entryOf(r db.Entry) (entry.Entry, error) {
	e := entry.Entry{
		PostID: r.PostID, Site: r.SiteID, Version: r.Version, Indexed: r.Indexed, Slug: r.Slug, Title: r.Title,
		Language: r.Language, PublishedAt: r.PublishedAt.Time,
	}
	if err := json.Unmarshal([]byte(r.Tags), &e.Tags); err != nil {
		return e, fmt.Errorf("read the tags of post %s: %w", r.PostID, err)
	}
	return e, nil
}

func putParams(e entry.Entry) (db.PutEntryParams, error) {
	tags, err := json.Marshal(e.Tags)
	if err != nil {
		return db.PutEntryParams{}, fmt.Errorf("marshal the tags of post %s: %w", e.PostID, err)
	}
	return db.PutEntryParams{
		PostID: e.PostID, SiteID: e.Site, Version: e.Version, Indexed: e.Indexed, Slug: e.Slug, Title: e.Title,
		Language: e.Language, PublishedAt: sqldb.At(e.PublishedAt), Tags: string(tags),
	}, nil
}
