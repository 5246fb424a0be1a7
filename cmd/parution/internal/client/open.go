package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/cmd/parution/internal/allinone"
)

// Target says where a command acts.
type Target struct {
	Data   string `help:"Data folder to act on." default:"./data" placeholder:"DIR"`
	Server string `help:"Act on the server at this address instead of a data folder." placeholder:"URL"`
	Token  string `help:"API token for --server; better in PARUTION_TOKEN." placeholder:"TOKEN"`
	Site   string `help:"Site to act on, where there are several." placeholder:"ID"`
}

// grace is how long the services of a command may take to stop.
const grace = 20 * time.Second

// With calls fn with a client of the target. A data folder that a server runs
// on is reached through its socket; otherwise the services are started for the
// time of the call, without listening on the network.
func With(ctx context.Context, t Target, log *slog.Logger, fn func(ctx context.Context, c *Client) error) error {
	if t.Server != "" {
		if t.Token == "" {
			return &process.ExitError{Code: 2, Err: errors.New("--server needs a token: --token or PARUTION_TOKEN")}
		}
		return fn(ctx, OverNetwork(t.Server, t.Token, t.Site))
	}
	socket := allinone.SocketPath(t.Data)
	if conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket); err == nil {
		_ = conn.Close() // it was only to see whether somebody listens
		return fn(ctx, OverSocket(socket, t.Site))
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
	work := process.Part{Name: "command", Run: func(ctx context.Context, _ func()) error {
		return fn(ctx, OverSocket(socket, t.Site))
	}}
	return process.RunUntil(ctx, log, grace, work, app.Parts()...)
}
