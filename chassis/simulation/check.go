package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// How long everything may take once all faults have ended (I1).
const (
	limit      = 30 * time.Second
	limitWiped = 60 * time.Second
	// glance is how often it is looked whether all is as it should be.
	glance = 500 * time.Millisecond
)

// converge waits until all is as it should be; it answers how long that took.
func (w *World) converge(n *nemesis) time.Duration {
	end := limit
	if n.wiped {
		end = limitWiped
	}
	start := time.Now()
	for {
		err := w.settled(n)
		if w.violated() != nil || err == nil {
			break
		}
		if took := time.Since(start); took > end {
			w.Fail("I1/I3", "%s after the last fault: %v", took.Round(time.Millisecond), err)
			break
		}
		if w.Pause(w.ctx, glance) != nil {
			break
		}
	}
	return time.Since(start)
}

// settled tells what is not yet as it should be.
func (w *World) settled(n *nemesis) error {
	owner := w.any(Owner, w.rng)
	if owner == nil {
		return errors.New("posts does not run")
	}
	truth, err := owner.read(w.ctx)
	if err != nil {
		return err
	}
	w.acknowledged(truth)
	for _, r := range w.readers {
		i := w.any(r.name, w.rng)
		if i == nil {
			return fmt.Errorf("%s does not run", r.name)
		}
		if err := i.equals(w.ctx, r, truth); err != nil {
			return err
		}
	}
	for _, name := range []string{Owner, Render} {
		if err := w.sent(w.any(name, w.rng), name, n); err != nil {
			return err
		}
	}
	if w.opts.Converged != nil {
		return w.opts.Converged(w, truth)
	}
	return nil
}

// acknowledged checks that the owner has what authors were told that it has.
func (w *World) acknowledged(truth map[string]Post) {
	w.posts.mu.Lock()
	defer w.posts.mu.Unlock()
	for id, p := range w.posts.acked {
		now := truth[id]
		now.Epoch = p.Epoch
		if now != p && !w.posts.unknown[id] {
			w.Fail("I1", "posts has %s, and acknowledged %s", now, p)
		}
	}
}

// equals compares a read model with the truth.
func (i *Instance) equals(ctx context.Context, r *reader, truth map[string]Post) error {
	copies, err := i.Copies(ctx)
	if err != nil {
		return err
	}
	planted := make(map[string]bool)
	for id, post := range truth {
		if r.name == tags && post.Title == poison {
			planted[id] = true
		}
	}
	if err := i.aside(ctx, r, planted); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(truth)) {
		want, got := truth[id], copies[id]
		got.Epoch = want.Epoch // a copy need not be fetched again for that
		if got != want && !planted[id] {
			return fmt.Errorf("%s has %s, want %s", r.name, copies[id], want)
		}
	}
	for id := range copies {
		if truth[id].Status == "" && copies[id].Status != "" {
			return fmt.Errorf("%s has %s, which nobody wrote", r.name, copies[id])
		}
	}
	return i.reachedEnd(ctx, r)
}

// reachedEnd tells whether the read model's floor is the owner's newest place.
func (i *Instance) reachedEnd(ctx context.Context, r *reader) error {
	w := i.World
	if w.opts.Follow != nil {
		return nil // what stands in has no floor
	}
	owner := w.any(Owner, w.rng)
	if owner == nil {
		return errors.New("posts does not run")
	}
	var want, got [2]int64
	var drift int64
	err := owner.DB.Conn(ctx).QueryRowContext(ctx, `SELECT epoch, next_pos - 1 FROM outbox_owner`).Scan(&want[0], &want[1])
	if err != nil {
		return fmt.Errorf("read the owner's newest place: %w", err)
	}
	if err := i.DB.Conn(ctx).QueryRowContext(ctx, `SELECT epoch, floor, drift_repaired FROM projection_cursor`).Scan(&got[0], &got[1], &drift); err != nil {
		return fmt.Errorf("read the floor of %s: %w", r.name, err)
	}
	if drift > 0 {
		w.Fail("I3", "%s differed from posts in %d posts although it had applied everything", r.name, drift)
	}
	if want[1] == 0 {
		return nil // nothing was ever told
	}
	if got != want {
		return fmt.Errorf("the floor of %s is %v, want %v", r.name, got, want)
	}
	return nil
}

// aside checks that exactly what was planted was put aside (I10).
func (i *Instance) aside(ctx context.Context, r *reader, planted map[string]bool) error {
	rows, err := i.DB.Conn(ctx).QueryContext(ctx, deadLetters)
	if err != nil {
		return fmt.Errorf("list dead letters: %w", err)
	}
	defer func() { _ = rows.Close() }() // nothing was written
	found := make(map[string]bool)
	for rows.Next() {
		var id, reason string
		if err := rows.Scan(&id, &reason); err != nil {
			return fmt.Errorf("scan a dead letter: %w", err)
		}
		if !planted[id] && i.World.posts.isLost(id) {
			continue // the dead letter tells of a change that went with the database
		}
		found[id] = true
		if !planted[id] {
			return fmt.Errorf("I10: %s put %s aside: %s", r.name, id, reason)
		}
	}
	if len(found) != len(planted) {
		return fmt.Errorf("I10: %s put %d posts aside, want %d", r.name, len(found), len(planted))
	}
	return rows.Err()
}

const deadLetters = `SELECT aggregate_id, reason FROM dead_letter`

// sent checks the outbox of an owner: places without a gap (I9), all of it sent,
// and in the stream what is said to be.
func (w *World) sent(i *Instance, owner string, n *nemesis) error {
	if i == nil {
		return fmt.Errorf("%s does not run", owner)
	}
	rows, err := i.DB.Conn(w.ctx).QueryContext(w.ctx, `SELECT coalesce(epoch, 0), coalesce(pos, 0), coalesce(stream_seq, 0), aggregate_id, version
 FROM outbox ORDER BY epoch, pos`)
	if err != nil {
		return fmt.Errorf("read the outbox of %s: %w", owner, err)
	}
	defer func() { _ = rows.Close() }() // nothing was written
	stored := make(map[string]bool)
	for _, notice := range w.broker.Stored(owner) {
		stored[fmt.Sprintf("%d/%d %s@%d", notice.GetEpoch(), notice.GetPos(), notice.GetAggregateId(), notice.GetVersion())] = true
	}
	var lastEpoch, lastPos int64
	for rows.Next() {
		var epoch, pos, sequence int64
		var id string
		var version int32
		if err := rows.Scan(&epoch, &pos, &sequence, &id, &version); err != nil {
			return fmt.Errorf("scan a notice of %s: %w", owner, err)
		}
		what := fmt.Sprintf("%d/%d %s@%d", epoch, pos, id, version)
		switch {
		case pos == 0:
			return fmt.Errorf("%s of %s has no place", what, owner)
		case epoch == lastEpoch && pos != lastPos+1:
			w.Fail("I9", "in the outbox of %s place %d follows %d in epoch %d", owner, pos, lastPos, epoch)
		case n.forGood:
		case sequence == 0:
			return fmt.Errorf("%s of %s was not sent", what, owner)
		case !stored[what] && !n.hasLost():
			return fmt.Errorf("I1: %s of %s is said to be in the stream, and is not", what, owner)
		}
		lastEpoch, lastPos = epoch, pos
	}
	return rows.Err()
}

// hasLost tells whether streams may rightly miss what was sent.
func (n *nemesis) hasLost() bool {
	return slices.ContainsFunc(n.kit, func(t trouble) bool { return t.name == "retention" || t.name == "foreign messages" })
}
