// Package allinone runs every service in one process: the same services, wired
// by in-memory pipes, with an embedded broker and a SQLite file each. It is the
// only place that knows all of them.
package allinone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/embedded"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/chassis/web"
	"github.com/parution/parution/services/accounts"
	"github.com/parution/parution/services/gateway"
	"github.com/parution/parution/services/posts"
	"github.com/parution/parution/services/render"
	"github.com/parution/parution/services/tags"
)

// Config are the settings of the one binary.
type Config struct {
	// Data is the folder of everything that is kept.
	Data string
	// Listen is the readers' address; empty: none, only the admin socket.
	Listen string
	// OpsListen is the operators' address; empty: none.
	OpsListen string
	// GRPCListen is where every service's gRPC is served; empty: nowhere.
	GRPCListen string
	Profiles   bool
	// Reflection lets gRPC clients ask for the contracts.
	Reflection bool
	// Drain is how long to go on serving at the end, not ready any more.
	Drain time.Duration
	// Bound learns the readers' address once it is served.
	Bound func(net.Addr)

	Posts    posts.Config
	Tags     tags.Config
	Render   render.Config
	Accounts accounts.Config
	Gateway  gateway.Config
}

// Defaults are the settings for the folder data.
func Defaults(data string) Config {
	c := Config{
		Data: data, Posts: posts.Defaults(), Tags: tags.Defaults(), Render: render.Defaults(), Accounts: accounts.Defaults(), Gateway: gateway.Defaults(),
	}
	c.Gateway.MediaDir = filepath.Join(data, "media")
	c.Tags.IndexDir = filepath.Join(data, "index")
	return c
}

// SocketPath is where the admin API of the process that serves data is.
func SocketPath(data string) string { return filepath.Join(data, "admin.sock") }

// drainTimeout is how long what is to be sent to the broker may take at the end.
const drainTimeout = 2 * time.Second

// maxSocketPath is what the address of a Unix socket has room for (unix(7)).
const maxSocketPath = 107

// Holds tells whether data is a folder that was served or imported into.
func Holds(data string) bool {
	_, err := os.Stat(filepath.Join(data, posts.Owner+".db"))
	return err == nil
}

// App is all services, wired. Close it after its parts have stopped.
type App struct {
	cfg     Config
	tel     *telemetry.Telemetry
	lock    *Lock
	broker  *embedded.Keeper
	nc      *nats.Conn
	dbs     []*sqldb.DB
	conns   []*grpc.ClientConn
	health  *process.Health
	keys    *keyring
	parts   []process.Part
	onePort onePort
}

// New locks the data folder and wires everything. The folder is created if need
// be. A folder that another process serves is ErrLocked.
func New(ctx context.Context, cfg Config, tel *telemetry.Telemetry) (_ *App, err error) {
	a := &App{cfg: cfg, tel: tel, health: &process.Health{}}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if n := len(SocketPath(cfg.Data)); n > maxSocketPath {
		return nil, fmt.Errorf("the data folder's path is %d bytes too long for the socket in it; a relative path may be shorter", n-maxSocketPath)
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	if a.lock, err = LockFolder(cfg.Data); err != nil {
		return nil, err
	}
	if a.keys, err = newKeyring(); err != nil {
		return nil, err
	}
	if a.broker, err = embedded.Keep(ctx, tel.Log, filepath.Join(cfg.Data, "nats")); err != nil {
		return nil, err
	}
	if a.nc, err = stream.Connect(ctx, tel.Log, stream.Config{Name: "parution", InProcess: a.broker}); err != nil {
		return nil, err
	}
	if err := a.wire(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// Parts are everything that runs, in order.
func (a *App) Parts() []process.Part { return a.parts }

// Close closes what New opened.
func (a *App) Close() {
	for _, c := range a.conns {
		_ = c.Close() // nobody calls any more
	}
	if a.nc != nil {
		stream.Drain(a.nc, drainTimeout)
	}
	if a.broker != nil {
		a.broker.Close()
	}
	for _, db := range a.dbs {
		_ = db.Close() // everything was committed or not
	}
	if a.lock != nil {
		a.lock.Release()
	}
}

// wire makes the services, callees before callers.
func (a *App) wire(ctx context.Context) error {
	if a.cfg.OpsListen != "" {
		ops := web.Ops(a.health, a.tel.Metrics, a.cfg.Profiles)
		a.parts = append(a.parts, web.Serve("operations port (--ops-listen)", a.cfg.OpsListen, ops, a.tel.Log, nil))
	}
	a.parts = append(a.parts, a.broker.Part())
	accountsConn, err := a.service(ctx, newCallee("accounts"), accounts.Migrations(), func(db *sqldb.DB) (program.Service, error) {
		return accounts.New(a.cfg.Accounts, accounts.Deps{DB: db, Telemetry: a.tel, Now: time.Now})
	})
	if err != nil {
		return err
	}
	tagsConn := newCallee(tags.Owner) // posts and tags ask each other
	postsConn, err := a.service(ctx, newCallee(posts.Owner), posts.Migrations(), func(db *sqldb.DB) (program.Service, error) {
		conn, err := a.dial(posts.Owner, tagsConn)
		if err != nil {
			return nil, err
		}
		return posts.New(a.cfg.Posts, posts.Deps{DB: db, NATS: a.nc, Telemetry: a.tel, Now: time.Now, Tags: conn})
	})
	if err != nil {
		return err
	}
	_, err = a.service(ctx, tagsConn, tags.Migrations(), func(db *sqldb.DB) (program.Service, error) {
		conn, err := a.dial(tags.Owner, postsConn)
		if err != nil {
			return nil, err
		}
		return tags.New(a.cfg.Tags, tags.Deps{DB: db, NATS: a.nc, Telemetry: a.tel, Now: time.Now, Posts: conn})
	})
	if err != nil {
		return err
	}
	renderConn, err := a.service(ctx, newCallee(render.Owner), render.Migrations(), func(db *sqldb.DB) (program.Service, error) {
		toPosts, err := a.dial(render.Owner, postsConn)
		if err != nil {
			return nil, err
		}
		toTags, err := a.dial(render.Owner, tagsConn)
		if err != nil {
			return nil, err
		}
		return render.New(a.cfg.Render, render.Deps{DB: db, NATS: a.nc, Telemetry: a.tel, Now: time.Now, Posts: toPosts, Tags: toTags})
	})
	if err != nil {
		return err
	}
	return a.front(ctx, callees{posts: postsConn, tags: tagsConn, render: renderConn, accounts: accountsConn})
}

type callees struct{ posts, tags, render, accounts callee }

// callee is a service that others may call.
type callee struct {
	name string
	pipe *rpc.Pipe
}

// newCallee is one that is served on a pipe of its own.
func newCallee(name string) callee { return callee{name: name, pipe: rpc.NewPipe()} }

// service makes one service on a SQLite file of its own, served on the pipe of c.
func (a *App) service(ctx context.Context, c callee, schema []sqldb.Migrations, build func(*sqldb.DB) (program.Service, error)) (callee, error) {
	name := c.name
	db, err := sqldb.Open(ctx, sqldb.Config{URL: "sqlite:" + filepath.Join(a.cfg.Data, name+".db")})
	if err != nil {
		return callee{}, fmt.Errorf("open the database of %s: %w", name, err)
	}
	a.dbs = append(a.dbs, db)
	svc, err := build(db)
	if err != nil {
		return callee{}, fmt.Errorf("make the service %s: %w", name, err)
	}
	server := rpc.NewServer(rpc.ServerConfig{Telemetry: a.tel, Verifier: a.keys.verifier(name), Writes: svc.Writes()})
	svc.Register(server)
	a.onePort.services = append(a.onePort.services, svc)
	a.parts = append(a.parts, program.DatabasePart("database of "+name, db, a.tel.Log, a.health, schema...))
	a.parts = append(a.parts, svc.Parts()...)
	a.parts = append(a.parts, server.ServePipe("gRPC of "+name, c.pipe))
	return c, nil
}

// dial makes a client of to that speaks as from.
func (a *App) dial(from string, to callee) (*grpc.ClientConn, error) {
	conn, err := rpc.Dial(rpc.ClientConfig{Service: to.name, Pipe: to.pipe, Signer: a.keys.signer(from), Telemetry: a.tel})
	if err != nil {
		return nil, err
	}
	a.conns = append(a.conns, conn)
	return conn, nil
}

// front makes the gateway and what listens.
func (a *App) front(ctx context.Context, c callees) error {
	deps := gateway.Deps{NATS: a.nc, Telemetry: a.tel, Health: a.health, Now: time.Now}
	for _, d := range []struct {
		into *grpc.ClientConnInterface
		to   callee
	}{{&deps.Posts, c.posts}, {&deps.Tags, c.tags}, {&deps.Render, c.render}, {&deps.Accounts, c.accounts}} {
		conn, err := a.dial(identity.FrontIssuer, d.to)
		if err != nil {
			return err
		}
		*d.into = conn
	}
	g, err := gateway.New(ctx, a.cfg.Gateway, deps)
	if err != nil {
		return fmt.Errorf("make the gateway: %w", err)
	}
	a.parts = append(a.parts, g.Parts()...)
	a.parts = append(a.parts, adminPart(SocketPath(a.cfg.Data), g.AdminHandler(), a.tel.Log))
	if a.cfg.GRPCListen != "" {
		a.parts = append(a.parts, a.onePort.part(a, c))
	}
	if a.cfg.Listen != "" {
		a.parts = append(a.parts, web.Serve("site and API (--listen)", a.cfg.Listen, g.Handler(), a.tel.Log, a.cfg.Bound))
	}
	a.parts = append(a.parts, a.health.ReadyPart(a.cfg.Drain))
	return nil
}

// adminPart serves the API on a socket that only the owner of the data folder
// may open: who can read the files needs no token.
func adminPart(path string, h http.Handler, log *slog.Logger) process.Part {
	return process.Part{Name: "admin socket", Run: func(ctx context.Context, ready func()) error {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the socket of a process that was killed: %w", err)
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", path, err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			return errors.Join(fmt.Errorf("protect %s: %w", path, err), l.Close())
		}
		return web.ServeOn(ctx, l, h, log, ready)
	}}
}

// Schemas are the migrations of each service's database.
func Schemas() map[string][]sqldb.Migrations {
	return map[string][]sqldb.Migrations{
		"accounts": accounts.Migrations(), posts.Owner: posts.Migrations(), tags.Owner: tags.Migrations(), render.Owner: render.Migrations(),
	}
}
