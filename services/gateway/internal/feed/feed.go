// Package feed hears what render and posts tell over the broker and tells the
// cache what to drop, which posts are gone, and when it must not rely on being
// told. What was not heard it asks the owners for.
package feed

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	"github.com/parution/parution/services/gateway/internal/cache"
)

const (
	// renderOwner is whose notices tell which pages changed; pages are trusted
	// while they arrive.
	renderOwner = "render"
	// postsOwner is whose notices tell which posts are gone, before render knows.
	postsOwner = "posts"
	// silence is how long a relay that is well may say nothing: three heartbeats.
	silence = 15 * time.Second
	// glance is how often silence is looked for.
	glance = time.Second
	// waiting is how many messages may wait; more are a gap, which is noticed.
	waiting        = 8192
	confirmTimeout = 2 * time.Second
	// askTimeout bounds a question to an owner, askSize its answer.
	askTimeout = 2 * time.Second
	askSize    = 500
	// askAgain is the pause after a question that was not answered, askSilent
	// that between questions to an owner that is not heard.
	askAgain  = time.Second
	askSilent = 5 * time.Second
)

// Cache is what the feed keeps true.
type Cache interface {
	// Drop says that render shows something else at these keys now, because of
	// post if that has an id.
	Drop(site string, keys []string, post cache.Version) int
	// Raise says that posts has post at a version.
	Raise(site string, post cache.Version) int
	// Begin names the epoch of posts.
	Begin(epoch int32)
	Distrust()
	SetTrust(t cache.Trust)
}

// Readers are told what happens to posts after the cache was.
type Readers interface {
	// Tell passes on a notice of render, each once and in the order of its feed.
	Tell(n *eventsv1.Notice)
	// Jump goes on at a place: what was told up to there is not known.
	Jump(epoch int32, pos int64)
}

// Deps is what a feed stands on. Live, Cache, Telemetry and Now are required.
type Deps struct {
	Live  stream.Live
	Cache Cache
	// Readers may be nil.
	Readers Readers
	// Render and Posts are asked for the notices that were not heard. Without one
	// a gap makes all pages be asked for again.
	Render, Posts eventsv1.FeedServiceClient
	Telemetry     *telemetry.Telemetry
	Now           func() time.Time
}

// Feed is one replica's ear. Make it with New, run it with Part.
type Feed struct {
	deps    Deps
	tracer  trace.Tracer
	visible metric.Float64Histogram

	ears    []*ear
	render  *ear
	answers chan answer
	asking  sync.WaitGroup
	// joined: the broker has our subscriptions; join counts how often that began.
	joined bool
	join   int
	trust  cache.Trust
	// warned: the log says that the feed is silent.
	warned bool
}

// New makes a feed.
func New(deps Deps) (*Feed, error) {
	visible, err := deps.Telemetry.Meter("gateway/feed").Float64Histogram("parution_publish_visible_seconds",
		metric.WithUnit("s"), metric.WithDescription("From a commit to the page dropped at this gateway."),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60))
	if err != nil {
		return nil, fmt.Errorf("register parution_publish_visible_seconds: %w", err)
	}
	f := &Feed{deps: deps, tracer: deps.Telemetry.Tracer("gateway/feed"), visible: visible}
	f.render = &ear{owner: renderOwner, source: deps.Render}
	f.ears = []*ear{f.render, {owner: postsOwner, source: deps.Posts}}
	f.answers = make(chan answer, len(f.ears))
	return f, nil
}

// Part listens until its context ends. It is ready at once: without notices
// pages are asked for each time.
func (f *Feed) Part() process.Part { return process.Part{Name: "feed of pages", Run: f.run} }

func (f *Feed) run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer f.asking.Wait()
	defer cancel()
	defer f.deps.Cache.SetTrust(cache.Deaf)
	told, connected := make(chan stream.Told, waiting), make(chan bool, 16)
	stop, err := f.deps.Live.Listen(told, renderOwner, postsOwner)
	if err != nil {
		return fmt.Errorf("listen to the owners: %w", err)
	}
	defer stop()
	stopChanges := f.deps.Live.Changes(connected)
	defer stopChanges()
	f.enter(ctx)
	ready()
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case here := <-connected:
			f.joined = false
			if here {
				f.enter(ctx)
			}
		case t := <-told:
			f.hear(ctx, t)
		case a := <-f.answers:
			f.learn(ctx, a)
		case <-ticker.C:
			if !f.joined {
				f.enter(ctx)
			}
			f.tend(ctx, f.deps.Now())
		}
		f.look(ctx)
	}
}

// enter waits until the broker has confirmed our subscriptions: what is sent from
// now on arrives. What was sent before has to be asked for.
func (f *Feed) enter(ctx context.Context) {
	if !f.deps.Live.Connected() {
		return
	}
	within, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	if err := f.deps.Live.Confirm(within); err != nil {
		return // tried again
	}
	f.joined = true
	f.join++
	for _, e := range f.ears {
		e.heard, e.sure = f.deps.Now(), !e.known
		// Who does not know yet where the feed is asks at once: readers are told of
		// what happens from there on.
		if e.known || e.source != nil {
			f.ask(ctx, e)
		}
	}
	if f.render.sure {
		f.distrust(ctx, "the feed begins")
	}
	f.look(ctx)
}

func (f *Feed) silent(e *ear, now time.Time) bool { return !f.joined || now.Sub(e.heard) > silence }

// look tells the cache how far it may rely on being told.
func (f *Feed) look(ctx context.Context) {
	was, now := f.trust, f.deps.Now()
	switch e := f.render; {
	case e.complete() && !f.silent(e, now):
		f.trust = cache.Live
	case e.source != nil && e.known && now.Sub(e.told) <= silence:
		f.trust = cache.Behind
	default:
		f.trust = cache.Deaf
	}
	f.deps.Cache.SetTrust(f.trust)
	if f.trust == was {
		return
	}
	switch f.trust {
	case cache.Live:
		level := slog.LevelDebug
		if f.warned {
			level = slog.LevelInfo
		}
		f.warned = false
		f.deps.Telemetry.Log.Log(ctx, level, "the feed of pages is live")
	case cache.Behind:
		f.deps.Telemetry.Log.DebugContext(ctx, "the feed of pages is behind; render is asked for changes")
	case cache.Deaf:
		level := slog.LevelDebug // at the start it is not known yet where the feed is
		if f.silent(f.render, now) {
			level, f.warned = slog.LevelWarn, true
		}
		f.deps.Telemetry.Log.Log(ctx, level, "the feed of pages is silent; pages are confirmed each time")
	}
}

// hear takes in what an owner tells.
func (f *Feed) hear(ctx context.Context, t stream.Told) {
	var e *ear
	for _, known := range f.ears {
		if known.owner == t.Owner {
			e = known
		}
	}
	if e == nil {
		return
	}
	e.heard = f.deps.Now()
	var at place
	switch {
	case t.Beat != nil:
		at = place{t.Beat.GetEpoch(), t.Beat.GetPos()}
		if !e.known && e.source == nil {
			f.advance(e, at)
			f.jump(e)
		}
	case t.Notice != nil:
		at = place{t.Notice.GetEpoch(), t.Notice.GetPos()}
		// Where the feed is, and in which epoch, its owner says: whoever may publish can
		// forge a place.
		begins, follows := !e.known && e.source == nil, e.known && at.follows(e.last)
		if begins || follows {
			f.advance(e, at)
		}
		f.notice(ctx, t)
		// What comes too early is told in its turn, when what is missing was asked for.
		switch {
		case begins:
			f.jump(e)
		case follows:
			f.pass(e, t.Notice)
		}
	default:
		f.distrust(ctx, "a message could not be read")
		return
	}
	if at.after(e.target) {
		e.target = at
	}
	if e.complete() {
		e.told = e.heard
	} else if e.target.after(e.last) {
		f.ask(ctx, e)
	}
}

// notice applies a notice that was heard, in the trace of its change.
func (f *Feed) notice(ctx context.Context, t stream.Told) {
	if t.Context != nil {
		sender := trace.SpanContextFromContext(t.Context) //nolint:contextcheck // the call goes on in our context
		ctx = trace.ContextWithRemoteSpanContext(ctx, sender)
	}
	name := "drop pages"
	if t.Owner == postsOwner {
		name = "raise floors"
	}
	ctx, span := f.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("messaging.system", "nats"),
		attribute.String("messaging.operation.type", "process"),
		attribute.String("messaging.destination.name", t.Subject),
		attribute.String("messaging.message.id", t.Notice.GetId()),
	))
	defer span.End()
	caused := f.apply(ctx, t.Notice)
	if !caused.IsZero() {
		f.visible.Record(ctx, max(0, f.deps.Now().Sub(caused).Seconds()))
	}
}

// pass tells readers of a notice of e that follows what they were told.
func (f *Feed) pass(e *ear, n *eventsv1.Notice) {
	if e == f.render && f.deps.Readers != nil {
		f.deps.Readers.Tell(n)
	}
}

// jump tells readers that e went on to where it is without them.
func (f *Feed) jump(e *ear) {
	if e == f.render && f.deps.Readers != nil {
		f.deps.Readers.Jump(e.last.epoch, e.last.pos)
	}
}

func (f *Feed) distrust(ctx context.Context, why string) {
	f.deps.Cache.Distrust()
	f.deps.Telemetry.Log.InfoContext(ctx, "every page is asked for again", "reason", why)
}
