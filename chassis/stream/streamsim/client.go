package streamsim

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parution/parution/chassis/stream"
)

// Client is a process' connection to the broker. Safe for concurrent use.
type Client struct {
	b    *Broker
	name string

	// Guarded by b.mu.
	connected bool // as far as the client knows
	cut       bool
	closed    bool
	// session counts connections: what is on its way when one ends is lost.
	session int
	// in and out are when the last message arrives, to c and from each of its parts:
	// messages keep their order.
	in      time.Time
	out     map[string]time.Time
	subs    []*subscription
	ears    []*ear
	changes []*changes
}

// Client connects a process to the broker.
func (b *Broker) Client(name string) *Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := &Client{b: b, name: name, out: make(map[string]time.Time)}
	b.clients = append(b.clients, c)
	c.tryConnect()
	return c
}

// reaches tells whether messages pass between the broker and c. b.mu is held.
func (c *Client) reaches() bool { return c.b.up && c.connected && !c.cut && !c.closed }

// tryConnect connects c soon, if it can. b.mu is held.
func (c *Client) tryConnect() {
	wait := time.Duration(c.chance("connect").Int64N(int64(reconnect)))
	c.b.at(wait, func() {
		c.b.mu.Lock()
		defer c.b.mu.Unlock()
		if c.connected || c.cut || c.closed || !c.b.up {
			return
		}
		c.connected = true
		c.session++
		c.b.notef("%s connects", c.name)
		for _, e := range c.ears {
			e.heard = true
		}
		for _, ch := range c.changes {
			ch.tell(true)
		}
		for _, s := range slices.Clone(c.subs) {
			if c.b.streams[s.durable.stream.owner] != s.durable.stream {
				c.b.at(c.b.latency(c.chance("break off "+s.durable.name)), s.breakOff)
				continue
			}
			c.b.pump(s.durable)
		}
	})
}

// lose has c notice that there is no connection. b.mu is held.
func (c *Client) lose() {
	if !c.connected {
		return
	}
	c.connected = false
	c.session++
	c.b.notef("%s is disconnected", c.name)
	for _, e := range c.ears {
		e.heard = false
	}
	for _, ch := range c.changes {
		ch.tell(false)
	}
}

// Cut lets nothing pass between c and the broker. Silently: c only notices when
// nobody answers for a while.
func (c *Client) Cut(silently bool) {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	if c.cut || c.closed {
		return
	}
	c.cut = true
	c.b.notef("%s is cut off (silently: %v)", c.name, silently)
	if !silently {
		c.lose()
		return
	}
	session := c.session
	c.b.at(pings+time.Duration(c.chance("ping").Int64N(int64(pings/2))), func() {
		c.b.mu.Lock()
		defer c.b.mu.Unlock()
		if c.cut && c.session == session {
			c.lose()
		}
	})
}

// Mend ends Cut.
func (c *Client) Mend() {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	if !c.cut {
		return
	}
	c.cut = false
	c.b.notef("%s is no longer cut off", c.name)
	if !c.connected {
		c.tryConnect()
		return
	}
	for _, s := range c.subs {
		c.b.pump(s.durable)
	}
}

// Close ends c as the end of its process would: nothing more is said or heard.
func (c *Client) Close() {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	c.closed, c.connected = true, false
	c.session++
	for _, s := range c.subs {
		s.durable.subs = slices.DeleteFunc(s.durable.subs, func(other *subscription) bool { return other == s })
	}
	c.b.clients = slices.DeleteFunc(c.b.clients, func(other *Client) bool { return other == c })
	c.subs, c.ears = nil, nil
}

// Connected implements stream.Source and stream.Live.
func (c *Client) Connected() bool {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	return c.connected
}

// chance decides about what c does now.
func (c *Client) chance(what string) *rand.Rand { return Moment(c.b.seed, c.name+": "+what) }

// up is when a message that a part of c sends now arrives: after those that it
// sent before. b.mu is held.
func (c *Client) up(part, what string) time.Duration {
	d := max(c.b.latency(c.chance("up "+part+what)), time.Until(c.out[part])+1)
	c.out[part] = time.Now().Add(d)
	return d
}

// down is when a message to c that is sent now arrives: after those before it. b.mu is held.
func (c *Client) down(what string) time.Duration {
	d := max(c.b.latency(c.chance("down "+what)), time.Until(c.in)+1)
	c.in = time.Now().Add(d)
	return d
}

// ask sends a request and waits for its answer, which may be lost: then the
// error is that of the time limit.
func (c *Client) ask(ctx context.Context, part string, serve func()) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	c.b.mu.Lock()
	if !c.connected {
		c.b.mu.Unlock()
		return stream.ErrAway
	}
	session, up := c.session, c.up(part, "")
	c.b.mu.Unlock()
	if err := c.b.Pause(ctx, up); err != nil {
		return err
	}
	c.b.mu.Lock()
	arrives := c.reaches() && c.session == session
	if arrives {
		serve()
	}
	down := c.down("answer to " + part)
	c.b.mu.Unlock()
	if arrives {
		if err := c.b.Pause(ctx, down); err != nil {
			return err
		}
		c.b.mu.Lock()
		arrives = c.reaches() && c.session == session
		c.b.mu.Unlock()
	}
	if !arrives {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// Pause sleeps for at least d, to a moment of its own: so do the other parts of
// a simulation keep out of each other's way. The error is ctx's own.
func (b *Broker) Pause(ctx context.Context, d time.Duration) error {
	b.mu.Lock()
	moment := b.instant(time.Now().Add(d))
	b.mu.Unlock()
	t := time.NewTimer(time.Until(moment))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
