package projection

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// patience is how long a reader waits for the stream.
	patience = 300 * time.Millisecond
	// reread is how often it is looked for what another replica applied.
	reread = 50 * time.Millisecond
	// askAtOnce bounds what a reader waits for the owner then, each time; of several
	// replicas one may stand still, and the next question goes to another.
	askAtOnce = 500 * time.Millisecond
	questions = 2
)

// AtLeast returns once the read model has ref at (epoch, version) or later;
// epoch 0 stands for the present one. It waits 300 ms for the stream, then it
// fetches the state from the owner and applies it itself. It fails if the owner
// does not answer (Unavailable) or has nothing so new. Safe for concurrent use.
func (p *Projection[S]) AtLeast(ctx context.Context, ref Ref, epoch, version int32) error {
	if epoch == 0 {
		at, err := p.cursor(ctx)
		if err != nil {
			return err
		}
		epoch = at.epoch
	}
	for until := time.Now().Add(patience); ; {
		woken := p.commits.wait() // before it is looked: nothing is missed
		has, err := p.versions(ctx, []Ref{ref})
		if err != nil {
			return err
		}
		if h := has[ref]; !older(h.epoch, h.version, epoch, version) {
			return nil
		}
		left := time.Until(until)
		if left <= 0 {
			break
		}
		if err := waitFor(ctx, woken, min(left, reread)); err != nil {
			return err
		}
	}
	n := p.unannounced(ref, epoch, version)
	var err error
	for range questions {
		if err = p.ask(ctx, n); err == nil || ctx.Err() != nil || !passes(err) {
			return err
		}
	}
	return err
}

// ask fetches what n is about and applies it. Without the lock: a batch may be
// waiting for an owner who does not answer.
func (p *Projection[S]) ask(ctx context.Context, n *eventsv1.Notice) error {
	ctx, cancel := context.WithTimeout(ctx, askAtOnce)
	defer cancel()
	return p.apply(ctx, []received{{notice: n, ctx: ctx}})
}

// waitFor returns when woken is closed or d is over; the error is ctx's.
func waitFor(ctx context.Context, woken <-chan struct{}, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-woken:
	case <-t.C:
	}
	return nil
}

// unannounced stands for a notice where there was none; it has no place.
func (p *Projection[S]) unannounced(ref Ref, epoch, version int32) *eventsv1.Notice {
	return &eventsv1.Notice{
		Owner: p.cfg.Owner, AggregateType: ref.Type, AggregateId: ref.ID, Epoch: epoch, Version: version, OccurredAt: timestamppb.Now(),
	}
}
