package render_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// owners stand for posts and tags: what they hold, and the notices about it.
type owners struct {
	postsv1.UnimplementedPostsServiceServer
	postsv1.UnimplementedSitesServiceServer
	tagsv1.UnimplementedTagsServiceServer

	js jetstream.JetStream

	mu      sync.Mutex
	pos     map[string]int64 // by owner
	epoch   int32            // of posts
	posts   map[string]*postsv1.PostState
	sites   map[string]*postsv1.SiteState
	entries map[string]*tagsv1.Entry
	tags    map[string]*tagsv1.TagState
	// searched are the searches that were asked for.
	searched []*tagsv1.SearchRequest
}

func newOwners(t *testing.T, nc *nats.Conn) *owners {
	t.Helper()
	o := &owners{
		js: streamtest.JetStream(t, nc), pos: make(map[string]int64), epoch: 1, posts: make(map[string]*postsv1.PostState), sites: make(map[string]*postsv1.SiteState),
		entries: make(map[string]*tagsv1.Entry), tags: make(map[string]*tagsv1.TagState),
	}
	for _, owner := range []string{"posts", "tags"} {
		if err := stream.Provision(t.Context(), o.js, owner, 1); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func (o *owners) register(r grpc.ServiceRegistrar) {
	postsv1.RegisterPostsServiceServer(r, o)
	postsv1.RegisterSitesServiceServer(r, o)
	tagsv1.RegisterTagsServiceServer(r, o)
	eventsv1.RegisterFeedServiceServer(r, feed{owners: o})
}

// BatchGetPosts implements PostsService.
func (o *owners) BatchGetPosts(_ context.Context, r *postsv1.BatchGetPostsRequest) (*postsv1.BatchGetPostsResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	resp := &postsv1.BatchGetPostsResponse{}
	for _, id := range r.GetIds() {
		if s, ok := o.posts[id]; ok {
			resp.States = append(resp.States, s)
		}
	}
	return resp, nil
}

// BatchGetSites implements SitesService.
func (o *owners) BatchGetSites(_ context.Context, r *postsv1.BatchGetSitesRequest) (*postsv1.BatchGetSitesResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	resp := &postsv1.BatchGetSitesResponse{}
	for _, id := range r.GetIds() {
		if s, ok := o.sites[id]; ok {
			resp.States = append(resp.States, s)
		}
	}
	return resp, nil
}

// BatchGetEntries implements TagsService.
func (o *owners) BatchGetEntries(_ context.Context, r *tagsv1.BatchGetEntriesRequest) (*tagsv1.BatchGetEntriesResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	resp := &tagsv1.BatchGetEntriesResponse{}
	for _, id := range r.GetIds() {
		if e, ok := o.entries[id]; ok {
			resp.Entries = append(resp.Entries, e)
		}
	}
	return resp, nil
}

// BatchGetTags implements TagsService.
func (o *owners) BatchGetTags(_ context.Context, r *tagsv1.BatchGetTagsRequest) (*tagsv1.BatchGetTagsResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	resp := &tagsv1.BatchGetTagsResponse{}
	for _, id := range r.GetIds() {
		if s, ok := o.tags[id]; ok {
			resp.States = append(resp.States, s)
		}
	}
	return resp, nil
}

// Search implements TagsService: every search finds all posts of the site.
func (o *owners) Search(_ context.Context, r *tagsv1.SearchRequest) (*tagsv1.SearchResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.searched = append(o.searched, r)
	resp := &tagsv1.SearchResponse{}
	for id, s := range o.posts {
		if s.GetSite() == r.GetSite() {
			resp.Posts, resp.Total = append(resp.Posts, &tagsv1.TaggedPost{Id: id}), resp.GetTotal()+1
		}
	}
	return resp, nil
}

func (o *owners) notice(owner, kind, site, aggregateType, id string, version int32, at time.Time) *eventsv1.Notice {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pos[owner]++
	epoch := o.epochOf(owner)
	return &eventsv1.Notice{
		Id: ids.New(), Owner: owner, Epoch: epoch, Pos: o.pos[owner], Site: site, AggregateType: aggregateType, AggregateId: id,
		Version: version, Kind: kind, OccurredAt: timestamppb.New(at),
	}
}

// tell sends a notice in the trace of ctx.
func (o *owners) tell(ctx context.Context, t *testing.T, n *eventsv1.Notice) {
	t.Helper()
	msg, err := stream.Message(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.js.PublishMsg(ctx, msg); err != nil {
		t.Fatal(err)
	}
}

func (o *owners) setSite(t *testing.T, s *postsv1.SiteState) {
	t.Helper()
	o.mu.Lock()
	o.sites[s.GetId()] = s
	o.mu.Unlock()
	o.tell(t.Context(), t, o.notice("posts", "configured", s.GetId(), "site", s.GetId(), s.GetVersion(), start()))
}

func (o *owners) setPost(ctx context.Context, t *testing.T, kind string, s *postsv1.PostState) {
	t.Helper()
	o.mu.Lock()
	o.posts[s.GetId()] = s
	o.mu.Unlock()
	o.tell(ctx, t, o.notice("posts", kind, s.GetSite(), "post", s.GetId(), s.GetVersion(), start()))
}

func (o *owners) setEntry(t *testing.T, e *tagsv1.Entry) {
	t.Helper()
	o.mu.Lock()
	o.entries[e.GetPostId()] = e
	o.mu.Unlock()
	o.tell(t.Context(), t, o.notice("tags", "indexed", e.GetSite(), "entry", e.GetPostId(), e.GetVersion(), start()))
}

// setTag has tags tell of a tag whose id is its first slug.
func (o *owners) setTag(t *testing.T, s *tagsv1.TagState) {
	t.Helper()
	o.mu.Lock()
	o.tags[s.GetId()] = s
	o.mu.Unlock()
	o.tell(t.Context(), t, o.notice("tags", "described", s.GetSite(), "tag", s.GetId(), s.GetVersion(), start()))
}

func tagState(version int32, slug, name string) *tagsv1.TagState {
	return &tagsv1.TagState{Id: "id-" + slug, Site: site, Epoch: 1, Version: version, Tag: &tagsv1.Tag{Id: "id-" + slug, Slug: slug, Name: name}}
}

func start() time.Time { return time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC) }
