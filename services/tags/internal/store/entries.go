package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/tag"
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
func (s *Store) entries(ctx context.Context, conn sqldb.Querier, postIDs []string) (map[string]entry.Entry, error) {
	out := make(map[string]entry.Entry, len(postIDs))
	err := s.each(ctx, conn, s.sql.entries, postIDs, func(rows *sql.Rows) error {
		e, err := scanEntry(rows)
		out[e.PostID] = e
		return err
	})
	return out, err
}

// moves reads the moves of posts that stand, by post id, in their order.
func (s *Store) moves(ctx context.Context, conn sqldb.Querier, postIDs []string) (map[string][]tag.Move, error) {
	out := make(map[string][]tag.Move)
	err := s.each(ctx, conn, s.sql.moves, postIDs, func(rows *sql.Rows) error {
		var m tag.Move
		var into string
		if err := rows.Scan(&m.Post, &m.Lead, &m.From, &into); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(into), &m.Into); err != nil {
			return err
		}
		out[m.Post] = append(out[m.Post], m)
		return nil
	})
	return out, err
}

// tagRow is a row of entry_tag.
type tagRow struct {
	TagID       string `json:"tag_id"`
	PostID      string `json:"post_id"`
	Found       bool   `json:"found"`
	Name        string `json:"name"`
	PublishedAt string `json:"published_at"`
}

// entryTags reads the tags that decide about entries, by post id.
func (s *Store) entryTags(ctx context.Context, conn sqldb.Querier, postIDs []string) (map[string][]tagRow, error) {
	out := make(map[string][]tagRow, len(postIDs))
	err := s.each(ctx, conn, s.sql.entryTags, postIDs, func(rows *sql.Rows) error {
		var r tagRow
		var at sqldb.Time
		if err := rows.Scan(&r.TagID, &r.PostID, &r.Found, &r.Name, &at); err != nil {
			return err
		}
		r.PublishedAt = at.Text()
		out[r.PostID] = append(out[r.PostID], r)
		return nil
	})
	for _, rows := range out {
		slices.SortFunc(rows, func(a, b tagRow) int { return cmp.Compare(a.TagID, b.TagID) })
	}
	return out, err
}

// decidingRows are the rows of an entry with a standing, by tag.
func decidingRows(e entry.Entry, stand tag.Standing, own func(id, name string) bool) []tagRow {
	if !e.Indexed {
		return nil
	}
	at := sqldb.At(e.PublishedAt).Text()
	rows := make([]tagRow, 0, len(stand.Tags)+len(stand.Through))
	for _, t := range stand.Tags {
		r := tagRow{TagID: t.ID, PostID: e.PostID, Found: true, PublishedAt: at}
		if !t.Inherited && own(t.ID, t.Name) {
			r.Name = t.Name
		}
		rows = append(rows, r)
	}
	for _, id := range stand.Through {
		rows = append(rows, tagRow{TagID: id, PostID: e.PostID, PublishedAt: at})
	}
	slices.SortFunc(rows, func(a, b tagRow) int { return cmp.Compare(a.TagID, b.TagID) })
	return rows
}

// entryRow is a row of entry as JSON.
type entryRow struct {
	Number      uint32 `json:"number"`
	PostID      string `json:"post_id"`
	SiteID      string `json:"site_id"`
	Version     int32  `json:"version"`
	Indexed     bool   `json:"indexed"`
	Slug        string `json:"slug"`
	Title       string `json:"title"`
	Language    string `json:"language"`
	PublishedAt string `json:"published_at"`
	Names       string `json:"names"`
	Authors     string `json:"authors"`
	Keywords    string `json:"keywords"`
	Tags        string `json:"tags"`
	Labels      string `json:"labels"`
	TextHash    string `json:"text_hash"`
	PostVersion int32  `json:"post_version"`
}

func rowOf(e entry.Entry) (entryRow, error) {
	r := entryRow{
		Number: e.Number, PostID: e.PostID, SiteID: e.Site, Version: e.Version, Indexed: e.Indexed, Slug: e.Slug, Title: e.Title,
		Language: e.Language, PublishedAt: sqldb.At(e.PublishedAt).Text(), TextHash: e.TextHash, PostVersion: e.PostVersion,
	}
	var err error
	for _, list := range []struct {
		from any
		into *string
		none bool
	}{
		{e.Names, &r.Names, len(e.Names) == 0},
		{e.Authors, &r.Authors, len(e.Authors) == 0},
		{e.Keywords, &r.Keywords, len(e.Keywords) == 0},
		{e.Tags, &r.Tags, len(e.Tags) == 0},
		{e.Labels, &r.Labels, len(e.Labels) == 0},
	} {
		if list.none {
			continue
		}
		var text string
		if text, err = listOfAny(list.from); err != nil {
			return r, fmt.Errorf("write the entry of post %s: %w", e.PostID, err)
		}
		*list.into = text
	}
	return r, nil
}

func listOfAny(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// each executes a statement that takes a list, and calls do for each row.
func (s *Store) each(ctx context.Context, conn sqldb.Querier, statement string, items any, do func(*sql.Rows) error) (err error) {
	list, err := listOfAny(items)
	if err != nil {
		return fmt.Errorf("marshal a list: %w", err)
	}
	rows, err := conn.QueryContext(ctx, statement, list)
	if err != nil {
		return fmt.Errorf("read by a list: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := do(rows); err != nil {
			return fmt.Errorf("scan a row: %w", err)
		}
	}
	return rows.Err()
}

// saveRows executes a statement that takes rows as JSON.
func saveRows[R any](ctx context.Context, tx *sql.Tx, statement string, rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("marshal rows: %w", err)
	}
	if _, err = tx.ExecContext(ctx, statement, string(list)); err != nil {
		return fmt.Errorf("write %d rows: %w", len(rows), err)
	}
	return nil
}
