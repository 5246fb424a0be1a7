package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/digest"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/test/bench/blog"
)

// site is that of the made-up blog.
const site = "01929c5e-8a00-7000-8000-00000000b106"

// standIn speaks for the posts service: it has so many posts of a made-up blog,
// each published once. Everything else is left out.
type standIn struct {
	postsv1.UnimplementedPostsServiceServer
	eventsv1.UnimplementedFeedServiceServer

	blog *blog.Blog
	n    int
	ids  []string
	by   map[string]int // places in ids
	sums func() []uint64
}

// standFor serves n posts of b on a free port; its address, and what stops it.
func standFor(ctx context.Context, b *blog.Blog, n int) (addr string, stop func() error, err error) {
	s := &standIn{blog: b, n: n, ids: make([]string, n), by: make(map[string]int, n)}
	for i := range s.ids {
		s.ids[i] = blog.ID(i)
		s.by[s.ids[i]] = i
	}
	s.sums = sync.OnceValue(s.digests)
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := grpc.NewServer()
	postsv1.RegisterPostsServiceServer(server, s)
	eventsv1.RegisterFeedServiceServer(server, s)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	return l.Addr().String(), func() error {
		server.Stop()
		if err := <-ended; !errors.Is(err, grpc.ErrServerStopped) {
			return err
		}
		return nil
	}, nil
}

func hash(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:]
}

// BatchGetPosts implements postsv1.PostsServiceServer.
func (s *standIn) BatchGetPosts(_ context.Context, r *postsv1.BatchGetPostsRequest) (*postsv1.BatchGetPostsResponse, error) {
	out := &postsv1.BatchGetPostsResponse{States: make([]*postsv1.PostState, len(r.GetIds()))}
	for k, id := range r.GetIds() {
		i, ok := s.by[id]
		if !ok {
			out.States[k] = &postsv1.PostState{Id: id, Epoch: 1}
			continue
		}
		p := s.blog.Post(i, s.n)
		out.States[k] = &postsv1.PostState{
			Id: id, Site: site, Epoch: 1, Version: 1, Slug: p.Slug, WasPublic: true, PublicHash: hash(id),
			Post: &postsv1.Post{
				Id: id, Slug: p.Slug, Title: p.Title, Body: p.Body, Format: "markdown", Language: p.Language, Tags: p.Tags,
				Authors: []string{p.Author}, Status: "published", Version: 1, PublishedAt: timestamppb.New(p.PublishedAt),
				CreatedAt: timestamppb.New(p.PublishedAt), UpdatedAt: timestamppb.New(p.PublishedAt),
			},
		}
	}
	return out, nil
}

// GetWatermark implements eventsv1.FeedServiceServer.
func (s *standIn) GetWatermark(context.Context, *eventsv1.GetWatermarkRequest) (*eventsv1.GetWatermarkResponse, error) {
	return &eventsv1.GetWatermarkResponse{Epoch: 1, Pos: int64(s.n)}, nil
}

// ListChanges implements eventsv1.FeedServiceServer.
func (s *standIn) ListChanges(_ context.Context, r *eventsv1.ListChangesRequest) (*eventsv1.ListChangesResponse, error) {
	out := &eventsv1.ListChangesResponse{}
	from := int(r.GetAfterPos())
	for i := from; i < min(s.n, from+pageOf(r.GetPageSize())); i++ {
		p := s.blog.Post(i, s.n)
		out.Notices = append(out.Notices, &eventsv1.Notice{
			Id: p.ID, Owner: "posts", Epoch: 1, Pos: int64(i + 1), Site: site, AggregateType: "post", AggregateId: p.ID, Version: 1,
			Kind: "published", PublicHash: hash(p.ID), OccurredAt: timestamppb.New(p.PublishedAt), Public: true,
		})
	}
	return out, nil
}

func pageOf(asked int32) int {
	if asked == 0 {
		return 100
	}
	return int(asked)
}

// ListHeads implements eventsv1.FeedServiceServer.
func (s *standIn) ListHeads(_ context.Context, r *eventsv1.ListHeadsRequest) (*eventsv1.ListHeadsResponse, error) {
	out := &eventsv1.ListHeadsResponse{Epoch: 1, Pos: int64(s.n)}
	from := 0
	if r.GetAfterId() != "" {
		from = s.by[r.GetAfterId()] + 1
	}
	wanted := make(map[int]bool, len(r.GetBuckets()))
	for _, b := range r.GetBuckets() {
		wanted[int(b)] = true
	}
	to := min(s.n, from+pageOf(r.GetPageSize()))
	for _, id := range s.ids[from:to] {
		if len(wanted) == 0 || wanted[digest.Bucket("post", id)] {
			out.Heads = append(out.Heads, &eventsv1.Head{AggregateType: "post", AggregateId: id, Site: site, Version: 1, PublicHash: hash(id)})
		}
	}
	if to < s.n {
		out.NextType, out.NextId = "post", s.ids[to-1]
	}
	return out, nil
}

// GetDigests implements eventsv1.FeedServiceServer.
func (s *standIn) GetDigests(context.Context, *eventsv1.GetDigestsRequest) (*eventsv1.GetDigestsResponse, error) {
	return &eventsv1.GetDigestsResponse{Epoch: 1, Pos: int64(s.n), Buckets: s.sums()}, nil
}

func (s *standIn) digests() []uint64 {
	sums := make([]uint64, digest.Buckets)
	for _, id := range s.ids {
		sums[digest.Bucket("post", id)] += digest.Sum("post", id, 1, hash(id))
	}
	return sums
}
