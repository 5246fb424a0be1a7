package stream_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

func notice() *eventsv1.Notice {
	return &eventsv1.Notice{
		Id: "0197-n1", Owner: "posts", Epoch: 1, Pos: 7, Site: "main", AggregateType: "post", AggregateId: "p1",
		Version: 3, Kind: "published", PublicHash: []byte{1, 2},
		OccurredAt: timestamppb.New(time.Date(2026, 5, 6, 7, 8, 9, 120_000_000, time.UTC)),
	}
}

func TestANoticeSurvivesItsMessage(t *testing.T) {
	t.Parallel()
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	msg, err := stream.Message(trace.ContextWithSpanContext(t.Context(), span), notice())
	if err != nil {
		t.Fatalf("Message: %v", err)
	}
	if want := "parution.posts.published.main.p1"; msg.Subject != want {
		t.Errorf("subject = %s, want %s", msg.Subject, want)
	}
	want := nats.Header{
		"ce-specversion": {"1.0"}, "ce-id": {"0197-n1"}, "ce-source": {"/parution/posts"}, "ce-type": {"parution.posts.published"},
		"ce-subject": {"post/p1"}, "ce-time": {"2026-05-06T07:08:09.12Z"}, "content-type": {"application/protobuf"},
		"traceparent": {"00-01000000000000000000000000000000-0200000000000000-01"},
	}
	if diff := cmp.Diff(want, msg.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	ctx, got, err := stream.Notice(t.Context(), msg.Header, msg.Data)
	if err != nil {
		t.Fatalf("Notice: %v", err)
	}
	if diff := cmp.Diff(notice(), got, protocmp.Transform()); diff != "" {
		t.Errorf("notice (-want +got):\n%s", diff)
	}
	if id := trace.SpanContextFromContext(ctx).TraceID(); id != span.TraceID() {
		t.Errorf("trace = %v, want %v", id, span.TraceID())
	}
	if _, _, err := stream.Notice(t.Context(), nil, []byte("\xff\xff")); err == nil {
		t.Error("Notice of rubbish = nil, want an error")
	}
}

func TestProvisionManyAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	nc := streamtest.Start(t)
	js := streamtest.JetStream(t, nc)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := stream.Provision(t.Context(), js, "posts", 1); err != nil {
				t.Errorf("Provision: %v", err)
			}
		})
	}
	all.Wait()
	s, err := js.Stream(t.Context(), stream.Name("posts"))
	if err != nil {
		t.Fatalf("the stream: %v", err)
	}
	if subjects := s.CachedInfo().Config.Subjects; !cmp.Equal(subjects, []string{"parution.posts.>"}) {
		t.Errorf("subjects = %v, want parution.posts.>", subjects)
	}
}

func TestAStoredNoticeIsSeenLiveAndOnlyOnce(t *testing.T) {
	t.Parallel()
	nc := streamtest.Start(t)
	js := streamtest.JetStream(t, nc)
	if err := stream.Provision(t.Context(), js, "posts", 1); err != nil {
		t.Fatalf("Provision: %v", err)
	}
	live := make(chan *nats.Msg, 8)
	for _, pattern := range []string{stream.LiveSubjects("posts", ""), stream.LiveSubjects("posts", "withdrawn")} {
		if _, err := nc.ChanSubscribe(pattern, live); err != nil {
			t.Fatalf("subscribe to %s: %v", pattern, err)
		}
	}
	msg, err := stream.Message(t.Context(), notice())
	if err != nil {
		t.Fatal(err)
	}
	msg.Header.Set(nats.MsgIdHdr, "0197-n1")
	for i := range 2 {
		ack, err := js.PublishMsg(t.Context(), msg)
		if err != nil || ack.Duplicate != (i == 1) || ack.Sequence != 1 {
			t.Errorf("publish %d: %+v, %v, want the second to be a duplicate of message 1", i+1, ack, err)
		}
	}
	got := <-live
	if got.Subject != "live.posts.published.main.p1" || got.Header.Get("ce-id") != "0197-n1" {
		t.Errorf("live copy on %s with %v", got.Subject, got.Header)
	}
	if err := nc.Flush(); err != nil || len(live) != 0 {
		t.Errorf("%d more live copies, %v, want none: it is no withdrawal, and a duplicate", len(live), err)
	}
}

func TestGoneTellsMissingStreams(t *testing.T) {
	t.Parallel()
	js := streamtest.JetStream(t, streamtest.Start(t))
	_, missing := js.Stream(t.Context(), "POSTS")
	if !stream.Gone(missing) {
		t.Errorf("Gone(%v) = false, want true", missing)
	}
	msg, err := stream.Message(t.Context(), notice())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.PublishMsg(t.Context(), msg); !stream.Gone(err) {
		t.Errorf("Gone(%v) = false, want true for a publish into nothing", err)
	}
	if stream.Gone(errors.New("other")) || stream.Gone(nil) || stream.Gone(context.Canceled) {
		t.Error("Gone of something else = true, want false")
	}
}

func TestTheConnectionFindsARestartedBroker(t *testing.T) {
	t.Parallel()
	broker := streamtest.NewBroker(t)
	nc := broker.Connect(t, "test")
	js := streamtest.JetStream(t, nc)
	if err := stream.Provision(t.Context(), js, "posts", 1); err != nil {
		t.Fatalf("Provision: %v", err)
	}
	again := nc.StatusChanged(nats.CONNECTED)
	broker.Restart(t)
	<-again
	if _, err := js.Stream(t.Context(), stream.Name("posts")); err != nil {
		t.Errorf("the stream after a restart: %v", err)
	}
	again = nc.StatusChanged(nats.CONNECTED)
	broker.Wipe(t)
	broker.Restart(t)
	<-again
	if _, err := js.Stream(t.Context(), stream.Name("posts")); !stream.Gone(err) {
		t.Errorf("the stream after a wipe: %v, want it gone", err)
	}
}

// logs is a log that the connection's callbacks may write to at any time.
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

func TestConnectDoesNotWaitAndHidesPasswords(t *testing.T) {
	t.Parallel()
	var out logs
	// Nothing listens on port 1.
	nc, err := stream.Connect(t.Context(), slog.New(slog.NewTextHandler(&out, nil)), stream.Config{URL: "nats://me:hunter2@127.0.0.1:1,nats://127.0.0.1:1", Name: "test"})
	if err != nil {
		t.Fatalf("Connect = %v, want nil while the broker is away", err)
	}
	nc.Close()
	if text := out.String(); !strings.Contains(text, "waiting for NATS") || strings.Contains(text, "hunter2") {
		t.Errorf("log = %s, want it to tell the server without the password", text)
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if stream.Wait(ctx, time.Hour) {
		t.Error("Wait = true, want false for an ended context")
	}
	if !stream.Wait(t.Context(), time.Nanosecond) {
		t.Error("Wait = false, want true")
	}
}
