// Package host tells which site a request is for: a table of host names, read
// from the posts service and kept in memory.
package host

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/stream"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

const (
	every       = 60 * time.Second
	retry       = 250 * time.Millisecond
	loadTimeout = 2 * time.Second
	// check is the name in the readiness report.
	check = "sites"
)

// Site is what the gateway knows of a site.
type Site struct {
	ID string
	// Language is that of the site's own texts, a BCP 47 tag.
	Language string
	// Secure sites have a base URL that begins with https.
	Secure bool
}

type hosts struct {
	byHost map[string]Site
	byID   map[string]Site
	other  Site // answers to every other host; without an id there is none
}

// Reporter learns whether the table is there.
type Reporter interface{ Set(name string, err error) }

// Table is the table. Safe for concurrent use; empty until it was loaded.
type Table struct {
	sites   postsv1.SitesServiceClient
	nc      *nats.Conn
	log     *slog.Logger
	health  Reporter
	current atomic.Pointer[hosts]
}

// New makes a table that reads sites and listens on nc for changes.
func New(sites postsv1.SitesServiceClient, nc *nats.Conn, log *slog.Logger, health Reporter) *Table {
	return &Table{sites: sites, nc: nc, log: log, health: health}
}

// Loaded tells whether the table was read once.
func (t *Table) Loaded() bool { return t.current.Load() != nil }

// Find is the site that answers to the Host header name.
func (t *Table) Find(name string) (Site, bool) {
	h := t.current.Load()
	if h == nil {
		return Site{}, false
	}
	if len(h.byHost) > 0 {
		if s, ok := h.byHost[clean(name)]; ok {
			return s, true
		}
	}
	return h.other, h.other.ID != ""
}

// ByID is the site of that id.
func (t *Table) ByID(id string) (Site, bool) {
	h := t.current.Load()
	if h == nil {
		return Site{}, false
	}
	s, ok := h.byID[id]
	return s, ok
}

// clean is a host name without port and final dot, in lower case. It allocates
// only for names that are not in lower case already.
func clean(name string) string {
	if strings.HasPrefix(name, "[") { // an IPv6 address
		if end := strings.IndexByte(name, ']'); end > 0 {
			return strings.ToLower(name[:end+1])
		}
	}
	if port := strings.IndexByte(name, ':'); port >= 0 {
		name = name[:port]
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// Part keeps the table up to date. It is ready after the first try: without a
// table requests are answered with "unavailable" until posts is there.
func (t *Table) Part() process.Part { return process.Part{Name: "sites", Run: t.run} }

func (t *Table) run(ctx context.Context, ready func()) error {
	changed := make(chan *nats.Msg, 16) // one is as good as many
	sub, err := t.nc.ChanSubscribe(stream.LiveSubjects("posts", "configured"), changed)
	if err != nil {
		return fmt.Errorf("subscribe to changes of sites: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // the connection may be closed already
	connected := t.nc.StatusChanged(nats.CONNECTED)
	defer t.nc.RemoveStatusListener(connected)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for failures := 0; ; {
		err := t.load(ctx)
		ready()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			failures++
			t.failed(ctx, err, failures)
			if !stream.Wait(ctx, min(retry<<min(failures, 4), 4*time.Second)) {
				return nil
			}
			continue
		}
		failures = 0
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-connected:
		case <-ticker.C:
		}
	}
}

func (t *Table) failed(ctx context.Context, err error, failures int) {
	if !t.Loaded() {
		t.health.Set(check, err)
	}
	if failures == 1 {
		t.log.WarnContext(ctx, "waiting for the list of sites", "error", err)
	}
}

func (t *Table) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	answer, err := t.sites.ListSites(ctx, &postsv1.ListSitesRequest{})
	if err != nil {
		return fmt.Errorf("list the sites: %w", err)
	}
	h := &hosts{byHost: make(map[string]Site), byID: make(map[string]Site)}
	for _, s := range answer.GetSites() {
		site := Site{ID: s.GetId(), Language: s.GetLanguage(), Secure: isSecure(s.GetBaseUrl())}
		h.byID[site.ID] = site
		if len(s.GetHosts()) == 0 {
			h.other = site
		}
		for _, name := range s.GetHosts() {
			h.byHost[clean(name)] = site
		}
	}
	t.current.Store(h)
	t.health.Set(check, nil)
	return nil
}

func isSecure(baseURL string) bool {
	scheme, _, _ := strings.Cut(baseURL, "://")
	return strings.EqualFold(scheme, "https")
}
