// Package accounts is the service that owns API tokens: it tells whose a
// secret is and what its bearer may be.
package accounts

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/idempotency"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/telemetry"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	"github.com/parution/parution/services/accounts/internal/server"
	"github.com/parution/parution/services/accounts/internal/store"
	"github.com/parution/parution/services/accounts/internal/token"
)

// Owner is the name of this service.
const Owner = "accounts"

// bootstrapName is what the first operator's token is called.
const bootstrapName = "bootstrap"

// Deps is what the service stands on. All fields are required.
type Deps struct {
	DB        *sqldb.DB
	Telemetry *telemetry.Telemetry
	Now       func() time.Time
}

// Service is the accounts service. Make it with New.
type Service struct {
	deps      Deps
	bootstrap token.Secret // empty: none
	store     *store.Store
	server    *server.Server
}

// Migrations are the schema of the service, in order.
func Migrations() []sqldb.Migrations {
	return []sqldb.Migrations{idempotency.Migrations(), store.Migrations()}
}

// New wires the service. It reads the files that cfg names and does not connect
// to anything.
func New(cfg Config, deps Deps) (*Service, error) {
	bootstrap, err := cfg.bootstrapSecret()
	if err != nil {
		return nil, err
	}
	st := store.New(deps.DB)
	return &Service{
		deps: deps, bootstrap: bootstrap, store: st, server: server.New(st, deps.Telemetry.Log, deps.Now),
	}, nil
}

// Register adds the service's gRPC server.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	accountsv1.RegisterAccountsServiceServer(r, s.server)
}

// Writes makes the service's writes safe to send again. The answer to a
// repeated CreateToken has no secret: it was in the first one and nowhere else.
func (s *Service) Writes() grpc.UnaryServerInterceptor {
	return server.KeepNoSecrets(idempotency.Interceptor(s.deps.DB, s.deps.Now))
}

// Parts are the service's background work.
func (s *Service) Parts() []process.Part {
	if s.bootstrap == "" {
		return nil
	}
	return []process.Part{{Name: "first operator token", Run: func(ctx context.Context, _ func()) error { return s.ensureBootstrap(ctx) }}}
}

// ensureBootstrap makes the first operator's token unless it exists. One that
// was revoked stays so: a restart must not bring a leaked secret back.
func (s *Service) ensureBootstrap(ctx context.Context) error {
	t, err := token.New(token.NewToken{ID: ids.New(), Name: bootstrapName, Role: token.Operator, ByOperator: true}, s.deps.Now())
	if err != nil {
		return err
	}
	created, err := s.store.Create(ctx, t, s.bootstrap.Hash())
	if err != nil {
		return err
	}
	log := s.deps.Telemetry.Log
	if created {
		log.InfoContext(ctx, "the first operator token was made", "token_id", t.Snapshot().ID)
		return nil
	}
	if t, err = s.store.Find(ctx, s.bootstrap.Hash()); err != nil {
		return err
	}
	if snap := t.Snapshot(); snap.Role != token.Operator {
		return fault.Conflict("the bootstrap secret is that of token %s, which is not an operator's", snap.ID)
	}
	if t.Admit("", s.deps.Now()) != nil {
		log.WarnContext(ctx, "the bootstrap token was revoked and stays so", "token_id", t.Snapshot().ID)
	}
	return nil
}
