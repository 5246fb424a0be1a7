package streamsim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// storage is a stream.
type storage struct {
	owner       string
	incarnation string
	last        uint64
	messages    []stored
	ids         map[string]known
	durables    map[string]*durable
}

type stored struct {
	sequence uint64
	msg      *nats.Msg
}

type known struct {
	sequence uint64
	at       time.Time
}

// durable is the progress of one reader, and who works for it now.
type durable struct {
	stream *storage
	name   string
	// next is the first message that was not delivered yet.
	next    uint64
	pending map[uint64]*pending
	// again are those of pending that wait to be delivered again, in this order.
	again []uint64
	subs  []*subscription
}

// pending was delivered and is not settled.
type pending struct {
	delivered uint64
	// timer counts what may have it sent again: only the newest does.
	timer int
}

func (s *storage) inOrder() []*durable {
	out := make([]*durable, 0, len(s.durables))
	for _, name := range slices.Sorted(maps.Keys(s.durables)) {
		out = append(out, s.durables[name])
	}
	return out
}

func (s *storage) find(sequence uint64) *nats.Msg {
	i, ok := slices.BinarySearchFunc(s.messages, sequence, func(m stored, q uint64) int {
		return int(int64(m.sequence) - int64(q)) //nolint:gosec // a simulation has few messages
	})
	if !ok {
		return nil
	}
	return s.messages[i].msg
}

// copy is what a disk would keep: no subscriptions, no timers.
func (s *storage) copy() *storage {
	out := &storage{
		owner: s.owner, incarnation: s.incarnation, last: s.last, messages: slices.Clone(s.messages),
		ids: maps.Clone(s.ids), durables: make(map[string]*durable, len(s.durables)),
	}
	for name, d := range s.durables {
		c := &durable{stream: out, name: name, next: d.next, pending: make(map[uint64]*pending), again: slices.Sorted(maps.Keys(d.pending))}
		for sequence, p := range d.pending {
			c.pending[sequence] = &pending{delivered: p.delivered}
		}
		out.durables[name] = c
	}
	return out
}

// adopt lets those who follow was follow s.
func (s *storage) adopt(was *storage) {
	for name, d := range was.durables {
		if now := s.durables[name]; now != nil {
			for _, sub := range d.subs {
				sub.durable = now
			}
			now.subs = d.subs
		}
	}
}

// keepReaders gives s the readers of was: they may be further than it is.
func (s *storage) keepReaders(was *storage) {
	s.durables = was.durables
	for _, d := range s.durables {
		d.stream = s
	}
}

// publish is what the broker answers to a message that is to come behind another.
// b.mu is held.
func (b *Broker) publish(owner, id string, msg *nats.Msg, behind uint64) (uint64, error) {
	s := b.streams[owner]
	if s == nil {
		return 0, jetstream.ErrNoStreamResponse
	}
	was, isKnown := s.ids[id]
	isKnown = isKnown && time.Since(was.at) < dedupe
	isWrong := behind != s.last
	if isKnown && (b.idFirst || !isWrong) {
		b.notef("knows %s already", name(msg))
		return was.sequence, nil
	}
	if isWrong {
		b.notef("refuses %s: %s ends with %d, not %d", name(msg), owner, s.last, behind)
		return 0, &jetstream.APIError{
			Code: 400, ErrorCode: jetstream.JSErrCodeStreamWrongLastSequence, Description: "wrong last sequence",
		}
	}
	return b.store(s, msg, id), nil
}

// store appends msg and sends it to everybody. b.mu is held.
func (b *Broker) store(s *storage, msg *nats.Msg, id string) uint64 {
	s.last++
	s.messages = append(s.messages, stored{s.last, msg})
	if id != "" {
		s.ids[id] = known{s.last, time.Now()}
	}
	b.notef("stores %s as %d", name(msg), s.last)
	b.tell(s.owner, msg)
	for _, d := range s.inOrder() {
		b.pump(d)
	}
	return s.last
}

// pump delivers what d may have now. b.mu is held.
func (b *Broker) pump(d *durable) {
	if b.streams[d.stream.owner] != d.stream {
		return
	}
	for len(d.pending)-len(d.again) < maxPending {
		var open []*subscription
		for _, sub := range d.subs {
			if sub.client.reaches() {
				open = append(open, sub)
			}
		}
		if len(open) == 0 {
			return
		}
		var sequence uint64
		switch {
		case len(d.again) > 0:
			sequence, d.again = d.again[0], d.again[1:]
		case d.next <= d.stream.last:
			sequence = d.next
			d.next++
		default:
			return
		}
		if msg := d.stream.find(sequence); msg != nil {
			b.deliver(d, open[Moment(b.seed, d.name+name(msg)).IntN(len(open))], sequence, msg)
		} else {
			delete(d.pending, sequence)
		}
	}
}

// deliver sends a message to one who works for d. b.mu is held.
func (b *Broker) deliver(d *durable, sub *subscription, sequence uint64, msg *nats.Msg) {
	p := d.pending[sequence]
	if p == nil {
		p = &pending{}
		d.pending[sequence] = p
	}
	p.delivered++
	b.remind(d, sequence, ackWait)
	copies := 1
	rng := sub.client.chance("deliver " + d.name + name(msg))
	switch chance := rng.Float64(); {
	case chance < b.faults.LoseDelivery:
		b.notef("loses %s on its way to %s", name(msg), sub.client.name)
		return
	case chance < b.faults.LoseDelivery+b.faults.Duplicate:
		copies = 2
	}
	for range copies {
		it := &delivery{sub: sub, durable: d, sequence: sequence, msg: msg, delivered: p.delivered}
		session, wait := sub.client.session, sub.client.down("delivery "+name(msg))
		if rng.Float64() < b.faults.Delay {
			wait += time.Duration(rng.Int64N(int64(maxDelay)))
		}
		b.at(wait, func() { sub.arrive(it, session) })
	}
}

// remind has a message that is pending delivered again after wait, unless it was
// settled or delivered by then. b.mu is held.
func (b *Broker) remind(d *durable, sequence uint64, wait time.Duration) {
	p := d.pending[sequence]
	p.timer++
	timer := p.timer
	b.at(wait, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if d.pending[sequence] == p && p.timer == timer {
			p.timer++
			d.again = append(d.again, sequence)
			b.pump(d)
		}
	})
}

// settle is a reader's answer: nothing more to do, or once more after wait. b.mu is held.
func (b *Broker) settle(d *durable, sequence uint64, isDone bool, wait time.Duration) {
	p := d.pending[sequence]
	if p == nil || b.streams[d.stream.owner] != d.stream {
		return
	}
	waits := slices.Contains(d.again, sequence)
	switch {
	case isDone:
		p.timer++
		delete(d.pending, sequence)
		d.again = slices.DeleteFunc(d.again, func(q uint64) bool { return q == sequence })
		b.pump(d)
	case !waits:
		b.remind(d, sequence, wait)
	}
}

func name(msg *nats.Msg) string {
	if n := notice(msg); n != nil {
		return Label(n)
	}
	return "something unreadable"
}

// Label tells a notice to people, without what is random in it.
func Label(n *eventsv1.Notice) string {
	return fmt.Sprintf("%s(%d,%d) %s %s@%d", n.GetOwner(), n.GetEpoch(), n.GetPos(), n.GetKind(), n.GetAggregateId(), n.GetVersion())
}
