package projection

import "sync"

// bell wakes everybody who waits. The zero bell is ready.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait is closed with the next ring.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

// ring wakes those who wait now.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// nudge wakes the one who reads ch, now or when it looks next.
func nudge(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default: // it is to wake already
	}
}
