package render_test

import (
	"cmp"
	"context"
	"slices"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// feed serves what the owners have.
type feed struct {
	eventsv1.UnimplementedFeedServiceServer

	*owners
}

// epochOf is the epoch of an owner; mu is held.
func (o *owners) epochOf(owner string) int32 {
	if owner == "posts" {
		return o.epoch
	}
	return 1
}

// GetWatermark implements eventsv1.FeedServiceServer.
func (f feed) GetWatermark(_ context.Context, r *eventsv1.GetWatermarkRequest) (*eventsv1.GetWatermarkResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &eventsv1.GetWatermarkResponse{Epoch: f.epochOf(r.GetOwner()), Pos: f.pos[r.GetOwner()]}, nil
}

// ListHeads implements eventsv1.FeedServiceServer.
func (f feed) ListHeads(_ context.Context, r *eventsv1.ListHeadsRequest) (*eventsv1.ListHeadsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &eventsv1.ListHeadsResponse{Epoch: f.epochOf(r.GetOwner()), Pos: f.pos[r.GetOwner()]}
	add := func(typ, id string, version int32) {
		if version > 0 && slices.Contains(r.GetTypes(), typ) && cmp.Or(cmp.Compare(typ, r.GetAfterType()), cmp.Compare(id, r.GetAfterId())) > 0 {
			out.Heads = append(out.Heads, &eventsv1.Head{AggregateType: typ, AggregateId: id, Version: version})
		}
	}
	if r.GetOwner() == "posts" {
		for id, s := range f.sites {
			add("site", id, s.GetVersion())
		}
		for id, s := range f.posts {
			add("post", id, s.GetVersion())
		}
	} else {
		for id, e := range f.entries {
			add("entry", id, e.GetVersion())
		}
	}
	slices.SortFunc(out.GetHeads(), func(a, b *eventsv1.Head) int {
		return cmp.Or(cmp.Compare(a.GetAggregateType(), b.GetAggregateType()), cmp.Compare(a.GetAggregateId(), b.GetAggregateId()))
	})
	if size := int(r.GetPageSize()); len(out.GetHeads()) > size {
		out.Heads = out.GetHeads()[:size]
		out.NextType, out.NextId = out.GetHeads()[size-1].GetAggregateType(), out.GetHeads()[size-1].GetAggregateId()
	}
	return out, nil
}
