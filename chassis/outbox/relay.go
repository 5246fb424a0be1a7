package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
)

const (
	// lookAgain finds what a lost wake-up left behind. It is not that of heartbeats,
	// so that the two do not strike together.
	lookAgain = 5003 * time.Millisecond
	// lookAround is how often the stream is asked where it ends while nothing is sent.
	lookAround = 20 * time.Second
	// gather is the least time between two rounds. A notice that comes alone does not wait.
	gather = 8 * time.Millisecond
	// gatherMore is the same after a round that sent several: more are coming.
	gatherMore = 24 * time.Millisecond
	several    = 3
	// standBy is the same while another relay is at work.
	standBy    = 100 * time.Millisecond
	maxBackOff = 5 * time.Second
	// maxDisputes is how often another relay may be first before this one waits.
	maxDisputes = 20
	// maxFailures is after how many in a row a relay counts as degraded.
	maxFailures = 3
)

// Relay sends the notices of an outbox to its owner's stream, in order, until
// the stream has confirmed each. Several relays of one owner may run: one works,
// the others stand by.
type Relay struct {
	out    *Outbox
	stream stream.Log
	now    func() time.Time
	poll   time.Duration
	// tidy is how often old notices are looked for, keep how many stay in any case.
	tidy time.Duration
	keep int64
	log  *slog.Logger

	// degraded: the stream does not take notices.
	degraded atomic.Bool

	// What follows is of run only.
	begun bool
	// doubt: connections to the database may have broken.
	doubt    bool
	lease    lease
	at       end
	failures int
	// retry is when the stream is tried again after a failure.
	retry time.Time
	// sent counts what the last round sent.
	sent int
	// stuck is what the last heartbeat found waiting first.
	stuck mark
}

// NewRelay makes the relay of out, which sends to the stream to. It runs once.
func NewRelay(out *Outbox, to stream.Log, tel *telemetry.Telemetry) (*Relay, error) {
	r := &Relay{out: out, stream: to, now: time.Now, poll: lookAgain, tidy: pruneEvery, keep: keepRows, log: tel.Log, lease: lease{holder: ids.New()}}
	return r, r.observe(tel.Meter("chassis/outbox"))
}

func (r *Relay) observe(meter metric.Meter) error {
	unsent, err := meter.Int64ObservableGauge("parution_outbox_unsent",
		metric.WithDescription("Notices that have not reached the stream."))
	if err != nil {
		return fmt.Errorf("register parution_outbox_unsent: %w", err)
	}
	degraded, err := meter.Int64ObservableGauge("parution_relay_degraded",
		metric.WithDescription("1 while the stream does not take the relay's notices: read models follow the feed."))
	if err != nil {
		return fmt.Errorf("register parution_relay_degraded: %w", err)
	}
	owner := metric.WithAttributes(attribute.String("owner", r.out.owner))
	_, err = meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		is := int64(0)
		if r.degraded.Load() {
			is = 1
		}
		o.ObserveInt64(degraded, is, owner)
		n, err := r.out.Unsent(ctx)
		if err != nil {
			return err
		}
		o.ObserveInt64(unsent, n, owner)
		return nil
	}, unsent, degraded)
	if err != nil {
		return fmt.Errorf("observe the relay: %w", err)
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
	defer r.leave(ctx)
	poll, beat, sweep, again := time.NewTicker(r.poll), time.NewTicker(heartbeat), time.NewTicker(r.tidy), time.NewTimer(time.Hour)
	defer poll.Stop()
	defer beat.Stop()
	defer sweep.Stop()
	defer again.Stop()
	for {
		wait, rest := r.turn(ctx)
		if wait > 0 {
			again.Reset(wait)
		} else {
			again.Stop()
		}
		// Rounds that follow each other closely are put together: each costs the
		// writers two transactions. A notice that comes alone does not wait.
		if !stream.Wait(ctx, rest) {
			return nil
		}
		select { // not left to chance when there is work as well: silence is a message too
		case <-beat.C:
			r.beat(ctx)
			continue
		case <-sweep.C: // nor may work that fails without end keep what is old
			r.sweep(ctx)
			continue
		default:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.out.wake:
		case <-again.C:
		case <-poll.C:
		case <-beat.C:
			r.beat(ctx)
		case <-sweep.C:
			r.sweep(ctx)
		}
	}
}

// turn does what there is to do. It answers when there is more to do, 0 for when
// something happens, and how long to rest in any case.
func (r *Relay) turn(ctx context.Context) (wait, rest time.Duration) {
	now := r.now()
	if now.Before(r.retry) { // the feed goes on without the stream
		if err := r.feed(ctx); err != nil {
			r.doubt = true
		}
		return r.retry.Sub(now), gather
	}
	standing, err := r.round(ctx)
	if why := r.out.news.Swap(nil); why != nil {
		r.log.WarnContext(ctx, "the database went back in time: a new epoch begins", "owner", r.out.owner, "reason", *why)
		r.beat(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return 0, 0
	case err != nil:
		return r.fail(ctx, err), gather
	case r.failures > 0:
		r.log.InfoContext(ctx, "notices flow again", "owner", r.out.owner)
		r.failures, r.lease.shy = 0, false
		r.degraded.Store(false)
	}
	switch {
	case standing > 0:
		return standing, standBy
	case r.sent >= several:
		return 0, gatherMore
	}
	return 0, gather
}

// fail counts a round that failed and answers when to try again. One that does
// not get on leaves the work to others.
func (r *Relay) fail(ctx context.Context, err error) time.Duration {
	r.failures++
	r.doubt = true
	switch r.failures {
	case 1:
		r.log.WarnContext(ctx, "notices wait in the outbox", "owner", r.out.owner, "error", err)
	case maxFailures:
		r.degraded.Store(true)
		r.log.WarnContext(ctx, "the relay is degraded: read models follow the feed", "owner", r.out.owner, "error", err)
	}
	if r.failures >= maxFailures {
		r.lease.shy = true
		_ = r.out.release(ctx, &r.lease) // it ends by itself
	}
	wait := min(maxBackOff, 100*time.Millisecond<<min(r.failures, 6))
	r.retry = r.now().Add(wait)
	return wait
}

// leave lets others work at once.
func (r *Relay) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := r.out.release(ctx, &r.lease)
	if r.begun {
		err = errors.Join(err, r.out.note(ctx))
	}
	if err != nil {
		r.log.WarnContext(ctx, "the relay left without a word", "owner", r.out.owner, "error", err)
	}
}

// sweep deletes what is old; what it leaves is tried again at the next time.
func (r *Relay) sweep(ctx context.Context) {
	n, err := r.out.prune(ctx, r.now(), r.keep)
	switch {
	case err != nil && ctx.Err() == nil:
		r.log.WarnContext(ctx, "old notices stay in the outbox", "owner", r.out.owner, "error", err)
	case n > 0:
		r.log.InfoContext(ctx, "old notices were deleted", "owner", r.out.owner, "notices", n)
	}
}
