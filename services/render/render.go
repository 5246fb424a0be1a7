// Package render is the service that turns posts into documents and documents
// into pages, and tells which pages a change touched.
package render

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/press"
	"github.com/parution/parution/services/render/internal/refresh"
	"github.com/parution/parution/services/render/internal/server"
	"github.com/parution/parution/services/render/internal/store"
	"github.com/parution/parution/services/render/internal/theme"
)

// Owner is the name of this service in notices.
const Owner = "render"

// The services that it follows.
const (
	ownerPosts = "posts"
	ownerTags  = "tags"
)

// Deps is what the service stands on. All fields are required.
type Deps struct {
	DB        *sqldb.DB
	NATS      *nats.Conn
	Telemetry *telemetry.Telemetry
	Now       func() time.Time
	// Posts and Tags reach the services of that name.
	Posts, Tags grpc.ClientConnInterface
}

// Service is the render service. Make it with New.
type Service struct {
	out    *outbox.Outbox
	relay  *outbox.Relay
	store  *store.Store
	press  *press.Press
	keeper *press.Keeper
	posts  *projection.Projection[refresh.Change]
	tags   *projection.Projection[page.Entry]
	server *server.Server
	log    *slog.Logger
}

// Migrations are the schema of the service, in order.
func Migrations() []sqldb.Migrations {
	return []sqldb.Migrations{outbox.Migrations(), projection.Migrations(), store.Migrations()}
}

// New wires the service. It does not connect to anything.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	base := strings.TrimRight(cfg.BaseURL, "/")
	th, err := theme.New()
	if err != nil {
		return nil, fmt.Errorf("read the theme: %w", err)
	}
	out := outbox.New(deps.DB, Owner)
	notices, err := stream.NewLog(deps.NATS, Owner, cfg.StreamReplicas, deps.Telemetry)
	if err != nil {
		return nil, fmt.Errorf("prepare the stream: %w", err)
	}
	relay, err := outbox.NewRelay(out, notices, deps.Telemetry)
	if err != nil {
		return nil, fmt.Errorf("make the relay: %w", err)
	}
	st := store.New(deps.DB, out, deps.Now)
	keeper := press.NewKeeper(st, deps.Telemetry.Log)
	texts := document.New()
	s := &Service{out: out, relay: relay, store: st, keeper: keeper, press: press.New(st, st, keeper, th, base), log: deps.Telemetry.Log}
	if err := s.follow(deps, texts, base); err != nil {
		return nil, err
	}
	s.server = server.New(server.Deps{Pages: s.press, Sites: st, Posts: st, Texts: texts, Theme: th, BaseURL: base, AtLeast: s.atLeast})
	return s, nil
}

// atLeast waits for a version of a post.
func (s *Service) atLeast(ctx context.Context, post *renderv1.PostVersion) error {
	err := s.posts.AtLeast(ctx, projection.Ref{Type: refresh.TypePost, ID: post.GetId()}, post.GetEpoch(), post.GetVersion())
	if err != nil {
		level := slog.LevelWarn
		if k := fault.KindOf(err); k == fault.KindNotFound || k == fault.KindExhausted || ctx.Err() != nil {
			level = slog.LevelDebug // anybody can ask for what nobody wrote
		}
		s.log.Log(ctx, level, "who wrote a post may see it as it was", "post_id", post.GetId(), "version", post.GetVersion(), "error", err)
	}
	return err
}

func (s *Service) follow(deps Deps, texts *document.Converter, base string) error {
	fromPosts, err := stream.NewSource(deps.NATS, ownerPosts, Owner)
	if err != nil {
		return err
	}
	fromTags, err := stream.NewSource(deps.NATS, ownerTags, Owner)
	if err != nil {
		return err
	}
	posts := refresh.NewPosts(postsv1.NewPostsServiceClient(deps.Posts), postsv1.NewSitesServiceClient(deps.Posts), s.store, texts, base, deps.Telemetry.Log)
	s.posts, err = projection.New(projection.Config[refresh.Change]{
		// Sites first: posts are converted for the addresses of theirs.
		Name: Owner, Owner: ownerPosts, Types: []string{refresh.TypeSite, refresh.TypePost}, DB: deps.DB, Source: fromPosts, Fetch: posts.Fetch, Refresh: posts.Refresh, Telemetry: deps.Telemetry,
		Feed: eventsv1.NewFeedServiceClient(deps.Posts),
	})
	if err != nil {
		return fmt.Errorf("follow posts: %w", err)
	}
	tags := refresh.NewTags(tagsv1.NewTagsServiceClient(deps.Tags), s.store)
	s.tags, err = projection.New(projection.Config[page.Entry]{
		Name: Owner, Owner: ownerTags, Types: []string{refresh.TypeEntry}, DB: deps.DB, Source: fromTags, Fetch: tags.Fetch, Refresh: tags.Refresh, Settle: tags.Settle, Telemetry: deps.Telemetry,
		Feed: eventsv1.NewFeedServiceClient(deps.Tags),
	})
	if err != nil {
		return fmt.Errorf("follow tags: %w", err)
	}
	return nil
}

// Register adds the service's gRPC servers.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	renderv1.RegisterRenderServiceServer(r, s.server)
	eventsv1.RegisterFeedServiceServer(r, outbox.NewFeedServer(s.out))
	eventsv1.RegisterReadModelServiceServer(r, projection.NewReadModelServer(s.posts, s.tags))
}

// Outbox is where the service's notices are.
func (s *Service) Outbox() *outbox.Outbox { return s.out }

// Writes is nil: no call changes anything.
func (s *Service) Writes() grpc.UnaryServerInterceptor { return nil }

// Parts are the service's background work; the database must be there and have
// the schema.
func (s *Service) Parts() []process.Part {
	return []process.Part{
		{Name: "edition", Run: func(ctx context.Context, _ func()) error { return s.store.Adopt(ctx, s.press.Edition()) }},
		s.keeper.Part(),
		s.relay.Part(),
		s.posts.Part(),
		s.tags.Part(),
	}
}
