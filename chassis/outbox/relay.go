package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// poll finds what a lost wake-up left behind.
	poll = 5 * time.Second
	// heartbeat is a third of what a listener takes for silence.
	heartbeat = 5 * time.Second
	// window is how many notices are on their way to the stream at once.
	window = 64
	// ackTimeout is long for a server that is there.
	ackTimeout = 5 * time.Second
	maxBackOff = 5 * time.Second
)

// Relay sends the notices of an outbox to its owner's stream, in order, until
// the stream has confirmed each. Several relays of one owner may run.
type Relay struct {
	out      *Outbox
	nc       *nats.Conn
	js       jetstream.JetStream
	replicas int
	log      *slog.Logger
	tracer   trace.Tracer
}

// NewRelay makes the relay of out. replicas is how many servers of a cluster
// keep the stream.
func NewRelay(out *Outbox, nc *nats.Conn, replicas int, tel *telemetry.Telemetry) (*Relay, error) {
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(window), jetstream.WithPublishAsyncTimeout(ackTimeout))
	if err != nil {
		return nil, fmt.Errorf("prepare JetStream: %w", err)
	}
	r := &Relay{out: out, nc: nc, js: js, replicas: replicas, log: tel.Log, tracer: tel.Tracer("chassis/outbox")}
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
	provisioned, failures := false, 0
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		err := r.round(ctx, &provisioned)
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
		}
	}
}

// round gives places to everything that is there and sends it. Places come
// first and need no broker: the feed goes on without one.
func (r *Relay) round(ctx context.Context, provisioned *bool) error {
	for {
		if err := r.place(ctx); err != nil {
			return err
		}
		if !*provisioned {
			if err := stream.Provision(ctx, r.js, r.out.owner, r.replicas); err != nil {
				return err
			}
			*provisioned = true
		}
		rows, err := r.out.rows(ctx, unsent, batch)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := r.publish(ctx, rows); err != nil {
			// A stream that was wiped or deleted comes back with the next round.
			*provisioned = !stream.Gone(err)
			return err
		}
	}
}

func (r *Relay) place(ctx context.Context) error {
	for {
		if placed, err := r.out.sequence(ctx); err != nil || placed < batch {
			return err
		}
	}
}

type pending struct {
	row  row
	span trace.Span
	ack  jetstream.PubAckFuture
}

// publish sends rows in order and marks those that the stream confirmed. A
// confirmation that got lost is sent again: the stream knows the notice by its
// id, and if not its readers do by its version.
func (r *Relay) publish(ctx context.Context, rows []row) error {
	sent := make([]pending, 0, len(rows))
	var failed error
	for _, row := range rows {
		p, err := r.send(ctx, row)
		if err != nil {
			failed = err
			break
		}
		sent = append(sent, p)
	}
	acked := make(map[string]uint64, len(sent))
	for _, p := range sent {
		select {
		case ack := <-p.ack.Ok():
			acked[p.row.notice.GetId()] = ack.Sequence
		case err := <-p.ack.Err():
			p.span.RecordError(err)
			failed = fmt.Errorf("publish %s: %w", stream.Subject(p.row.notice), err)
		case <-ctx.Done():
			failed = ctx.Err()
		}
		p.span.End()
	}
	if len(acked) > 0 {
		// What the stream has must be marked also while stopping.
		if err := r.out.markSent(context.WithoutCancel(ctx), acked); err != nil {
			return err
		}
	}
	return failed
}

func (r *Relay) send(ctx context.Context, row row) (pending, error) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": row.trace})
	subject := stream.Subject(row.notice)
	ctx, span := r.tracer.Start(ctx, "send "+stream.Name(r.out.owner), trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.operation.type", "send"),
		attribute.String("messaging.destination.name", subject),
		attribute.String("messaging.message.id", row.notice.GetId()),
	))
	msg, err := stream.Message(ctx, row.notice)
	if err != nil {
		span.End()
		return pending{}, err
	}
	ack, err := r.js.PublishMsgAsync(msg, jetstream.WithMsgID(row.notice.GetId()), jetstream.WithExpectStream(stream.Name(r.out.owner)))
	if err != nil {
		span.RecordError(err)
		span.End()
		return pending{}, fmt.Errorf("publish %s: %w", subject, err)
	}
	return pending{row: row, span: span, ack: ack}, nil
}

// beat tells listeners that the feed is alive and how far it goes.
func (r *Relay) beat(ctx context.Context) {
	w, err := r.out.watermark(ctx)
	if err != nil || !r.nc.IsConnected() {
		return // silence is the message
	}
	body, err := proto.Marshal(&eventsv1.Heartbeat{Owner: r.out.owner, Epoch: w.epoch, Pos: w.pos})
	if err != nil {
		return
	}
	_ = r.nc.Publish(stream.HeartbeatSubject(r.out.owner), body) // the next one follows
}
