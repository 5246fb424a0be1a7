package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// tap is a log that a test may hold up, break and hear.
type tap struct {
	stream.Log

	before func() error // of the next Publish
	beats  []mark
}

func (l *tap) Publish(ctx context.Context, behind uint64, notices []stream.Outgoing) ([]uint64, error) {
	if f := l.before; f != nil {
		if err := f(); err != nil {
			return make([]uint64, len(notices)), err
		}
	}
	return l.Log.Publish(ctx, behind, notices)
}

func (l *tap) Beat(_ context.Context, b *eventsv1.Heartbeat) error {
	l.beats = append(l.beats, mark{b.GetEpoch(), b.GetPos()})
	return nil
}

// desk is an owner's database with a broker, for relays that are moved by hand.
type desk struct {
	db     *sqldb.DB
	broker *streamtest.Broker
	made   int
}

func eachDesk(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
		fn(t, &desk{db: db, broker: streamtest.NewBroker(t)})
	})
}

func newRelay(t testing.TB, out *Outbox, broker *streamtest.Broker, tel *telemetry.Telemetry) (*Relay, *tap) {
	t.Helper()
	to, err := stream.NewLog(broker.Connect(t, "relay"), out.owner, 1, tel)
	if err != nil {
		t.Fatalf("NewLog: %v", err)
	}
	l := &tap{Log: to}
	r, err := NewRelay(out, l, tel)
	if err != nil {
		t.Fatalf("NewRelay: %v", err)
	}
	return r, l
}

// relay is one as another process has it.
func (d *desk) relay(t testing.TB) (*Relay, *tap) {
	t.Helper()
	return newRelay(t, New(d.db, "posts"), d.broker, telemetry.Discard())
}

// write adds n notices of new posts.
func (d *desk) write(t testing.TB, n int) {
	t.Helper()
	write(t, New(d.db, "posts"), d.made, n)
	d.made += n
}

func write(t testing.TB, out *Outbox, from, n int) {
	t.Helper()
	for i := range n {
		e := Entry{
			Site: "main", AggregateType: "post", AggregateID: fmt.Sprintf("p%d", from+i), Version: 1, Kind: "created",
			Facts: &tagsv1.IndexFacts{}, At: time.Now(),
		}
		if err := out.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error { return out.Append(ctx, tx, e) }); err != nil {
			t.Fatalf("append: %v", err)
		}
	}
}

func (d *desk) execute(t testing.TB, statement string, args ...any) {
	t.Helper()
	execute(t, d.db, statement, args...)
}

func execute(t testing.TB, db *sqldb.DB, statement string, args ...any) {
	t.Helper()
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// expire ends the lease as the database's clock would.
func (d *desk) expire(t testing.TB) {
	t.Helper()
	d.execute(t, `UPDATE outbox_owner SET lease_until = $1`, sqldb.At(time.Now().Add(-time.Hour)))
}

// round has r do all there is, and answers for how long it would stand by.
func round(t testing.TB, r *Relay) time.Duration {
	t.Helper()
	wait, err := r.round(t.Context())
	if err != nil {
		t.Fatalf("round: %v", err)
	}
	return wait
}

// places are those of the notices that match, in the feed's order.
func places(t testing.TB, db *sqldb.DB, where string) []mark {
	t.Helper()
	rows, err := db.Conn(t.Context()).QueryContext(t.Context(), `SELECT epoch, pos FROM outbox WHERE `+where+` ORDER BY epoch, pos`)
	if err != nil {
		t.Fatalf("read the places: %v", err)
	}
	defer func() { _ = rows.Close() }()
	var all []mark
	for rows.Next() {
		var m mark
		if err := rows.Scan(&m.epoch, &m.pos); err != nil {
			t.Fatalf("read the places: %v", err)
		}
		all = append(all, m)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("read the places: %v", err)
	}
	return all
}

// run is the places from (epoch, first) to (epoch, last).
func run(epoch int32, first, last int64) []mark {
	var all []mark
	for pos := first; pos <= last; pos++ {
		all = append(all, mark{epoch, pos})
	}
	return all
}

func same(t testing.TB, what string, got, want []mark) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(mark{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// streamed are the places of what the stream holds, in its order.
func streamed(t testing.TB, broker *streamtest.Broker) []mark {
	t.Helper()
	s, err := streamtest.JetStream(t, broker.Connect(t, "reader")).Stream(t.Context(), stream.Name("posts"))
	if err != nil {
		t.Fatalf("read the stream: %v", err)
	}
	var all []mark
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		msg, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatalf("message %d: %v", seq, err)
		}
		_, n, err := stream.Notice(t.Context(), msg.Header, msg.Data)
		if err != nil {
			t.Fatalf("message %d: %v", seq, err)
		}
		all = append(all, placeOf(n))
	}
	return all
}
