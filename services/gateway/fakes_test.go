package gateway_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/gateway"
)

// behind is what stands behind the gateway in these tests: small servers that
// keep the contracts.
type behind struct {
	postsv1.UnimplementedPostsServiceServer
	postsv1.UnimplementedSitesServiceServer
	tagsv1.UnimplementedTagsServiceServer
	renderv1.UnimplementedRenderServiceServer
	accountsv1.UnimplementedAccountsServiceServer
	postsv1.UnimplementedChangesServiceServer
	eventsv1.UnimplementedReadModelServiceServer

	mu     sync.Mutex
	sites  []*postsv1.Site
	posts  map[string]*postsv1.Post
	pages  map[string]*renderv1.GetPageResponse // site + path
	sure   map[string]*renderv1.GetPageResponse // what at_least asks for instead
	wanted [][]*renderv1.PostVersion            // at_least of each question
	last   *renderv1.GetPageRequest
	asked  map[string]int
	// searched are the searches of pages and programs, as text.
	searched []string
	// changed are the changes of tags, as text.
	changed []string
	callers []identity.Principal
	seen    []metadata.MD
	masks   []string
	down    bool
	// gate, if set, holds GetPage until it is closed; entered tells that it waits.
	gate, entered chan struct{}
	// waits, if set, hears of each call that waits for changes, until come is closed.
	waits, come chan struct{}
}

func newBehind() *behind {
	return &behind{
		sites: []*postsv1.Site{
			{Id: "main", Language: "en", Version: 3},
			{Id: "other", Language: "fr", Version: 1, Hosts: []string{"other.example"}},
		},
		posts: make(map[string]*postsv1.Post), pages: make(map[string]*renderv1.GetPageResponse), sure: make(map[string]*renderv1.GetPageResponse), asked: make(map[string]int),
	}
}

// press puts a page behind the gateway.
func (b *behind) press(site, path, body string, keys ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[site+path] = &renderv1.GetPageResponse{
		Status: http.StatusOK, ContentType: "text/html; charset=utf-8", Body: []byte(body), Etag: fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(body))),
		LastModified: timestamppb.New(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)), Keys: keys,
	}
}

// put puts any page of the site main behind the gateway.
func (b *behind) put(path string, page *renderv1.GetPageResponse) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages["main"+path] = page
}

func (b *behind) times(path string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[path]
}

func (b *behind) setDown(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

func (b *behind) ListThemes(context.Context, *renderv1.ListThemesRequest) (*renderv1.ListThemesResponse, error) {
	return &renderv1.ListThemesResponse{Themes: []*renderv1.Theme{{Name: "folio"}, {Name: "own", Custom: true}}}, nil
}

// GetPage implements RenderService.
func (b *behind) GetPage(_ context.Context, r *renderv1.GetPageRequest) (*renderv1.GetPageResponse, error) {
	b.mu.Lock()
	b.asked[r.GetPath()]++
	if q := r.GetSearch(); q != nil {
		b.searched = append(b.searched, fmt.Sprintf("%s %s %q %q page %d", r.GetPath(), q.GetText(), q.GetTags(), q.GetWithout(), r.GetPage()))
	}
	b.wanted, b.last = append(b.wanted, r.GetAtLeast()), r
	page, down, gate, entered := b.pages[r.GetSite()+r.GetPath()], b.down, b.gate, b.entered
	if sure := b.sure[r.GetSite()+r.GetPath()]; sure != nil && len(r.GetAtLeast()) > 0 {
		page = sure
	}
	b.mu.Unlock()
	if gate != nil {
		entered <- struct{}{}
		<-gate
	}
	switch {
	case down:
		return nil, fault.Unavailable("render is down")
	case page == nil:
		return &renderv1.GetPageResponse{Status: http.StatusNotFound, ContentType: "text/html; charset=utf-8", Body: []byte("not here"), Keys: []string{"path:" + r.GetPath()}}, nil
	case r.GetIfNoneMatch() != "" && r.GetIfNoneMatch() == page.GetEtag():
		return &renderv1.GetPageResponse{Status: http.StatusOK, NotModified: true, Etag: page.GetEtag()}, nil
	}
	return page, nil
}

// GetAsset implements RenderService.
func (b *behind) GetAsset(_ context.Context, r *renderv1.GetAssetRequest) (*renderv1.GetAssetResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked["/assets/"+r.GetName()]++
	if r.GetName() != "site.1234.css" {
		return nil, fault.NotFound("no such file")
	}
	return &renderv1.GetAssetResponse{ContentType: "text/css; charset=utf-8", Body: []byte(strings.Repeat("body{} ", 200))}, nil
}

// ListSites implements SitesService.
func (b *behind) ListSites(context.Context, *postsv1.ListSitesRequest) (*postsv1.ListSitesResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return nil, fault.Unavailable("posts is down")
	}
	return &postsv1.ListSitesResponse{Sites: slices.Clone(b.sites)}, nil
}

// GetSite implements SitesService.
func (b *behind) GetSite(ctx context.Context, _ *postsv1.GetSiteRequest) (*postsv1.GetSiteResponse, error) {
	b.note(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.sites {
		if s.GetId() == identity.From(ctx).Site {
			return &postsv1.GetSiteResponse{Site: s}, nil
		}
	}
	return nil, fault.NotFound("no such site")
}

// Authenticate implements AccountsService: the secret is the role, or why it is refused.
func (b *behind) Authenticate(_ context.Context, r *accountsv1.AuthenticateRequest) (*accountsv1.AuthenticateResponse, error) {
	role, site, _ := strings.Cut(r.GetSecret(), "@")
	switch {
	case site != "" && site != r.GetSite():
		return nil, fault.Unauthenticated("the token is of another site than this host's")
	case role == "nobody":
		return nil, fault.Unauthenticated("the token is not valid")
	case role == "expired":
		return nil, fault.Unauthenticated("the token has expired")
	}
	return &accountsv1.AuthenticateResponse{Token: &accountsv1.Token{Id: "t-" + role, Name: role, Role: role}}, nil
}

func (b *behind) note(ctx context.Context) {
	md, _ := metadata.FromIncomingContext(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.callers = append(b.callers, identity.From(ctx))
	b.seen = append(b.seen, md)
}

func (b *behind) lastCaller(t testing.TB) (identity.Principal, metadata.MD) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.callers) == 0 {
		t.Fatal("nobody called")
	}
	return b.callers[len(b.callers)-1], b.seen[len(b.seen)-1]
}

// CreatePost implements PostsService.
func (b *behind) CreatePost(ctx context.Context, r *postsv1.CreatePostRequest) (*postsv1.CreatePostResponse, error) {
	b.note(ctx)
	if r.GetTitle() == "" {
		return nil, fault.Invalid("title", "is empty")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.posts[r.GetExternalId()]; p != nil {
		return &postsv1.CreatePostResponse{Post: p, Existing: true}, nil
	}
	p := &postsv1.Post{Id: "p1", Version: 1, Title: r.GetTitle(), Tags: r.GetTags(), ExternalId: r.GetExternalId()}
	b.posts[p.GetId()] = p
	if p.GetExternalId() != "" {
		b.posts[p.GetExternalId()] = p
	}
	return &postsv1.CreatePostResponse{Post: p}, nil
}

// GetPost implements PostsService.
func (b *behind) GetPost(ctx context.Context, r *postsv1.GetPostRequest) (*postsv1.GetPostResponse, error) {
	b.note(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.posts[r.GetId()]; p != nil {
		return &postsv1.GetPostResponse{Post: p}, nil
	}
	return nil, fault.NotFound("there is no post %s", r.GetId())
}

// RevisePost implements PostsService.
func (b *behind) RevisePost(ctx context.Context, r *postsv1.RevisePostRequest) (*postsv1.RevisePostResponse, error) {
	b.note(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.masks = append(b.masks, strings.Join(r.GetUpdateMask().GetPaths(), ","))
	p := b.posts[r.GetId()]
	if p.GetVersion() != r.GetExpectedVersion() {
		return nil, fault.Stale("the post is at version %d", p.GetVersion())
	}
	p.Version++
	p.Title = r.GetPost().GetTitle()
	return &postsv1.RevisePostResponse{Post: p}, nil
}

// PublishPost implements PostsService.
func (b *behind) PublishPost(ctx context.Context, r *postsv1.PublishPostRequest) (*postsv1.PublishPostResponse, error) {
	b.note(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.posts[r.GetId()]
	if v := r.GetExpectedVersion(); v != 0 && v != p.GetVersion() {
		return nil, fault.Stale("the post is at version %d", p.GetVersion())
	}
	p.Version++
	return &postsv1.PublishPostResponse{Post: p}, nil
}

// DeletePost implements PostsService.
func (b *behind) DeletePost(_ context.Context, r *postsv1.DeletePostRequest) (*postsv1.DeletePostResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &postsv1.DeletePostResponse{Id: r.GetId(), Version: b.posts[r.GetId()].GetVersion() + 1}, nil
}

// ListPosts implements PostsService.
func (b *behind) ListPosts(ctx context.Context, _ *postsv1.ListPostsRequest) (*postsv1.ListPostsResponse, error) {
	b.note(ctx)
	return &postsv1.ListPostsResponse{}, nil
}

// Search implements TagsService.
func (b *behind) Search(ctx context.Context, r *tagsv1.SearchRequest) (*tagsv1.SearchResponse, error) {
	b.note(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.searched = append(b.searched, fmt.Sprintf("%s %q %q %d %s", r.GetQ(), r.GetTag(), r.GetNot(), r.GetPageSize(), r.GetPageToken()))
	if strings.Count(r.GetQ(), `"`) == 1 {
		return nil, fault.InvalidFields(fault.Violation{
			Field: "q", Message: "a quotation mark is not closed", Code: "unbalanced_quote", Place: &fault.Place{Offset: strings.IndexByte(r.GetQ(), '"')},
		})
	}
	if len(r.GetTag()) > 10 {
		return nil, fault.Invalid("tag", "has %d tags; at most 10", len(r.GetTag()))
	}
	return &tagsv1.SearchResponse{
		Posts: []*tagsv1.TaggedPost{{Id: "p1", Slug: "a", Title: "A"}}, Total: 7, NextPageToken: "more", Facets: []*tagsv1.Tag{{Slug: "go", Name: "Go", Count: 3}},
	}, nil
}

// Suggest implements TagsService: it knows one word.
func (b *behind) Suggest(_ context.Context, r *tagsv1.SuggestRequest) (*tagsv1.SuggestResponse, error) {
	if r.GetQ() != "tran" || r.GetSite() != "main" {
		return nil, fault.Unavailable("away")
	}
	return &tagsv1.SuggestResponse{
		Queries: []string{"transport public"}, Tags: []*tagsv1.Tag{{Slug: "transport", Name: "Transports", Names: map[string]string{"EN": "Transport", "de": "Verkehr"}}, {Slug: "x", Name: "#x", Internal: true}},
		Posts: []*tagsv1.TaggedPost{{Slug: "nuit", Title: "L'heure des transports de nuit ?", Language: "fr"}},
	}, nil
}

// lastAsked is the last question for a page.
func (b *behind) lastAsked() *renderv1.GetPageRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// searches are the searches so far.
func (b *behind) searches() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.searched)
}

// quiet is the feed of owners that have told nothing so far.
type quiet struct {
	eventsv1.UnimplementedFeedServiceServer
}

// GetWatermark implements FeedService.
func (quiet) GetWatermark(context.Context, *eventsv1.GetWatermarkRequest) (*eventsv1.GetWatermarkResponse, error) {
	return &eventsv1.GetWatermarkResponse{Epoch: 1}, nil
}

// front is a gateway in front of small servers.
type front struct {
	*behind

	service *gateway.Service
	public  *httptest.Server
	admin   *httptest.Server
	nc      *nats.Conn
	broker  *streamtest.Broker
	health  *process.Health
}

// start runs a gateway whose feed is live.
func start(t testing.TB) *front {
	t.Helper()
	return startWith(t, telemetry.Discard())
}

func startWith(t testing.TB, tel *telemetry.Telemetry) *front {
	t.Helper()
	return startBefore(t, tel, newBehind())
}

// startUnknown runs a gateway behind which nobody answers yet.
func startUnknown(t testing.TB) *front {
	t.Helper()
	b := newBehind()
	b.down = true
	return startBefore(t, telemetry.Discard(), b)
}

func startBefore(t testing.TB, tel *telemetry.Telemetry, b *behind) *front {
	t.Helper()
	return startAs(t, tel, b, gateway.Defaults())
}

func startAs(t testing.TB, tel *telemetry.Telemetry, b *behind, cfg gateway.Config) *front {
	t.Helper()
	server := rpctest.ServeWith(t, rpc.ServerConfig{Telemetry: tel}, func(r grpc.ServiceRegistrar) {
		postsv1.RegisterPostsServiceServer(r, b)
		postsv1.RegisterSitesServiceServer(r, b)
		tagsv1.RegisterTagsServiceServer(r, b)
		renderv1.RegisterRenderServiceServer(r, b)
		accountsv1.RegisterAccountsServiceServer(r, b)
		postsv1.RegisterChangesServiceServer(r, b)
		eventsv1.RegisterReadModelServiceServer(r, b)
		eventsv1.RegisterFeedServiceServer(r, quiet{})
	})
	broker := streamtest.NewBroker(t)
	conn, nc, health := server.Conn(t), broker.Connect(t, "gateway"), &process.Health{}
	cfg.MediaDir = t.TempDir() + "/media"
	s, err := gateway.New(t.Context(), cfg, gateway.Deps{
		NATS: nc, Telemetry: tel, Health: health,
		Posts: conn, Tags: conn, Render: conn, Accounts: conn, Now: time.Now,
	})
	if err != nil {
		t.Fatalf("make the gateway: %v", err)
	}
	run(t, s.Parts()...)
	f := &front{
		behind: b, service: s, public: httptest.NewServer(s.Handler()), admin: httptest.NewServer(s.AdminHandler()),
		nc: nc, broker: broker, health: health,
	}
	t.Cleanup(f.public.Close)
	t.Cleanup(f.admin.Close)
	return f
}

// serve answers a request without a connection.
func (f *front) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.service.Handler().ServeHTTP(w, r)
	return w
}

// run runs parts until the test ends; it returns once all are ready.
func run(t testing.TB, parts ...process.Part) {
	t.Helper()
	for _, p := range parts {
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		ready, done := make(chan struct{}), make(chan error, 1)
		isReady := sync.OnceFunc(func() { close(ready) })
		go func() { done <- p.Run(ctx, isReady) }()
		select {
		case <-ready:
		case err := <-done:
			cancel()
			t.Fatalf("run %s: %v", p.Name, err)
		}
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("stop %s: %v", p.Name, err)
			}
		})
	}
}
