package projection

import (
	"sync"
	"time"
)

const (
	// maxFlights bounds what is waited for at once, maxAsking the questions to the
	// owner for that: whoever reads can ask for what nobody has.
	maxFlights = 32
	maxAsking  = 8
	// vainFor is how long it is remembered that the owner has nothing so new. It is
	// short, since by then somebody may have written it.
	vainFor = 3 * time.Second
	maxVain = 1024
)

// question is what a reader wants the read model to have.
type question struct {
	ref            Ref
	epoch, version int32
}

// flight is one wait for what several may ask for. What follows done is set
// before that is closed.
type flight struct {
	done chan struct{}
	err  error
	// left: whoever waited went away; nobody knows the answer.
	left bool
}

// vain is an answer of the owner: nothing so new as (epoch, version), until then.
type vain struct {
	epoch, version int32
	until          time.Time
}

// wanted is what readers wait for. Safe for concurrent use.
type wanted struct {
	mu      sync.Mutex
	flights map[question]*flight
	asking  int
	vain    map[Ref]vain
}

func newWanted() *wanted {
	return &wanted{flights: make(map[question]*flight), vain: make(map[Ref]vain)}
}

// join finds the flight of q or begins one; nil if there are too many.
func (w *wanted) join(q question) (f *flight, leads bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f = w.flights[q]; f != nil || len(w.flights) >= maxFlights {
		return f, false
	}
	f = &flight{done: make(chan struct{})}
	w.flights[q] = f
	return f, true
}

func (w *wanted) leave(q question, f *flight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.flights, q)
	close(f.done)
}

// mayAsk tells whether the owner may be asked one more question; if so, asked
// follows it.
func (w *wanted) mayAsk() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asking >= maxAsking {
		return false
	}
	w.asking++
	return true
}

func (w *wanted) asked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asking--
}

// isVain tells whether the owner had nothing so new a moment ago.
func (w *wanted) isVain(q question, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.vain[q.ref]
	return ok && now.Before(v.until) && !older(q.epoch, q.version, v.epoch, v.version)
}

// inVain remembers that the owner has nothing so new.
func (w *wanted) inVain(q question, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ref, v := range w.vain {
		// If all are of this moment any may go: then it is asked for once more.
		if len(w.vain) >= maxVain || !now.Before(v.until) {
			delete(w.vain, ref)
		}
	}
	w.vain[q.ref] = vain{q.epoch, q.version, now.Add(vainFor)}
}
