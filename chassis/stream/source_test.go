package stream_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// consume runs a Source until stop is called, which answers how it ended.
func consume(t *testing.T, s stream.Source, into chan<- stream.Delivery) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Consume(ctx, into) }()
	t.Cleanup(cancel)
	return func() error {
		cancel()
		return <-ended
	}
}

func TestASourceBringsWhatIsNotSettledAgain(t *testing.T) {
	t.Parallel()
	nc := streamtest.Start(t)
	js := streamtest.JetStream(t, nc)
	source, err := stream.NewSource(nc, "posts", "tags")
	if err != nil {
		t.Fatalf("NewSource: %v", err)
	}
	if err := source.Consume(t.Context(), nil); !stream.Gone(err) {
		t.Errorf("Consume without a stream = %v, want it gone", err)
	}
	if err := stream.Provision(t.Context(), js, "posts", 1); err != nil {
		t.Fatalf("Provision: %v", err)
	}
	msg, err := stream.Message(t.Context(), notice())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for range 3 {
		into := make(chan stream.Delivery)
		stop := consume(t, source, into)
		d := <-into
		// Between Nak and the end of Consume the broker may bring it once more, which
		// Consume gives back: the count grows by one or by more.
		if _, n, err := d.Notice(t.Context()); err != nil || n.GetId() != "0197-n1" || d.Subject() != "parution.posts.published.main.p1" || d.Delivered() <= last {
			t.Errorf("delivery %d = %v on %s, %v, want 0197-n1, delivered more than %d times", d.Delivered(), n, d.Subject(), err, last)
		}
		if last == 0 && d.Delivered() != 1 {
			t.Errorf("the first delivery is the %d.", d.Delivered())
		}
		last = d.Delivered()
		d.Nak(0)
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("Consume ended with %v, want the context's error", err)
		}
	}
}

func TestASourceTellsWhenItsStreamGoes(t *testing.T) {
	t.Parallel()
	nc := streamtest.Start(t)
	js := streamtest.JetStream(t, nc)
	if err := stream.Provision(t.Context(), js, "posts", 1); err != nil {
		t.Fatalf("Provision: %v", err)
	}
	source, err := stream.NewSource(nc, "posts", "tags")
	if err != nil {
		t.Fatalf("NewSource: %v", err)
	}
	if !source.Connected() {
		t.Error("Connected = false, want true")
	}
	into := make(chan stream.Delivery, 1)
	ended := make(chan error, 1)
	go func() { ended <- source.Consume(t.Context(), into) }()
	msg, err := stream.Message(t.Context(), notice())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
	(<-into).Drop()
	if err := js.DeleteStream(t.Context(), "POSTS"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !stream.Gone(err) {
		t.Errorf("Consume = %v, want it gone", err)
	}
	nc.Close()
	if err := source.Consume(t.Context(), into); !errors.Is(err, stream.ErrAway) {
		t.Errorf("Consume = %v, want ErrAway", err)
	}
}

func TestASourceHearsItsOwnersHeartbeats(t *testing.T) {
	t.Parallel()
	nc := streamtest.Start(t)
	source, err := stream.NewSource(nc, "posts", "tags")
	if err != nil {
		t.Fatalf("NewSource: %v", err)
	}
	beats := make(chan *eventsv1.Heartbeat, 4)
	stop, err := source.Heartbeats(beats)
	if err != nil {
		t.Fatalf("Heartbeats: %v", err)
	}
	say := func(owner string, pos int64) {
		t.Helper()
		data, err := proto.Marshal(&eventsv1.Heartbeat{Owner: owner, Epoch: 1, Pos: pos})
		if err == nil {
			err = nc.Publish(stream.HeartbeatSubject(owner), data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	say("tags", 1)
	say("posts", 2)
	if beat := <-beats; beat.GetPos() != 2 {
		t.Errorf("heard %v, want that of posts", beat)
	}
	stop()
	say("posts", 3)
	if err := nc.Flush(); err != nil || len(beats) != 0 {
		t.Errorf("%d heartbeats after the end, %v, want none", len(beats), err)
	}
}
