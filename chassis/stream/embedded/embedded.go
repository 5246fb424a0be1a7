// Package embedded runs nats-server with JetStream inside this process, without
// a socket, for the one-binary form and for tests.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// maxStore is more than all streams of an installation may hold together.
const maxStore = 16 << 30

// startTimeout is what a server with a large store may take to recover it.
const startTimeout = 60 * time.Second

// Server is a running embedded server. It implements nats.InProcessConnProvider.
type Server struct{ *server.Server }

// Start runs a server that keeps its streams in dir. The caller holds the lock
// on dir: nats-server takes none.
func Start(ctx context.Context, log *slog.Logger, dir string) (*Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "parution",
		DontListen: true,
		NoSigs:     true,
		JetStream:  true,
		StoreDir:   dir,
		// A bound, not a reservation: by default it is a part of the free disk, and
		// on a small one streams would not be made at all.
		JetStreamMaxStore: maxStore,
		NoSystemAccount:   false,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the embedded NATS server: %w", err)
	}
	fatal := make(chan string, 1)
	s.SetLoggerV2(logger{ctx: ctx, log: log, fatal: fatal}, false, false, false)
	s.Start()
	select {
	case reason := <-fatal: // a server of its own would have ended its process
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("the embedded NATS server did not start: %s", reason)
	default:
	}
	if !s.ReadyForConnections(startTimeout) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, errors.New("the embedded NATS server did not start: see the log; its folder " + dir + " may be removed, nothing is lost with it")
	}
	return &Server{s}, nil
}

// Stop shuts the server down and waits until its files are closed.
func (s *Server) Stop() {
	s.Shutdown()
	s.WaitForShutdown()
}

// logger passes the server's messages on: only what needs attention at a level
// that is shown.
type logger struct {
	ctx context.Context //nolint:containedctx // nats-server's logger has no context of its own
	log *slog.Logger
	// fatal learns the first message that the server would end its process with.
	fatal chan<- string
}

func (l logger) Noticef(format string, v ...any) { l.debug(format, v) }
func (l logger) Debugf(format string, v ...any)  { l.debug(format, v) }
func (l logger) Tracef(format string, v ...any)  { l.debug(format, v) }
func (l logger) Warnf(format string, v ...any) {
	l.log.WarnContext(l.ctx, "embedded NATS server", "detail", fmt.Sprintf(format, v...))
}

func (l logger) Errorf(format string, v ...any) {
	l.log.ErrorContext(l.ctx, "embedded NATS server", "detail", fmt.Sprintf(format, v...))
}

func (l logger) Fatalf(format string, v ...any) {
	l.Errorf(format, v...)
	select {
	case l.fatal <- fmt.Sprintf(format, v...):
	default: // the first one says it
	}
}

func (l logger) debug(format string, v []any) {
	if l.log.Enabled(l.ctx, slog.LevelDebug) {
		l.log.DebugContext(l.ctx, "embedded NATS server", "detail", fmt.Sprintf(format, v...))
	}
}
