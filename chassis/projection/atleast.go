package projection

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
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

var (
	errNothingNew = fault.NotFound("the owner has nothing so new")
	errCrowded    = fault.Exhausted("too many wait for what is not here yet")
)

// AtLeast returns once the read model has ref at (epoch, version) or later;
// epoch 0 stands for the present one. It waits 300 ms for the stream, then it
// fetches the state from the owner and applies it itself, unless the owner had
// nothing so new a moment ago. Faults: NotFound if the owner has nothing so new;
// Unavailable if it does not answer; Exhausted, at once, if too many wait
// already. Safe for concurrent use.
func (p *Projection[S]) AtLeast(ctx context.Context, ref Ref, epoch, version int32) error {
	if epoch == 0 {
		at, err := p.cursor(ctx)
		if err != nil {
			return err
		}
		epoch = at.epoch
	}
	q := question{ref, epoch, version}
	if has, err := p.hasAlready(ctx, q); has || err != nil {
		return err
	}
	for {
		f, leads := p.wanted.join(q)
		switch {
		case f == nil:
			return errCrowded
		case leads:
			return p.lead(ctx, q, f)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.done:
		}
		if !f.left {
			return f.err
		}
	}
}

func (p *Projection[S]) hasAlready(ctx context.Context, q question) (bool, error) {
	has, err := p.versions(ctx, []Ref{q.ref})
	h := has[q.ref]
	return err == nil && !older(h.epoch, h.version, q.epoch, q.version), err
}

// lead waits for what q asks for, and tells the others who do.
func (p *Projection[S]) lead(ctx context.Context, q question, f *flight) error {
	f.left = true // if it panics, another may try
	defer func() { p.wanted.leave(q, f) }()
	f.err = p.await(ctx, q)
	f.left = ctx.Err() != nil
	return f.err
}

func (p *Projection[S]) await(ctx context.Context, q question) error {
	for until := time.Now().Add(patience); ; {
		woken := p.commits.wait() // before it is looked: nothing is missed
		if has, err := p.hasAlready(ctx, q); has || err != nil {
			return err
		}
		left := time.Until(until)
		if left <= 0 {
			break
		}
		if err := waitFor(ctx, woken, min(left, reread)); err != nil {
			return err
		}
	}
	if p.wanted.isVain(q, time.Now()) {
		return errNothingNew
	}
	if !p.wanted.mayAsk() {
		return errCrowded
	}
	defer p.wanted.asked()
	var err error
	for range questions {
		if err = p.ask(ctx, q); err == nil || ctx.Err() != nil || !passes(err) {
			break
		}
	}
	if errors.Is(err, errNothingNew) {
		p.wanted.inVain(q, time.Now())
	}
	return err
}

// ask fetches what q asks for and applies it. Without the lock: a batch may be
// waiting for an owner who does not answer. Nothing is written unless the owner
// has something so new: anybody may ask for anything.
func (p *Projection[S]) ask(ctx context.Context, q question) error {
	ctx, cancel := context.WithTimeout(ctx, askAtOnce)
	defer cancel()
	notices := []received{{notice: p.unannounced(q.ref, q.epoch, q.version), ctx: ctx}}
	if err := p.believe(ctx, notices); errors.Is(err, errUntrue) {
		return errNothingNew
	} else if err != nil {
		return err
	}
	wanted, has, err := p.newer(ctx, notices)
	if err != nil {
		return err
	}
	states, err := p.fetch(ctx, wanted)
	if err != nil {
		return err
	}
	states = slices.DeleteFunc(states, func(s State[S]) bool { return tellsNothing(s, has[s.Ref]) })
	if len(wanted) == 0 {
		return nil // it came meanwhile, or is nothing that the read model wants
	}
	if len(states) == 0 || older(states[0].Epoch, states[0].Version, q.epoch, q.version) && states[0].Version > 0 {
		return errNothingNew
	}
	return p.keep(ctx, states, wanted, notices)
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
