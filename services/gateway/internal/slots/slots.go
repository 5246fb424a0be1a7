// Package slots bounds how much of one kind of work is done at once, so that it
// does not take the place of all other work.
package slots

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/parution/parution/chassis/fault"
)

// wait bounds how long somebody waits for a slot.
const wait = 2 * time.Second

// ErrCrowded is Unavailable: too many are at work or wait.
var ErrCrowded = fault.Unavailable("too many ask for this at once; try again in a moment")

// Slots are places for work. Safe for concurrent use.
type Slots struct {
	free   chan struct{}
	inside atomic.Int64
	most   int64
}

// New makes slots for at most inside who work or wait; a quarter of them work at once.
func New(inside int) *Slots {
	inside = max(1, inside)
	return &Slots{free: make(chan struct{}, (inside+3)/4), most: int64(inside)}
}

// Enter waits for a slot; leave gives it back. Faults: Unavailable at once if
// too many wait already, and if no slot comes free within two seconds; ctx's own.
func (s *Slots) Enter(ctx context.Context) (leave func(), err error) {
	if s.inside.Add(1) > s.most {
		s.inside.Add(-1)
		return nil, ErrCrowded
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait, ErrCrowded)
	defer cancel()
	select {
	case s.free <- struct{}{}:
		return func() { <-s.free; s.inside.Add(-1) }, nil
	case <-ctx.Done():
		s.inside.Add(-1)
		return nil, context.Cause(ctx)
	}
}
