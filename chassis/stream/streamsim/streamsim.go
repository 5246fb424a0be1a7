// Package streamsim is a broker made of memory, timers and a seed, for
// simulations in a testing/synctest bubble: what JetStream promises, and what
// networks, disks and operators do to it. It loses, repeats, delays and reorders
// messages, cuts clients off, forgets, goes back in time and is wiped.
//
// Every action happens at a nanosecond of its own that the seed decides, so that
// one chain of causes runs at a time and the same seed gives the same history.
package streamsim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// opTimeout is how long a client waits for an answer.
	opTimeout = 5 * time.Second
	// dedupe is how long the broker remembers a message's id.
	dedupe = 10 * time.Minute
	// ackWait and maxPending are those of a reader's durable consumer.
	ackWait    = 30 * time.Second
	maxPending = 256
	// least and most are what a message takes on its way.
	least = 50 * time.Microsecond
	most  = 2 * time.Millisecond
	// maxDelay is what one that is delayed takes.
	maxDelay = 4 * time.Second
	// reconnect is the longest that a client waits before it tries again.
	reconnect = 500 * time.Millisecond
	// pings is how long a client takes to notice that nobody answers.
	pings = 10 * time.Second
)

// Faults are chances from 0 to 1.
type Faults struct {
	// Duplicate delivers a message twice, Delay up to 4 s late and behind others;
	// Stall has everything on a connection wait that long.
	Duplicate, Delay, Stall float64
	// LoseDelivery, LoseAnswer (to a delivery), LoseConfirmation (of a publish),
	// LoseLive (a live copy) and LoseBeat lose what they say.
	LoseDelivery, LoseAnswer, LoseConfirmation, LoseLive, LoseBeat float64
}

// Broker is the simulated broker. Use it, and everything that it gives, in one
// bubble. Safe for concurrent use.
type Broker struct {
	seed uint64
	note func(line string)

	mu      sync.Mutex
	faults  Faults
	up      bool
	created int // streams so far
	streams map[string]*storage
	clients []*Client
	taken   map[int64]struct{} // instants that have their action
	// idFirst: a known id is looked for before the expected sequence, as a single
	// server and a cluster do in different order.
	idFirst bool
}

// New makes a broker that runs and is empty. note is told each action; it must
// not call the broker.
func New(seed uint64, note func(line string)) *Broker {
	b := &Broker{
		seed: seed, note: note, up: true, idFirst: seed%2 == 0,
		streams: make(map[string]*storage), taken: make(map[int64]struct{}),
	}
	return b
}

// Rand is the source of chance of name: what one part draws changes nothing for another.
func Rand(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))                  // it has no errors
	return rand.New(rand.NewPCG(seed, h.Sum64())) //nolint:gosec // what it decides has to be guessed: that is a replay
}

// Set changes the faults from now on.
func (b *Broker) Set(f Faults) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = f
}

// Moment is the chance of what happens now: whatever else happens at the same
// moment, and in whichever order the machine does it, changes nothing for it.
func Moment(seed uint64, what string) *rand.Rand {
	return Rand(seed^uint64(time.Now().UnixNano()), what)
}

func (b *Broker) notef(format string, args ...any) { b.note("broker: " + fmt.Sprintf(format, args...)) }

// instant is a moment at or after t that nothing else has. b.mu is held.
func (b *Broker) instant(t time.Time) time.Time {
	if len(b.taken) > 4096 {
		now := time.Now().UnixNano()
		for at := range b.taken {
			if at < now {
				delete(b.taken, at)
			}
		}
	}
	at := t.UnixNano()
	for {
		if _, ok := b.taken[at]; !ok {
			b.taken[at] = struct{}{}
			return time.Unix(0, at)
		}
		at++
	}
}

// at has f called, without b.mu, at a moment of its own after d. b.mu is held.
func (b *Broker) at(d time.Duration, f func()) {
	time.AfterFunc(time.Until(b.instant(time.Now().Add(d))), f)
}

// latency is what a message takes that r decides on. b.mu is held.
func (b *Broker) latency(r *rand.Rand) time.Duration {
	d := least + time.Duration(r.Int64N(int64(most-least)))
	if r.Float64() < b.faults.Stall {
		d += time.Duration(r.Int64N(int64(maxDelay)))
	}
	return d
}

// Stop stops the broker; what it stored stays.
func (b *Broker) Stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.up {
		return
	}
	b.up = false
	b.notef("stops")
	for _, c := range b.clients {
		if !c.cut {
			c.lose()
		}
	}
}

// Start starts it again.
func (b *Broker) Start() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.up {
		return
	}
	b.up = true
	b.notef("starts")
	for _, c := range b.clients {
		c.tryConnect()
	}
}

// Wipe removes all that a stopped broker stored.
func (b *Broker) Wipe() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notef("is wiped")
	clear(b.streams)
}

// Delete deletes the stream of owner, if there is one.
func (b *Broker) Delete(owner string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.streams[owner]
	if s == nil {
		return
	}
	b.notef("deletes stream %s", owner)
	delete(b.streams, owner)
	for _, d := range s.inOrder() {
		for _, sub := range d.subs {
			b.at(b.latency(sub.client.chance("break off "+d.name)), sub.breakOff)
		}
	}
}

// Forget removes all but the newest keep messages of owner's stream, as its
// limits would.
func (b *Broker) Forget(owner string, keep int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.streams[owner]; s != nil && len(s.messages) > keep {
		b.notef("forgets %d messages of %s", len(s.messages)-keep, owner)
		s.messages = slices.Clone(s.messages[len(s.messages)-keep:])
		for _, d := range s.inOrder() {
			b.pump(d)
		}
	}
}

// Save copies what is stored; back puts the copy in place of what a stopped
// broker then has. Readers' progress goes back with it unless keepReaders.
func (b *Broker) Save() (back func(keepReaders bool)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	copied := make(map[string]*storage, len(b.streams))
	for owner, s := range b.streams {
		copied[owner] = s.copy()
	}
	return func(keepReaders bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.notef("goes back to an older copy (readers stay: %v)", keepReaders)
		was := b.streams
		b.streams = make(map[string]*storage, len(copied))
		for owner, s := range copied {
			s = s.copy()
			if now := was[owner]; now != nil {
				if keepReaders {
					s.keepReaders(now)
				} else {
					s.adopt(now)
				}
			}
			b.streams[owner] = s
		}
	}
}

// Inject puts a message into owner's stream and sends its live copy: forged,
// unreadable, whatever body says.
func (b *Broker) Inject(owner, subject string, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.streams[owner]
	if !b.up || s == nil {
		return
	}
	b.notef("takes a foreign message on %s", subject)
	msg := nats.NewMsg(subject)
	msg.Data = body
	b.store(s, msg, "")
}

// Beat sends a heartbeat that no relay sent.
func (b *Broker) Beat(beat *eventsv1.Heartbeat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.up {
		b.notef("takes a foreign heartbeat of %s (%d, %d)", beat.GetOwner(), beat.GetEpoch(), beat.GetPos())
		b.spread(beat)
	}
}

// Stored are the messages of owner's stream that are notices, in its order.
func (b *Broker) Stored(owner string) []*eventsv1.Notice {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.streams[owner]
	if s == nil {
		return nil
	}
	out := make([]*eventsv1.Notice, 0, len(s.messages))
	for _, m := range s.messages {
		if n := notice(m.msg); n != nil {
			out = append(out, n)
		}
	}
	return out
}
