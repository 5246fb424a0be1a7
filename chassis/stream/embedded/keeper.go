package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/parution/parution/chassis/process"
)

const (
	// examineEvery is how often the server is asked how it is.
	examineEvery = 5 * time.Second
	// maxIll is how often in a row it may be unwell before it is started again: a
	// write error, for one, leaves a stream read-only until then.
	maxIll = 3
)

// Keeper keeps an embedded server running: one that is unwell is started again,
// and a store that cannot be recovered is moved aside, since its owners fill an
// empty one again. It implements nats.InProcessConnProvider; connections find
// the new server by themselves. Safe for concurrent use.
type Keeper struct {
	log *slog.Logger
	dir string

	mu     sync.Mutex
	server *Server // nil if it could not be started
	ill    int
	closed bool
	// folders are those of the streams when the server was last well.
	folders []string
}

// Keep starts a server on dir. The caller holds the lock on dir. Close it.
func Keep(ctx context.Context, log *slog.Logger, dir string) (*Keeper, error) {
	k := &Keeper{log: log, dir: dir}
	return k, k.start(ctx)
}

// Part examines the server from time to time.
func (k *Keeper) Part() process.Part {
	return process.Part{Name: "embedded broker", Run: func(ctx context.Context, ready func()) error {
		ready()
		tick := time.NewTicker(examineEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				k.examine(ctx)
			}
		}
	}}
}

// InProcessConn implements nats.InProcessConnProvider.
func (k *Keeper) InProcessConn() (net.Conn, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.server == nil {
		return nil, errors.New("the embedded NATS server is being started again")
	}
	return k.server.InProcessConn()
}

// Close stops the server for good.
func (k *Keeper) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	if k.server != nil {
		k.server.Stop()
		k.server = nil
	}
}

// examine starts the server again if it was unwell for too long.
func (k *Keeper) examine(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	err := k.health()
	if err == nil {
		k.ill = 0
		return
	}
	if k.ill++; k.ill < maxIll && !errors.Is(err, errNoFolder) {
		return
	}
	k.ill = 0
	k.log.WarnContext(ctx, "the embedded NATS server is unwell and started again", "error", err)
	if k.server != nil {
		k.server.Stop()
		k.server = nil
	}
	if err := k.start(ctx); err != nil {
		k.log.ErrorContext(ctx, "the embedded NATS server does not start; notices wait, read models follow the feeds", "error", err)
	}
}

func (k *Keeper) health() error {
	switch {
	case k.server == nil:
		return errors.New("it does not run")
	case !k.server.Running():
		return errors.New("it has stopped")
	}
	if h := k.server.Healthz(&server.HealthzOptions{}); h.Status != "ok" {
		return fmt.Errorf("%s: %s", h.Status, h.Error)
	}
	return k.look()
}

// errNoFolder is a store whose files were removed under the running server, which
// goes on as if they were there and refuses what is sent.
var errNoFolder = errors.New("its folder was removed")

// look makes sure that the folders of the streams are still there. One that is
// deleted in order costs a start of the server, nothing else.
func (k *Keeper) look() error {
	for _, dir := range append(k.folders, filepath.Join(k.dir, server.JetStreamStoreDir)) {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			k.folders = nil
			return fmt.Errorf("%s: %w", dir, errNoFolder)
		}
	}
	found, err := filepath.Glob(filepath.Join(k.dir, server.JetStreamStoreDir, "*", "streams", "*"))
	k.folders = found
	return err
}

// start starts the server, on an empty store if what is there cannot be used.
func (k *Keeper) start(ctx context.Context) error {
	s, err := Start(ctx, k.log, k.dir)
	if err == nil {
		k.server = s
		return nil
	}
	aside := fmt.Sprintf("%s.broken-%d", k.dir, time.Now().UnixNano())
	if moveErr := os.Rename(k.dir, aside); moveErr != nil {
		return errors.Join(err, fmt.Errorf("move the broker's store aside: %w", moveErr))
	}
	k.log.WarnContext(ctx, "the broker's store cannot be used and was moved aside; it is filled again", "folder", aside, "error", err)
	if s, err = Start(ctx, k.log, k.dir); err != nil {
		return err
	}
	k.server = s
	return nil
}
