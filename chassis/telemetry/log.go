package telemetry

import (
	"context"
	"log" //nolint:depguard // what libraries write with it is taken over
	"log/slog"
	"os"

	"go.opentelemetry.io/otel/trace"
)

// Logger writes to standard error what is at least level, for short commands.
func Logger(level slog.Level) *slog.Logger { return newLogger(os.Stderr, level) }

// newLogger writes text for a person at a terminal and JSON for everything else.
func newLogger(out *os.File, level slog.Level) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if info, err := out.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return slog.New(WithTrace(slog.NewTextHandler(out, opts)))
	}
	return slog.New(WithTrace(slog.NewJSONHandler(out, opts)))
}

// TakeLog has lines that libraries write with the standard library's log go through Log,
// as warnings. It is the one global that telemetry changes, and for programs only: what is
// written so has no other way to be a line like the others.
func (t *Telemetry) TakeLog() {
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(t.Log.Handler(), slog.LevelWarn).Writer())
}

// WithTrace adds trace_id and span_id of the context to each line.
func WithTrace(h slog.Handler) slog.Handler { return traced{h} }

type traced struct{ slog.Handler }

// Handle implements slog.Handler.
func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		r.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }
