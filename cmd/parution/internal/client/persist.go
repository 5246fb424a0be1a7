package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/parution/parution/chassis/ids"
)

const (
	// firstWait is how long a write that was not taken waits before it is sent
	// again; each time twice as long, up to longestWait.
	firstWait   = 250 * time.Millisecond
	longestWait = 10 * time.Second
	// patience is how long a write waits in all, the time of its answers left out.
	patience = 3 * time.Minute
	// pending is the one conflict that ends by itself: the same write is at work.
	pending = "/problems/pending"
)

// persist sends a write with a key of its own, and the same again while the
// server is too busy for it or on its way back: the key sees to it that it has
// one effect, whether or not an answer was lost. A server that cannot be reached
// at all is told of at once, since its address may be wrong.
func (c *Client) persist(ctx context.Context, method, path string, body []byte, headers ...Header) (status int, answer []byte, err error) {
	headers = append(headers, Header{"Idempotency-Key", ids.New()})
	for wait, waited := firstWait, time.Duration(0); ; wait = min(2*wait, longestWait) {
		status, answer, err = c.send(ctx, method, path, body, headers)
		if err == nil || !passes(err) || waited >= patience {
			return status, answer, err
		}
		// Writers that were refused together do not come back together.
		pause := wait/2 + rand.N(wait/2) //nolint:gosec // jitter, not a secret
		waited += pause
		if c.pause(ctx, pause) != nil {
			return status, answer, err
		}
	}
}

// passes tells whether the same request may be taken later.
func passes(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return e.Type == pending
}

// pause waits, and answers why it ended early.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
