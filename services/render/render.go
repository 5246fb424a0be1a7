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
	"github.com/parution/parution/services/render/internal/finder"
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

// adoptAgain is how long after a failure pages are made old again.
const adoptAgain = time.Second

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
	themes *theme.Library
	keeper *press.Keeper
	posts  *projection.Projection[refresh.Change]
	tags   *projection.Projection[refresh.TagChange]
	server *server.Server
	log    *slog.Logger
	// tagger is asked what tags has made of a post.
	tagger tagsv1.TagsServiceClient
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
	themes, err := theme.NewLibrary(cfg.Themes, deps.Telemetry.Log)
	if err != nil {
		return nil, fmt.Errorf("read the themes: %w", err)
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
	s := &Service{out: out, relay: relay, store: st, keeper: keeper, themes: themes, log: deps.Telemetry.Log, tagger: tagsv1.NewTagsServiceClient(deps.Tags)}
	find := finder.New(tagsv1.NewTagsServiceClient(deps.Tags), s.seenOfTags, deps.Now, deps.Telemetry.Log)
	s.press = press.New(press.Deps{Models: st, Shelf: st, Keeper: keeper, Themes: themes, Finder: find, BaseURL: base})
	if err := s.follow(deps, texts, base); err != nil {
		return nil, err
	}
	s.server = server.New(server.Deps{Pages: s.press, Sites: st, Posts: st, Texts: texts, Themes: themes, BaseURL: base, AtLeast: s.shows})
	return s, nil
}

// seenOfTags is how far the read model of tags is.
func (s *Service) seenOfTags(ctx context.Context) (epoch int32, pos int64, err error) {
	return s.tags.Seen(ctx)
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
		Name: Owner, Owner: ownerPosts, Types: []string{refresh.TypeSite, refresh.TypePost}, DB: deps.DB, Source: fromPosts, Fetch: posts.Fetch, Refresh: posts.Refresh, Settle: posts.Settle, Telemetry: deps.Telemetry,
		Feed: eventsv1.NewFeedServiceClient(deps.Posts), Edition: document.Edition,
	})
	if err != nil {
		return fmt.Errorf("follow posts: %w", err)
	}
	tags := refresh.NewTags(tagsv1.NewTagsServiceClient(deps.Tags), s.store, texts, base)
	s.tags, err = projection.New(projection.Config[refresh.TagChange]{
		// Tags first: entries show them.
		Name: Owner, Owner: ownerTags, Types: []string{refresh.TypeTag, refresh.TypeEntry}, DB: deps.DB, Source: fromTags, Fetch: tags.Fetch, Refresh: tags.Refresh, Settle: tags.Settle, Telemetry: deps.Telemetry,
		Feed: eventsv1.NewFeedServiceClient(deps.Tags), Edition: document.Edition,
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
		{Name: "edition", Run: s.adopt},
		s.themes.Part(),
		s.keeper.Part(),
		s.relay.Part(),
		s.posts.Part(),
		s.tags.Part(),
	}
}

// adopt makes all pages old that were pressed with other themes or settings: once
// at the start, and again whenever a theme changes. A page that is pressed before
// that has happened says with what, and is not used after.
func (s *Service) adopt(ctx context.Context, ready func()) error {
	if err := s.store.Adopt(ctx, s.press.Edition()); err != nil {
		return err
	}
	ready()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.themes.Changes():
		}
		for {
			err := s.store.Adopt(ctx, s.press.Edition())
			if err == nil {
				break
			}
			s.log.WarnContext(ctx, "pages with the former themes are still shown", "error", err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(adoptAgain):
			}
		}
	}
}
