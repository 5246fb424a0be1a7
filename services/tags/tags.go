// Package tags is the service that keeps the index of tags: which published
// posts carry which tags. It is a read model of posts and an owner of its own
// notices.
package tags

import (
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/follower"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/server"
	"github.com/parution/parution/services/tags/internal/store"
	"github.com/parution/parution/services/tags/internal/wire"
)

// Owner is the name of this service in notices.
const Owner = "tags"

// posts is the service that the index follows.
const posts = "posts"

// Deps is what the service stands on. All fields are required.
type Deps struct {
	DB        *sqldb.DB
	NATS      *nats.Conn
	Telemetry *telemetry.Telemetry
	Now       func() time.Time
	// Posts reaches the posts service.
	Posts grpc.ClientConnInterface
}

// Service is the tags service. Make it with New.
type Service struct {
	out    *outbox.Outbox
	relay  *outbox.Relay
	follow *projection.Projection[entry.Post]
	server *server.Server
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
		Name: Owner, Owner: posts, Types: []string{follower.Type}, DB: deps.DB, Source: source, Fetch: f.Fetch, Refresh: f.Refresh, Settle: f.Settle, Telemetry: deps.Telemetry,
		Feed: eventsv1.NewFeedServiceClient(deps.Posts), Edition: wire.Edition,
	})
	if err != nil {
		return nil, fmt.Errorf("make the projection of posts: %w", err)
	}
	return &Service{out: out, relay: relay, follow: follow, server: server.New(st)}, nil
}

// Register adds the service's gRPC servers.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	tagsv1.RegisterTagsServiceServer(r, s.server)
	eventsv1.RegisterFeedServiceServer(r, outbox.NewFeedServer(s.out))
	eventsv1.RegisterReadModelServiceServer(r, projection.NewReadModelServer(s.follow))
}

// Outbox is where the service's notices are.
func (s *Service) Outbox() *outbox.Outbox { return s.out }

// Writes is nil: no call of this service changes anything.
func (s *Service) Writes() grpc.UnaryServerInterceptor { return nil }

// Parts are the service's background work.
func (s *Service) Parts() []process.Part {
	return []process.Part{s.relay.Part(), s.follow.Part()}
}
