// Package web serves HTTP: the limits that every server has, the answers to
// errors, the operations port.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/parution/parution/chassis/process"
)

// The limits against slow and greedy clients.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 75 * time.Second
	maxHeaderBytes    = 16 << 10
	stopTimeout       = 10 * time.Second
)

// Serve is a part that serves h on addr ("host:port"). It is ready once it listens; bound
// learns the address, which matters for port 0.
func Serve(name, addr string, h http.Handler, log *slog.Logger, bound func(net.Addr)) process.Part {
	return process.Part{Name: name, Run: func(ctx context.Context, ready func()) error {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("another program has %s already", addr)
		}
		if err != nil {
			return fmt.Errorf("listen on %s: %w", addr, err)
		}
		return ServeOn(ctx, l, h, log, func() {
			if bound != nil {
				bound(l.Addr())
			}
			ready()
		})
	}}
}

// ServeOn serves h on l until ctx ends, then lets requests finish; those that only
// wait see it by process.UntilStopping.
func ServeOn(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger, ready func()) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what clients did wrong
		BaseContext: func(net.Listener) context.Context {
			return process.WithStopping(context.WithoutCancel(ctx), ctx.Done())
		},
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	ready()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := s.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
