// Package telemetry sets up traces, metrics and logs with OpenTelemetry. It
// changes no globals but for TakeLog: what Start returns is handed to whoever needs it.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/exporters/autoexport"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// Config names the program.
type Config struct {
	Service string // "posts"
	Version string
	// Level is the least level that is logged.
	Level slog.Level
}

// Telemetry is where a process tells what it does. Safe for concurrent use.
type Telemetry struct {
	Log     *slog.Logger
	Tracers trace.TracerProvider
	Meters  metric.MeterProvider
	// Propagator carries traces between processes: W3C Trace Context and Baggage.
	Propagator propagation.TextMapPropagator
	// Metrics serves the metrics in Prometheus' format.
	Metrics http.Handler

	stop []func(context.Context) error
}

// Start sets telemetry up as the OTEL_* variables say. Without an exporter
// spans have ids, which logs show, and go nowhere.
func Start(ctx context.Context, cfg Config) (*Telemetry, error) {
	res, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName(cfg.Service), semconv.ServiceVersion(cfg.Version)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("describe this process: %w", err)
	}
	t := &Telemetry{
		Log:        newLogger(os.Stderr, cfg.Level),
		Propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
	}
	if err := t.startTraces(ctx, res); err != nil {
		return nil, err
	}
	if err := t.startMetrics(ctx, res); err != nil {
		return nil, errors.Join(err, t.Stop(ctx))
	}
	return t, nil
}

// wanted tells whether the environment asks for an exporter of a signal. The
// SDK's own default, localhost:4317, would fill a newcomer's log with errors.
func wanted(signal string) bool {
	for _, name := range []string{"OTEL_" + signal + "_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

func (t *Telemetry) startTraces(ctx context.Context, res *resource.Resource) error {
	opts := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	if wanted("TRACES") {
		exporter, err := autoexport.NewSpanExporter(ctx)
		if err != nil {
			return fmt.Errorf("prepare the trace exporter: %w", err)
		}
		opts = append(opts, sdktrace.WithBatcher(exporter))
	} else {
		opts = append(opts, sdktrace.WithSampler(sdktrace.NeverSample()))
	}
	p := sdktrace.NewTracerProvider(opts...)
	t.Tracers, t.stop = p, append(t.stop, p.Shutdown)
	return nil
}

func (t *Telemetry) startMetrics(ctx context.Context, res *resource.Resource) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := otelprom.New(otelprom.WithRegisterer(registry), otelprom.WithoutScopeInfo())
	if err != nil {
		return fmt.Errorf("prepare the metrics: %w", err)
	}
	opts := []sdkmetric.Option{sdkmetric.WithResource(res), sdkmetric.WithReader(reader)}
	if wanted("METRICS") {
		r, err := autoexport.NewMetricReader(ctx)
		if err != nil {
			return fmt.Errorf("prepare the metric exporter: %w", err)
		}
		opts = append(opts, sdkmetric.WithReader(r))
	}
	p := sdkmetric.NewMeterProvider(opts...)
	t.Meters, t.stop = p, append(t.stop, p.Shutdown)
	t.Metrics = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return nil
}

// Stop sends what is still to be sent.
func (t *Telemetry) Stop(ctx context.Context) error {
	var err error
	for _, stop := range t.stop {
		err = errors.Join(err, stop(ctx))
	}
	return err
}

// Tracer is the tracer of a package.
func (t *Telemetry) Tracer(scope string) trace.Tracer { return t.Tracers.Tracer("parution/" + scope) }

// Meter is the meter of a package.
func (t *Telemetry) Meter(scope string) metric.Meter { return t.Meters.Meter("parution/" + scope) }

// Discard tells nobody; for tests and for short commands.
func Discard() *Telemetry {
	return &Telemetry{
		Log:        slog.New(slog.DiscardHandler),
		Tracers:    tracenoop.NewTracerProvider(),
		Meters:     metricnoop.NewMeterProvider(),
		Propagator: propagation.TraceContext{},
		Metrics:    http.NotFoundHandler(),
	}
}
