package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/wire"
)

// remembered is what the database has beside the entries of items to be mended:
// the newest version that was told, the tags that decide, and whether there is a
// text. Entries may have been lost.
func (w *writing) remembered(ctx context.Context, items []projection.Item[entry.Post]) (map[string]int32, map[string][]tagRow, map[string]bool, error) {
	var mended []string
	for _, item := range items {
		if item.Mend {
			mended = append(mended, item.ID)
		}
	}
	if len(mended) == 0 {
		return nil, nil, nil, nil
	}
	told, err := w.s.out.Told(ctx, wire.TypeEntry, mended)
	if err != nil {
		return nil, nil, nil, err
	}
	found, err := w.s.entryTags(ctx, w.tx, mended)
	if err != nil {
		return nil, nil, nil, err
	}
	texts := make(map[string]bool)
	err = w.s.each(ctx, w.tx, w.s.sql.texts, mended, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		texts[id] = true
		return err
	})
	return told, found, texts, err
}

// isWhole tells whether what belongs to an entry is as it should be.
func (w *writing) isWhole(e entry.Entry, stand tag.Standing, found []tagRow, hasText bool) bool {
	return hasText == e.Indexed && slices.Equal(found, w.decidingRows(e, stand))
}

// Settle takes away what belongs to no entry. It runs in tx.
func (s *Store) Settle(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range [...]string{settleTags, settleTexts} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("drop what belongs to no entry: %w", err)
		}
	}
	return nil
}
