// Package live tells open pages, as server-sent events, what happens to the
// posts of their site. It hears of it from the feed of pages, after the cache
// was told: whoever asks for a page because of an event gets the new one.
package live

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// remembered is how many events are kept for readers that connect again, of
	// all sites together: some 1.5 MB.
	remembered = 4096
	// maxTold bounds what one reader is told at once; more is said shorter, by a
	// reset. It is less than what a socket takes without waiting.
	maxTold = 16 << 10
	// pace is the least pause between two rounds of telling, so that many changes
	// at once are few writes for each reader.
	pace = 100 * time.Millisecond
	// tick is the step of the clock that all readers share. In every beats ticks
	// each is written to, so that nothing on the way takes the connection for
	// dead, and every looks ticks it is seen whether it has left.
	tick  = time.Second
	beats = 20
	looks = 5
)

var errStopping = fault.Unavailable("the gateway is about to stop")

// Deps is what a hub stands on. All fields but Feed are required.
type Deps struct {
	// Feed is render's, asked for what was told before this hub began to hear;
	// without it readers that come from before look for themselves.
	Feed      eventsv1.FeedServiceClient
	Telemetry *telemetry.Telemetry
	Now       func() time.Time
	// MaxReaders bounds how many listen at once.
	MaxReaders int
}

// Hub is one replica's readers, and what it can still tell them. Safe for
// concurrent use. Make it with New, run it with Part.
type Hub struct {
	deps Deps
	max  int
	// wake tells that there is something to tell, or that all have to go.
	wake chan struct{}
	// reaching holds one element while render is asked for older events.
	reaching chan struct{}

	mu sync.Mutex
	// events are those after first, oldest first; last is the newest place that
	// was heard. They count once known; began is since when they were heard.
	events      []event
	first, last place
	known       bool
	began       time.Time
	topics      map[string]*topic
	readers     int
	full        bool
	stopping    bool
	phase       uint8
}

// topic is a site that somebody listens to.
type topic struct {
	site    string
	readers map[*reader]struct{}
	// pending are frames that were not sent yet; reset stands for those that will
	// not be. What is before held was sent.
	pending []byte
	reset   bool
	held    place
}

// reader is somebody who listens.
type reader struct {
	sink  sink
	topic *topic
	phase uint8
}

// sink is where a reader's frames go. Its methods are called one at a time.
type sink interface {
	// send passes frame on without waiting; false: the reader does not read, or has left.
	send(frame []byte) bool
	// left tells whether the reader has left, as far as can be seen without waiting.
	left() bool
	// end lets the reader go, once it has what was sent.
	end()
}

// New makes a hub that nobody listens to.
func New(deps Deps) (*Hub, error) {
	h := &Hub{
		deps: deps, max: min(deps.MaxReaders, roomForReaders()), wake: make(chan struct{}, 1), reaching: make(chan struct{}, 1),
		topics: make(map[string]*topic),
	}
	gauge, err := deps.Telemetry.Meter("gateway/live").Int64ObservableGauge("parution_live_readers",
		metric.WithDescription("Readers whose open pages are told of changes."))
	if err != nil {
		return nil, fmt.Errorf("register parution_live_readers: %w", err)
	}
	_, err = deps.Telemetry.Meter("gateway/live").RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(gauge, int64(h.Readers()))
		return nil
	}, gauge)
	if err != nil {
		return nil, fmt.Errorf("observe parution_live_readers: %w", err)
	}
	return h, nil
}

// Readers is how many listen.
func (h *Hub) Readers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readers
}

// Tell takes in a notice of render: the one directly after what was told before.
func (h *Hub) Tell(n *eventsv1.Notice) {
	e, ok := eventOf(n, h.deps.Now())
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.known {
		return
	}
	before := h.last
	h.last = placeOf(n)
	if !ok {
		return
	}
	h.events = append(h.events, e)
	if over := len(h.events) - remembered; over > 0 {
		h.first, h.began = h.events[over-1].at, h.events[over-1].heard
		h.events = slices.Delete(h.events, 0, over)
	}
	if t := h.topics[e.site]; t != nil {
		t.add(e.frame, before)
		h.rouse()
	}
}

// Jump goes on at a place: what was told up to there is not known.
func (h *Hub) Jump(epoch int32, pos int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.first, h.known, h.began, h.events = place{epoch, pos}, true, h.deps.Now(), nil
	h.last = h.first
	for _, t := range h.topics {
		t.pending, t.reset, t.held = nil, true, h.last
	}
	h.rouse()
}

// Leave sends all readers away, to come back elsewhere, and takes no more. It
// does not block.
func (h *Hub) Leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopping = true
	h.rouse()
}

func (h *Hub) rouse() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// add takes in a frame; before is the place up to which the topic had all.
func (t *topic) add(frame []byte, before place) {
	if len(t.pending) == 0 && !t.reset {
		t.held = before
	}
	if t.reset = t.reset || len(t.pending)+len(frame) > maxTold; t.reset {
		t.pending = nil
		return
	}
	t.pending = append(t.pending, frame...)
}

// Part tells readers until its context ends; then it sends them away.
func (h *Hub) Part() process.Part { return process.Part{Name: "live readers", Run: h.run} }

func (h *Hub) run(ctx context.Context, ready func()) error {
	ready()
	defer h.sendAway()
	defer h.Leave()
	ticker, pause := time.NewTicker(tick), time.NewTimer(0)
	defer ticker.Stop()
	defer pause.Stop()
	for wake := h.wake; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
			h.deliver()
			wake = nil
			pause.Reset(pace)
		case <-pause.C:
			wake = h.wake
		case <-ticker.C:
			h.tend()
		}
	}
}

// deliver sends what is pending.
func (h *Hub) deliver() {
	if h.isStopping() {
		h.sendAway()
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.topics {
		frame := t.pending
		if t.reset {
			frame = resetFrame(h.last)
		}
		t.pending, t.reset = nil, false
		if len(frame) > 0 {
			t.each(func(r *reader) bool { return r.sink.send(frame) }, h.remove)
		}
	}
}

// tend writes to those readers whose turn it is, and lets go of those who left.
func (h *Hub) tend() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phase = (h.phase + 1) % beats
	for _, t := range h.topics {
		beat := []byte(":\n\n")
		if h.known && len(t.pending) == 0 && !t.reset {
			beat = placeFrame(h.last)
		}
		t.each(func(r *reader) bool {
			switch {
			case r.phase == h.phase:
				return r.sink.send(beat)
			case r.phase%looks == h.phase%looks:
				return !r.sink.left()
			}
			return true
		}, h.remove)
	}
}

// each calls f for all readers; those for whom it is false are removed.
func (t *topic) each(f func(*reader) bool, remove func(*reader)) {
	for r := range t.readers {
		if !f(r) {
			remove(r)
		}
	}
}

func (h *Hub) isStopping() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stopping
}

// sendAway ends all readers. They are told to come back at different times: the
// more there are the longer it takes until all are elsewhere.
func (h *Hub) sendAway() {
	h.mu.Lock()
	defer h.mu.Unlock()
	spread := time.Second + time.Duration(h.readers)*time.Millisecond
	for _, t := range h.topics {
		t.each(func(r *reader) bool {
			_ = r.sink.send(retryFrame(500*time.Millisecond + rand.N(spread))) //nolint:gosec // jitter, not a secret; a reader that does not read goes as well
			return false
		}, h.remove)
	}
}

// remove lets a reader go; h.mu is held. Once is enough.
func (h *Hub) remove(r *reader) {
	t := r.topic
	if _, ok := t.readers[r]; !ok {
		return
	}
	delete(t.readers, r)
	if len(t.readers) == 0 {
		delete(h.topics, t.site)
	}
	r.sink.end()
	h.unseat()
}

// unseat gives a reader's place to others; h.mu is held.
func (h *Hub) unseat() {
	h.readers--
	if h.readers < h.max*9/10 {
		h.full = false
	}
}
