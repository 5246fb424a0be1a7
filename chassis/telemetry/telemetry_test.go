package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/telemetry"
)

// start is telemetry without any exporter. Tests that use it are not parallel:
// it reads the environment.
func start(t testing.TB) *telemetry.Telemetry {
	t.Helper()
	tel, err := telemetry.Start(t.Context(), telemetry.Config{Service: "posts", Version: "1.2.3"})
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := tel.Stop(t.Context()); err != nil && t.Context().Err() == nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return tel
}

func TestLogLinesCarryTheTrace(t *testing.T) {
	tel := start(t)
	ctx, span := tel.Tracer("test").Start(t.Context(), "work")
	defer span.End()
	if !span.SpanContext().IsValid() {
		t.Fatal("a span without an exporter has no ids; logs need them")
	}
	var out bytes.Buffer
	log := slog.New(telemetry.WithTrace(slog.NewJSONHandler(&out, nil)))
	log.With("post_id", "p1").InfoContext(ctx, "published")
	log.InfoContext(t.Context(), "outside")
	var lines []map[string]any
	for line := range strings.Lines(out.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		lines = append(lines, fields)
	}
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2", len(lines))
	}
	sc := span.SpanContext()
	if in := lines[0]; in["trace_id"] != sc.TraceID().String() || in["span_id"] != sc.SpanID().String() || in["post_id"] != "p1" {
		t.Errorf("line = %v, want the ids of %v", in, sc)
	}
	if _, ok := lines[1]["trace_id"]; ok {
		t.Errorf("line = %v, want no trace outside a span", lines[1])
	}
}

func metrics(t testing.TB, tel *telemetry.Telemetry) []string {
	t.Helper()
	w := httptest.NewRecorder()
	tel.Metrics.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("/metrics = %d, want 200", w.Code)
	}
	return strings.Split(w.Body.String(), "\n")
}

// TestMetricsKeepTheirNames holds the names that alerts and dashboards use,
// with the instruments and units that the packages use.
func TestMetricsKeepTheirNames(t *testing.T) {
	tel := start(t)
	meter, ctx := tel.Meter("test"), t.Context()
	attrs := metric.WithAttributes(attribute.String("owner", "posts"))
	unsent, err1 := meter.Int64ObservableGauge("parution_outbox_unsent")
	lag, err2 := meter.Float64ObservableGauge("parution_projection_lag_seconds", metric.WithUnit("s"))
	letters, err3 := meter.Int64UpDownCounter("parution_dead_letters")
	requests, err4 := meter.Int64Counter("parution_gateway_cache_requests_total")
	visible, err5 := meter.Float64Histogram("parution_publish_visible_seconds", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(1))
	_, err6 := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(unsent, 3, attrs)
		o.ObserveFloat64(lag, 0.25, attrs)
		return nil
	}, unsent, lag)
	for _, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err != nil {
			t.Fatal(err)
		}
	}
	letters.Add(ctx, 2, attrs)
	requests.Add(ctx, 1, attrs)
	visible.Record(ctx, 0.5, attrs)
	got := metrics(t, tel)
	for _, line := range []string{
		`parution_outbox_unsent{owner="posts"} 3`,
		`parution_projection_lag_seconds{owner="posts"} 0.25`,
		`parution_dead_letters{owner="posts"} 2`,
		`parution_gateway_cache_requests_total{owner="posts"} 1`,
		`parution_publish_visible_seconds_bucket{owner="posts",le="1"} 1`,
		`parution_publish_visible_seconds_sum{owner="posts"} 0.5`,
	} {
		if !slices.Contains(got, line) {
			t.Errorf("no line %s in:\n%s", line, strings.Join(slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, "parution_") }), "\n"))
		}
	}
}

func TestMetricsTellAboutTheProcess(t *testing.T) {
	got := strings.Join(metrics(t, start(t)), "\n")
	for _, want := range []string{"go_goroutines ", "process_start_time_seconds ", `service_name="posts"`, `service_version="1.2.3"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in /metrics", want)
		}
	}
}

func TestTwoInOneProcessDoNotMeet(t *testing.T) {
	first, second := start(t), start(t)
	for _, tel := range []*telemetry.Telemetry{first, second} {
		counter, err := tel.Meter("test").Int64Counter("parution_test_total")
		if err != nil {
			t.Fatal(err)
		}
		counter.Add(t.Context(), 1)
		if !slices.Contains(metrics(t, tel), "parution_test_total 1") {
			t.Error("a counter does not count for itself")
		}
	}
}

func TestAnExporterThatDoesNotExistIsAnError(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "no-such-exporter")
	if _, err := telemetry.Start(t.Context(), telemetry.Config{Service: "posts"}); err == nil {
		t.Error("Start = nil, want an error that names the setting")
	}
}

func TestTracesTravelAsW3C(t *testing.T) {
	tel := start(t)
	ctx, span := tel.Tracer("test").Start(t.Context(), "work")
	defer span.End()
	carrier := propagation.MapCarrier{}
	tel.Propagator.Inject(ctx, carrier)
	back := trace.SpanContextFromContext(tel.Propagator.Extract(t.Context(), carrier))
	if back.TraceID() != span.SpanContext().TraceID() || !back.IsRemote() {
		t.Errorf("traceparent %q reads as %v, want trace %v", carrier.Get("traceparent"), back, span.SpanContext().TraceID())
	}
}

func TestDiscardCanBeUsed(t *testing.T) {
	t.Parallel()
	tel := telemetry.Discard()
	_, span := tel.Tracer("test").Start(t.Context(), "work")
	span.End()
	tel.Log.InfoContext(t.Context(), "heard by nobody")
	if err := tel.Stop(t.Context()); err != nil {
		t.Errorf("Stop = %v, want nil", err)
	}
}
