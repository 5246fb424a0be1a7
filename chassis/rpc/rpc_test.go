package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// service answers a read (ListChanges) and a write (CreateSite) with answer.
type service struct {
	eventsv1.UnimplementedFeedServiceServer
	postsv1.UnimplementedSitesServiceServer

	calls  atomic.Int32
	answer func(ctx context.Context) error
}

func (s *service) ListChanges(ctx context.Context, _ *eventsv1.ListChangesRequest) (*eventsv1.ListChangesResponse, error) {
	s.calls.Add(1)
	return &eventsv1.ListChangesResponse{}, s.answer(ctx)
}

func (s *service) CreateSite(ctx context.Context, _ *postsv1.CreateSiteRequest) (*postsv1.CreateSiteResponse, error) {
	s.calls.Add(1)
	return &postsv1.CreateSiteResponse{}, s.answer(ctx)
}

func (s *service) register(r grpc.ServiceRegistrar) {
	eventsv1.RegisterFeedServiceServer(r, s)
	postsv1.RegisterSitesServiceServer(r, s)
}

func list(ctx context.Context, conn *grpc.ClientConn) error {
	_, err := eventsv1.NewFeedServiceClient(conn).ListChanges(ctx, &eventsv1.ListChangesRequest{})
	return err
}

func create(ctx context.Context, conn *grpc.ClientConn) error {
	_, err := postsv1.NewSitesServiceClient(conn).CreateSite(ctx, &postsv1.CreateSiteRequest{})
	return err
}

// logs is a log that a test can read.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logs) telemetry() *telemetry.Telemetry {
	tel := telemetry.Discard()
	tel.Log = slog.New(slog.NewTextHandler(l, nil))
	return tel
}

func TestEveryKindSurvivesTheTrip(t *testing.T) {
	t.Parallel()
	violations := []fault.Violation{{Field: "title", Message: "is empty"}, {Field: "tags[3]", Message: "ist zu lang: größer als 50"}}
	var next error
	s := &service{answer: func(context.Context) error { return next }}
	conn := rpctest.Serve(t, s.register, nil).ConnOf(t, "tags")
	for kind := fault.KindMalformed; kind <= fault.KindUnavailable; kind++ {
		next = fmt.Errorf("create post: %w", fault.New(kind, "text of the fault", violations...))
		err := list(t.Context(), conn)
		if got := fault.KindOf(err); got != kind {
			t.Errorf("kind %v arrives as %v (%v)", kind, got, err)
		}
		if got := fault.TextOf(err); got != "text of the fault" {
			t.Errorf("kind %v: text = %q, want the fault's own", kind, got)
		}
		if diff := cmp.Diff(violations, fault.ViolationsOf(err)); diff != "" {
			t.Errorf("kind %v: violations (-want +got):\n%s", kind, diff)
		}
	}
}

func TestInternalErrorsTellNothing(t *testing.T) {
	t.Parallel()
	var log logs
	cases := map[string]func(context.Context) error{
		"an error": func(context.Context) error { return errors.New("hunter2 at 10.0.0.7") },
		"a panic":  func(context.Context) error { panic("hunter2 at 10.0.0.7") },
		"a cause":  func(context.Context) error { return fault.Wrap(fault.KindInternal, errors.New("cause"), "hunter2") },
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			s := &service{answer: answer}
			server := rpctest.ServeWith(t, rpc.ServerConfig{Telemetry: log.telemetry()}, s.register)
			err := list(t.Context(), server.ConnOf(t, "tags"))
			if fault.KindOf(err) != fault.KindInternal || status.Code(err) != codes.Internal {
				t.Errorf("error = %v, want an internal one", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error = %q tells the cause", err)
			}
			if !strings.Contains(log.String(), "hunter2") {
				t.Errorf("log = %q, want the cause for operators", log.String())
			}
		})
	}
}

func TestTheServerSurvivesAPanic(t *testing.T) {
	t.Parallel()
	s := &service{}
	s.answer = func(context.Context) error {
		if s.calls.Load() == 1 {
			panic("boom")
		}
		return nil
	}
	conn := rpctest.Serve(t, s.register, nil).ConnOf(t, "tags")
	if err := list(t.Context(), conn); err == nil {
		t.Error("the first call = nil, want an error")
	}
	if err := list(t.Context(), conn); err != nil {
		t.Errorf("the call after a panic = %v, want nil", err)
	}
}

// raw calls ListChanges as the gRPC of another language would: without our client.
func raw(ctx context.Context, t testing.TB, pipe *rpc.Pipe, headers ...string) error {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///raw", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) }))
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return list(metadata.AppendToOutgoingContext(ctx, headers...), conn)
}

// tokens is an Authenticator that knows one.
type tokens struct{}

func (tokens) Authenticate(_ context.Context, secret string) (identity.Principal, error) {
	if secret != "good" {
		return identity.Principal{}, fault.Unauthenticated("the token is not valid")
	}
	return identity.Principal{Subject: "token-1", Role: identity.Operator, Site: "main"}, nil
}

func (tokens) Anonymous(context.Context) (identity.Principal, error) {
	return identity.Principal{Role: identity.Public, Site: "main"}, nil
}

func TestACallWithoutADeadlineGetsOne(t *testing.T) {
	t.Parallel()
	s := &service{answer: func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); !ok {
			return fault.Conflict("no deadline")
		}
		return nil
	}}
	server := rpctest.ServeWith(t, rpc.ServerConfig{Authenticator: tokens{}}, s.register)
	if err := raw(t.Context(), t, server.Pipe, "authorization", "Bearer good"); err != nil {
		t.Errorf("a foreign client without a deadline: %v", err)
	}
	if err := list(t.Context(), server.ConnOf(t, "tags")); err != nil {
		t.Errorf("our client without a deadline: %v", err)
	}
}

func TestACallWithTooLittleTimeIsNotBegun(t *testing.T) {
	t.Parallel()
	s := &service{answer: func(context.Context) error { return nil }}
	conn := rpctest.Serve(t, s.register, nil).ConnOf(t, "tags")
	ctx, cancel := context.WithTimeout(t.Context(), 95*time.Millisecond)
	defer cancel()
	if err := list(ctx, conn); fault.KindOf(err) != fault.KindUnavailable {
		t.Errorf("error = %v, want unavailable", err)
	}
	if n := s.calls.Load(); n != 0 {
		t.Errorf("the method was called %d times, want 0", n)
	}
}

func TestWhoCallsIsVerified(t *testing.T) {
	t.Parallel()
	s := &service{answer: func(ctx context.Context) error {
		return fault.Conflict("%+v", identity.From(ctx))
	}}
	server := rpctest.ServeWith(t, rpc.ServerConfig{Authenticator: tokens{}}, s.register)
	gateway, tags := server.Conn(t), server.ConnOf(t, "tags")
	operator := identity.Principal{Subject: "p1", Name: "Zoë", Role: identity.Operator, Site: "second"}
	said := func(p identity.Principal) string { return fmt.Sprintf("%+v", p) }
	cases := []struct {
		name string
		call func() error
		want string
	}{
		{"the gateway for a person", func() error { return list(identity.With(t.Context(), operator), gateway) }, said(operator)},
		{
			"a service with a person in its context", func() error { return list(identity.With(t.Context(), operator), tags) },
			said(identity.Principal{Subject: "tags", Name: "tags", Role: identity.Service}),
		},
		{
			"an API token", func() error { return raw(t.Context(), t, server.Pipe, "authorization", "Bearer good") },
			said(identity.Principal{Subject: "token-1", Role: identity.Operator, Site: "main"}),
		},
		{"a bad API token", func() error { return raw(t.Context(), t, server.Pipe, "authorization", "Bearer bad") }, ""},
		{"a bad signed token", func() error {
			return raw(t.Context(), t, server.Pipe, "parution-principal", "a.b.c", "authorization", "Bearer good")
		}, ""},
		{"nobody", func() error { return raw(t.Context(), t, server.Pipe) }, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := rpc.FromStatus(c.call())
			if c.want == "" {
				if fault.KindOf(err) != fault.KindUnauthenticated {
					t.Errorf("error = %v, want unauthenticated", err)
				}
				return
			}
			if got := fault.TextOf(err); got != c.want {
				t.Errorf("the method sees %s, want %s", got, c.want)
			}
		})
	}
}

func TestWritesAreWrappedAndReadsAreNot(t *testing.T) {
	t.Parallel()
	var wrapped []string
	s := &service{answer: func(ctx context.Context) error {
		return fault.Conflict("key %q", rpc.IdempotencyKey(ctx))
	}}
	server := rpctest.Serve(t, s.register, func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		wrapped = append(wrapped, info.FullMethod)
		return next(ctx, req)
	})
	ctx := rpc.WithIdempotencyKey(rpctest.As(t.Context(), identity.Operator), "k1")
	conn := server.Conn(t)
	for _, call := range []func(context.Context, *grpc.ClientConn) error{list, create} {
		if got := fault.TextOf(call(ctx, conn)); got != `key "k1"` {
			t.Errorf("the method says %s, want the key", got)
		}
	}
	if want := []string{postsv1.SitesService_CreateSite_FullMethodName}; !cmp.Equal(wrapped, want) {
		t.Errorf("wrapped = %v, want %v", wrapped, want)
	}
}

func TestOnlyReadsAreTriedAgain(t *testing.T) {
	t.Parallel()
	s := &service{answer: func(context.Context) error { return fault.Unavailable("not now") }}
	conn := rpctest.Serve(t, s.register, nil).Conn(t)
	ctx := rpctest.As(t.Context(), identity.Operator)
	if err := list(ctx, conn); fault.KindOf(err) != fault.KindUnavailable || s.calls.Swap(0) != 2 {
		t.Errorf("a read: %v, want unavailable after 2 calls", err)
	}
	if err := create(ctx, conn); fault.KindOf(err) != fault.KindUnavailable || s.calls.Load() != 1 {
		t.Errorf("a write: %v after %d calls, want unavailable after 1: nobody knows whether it had its effect", err, s.calls.Load())
	}
}

func TestServicesDoNotTryAgain(t *testing.T) {
	t.Parallel()
	s := &service{answer: func(context.Context) error { return fault.Unavailable("not now") }}
	conn := rpctest.Serve(t, s.register, nil).ConnOf(t, "tags")
	if err := list(t.Context(), conn); fault.KindOf(err) != fault.KindUnavailable || s.calls.Load() != 1 {
		t.Errorf("a read of a service: %v after %d calls, want unavailable after 1: the front tries again", err, s.calls.Load())
	}
}

func TestRetriesAreATenthOfTheLoad(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := &service{answer: func(context.Context) error { return fault.Unavailable("not now") }}
	conn := rpctest.Serve(t, s.register, nil).Conn(t)
	call := func(times int) (retries int) {
		before := int(s.calls.Load())
		for range times {
			_ = list(t.Context(), conn) // it fails, or not, as the test says
		}
		return int(s.calls.Load()) - before - times
	}
	if n := call(100); n > 50 {
		t.Errorf("%d of 100 calls to a server that never answers were tried again, want at most the budget of 50", n)
	}
	if n := call(200); n != 0 {
		t.Errorf("%d of the next 200 were tried again, want none", n)
	}
	s.answer = func(context.Context) error { // one of ten calls fails for good
		if asked.Add(1)%10 == 0 {
			return fault.Unavailable("not now")
		}
		return nil
	}
	if n := call(2000); n > 200 {
		t.Errorf("%d of 2000 were tried again, want at most a tenth", n)
	}
}

func TestAServerThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	pipe := rpc.NewPipe()
	if err := pipe.Close(); err != nil {
		t.Fatal(err)
	}
	keys, _, err := identity.Generate("tags")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := rpc.Dial(rpc.ClientConfig{Service: "posts", Pipe: pipe, Signer: identity.NewSigner("tags", keys["tags"]), Telemetry: telemetry.Discard()})
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // never connected
	if err := list(t.Context(), conn); fault.KindOf(err) != fault.KindUnavailable || fault.TextOf(err) != "a service does not answer" {
		t.Errorf("error = %v (%q), want unavailable without addresses", err, fault.TextOf(err))
	}
}

func TestOneServerOnTCPAndPipe(t *testing.T) {
	t.Parallel()
	keys, trusted, err := identity.Generate("tags")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{answer: func(context.Context) error { return nil }}
	server := rpc.NewServer(rpc.ServerConfig{Telemetry: telemetry.Discard(), Verifier: identity.NewVerifier("posts", trusted)})
	s.register(server)
	pipe, bound, ready := rpc.NewPipe(), make(chan net.Addr, 1), make(chan struct{}, 2)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	isReady := func() { ready <- struct{}{} }
	all.Go(func() { _ = server.ServePipe("pipe", pipe).Run(ctx, isReady) }) // its end follows the other's
	all.Go(func() { _ = server.Listen("tcp", "127.0.0.1:0", func(a net.Addr) { bound <- a }).Run(ctx, isReady) })
	<-ready
	<-ready
	signer := identity.NewSigner("tags", keys["tags"])
	for _, cfg := range []rpc.ClientConfig{{Pipe: pipe}, {Target: (<-bound).String()}} {
		cfg.Service, cfg.Signer, cfg.Telemetry = "posts", signer, telemetry.Discard()
		conn, err := rpc.Dial(cfg)
		if err != nil {
			t.Fatalf("Dial: %v", err)
		}
		if err := list(t.Context(), conn); err != nil {
			t.Errorf("call by %q: %v", cfg.Target, err)
		}
		if err := conn.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	cancel()
	all.Wait()
}

func TestTheTraceGoesWithTheCall(t *testing.T) {
	t.Parallel()
	tel := telemetry.Discard()
	tel.Tracers = sdktrace.NewTracerProvider()
	var seen trace.SpanContext
	s := &service{answer: func(ctx context.Context) error {
		seen = trace.SpanContextFromContext(ctx)
		return nil
	}}
	server := rpctest.ServeWith(t, rpc.ServerConfig{Telemetry: tel}, s.register)
	ctx, span := tel.Tracer("test").Start(t.Context(), "caller")
	defer span.End()
	if err := list(ctx, server.ConnOf(t, "tags")); err != nil {
		t.Fatalf("call: %v", err)
	}
	if seen.TraceID() != span.SpanContext().TraceID() || seen.SpanID() == span.SpanContext().SpanID() {
		t.Errorf("the method is in span %v, want one of trace %v", seen, span.SpanContext().TraceID())
	}
}
