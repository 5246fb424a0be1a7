package store

import (
	"context"
	"database/sql"
	"errors"
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

// tidied is how many posts Tidy looks at in one go.
const tidied = 1000

// Tidy takes away what belongs to no entry: of the posts after one, some, in the
// order of their ids. It answers the last of these; empty if none follow. What is
// as it should be is only read, which holds up no writer.
func (s *Store) Tidy(ctx context.Context, after string) (next string, err error) {
	var stray []string
	for _, statement := range [...]string{strayTags, strayTexts} {
		found, end, err := s.stray(ctx, statement, after)
		if err != nil {
			return "", fmt.Errorf("look for what belongs to no entry: %w", err)
		}
		stray = append(stray, found...)
		if end != "" && (next == "" || end < next) { // what the other has beyond that comes again
			next = end
		}
	}
	return next, s.dropStray(ctx, stray)
}

// stray are those of the next posts with something that belongs to no entry; end is
// the last that was looked at, empty if none follow.
func (s *Store) stray(ctx context.Context, statement, after string) (found []string, end string, err error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, statement, after, tidied)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	n := 0
	for ; rows.Next(); n++ {
		var isStray bool
		if err := rows.Scan(&end, &isStray); err != nil {
			return nil, "", err
		}
		if isStray {
			found = append(found, end)
		}
	}
	if n < tidied {
		end = ""
	}
	return found, end, rows.Err()
}

// dropStray takes away what posts have that have no entry.
func (s *Store) dropStray(ctx context.Context, postIDs []string) error {
	if len(postIDs) == 0 {
		return nil
	}
	list, err := listOf(postIDs)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range [...]string{s.sql.dropStrayTags, s.sql.dropStrayTexts} {
			if _, err := tx.ExecContext(ctx, statement, list); err != nil {
				return fmt.Errorf("drop what belongs to no entry: %w", err)
			}
		}
		return nil
	})
}
