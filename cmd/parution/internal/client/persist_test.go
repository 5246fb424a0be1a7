package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/web"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// sent is a request as it came.
type sent struct{ key, body string }

// flaky is a client of a server that refuses requests with these faults, one
// after the other, and takes those that come then.
func flaky(t testing.TB, refusals ...error) (c *Client, got *[]sent, waited *time.Duration) {
	t.Helper()
	got, waited = new([]sent), new(time.Duration)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
		}
		*got = append(*got, sent{r.Header.Get("Idempotency-Key"), string(body)})
		if n := len(*got); n <= len(refusals) {
			web.WriteProblem(w, r, refusals[n-1])
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":"p1"}`) // the client says so
	}))
	t.Cleanup(s.Close)
	c = OverNetwork(s.URL, "", "")
	c.pause = func(_ context.Context, d time.Duration) error { *waited += d; return nil }
	return c, got, waited
}

func TestAWriteIsSentUntilItIsTaken(t *testing.T) {
	t.Parallel()
	c, got, waited := flaky(t, fault.Unavailable("too busy"), fault.New(fault.KindPending, "at work"), fault.New(fault.KindExhausted, "too many"))
	for range 2 {
		p, existing, err := c.CreatePost(t.Context(), &postsv1.CreatePostRequest{Title: "One"})
		if err != nil || existing || p.GetId() != "p1" {
			t.Fatalf("CreatePost = %v, %t, %v", p, existing, err)
		}
	}
	if len(*got) != 5 || *waited == 0 {
		t.Fatalf("%d requests after %s of waiting, want 5 after some", len(*got), *waited)
	}
	first := (*got)[0]
	if first.key == "" || first.body == "" {
		t.Errorf("the first request has the key %q and the body %q", first.key, first.body)
	}
	for i, s := range (*got)[:4] {
		if s != first {
			t.Errorf("request %d is %v, want %v again", i, s, first)
		}
	}
	if (*got)[4].key == first.key {
		t.Error("the next write has the key of the one before")
	}
}

func TestAWriteIsGivenUp(t *testing.T) {
	t.Parallel()
	busy := make([]error, 1000)
	for i := range busy {
		busy[i] = fault.Unavailable("too busy")
	}
	for name, test := range map[string]struct {
		refusals []error
		kind     fault.Kind
		most     int
	}{
		"refused":         {[]error{fault.Invalid("title", "is empty")}, fault.KindInvalid, 1},
		"in conflict":     {[]error{fault.Conflict("the address is taken")}, fault.KindConflict, 1},
		"broken":          {[]error{errors.New("a panic")}, fault.KindInternal, 1},
		"busy for ever":   {busy, fault.KindUnavailable, 100},
		"busy, then not":  {[]error{fault.Unavailable("too busy"), fault.Denied("no")}, fault.KindDenied, 2},
		"version is gone": {[]error{fault.New(fault.KindStale, "revised meanwhile")}, fault.KindStale, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, got, waited := flaky(t, test.refusals...)
			_, err := c.PublishPost(t.Context(), "p1")
			if fault.KindOf(err) != test.kind || len(*got) > test.most {
				t.Errorf("PublishPost = %v after %d requests, want %v after at most %d", err, len(*got), test.kind, test.most)
			}
			if *waited > patience+longestWait {
				t.Errorf("it waited %s, want at most %s", *waited, patience+longestWait)
			}
		})
	}
}

func TestAWriteEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, got, _ := flaky(t, fault.Unavailable("too busy"), fault.Unavailable("too busy"))
	c.pause = func(ctx context.Context, _ time.Duration) error { cancel(); return pause(ctx, time.Hour) }
	if _, err := c.WithdrawPost(ctx, "p1"); err == nil || len(*got) != 1 {
		t.Errorf("WithdrawPost = %v after %d requests, want an error after 1", err, len(*got))
	}
}
