package simulation

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/fault"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// breakage is what is wrong with a path of the network.
type breakage int

const (
	wellPath   breakage = iota
	refused             // answers at once that nobody is there
	silent              // answers nothing
	slowPath            // takes up to three seconds
	losesReply          // does what it is asked to and says nothing
)

func (f breakage) String() string {
	return [...]string{"well", "refused", "silent", "slow", "loses replies"}[f]
}

// errAway is what a call gets whose peer is not there.
var errAway = fault.Unavailable("nobody answers")

// Call has f, which is named what, work at a running instance of service, across the network. Its
// error is f's, or Unavailable.
func (i *Instance) Call(ctx context.Context, service, what string, f func(at *Instance) error) error {
	w, rng := i.World, i.chance("call "+service+" "+what)
	w.mu.Lock()
	path := w.down[i.Name+">"+service]
	wait := 20*time.Microsecond + time.Duration(rng.Int64N(int64(time.Millisecond)))
	if path == slowPath {
		wait += time.Duration(rng.Int64N(int64(3 * time.Second)))
	}
	w.mu.Unlock()
	if path == silent {
		return i.noAnswer(ctx)
	}
	if err := w.broker.Pause(ctx, wait); err != nil {
		return err
	}
	at := w.any(service, rng)
	if path == refused || at == nil {
		return errAway
	}
	err := f(at)
	if err := w.broker.Pause(ctx, wait); err != nil {
		return err
	}
	if !at.Alive() {
		return errAway
	}
	if path == losesReply {
		return i.noAnswer(ctx)
	}
	return err
}

// noAnswer waits for what will not come, as long as a client would.
func (i *Instance) noAnswer(ctx context.Context) error {
	if err := i.World.broker.Pause(ctx, 5*time.Second); err != nil {
		return err
	}
	return errAway
}

// feed is posts' FeedService across the network.
type feed struct {
	eventsv1.FeedServiceClient

	from    *Instance
	service string
}

// Feed asks service for its feed, across the network.
func (i *Instance) Feed(service string) eventsv1.FeedServiceClient {
	return &feed{from: i, service: service}
}

// feeder is a node that serves a feed.
type feeder interface {
	Feed() eventsv1.FeedServiceServer
}

func ask[Q, A proto.Message](ctx context.Context, f *feed, what string, q Q, call func(s eventsv1.FeedServiceServer, ctx context.Context, q Q) (A, error)) (A, error) {
	var answer A
	err := f.from.Call(ctx, f.service, what, func(at *Instance) (err error) {
		office, ok := at.Office.(feeder)
		if !ok {
			return errAway
		}
		answer, err = call(office.Feed(), ctx, proto.CloneOf(q))
		return err
	})
	if err != nil {
		var none A
		return none, err
	}
	return answer, nil
}

// ListChanges implements eventsv1.FeedServiceClient.
func (f *feed) ListChanges(ctx context.Context, q *eventsv1.ListChangesRequest, _ ...grpc.CallOption) (*eventsv1.ListChangesResponse, error) {
	f.from.World.Notef("%s lists the changes of %s after (%d, %d)", f.from, f.service, q.GetAfterEpoch(), q.GetAfterPos())
	return ask(ctx, f, "ListChanges", q, eventsv1.FeedServiceServer.ListChanges)
}

// GetWatermark implements eventsv1.FeedServiceClient.
func (f *feed) GetWatermark(ctx context.Context, q *eventsv1.GetWatermarkRequest, _ ...grpc.CallOption) (*eventsv1.GetWatermarkResponse, error) {
	return ask(ctx, f, "GetWatermark", q, eventsv1.FeedServiceServer.GetWatermark)
}

// GetDigests implements eventsv1.FeedServiceClient.
func (f *feed) GetDigests(ctx context.Context, q *eventsv1.GetDigestsRequest, _ ...grpc.CallOption) (*eventsv1.GetDigestsResponse, error) {
	f.from.World.Notef("%s compares digests with %s", f.from, f.service)
	return ask(ctx, f, "GetDigests", q, eventsv1.FeedServiceServer.GetDigests)
}

// ListHeads implements eventsv1.FeedServiceClient.
func (f *feed) ListHeads(ctx context.Context, q *eventsv1.ListHeadsRequest, _ ...grpc.CallOption) (*eventsv1.ListHeadsResponse, error) {
	return ask(ctx, f, "ListHeads", q, eventsv1.FeedServiceServer.ListHeads)
}
