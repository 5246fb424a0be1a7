package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// MaxPending bounds what is on its way to one reader and not settled.
	MaxPending = 256
	// AckWait is how long a delivery may be worked on before another replica gets it.
	AckWait = 30 * time.Second
)

// natsSource is a durable pull consumer that the replicas of a reader share.
type natsSource struct {
	js            jetstream.JetStream
	owner, reader string
}

// NewSource brings owner's notices to reader over nc. It does not connect to
// anything.
func NewSource(nc *nats.Conn, owner, reader string) (Source, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("prepare JetStream: %w", err)
	}
	return &natsSource{js: js, owner: owner, reader: reader}, nil
}

// Consume implements Source.
func (s *natsSource) Consume(ctx context.Context, into chan<- Delivery) error {
	cons, err := s.provision(ctx)
	if err != nil {
		return err
	}
	broken := make(chan error, 1)
	ended := make(chan struct{})
	cc, err := cons.Consume(func(m jetstream.Msg) {
		select {
		case into <- delivery{m}:
		case <-ended: // nobody reads any more
			delivery{m}.Nak(0)
		}
	},
		jetstream.PullMaxMessages(MaxPending),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			if Gone(err) || errors.Is(err, jetstream.ErrConsumerDeleted) {
				select {
				case broken <- err:
				default:
				}
			}
		}))
	if err != nil {
		return fmt.Errorf("consume %s: %w", Name(s.owner), err)
	}
	defer func() {
		s.stop(cc)
		close(ended)
		<-cc.Closed()
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-broken:
		return fmt.Errorf("consume %s: %w", Name(s.owner), err)
	case <-cc.Closed():
		return errors.New("the subscription was closed")
	}
}

// stop lets what was delivered already pass through the handler, which gives it
// back. Without a broker that would take 10 s for nothing.
func (s *natsSource) stop(cc jetstream.ConsumeContext) {
	if s.Connected() {
		cc.Drain()
		return
	}
	cc.Stop()
}

func (s *natsSource) provision(ctx context.Context) (jetstream.Consumer, error) {
	if err := Here(s.js); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	cons, err := s.js.CreateOrUpdateConsumer(ctx, Name(s.owner), jetstream.ConsumerConfig{
		Durable:       s.reader,
		Description:   "Read model of " + s.reader,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       AckWait,
		MaxDeliver:    -1, // a limit would drop notices silently
		MaxAckPending: MaxPending,
		DeliverPolicy: jetstream.DeliverAllPolicy,
	})
	if err != nil {
		return nil, fmt.Errorf("provision consumer %s of %s: %w", s.reader, Name(s.owner), err)
	}
	return cons, nil
}

// Heartbeats implements Source. It fails on a closed connection only.
func (s *natsSource) Heartbeats(into chan<- *eventsv1.Heartbeat) (stop func(), err error) {
	sub, err := s.js.Conn().Subscribe(HeartbeatSubject(s.owner), func(m *nats.Msg) {
		beat := &eventsv1.Heartbeat{}
		if err := proto.Unmarshal(m.Data, beat); err != nil {
			return // as if nothing had been said
		}
		select {
		case into <- beat:
		default:
		}
	})
	if err != nil {
		return nil, fmt.Errorf("listen to the heartbeats of %s: %w", s.owner, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil // it fails on a closed connection, which ends it too
}

// Connected implements Source.
func (s *natsSource) Connected() bool { return s.js.Conn().IsConnected() }

// delivery is a message of a consumer. An answer that does not arrive has the
// message come again, so its error says nothing.
type delivery struct{ msg jetstream.Msg }

// Notice implements Delivery.
func (d delivery) Notice(ctx context.Context) (context.Context, *eventsv1.Notice, error) {
	return Notice(ctx, d.msg.Headers(), d.msg.Data())
}

// Subject implements Delivery.
func (d delivery) Subject() string { return d.msg.Subject() }

// Delivered implements Delivery.
func (d delivery) Delivered() uint64 {
	meta, err := d.msg.Metadata()
	if err != nil {
		return 1
	}
	return max(1, meta.NumDelivered)
}

// Ack implements Delivery.
func (d delivery) Ack() { _ = d.msg.Ack() }

// Nak implements Delivery.
func (d delivery) Nak(wait time.Duration) {
	if wait <= 0 {
		_ = d.msg.Nak()
		return
	}
	_ = d.msg.NakWithDelay(wait)
}

// Drop implements Delivery.
func (d delivery) Drop() { _ = d.msg.Term() }
