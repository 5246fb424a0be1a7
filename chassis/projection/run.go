package projection

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// batch bounds a transaction, and the ids of one fetch.
	batch = 100
	// leastGap is the least time between two transactions: notices that follow each
	// other closely share one. A notice that comes alone does not wait.
	leastGap = 10 * time.Millisecond
	// applyTimeout leaves time to say so before stream.AckWait ends.
	applyTimeout = 20 * time.Second
	maxReconnect = 5 * time.Second
	// maxBehindTries is how often an owner is asked for what a notice of the stream
	// tells of, and answers with something older.
	maxBehindTries = 3
)

// backOff is how long a notice that failed waits, by how often it was delivered.
func backOff(delivered uint64) time.Duration {
	steps := [...]time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}
	return steps[min(max(delivered, 1), uint64(len(steps)))-1]
}

// steadyWait is how long at most a notice waits for somebody who is away: when
// they are back, pages should follow at once.
const steadyWait = 5 * time.Second

// passes tells whether err is nobody's fault but that of somebody who is away:
// no item of a batch would fare better alone.
func passes(err error) bool { return fault.KindOf(err) == fault.KindUnavailable }

// received is a notice with the message that brought it.
type received struct {
	notice *eventsv1.Notice
	msg    stream.Delivery
	ctx    context.Context //nolint:containedctx // each message has its own trace
	span   trace.Span
}

func (p *Projection[S]) attributes() metric.MeasurementOption {
	return metric.WithAttributes(attribute.String("projection", p.cfg.Name), attribute.String("source", p.cfg.Owner))
}

// Part runs the projection. It is ready at once: reading goes on without a broker.
func (p *Projection[S]) Part() process.Part {
	return process.Part{Name: p.cfg.Name + " following " + p.cfg.Owner, Run: func(ctx context.Context, ready func()) error {
		ready()
		var beside sync.WaitGroup
		defer beside.Wait()
		beside.Go(func() { p.chase(ctx) })
		beside.Go(func() { p.keepUp(ctx) })
		p.follow(ctx)
		return nil
	}}
}

// follow consumes until ctx ends, again after each interruption.
func (p *Projection[S]) follow(ctx context.Context) {
	for failures := 0; ; failures++ {
		started := time.Now()
		err := p.consume(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > time.Minute {
			failures = 0
		}
		if failures == 0 {
			p.log.WarnContext(ctx, "following is interrupted", "source", p.cfg.Owner, "error", err)
		}
		if !stream.Wait(ctx, min(maxReconnect, 100*time.Millisecond<<min(failures, 6))) {
			return
		}
	}
}

// consume works on messages until the subscription breaks.
func (p *Projection[S]) consume(ctx context.Context) error {
	into := make(chan stream.Delivery, stream.MaxPending)
	sub, cancel := context.WithCancel(ctx)
	var broken error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		broken = p.cfg.Source.Consume(sub, into)
	}()
	defer func() {
		cancel()
		<-ended
		for len(into) > 0 {
			(<-into).Nak(0) // another replica gets it at once instead of after AckWait
		}
	}()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return broken
		case d := <-into:
			if gap := leastGap - time.Since(last); gap > 0 && !stream.Wait(ctx, gap) {
				d.Nak(0)
				return ctx.Err()
			}
			p.work(ctx, gather(d, into))
			last = time.Now()
		}
	}
}

// gather takes what is there already, so that an import of 10,000 posts costs
// hundreds of transactions and not 10,000.
func gather(first stream.Delivery, more <-chan stream.Delivery) []stream.Delivery {
	out := []stream.Delivery{first}
	for len(out) < batch {
		select {
		case d := <-more:
			out = append(out, d)
		default:
			return out
		}
	}
	return out
}

// work applies a batch and settles each message. If the batch fails its items
// are tried one by one, so that a bad one does not hold up the others.
func (p *Projection[S]) work(ctx context.Context, msgs []stream.Delivery) {
	batch := p.receive(ctx, msgs)
	if len(batch) == 0 {
		return
	}
	p.live.Add(1)
	defer p.live.Add(-1)
	err := p.tryApply(ctx, batch)
	if err == nil || len(batch) == 1 || passes(err) {
		for _, r := range batch {
			p.settle(ctx, r, err)
		}
		return
	}
	for _, r := range batch {
		p.settle(ctx, r, p.tryApply(ctx, []received{r}))
	}
}

func (p *Projection[S]) tryApply(ctx context.Context, batch []received) error {
	// The fetch and the transaction continue the newest notice's trace: mostly it
	// is the only one, and a span has one parent.
	ctx = trace.ContextWithSpan(ctx, batch[len(batch)-1].span)
	p.applying.Lock()
	defer p.applying.Unlock()
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	return p.apply(ctx, batch)
}

func (p *Projection[S]) receive(ctx context.Context, msgs []stream.Delivery) []received {
	out := make([]received, 0, len(msgs))
	for _, m := range msgs {
		mctx, n, err := m.Notice(ctx)
		if err != nil {
			// Nothing can be learned from it; the owner's feed has the notice.
			p.log.ErrorContext(ctx, "a message is not a notice", "subject", m.Subject(), "error", err)
			m.Drop()
			continue
		}
		mctx, span := p.tracer.Start(mctx, "process "+stream.Name(p.cfg.Owner), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			attribute.String("messaging.system", "nats"),
			attribute.String("messaging.operation.type", "process"),
			attribute.String("messaging.destination.name", m.Subject()),
			attribute.String("messaging.consumer.group.name", p.cfg.Name),
			attribute.String("messaging.message.id", n.GetId()),
		))
		out = append(out, received{notice: n, msg: m, ctx: mctx, span: span})
	}
	return out
}

//nolint:contextcheck // a message has a trace of its own
func (p *Projection[S]) settle(ctx context.Context, r received, err error) {
	defer r.span.End()
	if err == nil {
		r.msg.Ack()
		return
	}
	if ctx.Err() != nil { // stopping
		r.msg.Nak(0)
		return
	}
	r.span.RecordError(err)
	delivered := r.msg.Delivered()
	if p.isUntrue(ctx, r, delivered, err) {
		p.log.WarnContext(r.ctx, "a notice is not true", "source", p.cfg.Owner, "aggregate_id", r.notice.GetAggregateId(),
			"event_id", r.notice.GetId(), "error", err)
		r.msg.Drop()
		return
	}
	if p.parked(ctx, r, err) {
		r.msg.Ack()
		return
	}
	wait := backOff(delivered)
	if passes(err) {
		wait = min(wait, steadyWait)
	}
	p.log.WarnContext(r.ctx, "a change could not be applied and will be tried again", "source", p.cfg.Owner,
		"aggregate_id", r.notice.GetAggregateId(), "event_id", r.notice.GetId(), "attempt", delivered, "wait", wait, "error", err)
	r.msg.Nak(wait)
}

// isUntrue tells whether r is nothing that the owner said, after err: its epoch
// is none of the owner's, or the owner does not hold the version that it tells
// of and had time to. If it was true nevertheless, the feed has it.
func (p *Projection[S]) isUntrue(ctx context.Context, r received, delivered uint64, err error) bool {
	if errors.Is(err, errUntrue) {
		return true
	}
	if !errors.Is(err, errBehind) || delivered < maxBehindTries || p.cfg.Feed == nil {
		return false
	}
	w, err := p.watermark(ctx)
	return err == nil && w.epoch >= r.notice.GetEpoch()
}
