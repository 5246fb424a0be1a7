// Package rpc builds every gRPC server and client: who calls, who may, how
// long, what errors become, and the trace of it all.
package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/telemetry"
)

const (
	// maxMessage bounds a message: a post of 1 MiB fits with all around it.
	maxMessage = 4 << 20
	// spare is kept of each deadline so that the server can say what ran out.
	spare = 20 * time.Millisecond
	// least is what a call must have left to be worth starting.
	least = 100 * time.Millisecond
	// defaultTimeout is for callers that set no deadline.
	defaultTimeout = 10 * time.Second
	stopTimeout    = 10 * time.Second

	principalHeader   = "parution-principal"
	authorization     = "authorization"
	idempotencyHeader = "idempotency-key"
)

// Authenticator tells whose API token a caller shows, for servers that are open
// to clients beside the gateway.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (identity.Principal, error)
	// Anonymous is a reader, on the site that the call names.
	Anonymous(ctx context.Context) (identity.Principal, error)
}

// SiteHeader is the metadata by which a client of such a server names the site.
const SiteHeader = "parution-site"

// NamedSite is the site that the caller names in the call's metadata; empty for none.
func NamedSite(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	return first(md, SiteHeader)
}

// ServerConfig is what a server needs.
type ServerConfig struct {
	Telemetry *telemetry.Telemetry
	Verifier  *identity.Verifier
	// Authenticator accepts API tokens too; nil: only signed callers.
	Authenticator Authenticator
	// Reflection lets clients ask for the contracts.
	Reflection bool
	// Writes wraps calls that change something, inside all other interceptors; may be nil.
	Writes grpc.UnaryServerInterceptor
}

// Server is a gRPC server with all interceptors. Register services on it before
// it serves.
type Server struct {
	*grpc.Server

	cfg    ServerConfig
	log    *slog.Logger
	health *health.Server
	// access is computed when the first part serves: several may, at once.
	access func() (Access, error)
	// stopping is closed when the server begins to stop.
	stopping chan struct{}
	stop     func()
}

// NewServer makes a server.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{cfg: cfg, log: cfg.Telemetry.Log, health: health.NewServer(), stopping: make(chan struct{})}
	s.stop = sync.OnceFunc(func() { close(s.stopping) })
	s.Server = grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(16<<20), grpc.MaxConcurrentStreams(1000),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.StatsHandler(otelgrpc.NewServerHandler(otelOptions(cfg.Telemetry)...)),
		grpc.ChainStreamInterceptor(refuseStreams),
		grpc.ChainUnaryInterceptor(s.errors, s.recover, s.deadline, s.identify, s.allow, s.writes),
	)
	s.access = sync.OnceValues(func() (Access, error) { return AccessOf(s.Server) })
	healthv1.RegisterHealthServer(s.Server, s.health)
	if cfg.Reflection {
		reflection.Register(s.Server)
	}
	return s
}

// refuseStreams lets only gRPC's own streams through: ours would pass by who
// calls and who may.
func refuseStreams(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if isOpen(info.FullMethod) {
		return next(srv, stream)
	}
	return toStatus(fault.Denied("streams are not served"))
}

// otelOptions leave health checks out of traces: there are many and they say nothing.
func otelOptions(t *telemetry.Telemetry) []otelgrpc.Option {
	return []otelgrpc.Option{
		otelgrpc.WithTracerProvider(t.Tracers), otelgrpc.WithMeterProvider(t.Meters), otelgrpc.WithPropagators(t.Propagator),
		otelgrpc.WithFilter(filters.Not(filters.HealthCheck())),
	}
}

// Listen is a part that serves on a TCP address.
func (s *Server) Listen(name, addr string, bound func(net.Addr)) process.Part {
	return process.Part{Name: name, Run: func(ctx context.Context, ready func()) error {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", addr, err)
		}
		if bound != nil {
			bound(l.Addr())
		}
		return s.serve(ctx, l, ready)
	}}
}

// ServePipe is a part that serves callers of the same process.
func (s *Server) ServePipe(name string, p *Pipe) process.Part {
	return process.Part{Name: name, Run: func(ctx context.Context, ready func()) error { return s.serve(ctx, p, ready) }}
}

func (s *Server) serve(ctx context.Context, l net.Listener, ready func()) error {
	if _, err := s.access(); err != nil {
		return errors.Join(err, l.Close())
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	ready()
	select {
	case err := <-failed:
		return fmt.Errorf("serve gRPC: %w", err)
	case <-ctx.Done():
	}
	s.health.Shutdown()
	s.stop()
	hard := time.AfterFunc(stopTimeout, s.Stop)
	defer hard.Stop()
	s.GracefulStop()
	if err := <-failed; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve gRPC: %w", err)
	}
	return nil
}

// Retire tells clients that this server is about to stop: those of Dial go to
// another one, if there is one. It goes on answering.
func (s *Server) Retire() { s.health.Shutdown() }

// errors turns faults into statuses and logs what is nobody else's fault.
func (s *Server) errors(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	resp, err := next(ctx, req)
	if err == nil {
		return resp, nil
	}
	if fault.KindOf(err) == fault.KindInternal && sqldb.IsAway(err) {
		s.log.WarnContext(ctx, "the database does not answer", "method", info.FullMethod, "error", err)
		err = fault.Wrap(fault.KindUnavailable, err, "the database does not answer")
	}
	if fault.KindOf(err) == fault.KindInternal {
		s.log.ErrorContext(ctx, "a call failed", "method", info.FullMethod, "error", err)
	} else if s.log.Enabled(ctx, slog.LevelDebug) {
		s.log.DebugContext(ctx, "a call was refused", "method", info.FullMethod, "error", err)
	}
	return nil, toStatus(err)
}

func (s *Server) recover(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.log.ErrorContext(ctx, "a call panicked", "method", info.FullMethod, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			resp, err = nil, fmt.Errorf("panic in %s: %v", info.FullMethod, r)
		}
	}()
	return next(ctx, req)
}

func (s *Server) deadline(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	until, ok := ctx.Deadline()
	if !ok {
		until = time.Now().Add(defaultTimeout)
	} else if time.Until(until) < least {
		return nil, fault.Unavailable("too little time was left to answer")
	}
	ctx, cancel := context.WithDeadline(process.WithStopping(ctx, s.stopping), until.Add(-spare))
	defer cancel()
	return next(ctx, req)
}

func (s *Server) identify(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if token := first(md, principalHeader); token != "" {
		p, err := s.cfg.Verifier.Verify(ctx, token)
		if err != nil {
			return nil, fault.Wrap(fault.KindUnauthenticated, err, "the caller's identity is not valid")
		}
		return next(identity.With(ctx, p), req)
	}
	if secret := bearer(md); secret != "" && s.cfg.Authenticator != nil {
		p, err := s.cfg.Authenticator.Authenticate(ctx, secret)
		if err != nil {
			return nil, err
		}
		return next(identity.With(ctx, p), req)
	}
	if s.cfg.Authenticator != nil { // without credentials: a reader
		p, err := s.cfg.Authenticator.Anonymous(ctx)
		if err != nil {
			return nil, err
		}
		ctx = identity.With(ctx, p)
	}
	return next(ctx, req)
}

func (s *Server) allow(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	access, err := s.access()
	if err != nil {
		return nil, err
	}
	if err := access.Check(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (s *Server) writes(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if s.cfg.Writes == nil {
		return next(ctx, req)
	}
	access, err := s.access()
	if err != nil {
		return nil, err
	}
	if access.readOnly(info.FullMethod) {
		return next(ctx, req)
	}
	return s.cfg.Writes(ctx, req, info, next)
}

func first(md metadata.MD, name string) string {
	if v := md.Get(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

func bearer(md metadata.MD) string {
	const scheme = "Bearer "
	if v := first(md, authorization); len(v) > len(scheme) && v[:len(scheme)] == scheme {
		return v[len(scheme):]
	}
	return ""
}

// IdempotencyKey is the key that the caller sent with the call; empty for none.
func IdempotencyKey(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	return first(md, idempotencyHeader)
}

// WithIdempotencyKey sends a key with the calls of ctx.
func WithIdempotencyKey(ctx context.Context, key string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, idempotencyHeader, key)
}
