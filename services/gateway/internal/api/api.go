// Package api serves the JSON API: it checks what comes in, says who calls, and
// hands the call to the service that its contract names. It holds no rules of
// its own: what a caller may do is decided there.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/web"
	accountsv1 "github.com/parution/parution/proto/gen/parution/accounts/v1"
	operationsv1 "github.com/parution/parution/proto/gen/parution/operations/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/gateway/internal/headers"
	"github.com/parution/parution/services/gateway/internal/host"
	"github.com/parution/parution/services/gateway/internal/operations"
	"github.com/parution/parution/services/gateway/internal/routename"
)

// Prefix begins the paths of the API.
const Prefix = "/api/"

// Searches tells whether a path is of what the index answers to anybody: that takes longer
// than the rest, and there is no end of what can be asked.
func Searches(path string) bool {
	rest, ok := strings.CutPrefix(path, root)
	switch {
	case !ok:
		return false
	case rest == "search", rest == "search:suggest":
		return true
	}
	return strings.HasPrefix(rest, "tags/") && strings.HasSuffix(rest, "/posts") ||
		strings.HasPrefix(rest, "posts/") && strings.HasSuffix(rest, "/related")
}

// root begins the paths of this version of it.
const root = "/api/v1/"

// Sites tells which site a request is for.
type Sites interface {
	Find(hostHeader string) (host.Site, bool)
	ByID(id string) (host.Site, bool)
	Loaded() bool
}

// Deps is what the API stands on. All fields are required.
type Deps struct {
	Posts, Tags, Render, Accounts grpc.ClientConnInterface

	Sites Sites
	// Upload keeps an image; the caller was checked.
	Upload http.HandlerFunc
	// MaxBodyBytes bounds a JSON body.
	MaxBodyBytes int64
	// MaxWaiting bounds the calls that wait for changes.
	MaxWaiting int
	Log        *slog.Logger
	Now        func() time.Time
}

// API is the JSON API. Safe for concurrent use.
type API struct {
	deps     Deps
	accounts accountsv1.AccountsServiceClient
	known    *known
	routes   *routeTable
	mux      *runtime.ServeMux
	waits    chan struct{}
	fields   []headers.Field
	static   map[string]document
	problems map[string]explanation
}

// New registers every public call.
func New(ctx context.Context, deps Deps) (*API, error) {
	a := &API{
		deps: deps, known: newKnown(deps.Now), accounts: accountsv1.NewAccountsServiceClient(deps.Accounts),
		routes: newRouteTable(), fields: headers.Page(), waits: make(chan struct{}, deps.MaxWaiting),
	}
	var err error
	if a.static, err = documents(a.routes); err != nil {
		return nil, err
	}
	if a.problems, err = explanations(); err != nil {
		return nil, err
	}
	a.mux = runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.JSONPb{
			MarshalOptions: protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true},
		}),
		runtime.WithMiddlewares(a.admit),
		runtime.WithErrorHandler(a.fail),
		runtime.WithRoutingErrorHandler(a.misroute),
		runtime.WithForwardResponseOption(finish),
		runtime.WithIncomingHeaderMatcher(incoming),
		runtime.WithOutgoingHeaderMatcher(outgoing),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
	)
	return a, a.register(ctx)
}

func (a *API) register(ctx context.Context) error {
	posts, tags := conn{waiting{a.deps.Posts, a.waits}, a.routes}, conn{a.deps.Tags, a.routes}
	render, accounts := conn{a.deps.Render, a.routes}, conn{telling{a.deps.Accounts, a.routes, a.known}, a.routes}
	here, err := newLocal(func(r grpc.ServiceRegistrar) {
		operationsv1.RegisterOperationsServiceServer(r, operations.New(
			operations.Reader{Name: "render", Conn: a.deps.Render}, operations.Reader{Name: "tags", Conn: a.deps.Tags}))
	})
	if err != nil {
		return fmt.Errorf("serve the operations: %w", err)
	}
	for _, err := range []error{
		postsv1.RegisterPostsServiceHandlerClient(ctx, a.mux, postsv1.NewPostsServiceClient(posts)),
		postsv1.RegisterSitesServiceHandlerClient(ctx, a.mux, postsv1.NewSitesServiceClient(posts)),
		postsv1.RegisterChangesServiceHandlerClient(ctx, a.mux, postsv1.NewChangesServiceClient(posts)),
		operationsv1.RegisterOperationsServiceHandlerClient(ctx, a.mux, operationsv1.NewOperationsServiceClient(conn{here, a.routes})),
		tagsv1.RegisterTagsServiceHandlerClient(ctx, a.mux, tagsv1.NewTagsServiceClient(tags)),
		renderv1.RegisterRenderServiceHandlerClient(ctx, a.mux, renderv1.NewRenderServiceClient(render)),
		accountsv1.RegisterAccountsServiceHandlerClient(ctx, a.mux, accountsv1.NewAccountsServiceClient(accounts)),
	} {
		if err != nil {
			return fmt.Errorf("register the API: %w", err)
		}
	}
	return nil
}

// ServeHTTP answers everything below Prefix. A context that holds an operator
// already needs no token.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	headers.Apply(w.Header(), a.fields)
	w.Header().Set("Cache-Control", "no-store")
	if d, ok := a.static[r.URL.Path]; ok {
		routename.Set(r.Context(), r.Method, r.URL.Path)
		d.serve(w, r)
		return
	}
	p, err := a.caller(r)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	ctx := identity.With(r.Context(), p)
	if r.URL.Path == root+"media" {
		a.media(w, r.WithContext(ctx))
		return
	}
	inner := r.WithContext(ctx)
	inner.Header = only(r.Header, "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
	if inner.Method == http.MethodHead {
		inner.Method = http.MethodGet // the server leaves the body out
	}
	a.mux.ServeHTTP(w, inner)
}

// only keeps the named fields: nothing else of a request may reach a service,
// above all nothing that says who calls.
func only(h http.Header, names ...string) http.Header {
	out := make(http.Header, len(names))
	for _, n := range names {
		if v := h.Values(n); len(v) > 0 {
			out[http.CanonicalHeaderKey(n)] = v
		}
	}
	return out
}

func incoming(key string) (string, bool) { return "idempotency-key", key == "Idempotency-Key" }

func outgoing(key string) (string, bool) { return "Idempotent-Replayed", key == "idempotent-replayed" }

// media checks who uploads.
func (a *API) media(w http.ResponseWriter, r *http.Request) {
	routename.Set(r.Context(), r.Method, root+"media")
	if r.Method != http.MethodPost {
		methodNotAllowed(w, http.MethodPost)
		return
	}
	switch p := identity.From(r.Context()); {
	case p.Member():
		a.deps.Upload(w, r)
	case p.Role == identity.Public:
		a.refuse(w, r, fault.Unauthenticated("this needs a token: Authorization: Bearer …"))
	default:
		a.refuse(w, r, fault.Denied("the role %q may not do this", p.Role))
	}
}

func methodNotAllowed(w http.ResponseWriter, methods ...string) {
	allow := strings.Join(methods, ", ")
	w.Header().Set("Allow", allow)
	web.WriteProblemAs(w, web.Problem{
		Type: "/problems/method-not-allowed", Title: http.StatusText(http.StatusMethodNotAllowed),
		Status: http.StatusMethodNotAllowed, Detail: "this address takes " + allow,
	})
}
