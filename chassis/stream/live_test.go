package stream_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

func TestLiveTellsWhatOwnersTellInOrder(t *testing.T) {
	t.Parallel()
	broker := streamtest.NewBroker(t)
	nc := broker.Connect(t, "test")
	live := stream.NewLive(broker.Connect(t, "listener"))
	heard := make(chan stream.Told, 16)
	stop, err := live.Listen(heard, "posts", "render")
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	defer stop()
	if err := live.Confirm(t.Context()); err != nil || !live.Connected() {
		t.Fatalf("Confirm = %v, connected %t", err, live.Connected())
	}
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	msg, err := stream.Message(trace.ContextWithSpanContext(t.Context(), span), notice())
	if err != nil {
		t.Fatalf("Message: %v", err)
	}
	beat, err := proto.Marshal(&eventsv1.Heartbeat{Owner: "render", Epoch: 1, Pos: 9})
	if err != nil {
		t.Fatalf("Marshal: %v", err)
	}
	send := func(subject string, header map[string][]string, data []byte) {
		t.Helper()
		msg.Subject, msg.Header, msg.Data = subject, header, data
		if err := nc.PublishMsg(msg); err != nil {
			t.Fatalf("publish: %v", err)
		}
	}
	header, body := msg.Header, msg.Data
	send("live.tags.indexed.main.p1", header, body) // nobody asked
	send("live.posts.published.main.p1", header, body)
	send("live.heartbeat.render", nil, beat)
	send("live.render.pressed.main.x", nil, []byte("\xff\xff"))
	if got := <-heard; got.Owner != "posts" || got.Beat != nil || got.Notice.GetPos() != 7 || got.Subject != "live.posts.published.main.p1" ||
		trace.SpanContextFromContext(got.Context).TraceID() != span.TraceID() {
		t.Errorf("first %+v", got)
	}
	if got := <-heard; got.Owner != "render" || got.Notice != nil || got.Beat.GetPos() != 9 {
		t.Errorf("second %+v", got)
	}
	if got := <-heard; got.Owner != "render" || got.Notice != nil || got.Beat != nil {
		t.Errorf("third %+v, want a message that could not be read", got)
	}
}

func TestLiveTellsOfTheConnection(t *testing.T) {
	t.Parallel()
	broker := streamtest.NewBroker(t)
	live := stream.NewLive(broker.Connect(t, "listener"))
	changes := make(chan bool)
	stop := live.Changes(changes)
	broker.Stop()
	if <-changes {
		t.Error("told that there is a connection, want none")
	}
	if err := live.Confirm(t.Context()); err == nil {
		t.Error("Confirm without a broker = nil")
	}
	broker.Restart(t)
	if !<-changes {
		t.Error("told that there is no connection, want one")
	}
	broker.Stop() // nobody takes what is told now
	stop()
}

func TestDrainSendsWhatIsWaiting(t *testing.T) {
	t.Parallel()
	broker := streamtest.NewBroker(t)
	heard := make(chan *nats.Msg, 1)
	listener, nc := broker.Connect(t, "listener"), broker.Connect(t, "test")
	if _, err := listener.ChanSubscribe("x", heard); err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	if err := listener.Flush(); err != nil {
		t.Fatalf("flush: %v", err)
	}
	if err := nc.Publish("x", nil); err != nil {
		t.Fatalf("publish: %v", err)
	}
	stream.Drain(nc, time.Minute)
	<-heard
	if !nc.IsClosed() {
		t.Error("the connection is not closed")
	}
	broker.Stop()
	stream.Drain(listener, time.Minute) // does not wait for a broker that is away
}
