package outbox

import (
	"context"
	"time"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// heartbeat is a third of what a listener takes for silence.
const heartbeat = 5 * time.Second

// beat tells listeners that the feed is alive and how far the stream has it. One
// whose notices are not taken is silent, so that read models go to the feed; so
// is one that leaves the work to another.
func (r *Relay) beat(ctx context.Context) {
	if !r.begun {
		return
	}
	var sent mark
	if r.at.known {
		sent = r.at.place
	}
	if err := r.out.verify(ctx, sent, "the stream has later notices"); err != nil {
		r.doubt = true
		return
	}
	if err := r.out.note(ctx); err != nil {
		r.log.WarnContext(ctx, "the file beside the database is old", "owner", r.out.owner, "error", err)
	}
	left, _, err := r.out.others(ctx, &r.lease)
	if err != nil || left > 0 || r.degraded.Load() {
		return
	}
	r.lookAround(ctx)
	upTo, stuck, err := r.out.sentTo(ctx)
	if err != nil {
		return
	}
	// What waits since the last one may wait for ever.
	silent := stuck != (mark{}) && stuck == r.stuck
	r.stuck = stuck
	if !silent {
		_ = r.stream.Beat(ctx, &eventsv1.Heartbeat{Owner: r.out.owner, Epoch: upTo.epoch, Pos: upTo.pos}) // the next one follows
	}
}
