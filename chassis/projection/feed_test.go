package projection_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/digest"
	"github.com/parution/parution/chassis/projection"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// feed is the owner's feed, and what it tells of the library's aggregates.
type feed struct {
	eventsv1.FeedServiceClient

	l *library

	mu      sync.Mutex
	notices []*eventsv1.Notice
	// least is what GetWatermark answers at least.
	least place
	// away has every call fail.
	away bool
	// listed runs in each ListHeads once its answer is made; nil for nothing.
	listed func(call int)
	lists  int
}

type place struct {
	epoch int32
	pos   int64
}

// open gives the library a feed.
func (l *library) open() *feed {
	f := &feed{l: l, least: place{1, 0}}
	l.feed = f
	return f
}

func (f *feed) end() place {
	at := f.least
	for _, n := range f.notices {
		if n.GetEpoch() > at.epoch || n.GetEpoch() == at.epoch && n.GetPos() > at.pos {
			at = place{n.GetEpoch(), n.GetPos()}
		}
	}
	return at
}

var errAway = errors.New("the owner is away")

func (f *feed) lock() (unlock func(), err error) {
	f.mu.Lock()
	if f.away {
		f.mu.Unlock()
		return nil, errAway
	}
	return f.mu.Unlock, nil
}

func (f *feed) ListChanges(_ context.Context, r *eventsv1.ListChangesRequest, _ ...grpc.CallOption) (*eventsv1.ListChangesResponse, error) {
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	out := &eventsv1.ListChangesResponse{}
	for _, n := range f.notices {
		isAfter := n.GetEpoch() > r.GetAfterEpoch() || n.GetEpoch() == r.GetAfterEpoch() && n.GetPos() > r.GetAfterPos()
		if isAfter && len(out.GetNotices()) < int(r.GetPageSize()) {
			out.Notices = append(out.Notices, n)
		}
	}
	return out, nil
}

func (f *feed) GetWatermark(context.Context, *eventsv1.GetWatermarkRequest, ...grpc.CallOption) (*eventsv1.GetWatermarkResponse, error) {
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	at := f.end()
	return &eventsv1.GetWatermarkResponse{Epoch: at.epoch, Pos: at.pos}, nil
}

func (f *feed) GetDigests(context.Context, *eventsv1.GetDigestsRequest, ...grpc.CallOption) (*eventsv1.GetDigestsResponse, error) {
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	at := f.end()
	out := &eventsv1.GetDigestsResponse{Epoch: at.epoch, Pos: at.pos, Buckets: make([]uint64, digest.Buckets)}
	for _, s := range f.l.all() {
		out.Buckets[digest.Bucket(s.Type, s.ID)] += digest.Sum(s.Type, s.ID, s.Version, s.PublicHash)
	}
	return out, nil
}

func (f *feed) ListHeads(_ context.Context, r *eventsv1.ListHeadsRequest, _ ...grpc.CallOption) (*eventsv1.ListHeadsResponse, error) {
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	at := f.end()
	out := &eventsv1.ListHeadsResponse{Epoch: at.epoch, Pos: at.pos}
	for _, s := range f.l.all() {
		if len(out.GetHeads()) == int(r.GetPageSize()) {
			last := out.GetHeads()[len(out.GetHeads())-1]
			out.NextType, out.NextId = last.GetAggregateType(), last.GetAggregateId()
			break
		}
		isAfter := byName(s.Ref, projection.Ref{Type: r.GetAfterType(), ID: r.GetAfterId()}) > 0
		isAsked := len(r.GetBuckets()) == 0 || slices.Contains(r.GetBuckets(), int32(digest.Bucket(s.Type, s.ID)))
		if isAfter && isAsked {
			out.Heads = append(out.Heads, &eventsv1.Head{AggregateType: s.Type, AggregateId: s.ID, Site: "main", Version: s.Version, PublicHash: s.PublicHash})
		}
	}
	f.lists++
	listed, call := f.listed, f.lists
	unlock()
	if listed != nil {
		listed(call)
	}
	return out, nil
}

// all lists what the owner knows, in order.
func (l *library) all() []state {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]state, 0, len(l.owned))
	for _, ref := range slices.SortedFunc(maps.Keys(l.owned), byName) {
		if l.owned[ref].Version > 0 {
			out = append(out, l.owned[ref])
		}
	}
	return out
}

func byName(a, b projection.Ref) int {
	if c := strings.Compare(a.Type, b.Type); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}
