package gateway_test

import (
	"net/http"
	"testing"

	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/services/gateway"
)

func TestTooManyRequestsAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	cfg := gateway.Defaults()
	cfg.MaxInFlight = 2
	f := startAs(t, telemetry.Discard(), newBehind(), cfg)
	f.press("main", "/posts/kept", "kept", "post:kept")
	f.get(t, "/posts/kept")
	f.mu.Lock()
	f.gate, f.entered = make(chan struct{}), make(chan struct{}, 1)
	gate, entered := f.gate, f.entered
	f.mu.Unlock()
	working := make(chan answer, cfg.MaxInFlight)
	for _, path := range []string{"/posts/a", "/posts/b"} {
		f.press("main", path, "made", "post:"+path)
		go func() { working <- f.get(t, path) }()
		<-entered // render is at it
	}
	f.mu.Lock()
	f.gate = nil // whoever comes now would be answered, were there room
	f.mu.Unlock()
	for name, got := range map[string]answer{
		"page":     f.get(t, "/posts/c"),
		"call":     f.get(t, "/api/v1/posts"),
		"creation": f.call(t, http.MethodPost, "/api/v1/posts", `{"title":"A"}`, token("author")),
		"file":     f.get(t, "/media/x.png"),
		"operator": send(t, f.admin.URL, http.MethodGet, "/api/v1/posts", ""),
	} {
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || got.header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s = %d %v, want 503 with Retry-After", name, got.status, got.header)
			continue
		}
		if p := got.problem(t); p.Type != "/problems/unavailable" {
			t.Errorf("%s: problem %+v", name, p)
		}
	}
	if got := f.get(t, "/posts/kept"); got.status != http.StatusOK || got.body != "kept" {
		t.Errorf("a page from memory = %d %s, want it all the same", got.status, got.body)
	}
	for name, base := range map[string]string{"public": f.public.URL, "admin": f.admin.URL} {
		if got := send(t, base, http.MethodGet, "/healthz", ""); got.status != http.StatusOK {
			t.Errorf("%s: GET /healthz = %d, want 200", name, got.status)
		}
	}
	close(gate)
	for range cfg.MaxInFlight {
		if got := <-working; got.status != http.StatusOK || got.body != "made" {
			t.Errorf("a request that was worked on = %d %s", got.status, got.body)
		}
	}
	if got := f.get(t, "/api/v1/posts"); got.status != http.StatusOK {
		t.Errorf("a call when there is room again = %d %s", got.status, got.body)
	}
}

func TestBoundOfRequestsIsChecked(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, 0, 1<<20 + 1} {
		cfg := gateway.Defaults()
		cfg.MaxInFlight = n
		if err := cfg.Validate(); err == nil {
			t.Errorf("max-in-flight %d is taken", n)
		}
	}
}
