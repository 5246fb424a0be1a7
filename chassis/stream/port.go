package stream

import (
	"context"
	"time"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// Log is an owner's stream as its relay sees it. Safe for concurrent use.
type Log interface {
	// Open creates the stream or brings its settings up to date, and tells where
	// it ends. ErrAway without a connection.
	Open(ctx context.Context) (End, error)
	// Publish sends notices in order, the first to come directly after the message
	// with the sequence behind and each directly after the one before it, so that
	// one that is refused leaves no hole. It answers the sequence of each that the
	// stream confirmed, 0 for the others, and the error of the first that failed.
	// A stream that does not end there is an error that Moved knows.
	Publish(ctx context.Context, behind uint64, notices []Outgoing) ([]uint64, error)
	// Beat sends a heartbeat, which nobody confirms. ErrAway without a connection.
	Beat(ctx context.Context, beat *eventsv1.Heartbeat) error
}

// Outgoing is a notice as it is sent.
type Outgoing struct {
	Notice *eventsv1.Notice
	// MessageID is what the stream knows it by: for a time it takes none twice.
	MessageID string
	// Trace is that of its change, as W3C traceparent.
	Trace string
}

// Source brings an owner's notices to one read model; the replicas of a reader
// share them. Safe for concurrent use.
type Source interface {
	// Consume provisions the subscription and sends deliveries to into until ctx
	// ends or the subscription breaks, which is the error. What was sent and is not
	// settled comes again, to this or another replica. ErrAway without a connection.
	Consume(ctx context.Context, into chan<- Delivery) error
	// Heartbeats sends the owner's heartbeats to into until stop is called; one that
	// finds into full is lost.
	Heartbeats(into chan<- *eventsv1.Heartbeat) (stop func(), err error)
	// Connected tells whether there is a connection now.
	Connected() bool
}

// Delivery is a message of a Source. It is settled once, by Ack, Nak or Drop;
// left unsettled it comes again after the Source's time for one. That an answer
// is lost is not reported: the message comes again, which changes nothing.
type Delivery interface {
	// Notice reads the message; the context carries the sender's trace.
	Notice(ctx context.Context) (context.Context, *eventsv1.Notice, error)
	// Subject is where it was published.
	Subject() string
	// Delivered counts how often it was sent, from 1.
	Delivered() uint64
	Ack()
	// Nak gives it back, to be sent again after wait; 0: at once.
	Nak(wait time.Duration)
	// Drop says that it is nothing that could be applied, ever.
	Drop()
}

// Live is the copies that the broker sends of owners' notices as it stores them,
// and their heartbeats: for caches. What is sent while nobody listens is lost.
// Safe for concurrent use.
type Live interface {
	// Listen sends what owners tell to into until stop is called, in order. What
	// finds into full is lost.
	Listen(into chan<- Told, owners ...string) (stop func(), err error)
	// Confirm waits until the broker has the subscriptions of Listen.
	Confirm(ctx context.Context) error
	// Connected tells whether there is a connection now.
	Connected() bool
	// Changes sends whether there is a connection to into, each time that this
	// changes, until stop is called.
	Changes(into chan<- bool) (stop func())
}

// Told is what an owner tells: one of Notice and Beat is set, or neither if the
// message could not be read.
type Told struct {
	Owner   string
	Subject string
	Notice  *eventsv1.Notice
	Beat    *eventsv1.Heartbeat
	// Context carries the trace of the change that Notice tells of.
	Context context.Context //nolint:containedctx // each message has its own trace
}
