package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// window is how many notices are on their way to the stream at once.
	window = 64
	// ackTimeout is long for a server that is there.
	ackTimeout = 5 * time.Second
)

// jetStreamLog is an owner's stream in JetStream.
type jetStreamLog struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	owner    string
	replicas int
	tracer   trace.Tracer
}

// NewLog is the stream of owner behind nc. replicas is how many servers of a
// cluster keep it.
func NewLog(nc *nats.Conn, owner string, replicas int, tel *telemetry.Telemetry) (Log, error) {
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(window), jetstream.WithPublishAsyncTimeout(ackTimeout))
	if err != nil {
		return nil, fmt.Errorf("prepare JetStream: %w", err)
	}
	return &jetStreamLog{nc: nc, js: js, owner: owner, replicas: replicas, tracer: tel.Tracer("chassis/stream")}, nil
}

// Open implements Log.
func (l *jetStreamLog) Open(ctx context.Context) (End, error) {
	if err := Provision(ctx, l.js, l.owner, l.replicas); err != nil {
		return End{}, err
	}
	return Ends(ctx, l.js, l.owner)
}

// sending is a notice on its way.
type sending struct {
	subject string
	span    trace.Span
	ack     jetstream.PubAckFuture
}

// Publish implements Log.
func (l *jetStreamLog) Publish(ctx context.Context, behind uint64, notices []Outgoing) ([]uint64, error) {
	sent := make([]sending, 0, len(notices))
	var failed error
	for i, o := range notices {
		s, err := l.send(ctx, o, behind+uint64(i))
		if err != nil {
			failed = err
			break
		}
		sent = append(sent, s)
	}
	sequences := make([]uint64, len(notices))
	var refused error
	for i, s := range sent {
		select {
		case ack := <-s.ack.Ok():
			sequences[i] = ack.Sequence
		case err := <-s.ack.Err():
			s.span.RecordError(err)
			if refused == nil { // those behind it fail because of it
				refused = fmt.Errorf("publish %s: %w", s.subject, err)
			}
		case <-ctx.Done():
			refused = ctx.Err()
		}
		s.span.End()
	}
	if refused != nil { // it came before the one that could not be sent
		failed = refused
	}
	return sequences, failed
}

// send sends one notice, to come directly after the message with the sequence behind.
func (l *jetStreamLog) send(ctx context.Context, o Outgoing, behind uint64) (sending, error) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": o.Trace})
	subject := Subject(o.Notice)
	ctx, span := l.tracer.Start(ctx, "send "+Name(l.owner), trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.operation.type", "send"),
		attribute.String("messaging.destination.name", subject),
		attribute.String("messaging.message.id", o.MessageID),
	))
	msg, err := Message(ctx, o.Notice)
	if err != nil {
		span.End()
		return sending{}, err
	}
	ack, err := l.js.PublishMsgAsync(msg, jetstream.WithMsgID(o.MessageID), jetstream.WithExpectStream(Name(l.owner)),
		jetstream.WithExpectLastSequence(behind), jetstream.WithStallWait(ackTimeout))
	if err != nil {
		span.RecordError(err)
		span.End()
		return sending{}, fmt.Errorf("publish %s: %w", subject, err)
	}
	return sending{subject: subject, span: span, ack: ack}, nil
}

// Beat implements Log.
func (l *jetStreamLog) Beat(_ context.Context, beat *eventsv1.Heartbeat) error {
	if err := Here(l.js); err != nil {
		return err
	}
	body, err := proto.Marshal(beat)
	if err != nil {
		return fmt.Errorf("marshal a heartbeat: %w", err)
	}
	if err := l.nc.Publish(HeartbeatSubject(l.owner), body); err != nil {
		return fmt.Errorf("send a heartbeat: %w", err)
	}
	return nil
}
