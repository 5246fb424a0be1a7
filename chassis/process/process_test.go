package process_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parution/parution/chassis/process"
)

// journal notes what happens, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) part(name string) process.Part {
	return process.Part{Name: name, Run: func(ctx context.Context, ready func()) error {
		j.add("start " + name)
		ready()
		<-ctx.Done()
		j.add("stop " + name)
		return nil
	}}
}

func TestRunStartsInOrderAndStopsInReverse(t *testing.T) {
	t.Parallel()
	var j journal
	ctx, cancel := context.WithCancel(t.Context())
	last := process.Part{Name: "last", Run: func(context.Context, func()) error { cancel(); return nil }}
	if err := process.Run(ctx, slog.New(slog.DiscardHandler), time.Minute, j.part("a"), j.part("b"), last); err != nil {
		t.Fatalf("Run = %v, want nil", err)
	}
	if want := []string{"start a", "start b", "stop b", "stop a"}; !slices.Equal(j.lines, want) {
		t.Errorf("order = %v, want %v", j.lines, want)
	}
}

func TestRunStopsAllWhenOneFails(t *testing.T) {
	t.Parallel()
	var j journal
	boom := errors.New("boom")
	bad := process.Part{Name: "bad", Run: func(context.Context, func()) error { return boom }}
	err := process.Run(t.Context(), slog.New(slog.DiscardHandler), time.Minute, j.part("a"), bad, j.part("never"))
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), "bad") {
		t.Errorf("Run = %v, want boom of the part bad", err)
	}
	if want := []string{"start a", "stop a"}; !slices.Equal(j.lines, want) {
		t.Errorf("order = %v, want %v", j.lines, want)
	}
}

func TestRunStopsWhileAPartIsWaiting(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	waiting := process.Part{Name: "waiting", Run: func(ctx context.Context, _ func()) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}}
	if err := process.Run(ctx, slog.New(slog.DiscardHandler), time.Minute, waiting); err != nil {
		t.Errorf("Run = %v, want nil after a stop", err)
	}
}

func TestRunNamesWhatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		hanging := process.Part{Name: "hanging", Run: func(_ context.Context, ready func()) error {
			ready()
			cancel()
			<-release
			return nil
		}}
		err := process.Run(ctx, slog.New(slog.DiscardHandler), time.Second, hanging)
		close(release)
		if err == nil || !strings.Contains(err.Error(), "hanging") {
			t.Errorf("Run = %v, want an error naming the part", err)
		}
	})
}

func TestAProcessThatStopsServesOnForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var health process.Health
		var retired, served time.Time
		health.OnStop(func() { retired = time.Now() })
		serving := process.Part{Name: "serving", Run: func(ctx context.Context, ready func()) error {
			ready()
			<-ctx.Done()
			served = time.Now()
			return nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- process.Run(ctx, slog.New(slog.DiscardHandler), time.Minute, serving, health.ReadyPart(5*time.Second))
		}()
		synctest.Wait()
		if ready, _ := health.Report(); !ready || health.Stopping() {
			t.Errorf("ready %t, stopping %t; want ready", ready, health.Stopping())
		}
		stopped := time.Now()
		cancel()
		synctest.Wait()
		if ready, _ := health.Report(); ready || !health.Stopping() || !served.IsZero() {
			t.Errorf("after the signal: ready %t, stopping %t, served until %s; want it to serve on", ready, health.Stopping(), served)
		}
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
		if retired.Sub(stopped) != 0 || served.Sub(stopped) != 5*time.Second {
			t.Errorf("retired after %s, served for %s, want at once and 5s", retired.Sub(stopped), served.Sub(stopped))
		}
	})
}
