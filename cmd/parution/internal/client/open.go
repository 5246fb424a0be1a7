package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/cmd/parution/internal/allinone"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// Target says where a command acts.
type Target struct {
	Data   string `help:"Data folder to act on (${default})." default:"./data" placeholder:"DIR"`
	Server string `help:"Act on the server at this address instead of a data folder." placeholder:"URL"`
	Token  string `help:"API token for --server; better in PARUTION_TOKEN." placeholder:"TOKEN"`
	Site   string `help:"Site to act on, where there are several." placeholder:"ID"`
}

// grace is how long the services of a command may take to stop.
const grace = 20 * time.Second

// Needs says what a command wants of its target.
type Needs struct {
	// Create makes a data folder that is not there yet.
	Create bool
	// Installation is set by commands that act on the whole installation: the
	// others must be told the site where there are several.
	Installation bool
	// Running is set by commands that make no sense while no server runs.
	Running bool
	// Anybody is set by commands that need no token.
	Anybody bool
}

// With calls fn with a client of the target. A data folder that a server runs
// on is reached through its socket; otherwise the services are started for the
// time of the call, without listening on the network.
func With(ctx context.Context, t Target, needs Needs, log *slog.Logger, fn func(ctx context.Context, c *Client) error) error {
	if t.Server != "" {
		if err := t.checkServer(needs); err != nil {
			return &process.ExitError{Code: 2, Err: err}
		}
		return fn(ctx, OverNetwork(t.Server, t.Token, t.Site))
	}
	socket := allinone.SocketPath(t.Data)
	call := func(ctx context.Context) error {
		c := OverSocket(socket, t.Site)
		if t.Site == "" && !needs.Installation {
			if err := c.onlySite(ctx); err != nil {
				return err
			}
		}
		return fn(ctx, c)
	}
	if conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket); err == nil {
		_ = conn.Close() // it was only to see whether somebody listens
		return call(ctx)
	}
	if !needs.Create && !allinone.Holds(t.Data) {
		return &process.ExitError{Code: 2, Err: fmt.Errorf("%s holds no Parution data; parution serve --data %s begins it", t.Data, t.Data)}
	}
	if needs.Running {
		return &process.ExitError{Code: 2, Err: fmt.Errorf("no server runs on %s; parution serve --data %s starts one", t.Data, t.Data)}
	}
	tel := telemetry.Discard()
	tel.Log = log
	app, err := allinone.New(ctx, allinone.Defaults(t.Data), tel)
	if errors.Is(err, allinone.ErrLocked) {
		return fmt.Errorf("%w and does not answer on %s: is it starting or stopping?", err, socket)
	}
	if err != nil {
		return err
	}
	defer app.Close()
	work := process.Part{Name: "command", Run: func(ctx context.Context, _ func()) error { return call(ctx) }}
	return process.RunUntil(ctx, log, grace, work, app.Parts()...)
}

func (t Target) checkServer(needs Needs) error {
	if !strings.HasPrefix(t.Server, "http://") && !strings.HasPrefix(t.Server, "https://") {
		return fmt.Errorf("--server %s must begin with http:// or https://", t.Server)
	}
	if t.Token == "" && !needs.Anybody {
		return errors.New("--server needs a token: --token or PARUTION_TOKEN")
	}
	return nil
}

// onlySite refuses to guess which site is meant.
func (c *Client) onlySite(ctx context.Context) error {
	var out postsv1.ListSitesResponse
	if _, err := c.Call(ctx, http.MethodGet, "/api/v1/sites", nil, &out); err != nil {
		return err
	}
	if len(out.GetSites()) < 2 {
		return nil
	}
	var ids []string
	for _, s := range out.GetSites() {
		ids = append(ids, s.GetId())
	}
	return &process.ExitError{Code: 2, Err: fmt.Errorf("there are %d sites: say which with --site %s", len(ids), strings.Join(ids, ", --site "))}
}
