package gateway_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// pageBytes is about as long as a post.
const pageBytes = 30 << 10

// bareServer sends the same bytes from memory and does nothing else: the
// practical limit of net/http.
func bareServer(t testing.TB, page string) http.Handler {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, page); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	body := packed.Bytes()
	kind, vary, enc, length := []string{"text/html; charset=utf-8"}, []string{"Accept-Encoding"}, []string{"gzip"}, []string{strconv.Itoa(len(body))}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Content-Type"], h["Vary"], h["Content-Encoding"], h["Content-Length"] = kind, vary, enc, length
		_, _ = w.Write(body)
	})
}

// sameBytes sends what the gateway sends, to the byte: the security fields alone
// cost net/http a quarter more than a server without them.
func sameBytes(a answer) http.Handler {
	body := []byte(a.body)
	a.header.Del("Date")
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), a.header)
		_, _ = w.Write(body)
	})
}

// BenchmarkHit compares a cached page with a bare server over loopback, with
// keep-alive connections.
func BenchmarkHit(b *testing.B) {
	f := start(b)
	page := strings.Repeat("<p>Some text that is not all the same "+strings.Repeat("é", 7)+"</p>\n", pageBytes/64)
	f.press("main", "/posts/a", page, "site", "post:a")
	bare := httptest.NewServer(bareServer(b, page))
	b.Cleanup(bare.Close)
	b.Run("bare", func(b *testing.B) { hammer(b, bare.URL) })
	same := httptest.NewServer(sameBytes(f.get(b, "/posts/a", with("Accept-Encoding", "gzip"))))
	b.Cleanup(same.Close)
	b.Run("bare, same fields", func(b *testing.B) { hammer(b, same.URL) })
	b.Run("gateway", func(b *testing.B) {
		f.beat(b, 1) // without heartbeats every hit would be confirmed
		hammer(b, f.public.URL)
		b.ReportMetric(float64(f.times("/posts/a")), "fills")
	})
}

func hammer(b *testing.B, base string) {
	b.Helper()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	b.Cleanup(transport.CloseIdleConnections)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := http.NewRequestWithContext(context.WithoutCancel(b.Context()), http.MethodGet, base+"/posts/a", nil)
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Accept-Encoding", "gzip")
			resp, err := transport.RoundTrip(r)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
				b.Errorf("answer %d: %v", resp.StatusCode, err)
			}
			_ = resp.Body.Close()
		}
	})
}

// BenchmarkHandler measures the handler alone, without a connection.
func BenchmarkHandler(b *testing.B) {
	f := start(b)
	f.press("main", "/posts/a", strings.Repeat("x", pageBytes), "site", "post:a")
	h := f.service.Handler()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/posts/a", nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	h.ServeHTTP(httptest.NewRecorder(), r)
	w := &sink{header: make(http.Header)}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}
