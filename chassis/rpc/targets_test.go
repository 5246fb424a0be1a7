package rpc_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/telemetry"
)

// replica is one of several servers of a service.
type replica struct {
	service

	addr string
	stop func()
}

// replicas starts n servers on TCP and makes a client of all of them.
func replicas(t *testing.T, n int) ([]*replica, *grpc.ClientConn) {
	t.Helper()
	keys, trusted, err := identity.Generate(identity.FrontIssuer)
	if err != nil {
		t.Fatalf("generate keys: %v", err)
	}
	var list []*replica
	var addrs []string
	for range n {
		r := &replica{service: service{answer: func(context.Context) error { return nil }}}
		server := rpc.NewServer(rpc.ServerConfig{Telemetry: telemetry.Discard(), Verifier: identity.NewVerifier("replicas", trusted)})
		r.register(server)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		r.stop = func() { cancel(); all.Wait() }
		bound := make(chan net.Addr, 1)
		all.Go(func() {
			if err := server.Listen("tcp", "127.0.0.1:0", func(a net.Addr) { bound <- a }).Run(ctx, func() {}); err != nil {
				t.Errorf("serve: %v", err)
			}
		})
		t.Cleanup(r.stop)
		r.addr = (<-bound).String()
		list, addrs = append(list, r), append(addrs, r.addr)
	}
	conn, err := rpc.Dial(rpc.ClientConfig{
		Service: "replicas", Target: strings.Join(addrs, ", "), Telemetry: telemetry.Discard(),
		Signer: identity.NewSigner(identity.FrontIssuer, keys[identity.FrontIssuer]),
	})
	if err != nil {
		t.Fatalf("Dial = %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // nobody calls any more
	return list, conn
}

func TestCallsGoToAllReplicasAndMissNoneThatStops(t *testing.T) {
	t.Parallel()
	list, conn := replicas(t, 3)
	ctx := asOperator(t.Context())
	for list[0].calls.Load() == 0 || list[1].calls.Load() == 0 || list[2].calls.Load() == 0 {
		if err := create(ctx, conn); err != nil {
			t.Fatalf("a call to replicas that are well = %v", err)
		}
	}
	for _, r := range list[:2] {
		stopped := make(chan struct{})
		go func() { r.stop(); close(stopped) }()
		for going := true; going; {
			select {
			case <-stopped:
				going = false
			default:
			}
			// A write: one that the server has begun must not be sent again.
			if err := create(ctx, conn); err != nil {
				t.Fatalf("a call while a replica stops = %v", err)
			}
		}
	}
	before := list[2].calls.Load()
	if err := create(ctx, conn); err != nil || list[2].calls.Load() != before+1 {
		t.Errorf("a call with one replica left = %v; it got %d calls, want 1", err, list[2].calls.Load()-before)
	}
}

// What is away may come back: callers try again, and readers get what is kept.
func TestADatabaseThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	list, conn := replicas(t, 1)
	list[0].answer = func(context.Context) error {
		return fmt.Errorf("read a post: %w", &pgconn.PgError{Code: "57P03", Message: "the database system is starting up"})
	}
	err := create(asOperator(t.Context()), conn)
	if fault.KindOf(err) != fault.KindUnavailable || fault.TextOf(err) != "the database does not answer" {
		t.Errorf("error = %v (%q), want unavailable because of the database", err, fault.TextOf(err))
	}
}

func asOperator(ctx context.Context) context.Context {
	return identity.With(ctx, identity.Principal{Subject: "o", Name: "o", Role: identity.Operator, Site: "main"})
}
