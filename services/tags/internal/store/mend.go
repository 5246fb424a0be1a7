package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/wire"
)

// remembered is what the database has beside the entries of items to be mended:
// the newest version that was told, and the tags for finding posts. Entries may
// have been lost.
func (s *Store) remembered(ctx context.Context, tx *sql.Tx, items []projection.Item[entry.Post]) (map[string]int32, map[string][]db.EntryTag, error) {
	var ids []string
	for _, item := range items {
		if item.Mend {
			ids = append(ids, item.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil, nil
	}
	told, err := s.out.Told(ctx, wire.TypeEntry, ids)
	if err != nil {
		return nil, nil, err
	}
	found, err := s.entryTags(ctx, tx, ids)
	return told, found, err
}

// tagsMatch tells whether the tags for finding posts are those of the entry.
func tagsMatch(e entry.Entry, found []db.EntryTag) bool {
	isMissing := func(t entry.Tag) bool {
		return !slices.ContainsFunc(found, func(r db.EntryTag) bool {
			return r.Slug == t.Slug && r.Name == t.Name && r.SiteID == e.Site && r.PublishedAt.Equal(e.PublishedAt)
		})
	}
	return len(found) == len(e.Tags) && !slices.ContainsFunc(e.Tags, isMissing)
}

// Settle counts all tags anew and drops those that no entry carries, and what is
// searched of posts that have no entry. It runs in
// tx, which must be the only one that writes the index.
func (s *Store) Settle(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range [...]string{dropUncarried, countAll} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("count all tags: %w", err)
		}
	}
	for _, statement := range s.sql.settleWordlists {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("drop stray wordlists: %w", err)
		}
	}
	return nil
}
