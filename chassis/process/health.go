package process

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Health says whether the process can do its work: each part reports on what
// it needs. Safe for concurrent use; the zero value has no checks and is not
// ready until Started is called.
type Health struct {
	mu      sync.Mutex
	checks  map[string]error
	started bool
	retired []func()

	stopping atomic.Bool
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

// Started says whether every part runs.
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

// Stopping tells whether the process is about to stop: it still serves, but
// whoever asks should go elsewhere next time.
func (h *Health) Stopping() bool { return h.stopping.Load() }

// OnStop has f called once the process is about to stop. f must not block.
func (h *Health) OnStop(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.retired = append(h.retired, f)
}

// ReadyPart marks the end of the start: put it last. It is the first to stop:
// the process says that it is not ready and goes on serving for drain, so that
// whoever sends it requests has time to notice.
func (h *Health) ReadyPart(drain time.Duration) Part {
	return Part{Name: "readiness", Run: func(ctx context.Context, ready func()) error {
		h.Started(true)
		ready()
		<-ctx.Done()
		h.retire()
		if drain > 0 {
			end := time.NewTimer(drain)
			defer end.Stop()
			<-end.C
		}
		return nil
	}}
}

func (h *Health) retire() {
	h.stopping.Store(true)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started = false
	for _, f := range h.retired {
		f()
	}
}
