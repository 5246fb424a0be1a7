package process

import (
	"context"
	"maps"
	"sync"
)

// Health says whether the process can do its work: each part reports on what
// it needs. Safe for concurrent use; the zero value has no checks and is not
// ready until Started is called.
type Health struct {
	mu      sync.Mutex
	checks  map[string]error
	started bool
}

// Set records the state of a check; nil is good.
func (h *Health) Set(name string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checks == nil {
		h.checks = make(map[string]error)
	}
	h.checks[name] = err
}

// Started says that every part runs; Started(false) that the process stops.
func (h *Health) Started(yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started = yes
}

// Report tells whether the process is ready, and each check.
func (h *Health) Report() (ready bool, checks map[string]error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ready = h.started
	for _, err := range h.checks {
		ready = ready && err == nil
	}
	return ready, maps.Clone(h.checks)
}

// ReadyPart marks the end of the start: put it last.
func (h *Health) ReadyPart() Part {
	return Part{Name: "readiness", Run: func(ctx context.Context, ready func()) error {
		h.Started(true)
		ready()
		<-ctx.Done()
		h.Started(false)
		return nil
	}}
}
