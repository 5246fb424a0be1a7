package replica

import (
	"context"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/tags/internal/text"
)

// move wakes those who wait for the index to move on.
func (r *Replica) move() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.moved)
	r.moved = make(chan struct{})
}

func (r *Replica) moving() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.moved
}

// CaughtUp is a fault until the index has everything that there was at the start:
// Unavailable.
func (r *Replica) CaughtUp() error {
	select {
	case <-r.ready:
		return nil
	default:
		return fault.Unavailable("the index is being loaded; try again in a moment")
	}
}

// Await returns once the index has the notices up to a place; the error is ctx's.
func (r *Replica) Await(ctx context.Context, at text.Position) error {
	return r.until(ctx, func() bool {
		is := r.deps.Memory.Position()
		return is.Epoch > at.Epoch || is.Epoch == at.Epoch && is.Pos >= at.Pos
	})
}

// AwaitPost returns once the index has a post as the database has it now; the
// error is ctx's. A post that the database does not know is as it is.
func (r *Replica) AwaitPost(ctx context.Context, postID string) error {
	records, err := r.deps.Records.RecordsOf(ctx, []string{postID})
	if err != nil || len(records) == 0 {
		return err
	}
	return r.until(ctx, func() bool { return r.deps.Memory.Has(records[0].Number, records[0].Version) })
}

func (r *Replica) until(ctx context.Context, done func() bool) error {
	for {
		moving := r.moving() // before it is looked: nothing is missed
		if done() {
			return nil
		}
		select {
		case r.hurry <- struct{}{}:
		default: // it knows
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moving:
		}
	}
}
