package gateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAGatewayThatStopsSendsClientsElsewhere(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/", "home", "posts")
	f.get(t, "/")
	answer := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		f.service.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	paths := []string{"/", "/none", "/api/v1/posts"}
	for _, path := range paths {
		if got := answer(path).Header().Get("Connection"); got != "" {
			t.Errorf("GET %s while it runs: Connection %q, want it to stay", path, got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.health.ReadyPart(0).Run(ctx, func() {}); err != nil {
		t.Fatalf("stop: %v", err)
	}
	for _, path := range paths {
		if got := answer(path); got.Header().Get("Connection") != "close" || got.Code >= http.StatusInternalServerError {
			t.Errorf("GET %s while it stops = %d, Connection %q; want an answer and close", path, got.Code, got.Header().Get("Connection"))
		}
	}
	if ready, _ := f.health.Report(); ready {
		t.Error("it is still ready")
	}
}
