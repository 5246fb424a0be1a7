package text

import "sync"

const (
	// minRemembered is how many terms an answer takes that is worth to be remembered.
	minRemembered = 256
	// maxRemembered bounds what is remembered of a segment: a set takes 12 KiB for
	// 100,000 posts at most.
	maxRemembered = 128
)

// remembered are answers that were found in a segment before. Segments do not change.
type remembered[T any] struct {
	mu   sync.Mutex
	byID map[string]T
}

// get is the zero value for what is not known.
func (r *remembered[T]) get(id string) T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

func (r *remembered[T]) put(id string, answer T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil || len(r.byID) >= maxRemembered {
		r.byID = make(map[string]T)
	}
	r.byID[id] = answer
}
