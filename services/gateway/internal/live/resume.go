package live

import (
	"context"
	"slices"
	"time"

	"github.com/parution/parution/chassis/identity"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// maxReach is how many notices render is asked for, of all sites, so that a
	// reader can go on where it was; reachSize how many at once.
	maxReach  = 2000
	reachSize = 500
	// reachTimeout bounds how long a reader waits for that.
	reachTimeout = 2 * time.Second
)

// ago is the place up to which everything was told age ago; the zero place if
// that is not known.
func (h *Hub) ago(age time.Duration) place {
	h.mu.Lock()
	defer h.mu.Unlock()
	cutoff := h.deps.Now().Add(-age)
	if !h.known || h.began.After(cutoff) {
		return place{}
	}
	for _, e := range slices.Backward(h.events) {
		if e.heard.Before(cutoff) {
			return e.at
		}
	}
	return h.first
}

// here is the place where a reader without a past begins: nothing that was sent
// to others is told again. The zero place while no place is known.
func (h *Hub) here(site string) place {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent(h.topics[site])
}

// sent is the place up to which t's readers have been told; h.mu is held.
func (h *Hub) sent(t *topic) place {
	if t != nil && (len(t.pending) > 0 || t.reset) {
		return t.held
	}
	return h.last
}

// enter makes r listen to site from the place from, if that is where the others
// are. If not, r has to be told the frame, and to try again from the place to.
func (h *Hub) enter(site string, r *reader, from place) (frame []byte, to place, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping {
		return nil, from, errStopping
	}
	t := h.topics[site]
	if to = h.sent(t); to != from && h.known {
		return h.between(site, from, to), to, nil
	}
	if t == nil {
		t = &topic{site: site, readers: make(map[*reader]struct{})}
		h.topics[site] = t
	}
	r.topic = t
	t.readers[r] = struct{}{}
	return nil, from, nil
}

// between is what the readers of site were told from one place to another, and
// where they are then; h.mu is held. What is not known is a reset, and so is a place that was
// never reached here: it is of a history that is no more, or of a replica that hears sooner.
func (h *Hub) between(site string, from, to place) []byte {
	if from.epoch != to.epoch || h.first.after(from) || from.after(h.last) {
		return resetFrame(to)
	}
	var out []byte
	for _, e := range h.events {
		if e.site == site && e.at.after(from) && !e.at.after(to) {
			out = append(out, e.frame...)
		}
		if len(out) > maxTold {
			return resetFrame(to)
		}
	}
	return append(out, placeFrame(to)...)
}

// reach makes what was told from a place on known, if it is not and render still
// tells. One asks for all.
func (h *Hub) reach(ctx context.Context, from place) {
	if h.deps.Feed == nil || !h.within(from) {
		return
	}
	ctx, cancel := context.WithTimeout(identity.With(ctx, identity.Principal{}), reachTimeout) // whoever asks, it is the gateway's question
	defer cancel()
	select {
	case h.reaching <- struct{}{}:
		defer func() { <-h.reaching }()
	case <-ctx.Done():
		return
	}
	if !h.within(from) {
		return // somebody asked meanwhile
	}
	h.mu.Lock()
	first, room := h.first, h.room()
	h.mu.Unlock()
	// A little more than needed, so that the next one need not ask.
	from.pos = max(0, min(from.pos, first.pos-min(reachSize, room)))
	events, ok := h.read(ctx, from, first)
	if !ok {
		return // readers will look for themselves
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.first != first {
		return // it went on without us
	}
	h.events, h.first = append(events, h.events...), from
}

// within tells whether a place is so little before what is known that render can be
// asked. It is never asked from a place that it has not reached itself: from a
// service it would take that for its own going back in time.
func (h *Hub) within(from place) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known && from.epoch == h.first.epoch && h.first.after(from) && h.first.pos-from.pos <= min(maxReach, h.room())
}

// room is how many older events can still be remembered; h.mu is held. Anybody may
// name a place: what is asked for because of it must have an end.
func (h *Hub) room() int64 { return int64(max(0, remembered-len(h.events))) }

// read asks render for the events after from up to to; ok is false if not all of
// its notices are there.
func (h *Hub) read(ctx context.Context, from, to place) (events []event, ok bool) {
	// When they were told is not known; nobody is interested for how long.
	long := time.Time{}
	for from != to {
		answer, err := h.deps.Feed.ListChanges(ctx, &eventsv1.ListChangesRequest{
			Owner: "render", AfterEpoch: from.epoch, AfterPos: from.pos, PageSize: int32(min(reachSize, to.pos-from.pos)), //nolint:gosec // at most reachSize
		})
		if err != nil || len(answer.GetNotices()) == 0 {
			return nil, false
		}
		for _, n := range answer.GetNotices() {
			at := placeOf(n)
			if !at.follows(from) {
				return nil, false
			}
			from = at
			if e, is := eventOf(n, long); is {
				events = append(events, e)
			}
		}
	}
	return events, true
}
