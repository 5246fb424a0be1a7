// Package stream is the fast path between services: JetStream, seen as one
// stream of notices for each owner. Messages are hints, the owner's database is
// the truth: see docs/events.md.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// How a stream keeps its notices. Durability is the outbox's, so none of this
// needs to be long: it must cover what a reader may be away.
const (
	dedupe      = 10 * time.Minute
	maxBytes    = 512 << 20
	opTimeout   = 5 * time.Second
	root        = "parution"
	liveRoot    = "live"
	heartbeatOf = "heartbeat"
)

// MaxAge is how long a stream keeps a notice. The outbox keeps it longer.
const MaxAge = 7 * 24 * time.Hour

// Config says where the broker is.
type Config struct {
	// URL is a comma separated list of servers: "nats://host:4222".
	URL string
	// Name shows who is connected.
	Name string
	// CredentialsFile holds a JWT and nkey, if the server asks for them.
	CredentialsFile string
	// InProcess connects to an embedded server instead of URL.
	InProcess nats.InProcessConnProvider
}

// Connect prepares a connection that is tried for ever: a broker that is down
// delays notices and loses none. What it waits for goes to the log.
func Connect(ctx context.Context, log *slog.Logger, cfg Config) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name(cfg.Name),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 250*time.Millisecond),
		nats.PingInterval(5 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.ReconnectBufSize(-1), // the outbox is the buffer
		nats.ConnectHandler(func(c *nats.Conn) {
			if cfg.InProcess == nil {
				log.InfoContext(ctx, "connected to NATS", "nats_url", c.ConnectedUrlRedacted())
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			log.InfoContext(ctx, "connected to NATS again", "nats_url", c.ConnectedUrlRedacted())
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil && ctx.Err() == nil { // nil: we closed it
				log.WarnContext(ctx, "waiting for NATS", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			subject := ""
			if s != nil {
				subject = s.Subject
			}
			log.WarnContext(ctx, "the broker reports", "subject", subject, "error", err)
		}),
	}
	if cfg.InProcess != nil {
		opts = append(opts, nats.InProcessServer(cfg.InProcess))
	}
	if cfg.CredentialsFile != "" {
		opts = append(opts, nats.UserCredentials(cfg.CredentialsFile))
	}
	nc, err := nats.Connect(cfg.URL, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	if !nc.IsConnected() {
		log.WarnContext(ctx, "waiting for NATS", "nats_url", redacted(cfg.URL))
	}
	return nc, nil
}

// Drain closes nc once what was to be sent is sent, and after at most wait.
func Drain(nc *nats.Conn, wait time.Duration) {
	defer nc.Close()
	closed := nc.StatusChanged(nats.CLOSED)
	defer nc.RemoveStatusListener(closed)
	if nc.Drain() != nil {
		return // not connected: there is nowhere to send it
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-closed:
	case <-timer.C:
	}
}

// Name is the stream of owner: "POSTS".
func Name(owner string) string { return strings.ToUpper(owner) }

// Subject is where n is published: parution.<owner>.<kind>.<site>.<id>. It is
// the only place that writes one.
func Subject(n *eventsv1.Notice) string {
	return strings.Join([]string{root, n.GetOwner(), n.GetKind(), n.GetSite(), n.GetAggregateId()}, ".")
}

// LiveSubjects is the pattern of the copies that the server sends over core NATS once
// it has stored a notice: for caches, which need no JetStream.
func LiveSubjects(owner, kind string) string {
	if kind == "" {
		kind = "*"
	}
	return strings.Join([]string{liveRoot, owner, kind, ">"}, ".")
}

// HeartbeatSubject is where owner's relay tells its watermark.
func HeartbeatSubject(owner string) string {
	return strings.Join([]string{liveRoot, heartbeatOf, owner}, ".")
}

// ErrAway says that there is no connection to the broker.
var ErrAway = errors.New("NATS is not connected")

// Here is ErrAway while there is no connection, which tells more than what a
// call would run into.
func Here(js jetstream.JetStream) error {
	if !js.Conn().IsConnected() {
		return ErrAway
	}
	return nil
}

// Gone tells whether err says that a stream or consumer does not exist (any
// more): the answer is to provision it again.
func Gone(err error) bool {
	return errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) ||
		errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, nats.ErrNoResponders)
}

// Wait sleeps for d; it returns false if ctx ended first.
func Wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// redacted is a list of servers without their passwords.
func redacted(servers string) string {
	list := strings.Split(servers, ",")
	for i, server := range list {
		if u, err := url.Parse(strings.TrimSpace(server)); err == nil {
			list[i] = u.Redacted()
		}
	}
	return strings.Join(list, ",")
}
