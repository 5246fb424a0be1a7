// Package gateway is the HTTP front: it serves readers from memory, and programs
// a JSON API. It holds no data and no rules.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/chassis/web"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/gateway/internal/api"
	"github.com/parution/parution/services/gateway/internal/cache"
	"github.com/parution/parution/services/gateway/internal/feed"
	"github.com/parution/parution/services/gateway/internal/headers"
	"github.com/parution/parution/services/gateway/internal/host"
	"github.com/parution/parution/services/gateway/internal/live"
	"github.com/parution/parution/services/gateway/internal/media"
	"github.com/parution/parution/services/gateway/internal/site"
	"github.com/parution/parution/services/gateway/internal/slots"
)

// Name is the name of this service. Its signature alone speaks for people.
const Name = identity.FrontIssuer

// Deps is what the gateway stands on. All fields are required. The clients sign
// as the issuer Name.
type Deps struct {
	NATS      *nats.Conn
	Telemetry *telemetry.Telemetry
	Health    *process.Health

	Posts, Tags, Render, Accounts grpc.ClientConnInterface

	Now func() time.Time
}

// Service is the gateway. Make it with New.
type Service struct {
	deps  Deps
	table *host.Table
	feed  *feed.Feed
	pages *cache.Cache
	live  *live.Hub
	site  *site.Site
	api   *api.API
	media *media.Store
	rest  http.Handler
	// searches bounds those of readers and programs together.
	searches *slots.Slots
	// slots holds one element for each request that is worked on.
	slots chan struct{}
	// secure tells browsers to come back over HTTPS.
	secure headers.Field
	// leave tells clients that stay connected to come back to another replica.
	leave headers.Field
	// busy is what goes with the answer that there are too many requests.
	busy []headers.Field
}

// New wires the gateway. It does not connect to anything.
func New(ctx context.Context, cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	log := deps.Telemetry.Log
	s := &Service{
		deps:  deps,
		table: host.New(postsv1.NewSitesServiceClient(deps.Posts), deps.NATS, log, deps.Health),
		media: media.New(cfg.MediaDir, cfg.MaxUploadBytes, cfg.PictureMemoryBytes, log), secure: headers.Secure(), leave: headers.Leave(),
		slots: make(chan struct{}, cfg.MaxInFlight), searches: slots.New(cfg.MaxInFlight / 8), busy: headers.Page(),
	}
	pages := cache.New(cfg.CacheBytes, site.Source(renderv1.NewRenderServiceClient(deps.Render)), deps.Now)
	if err := pages.Observe(deps.Telemetry.Meter("gateway/cache")); err != nil {
		return nil, err
	}
	var err error
	renderFeed := eventsv1.NewFeedServiceClient(deps.Render)
	s.live, err = live.New(live.Deps{Feed: renderFeed, Telemetry: deps.Telemetry, Now: deps.Now, MaxReaders: cfg.MaxReaders})
	if err != nil {
		return nil, err
	}
	deps.Health.OnStop(s.live.Leave)
	if s.feed, err = feed.New(feed.Deps{
		Live: stream.NewLive(deps.NATS), Cache: pages, Readers: s.live, Telemetry: deps.Telemetry, Now: deps.Now,
		Render: renderFeed, Posts: eventsv1.NewFeedServiceClient(deps.Posts),
	}); err != nil {
		return nil, err
	}
	s.pages, s.site = pages, site.New(s.table, pages, s.searches, tagsv1.NewTagsServiceClient(deps.Tags), log)
	s.api, err = api.New(ctx, api.Deps{
		Posts: deps.Posts, Tags: deps.Tags, Render: deps.Render, Accounts: deps.Accounts,
		Sites: s.table, Upload: s.media.Upload, MaxBodyBytes: cfg.MaxRequestBytes,
		MaxWaiting: max(1, cfg.MaxInFlight/4), Log: log, Now: deps.Now,
	})
	if err != nil {
		return nil, err
	}
	s.rest = otelhttp.NewHandler(s.recovered(s.bounded(http.HandlerFunc(s.route))), "HTTP",
		otelhttp.WithServerName(Name), // not the Host header: clients could make up names without end
		otelhttp.WithTracerProvider(deps.Telemetry.Tracers), otelhttp.WithMeterProvider(deps.Telemetry.Meters),
		otelhttp.WithPropagators(deps.Telemetry.Propagator),
		otelhttp.WithFilter(func(r *http.Request) bool { return r.URL.Path != "/healthz" }))
	return s, nil
}

// Handler serves readers and programs.
func (s *Service) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.overHTTPS(r) {
			w.Header()[s.secure.Name] = s.secure.Values
		}
		if s.deps.Health.Stopping() {
			w.Header()[s.leave.Name] = s.leave.Values
		}
		if !s.site.ServeHit(w, r) && !s.serveEvents(w, r) {
			s.rest.ServeHTTP(w, r)
		}
	})
}

// overHTTPS tells whether readers come over HTTPS: to this server, or by the word
// of the site to something in front of it.
func (s *Service) overHTTPS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	site, ok := s.table.Find(r.Host)
	return ok && site.Secure
}

// AdminHandler serves the same to whoever runs the installation: every request
// is an operator's. It must be reachable by nobody else.
func (s *Service) AdminHandler() http.Handler {
	operator := identity.Principal{Subject: "local", Name: "local", Role: identity.Operator}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(identity.With(r.Context(), operator))
		if !s.serveEvents(w, r) {
			s.rest.ServeHTTP(w, r)
		}
	})
}

// Parts are the gateway's background work.
func (s *Service) Parts() []process.Part {
	return []process.Part{
		{Name: "media folder", Run: func(ctx context.Context, ready func()) error {
			if err := s.media.Sweep(ctx); err != nil {
				return fmt.Errorf("look after the media folder: %w", err)
			}
			ready()
			<-ctx.Done()
			return s.media.Close()
		}},
		{Name: "pages", Run: func(ctx context.Context, ready func()) error {
			ready()
			<-ctx.Done()
			s.pages.Wait()
			return nil
		}},
		s.table.Part(),
		s.live.Part(),
		s.feed.Part(),
	}
}

// bounded answers at once that there are too many requests, when there are: one
// that waits for others costs memory, and its reader has left when its turn comes.
// Whether the process is alive can be asked all the same.
func (s *Service) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAlive(r) {
			next.ServeHTTP(w, r)
			return
		}
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
			next.ServeHTTP(w, r)
		default:
			headers.Apply(w.Header(), s.busy)
			web.WriteProblem(w, r, errBusy)
		}
	})
}

// errBusy is said to whoever comes when as many requests as may be are worked on.
var errBusy = fault.Unavailable("too many requests are being worked on; try again in a moment")

// isAlive is true for the question whether the process is.
func isAlive(r *http.Request) bool {
	return r.URL.Path == "/healthz" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// serveMedia answers with an uploaded file of the request's site, if it has such a file.
func (s *Service) serveMedia(w http.ResponseWriter, r *http.Request) bool {
	of, err := s.site.Of(r)
	return err == nil && s.media.ServeFile(w, r, of.ID) // what is wrong is told by the site
}

// serveSearch answers a search of a program, when it is its turn.
func (s *Service) serveSearch(w http.ResponseWriter, r *http.Request) {
	leave, err := s.searches.Enter(r.Context())
	if err != nil {
		headers.Apply(w.Header(), s.busy)
		web.WriteProblem(w, r, err)
		return
	}
	defer leave()
	s.api.ServeHTTP(w, r)
}

// serveEvents answers who listens for changes of its site. That is beside everything
// else: a request that lasts for hours takes nobody's place, and is no span.
func (s *Service) serveEvents(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != live.Path || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	of, err := s.site.Of(r)
	if err != nil {
		return false // what is wrong is told by the site
	}
	s.live.Serve(w, r, of.ID)
	return true
}

func (s *Service) route(w http.ResponseWriter, r *http.Request) {
	path, reads := r.URL.Path, r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case isAlive(r):
		s.site.Alive(w, r)
	case api.Searches(path):
		s.serveSearch(w, r)
	case strings.HasPrefix(path, api.Prefix):
		s.api.ServeHTTP(w, r)
	case strings.HasPrefix(path, media.Prefix) && reads && s.serveMedia(w, r):
	case strings.HasPrefix(path, api.ProblemPrefix) && reads && s.api.ServeProblem(w, r):
	case path == "/favicon.ico" && reads:
		s.api.Favicon(w, r)
	default:
		s.site.ServeHTTP(w, r)
	}
}

// recovered answers a panic with an error instead of a closed connection.
func (s *Service) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.answerPanic(w, r)
		next.ServeHTTP(w, r)
	})
}

func (s *Service) answerPanic(w http.ResponseWriter, r *http.Request) {
	v := recover() //nolint:revive // this method is deferred itself
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v) //nolint:forbidigo // asks the server to close the connection, as it came
	}
	s.deps.Telemetry.Log.ErrorContext(r.Context(), "a request panicked", "path", r.URL.Path, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	web.WriteProblem(w, r, fmt.Errorf("panic: %v", v))
}
