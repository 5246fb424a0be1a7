// Package posts is the service that owns sites and posts: the one place where
// text is written and where it is decided who sees it.
package posts

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/idempotency"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/scheduler"
	"github.com/parution/parution/services/posts/internal/server"
	"github.com/parution/parution/services/posts/internal/site"
	"github.com/parution/parution/services/posts/internal/store"
	"github.com/parution/parution/services/posts/internal/tagging"
	"github.com/parution/parution/services/posts/internal/wire"
)

// Owner is the name of this service in notices.
const Owner = "posts"

// Deps is what the service stands on. All fields are required.
type Deps struct {
	DB        *sqldb.DB
	NATS      *nats.Conn
	Telemetry *telemetry.Telemetry
	Now       func() time.Time
	// Tags is asked what the names of tags stand for. Nothing waits for it to be there.
	Tags grpc.ClientConnInterface
}

// Service is the posts service. Make it with New.
type Service struct {
	cfg     Config
	deps    Deps
	out     *outbox.Outbox
	relay   *outbox.Relay
	changes *outbox.Changes
	store   *store.Store
	server  *server.Server
	due     *scheduler.Scheduler
}

// Migrations are the schema of the service, in order.
func Migrations() []sqldb.Migrations {
	return []sqldb.Migrations{outbox.Migrations(), idempotency.Migrations(), store.Migrations()}
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
	w := wire.Wire{BaseURL: cfg.BaseURL}
	wake := make(chan struct{}, 1)
	st := store.New(deps.DB, out, w, wake)
	due, err := scheduler.New(st, wake, deps.Telemetry.Log, deps.Telemetry.Meter("posts/scheduler"))
	if err != nil {
		return nil, fmt.Errorf("make the scheduler: %w", err)
	}
	changes := outbox.NewChanges(out, cfg.MaxWaiting)
	return &Service{
		cfg: cfg, deps: deps, out: out, relay: relay, changes: changes, store: st, due: due,
		server: server.New(server.Deps{Posts: st, Sites: st, Changes: changes, Tags: tagging.New(deps.Tags), Wire: w, Limits: cfg.limits(), Now: deps.Now}),
	}, nil
}

// Register adds the service's gRPC servers.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	postsv1.RegisterPostsServiceServer(r, s.server)
	postsv1.RegisterSitesServiceServer(r, s.server)
	postsv1.RegisterChangesServiceServer(r, s.server)
	eventsv1.RegisterFeedServiceServer(r, outbox.NewFeedServer(s.out))
}

// Outbox is where the service's notices are.
func (s *Service) Outbox() *outbox.Outbox { return s.out }

// Writes makes the service's writes safe to send again.
func (s *Service) Writes() grpc.UnaryServerInterceptor {
	return idempotency.Interceptor(s.deps.DB, s.deps.Now)
}

// Parts are the service's background work.
func (s *Service) Parts() []process.Part {
	return []process.Part{
		{Name: "first site", Run: func(ctx context.Context, _ func()) error {
			return s.store.EnsureSite(ctx, site.First(s.cfg.Title, s.cfg.Language, s.deps.Now()))
		}},
		s.relay.Part(),
		{Name: "scheduler", Run: s.due.Run},
		s.changes.Part(),
	}
}
