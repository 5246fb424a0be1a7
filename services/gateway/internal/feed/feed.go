// Package feed listens to render's notices over core NATS and tells the cache
// what to drop, and when it must not rely on being told.
package feed

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
)

const (
	// owner is whose notices tell which pages changed.
	owner = "render"
	// silence is how long a relay that is well may say nothing: three heartbeats.
	silence = 15 * time.Second
	// glance is how often silence is looked for.
	glance = time.Second
	// waiting is how many messages may wait; more are a gap, which is noticed.
	waiting      = 8192
	flushTimeout = 2 * time.Second
)

// Cache is what the feed keeps true.
type Cache interface {
	Drop(site string, keys []string) int
	Distrust()
	SetLive(live bool)
	Live() bool
}

// place is a place in the owner's feed.
type place struct {
	epoch int32
	pos   int64
}

// Feed is one replica's ear. Make it with New, run it with Part.
type Feed struct {
	nc      *nats.Conn
	cache   Cache
	log     *slog.Logger
	tracer  trace.Tracer
	visible metric.Float64Histogram
	now     func() time.Time

	last  place
	known bool // last was heard of
	heard time.Time
	// joined: the broker has our subscriptions.
	joined bool
}

// New makes a feed for cache.
func New(nc *nats.Conn, cache Cache, tel *telemetry.Telemetry, now func() time.Time) (*Feed, error) {
	visible, err := tel.Meter("gateway/feed").Float64Histogram("parution_publish_visible_seconds",
		metric.WithUnit("s"), metric.WithDescription("From a commit to the page dropped at this gateway."),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60))
	if err != nil {
		return nil, fmt.Errorf("register parution_publish_visible_seconds: %w", err)
	}
	return &Feed{nc: nc, cache: cache, log: tel.Log, tracer: tel.Tracer("gateway/feed"), visible: visible, now: now}, nil
}

// Part listens until its context ends. It is ready at once: without notices
// pages are asked for each time.
func (f *Feed) Part() process.Part { return process.Part{Name: "feed of pages", Run: f.run} }

func (f *Feed) run(ctx context.Context, ready func()) error {
	defer f.cache.SetLive(false)
	// One channel for both subjects keeps the order between notices and heartbeats.
	messages := make(chan *nats.Msg, waiting)
	unsubscribe, err := f.subscribe(messages, stream.LiveSubjects(owner, ""), stream.HeartbeatSubject(owner))
	defer unsubscribe()
	if err != nil {
		return err
	}
	statuses := f.nc.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.DISCONNECTED)
	defer f.nc.RemoveStatusListener(statuses)
	if f.nc.IsConnected() {
		f.join(ctx)
	}
	ready()
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case status := <-statuses:
			if status == nats.CONNECTED {
				f.join(ctx)
			} else {
				f.leave()
			}
		case msg := <-messages:
			f.hear(ctx, msg)
		case <-ticker.C:
			f.watch(ctx)
		}
	}
}

// subscribe sends what comes on subjects to messages until the returned function is called.
func (f *Feed) subscribe(messages chan *nats.Msg, subjects ...string) (unsubscribe func(), err error) {
	var subs []*nats.Subscription
	unsubscribe = func() {
		for _, s := range subs {
			_ = s.Unsubscribe() // the connection may be closed already
		}
	}
	for _, subject := range subjects {
		s, err := f.nc.ChanSubscribe(subject, messages)
		if err != nil {
			return unsubscribe, fmt.Errorf("subscribe to %s: %w", subject, err)
		}
		subs = append(subs, s)
	}
	return unsubscribe, nil
}

// join waits until the broker has confirmed our subscriptions: what is sent from
// now on arrives.
func (f *Feed) join(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	if err := f.nc.FlushWithContext(ctx); err != nil {
		return // watch tries again
	}
	f.joined, f.heard = true, f.now()
	f.resume(ctx)
}

func (f *Feed) leave() {
	f.joined = false
	f.cache.SetLive(false)
}

// resume trusts the feed again; what was missed meanwhile is nobody's guess, so
// every page is asked for once.
func (f *Feed) resume(ctx context.Context) {
	if !f.joined || f.cache.Live() {
		return
	}
	f.cache.Distrust()
	f.cache.SetLive(true)
	f.log.DebugContext(ctx, "the feed of pages is live")
}

// watch notices silence, and a subscription that could not be confirmed.
func (f *Feed) watch(ctx context.Context) {
	if !f.joined && f.nc.IsConnected() {
		f.join(ctx)
		return
	}
	if f.cache.Live() && f.now().Sub(f.heard) > silence {
		f.cache.SetLive(false)
		f.log.WarnContext(ctx, "the feed of pages is silent; pages are asked for each time")
	}
}

func (f *Feed) hear(ctx context.Context, msg *nats.Msg) {
	f.heard = f.now()
	if msg.Subject == stream.HeartbeatSubject(owner) {
		f.beat(ctx, msg)
	} else {
		f.notice(ctx, msg)
	}
	f.resume(ctx)
}

func (f *Feed) beat(ctx context.Context, msg *nats.Msg) {
	var h eventsv1.Heartbeat
	if err := proto.Unmarshal(msg.Data, &h); err != nil {
		f.distrust(ctx, "a heartbeat could not be read")
		return
	}
	at := place{h.GetEpoch(), h.GetPos()}
	if f.known && (at.epoch > f.last.epoch || (at.epoch == f.last.epoch && at.pos > f.last.pos)) {
		f.distrust(ctx, "notices were missed")
	}
	f.advance(at)
}

func (f *Feed) notice(ctx context.Context, msg *nats.Msg) {
	ctx, n, err := stream.Notice(ctx, msg.Header, msg.Data)
	if err != nil {
		f.distrust(ctx, "a notice could not be read")
		return
	}
	ctx, span := f.tracer.Start(ctx, "drop pages", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.operation.type", "process"),
		attribute.String("messaging.destination.name", msg.Subject),
		attribute.String("messaging.message.id", n.GetId()),
	))
	defer span.End()
	at := place{n.GetEpoch(), n.GetPos()}
	if f.known && (at.epoch > f.last.epoch || (at.epoch == f.last.epoch && at.pos > f.last.pos+1)) {
		f.distrust(ctx, "notices were missed")
	}
	f.advance(at)
	var facts renderv1.PressFacts
	if err := n.GetFacts().UnmarshalTo(&facts); err != nil {
		// Something changed that this version cannot name.
		f.distrust(ctx, "a notice could not be read")
		return
	}
	dropped := f.cache.Drop(n.GetSite(), facts.GetKeys())
	span.SetAttributes(attribute.Int("parution.pages_dropped", dropped), attribute.StringSlice("parution.keys", facts.GetKeys()))
	if at := facts.GetCausedAt(); at.IsValid() {
		f.visible.Record(ctx, max(0, f.now().Sub(at.AsTime()).Seconds()))
	}
}

func (f *Feed) advance(at place) {
	if !f.known || at.epoch > f.last.epoch || (at.epoch == f.last.epoch && at.pos > f.last.pos) {
		f.last, f.known = at, true
	}
}

func (f *Feed) distrust(ctx context.Context, why string) {
	f.cache.Distrust()
	f.log.InfoContext(ctx, "every page is asked for again", "reason", why)
}
