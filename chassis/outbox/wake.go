package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/parution/parution/chassis/stream"
)

const (
	// channel is where relays of other processes listen.
	channel = "outbox"
	// coalesce is the least time between two messages to them.
	coalesce = 20 * time.Millisecond
)

// wakers tells other processes of what was committed here, and this one of what
// was committed there; until ctx ends.
func (r *Relay) wakers(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { r.tell(ctx) })
	all.Go(func() {
		r.out.db.Listen(ctx, channel, r.out.poke, func(err error) {
			r.log.WarnContext(ctx, "other processes wake the relay only by its clock", "owner", r.out.owner, "error", err)
		})
	})
	all.Wait()
}

// tell passes wake-ups on, many as one. One that is lost is found by the clock.
func (r *Relay) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.out.changed:
		}
		if err := r.out.db.Notify(ctx, channel); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "the relays of other processes were not woken", "owner", r.out.owner, "error", err)
		}
		if !stream.Wait(ctx, coalesce) {
			return
		}
	}
}
