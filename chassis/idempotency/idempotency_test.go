package idempotency_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/idempotency"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// noted is when requests are answered unless a test says otherwise.
func noted() time.Time { return time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC) }

// notebook is a service whose CreateSite writes a row in a transaction.
type notebook struct {
	postsv1.UnimplementedSitesServiceServer

	db    *sqldb.DB
	calls atomic.Int32
	// after runs behind the write, in its transaction.
	after func(id string) error
}

func (n *notebook) CreateSite(ctx context.Context, r *postsv1.CreateSiteRequest) (*postsv1.CreateSiteResponse, error) {
	call := n.calls.Add(1)
	err := n.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO note (id) VALUES ($1)`, fmt.Sprintf("%s-%d", r.GetId(), call)); err != nil {
			return err
		}
		return n.after(r.GetId())
	})
	if err != nil {
		return nil, err
	}
	return &postsv1.CreateSiteResponse{Site: &postsv1.Site{Id: r.GetId(), Title: fmt.Sprintf("call %d", call)}}, nil
}

// desk is the notebook being served, and a client of it.
type desk struct {
	*notebook

	client postsv1.SitesServiceClient
}

func each(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), idempotency.Migrations()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
		err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE note (id text PRIMARY KEY)`)
			return err
		})
		if err != nil {
			t.Fatalf("create the table: %v", err)
		}
		n := &notebook{db: db, after: func(string) error { return nil }}
		server := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { postsv1.RegisterSitesServiceServer(r, n) }, idempotency.Interceptor(db, noted))
		fn(t, &desk{notebook: n, client: postsv1.NewSitesServiceClient(server.Conn(t))})
	})
}

// send makes a request; it answers the answer's title and whether it is a replay.
func (d *desk) send(ctx context.Context, key, id string) (title string, replayed bool, err error) {
	if key != "" {
		ctx = rpc.WithIdempotencyKey(ctx, key)
	}
	var header metadata.MD
	resp, err := d.client.CreateSite(ctx, &postsv1.CreateSiteRequest{Id: id}, grpc.Header(&header))
	return resp.GetSite().GetTitle(), len(header.Get(idempotency.ReplayedHeader)) > 0, err
}

func (d *desk) count(t testing.TB, table string) int {
	t.Helper()
	var n int
	if err := d.db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatalf("count %s: %v", table, err)
	}
	return n
}

func operator(ctx context.Context) context.Context { return rpctest.As(ctx, identity.Operator) }

func TestTheSameRequestIsAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		for i, want := range []bool{false, true, true} {
			title, replayed, err := d.send(operator(t.Context()), "k", "a")
			if err != nil || title != "call 1" || replayed != want {
				t.Errorf("request %d = %q, replayed %v, %v, want the first answer, replayed %v", i+1, title, replayed, err, want)
			}
		}
		if n := d.count(t, "note"); n != 1 {
			t.Errorf("%d effects, want 1", n)
		}
	})
}

func TestWithoutAKeyEachRequestCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		for range 2 {
			if _, replayed, err := d.send(operator(t.Context()), "", "a"); err != nil || replayed {
				t.Errorf("request: replayed %v, %v, want it done", replayed, err)
			}
		}
		if notes, keys := d.count(t, "note"), d.count(t, "idempotency"); notes != 2 || keys != 0 {
			t.Errorf("%d effects and %d keys, want 2 and 0", notes, keys)
		}
	})
}

func TestAnotherRequestWithTheKeyIsInvalid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		if _, _, err := d.send(operator(t.Context()), "k", "a"); err != nil {
			t.Fatal(err)
		}
		_, _, err := d.send(operator(t.Context()), "k", "b")
		if v := fault.ViolationsOf(err); fault.KindOf(err) != fault.KindInvalid || len(v) != 1 || v[0].Field != "Idempotency-Key" {
			t.Errorf("error = %v with %v, want invalid in Idempotency-Key", err, v)
		}
		if n := d.count(t, "note"); n != 1 {
			t.Errorf("%d effects, want 1", n)
		}
	})
}

func TestKeysBelongToACallerOnASite(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		for i, p := range []identity.Principal{
			{Subject: "ada", Role: identity.Operator, Site: "main"},
			{Subject: "zoe", Role: identity.Operator, Site: "main"},
			{Subject: "ada", Role: identity.Operator, Site: "second"},
		} {
			title, replayed, err := d.send(identity.With(t.Context(), p), "k", "a")
			if want := fmt.Sprintf("call %d", i+1); err != nil || replayed || title != want {
				t.Errorf("%+v gets %q, replayed %v, %v, want an answer of their own", p, title, replayed, err)
			}
		}
	})
}

func TestAFailureLeavesNoKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		for name, fail := range map[string]func(string) error{
			"fault": func(string) error { return fault.Conflict("taken") },
			"error": func(string) error { return errors.New("boom") },
			"panic": func(string) error { panic("boom") },
		} {
			d.after = fail
			if _, _, err := d.send(operator(t.Context()), name, "a"); err == nil {
				t.Errorf("%s: nil, want an error", name)
			}
			if notes, keys := d.count(t, "note"), d.count(t, "idempotency"); notes != 0 || keys != 0 {
				t.Errorf("%s: %d effects and %d keys, want none", name, notes, keys)
			}
		}
		d.after = func(string) error { return nil }
		if _, replayed, err := d.send(operator(t.Context()), "fault", "a"); err != nil || replayed {
			t.Errorf("the request again: replayed %v, %v, want it done", replayed, err)
		}
	})
}

func TestWhileTheFirstIsWorkedOnTheSecondIsToldSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		// Another replica on the same database, which has seen nothing of the first.
		other := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { postsv1.RegisterSitesServiceServer(r, d.notebook) }, idempotency.Interceptor(d.db, noted))
		replica := &desk{notebook: d.notebook, client: postsv1.NewSitesServiceClient(other.Conn(t))}
		inside, end := make(chan struct{}), make(chan struct{})
		d.after = func(string) error {
			close(inside)
			<-end
			return nil
		}
		var first sync.WaitGroup
		first.Go(func() {
			if title, _, err := d.send(operator(t.Context()), "k", "a"); err != nil || title != "call 1" {
				t.Errorf("the first = %q, %v", title, err)
			}
		})
		<-inside
		if _, _, err := d.send(operator(t.Context()), "k", "a"); fault.KindOf(err) != fault.KindPending {
			t.Errorf("the same request = %v, want pending", err)
		}
		if _, _, err := d.send(operator(t.Context()), "k", "b"); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("another request = %v, want invalid", err)
		}
		if d.db.Dialect() == sqldb.Postgres { // a SQLite file has one process
			if _, _, err := replica.send(operator(t.Context()), "k", "a"); fault.KindOf(err) != fault.KindPending {
				t.Errorf("the same request to another replica = %v, want pending", err)
			}
		}
		close(end)
		first.Wait()
		for name, to := range map[string]*desk{"here": d, "another replica": replica} {
			if title, replayed, err := to.send(operator(t.Context()), "k", "a"); err != nil || title != "call 1" || !replayed {
				t.Errorf("%s afterwards = %q, replayed %v, %v; want the first answer", name, title, replayed, err)
			}
		}
		if n := d.count(t, "note"); n != 1 || d.calls.Load() != 1 {
			t.Errorf("%d effects of %d calls, want 1 of 1", n, d.calls.Load())
		}
	})
}

func TestManyAtOnceHaveOneEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				for { // as a client does that is told to send it again
					title, _, err := d.send(operator(t.Context()), "k", "a")
					if fault.KindOf(err) == fault.KindPending {
						continue
					}
					if err != nil || title != "call 1" {
						t.Errorf("answer %q, %v, want the first call's", title, err)
					}
					return
				}
			})
		}
		all.Wait()
		if n := d.count(t, "note"); n != 1 {
			t.Errorf("%d effects, want 1", n)
		}
	})
}

func TestALongKeyIsInvalid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		if _, _, err := d.send(operator(t.Context()), strings.Repeat("k", 201), "a"); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("201 bytes: %v, want invalid", err)
		}
		if _, _, err := d.send(operator(t.Context()), strings.Repeat("k", 200), "a"); err != nil {
			t.Errorf("200 bytes: %v, want nil", err)
		}
	})
}

func TestOldAnswersAreForgotten(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), idempotency.Migrations()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
		send := func(key string, at time.Time) {
			call := idempotency.Interceptor(db, func() time.Time { return at })
			ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("idempotency-key", key))
			_, err := call(ctx, &postsv1.CreateSiteRequest{Id: "a"}, &grpc.UnaryServerInfo{FullMethod: "/m"}, func(context.Context, any) (any, error) {
				return &postsv1.CreateSiteResponse{}, nil
			})
			if err != nil {
				t.Fatalf("send: %v", err)
			}
		}
		send("old", noted())
		send("kept", noted().Add(2*time.Hour))
		send("new", noted().Add(49*time.Hour))
		var keys, least string
		if err := db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT count(*), min(key) FROM idempotency`).Scan(&keys, &least); err != nil || keys != "2" || least != "kept" {
			t.Errorf("%s keys left from %q, %v, want 2 from kept", keys, least, err)
		}
	})
}
