// Package rpctest serves gRPC services to tests in memory, with all
// interceptors and real signed callers.
package rpctest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/telemetry"
)

const (
	// Audience is the name of the service under test.
	Audience = "under-test"
	// Site is the publication of callers made by As.
	Site = "main"
)

// Server is a running server and the keys of its callers.
type Server struct {
	// Pipe is where it serves.
	Pipe *rpc.Pipe
	// Verifier is the server's own.
	Verifier *identity.Verifier

	signers   map[string]*identity.Signer
	telemetry *telemetry.Telemetry
}

// Serve serves what register registers until the test ends. writes is the
// interceptor of calls that change something; it may be nil.
func Serve(t testing.TB, register func(grpc.ServiceRegistrar), writes grpc.UnaryServerInterceptor) *Server {
	t.Helper()
	return ServeWith(t, rpc.ServerConfig{Writes: writes}, register)
}

// ServeWith is Serve with settings. A nil Telemetry discards, and the Verifier
// is always replaced by one that trusts the gateway and all services.
func ServeWith(t testing.TB, cfg rpc.ServerConfig, register func(grpc.ServiceRegistrar)) *Server {
	t.Helper()
	keys, trusted, err := identity.Generate(identity.FrontIssuer, "posts", "tags", "render", "accounts")
	if err != nil {
		t.Fatalf("generate keys: %v", err)
	}
	if cfg.Telemetry == nil {
		cfg.Telemetry = telemetry.Discard()
	}
	s := &Server{
		Pipe: rpc.NewPipe(), Verifier: identity.NewVerifier(Audience, trusted),
		signers: make(map[string]*identity.Signer), telemetry: cfg.Telemetry,
	}
	for issuer, key := range keys {
		s.signers[issuer] = identity.NewSigner(issuer, key)
	}
	cfg.Verifier = s.Verifier
	server := rpc.NewServer(cfg)
	register(server)
	s.run(t, server)
	return s
}

// run serves until the test ends, and fails it if the server does not start.
func (s *Server) run(t testing.TB, server *rpc.Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, done := make(chan struct{}), make(chan error, 1)
	isReady := sync.OnceFunc(func() { close(ready) })
	go func() { done <- server.ServePipe("server under test", s.Pipe).Run(ctx, isReady) }()
	select {
	case <-ready:
	case err := <-done:
		cancel()
		t.Fatalf("serve the services under test: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stop the server under test: %v", err)
		}
	})
}

// Conn is a connection of the gateway: each call carries the principal in its
// context (see As); without one it is the service "gateway" itself.
func (s *Server) Conn(t testing.TB) *grpc.ClientConn {
	t.Helper()
	return s.ConnOf(t, identity.FrontIssuer)
}

// ConnOf is a connection of a service, which speaks in its own name whatever
// the context says: "gateway", "posts", "tags", "render" or "accounts".
func (s *Server) ConnOf(t testing.TB, service string) *grpc.ClientConn {
	t.Helper()
	signer, ok := s.signers[service]
	if !ok {
		t.Fatalf("no service %q; there are %v", service, slices.Sorted(maps.Keys(s.signers)))
	}
	conn, err := rpc.Dial(rpc.ClientConfig{Service: Audience, Pipe: s.Pipe, Signer: signer, Telemetry: s.telemetry})
	if err != nil {
		t.Fatalf("dial the server under test: %v", err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("close the connection: %v", err)
		}
	})
	return conn
}

// As makes calls of ctx come from somebody with this role on the site Site. The
// subject is the role's name. For another caller use identity.With.
func As(ctx context.Context, role identity.Role) context.Context {
	return identity.With(ctx, identity.Principal{Subject: string(role), Name: "Test " + string(role), Role: role, Site: Site})
}
