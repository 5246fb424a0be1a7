package crowd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Readers read at a steady rate. Make them with NewReaders. Safe for concurrent use.
type Readers struct {
	balancer *Balancer
	http     *http.Client
	shelf    *shelf
	seed     uint64

	mu      sync.Mutex
	warm    map[string]time.Time // when a gateway and path were answered with a page
	samples []Sample
}

// Sample is one read.
type Sample struct {
	At, End time.Time
	Front   string
	Path    string
	// Served: readers got a page, or were told that there is none.
	Served bool
	// Before is when this gateway had answered the same path with a page last;
	// zero if it had not.
	Before time.Time
	// Problem is what they got instead.
	Problem string
}

// NewReaders makes readers of what authors write.
func NewReaders(b *Balancer, a *Authors) *Readers {
	return &Readers{balancer: b, http: client(5*time.Second, 128), shelf: a.shelf, seed: a.seed, warm: make(map[string]time.Time)}
}

// Run reads rate pages a second until ctx ends, however long each takes.
func (s *Readers) Run(ctx context.Context, rate float64) {
	r := NewRand(s.seed, "readers")
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, 512)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		path := s.path(r)
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			s.read(ctx, path)
		})
	}
}

func (s *Readers) path(r *rand.Rand) string {
	switch n := r.IntN(100); {
	case n < 25:
		return "/"
	case n < 30:
		return "/tags"
	case n < 35:
		return "/feed.xml"
	case n < 40:
		return "/page/2"
	}
	if name, ok := s.shelf.slug(r); ok {
		return "/posts/" + name
	}
	return "/"
}

func (s *Readers) read(ctx context.Context, path string) {
	front := s.balancer.Pick()
	sample := Sample{At: time.Now(), Front: front, Path: path}
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, front+path, http.NoBody)
	if err != nil {
		return
	}
	got, err := receive(s.http, req)
	sample.End = time.Now()
	sample.Served = err == nil && got.code < 500 && got.code != http.StatusTooManyRequests
	if !sample.Served {
		sample.Problem = fmt.Sprintf("%d %v", got.code, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := front + path
	sample.Before = s.warm[key]
	if sample.Served && got.code != http.StatusNotFound { // those are not kept
		s.warm[key] = sample.End
	}
	s.samples = append(s.samples, sample)
}

// Forget says that a gateway began anew, with an empty memory.
func (s *Readers) Forget(front string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.warm {
		if len(key) > len(front) && key[:len(front)] == front && key[len(front)] == '/' {
			delete(s.warm, key)
		}
	}
}

// Samples are all reads so far.
func (s *Readers) Samples() []Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Sample(nil), s.samples...)
}
