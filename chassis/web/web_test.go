package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/web"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestProblemTable shows the whole answer to each kind of fault: the table is a
// promise to clients.
func TestProblemTable(t *testing.T) {
	t.Parallel()
	violations := []fault.Violation{{Field: "title", Message: "is empty"}, {Field: "tags[3]", Message: "has 60 bytes; at most 50"}}
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 2, 3, 15: 16}, SpanID: trace.SpanID{1}})
	var got bytes.Buffer
	show := func(err error) {
		w := httptest.NewRecorder()
		w.Header().Set("ETag", `"old"`)
		r := httptest.NewRequestWithContext(trace.ContextWithSpanContext(t.Context(), span), http.MethodGet, "/", nil)
		web.WriteProblem(w, r, err)
		fmt.Fprintf(&got, "%d %s\n", w.Code, http.StatusText(w.Code))
		if err := w.Result().Header.Write(&got); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "\n%s\n", w.Body)
	}
	for kind := fault.KindInternal; kind <= fault.KindUnavailable; kind++ {
		show(fmt.Errorf("create post: %w", fault.New(kind, "Text for people.")))
	}
	show(fault.InvalidFields(violations...))
	show(errors.New("password=hunter2 is not for people"))
	show(context.DeadlineExceeded)
	golden(t, "problems.txt", strings.ReplaceAll(got.String(), "\r\n", "\n"))
}

func golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func get(t testing.TB, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func TestOps(t *testing.T) {
	t.Parallel()
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics") })
	var health process.Health
	plain, profiled := web.Ops(&health, metrics, false), web.Ops(&health, metrics, true)
	if w := get(t, plain, "/healthz"); w.Code != http.StatusOK || w.Body.String() != "ok\n" {
		t.Errorf("/healthz = %d %q, want it alive before it is ready", w.Code, w.Body)
	}
	if w := get(t, plain, "/metrics"); w.Code != http.StatusOK || w.Body.String() != "metrics" {
		t.Errorf("/metrics = %d %q, want the metrics", w.Code, w.Body)
	}
	if w := get(t, plain, "/debug/pprof/"); w.Code != http.StatusNotFound {
		t.Errorf("/debug/pprof/ = %d, want 404 unless asked for", w.Code)
	}
	if w := get(t, profiled, "/debug/pprof/"); w.Code != http.StatusOK {
		t.Errorf("/debug/pprof/ = %d, want 200 when asked for", w.Code)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var health process.Health
	ops := web.Ops(&health, http.NotFoundHandler(), false)
	steps := []struct {
		name   string
		change func()
		code   int
		body   string
	}{
		{"not started", func() {}, http.StatusServiceUnavailable, `{"status":"waiting","checks":{}}`},
		{"a failed check", func() {
			health.Started(true)
			health.Set("database", errors.New("does not answer"))
			health.Set("schema", nil)
		}, http.StatusServiceUnavailable, `{"status":"waiting","checks":{"database":{"ok":false,"detail":"does not answer"},"schema":{"ok":true}}}`},
		{"all is well", func() { health.Set("database", nil) }, http.StatusOK, `{"status":"ready","checks":{"database":{"ok":true},"schema":{"ok":true}}}`},
		{"stopping", func() { health.Started(false) }, http.StatusServiceUnavailable, `{"status":"waiting","checks":{"database":{"ok":true},"schema":{"ok":true}}}`},
	}
	for _, s := range steps {
		s.change()
		w := get(t, ops, "/readyz")
		var got, want any
		if err := errors.Join(json.Unmarshal(w.Body.Bytes(), &got), json.Unmarshal([]byte(s.body), &want)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); w.Code != s.code || diff != "" {
			t.Errorf("%s: %d, want %d, body (-want +got):\n%s", s.name, w.Code, s.code, diff)
		}
	}
}

func TestServeLetsARequestFinish(t *testing.T) {
	t.Parallel()
	begun, release, bound := make(chan struct{}), make(chan struct{}), make(chan net.Addr, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-release
		if err := r.Context().Err(); err != nil {
			t.Errorf("the request's context ended with %v while it was served", err)
		}
		_, _ = io.WriteString(w, "finished")
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	part := web.Serve("web", "127.0.0.1:0", h, quiet(), func(a net.Addr) { bound <- a })
	go func() { ended <- part.Run(ctx, func() {}) }()
	addr := (<-bound).String()
	var all sync.WaitGroup
	all.Go(func() {
		body, err := fetch(t.Context(), "http://"+addr)
		if err != nil || body != "finished" {
			t.Errorf("the request in flight: %q, %v, want it finished", body, err)
		}
	})
	<-begun
	stop()
	// New connections are refused before the old request has ended.
	for {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			break
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-ended:
		t.Errorf("the server ended with %v before its request", err)
	default:
	}
	close(release)
	all.Wait()
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
}

func fetch(ctx context.Context, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	return string(body), errors.Join(err, resp.Body.Close())
}

func TestServeTellsWhenThePortIsTaken(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // nothing was accepted
	addr := l.Addr().String()
	err = web.Serve("web", addr, http.NotFoundHandler(), quiet(), nil).Run(t.Context(), func() { t.Error("it is ready") })
	if err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("Serve = %v, want an error that names %s", err, addr)
	}
}
