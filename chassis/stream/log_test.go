package stream_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// outgoing are the notices with the numbers from+1 to from+n.
func outgoing(from, n int) []stream.Outgoing {
	out := make([]stream.Outgoing, n)
	for i := range out {
		o := proto.CloneOf(notice())
		o.Id, o.Pos, o.AggregateId = fmt.Sprintf("n%d", from+i+1), int64(from+i+1), fmt.Sprintf("p%d", from+i+1)
		out[i] = stream.Outgoing{Notice: o, MessageID: o.GetId()}
	}
	return out
}

func newLog(t testing.TB, nc *nats.Conn) stream.Log {
	t.Helper()
	l, err := stream.NewLog(nc, "posts", 1, telemetry.Discard())
	if err != nil {
		t.Fatalf("NewLog: %v", err)
	}
	return l
}

func TestALogTakesNoticesOnlyBehindEachOther(t *testing.T) {
	t.Parallel()
	nc := streamtest.Start(t)
	l := newLog(t, nc)
	end, err := l.Open(t.Context())
	if err != nil || end.Sequence != 0 || end.Last != nil || end.Incarnation == "" {
		t.Fatalf("a new log ends at %+v, %v, want an incarnation and nothing else", end, err)
	}
	// More than one window.
	got, err := l.Publish(t.Context(), 0, outgoing(0, 200))
	if err != nil || got[0] != 1 || got[199] != 200 {
		t.Fatalf("Publish = %v, %v, want 1 to 200", got, err)
	}
	got, err = l.Publish(t.Context(), 100, outgoing(200, 3))
	if !stream.Moved(err) || !cmp.Equal(got, []uint64{0, 0, 0}) {
		t.Errorf("behind what is not the end: %v, %v, want nothing taken, and that it has moved", got, err)
	}
	after, err := l.Open(t.Context())
	if err != nil || after.Incarnation != end.Incarnation || after.Sequence != 200 || after.Last.GetPos() != 200 {
		t.Errorf("the log ends at %+v, %v, want the 200th notice of the same incarnation", after, err)
	}
}

func TestALogThatIsDeletedIsNew(t *testing.T) {
	t.Parallel()
	nc := streamtest.Start(t)
	l := newLog(t, nc)
	first, err := l.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := streamtest.JetStream(t, nc).DeleteStream(t.Context(), stream.Name("posts")); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Publish(t.Context(), 0, outgoing(0, 1)); !stream.Gone(err) || got[0] != 0 {
		t.Errorf("Publish into nothing = %v, %v, want that it is gone", got, err)
	}
	second, err := l.Open(t.Context())
	if err != nil || second.Incarnation == first.Incarnation {
		t.Errorf("Open = %+v, %v, want another incarnation than %s", second, err, first.Incarnation)
	}
}

func TestALogBeats(t *testing.T) {
	t.Parallel()
	broker := streamtest.NewBroker(t)
	nc := broker.Connect(t, "relay")
	beats := make(chan *nats.Msg, 1)
	if _, err := nc.ChanSubscribe(stream.HeartbeatSubject("posts"), beats); err != nil {
		t.Fatal(err)
	}
	l, want := newLog(t, nc), &eventsv1.Heartbeat{Owner: "posts", Epoch: 2, Pos: 7}
	if err := l.Beat(t.Context(), want); err != nil {
		t.Fatalf("Beat: %v", err)
	}
	got := &eventsv1.Heartbeat{}
	if err := proto.Unmarshal((<-beats).Data, got); err != nil || !cmp.Equal(want, got, protocmp.Transform()) {
		t.Errorf("heartbeat = %v, %v, want %v", got, err, want)
	}
	away := nc.StatusChanged(nats.RECONNECTING)
	broker.Stop()
	<-away
	if err := l.Beat(t.Context(), want); !errors.Is(err, stream.ErrAway) {
		t.Errorf("Beat without a broker = %v, want ErrAway", err)
	}
	if _, err := l.Open(t.Context()); !errors.Is(err, stream.ErrAway) {
		t.Errorf("Open without a broker = %v, want ErrAway", err)
	}
}
