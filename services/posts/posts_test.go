package posts_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts"
)

// now is the service's own clock.
func now() time.Time { return time.Date(2026, 5, 17, 9, 30, 0, 123456000, time.UTC) }

// world is a posts service that answers, and its callers.
type world struct {
	postsv1.PostsServiceClient

	sites   postsv1.SitesServiceClient
	feed    eventsv1.FeedServiceClient
	changes postsv1.ChangesServiceClient
	out     interface {
		Unsent(ctx context.Context) (int64, error)
	}
	ctx    context.Context // of an editor
	author context.Context
	public context.Context
	peer   context.Context // another service

	tags                    *taxonomy
	relay, scheduler, watch process.Part
	// direct is the service without a server around it.
	direct postsv1.ChangesServiceServer
}

// maxWaiting is how many calls may wait for changes in tests.
const maxWaiting = 2

// RegisterService implements grpc.ServiceRegistrar.
func (w *world) RegisterService(_ *grpc.ServiceDesc, impl any) {
	if s, ok := impl.(postsv1.ChangesServiceServer); ok {
		w.direct = s
	}
}

func start(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	if err := db.Migrate(t.Context(), posts.Migrations()...); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	cfg := posts.Defaults()
	cfg.MaxWaiting = maxWaiting
	tags := &taxonomy{}
	s, err := posts.New(cfg, posts.Deps{
		DB: db, NATS: streamtest.Start(t), Telemetry: telemetry.Discard(), Now: now, Tags: tags,
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	run(t, s.Parts()[0]) // the first site; the relay is tested with the chassis
	server := rpctest.Serve(t, s.Register, s.Writes())
	conn := server.Conn(t)
	parts := s.Parts()
	w := &world{
		PostsServiceClient: postsv1.NewPostsServiceClient(conn), sites: postsv1.NewSitesServiceClient(conn), feed: eventsv1.NewFeedServiceClient(conn),
		changes: postsv1.NewChangesServiceClient(conn),
		out:     s.Outbox(), tags: tags, ctx: rpctest.As(t.Context(), identity.Editor), author: rpctest.As(t.Context(), identity.Author),
		public: rpctest.As(t.Context(), identity.Public), peer: t.Context(), relay: parts[1], scheduler: parts[2], watch: parts[3],
	}
	s.Register(w)
	return w
}

func run(t *testing.T, p process.Part) {
	t.Helper()
	if err := p.Run(t.Context(), func() {}); err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
}

// each runs fn on a fresh service on both engines.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(t, start(t, db)) })
}

func (w *world) create(ctx context.Context, t *testing.T, r *postsv1.CreatePostRequest) *postsv1.Post {
	t.Helper()
	out, err := w.CreatePost(ctx, r)
	if err != nil {
		t.Fatalf("CreatePost(%s): %v", r.GetTitle(), err)
	}
	return out.GetPost()
}

func (w *world) revise(t *testing.T, p *postsv1.Post, mask ...string) *postsv1.Post {
	t.Helper()
	out, err := w.RevisePost(w.ctx, &postsv1.RevisePostRequest{
		Id: p.GetId(), Post: p, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}, ExpectedVersion: p.GetVersion(),
	})
	if err != nil {
		t.Fatalf("RevisePost(%v): %v", mask, err)
	}
	return out.GetPost()
}

func wantKind(t *testing.T, err error, want fault.Kind, field string) {
	t.Helper()
	if got := fault.KindOf(err); got != want {
		t.Fatalf("error = %v (kind %d), want kind %d", err, got, want)
	}
	if field == "" {
		return
	}
	for _, v := range fault.ViolationsOf(err) {
		if v.Field == field {
			return
		}
	}
	t.Errorf("refused fields = %v, want %s", fault.ViolationsOf(err), field)
}

func TestALife(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "  L’été\u00a0:  Anna ", Body: "Bonjour", Tags: []string{"Été", "ete", "Forêt", "C", "C++", "C#", "c ++"}, Language: "FR"})
		if p.GetTitle() != "L’été\u00a0: Anna" || p.GetSlug() != "l-ete-anna" || p.GetStatus() != "draft" || p.GetVersion() != 1 ||
			p.GetLanguage() != "fr" || p.GetFormat() != "markdown" || !slices.Equal(p.GetTags(), []string{"Été", "Forêt", "C", "C++", "C#"}) {
			t.Fatalf("created %v", p)
		}
		if _, err := w.GetPost(w.public, &postsv1.GetPostRequest{Id: p.GetId()}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("a reader gets the draft: %v", err)
		}
		published, err := w.PublishPost(w.ctx, &postsv1.PublishPostRequest{Id: p.GetId()})
		if err != nil || published.GetPost().GetVersion() != 2 || !published.GetPost().GetPublishedAt().AsTime().Equal(now()) {
			t.Fatalf("PublishPost = %v, %v; want version 2, published at %v", published, err, now())
		}
		again, err := w.PublishPost(w.ctx, &postsv1.PublishPostRequest{Id: p.GetId()})
		if err != nil || again.GetPost().GetVersion() != 2 {
			t.Errorf("publishing again = %v, %v; want version 2", again, err)
		}
		if _, err := w.GetPost(w.public, &postsv1.GetPostRequest{Id: p.GetId()}); err != nil {
			t.Errorf("a reader gets the post: %v", err)
		}
		if _, err := w.WithdrawPost(w.ctx, &postsv1.WithdrawPostRequest{Id: p.GetId(), ExpectedVersion: 1}); fault.KindOf(err) != fault.KindStale {
			t.Errorf("withdrawing version 1 = %v, want stale", err)
		}
		if _, err := w.WithdrawPost(w.ctx, &postsv1.WithdrawPostRequest{Id: p.GetId(), ExpectedVersion: 2}); err != nil {
			t.Fatalf("WithdrawPost: %v", err)
		}
		if _, err := w.GetPost(w.public, &postsv1.GetPostRequest{Id: p.GetId()}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("a reader gets the withdrawn post: %v", err)
		}
		deleted, err := w.DeletePost(w.ctx, &postsv1.DeletePostRequest{Id: p.GetId()})
		if err != nil || deleted.GetVersion() != 4 {
			t.Fatalf("DeletePost = %v, %v; want version 4", deleted, err)
		}
		if _, err := w.GetPost(w.ctx, &postsv1.GetPostRequest{Id: p.GetId()}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("an editor gets the deleted post: %v", err)
		}
		w.wantNotices(t, 4)
	})
}

// wantNotices counts the notices of all posts.
func (w *world) wantNotices(t *testing.T, want int64) {
	t.Helper()
	got, err := w.out.Unsent(t.Context())
	if err != nil {
		t.Fatalf("Unsent: %v", err)
	}
	if got-1 != want { // one is of the first site
		t.Errorf("%d notices of posts, want %d", got-1, want)
	}
}

func TestSlugHistory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Same title", Status: "published"})
		second := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Same title"})
		if second.GetSlug() != "same-title-2" {
			t.Errorf("slug of the second = %q, want same-title-2", second.GetSlug())
		}
		_, err := w.CreatePost(w.ctx, &postsv1.CreatePostRequest{Title: "Third", Slug: "same-title"})
		wantKind(t, err, fault.KindConflict, "slug")
		first.Slug = "better"
		first = w.revise(t, first, "slug")
		for _, name := range []string{"same-title", "better"} {
			got, err := w.GetPostBySlug(w.public, &postsv1.GetPostBySlugRequest{Slug: name})
			if err != nil || got.GetPost().GetId() != first.GetId() {
				t.Errorf("GetPostBySlug(%s) = %v, %v; want the first post", name, got, err)
			}
		}
		states, err := w.BatchGetPosts(w.peer, &postsv1.BatchGetPostsRequest{Ids: []string{first.GetId()}})
		if err != nil || len(states.GetStates()) != 1 || !slices.Equal(states.GetStates()[0].GetFormerSlugs(), []string{"same-title"}) {
			t.Errorf("former slugs = %v, %v; want same-title", states, err)
		}
		// A former slug may be taken over: then it is the other post's.
		second.Slug = "same-title"
		w.revise(t, second, "slug")
		got, err := w.GetPostBySlug(w.ctx, &postsv1.GetPostBySlugRequest{Slug: "same-title"})
		if err != nil || got.GetPost().GetId() != second.GetId() {
			t.Errorf("the slug that was taken over leads to %v, %v", got, err)
		}
		// Nobody saw the draft's first slug, so it is free again.
		if _, err := w.GetPostBySlug(w.ctx, &postsv1.GetPostBySlugRequest{Slug: "same-title-2"}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("a slug that nobody saw still leads somewhere: %v", err)
		}
	})
}

func TestBadContent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		long := strings.Repeat("é", 301)
		tests := []struct {
			name  string
			in    *postsv1.CreatePostRequest
			kind  fault.Kind
			field string
		}{
			{"no title", &postsv1.CreatePostRequest{}, fault.KindInvalid, "title"},
			{"long title", &postsv1.CreatePostRequest{Title: long}, fault.KindInvalid, "title"},
			{"body over 1 MiB", &postsv1.CreatePostRequest{Title: "t", Body: strings.Repeat("x", 1<<20+1)}, fault.KindTooLarge, "body"},
			{"NUL in the body", &postsv1.CreatePostRequest{Title: "t", Body: "a\x00b"}, fault.KindInvalid, "body"},
			{"control sign in the title", &postsv1.CreatePostRequest{Title: "a\x07b"}, fault.KindInvalid, "title"},
			{"format", &postsv1.CreatePostRequest{Title: "t", Format: "docx"}, fault.KindInvalid, "format"},
			{"language", &postsv1.CreatePostRequest{Title: "t", Language: "klingonisch"}, fault.KindInvalid, "language"},
			{"slug with a path", &postsv1.CreatePostRequest{Title: "t", Slug: "../etc"}, fault.KindInvalid, "slug"},
			{"slug in capitals", &postsv1.CreatePostRequest{Title: "t", Slug: "Hello"}, fault.KindInvalid, "slug"},
			{"long slug", &postsv1.CreatePostRequest{Title: "t", Slug: strings.Repeat("a", 201)}, fault.KindInvalid, "slug"},
			{"31 tags", &postsv1.CreatePostRequest{Title: "t", Tags: numbered(31)}, fault.KindInvalid, "tags"},
			{"long tag", &postsv1.CreatePostRequest{Title: "t", Tags: []string{strings.Repeat("x", 61)}}, fault.KindInvalid, "tags[0]"},
			{"empty tag", &postsv1.CreatePostRequest{Title: "t", Tags: []string{"ok", "  "}}, fault.KindInvalid, "tags[1]"},
			{"tag of signs", &postsv1.CreatePostRequest{Title: "t", Tags: []string{"!!!"}}, fault.KindInvalid, "tags[0]"},
			{"image by javascript", &postsv1.CreatePostRequest{Title: "t", Image: "javascript:alert(1)"}, fault.KindInvalid, "image"},
			{"image of another scheme-less host", &postsv1.CreatePostRequest{Title: "t", Image: "//evil.example/x"}, fault.KindInvalid, "image"},
			{"long caption", &postsv1.CreatePostRequest{Title: "t", ImageCaption: strings.Repeat("é", 501)}, fault.KindInvalid, "image_caption"},
			{"control sign in the caption", &postsv1.CreatePostRequest{Title: "t", ImageCaption: "a\x07b"}, fault.KindInvalid, "image_caption"},
			{"long translation key", &postsv1.CreatePostRequest{Title: "t", TranslationKey: strings.Repeat("k", 201)}, fault.KindInvalid, "translation_key"},
			{"alias without a slash", &postsv1.CreatePostRequest{Title: "t", Aliases: []string{"old"}}, fault.KindInvalid, "aliases[0]"},
			{"alias to another host", &postsv1.CreatePostRequest{Title: "t", Aliases: []string{"//evil.example"}}, fault.KindInvalid, "aliases[0]"},
			{"status", &postsv1.CreatePostRequest{Title: "t", Status: "withdrawn"}, fault.KindInvalid, "status"},
			{"published in the future", &postsv1.CreatePostRequest{Title: "t", Status: "published", PublishedAt: timestamppb.New(now().Add(time.Hour))}, fault.KindInvalid, "published_at"},
			{"year 1", &postsv1.CreatePostRequest{Title: "t", PublishedAt: timestamppb.New(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC))}, fault.KindInvalid, "published_at"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				_, err := w.CreatePost(w.ctx, tt.in)
				wantKind(t, err, tt.kind, tt.field)
			})
		}
		w.wantNotices(t, 0)
	})
}

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("tag %d", i)
	}
	return out
}

func TestListsGiveEachPostOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const n = 57
		for i := range n {
			r := &postsv1.CreatePostRequest{
				Title: fmt.Sprintf("Post %d", i), Status: "published", PublishedAt: timestamppb.New(now().Add(-time.Duration(i/5) * time.Hour)),
				Language: []string{"fr", "fr-CA", "en"}[i%3], Tags: []string{"All", fmt.Sprintf("Rest %d", i%2)}, Authors: []string{"Ada L."}, Featured: i%10 == 0,
			}
			if i%19 == 0 {
				r.Status, r.PublishedAt = "draft", nil
			}
			w.create(w.ctx, t, r)
		}
		yes := true
		for _, tt := range []struct {
			name string
			as   context.Context
			in   *postsv1.ListPostsRequest
			want int
		}{
			{"a reader's", w.public, &postsv1.ListPostsRequest{}, n - 3},
			{"an editor's", w.ctx, &postsv1.ListPostsRequest{}, n},
			{"drafts", w.ctx, &postsv1.ListPostsRequest{Status: "draft"}, 3},
			{"French of any country", w.ctx, &postsv1.ListPostsRequest{Language: "fr"}, 38},
			{"French of Canada", w.ctx, &postsv1.ListPostsRequest{Language: "fr-CA"}, 19},
			{"by tag", w.ctx, &postsv1.ListPostsRequest{Tag: "rest 1"}, 28},
			{"by author", w.ctx, &postsv1.ListPostsRequest{Author: "ada-l"}, n},
			{"featured", w.ctx, &postsv1.ListPostsRequest{Featured: &yes}, 6},
			{"no such tag", w.ctx, &postsv1.ListPostsRequest{Tag: "none"}, 0},
		} {
			t.Run(tt.name, func(t *testing.T) {
				seen := make(map[string]bool)
				tt.in.PageSize = 7
				for {
					out, err := w.ListPosts(tt.as, tt.in)
					if err != nil {
						t.Fatalf("ListPosts: %v", err)
					}
					for _, p := range out.GetPosts() {
						if seen[p.GetId()] {
							t.Errorf("%s is listed twice", p.GetTitle())
						}
						seen[p.GetId()] = true
					}
					if tt.in.PageToken = out.GetNextPageToken(); tt.in.GetPageToken() == "" {
						break
					}
				}
				if len(seen) != tt.want {
					t.Errorf("listed %d posts, want %d", len(seen), tt.want)
				}
			})
		}
		_, err := w.ListPosts(w.public, &postsv1.ListPostsRequest{Status: "draft"})
		wantKind(t, err, fault.KindUnauthenticated, "")
		_, err = w.ListPosts(w.ctx, &postsv1.ListPostsRequest{PageSize: 101})
		wantKind(t, err, fault.KindInvalid, "page_size")
		_, err = w.ListPosts(w.ctx, &postsv1.ListPostsRequest{PageToken: "made up"})
		wantKind(t, err, fault.KindInvalid, "page_token")
	})
}

func TestOnlyOneOfManyWinsAVersion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Contested"})
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				_, err := w.RevisePost(w.ctx, &postsv1.RevisePostRequest{
					Id: p.GetId(), Post: &postsv1.Post{Title: fmt.Sprintf("Mine %d", i)},
					UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"title"}}, ExpectedVersion: 1,
				})
				switch {
				case err == nil:
					won.Add(1)
				case fault.KindOf(err) != fault.KindStale:
					t.Errorf("a loser gets %v, want stale", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of 10 won version 2, want 1", won.Load())
		}
	})
}

func TestImportedTwiceIsOnePost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := &postsv1.CreatePostRequest{Title: "From elsewhere", ExternalId: "jekyll:a.md", Aliases: []string{"/2019/a.html"}, Status: "published"}
		first := w.create(w.ctx, t, in)
		again, err := w.CreatePost(w.ctx, in)
		if err != nil || !again.GetExisting() || again.GetPost().GetId() != first.GetId() {
			t.Errorf("the second import = %v, %v; want the same post", again, err)
		}
		_, err = w.CreatePost(w.ctx, &postsv1.CreatePostRequest{Title: "Other", Aliases: []string{"/2019/a.html"}})
		wantKind(t, err, fault.KindConflict, "aliases[0]")
		w.wantNotices(t, 1)
	})
}

func TestTheSameKeyHasOneEffect(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := rpc.WithIdempotencyKey(w.ctx, "once")
		a := w.create(ctx, t, &postsv1.CreatePostRequest{Title: "Once"})
		b := w.create(ctx, t, &postsv1.CreatePostRequest{Title: "Once"})
		if a.GetId() != b.GetId() {
			t.Errorf("two posts with one key: %s and %s", a.GetId(), b.GetId())
		}
		_, err := w.CreatePost(ctx, &postsv1.CreatePostRequest{Title: "Another"})
		wantKind(t, err, fault.KindInvalid, "Idempotency-Key")
	})
}

func TestRevisions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "One", Body: "first"})
		p.Title, p.Body = "Two", "second"
		p = w.revise(t, p, "title", "body")
		p.Slug = "elsewhere"
		p = w.revise(t, p, "slug")
		same := w.revise(t, p, "title")
		if same.GetVersion() != p.GetVersion() {
			t.Errorf("a change that changes nothing made version %d of %d", same.GetVersion(), p.GetVersion())
		}
		list, err := w.ListRevisions(w.ctx, &postsv1.ListRevisionsRequest{Id: p.GetId(), PageSize: 2})
		if err != nil || len(list.GetRevisions()) != 2 || list.GetRevisions()[0].GetNumber() != 3 || list.GetNextPageToken() == "" {
			t.Fatalf("ListRevisions = %v, %v", list, err)
		}
		old, err := w.GetRevision(w.ctx, &postsv1.GetRevisionRequest{Id: p.GetId(), Number: 1})
		if err != nil || old.GetRevision().GetBody() != "first" || old.GetRevision().GetAuthor() != "Test editor" {
			t.Errorf("GetRevision(1) = %v, %v", old, err)
		}
		back, err := w.RevertPost(w.ctx, &postsv1.RevertPostRequest{Id: p.GetId(), Number: 1})
		if err != nil || back.GetPost().GetBody() != "first" || back.GetPost().GetSlug() != "elsewhere" || back.GetPost().GetVersion() != 4 {
			t.Errorf("RevertPost = %v, %v; want the first text at the present address, version 4", back, err)
		}
		if _, err := w.ListRevisions(w.public, &postsv1.ListRevisionsRequest{Id: p.GetId()}); fault.KindOf(err) != fault.KindUnauthenticated {
			t.Errorf("a reader lists revisions: %v", err)
		}
	})
}

func TestSchedule(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Later"})
		schedule := func(at time.Time) (*postsv1.Post, error) {
			out, err := w.SchedulePost(w.ctx, &postsv1.SchedulePostRequest{Id: p.GetId(), At: timestamppb.New(at)})
			return out.GetPost(), err
		}
		_, err := schedule(now().Add(-time.Minute))
		wantKind(t, err, fault.KindInvalid, "at")
		_, err = schedule(now().AddDate(11, 0, 0))
		wantKind(t, err, fault.KindInvalid, "at")
		// The service's own clock is in 2026, the database's is later: a moment
		// that lies between is to come for the author and due for the scheduler.
		moment := now().Add(time.Hour)
		scheduled, err := schedule(moment)
		if err != nil || scheduled.GetStatus() != "scheduled" || !scheduled.GetScheduledFor().AsTime().Equal(moment) {
			t.Fatalf("SchedulePost = %v, %v", scheduled, err)
		}
		if _, err := w.GetPost(w.public, &postsv1.GetPostRequest{Id: p.GetId()}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("a reader gets the scheduled post: %v", err)
		}
		held, err := w.WithdrawPost(w.ctx, &postsv1.WithdrawPostRequest{Id: p.GetId()})
		if err != nil || held.GetPost().GetStatus() != "draft" || held.GetPost().GetScheduledFor() != nil {
			t.Fatalf("withdrawing a scheduled post = %v, %v; want a draft", held, err)
		}
		if _, err := schedule(moment); err != nil {
			t.Fatalf("SchedulePost: %v", err)
		}
		// Two replicas at once, and one post.
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { _ = w.scheduler.Run(ctx, func() {}) })
		}
		for deadline := time.Now().Add(time.Minute); ; {
			got, err := w.GetPost(w.public, &postsv1.GetPostRequest{Id: p.GetId()})
			if err == nil {
				if got.GetPost().GetVersion() != 5 || !got.GetPost().GetPublishedAt().AsTime().Equal(moment) {
					t.Errorf("published as %v; want version 5 at the moment that was promised", got.GetPost())
				}
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the post is not published: %v", err)
			}
		}
		stop()
		wg.Wait()
		w.wantNotices(t, 5)
	})
}

func TestWhoMay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		theirs := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "An editor's"})
		own := w.create(w.author, t, &postsv1.CreatePostRequest{Title: "An author's"})
		if _, err := w.PublishPost(w.author, &postsv1.PublishPostRequest{Id: theirs.GetId()}); fault.KindOf(err) != fault.KindDenied {
			t.Errorf("an author publishes another's post: %v", err)
		}
		if _, err := w.PublishPost(w.author, &postsv1.PublishPostRequest{Id: own.GetId()}); err != nil {
			t.Errorf("an author publishes: %v", err)
		}
		if _, err := w.CreatePost(w.public, &postsv1.CreatePostRequest{Title: "A reader's"}); fault.KindOf(err) != fault.KindUnauthenticated {
			t.Errorf("a reader writes: %v", err)
		}
		elsewhere := identity.With(t.Context(), identity.Principal{Subject: "x", Role: identity.Owner, Site: "other"})
		if _, err := w.GetPost(elsewhere, &postsv1.GetPostRequest{Id: own.GetId()}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("another site's owner reads the post: %v", err)
		}
		if _, err := w.DeletePost(elsewhere, &postsv1.DeletePostRequest{Id: own.GetId()}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("another site's owner deletes the post: %v", err)
		}
		if _, err := w.BatchGetPosts(w.ctx, &postsv1.BatchGetPostsRequest{Ids: []string{own.GetId()}}); fault.KindOf(err) != fault.KindDenied {
			t.Errorf("an editor calls what is for services: %v", err)
		}
	})
}

func TestSites(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		operator := rpctest.As(t.Context(), identity.Operator)
		owner := rpctest.As(t.Context(), identity.Owner)
		_, err := w.sites.CreateSite(operator, &postsv1.CreateSiteRequest{Id: "second", Title: "Second"})
		wantKind(t, err, fault.KindConflict, "hosts")
		made, err := w.sites.CreateSite(operator, &postsv1.CreateSiteRequest{Id: "second", Title: "Second", Hosts: []string{"Two.Example."}, Theme: "folio"})
		if err != nil || made.GetSite().GetTheme() != "folio" || !slices.Equal(made.GetSite().GetHosts(), []string{"two.example"}) {
			t.Fatalf("CreateSite = %v, %v", made, err)
		}
		if _, err := w.sites.CreateSite(owner, &postsv1.CreateSiteRequest{Id: "third", Hosts: []string{"h"}}); fault.KindOf(err) != fault.KindDenied {
			t.Errorf("an owner adds a site: %v", err)
		}
		update := func(s *postsv1.Site, version int32, mask ...string) error {
			_, err := w.sites.UpdateSite(owner, &postsv1.UpdateSiteRequest{Site: s, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}, ExpectedVersion: version})
			return err
		}
		if err := update(&postsv1.Site{Title: "Renamed", BaseUrl: "https://example.org/"}, 1, "title", "base_url"); err != nil {
			t.Fatalf("UpdateSite: %v", err)
		}
		wantKind(t, update(&postsv1.Site{Title: "x"}, 1, "title"), fault.KindStale, "")
		wantKind(t, update(&postsv1.Site{TimeZone: "Mars/Olympus"}, 2, "time_zone"), fault.KindInvalid, "time_zone")
		wantKind(t, update(&postsv1.Site{BaseUrl: "ftp://x"}, 2, "base_url"), fault.KindInvalid, "base_url")
		wantKind(t, update(&postsv1.Site{Hosts: []string{"two.example"}}, 2, "hosts"), fault.KindDenied, "")
		for _, name := range []string{"Gazette", "../x", "a b", strings.Repeat("a", 41)} {
			wantKind(t, update(&postsv1.Site{Theme: name}, 2, "theme"), fault.KindInvalid, "theme")
		}
		if err := update(&postsv1.Site{Theme: "gazette"}, 2, "theme"); err != nil {
			t.Fatalf("UpdateSite(theme): %v", err)
		}
		got, err := w.sites.GetSite(owner, &postsv1.GetSiteRequest{})
		if err != nil || got.GetSite().GetTheme() != "gazette" || got.GetSite().GetVersion() != 3 {
			t.Errorf("GetSite = %v, %v; want the theme gazette, version 3", got, err)
		}
		states, err := w.sites.BatchGetSites(w.peer, &postsv1.BatchGetSitesRequest{Ids: []string{"main"}})
		if err != nil || len(states.GetStates()) != 1 || states.GetStates()[0].GetSite().GetTheme() != "gazette" {
			t.Errorf("BatchGetSites = %v, %v; want the theme gazette", states, err)
		}
		p := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Here"})
		if p.GetUrl() != "https://example.org/posts/here" {
			t.Errorf("url = %q", p.GetUrl())
		}
		list, err := w.sites.ListSites(operator, &postsv1.ListSitesRequest{})
		if err != nil || len(list.GetSites()) != 2 {
			t.Errorf("ListSites = %v, %v; want 2", list, err)
		}
	})
}
