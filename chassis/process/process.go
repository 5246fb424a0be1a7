// Package process starts the parts of a program in order and stops them in
// reverse.
package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Part is something that runs: a server, a relay, a connection. Run calls
// ready once others may rely on it, and returns when ctx ends. It may return
// nil earlier if its work is done; an error stops the whole program.
type Part struct {
	Name string
	Run  func(ctx context.Context, ready func()) error
}

type running struct {
	Part

	cancel context.CancelFunc
	ready  chan struct{}
	done   chan struct{}
	err    error
}

// Run starts parts one after the other, each once the one before is ready, and
// runs until ctx ends or a part fails. Then it stops them in reverse order; a
// part that has not stopped within grace is named in the error and left behind.
func Run(ctx context.Context, log *slog.Logger, grace time.Duration, parts ...Part) error {
	failed := make(chan *running, len(parts))
	var started []*running
	var first error
	for _, p := range parts {
		r := start(context.WithoutCancel(ctx), p, failed)
		started = append(started, r)
		select {
		case <-r.ready:
			continue
		case bad := <-failed:
			first = fmt.Errorf("%s: %w", bad.Name, bad.err)
		case <-ctx.Done():
		}
		break
	}
	if first == nil {
		select {
		case bad := <-failed:
			first = fmt.Errorf("%s: %w", bad.Name, bad.err)
		case <-ctx.Done():
			log.DebugContext(ctx, "stopping")
		}
	}
	return errors.Join(first, stop(started, grace))
}

func start(ctx context.Context, p Part, failed chan<- *running) *running {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{Part: p, cancel: cancel, ready: make(chan struct{}), done: make(chan struct{})}
	isReady := false
	go func() {
		defer close(r.done)
		r.err = p.Run(ctx, func() {
			if !isReady {
				isReady = true
				close(r.ready)
			}
		})
		switch {
		case r.err != nil && ctx.Err() == nil:
			failed <- r
		case r.err == nil && !isReady:
			close(r.ready) // a part that was done at once
		}
	}()
	return r
}

func stop(parts []*running, grace time.Duration) error {
	deadline := time.NewTimer(grace)
	defer deadline.Stop()
	var hung []string
	for _, p := range slices.Backward(parts) {
		p.cancel()
		select {
		case <-p.done:
		case <-deadline.C:
			hung = append(hung, p.Name)
			deadline.Reset(0)
		}
	}
	if len(hung) > 0 {
		return fmt.Errorf("did not stop within %s: %s", grace, strings.Join(hung, ", "))
	}
	return nil
}

// Main runs a program until SIGINT or SIGTERM, prints its error for people and
// answers the exit code. A second signal ends the process at once.
func Main(run func(ctx context.Context) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) //nolint:forbidigo // the first context of every program
	context.AfterFunc(ctx, stop)                                                           // gives the second signal back its default
	defer stop()
	err := run(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "error:", err)
	if code, ok := errors.AsType[*ExitError](err); ok {
		return code.Code
	}
	return 1
}

// ExitError is an error with an exit code of its own.
type ExitError struct {
	Code int
	Err  error
}

// Error implements error.
func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap is the error itself.
func (e *ExitError) Unwrap() error { return e.Err }

// RunUntil runs parts for the time of one piece of work: it starts them, does
// the work, stops them, and returns the work's error.
func RunUntil(ctx context.Context, log *slog.Logger, grace time.Duration, work Part, parts ...Part) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var result error
	last := Part{Name: work.Name, Run: func(ctx context.Context, ready func()) error {
		defer cancel()
		ready()
		result = work.Run(ctx, ready)
		return nil
	}}
	err := Run(ctx, log, grace, append(slices.Clone(parts), last)...)
	if result != nil {
		return result
	}
	return err
}
