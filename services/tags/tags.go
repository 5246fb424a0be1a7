// Package tags is the service that keeps the index of tags: which published
// posts carry which tags. It is a read model of posts and an owner of its own
// notices.
package tags

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/idempotency"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/follower"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/operation"
	"github.com/parution/parution/services/tags/internal/replica"
	"github.com/parution/parution/services/tags/internal/server"
	"github.com/parution/parution/services/tags/internal/store"
	"github.com/parution/parution/services/tags/internal/text"
	"github.com/parution/parution/services/tags/internal/wire"
)

// Owner is the name of this service in notices.
const Owner = "tags"

// posts is the service that the index follows.
const posts = "posts"

// Deps is what the service stands on. All fields but Health are required.
type Deps struct {
	DB        *sqldb.DB
	NATS      *nats.Conn
	Telemetry *telemetry.Telemetry
	Now       func() time.Time
	// Posts reaches the posts service.
	Posts grpc.ClientConnInterface
	// Health learns whether the index is caught up: a replica is not ready before. Nil:
	// calls that need the index are Unavailable until then.
	Health *process.Health
}

// Service is the tags service. Make it with New.
type Service struct {
	deps    Deps
	out     *outbox.Outbox
	relay   *outbox.Relay
	follow  *projection.Projection[entry.Post]
	operate *operation.Runner
	texts   *text.Sites
	index   *replica.Replica
	server  *server.Server
}

// Migrations are the schema of the service, in order.
func Migrations() []sqldb.Migrations {
	return []sqldb.Migrations{outbox.Migrations(), projection.Migrations(), idempotency.Migrations(), store.Migrations()}
}

// New wires the service. It does not connect to anything.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
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
	source, err := stream.NewSource(deps.NATS, posts, Owner)
	if err != nil {
		return nil, err
	}
	st := store.New(deps.DB, out)
	f := follower.New(deps.Posts, st, deps.Now)
	follow, err := projection.New(projection.Config[entry.Post]{
		Name: Owner, Owner: posts, Types: []string{follower.Type}, DB: deps.DB, Source: source, Fetch: f.Fetch, Refresh: f.Refresh, Tidy: f.Tidy, Telemetry: deps.Telemetry,
		Feed: eventsv1.NewFeedServiceClient(deps.Posts), Edition: wire.Edition,
	})
	if err != nil {
		return nil, fmt.Errorf("make the projection of posts: %w", err)
	}
	service := &Service{deps: deps, out: out, relay: relay, follow: follow, operate: operation.New(st, deps.Telemetry.Log, deps.Now)}
	return service, service.hold(cfg, deps, st)
}

// hold makes the index that the replica holds, and what answers from it.
func (s *Service) hold(cfg Config, deps Deps, st *store.Store) (err error) {
	options := text.Options{Lost: func(site string, err error) { s.index.Lost(site, err) }}
	if cfg.IndexDir != "" {
		options.Dir = filepath.Join(cfg.IndexDir, "text")
	}
	if s.texts, err = text.Open(options); err != nil {
		return err
	}
	texts := sites{s.texts}
	asked := readers{sites: texts, words: func(site string) error { return s.index.Words(site) }}
	memory := index.New(asked)
	s.index, err = replica.New(replica.Deps{
		Outbox: s.out, Records: st, Memory: memory, Texts: texts, Dir: cfg.IndexDir, Telemetry: deps.Telemetry, Health: deps.Health,
	})
	if err != nil {
		return fmt.Errorf("make the index: %w", err)
	}
	s.server = server.New(st, server.Reading{
		Memory: memory, Texts: asked, Replica: s.index, Pages: st,
		AtLeast: func(ctx context.Context, postID string, version int32) error {
			return s.follow.AtLeast(ctx, projection.Ref{Type: follower.Type, ID: postID}, 0, version)
		},
	}, server.Editing{Tags: st, Now: deps.Now})
	return nil
}

// sites are the full texts as the index asks for them.
type sites struct{ *text.Sites }

// Of implements index.Texts.
func (s sites) Of(site string) (text.Index, error) { return s.Sites.Of(site), nil }

// readers are the full texts as questions reach them: not while they are made anew.
type readers struct {
	sites

	words func(site string) error
}

// Of implements index.Texts.
func (r readers) Of(site string) (text.Index, error) {
	if err := r.words(site); err != nil {
		return nil, err
	}
	return r.sites.Of(site)
}

// Register adds the service's gRPC servers.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	tagsv1.RegisterTagsServiceServer(r, s.server)
	eventsv1.RegisterFeedServiceServer(r, outbox.NewFeedServer(s.out))
	eventsv1.RegisterReadModelServiceServer(r, projection.NewReadModelServer(s.follow))
}

// Outbox is where the service's notices are.
func (s *Service) Outbox() *outbox.Outbox { return s.out }

// Writes makes the service's writes safe to send again.
func (s *Service) Writes() grpc.UnaryServerInterceptor {
	return idempotency.Interceptor(s.deps.DB, s.deps.Now)
}

// Parts are the service's background work.
func (s *Service) Parts() []process.Part {
	closing := process.Part{Name: "full text", Run: func(ctx context.Context, ready func()) error {
		ready()
		<-ctx.Done()
		return s.texts.Close()
	}}
	operate := process.Part{Name: "operations on tags", Run: s.operate.Run}
	return []process.Part{s.relay.Part(), s.follow.Part(), operate, closing, s.index.Part()}
}
