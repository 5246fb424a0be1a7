package streamsim

import (
	"context"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// Log is owner's stream for a relay.
func (c *Client) Log(owner string) stream.Log { return &log{c: c, owner: owner} }

type log struct {
	c     *Client
	owner string
}

// Open implements stream.Log.
func (l *log) Open(ctx context.Context) (stream.End, error) {
	var end stream.End
	err := l.c.ask(ctx, "log "+l.owner, func() { end = l.c.b.open(l.owner) })
	return end, err
}

// Publish implements stream.Log.
func (l *log) Publish(ctx context.Context, behind uint64, notices []stream.Outgoing) ([]uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	sequences := make([]uint64, len(notices))
	c := l.c
	c.b.mu.Lock()
	session, isThere := c.session, c.connected
	c.b.mu.Unlock()
	if !isThere {
		return sequences, stream.ErrAway
	}
	var refused error
	isLost := false
	for i, o := range notices {
		msg, err := stream.Message(ctx, o.Notice)
		if err != nil {
			return sequences, err
		}
		c.b.mu.Lock()
		up := c.up("log "+l.owner, Label(o.Notice))
		if i > 0 {
			up = time.Duration(c.chance(Label(o.Notice)).Int64N(int64(least))) // they follow each other closely
		}
		c.b.mu.Unlock()
		if err := c.b.Pause(ctx, up); err != nil {
			return make([]uint64, len(notices)), err
		}
		c.b.mu.Lock()
		if c.reaches() && c.session == session {
			sequence, err := c.b.publish(l.owner, o.MessageID, msg, behind+uint64(i))
			switch {
			case c.chance("confirm").Float64() < c.b.faults.LoseConfirmation:
				c.b.notef("loses the confirmation of %s to %s", Label(o.Notice), c.name)
				isLost = true
			case err != nil && refused == nil:
				refused = err
			case err == nil:
				sequences[i] = sequence
			}
		} else {
			isLost = true
		}
		c.b.mu.Unlock()
	}
	c.b.mu.Lock()
	down := c.down("confirm")
	c.b.mu.Unlock()
	if err := c.b.Pause(ctx, down); err != nil {
		return make([]uint64, len(notices)), err
	}
	c.b.mu.Lock()
	arrives := c.reaches() && c.session == session
	c.b.mu.Unlock()
	if !arrives {
		clear(sequences)
	}
	if refused != nil && arrives {
		return sequences, refused
	}
	if isLost || !arrives {
		<-ctx.Done()
		return sequences, ctx.Err()
	}
	return sequences, nil
}

// Beat implements stream.Log.
func (l *log) Beat(_ context.Context, beat *eventsv1.Heartbeat) error {
	c := l.c
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	if !c.connected {
		return stream.ErrAway
	}
	session := c.session
	c.b.at(c.up("log "+l.owner, "beat"), func() {
		c.b.mu.Lock()
		defer c.b.mu.Unlock()
		if c.reaches() && c.session == session {
			c.b.notef("%s beats (%d, %d)", beat.GetOwner(), beat.GetEpoch(), beat.GetPos())
			c.b.spread(beat)
		}
	})
	return nil
}

// open creates owner's stream if need be. b.mu is held.
func (b *Broker) open(owner string) stream.End {
	s := b.streams[owner]
	if s == nil {
		b.created++
		s = &storage{
			owner: owner, incarnation: fmt.Sprintf("%s %d", owner, b.created),
			ids: make(map[string]known), durables: make(map[string]*durable),
		}
		b.streams[owner] = s
		b.notef("creates stream %s", owner)
	}
	end := stream.End{Incarnation: s.incarnation, Sequence: s.last}
	if msg := s.find(s.last); msg != nil {
		if n := notice(msg); n.GetOwner() == owner {
			end.Last = n
		}
	}
	return end
}
