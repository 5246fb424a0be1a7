package stream

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// waiting is how many messages may wait to be read; more are lost, which the
// listener finds out by their positions.
const waiting = 8192

// NewLive listens on nc.
func NewLive(nc *nats.Conn) Live { return live{nc} }

type live struct{ nc *nats.Conn }

// Listen implements Live.
func (l live) Listen(into chan<- Told, owners ...string) (stop func(), err error) {
	// One channel for all subjects keeps the order between notices and heartbeats.
	messages, done := make(chan *nats.Msg, waiting), make(chan struct{})
	var subs []*nats.Subscription
	unsubscribe := func() {
		for _, s := range subs {
			_ = s.Unsubscribe() // the connection may be closed already
		}
	}
	for _, owner := range owners {
		for _, subject := range []string{LiveSubjects(owner, ""), HeartbeatSubject(owner)} {
			s, err := l.nc.ChanSubscribe(subject, messages)
			if err != nil {
				unsubscribe()
				return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
			}
			subs = append(subs, s)
		}
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			select {
			case <-done:
				return
			case msg := <-messages:
				select {
				case into <- told(msg):
				default:
				}
			}
		}
	})
	return func() {
		unsubscribe()
		close(done)
		reading.Wait()
	}, nil
}

// told reads one message.
func told(msg *nats.Msg) Told {
	// A message is heard outside of any call.
	ctx := context.Background() //nolint:forbidigo // nobody's context reaches a message that the broker sends
	_, rest, _ := strings.Cut(msg.Subject, ".")
	first, second, _ := strings.Cut(rest, ".")
	t := Told{Owner: first, Subject: msg.Subject, Context: ctx}
	if first == heartbeatOf {
		t.Owner = second
		var beat eventsv1.Heartbeat
		if proto.Unmarshal(msg.Data, &beat) == nil {
			t.Beat = &beat
		}
		return t
	}
	if ctx, n, err := Notice(ctx, msg.Header, msg.Data); err == nil {
		t.Context, t.Notice = ctx, n
	}
	return t
}

// Confirm implements Live.
func (l live) Confirm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if err := l.nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("have the broker confirm the subscriptions: %w", err)
	}
	return nil
}

// Connected implements Live.
func (l live) Connected() bool { return l.nc.IsConnected() }

// Changes implements Live. A change that is followed by the opposite before it
// was looked at is told all the same: subscriptions have to be confirmed again.
func (l live) Changes(into chan<- bool) (stop func()) {
	statuses, done := l.nc.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.DISCONNECTED), make(chan struct{})
	var passing sync.WaitGroup
	passing.Go(func() {
		connected := l.nc.IsConnected()
		for status := range statuses {
			if now := status == nats.CONNECTED; now != connected {
				connected = now
				select {
				case into <- now:
				case <-done:
					return
				}
			}
		}
	})
	return func() {
		close(done)
		l.nc.RemoveStatusListener(statuses)
		passing.Wait()
	}
}
