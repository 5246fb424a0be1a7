package outbox_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

const owner = "posts"

// office is an owner's database with its outbox, and a broker.
type office struct {
	db     *sqldb.DB
	out    *outbox.Outbox
	broker *streamtest.Broker
}

func each(t *testing.T, fn func(t *testing.T, o *office)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), outbox.Migrations()); err != nil {
			t.Fatalf("Migrate: %v", err)
		}
		fn(t, &office{db: db, out: outbox.New(db, owner), broker: streamtest.NewBroker(t)})
	})
}

func entry(id string, version int32) outbox.Entry {
	return outbox.Entry{
		Site: "main", AggregateType: "post", AggregateID: id, Version: version, Kind: "revised", PublicHash: []byte{1, byte(version)},
		Facts: &tagsv1.IndexFacts{Tags: []string{id}}, At: time.Now().UTC().Truncate(time.Microsecond),
	}
}

// add writes entries, each in a transaction of its own.
func (o *office) add(ctx context.Context, entries ...outbox.Entry) error {
	for _, e := range entries {
		err := o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error { return o.out.Append(ctx, tx, e) })
		if err != nil {
			return err
		}
	}
	return nil
}

// posts are the first versions of n posts, the numbers from "from" on.
func posts(from, n int) []outbox.Entry {
	entries := make([]outbox.Entry, n)
	for i := range entries {
		entries[i] = entry(fmt.Sprintf("p%d", from+i), 1)
	}
	return entries
}

// relay runs a relay with a connection of its own; stop waits for its end.
func (o *office) relay(t testing.TB) (stop func()) {
	t.Helper()
	return o.relayOf(t, o.out, telemetry.Discard())
}

func (o *office) relayOf(t testing.TB, out *outbox.Outbox, tel *telemetry.Telemetry) (stop func()) {
	t.Helper()
	to, err := stream.NewLog(o.broker.Connect(t, "relay"), owner, 1, tel)
	if err != nil {
		t.Fatalf("NewLog: %v", err)
	}
	relay, err := outbox.NewRelay(out, to, tel)
	if err != nil {
		t.Fatalf("NewRelay: %v", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- relay.Part().Run(ctx, func() {}) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the relay ended with %v, want nil", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// stored reads n notices from the stream, in its order.
func (o *office) stored(t testing.TB, n int) []*eventsv1.Notice {
	t.Helper()
	js := streamtest.JetStream(t, o.broker.Connect(t, "reader"))
	if err := stream.Provision(t.Context(), js, owner, 1); err != nil {
		t.Fatalf("Provision: %v", err)
	}
	cons, err := js.OrderedConsumer(t.Context(), stream.Name(owner), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatalf("read the stream: %v", err)
	}
	msgs, err := cons.Messages()
	if err != nil {
		t.Fatalf("read the stream: %v", err)
	}
	defer msgs.Stop()
	notices := make([]*eventsv1.Notice, n)
	for i := range notices {
		msg, err := msgs.Next(jetstream.NextContext(t.Context()))
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if _, notices[i], err = stream.Notice(t.Context(), msg.Headers(), msg.Data()); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	return notices
}

// feed reads the whole feed in pages.
func (o *office) feed(t testing.TB, pageSize int32) []*eventsv1.Notice {
	t.Helper()
	server := outbox.NewFeedServer(o.out)
	var all []*eventsv1.Notice
	r := &eventsv1.ListChangesRequest{Owner: owner, PageSize: pageSize}
	for {
		page, err := server.ListChanges(t.Context(), r)
		if err != nil {
			t.Fatalf("ListChanges: %v", err)
		}
		if len(page.GetNotices()) > int(pageSize) {
			t.Fatalf("a page of %d, want at most %d", len(page.GetNotices()), pageSize)
		}
		if len(page.GetNotices()) == 0 {
			return all
		}
		all = append(all, page.GetNotices()...)
		last := all[len(all)-1]
		r.AfterEpoch, r.AfterPos = last.GetEpoch(), last.GetPos()
	}
}

// allSent waits until every notice is marked.
func (o *office) allSent(t testing.TB) {
	t.Helper()
	eventually(t, func() bool {
		n, err := o.out.Unsent(t.Context())
		if err != nil {
			t.Fatalf("Unsent: %v", err)
		}
		return n == 0
	})
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

func checkPlaces(t testing.TB, notices []*eventsv1.Notice) {
	t.Helper()
	versions := make(map[string]int32)
	for i, n := range notices {
		if n.GetEpoch() != 1 || n.GetPos() != int64(i+1) {
			t.Errorf("notice %d is at (%d, %d), want (1, %d)", i, n.GetEpoch(), n.GetPos(), i+1)
		}
		if was := versions[n.GetAggregateId()]; n.GetVersion() != was+1 {
			t.Errorf("%s: version %d after %d", n.GetAggregateId(), n.GetVersion(), was)
		}
		versions[n.GetAggregateId()] = n.GetVersion()
	}
}

func TestAppendBelongsToItsTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		boom := errors.New("boom")
		err := o.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(o.out.Append(ctx, tx, entry("p1", 1)), boom)
		})
		if n, countErr := o.out.Unsent(t.Context()); !errors.Is(err, boom) || countErr != nil || n != 0 {
			t.Errorf("after a rollback: %v, %d notices, %v, want none", err, n, countErr)
		}
		if err := o.add(t.Context(), entry("p1", 1), entry("p1", 2), entry("p2", 1)); err != nil {
			t.Fatalf("Append: %v", err)
		}
		if err := o.add(t.Context(), entry("p1", 2)); fault.KindOf(err) != fault.KindConflict {
			t.Errorf("the same version again = %v, want a conflict", err)
		}
		if n, err := o.out.Unsent(t.Context()); err != nil || n != 3 {
			t.Errorf("%d notices, %v, want 3", n, err)
		}
	})
}

func TestSeveralAreAppendedAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		own := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{7}, SpanID: trace.SpanID{8}})
		callers := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
		ctx := trace.ContextWithSpanContext(t.Context(), callers)
		all := func(entries ...outbox.Entry) error {
			return o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error { return o.out.AppendAll(ctx, tx, entries) })
		}
		for n := range 20 { // none, one, and more than one statement takes
			entries := posts(100*n, n)
			if n > 0 {
				entries[n-1].Span = own
			}
			if err := all(entries...); err != nil {
				t.Fatalf("AppendAll of %d: %v", n, err)
			}
		}
		if err := all(append(posts(10_000, 9), posts(1900, 1)...)...); fault.KindOf(err) != fault.KindConflict {
			t.Errorf("one of them told again = %v, want a conflict", err)
		}
		o.relay(t)
		got := o.stored(t, 190)
		checkPlaces(t, got)
		i := 0
		for n := range 20 {
			for _, want := range posts(100*n, n) {
				if got[i].GetAggregateId() != want.AggregateID {
					t.Fatalf("notice %d is of %s, want %s", i, got[i].GetAggregateId(), want.AggregateID)
				}
				i++
			}
		}
		traces := func(of trace.SpanContext) (n int) {
			t.Helper()
			err := o.db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM outbox WHERE trace LIKE $1`, "00-"+of.TraceID().String()+"-%").Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if a, b := traces(own), traces(callers); a != 19 || b != 171 {
			t.Errorf("%d notices of the own trace, %d of the caller's, want 19 and 171", a, b)
		}
	})
}

func TestNoticesArriveInOrderWithoutGaps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		const writers, versions = 6, 20
		o.relay(t)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for v := range int32(versions) {
					err := o.add(t.Context(), entry(fmt.Sprintf("p%d", w), v+1))
					// A rolled back notice leaves no hole.
					if dup := o.add(t.Context(), entry(fmt.Sprintf("p%d", w), v+1)); err != nil || dup == nil {
						t.Errorf("append: %v, again: %v, want a conflict", err, dup)
					}
				}
			})
		}
		got := o.stored(t, writers*versions)
		all.Wait()
		checkPlaces(t, got)
		o.allSent(t)
		if diff := gocmp.Diff(got, o.feed(t, 1000), protocmp.Transform()); diff != "" {
			t.Errorf("the feed is not what was sent (-stream +feed):\n%s", diff)
		}
	})
}

func TestANoticeTellsWhatWasAppended(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
		e := entry("p1", 1)
		e.Public = true
		if err := o.add(trace.ContextWithSpanContext(t.Context(), span), e); err != nil {
			t.Fatalf("Append: %v", err)
		}
		nc := o.broker.Connect(t, "listener")
		live := make(chan *nats.Msg, 1)
		if _, err := nc.ChanSubscribe(stream.LiveSubjects(owner, "revised"), live); err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		o.relay(t)
		msg := <-live
		ctx, n, err := stream.Notice(t.Context(), msg.Header, msg.Data)
		if err != nil {
			t.Fatalf("Notice: %v", err)
		}
		if got := trace.SpanContextFromContext(ctx).TraceID(); got != span.TraceID() {
			t.Errorf("trace = %v, want the writer's %v", got, span.TraceID())
		}
		facts, err := n.GetFacts().UnmarshalNew()
		if err != nil {
			t.Fatalf("facts: %v", err)
		}
		if diff := gocmp.Diff(e.Facts, facts, protocmp.Transform()); diff != "" {
			t.Errorf("facts (-want +got):\n%s", diff)
		}
		if n.GetOwner() != owner || n.GetSite() != e.Site || n.GetKind() != e.Kind || n.GetPublic() != e.Public || !n.GetOccurredAt().AsTime().Equal(e.At) || !slices.Equal(n.GetPublicHash(), e.PublicHash) {
			t.Errorf("notice = %v, want it to tell %+v", n, e)
		}
	})
}

func TestABrokerThatWasAwayGetsEverything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.broker.Stop()
		o.relay(t)
		// More than one batch, so that the relay's rounds are seen too.
		if err := o.add(t.Context(), posts(0, 520)...); err != nil {
			t.Fatalf("append without a broker: %v", err)
		}
		o.broker.Restart(t)
		checkPlaces(t, o.stored(t, 520))
		o.broker.Stop()
		if err := o.add(t.Context(), posts(520, 3)...); err != nil {
			t.Fatalf("append without a broker: %v", err)
		}
		o.broker.Restart(t)
		checkPlaces(t, o.stored(t, 523))
		o.allSent(t)
	})
}

func TestAWipedBrokerIsFilledAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.relay(t)
		if err := o.add(t.Context(), posts(0, 3)...); err != nil {
			t.Fatal(err)
		}
		o.allSent(t)
		o.broker.Wipe(t)
		if err := o.add(t.Context(), posts(3, 2)...); err != nil {
			t.Fatal(err)
		}
		o.broker.Restart(t)
		o.allSent(t)
		checkPlaces(t, o.stored(t, 5))
	})
}

func TestTwoRelaysSendEachNoticeOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		const n = 300
		second := outbox.New(o.db, owner) // as another process has it
		o.relayOf(t, o.out, telemetry.Discard())
		o.relayOf(t, second, telemetry.Discard())
		for _, e := range posts(0, n) {
			if err := o.add(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			second.Wake()
		}
		o.allSent(t)
		got := o.stored(t, n)
		info, err := streamtest.JetStream(t, o.broker.Connect(t, "reader")).Stream(t.Context(), stream.Name(owner))
		if err != nil {
			t.Fatal(err)
		}
		if msgs := info.CachedInfo().State.Msgs; msgs != n {
			t.Errorf("the stream has %d messages, want %d", msgs, n)
		}
		// Two relays may pass each other; places tell the order all the same.
		slices.SortFunc(got, func(a, b *eventsv1.Notice) int { return cmp.Compare(a.GetPos(), b.GetPos()) })
		checkPlaces(t, got)
	})
}

func TestARelayThatStopsLosesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		const n = 200
		for i := range 4 {
			stop := o.relay(t)
			if err := o.add(t.Context(), posts(i*n/4, n/4)...); err != nil {
				t.Fatal(err)
			}
			stop()
		}
		o.relay(t)
		checkPlaces(t, o.stored(t, n))
		o.allSent(t)
	})
}
