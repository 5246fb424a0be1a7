package nemesis

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

// owners are who has a stream.
func owners() []string { return []string{"posts", "tags", "render"} }

// brokerTimeout bounds what the nemesis asks of the broker.
const brokerTimeout = 10 * time.Second

// connected runs fn with a connection to the broker itself, past the link. A
// stream that is not there at that moment is no error: somebody else is at it.
func (a *Arena) connected(ctx context.Context, fn func(context.Context, *nats.Conn, jetstream.JetStream) error) error {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	nc, err := nats.Connect("nats://" + a.T.NATSAddr())
	if err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	err = fn(ctx, nc, js)
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrMsgNotFound) {
		err = nil
	}
	return errors.Join(err, nc.FlushWithContext(ctx))
}

func (a *Arena) owner() string { return owners()[a.Rand.IntN(len(owners()))] }

func streamOf(owner string) string {
	return map[string]string{"posts": "POSTS", "tags": "TAGS", "render": "RENDER"}[owner]
}

func deleteStream(ctx context.Context, a *Arena, r *Record) error {
	r.Detail = streamOf(a.owner())
	return a.connected(ctx, func(ctx context.Context, _ *nats.Conn, js jetstream.JetStream) error {
		return js.DeleteStream(ctx, r.Detail)
	})
}

// repeated is how many notices are sent again.
const repeated = 200

// repeatNotices sends what a stream holds once more, without its ids.
func repeatNotices(ctx context.Context, a *Arena, r *Record) error {
	r.Detail = streamOf(a.owner())
	return a.connected(ctx, func(ctx context.Context, nc *nats.Conn, js jetstream.JetStream) error {
		s, err := js.Stream(ctx, r.Detail)
		if err != nil {
			return err
		}
		first, last := s.CachedInfo().State.FirstSeq, s.CachedInfo().State.LastSeq
		if last < first || last == 0 {
			return nil
		}
		for range repeated {
			msg, err := s.GetMsg(ctx, first+a.Rand.Uint64N(last-first+1))
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			again := nats.NewMsg(msg.Subject)
			again.Data = msg.Data
			for name, values := range msg.Header {
				if len(name) < 5 || name[:5] != "Nats-" {
					again.Header[name] = values
				}
			}
			if err := nc.PublishMsg(again); err != nil {
				return err
			}
		}
		return nil
	})
}

// lie publishes what nobody has said: random bytes, notices from a time that
// never comes, of versions that are none, of posts that nobody wrote, of a kind
// that nobody knows; to the streams and straight to those who listen.
func lie(ctx context.Context, a *Arena, r *Record) error {
	owner := a.owner()
	r.Detail = streamOf(owner)
	return a.connected(ctx, func(ctx context.Context, nc *nats.Conn, js jetstream.JetStream) error {
		true1, err := someNotice(ctx, a, js, owner)
		if err != nil || true1 == nil {
			return err
		}
		for _, change := range []func(*eventsv1.Notice){
			func(n *eventsv1.Notice) { n.Epoch = 99 },
			func(n *eventsv1.Notice) { n.Version += 100000 },
			func(n *eventsv1.Notice) { n.Pos += 100000 },
			func(n *eventsv1.Notice) { n.Pos, n.Version = -5, -5 },
			func(n *eventsv1.Notice) { n.Kind = "exploded" },
			func(n *eventsv1.Notice) { n.AggregateType = "spaceship" },
			func(n *eventsv1.Notice) { n.AggregateId = "01900000-0000-7000-8000-00000000dead" },
			func(n *eventsv1.Notice) { n.Site = "nowhere" },
			func(n *eventsv1.Notice) { n.Owner = "somebody" },
			func(n *eventsv1.Notice) { n.Facts = nil },
		} {
			forged := proto.CloneOf(true1)
			forged.Id = fmt.Sprintf("forged-%x", a.Rand.Uint64())
			change(forged)
			body, err := proto.Marshal(forged)
			if err != nil {
				return err
			}
			rest := fmt.Sprintf(".%s.%s.%s.%s", owner, forged.GetKind(), forged.GetSite(), forged.GetAggregateId())
			for _, subject := range []string{"parution" + rest, "live" + rest} {
				if err := nc.Publish(subject, body); err != nil {
					return err
				}
			}
		}
		return garbage(a, nc, owner)
	})
}

// someNotice is one that the owner has told; nil if it told none.
func someNotice(ctx context.Context, a *Arena, js jetstream.JetStream, owner string) (*eventsv1.Notice, error) {
	s, err := js.Stream(ctx, streamOf(owner))
	if err != nil {
		return nil, err
	}
	last := s.CachedInfo().State.LastSeq
	if last == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	msg, err := s.GetMsg(ctx, last-a.Rand.Uint64N(min(last, 20)))
	if err != nil {
		return nil, err
	}
	n := &eventsv1.Notice{}
	if proto.Unmarshal(msg.Data, n) != nil {
		n = nil // an earlier lie
	}
	return n, nil
}

// garbage publishes bytes that are no notice, and heartbeats from the future.
func garbage(a *Arena, nc *nats.Conn, owner string) error {
	for range 5 {
		body := make([]byte, a.Rand.IntN(300))
		for i := range body {
			body[i] = byte(a.Rand.IntN(256))
		}
		for _, subject := range []string{
			"parution." + owner + ".revised.main.01900000-0000-7000-8000-00000000beef", "parution." + owner + ".x",
			"live." + owner + ".pressed.main.x", "live.heartbeat." + owner,
		} {
			if err := nc.Publish(subject, body); err != nil {
				return err
			}
		}
	}
	for _, beat := range []*eventsv1.Heartbeat{{Owner: owner, Epoch: 1, Pos: 1 << 40}, {Owner: owner, Epoch: 99, Pos: 1}, {Owner: "somebody", Epoch: -1, Pos: -1}} {
		body, err := proto.Marshal(beat)
		if err != nil {
			return err
		}
		if err := nc.Publish("live.heartbeat."+owner, body); err != nil {
			return err
		}
	}
	return nil
}
