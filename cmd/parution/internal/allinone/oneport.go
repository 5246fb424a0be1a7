package allinone

import (
	"context"
	"strings"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/chassis/rpc"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// onePort serves every service's gRPC on one address, to clients with API
// tokens.
type onePort struct {
	services []program.Service
	owners   map[string]program.Service // by gRPC service name
	outboxes []*outbox.Outbox
	target   *rpc.Server
	current  program.Service
}

// owner is a service that has notices.
type owner interface{ Outbox() *outbox.Outbox }

func (o *onePort) part(a *App, accounts callee) process.Part {
	return process.Part{Name: "gRPC", Run: func(ctx context.Context, ready func()) error {
		conn, err := a.dial(identity.FrontIssuer, accounts)
		if err != nil {
			return err
		}
		o.target = rpc.NewServer(rpc.ServerConfig{
			Telemetry: a.tel, Verifier: a.keys.verifier("nobody signs for this port"), Writes: o.writes,
			Authenticator: tokens{accountsv1.NewAccountsServiceClient(conn)}, Reflection: a.cfg.Reflection,
		})
		o.owners = make(map[string]program.Service)
		for _, s := range o.services {
			o.current = s
			s.Register(o)
			if own, ok := s.(owner); ok {
				o.outboxes = append(o.outboxes, own.Outbox())
			}
		}
		eventsv1.RegisterFeedServiceServer(o.target, outbox.NewFeedServer(o.outboxes...))
		return o.target.Listen("gRPC", a.cfg.GRPCListen, nil).Run(ctx, ready)
	}}
}

// RegisterService implements grpc.ServiceRegistrar: every owner has a feed, but
// a server can have one service of a name only.
func (o *onePort) RegisterService(desc *grpc.ServiceDesc, impl any) {
	if desc.ServiceName == eventsv1.FeedService_ServiceDesc.ServiceName {
		return
	}
	o.owners[desc.ServiceName] = o.current
	o.target.RegisterService(desc, impl)
}

// writes wraps a call as its own service would.
func (o *onePort) writes(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	name, _, _ := strings.Cut(strings.TrimPrefix(info.FullMethod, "/"), "/")
	if s, ok := o.owners[name]; ok && s.Writes() != nil {
		return s.Writes()(ctx, req, info, next)
	}
	return next(ctx, req)
}

// tokens asks the accounts service whose a token is.
type tokens struct {
	accounts accountsv1.AccountsServiceClient
}

// Authenticate implements rpc.Authenticator.
func (t tokens) Authenticate(ctx context.Context, secret string) (identity.Principal, error) {
	r, err := t.accounts.Authenticate(ctx, &accountsv1.AuthenticateRequest{Secret: secret})
	if err != nil {
		return identity.Principal{}, err
	}
	tok := r.GetToken()
	return identity.Principal{Subject: tok.GetId(), Name: tok.GetName(), Role: identity.Role(tok.GetRole()), Site: tok.GetSite()}, nil
}
