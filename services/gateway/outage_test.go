package gateway_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/telemetry"
)

func TestWithoutABrokerChangesShowAllTheSame(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/posts/a", "before", "post:a")
	f.get(t, "/posts/a")
	f.broker.Stop()
	f.press("main", "/posts/a", "while away", "post:a")
	f.await(t, "/posts/a", "while away")
	f.press("main", "/posts/a", "still away", "post:a")
	f.await(t, "/posts/a", "still away")
	f.broker.Restart(t)
	f.until(t, "/posts/a", func(answer) bool { // until the feed is live again
		asked := f.times("/posts/a")
		f.get(t, "/posts/a")
		return f.nc.IsConnected() && f.times("/posts/a") == asked
	})
	f.press("main", "/posts/a", "after", "post:a")
	f.tell(t, 1, "post:a")
	f.await(t, "/posts/a", "after")
}

func TestOneTraceAndItsMetrics(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	reader := sdkmetric.NewManualReader()
	tel := telemetry.Discard()
	tel.Tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	f := startWith(t, tel)
	f.press("main", "/posts/a", "before", "post:a")
	f.get(t, "/posts/a")
	f.get(t, "/posts/a")
	f.get(t, "/api/v1/posts/p9")
	ctx, span := tel.Tracers.Tracer("test").Start(t.Context(), "the notice's sender")
	f.press("main", "/posts/a", "after", "post:a")
	f.tellIn(ctx, t, 1, "post:a")
	f.await(t, "/posts/a", "after")
	span.End()
	want := span.SpanContext().TraceID()
	if !slices.ContainsFunc(spans.Ended(), func(s sdktrace.ReadOnlySpan) bool {
		return s.Name() == "drop pages" && s.SpanContext().TraceID() == want && s.SpanKind() == trace.SpanKindConsumer
	}) {
		t.Errorf("no span %q in the sender's trace", "drop pages")
	}
	f.public.Close() // a server's span ends after its answer
	if !slices.ContainsFunc(spans.Ended(), func(s sdktrace.ReadOnlySpan) bool { return s.Name() == "GET /api/v1/posts/{id}" }) {
		t.Error("no span is named for its route")
	}
	var metrics metricdata.ResourceMetrics
	if err := reader.Collect(context.WithoutCancel(t.Context()), &metrics); err != nil {
		t.Fatalf("collect: %v", err)
	}
	var names []string
	for _, s := range metrics.ScopeMetrics {
		for _, m := range s.Metrics {
			names = append(names, m.Name)
			if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "parution_gateway_cache_requests_total" {
				for _, p := range sum.DataPoints {
					if r, _ := p.Attributes.Value("result"); r.AsString() == "hit" && p.Value < 1 {
						t.Errorf("hits = %d, want some", p.Value)
					}
				}
			}
		}
	}
	for _, name := range []string{"parution_gateway_cache_requests_total", "parution_publish_visible_seconds", "http.server.request.duration"} {
		if !slices.Contains(names, name) {
			t.Errorf("no metric %s in %s", name, strings.Join(names, " "))
		}
	}
}

func TestSitesThatAreNotKnownYet(t *testing.T) {
	t.Parallel()
	f := startUnknown(t)
	if got := f.get(t, "/"); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("GET / before the sites are known = %d", got.status)
	}
	if got := f.get(t, "/api/v1/posts"); got.status != http.StatusServiceUnavailable {
		t.Errorf("GET /api/v1/posts before the sites are known = %d", got.status)
	}
	if ready, checks := f.health.Report(); ready || checks["sites"] == nil {
		t.Errorf("readiness %t %v, want it to name the sites", ready, checks)
	}
	if got := f.get(t, "/healthz"); got.status != http.StatusOK {
		t.Errorf("GET /healthz = %d", got.status)
	}
	f.setDown(false)
	f.press("main", "/", "home", "posts")
	f.await(t, "/", "home")
}
