package gateway_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
)

// tell sends a notice of the site main as the broker would pass it on.
func (f *front) tell(t testing.TB, pos int64, keys ...string) {
	t.Helper()
	f.tellIn(t.Context(), t, pos, keys...)
}

// tellIn is tell within a trace.
func (f *front) tellIn(ctx context.Context, t testing.TB, pos int64, keys ...string) {
	t.Helper()
	f.tellOf(ctx, t, pos, nil, keys...)
}

// tellOf is tellIn because of what render took in of post.
func (f *front) tellOf(ctx context.Context, t testing.TB, pos int64, post *renderv1.PostVersion, keys ...string) {
	t.Helper()
	facts, err := anypb.New(&renderv1.PressFacts{Keys: keys, CausedAt: timestamppb.New(time.Now()), Post: post})
	if err != nil {
		t.Fatalf("pack the facts: %v", err)
	}
	f.send(ctx, t, &eventsv1.Notice{
		Id: "n", Owner: "render", Epoch: 1, Pos: pos, Site: "main", AggregateType: "press", AggregateId: "a", Version: 1, Kind: "pressed", Facts: facts,
	})
}

// withdraw sends posts' notice that it withdrew a post of the site main.
func (f *front) withdraw(t testing.TB, pos int64, id string, version int32) {
	t.Helper()
	f.send(t.Context(), t, &eventsv1.Notice{
		Id: "n", Owner: "posts", Epoch: 1, Pos: pos, Site: "main", AggregateType: "post", AggregateId: id, Version: version, Kind: "withdrawn",
	})
}

// send sends a notice as the broker would pass it on.
func (f *front) send(ctx context.Context, t testing.TB, n *eventsv1.Notice) {
	t.Helper()
	msg, err := stream.Message(ctx, n)
	if err != nil {
		t.Fatalf("write the notice: %v", err)
	}
	msg.Subject = strings.Replace(msg.Subject, "parution.", "live.", 1)
	if err := f.nc.PublishMsg(msg); err != nil {
		t.Fatalf("send the notice: %v", err)
	}
}

// beat sends a heartbeat as render's relay would.
func (f *front) beat(t testing.TB, pos int64) {
	t.Helper()
	body, err := proto.Marshal(&eventsv1.Heartbeat{Owner: "render", Epoch: 1, Pos: pos})
	if err != nil {
		t.Fatalf("write the heartbeat: %v", err)
	}
	if err := f.nc.Publish(stream.HeartbeatSubject("render"), body); err != nil {
		t.Fatalf("send the heartbeat: %v", err)
	}
}

// await asks for a page until it is the wanted one.
func (f *front) await(t testing.TB, path, want string) {
	t.Helper()
	f.until(t, path, func(got answer) bool { return got.body == want })
}

func (f *front) awaitStatus(t testing.TB, path string, want int) {
	t.Helper()
	f.until(t, path, func(got answer) bool { return got.status == want })
}

// until asks for a page until it is as wanted; a minute is for ever.
func (f *front) until(t testing.TB, path string, wanted func(answer) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got answer
	for ctx.Err() == nil {
		if got = f.get(t, path); wanted(got) {
			return
		}
	}
	t.Fatalf("GET %s stays %d %.100q", path, got.status, got.body)
}

// awaitDrop returns once every notice sent before has been heard: notices are
// heard in order, so a page that a later one drops tells.
func (f *front) awaitDrop(t testing.TB) {
	t.Helper()
	f.press("main", "/marker", "before", "marker")
	f.get(t, "/marker")
	f.press("main", "/marker", "after", "marker")
	f.tell(t, 2, "marker")
	f.await(t, "/marker", "after")
}
