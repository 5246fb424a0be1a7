package streamsim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// Source brings owner's notices to reader.
func (c *Client) Source(owner, reader string) stream.Source {
	return &source{Client: c, owner: owner, reader: reader}
}

type source struct {
	*Client

	owner, reader string
}

// subscription is one Consume.
type subscription struct {
	client  *Client
	durable *durable // guarded by b.mu
	inbox   chan *delivery
	broken  chan struct{}
	done    chan struct{}
}

// Consume implements stream.Source.
func (s *source) Consume(ctx context.Context, into chan<- stream.Delivery) error {
	sub := &subscription{client: s.Client, inbox: make(chan *delivery), broken: make(chan struct{}, 1), done: make(chan struct{})}
	var missing bool
	err := s.ask(ctx, "consume "+s.owner, func() { missing = !s.b.subscribe(sub, s.owner, s.reader) })
	if sub.durable != nil { // also if only the answer was lost
		defer s.b.unsubscribe(sub)
	}
	if err != nil {
		return err
	}
	if missing {
		return fmt.Errorf("consume %s: %w", stream.Name(s.owner), jetstream.ErrStreamNotFound)
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-sub.broken:
			return fmt.Errorf("consume %s: %w", stream.Name(s.owner), jetstream.ErrConsumerDeleted)
		case d := <-sub.inbox:
			select {
			case into <- d:
			case <-ctx.Done():
				d.Nak(0)
				return ctx.Err()
			}
		}
	}
}

// subscribe has sub work for a reader; false if there is no such stream. b.mu is held.
func (b *Broker) subscribe(sub *subscription, owner, reader string) bool {
	s := b.streams[owner]
	if s == nil {
		return false
	}
	d := s.durables[reader]
	if d == nil {
		d = &durable{stream: s, name: reader, next: 1, pending: make(map[uint64]*pending)}
		s.durables[reader] = d
	}
	sub.durable = d
	d.subs = append(d.subs, sub)
	sub.client.subs = append(sub.client.subs, sub)
	b.notef("%s consumes %s as %s", sub.client.name, owner, reader)
	b.pump(d)
	return true
}

// unsubscribe ends sub; what is on its way to it comes back when nobody answers.
func (b *Broker) unsubscribe(sub *subscription) {
	close(sub.done)
	b.mu.Lock()
	defer b.mu.Unlock()
	isSub := func(other *subscription) bool { return other == sub }
	sub.durable.subs = slices.DeleteFunc(sub.durable.subs, isSub)
	sub.client.subs = slices.DeleteFunc(sub.client.subs, isSub)
}

// breakOff tells sub that what it subscribed to is no more.
func (s *subscription) breakOff() {
	select {
	case s.broken <- struct{}{}:
	default: // it was told
	}
}

// arrive hands a message over, unless the connection that it was sent to ended.
func (s *subscription) arrive(d *delivery, session int) {
	c := s.client
	c.b.mu.Lock()
	arrives := c.reaches() && c.session == session
	if arrives {
		c.b.notef("delivers %s to %s, time %d", name(d.msg), c.name, d.delivered)
	}
	c.b.mu.Unlock()
	if !arrives {
		return
	}
	select {
	case s.inbox <- d:
	case <-s.done:
		d.Nak(0) // as what a client had read ahead is given back
	}
}

// delivery implements stream.Delivery.
type delivery struct {
	sub       *subscription
	durable   *durable
	sequence  uint64
	msg       *nats.Msg
	delivered uint64
}

// Notice implements stream.Delivery.
func (d *delivery) Notice(ctx context.Context) (context.Context, *eventsv1.Notice, error) {
	return stream.Notice(ctx, d.msg.Header, d.msg.Data)
}

// Subject implements stream.Delivery.
func (d *delivery) Subject() string { return d.msg.Subject }

// Delivered implements stream.Delivery.
func (d *delivery) Delivered() uint64 { return d.delivered }

// Ack implements stream.Delivery.
func (d *delivery) Ack() { d.answer("ack", true, 0) }

// Nak implements stream.Delivery.
func (d *delivery) Nak(wait time.Duration) { d.answer("nak", false, wait) }

// Drop implements stream.Delivery.
func (d *delivery) Drop() { d.answer("drop", true, 0) }

func (d *delivery) answer(what string, isDone bool, wait time.Duration) {
	c := d.sub.client
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	if !c.connected {
		return
	}
	if c.chance("lose "+what+name(d.msg)).Float64() < c.b.faults.LoseAnswer {
		c.b.notef("loses the %s of %s from %s", what, name(d.msg), c.name)
		return
	}
	session := c.session
	c.b.at(c.up("answers of "+d.durable.name, what+name(d.msg)), func() {
		c.b.mu.Lock()
		defer c.b.mu.Unlock()
		if c.reaches() && c.session == session {
			c.b.notef("hears the %s of %s from %s", what, name(d.msg), c.name)
			c.b.settle(d.durable, d.sequence, isDone, wait)
		}
	})
}

// ear listens to copies over core NATS: it has them in order, or not at all.
type ear struct {
	client *Client
	owners []string
	// beatsOnly: it wants no notices.
	beatsOnly bool
	// heard: the broker has the subscription.
	heard bool
	take  func(stream.Told)
}

// part names who listens: what it then asks for comes behind its subscription.
func (e *ear) part() string {
	if e.beatsOnly {
		return "beats " + e.owners[0]
	}
	return "live"
}

func (c *Client) listen(e *ear) (stop func()) {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	c.ears = append(c.ears, e)
	if session := c.session; c.connected {
		c.b.at(c.up(e.part(), ""), func() {
			c.b.mu.Lock()
			defer c.b.mu.Unlock()
			if c.reaches() && c.session == session {
				e.heard = true
			}
		})
	}
	return func() {
		c.b.mu.Lock()
		defer c.b.mu.Unlock()
		c.ears = slices.DeleteFunc(c.ears, func(other *ear) bool { return other == e })
	}
}

// Heartbeats implements stream.Source.
func (s *source) Heartbeats(into chan<- *eventsv1.Heartbeat) (stop func(), err error) {
	return s.listen(&ear{client: s.Client, owners: []string{s.owner}, beatsOnly: true, take: func(t stream.Told) {
		select {
		case into <- t.Beat:
		default: // lost, as the interface says
		}
	}}), nil
}

// Live is the copies of notices and heartbeats.
func (c *Client) Live() stream.Live { return live{c} }

type live struct{ *Client }

// Listen implements stream.Live.
func (l live) Listen(into chan<- stream.Told, owners ...string) (stop func(), err error) {
	return l.listen(&ear{client: l.Client, owners: owners, take: func(t stream.Told) {
		select {
		case into <- t:
		default: // lost, as the interface says
		}
	}}), nil
}

// Confirm implements stream.Live.
func (l live) Confirm(ctx context.Context) error { return l.ask(ctx, "live", func() {}) }

// changes passes on whether there is a connection.
type changes struct {
	mu    sync.Mutex
	queue []bool
	more  chan struct{}
}

func (c *changes) tell(is bool) {
	c.mu.Lock()
	c.queue = append(c.queue, is)
	c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// Changes implements stream.Live.
func (l live) Changes(into chan<- bool) (stop func()) {
	c := &changes{more: make(chan struct{}, 1)}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-c.more:
			}
			c.mu.Lock()
			queue := c.queue
			c.queue = nil
			c.mu.Unlock()
			for _, is := range queue {
				select {
				case into <- is:
				case <-done:
					return
				}
			}
		}
	}()
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	l.changes = append(l.changes, c)
	return func() {
		l.b.mu.Lock()
		l.changes = slices.DeleteFunc(l.changes, func(other *changes) bool { return other == c })
		l.b.mu.Unlock()
		close(done)
		<-ended
	}
}

// tell sends the copies of a stored message. b.mu is held.
func (b *Broker) tell(owner string, msg *nats.Msg) {
	t := stream.Told{Owner: owner, Subject: "live" + msg.Subject[min(len(msg.Subject), len("parution")):], Notice: notice(msg)}
	b.each(owner, func(e *ear) bool { return !e.beatsOnly }, t, b.faults.LoseLive)
}

// spread sends a heartbeat to who listens. b.mu is held.
func (b *Broker) spread(beat *eventsv1.Heartbeat) {
	t := stream.Told{Owner: beat.GetOwner(), Subject: stream.HeartbeatSubject(beat.GetOwner()), Beat: beat}
	b.each(beat.GetOwner(), func(*ear) bool { return true }, t, b.faults.LoseBeat)
}

func (b *Broker) each(owner string, wants func(*ear) bool, t stream.Told, lose float64) {
	for _, c := range b.clients {
		for _, e := range c.ears {
			if !e.heard || !c.reaches() || !slices.Contains(e.owners, owner) || !wants(e) {
				continue
			}
			if c.chance("lose "+e.part()+told(t)).Float64() < lose {
				b.notef("loses a copy of %s to %s", told(t), c.name)
				continue
			}
			session := c.session
			b.at(c.down(e.part()+told(t)), func() { e.arrive(t, session) })
		}
	}
}

func (e *ear) arrive(t stream.Told, session int) {
	c := e.client
	c.b.mu.Lock()
	arrives := c.reaches() && c.session == session && slices.Contains(c.ears, e)
	if arrives {
		c.b.notef("tells %s of %s", c.name, told(t))
	}
	c.b.mu.Unlock()
	if !arrives {
		return
	}
	if t.Notice != nil {
		t.Notice = proto.CloneOf(t.Notice)
	}
	t.Context = context.Background() //nolint:forbidigo // as from a broker: nobody's context
	e.take(t)
}

func told(t stream.Told) string {
	switch {
	case t.Beat != nil:
		return fmt.Sprintf("the heartbeat of %s (%d, %d)", t.Owner, t.Beat.GetEpoch(), t.Beat.GetPos())
	case t.Notice != nil:
		return Label(t.Notice)
	}
	return "something unreadable"
}

// notice reads a message; nil if it is none.
func notice(msg *nats.Msg) *eventsv1.Notice {
	n := &eventsv1.Notice{}
	if proto.Unmarshal(msg.Data, n) != nil {
		return nil
	}
	return n
}
