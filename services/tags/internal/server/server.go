// Package server answers the calls of the tags service.
package server

import (
	"context"
	"slices"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/paging"
	"github.com/parution/parution/chassis/slug"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/search"
	"github.com/parution/parution/services/tags/internal/wire"
)

const (
	usualTags  = 100
	usualPosts = 20
	// maxBatch bounds the ids of one BatchGetEntries.
	maxBatch = 100
)

// reader is what the server needs of the store.
type reader interface {
	Epoch(ctx context.Context) (int32, error)
	Tag(ctx context.Context, site, slug string) (entry.Count, error)
	Tags(ctx context.Context, site, after string, size int32) ([]entry.Count, error)
	Tagged(ctx context.Context, sel entry.Selection, before entry.Place, size int32) (_ []entry.Entry, total int32, err error)
	Search(ctx context.Context, q search.Query, after search.Place, size, skip int32) (entry.Found, error)
	Entries(ctx context.Context, postIDs []string) ([]entry.Entry, error)
	PublicHashes(ctx context.Context, versions map[string]int32) (map[string][]byte, error)
}

// Server implements tagsv1.TagsServiceServer. Safe for concurrent use.
type Server struct {
	tagsv1.UnimplementedTagsServiceServer

	index reader
	// searches holds one element for each search that is worked on.
	searches chan struct{}
}

// New makes a server.
func New(index reader) *Server {
	return &Server{index: index, searches: make(chan struct{}, maxSearches)}
}

// ListTags implements tagsv1.TagsServiceServer.
func (s *Server) ListTags(ctx context.Context, r *tagsv1.ListTagsRequest) (*tagsv1.ListTagsResponse, error) {
	site := identity.From(ctx).Site
	filters := []string{"tags", site}
	size, err := paging.Size(r.GetPageSize(), usualTags)
	if err != nil {
		return nil, err
	}
	after := ""
	if further, err := paging.Read(r.GetPageToken(), &after, filters...); err != nil {
		return nil, err
	} else if further && !slug.Valid(after) {
		return nil, forged()
	}
	// One more than asked tells whether there is a next page.
	list, err := s.index.Tags(ctx, site, after, size+1)
	if err != nil {
		return nil, err
	}
	out := &tagsv1.ListTagsResponse{}
	if len(list) > int(size) {
		list = list[:size]
		if out.NextPageToken, err = paging.Token(list[size-1].Slug, filters...); err != nil {
			return nil, err
		}
	}
	for _, c := range list {
		out.Tags = append(out.Tags, wire.Tag(c))
	}
	return out, nil
}

// GetTag implements tagsv1.TagsServiceServer.
func (s *Server) GetTag(ctx context.Context, r *tagsv1.GetTagRequest) (*tagsv1.GetTagResponse, error) {
	// What makes no slug is no tag's either, and the store says so.
	c, err := s.index.Tag(ctx, identity.From(ctx).Site, slug.Make(r.GetSlug()))
	if err != nil {
		return nil, err
	}
	return &tagsv1.GetTagResponse{Tag: wire.Tag(c)}, nil
}

// ListTaggedPosts implements tagsv1.TagsServiceServer. A tag that nobody
// carries selects nothing.
func (s *Server) ListTaggedPosts(ctx context.Context, r *tagsv1.ListTaggedPostsRequest) (*tagsv1.ListTaggedPostsResponse, error) {
	sel, err := entry.Select(identity.From(ctx).Site, r.GetTags())
	if err != nil {
		return nil, err
	}
	filters := append([]string{"tagged", sel.Site()}, sel.Slugs()...)
	size, err := paging.Size(r.GetPageSize(), usualPosts)
	if err != nil {
		return nil, err
	}
	var before entry.Place
	if further, err := paging.Read(r.GetPageToken(), &before, filters...); err != nil {
		return nil, err
	} else if further && !ids.Valid(before.ID) {
		return nil, forged()
	}
	list, total, err := s.index.Tagged(ctx, sel, before, size+1)
	if err != nil {
		return nil, err
	}
	out := &tagsv1.ListTaggedPostsResponse{Total: total}
	if len(list) > int(size) {
		list = list[:size]
		last := list[size-1]
		if out.NextPageToken, err = paging.Token(entry.Place{At: last.PublishedAt, ID: last.PostID}, filters...); err != nil {
			return nil, err
		}
	}
	for _, e := range list {
		out.Posts = append(out.Posts, wire.TaggedPost(e))
	}
	return out, nil
}

// BatchGetEntries implements tagsv1.TagsServiceServer.
func (s *Server) BatchGetEntries(ctx context.Context, r *tagsv1.BatchGetEntriesRequest) (*tagsv1.BatchGetEntriesResponse, error) {
	if n := len(r.GetIds()); n > maxBatch {
		return nil, fault.Invalid("ids", "has %d ids; at most %d", n, maxBatch)
	}
	known := make([]string, 0, len(r.GetIds()))
	for _, id := range r.GetIds() {
		if ids.Valid(id) { // others cannot be known
			known = append(known, id)
		}
	}
	// The epoch is read first: should it rise in between, the answer is taken
	// for older than it is and asked for again.
	epoch, err := s.index.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.index.Entries(ctx, known)
	if err != nil {
		return nil, err
	}
	versions := make(map[string]int32, len(list))
	for _, e := range list {
		versions[e.PostID] = e.Version
	}
	hashes, err := s.index.PublicHashes(ctx, versions)
	if err != nil {
		return nil, err
	}
	out := &tagsv1.BatchGetEntriesResponse{}
	for _, e := range list {
		out.Entries = append(out.Entries, wire.Entry(e, epoch, hashes[e.PostID]))
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(r.GetIds()))) {
		if _, known := versions[id]; !known { // a silence could be a mistake: it is said that there is none
			out.Entries = append(out.Entries, &tagsv1.Entry{PostId: id, Epoch: epoch})
		}
	}
	return out, nil
}

func forged() error { return fault.Invalid("page_token", "was not made by this list") }
