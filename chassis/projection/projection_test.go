package projection_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	owner  = "posts"
	reader = "tags"
)

// post is the state that the owner hands out.
type post struct {
	Title   string
	Deleted bool
}

// hash is that of the public state; none of a tombstone.
func (p post) hash() []byte {
	if p.Deleted {
		return nil
	}
	sum := sha256.Sum256([]byte(p.Title))
	return sum[:]
}

type (
	state = projection.State[post]
	item  = projection.Item[post]
	items = []item
)

// library is a read model that follows an owner kept by the test.
type library struct {
	db     *sqldb.DB
	broker *streamtest.Broker
	js     jetstream.JetStream

	mu      sync.Mutex
	owned   map[projection.Ref]state
	fetched []string // the ids of each fetch, sorted
	calls   int      // of refresh
	// before runs in each refresh, before its writes; nil for nothing.
	before func(call int, items items) error
	// asked runs in each fetch once its answer is made; nil for nothing.
	asked func(call int)
	sent  uint64
	// feed is the owner's; nil for none.
	feed eventsv1.FeedServiceClient
}

func each(t *testing.T, fn func(t *testing.T, l *library)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), projection.Migrations()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
		l := &library{db: db, broker: streamtest.NewBroker(t), owned: make(map[projection.Ref]state)}
		l.execute(t, `CREATE TABLE copy (id text PRIMARY KEY, version integer NOT NULL, title text NOT NULL)`)
		l.js = streamtest.JetStream(t, l.broker.Connect(t, "owner"))
		if err := stream.Provision(t.Context(), l.js, owner, 1); err != nil {
			t.Fatalf("Provision: %v", err)
		}
		fn(t, l)
	})
}

func (l *library) execute(t testing.TB, statement string) {
	t.Helper()
	err := l.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func ref(id string) projection.Ref { return projection.Ref{Type: "post", ID: id} }

// own gives the owner's aggregate a state.
func (l *library) own(id string, version int32, p post) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owned[ref(id)] = state{Ref: ref(id), Epoch: 1, Version: version, State: p, PublicHash: p.hash()}
}

func (l *library) fetch(_ context.Context, refs []projection.Ref) ([]state, error) {
	ids, found := []string(nil), []state(nil)
	l.mu.Lock()
	for _, r := range refs {
		ids = append(ids, r.ID)
		if s, ok := l.owned[r]; ok {
			found = append(found, s)
		}
	}
	slices.Sort(ids)
	l.fetched = append(l.fetched, strings.Join(ids, " "))
	asked, call := l.asked, len(l.fetched)
	l.mu.Unlock()
	if asked != nil {
		asked(call)
	}
	return found, nil
}

func (l *library) refresh(ctx context.Context, tx *sql.Tx, items items) error {
	l.mu.Lock()
	l.calls++
	before, call := l.before, l.calls
	l.mu.Unlock()
	for _, i := range items {
		if i.Version == 0 {
			i.State.Deleted = true
		}
		statement, args := `INSERT INTO copy (id, version, title) VALUES ($1, $2, $3)
 ON CONFLICT (id) DO UPDATE SET version = excluded.version, title = excluded.title`, []any{i.ID, i.Version, i.State.Title}
		if i.State.Deleted {
			statement, args = `DELETE FROM copy WHERE id = $1`, args[:1]
		}
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			return err
		}
	}
	// Behind the writes, so that a failure has something to undo.
	if before != nil {
		return before(call, items)
	}
	return nil
}

// interfere has before run from now on.
func (l *library) interfere(before func(call int, items items) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before = before
}

func (l *library) did() (fetched []string, refreshes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.fetched), l.calls
}

func notice(epoch int32, pos int64, id string, version int32) *eventsv1.Notice {
	return &eventsv1.Notice{
		Id: fmt.Sprintf("n%d-%d-%s-%d", epoch, pos, id, version), Owner: owner, Epoch: epoch, Pos: pos, Site: "main", AggregateType: "post", AggregateId: id,
		Version: version, Kind: "revised", OccurredAt: timestamppb.New(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)),
	}
}

// tell publishes a notice of the owner.
func (l *library) tell(t testing.TB, pos int64, id string, version int32) {
	t.Helper()
	msg, err := stream.Message(t.Context(), notice(1, pos, id, version))
	if err != nil {
		t.Fatalf("Message: %v", err)
	}
	if _, err := l.js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatalf("publish: %v", err)
	}
	l.sent++
}

// change gives the aggregate a state and tells of it.
func (l *library) change(t testing.TB, pos int64, id string, version int32, p post) {
	t.Helper()
	l.own(id, version, p)
	l.tell(t, pos, id, version)
}

// source is the broker by a connection of its own.
func (l *library) source(t testing.TB, name string) stream.Source {
	t.Helper()
	s, err := stream.NewSource(l.broker.Connect(t, name), owner, reader)
	if err != nil {
		t.Fatalf("NewSource: %v", err)
	}
	return s
}

// follow runs the projection with a connection of its own; stop waits for its end.
func (l *library) follow(t testing.TB) (stop func()) {
	t.Helper()
	return l.followWith(t, telemetry.Discard())
}

func (l *library) followWith(t testing.TB, tel *telemetry.Telemetry) (stop func()) {
	t.Helper()
	return l.followAs(t, tel, 0)
}

// followAs follows as a release does that makes the read model in its edition.
func (l *library) followAs(t testing.TB, tel *telemetry.Telemetry, edition int32) (stop func()) {
	t.Helper()
	p, err := projection.New(projection.Config[post]{
		Name: reader, Owner: owner, DB: l.db, Source: l.source(t, reader),
		Fetch: l.fetch, Refresh: l.refresh, Telemetry: tel, Feed: l.feed, Edition: edition,
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- p.Part().Run(ctx, func() {}) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the projection ended with %v, want nil", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// eventually looks again until it is so; two minutes are for ever.
func eventually(t testing.TB, isSo func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !isSo() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it never was so")
		}
	}
}

// settled waits until all that was told is acknowledged.
func (l *library) settled(t testing.TB) {
	t.Helper()
	eventually(t, func() bool {
		cons, err := l.js.Consumer(t.Context(), stream.Name(owner), reader)
		return err == nil && cons.CachedInfo().AckFloor.Stream == l.sent
	})
}

// copies is what the read model holds: "id@version title".
func (l *library) copies(t testing.TB) []string {
	t.Helper()
	return l.list(t, `SELECT id || '@' || version || ' ' || title FROM copy ORDER BY id`)
}

// cursor is the floor, and what was applied above it.
func (l *library) cursor(t testing.TB) []string {
	t.Helper()
	return append(l.list(t, `SELECT CAST(floor AS text) FROM projection_cursor`), l.list(t, `SELECT CAST(pos AS text) FROM projection_applied ORDER BY pos`)...)
}

func (l *library) list(t testing.TB, query string) (out []string) {
	t.Helper()
	rows, err := l.db.Conn(t.Context()).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		out = append(out, s)
	}
	return out
}

func check(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
