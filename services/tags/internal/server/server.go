// Package server answers the calls of the tags service.
package server

import (
	"context"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/ids"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/wire"
)

// maxBatch bounds the ids of one BatchGetEntries or BatchGetTags.
const maxBatch = 100

// states is what the server answers read models from.
type states interface {
	Epoch(ctx context.Context) (int32, error)
	Entries(ctx context.Context, postIDs []string) ([]entry.Entry, error)
	PublicHashes(ctx context.Context, versions map[string]int32) (map[string][]byte, error)
	Views(ctx context.Context, ids []string) ([]tag.View, error)
	TagHashes(ctx context.Context, versions map[string]int32) (map[string][]byte, error)
}

// Server implements tagsv1.TagsServiceServer. Safe for concurrent use.
type Server struct {
	tagsv1.UnimplementedTagsServiceServer

	states  states
	reading Reading
	editing Editing
}

// New makes a server.
func New(s states, reading Reading, editing Editing) *Server {
	reading.asked = make(chan struct{}, maxAsked)
	return &Server{states: s, reading: reading, editing: editing}
}

// BatchGetEntries implements tagsv1.TagsServiceServer.
func (s *Server) BatchGetEntries(ctx context.Context, r *tagsv1.BatchGetEntriesRequest) (*tagsv1.BatchGetEntriesResponse, error) {
	known, err := batch(r.GetIds())
	if err != nil {
		return nil, err
	}
	// The epoch is read first: should it rise in between, the answer is taken
	// for older than it is and asked for again.
	epoch, err := s.states.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.states.Entries(ctx, known)
	if err != nil {
		return nil, err
	}
	versions := make(map[string]int32, len(list))
	for _, e := range list {
		versions[e.PostID] = e.Version
	}
	hashes, err := s.states.PublicHashes(ctx, versions)
	if err != nil {
		return nil, err
	}
	out := &tagsv1.BatchGetEntriesResponse{}
	for _, e := range list {
		out.Entries = append(out.Entries, wire.Entry(e, epoch, hashes[e.PostID]))
	}
	for _, id := range unknown(r.GetIds(), versions) {
		out.Entries = append(out.Entries, &tagsv1.Entry{PostId: id, Epoch: epoch})
	}
	return out, nil
}

const (
	usualIDs = 100
	maxIDs   = 1000
)

// ListTaggedIDs implements tagsv1.TagsServiceServer.
func (s *Server) ListTaggedIDs(ctx context.Context, r *tagsv1.ListTaggedIDsRequest) (*tagsv1.ListTaggedIDsResponse, error) {
	site, err := siteOf(ctx, r.GetSite())
	if err != nil {
		return nil, err
	}
	size := int(r.GetSize())
	switch {
	case size < 0 || size > maxIDs:
		return nil, fault.Invalid("size", "is %d; must be 1 to %d", size, maxIDs)
	case size == 0:
		size = usualIDs
	}
	var after index.PostPlace
	if r.GetBefore() != nil {
		after = index.PostPlace{At: r.GetBefore().AsTime(), ID: r.GetBeforeId()}
	}
	if err := s.reading.Replica.CaughtUp(); err != nil {
		return nil, err
	}
	list, more := s.reading.Memory.Under(ctx, site, r.GetTag(), after, size)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := &tagsv1.ListTaggedIDsResponse{Ids: make([]string, len(list))}
	for i, p := range list {
		out.Ids[i] = p.ID
	}
	if more {
		out.Next = timestamppb.New(list[len(list)-1].At)
	}
	return out, nil
}

// BatchGetTags implements tagsv1.TagsServiceServer.
func (s *Server) BatchGetTags(ctx context.Context, r *tagsv1.BatchGetTagsRequest) (*tagsv1.BatchGetTagsResponse, error) {
	known, err := batch(r.GetIds())
	if err != nil {
		return nil, err
	}
	epoch, err := s.states.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.states.Views(ctx, known)
	if err != nil {
		return nil, err
	}
	versions := make(map[string]int32, len(list))
	for _, v := range list {
		versions[v.ID] = v.Version
	}
	hashes, err := s.states.TagHashes(ctx, versions)
	if err != nil {
		return nil, err
	}
	out := &tagsv1.BatchGetTagsResponse{}
	for _, v := range list {
		out.States = append(out.States, wire.TagState(v, epoch, hashes[v.ID]))
	}
	for _, id := range unknown(r.GetIds(), versions) {
		out.States = append(out.States, &tagsv1.TagState{Id: id, Epoch: epoch})
	}
	return out, nil
}

// batch are the ids that can be known, each once.
func batch(asked []string) ([]string, error) {
	if n := len(asked); n > maxBatch {
		return nil, fault.Invalid("ids", "has %d ids; at most %d", n, maxBatch)
	}
	known := make([]string, 0, len(asked))
	for _, id := range asked {
		if ids.Valid(id) && !slices.Contains(known, id) {
			known = append(known, id)
		}
	}
	return known, nil
}

// unknown are the ids of which there is nothing: a silence could be a mistake, so
// it is said.
func unknown(asked []string, versions map[string]int32) []string {
	var out []string
	for _, id := range slices.Compact(slices.Sorted(slices.Values(asked))) {
		if _, known := versions[id]; !known {
			out = append(out, id)
		}
	}
	return out
}
