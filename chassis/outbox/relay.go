package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// poll finds what a lost wake-up left behind.
	poll = 5 * time.Second
	// gather is the least time between two rounds. A notice that comes alone does not wait.
	gather = 8 * time.Millisecond
	// heartbeat is a third of what a listener takes for silence.
	heartbeat  = 5 * time.Second
	maxBackOff = 5 * time.Second
	// maxDisputes is how often another relay may be first before this one waits.
	maxDisputes = 20
)

// Relay sends the notices of an outbox to its owner's stream, in order, until
// the stream has confirmed each. Several relays of one owner may run.
type Relay struct {
	out    *Outbox
	stream stream.Log
	now    func() time.Time
	log    *slog.Logger
}

// NewRelay makes the relay of out, which sends to the stream to.
func NewRelay(out *Outbox, to stream.Log, tel *telemetry.Telemetry) (*Relay, error) {
	r := &Relay{out: out, stream: to, now: time.Now, log: tel.Log}
	return r, r.observe(tel.Meter("chassis/outbox"))
}

func (r *Relay) observe(meter metric.Meter) error {
	gauge, err := meter.Int64ObservableGauge("parution_outbox_unsent",
		metric.WithDescription("Notices that have not reached the stream."))
	if err != nil {
		return fmt.Errorf("register parution_outbox_unsent: %w", err)
	}
	owner := metric.WithAttributes(attribute.String("owner", r.out.owner))
	_, err = meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		n, err := r.out.Unsent(ctx)
		if err != nil {
			return err
		}
		o.ObserveInt64(gauge, n, owner)
		return nil
	}, gauge)
	if err != nil {
		return fmt.Errorf("observe parution_outbox_unsent: %w", err)
	}
	return nil
}

// Part runs the relay. It is ready at once: writing goes on without a broker.
func (r *Relay) Part() process.Part {
	return process.Part{Name: "relay of " + r.out.owner, Run: r.run}
}

func (r *Relay) run(ctx context.Context, ready func()) error {
	ready()
	var others sync.WaitGroup
	others.Go(func() { r.wakers(ctx) })
	defer others.Wait()
	sweep := time.NewTicker(pruneEvery)
	defer sweep.Stop()
	failures := 0
	var at end
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var last time.Time
	for {
		// Rounds that follow each other closely are put together: each costs the
		// writers two transactions.
		if gap := gather - time.Since(last); gap > 0 && !stream.Wait(ctx, gap) {
			return nil
		}
		err := r.round(ctx, &at)
		last = time.Now()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			failures++
			if failures == 1 {
				r.log.WarnContext(ctx, "notices wait in the outbox", "owner", r.out.owner, "error", err)
			}
			if !stream.Wait(ctx, min(maxBackOff, 100*time.Millisecond<<min(failures, 6))) {
				return nil
			}
			continue
		case failures > 0:
			r.log.InfoContext(ctx, "notices flow again", "owner", r.out.owner)
			failures = 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.out.wake:
		case <-ticker.C:
		case <-beat.C:
			r.beat(ctx)
		case <-sweep.C:
			r.sweep(ctx)
		}
	}
}

// sweep deletes what is old; what it leaves is tried again at the next time.
func (r *Relay) sweep(ctx context.Context) {
	n, err := r.out.prune(ctx, r.now(), keepRows)
	switch {
	case err != nil && ctx.Err() == nil:
		r.log.WarnContext(ctx, "old notices stay in the outbox", "owner", r.out.owner, "error", err)
	case n > 0:
		r.log.InfoContext(ctx, "old notices were deleted", "owner", r.out.owner, "notices", n)
	}
}

// end is where the relay thinks that the stream ends.
type end struct {
	known    bool
	sequence uint64
	// place is that of the notice there; zero if the stream holds none.
	place mark
	// disputes counts how often in a row another relay was there first.
	disputes int
}

// round gives places to everything that is there and sends it. Places come
// first and need no broker: the feed goes on without one.
func (r *Relay) round(ctx context.Context, at *end) error {
	for {
		if err := r.place(ctx); err != nil {
			return err
		}
		if !at.known {
			if err := r.resync(ctx, at); err != nil {
				return err
			}
		}
		rows, err := r.out.rows(ctx, unsent, batch)
		if err != nil || len(rows) == 0 {
			return err
		}
		err = r.publish(ctx, at, at.next(rows))
		if err == nil {
			at.disputes = 0
			continue
		}
		// What is in the stream now, only the stream knows.
		at.known = false
		if !stream.Moved(err) || at.disputes >= maxDisputes {
			at.disputes = 0
			return err
		}
		at.disputes++
	}
}

// next are those of rows that may be on their way at once. If another relay sent
// what is missing between two, the stream would refuse the first and take the
// second: a hole. So several must follow each other and the end; one is always safe.
func (e *end) next(rows []row) []row {
	n, last := 1, e.place
	for i, row := range rows {
		place := row.place()
		if place != (mark{last.epoch, last.pos + 1}) {
			break
		}
		n, last = i+1, place
	}
	return rows[:n]
}

// resync asks the stream where it ends, creates it if need be, and corrects the
// marks of the outbox: what was taken for sent and is not there is sent again.
func (r *Relay) resync(ctx context.Context, at *end) error {
	found, err := r.stream.Open(ctx)
	if err != nil {
		return err
	}
	is, err := r.out.reconcile(ctx, found, r.now())
	if err != nil {
		return err
	}
	at.known, at.sequence = true, found.Sequence
	at.place = mark{found.Last.GetEpoch(), found.Last.GetPos()}
	switch {
	case is.created:
		r.log.WarnContext(ctx, "the stream was created anew and is filled again", "owner", r.out.owner, "notices", is.lost)
	case is.lost > 0 && at.disputes == 0: // in a dispute the other relay is about to send them
		r.log.WarnContext(ctx, "the stream lost notices, which are sent again", "owner", r.out.owner, "notices", is.lost)
	}
	return nil
}

func (r *Relay) place(ctx context.Context) error {
	for {
		if placed, err := r.out.sequence(ctx); err != nil || placed < batch {
			return err
		}
	}
}

// publish sends rows in order and marks those that the stream confirmed. Each
// is taken only if the stream ends with the one before it, so one that is
// refused leaves no hole.
func (r *Relay) publish(ctx context.Context, at *end, rows []row) error {
	notices := make([]stream.Outgoing, len(rows))
	for i, row := range rows {
		notices[i] = stream.Outgoing{Notice: row.notice, Trace: row.trace}
	}
	sequences, failed := r.stream.Publish(ctx, at.sequence, notices)
	acked := make(map[string]uint64, len(rows))
	for i, sequence := range sequences {
		if sequence == 0 {
			continue
		}
		acked[rows[i].notice.GetId()] = sequence
		// Another relay had sent it already: counting on from here would
		// take a place that is not ours and leave a hole behind it.
		at.known = at.known && sequence == at.sequence+uint64(i)+1
	}
	if len(acked) > 0 {
		// What the stream has must be marked also while stopping.
		if err := r.out.markSent(context.WithoutCancel(ctx), acked); err != nil {
			return err
		}
	}
	at.sequence += uint64(len(rows))
	at.place = rows[len(rows)-1].place()
	return failed
}

// beat tells listeners that the feed is alive and how far it goes.
func (r *Relay) beat(ctx context.Context) {
	w, err := r.out.watermark(ctx)
	if err != nil {
		return // silence is the message
	}
	_ = r.stream.Beat(ctx, &eventsv1.Heartbeat{Owner: r.out.owner, Epoch: w.epoch, Pos: w.pos}) // the next one follows
}
