// Package crowd is who uses Parution while it is disturbed: authors who repeat a
// request with its key until they know what became of it, and readers. All of it
// is drawn from a seed.
package crowd

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// lookEvery is how often the balancer asks a gateway whether it is ready.
	lookEvery = 100 * time.Millisecond
	// lookTimeout is what a gateway may take to say so.
	lookTimeout = 400 * time.Millisecond
)

// Front is one gateway.
type Front struct {
	URL string
	// Ready is nil if the gateway is.
	Ready func(ctx context.Context) error
}

// Balancer spreads requests over the gateways that say that they are ready, as
// what stands before a cluster does. It sends nothing twice. Make it with
// NewBalancer; its Run keeps it up to date. Safe for concurrent use.
type Balancer struct {
	fronts []Front
	ready  []atomic.Bool
	next   atomic.Uint64
}

// NewBalancer takes all fronts for ready until it has looked.
func NewBalancer(fronts []Front) *Balancer {
	b := &Balancer{fronts: fronts, ready: make([]atomic.Bool, len(fronts))}
	for i := range b.ready {
		b.ready[i].Store(true)
	}
	return b
}

// Run looks at the gateways until ctx ends.
func (b *Balancer) Run(ctx context.Context) {
	if len(b.fronts) == 1 {
		return // there is no other to send to
	}
	var all sync.WaitGroup
	for i := range b.fronts {
		all.Go(func() {
			for {
				look, cancel := context.WithTimeout(ctx, lookTimeout)
				err := b.fronts[i].Ready(look)
				cancel()
				b.ready[i].Store(err == nil)
				if !Pause(ctx, lookEvery) {
					return
				}
			}
		})
	}
	all.Wait()
}

// Pick is the URL of a gateway: the next one that is ready, or just the next.
func (b *Balancer) Pick() string {
	n := uint64(len(b.fronts))
	at := b.next.Add(1)
	for i := range n {
		if k := (at + i) % n; b.ready[k].Load() {
			return b.fronts[k].URL
		}
	}
	return b.fronts[at%n].URL
}

// Pause waits for d; false if ctx ended first.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// client is one that follows no redirect.
func client(timeout time.Duration, connections int) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: timeout}).DialContext, MaxIdleConnsPerHost: connections, DisableCompression: true,
		},
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// NewRand is a source of chance of its own for each part of a run.
func NewRand(seed uint64, part string) *rand.Rand {
	var key [32]byte
	copy(key[8:], part)
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return rand.New(rand.NewChaCha8(key))
}
