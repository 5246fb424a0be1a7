package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/wire"
)

const (
	// batch is how many entries are brought up to an operation in one transaction:
	// the posts that are published meanwhile wait for it.
	batch = 200
	// heldFor is how long one that works on an operation and is gone keeps the others
	// from it, by the database's clock.
	heldFor = 10 * time.Second
)

// Wake tells the part that brings entries up to operations that there is one.
func (s *Store) Wake() {
	select {
	case s.woken <- struct{}{}:
	default: // it is awake
	}
}

// Woken is written to when there is an operation to work on.
func (s *Store) Woken() <-chan struct{} { return s.woken }

// Restand brings the next entries up to the oldest operation that is running, for
// holder, and answers how long there is nothing more to do: 0 if there is, and
// less than 0 if nothing is running. Whoever dies leaves nothing half done.
func (s *Store) Restand(ctx context.Context, holder string, now time.Time) (wait time.Duration, err error) {
	if _, err := s.read(ctx).NextRunning(ctx); errors.Is(err, sql.ErrNoRows) {
		return -1, nil
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		wait = 0
		w := &writing{s: s, tx: tx, q: db.New(tx), now: now}
		if _, err := turn(ctx, w.q, 0, 0); err != nil {
			return err
		}
		op, err := w.q.NextRunning(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			wait = -1
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the running operation: %w", err)
		}
		clock, err := s.db.Clock(ctx)
		if err != nil {
			return err
		}
		if left := op.HeldUntil.Time.Sub(clock); op.HeldUntil.Valid && op.Holder != holder && op.Holder != "" && left > 0 && left <= heldFor {
			wait = left
			return nil
		}
		return w.restand(ctx, op, holder, clock)
	})
	return wait, err
}

// restand does one batch of an operation.
func (w *writing) restand(ctx context.Context, op db.NextRunningRow, holder string, clock time.Time) error {
	var walk []string
	if err := json.Unmarshal([]byte(op.Walk), &walk); err != nil {
		return fmt.Errorf("read the way of operation %d: %w", op.Number, err)
	}
	next := db.ProgressOperationParams{
		Number: op.Number, Walked: op.Walked, PostsDone: op.PostsDone, Running: true, Holder: holder, HeldUntil: sqldb.NullTime{Time: clock.Add(heldFor), Valid: true},
	}
	var postIDs []string
	for len(walk) > 0 && len(postIDs) == 0 {
		var err error
		if postIDs, err = w.q.CarriedBefore(ctx, db.CarriedBeforeParams{TagID: walk[0], After: next.Walked, PageSize: batch}); err != nil {
			return fmt.Errorf("list the entries of tag %s: %w", walk[0], err)
		}
		if len(postIDs) < batch {
			walk, next.Walked = walk[1:], ""
		} else {
			next.Walked = postIDs[len(postIDs)-1]
		}
	}
	if err := w.restandSome(ctx, postIDs); err != nil {
		return err
	}
	next.PostsDone = min(op.Posts, op.PostsDone+int32(len(postIDs))) //nolint:gosec // at most batch
	if len(walk) == 0 {
		next.Running, next.Holder, next.HeldUntil, next.PostsDone = false, "", sqldb.NullTime{}, op.Posts
	}
	var err error
	if next.Walk, err = listOf(walk); err != nil {
		return err
	}
	if err := w.q.ProgressOperation(ctx, next); err != nil {
		return fmt.Errorf("note the progress of operation %d: %w", op.Number, err)
	}
	return nil
}

// restandSome has entries say what their names stand for now.
func (w *writing) restandSome(ctx context.Context, postIDs []string) error {
	if len(postIDs) == 0 {
		return nil
	}
	if err := w.load(ctx, postIDs); err != nil {
		return err
	}
	rows, err := w.s.entryTags(ctx, w.tx, postIDs)
	if err != nil {
		return err
	}
	posts := make([]naming, 0, len(postIDs))
	for _, id := range postIDs {
		if e, ok := w.before[id]; ok && e.Indexed {
			posts = append(posts, naming{post: id, site: e.Site, names: e.Names})
		}
	}
	if err := w.taxonomies(ctx, posts); err != nil {
		return err
	}
	for _, p := range posts {
		was := w.before[p.post]
		stand := w.stand(p.post, p.site, p.names, was.Language, true)
		change, changed := was.Restand(stand)
		switch {
		case changed:
			w.put(was, change, stand)
			w.notices = append(w.notices, wire.Notice(change, w.now))
		case !slices.Equal(rows[p.post], w.decidingRows(was, stand)):
			w.bare = append(w.bare, p.post)
			w.rows = append(w.rows, w.decidingRows(was, stand)...)
		}
	}
	return w.save(ctx)
}
