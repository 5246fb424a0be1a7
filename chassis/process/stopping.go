package process

import (
	"context"
	"sync"
)

type stoppingKey struct{}

// WithStopping tells the work of ctx that its server begins to stop once done is
// closed, before anything is cancelled.
func WithStopping(ctx context.Context, done <-chan struct{}) context.Context {
	return context.WithValue(ctx, stoppingKey{}, done)
}

// UntilStopping is a context that ends also when the server that does the work of
// ctx begins to stop: a call that only waits should wait no longer than that, so
// that nobody waits for it. end must be called.
func UntilStopping(ctx context.Context) (until context.Context, end func()) {
	stopping, _ := ctx.Value(stoppingKey{}).(<-chan struct{}) // nil, without a server, is never closed
	until, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-stopping:
			cancel()
		case <-until.Done():
		}
	})
	return until, func() {
		cancel()
		watch.Wait()
	}
}
