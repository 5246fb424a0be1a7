package allinone

import (
	"context"
	"strings"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/chassis/rpc"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
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

func (o *onePort) part(a *App, c callees) process.Part {
	return process.Part{Name: "gRPC", Run: func(ctx context.Context, ready func()) error {
		toAccounts, err := a.dial(identity.FrontIssuer, c.accounts)
		if err != nil {
			return err
		}
		toPosts, err := a.dial(identity.FrontIssuer, c.posts)
		if err != nil {
			return err
		}
		auth := tokens{accountsv1.NewAccountsServiceClient(toAccounts), postsv1.NewSitesServiceClient(toPosts)}
		o.target = rpc.NewServer(rpc.ServerConfig{
			Telemetry: a.tel, Verifier: a.keys.verifier("nobody signs for this port"), Writes: o.writes,
			Authenticator: auth, Reflection: a.cfg.Reflection,
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

// RegisterService implements grpc.ServiceRegistrar: every owner has a feed and
// every follower read models, but a server can have one service of a name only.
// The feeds are served as one; read models are left to the JSON API, since these
// calls do not say whose they are.
func (o *onePort) RegisterService(desc *grpc.ServiceDesc, impl any) {
	switch desc.ServiceName {
	case eventsv1.FeedService_ServiceDesc.ServiceName, eventsv1.ReadModelService_ServiceDesc.ServiceName:
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

// tokens asks the accounts service whose a token is. There is no host name that
// tells the site: a token is of one, and who has no such token names it in the
// call's metadata, or means the only one.
type tokens struct {
	accounts accountsv1.AccountsServiceClient
	sites    postsv1.SitesServiceClient
}

// Authenticate implements rpc.Authenticator.
func (t tokens) Authenticate(ctx context.Context, secret string) (identity.Principal, error) {
	r, err := t.accounts.Authenticate(ctx, &accountsv1.AuthenticateRequest{Secret: secret})
	if err != nil {
		return identity.Principal{}, err
	}
	tok := r.GetToken()
	p := identity.Principal{Subject: tok.GetId(), Name: tok.GetName(), Role: identity.Role(tok.GetRole()), Site: tok.GetSite()}
	if p.Site == "" {
		p.Site, err = t.site(ctx)
	}
	return p, err
}

// Anonymous implements rpc.Authenticator.
func (t tokens) Anonymous(ctx context.Context) (identity.Principal, error) {
	site, err := t.site(ctx)
	return identity.Principal{Role: identity.Public, Site: site}, err
}

func (t tokens) site(ctx context.Context) (string, error) {
	named := rpc.NamedSite(ctx)
	r, err := t.sites.ListSites(ctx, &postsv1.ListSitesRequest{})
	if err != nil {
		return "", err
	}
	for _, s := range r.GetSites() {
		if s.GetId() == named || named == "" && len(r.GetSites()) == 1 {
			return s.GetId(), nil
		}
	}
	if named == "" {
		return "", fault.Invalid(rpc.SiteHeader, "is missing in the metadata, and there are several sites")
	}
	return "", fault.NotFound("there is no site %q", named)
}
