package tags_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// owner stands for the posts service: it knows posts and tells of changes.
type owner struct {
	postsv1.UnimplementedPostsServiceServer

	js  jetstream.JetStream
	pos int64

	mu    sync.Mutex
	posts map[string]*postsv1.PostState
	asked []string
}

func (o *owner) BatchGetPosts(_ context.Context, r *postsv1.BatchGetPostsRequest) (*postsv1.BatchGetPostsResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := &postsv1.BatchGetPostsResponse{}
	for _, id := range r.GetIds() {
		o.asked = append(o.asked, id)
		if s, ok := o.posts[id]; ok {
			out.States = append(out.States, s)
		}
	}
	return out, nil
}

// set brings a post to its next version without telling anybody; a nil post is
// a tombstone.
func (o *owner) set(site, id string, p *postsv1.Post) int32 {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := &postsv1.PostState{Id: id, Site: site, Epoch: 1, Version: 1 + o.posts[id].GetVersion(), Post: p}
	o.posts[id] = s
	return s.GetVersion()
}

// tell sends a notice.
func (o *owner) tell(t *testing.T, kind, site, id string, version int32) {
	t.Helper()
	o.mu.Lock()
	o.pos++
	pos := o.pos
	o.mu.Unlock()
	msg, err := stream.Message(t.Context(), &eventsv1.Notice{
		Id: ids.New(), Owner: "posts", Epoch: 1, Pos: pos, Site: site, AggregateType: kind, AggregateId: id, Version: version,
		Kind: "changed", OccurredAt: timestamppb.New(noon()),
	})
	if err != nil {
		t.Fatalf("make a notice: %v", err)
	}
	if _, err := o.js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatalf("send a notice: %v", err)
	}
}

// world is a running tags service with the posts service that it follows.
type world struct {
	db     *sqldb.DB
	nc     *nats.Conn
	posts  *owner
	client tagsv1.TagsServiceClient
	models eventsv1.ReadModelServiceClient
	// wake stands for what a process of its own on SQLite would hear of itself.
	wake    func()
	service *tags.Service
}

// told is the public hash that the notice of a version tells; all of the index
// is public.
func (w *world) told(t testing.TB, postID string, version int32) (hash []byte) {
	t.Helper()
	var public bool
	err := w.db.Conn(t.Context()).QueryRowContext(t.Context(),
		`SELECT public_hash, public FROM outbox WHERE aggregate_id = $1 AND version = $2`, postID, version).Scan(&hash, &public)
	if err != nil || !public || len(hash) == 0 {
		t.Fatalf("the notice of version %d of %s tells %x, public %v, %v, want a hash for all", version, postID, hash, public, err)
	}
	return hash
}

func start(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	if err := db.Migrate(t.Context(), tags.Migrations()...); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	nc := streamtest.Start(t)
	js := streamtest.JetStream(t, nc)
	if err := stream.Provision(t.Context(), js, "posts", 1); err != nil {
		t.Fatalf("provision: %v", err)
	}
	o := &owner{js: js, posts: make(map[string]*postsv1.PostState)}
	behind := rpctest.Serve(t, func(r grpc.ServiceRegistrar) {
		postsv1.RegisterPostsServiceServer(r, o)
		eventsv1.RegisterFeedServiceServer(r, heads{owner: o})
	}, nil)
	service, err := tags.New(tags.Defaults(), tags.Deps{
		DB: db, NATS: nc, Telemetry: telemetry.Discard(), Now: noon, Posts: behind.ConnOf(t, "tags"),
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	front := rpctest.Serve(t, service.Register, service.Writes())
	w := &world{db: db, nc: nc, posts: o, client: tagsv1.NewTagsServiceClient(front.Conn(t)), models: eventsv1.NewReadModelServiceClient(front.ConnOf(t, "gateway")), service: service}
	run(t, service.Parts())
	return w
}

func run(t *testing.T, parts []process.Part) {
	t.Helper()
	done := make(chan error, 1)
	ctx := t.Context() // ends before the clean-ups
	go func() { done <- process.Run(ctx, slog.New(slog.DiscardHandler), time.Minute, parts...) }()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Errorf("run the service: %v", err)
		}
	})
}

// change gives a post a new state and tells of it.
func (w *world) change(t *testing.T, site, id string, p *postsv1.Post) {
	t.Helper()
	w.posts.tell(t, "post", site, id, w.posts.set(site, id, p))
}

// settle waits until entries are brought up to what was done to tags, and the index has
// applied all that was told.
func (w *world) settle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		if w.wake != nil {
			w.wake()
		}
		var floor, running int64
		err := w.db.Conn(t.Context()).QueryRowContext(t.Context(),
			`SELECT coalesce(max(floor), 0), (SELECT count(*) FROM tag_operation WHERE running) FROM projection_cursor WHERE source = 'posts'`).Scan(&floor, &running)
		if err != nil {
			t.Fatalf("read the cursor: %v", err)
		}
		if floor == w.posts.pos && running == 0 && w.hasAll(t) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the index has applied %d of %d notices, and %d operations run", floor, w.posts.pos, running)
		case <-look.C:
		}
	}
}

// hasAll tells whether the index in memory has all that the database told of.
func (w *world) hasAll(t *testing.T) bool {
	t.Helper()
	var unplaced int64
	var end tagsv1.Position
	err := w.db.Conn(t.Context()).QueryRowContext(t.Context(),
		`SELECT (SELECT count(*) FROM outbox WHERE pos IS NULL), coalesce(max(epoch), 1), coalesce(max(next_pos) - 1, 0) FROM outbox_owner`).
		Scan(&unplaced, &end.Epoch, &end.Pos)
	if err != nil {
		t.Fatalf("read the end of the feed: %v", err)
	}
	if unplaced > 0 {
		return false
	}
	got, err := w.client.Search(t.Context(), &tagsv1.SearchRequest{Site: "none", Position: &end})
	return err == nil && got.GetPosition().GetPos() >= end.GetPos()
}

func public(title string, published time.Time, names ...string) *postsv1.Post {
	return &postsv1.Post{Slug: title, Title: title, Language: "en", Tags: names, PublishedAt: timestamppb.New(published)}
}

func reader(ctx context.Context, site string) context.Context {
	return identity.With(ctx, identity.Principal{Role: identity.Public, Site: site})
}

// counts lists the tags of a site as "slug name count".
func (w *world) counts(t *testing.T, site string) []string {
	t.Helper()
	var out []string
	for page := ""; ; {
		r, err := w.client.ListTags(reader(t.Context(), site), &tagsv1.ListTagsRequest{PageSize: 2, PageToken: page})
		if err != nil {
			t.Fatalf("ListTags: %v", err)
		}
		for _, tag := range r.GetTags() {
			out = append(out, fmt.Sprintf("%s %s %d", tag.GetSlug(), tag.GetName(), tag.GetCount()))
		}
		if page = r.GetNextPageToken(); page == "" {
			return out
		}
	}
}

// tagged lists the titles of the posts with all of the tags, and checks the total.
func (w *world) tagged(t *testing.T, site, selection string) []string {
	t.Helper()
	var out []string
	for page := ""; ; {
		r, err := w.client.ListTaggedPosts(reader(t.Context(), site), &tagsv1.ListTaggedPostsRequest{Tags: selection, PageSize: 7, PageToken: page})
		if err != nil {
			t.Fatalf("ListTaggedPosts(%q): %v", selection, err)
		}
		for _, p := range r.GetPosts() {
			out = append(out, p.GetTitle())
		}
		if page = r.GetNextPageToken(); page != "" {
			continue
		}
		if int(r.GetTotal()) != len(out) {
			t.Errorf("ListTaggedPosts(%q) says %d and lists %d", selection, r.GetTotal(), len(out))
		}
		return out
	}
}

// compute works the tags out afresh, as "slug name count".
func (o *owner) compute() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	type use struct {
		newest *postsv1.Post
		count  int
	}
	sums := make(map[string]map[string]use) // by slug and name
	for _, s := range o.posts {
		seen := make(map[string]bool)
		for _, name := range s.GetPost().GetTags() {
			key := slug.Make(name)
			if seen[key] {
				continue
			}
			seen[key] = true
			if sums[key] == nil {
				sums[key] = make(map[string]use)
			}
			v := sums[key][name]
			v.count++
			if v.newest == nil || newer(s.GetPost(), v.newest) {
				v.newest = s.GetPost()
			}
			sums[key][name] = v
		}
	}
	var out []string
	for key, uses := range sums {
		var (
			shown string
			total int
		)
		for name, v := range uses {
			best := uses[shown]
			if best.newest == nil || v.count > best.count || v.count == best.count && newer(v.newest, best.newest) {
				shown = name
			}
			total += v.count
		}
		out = append(out, fmt.Sprintf("%s %s %d", key, shown, total))
	}
	slices.Sort(out)
	return out
}

// newer compares by date and then by id, which these posts have as their title.
func newer(a, b *postsv1.Post) bool {
	if c := a.GetPublishedAt().AsTime().Compare(b.GetPublishedAt().AsTime()); c != 0 {
		return c > 0
	}
	return a.GetTitle() > b.GetTitle()
}
