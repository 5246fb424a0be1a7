// Package program is what the programs of all services have in common: their
// settings, telemetry, database, broker, operations port and gRPC server.
package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"
	_ "time/tzdata" // a static program on an empty image has no zones otherwise

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/config"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/rpc"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/chassis/web"
)

const (
	// grace is how long a stopping program may take once it serves no more.
	grace = 25 * time.Second
	// maxDrain bounds how long it goes on serving before.
	maxDrain = 5 * time.Minute
	// drainTimeout is how long what is to be sent to NATS may take at the end.
	drainTimeout = 2 * time.Second
)

// Base are the settings of every service program.
type Base struct {
	Listen          string     `help:"Address that gRPC (the gateway: HTTP) is served on." placeholder:"HOST:PORT"`
	OpsListen       string     `help:"Address of the operations port: health, readiness, metrics." default:"127.0.0.1:9090" placeholder:"HOST:PORT"`
	IdentityKeyFile string     `help:"File with this service's private key; see: parution keys."`
	TrustedKeysFile string     `help:"File with the public keys of all services."`
	Reflection      bool       `help:"Let gRPC clients ask for the contracts." default:"true" negatable:""`
	Profiles        bool       `help:"Serve /debug/pprof/ on the operations port."`
	LogLevel        slog.Level `help:"Least level that is logged: DEBUG, INFO, WARN, ERROR." default:"INFO"`
	// Drain is for what stands in front and learns from the readiness where to send requests.
	Drain time.Duration `help:"How long to go on serving after a signal, not ready any more, before the end: 5s behind a load balancer." default:"0s"`
}

// Broker are the settings of a program that sends or follows notices.
type Broker struct {
	NatsURL             string `help:"NATS servers, separated by commas." default:"nats://127.0.0.1:4222" name:"nats-url"`
	NatsCredentialsFile string `help:"File with the credentials for NATS." name:"nats-credentials-file"`
	StreamReplicas      int    `help:"How many NATS servers keep each notice." default:"1"`
}

// Database are the settings of a service that owns data.
type Database struct {
	DatabaseURL string `help:"postgres://… or sqlite:PATH. A password belongs into a file: postgres://…?passfile=PATH." required:"" name:"database-url"`
	MaxConns    int    `help:"Most connections to the database; 0: 4 for each CPU." default:"0"`
}

// Env is what a service is built from.
type Env struct {
	DB        *sqldb.DB  // nil without Database
	NATS      *nats.Conn // nil without Broker
	Telemetry *telemetry.Telemetry
	Health    *process.Health
	Signer    *identity.Signer
	Now       func() time.Time
}

// Dial makes a client of another service at target.
func (e Env) Dial(service, target string) (*grpc.ClientConn, error) {
	return rpc.Dial(rpc.ClientConfig{Service: service, Target: target, Signer: e.Signer, Telemetry: e.Telemetry})
}

// Service is a service that answers over gRPC.
type Service interface {
	// Register adds its servers.
	Register(r grpc.ServiceRegistrar)
	// Parts are its background work, in order.
	Parts() []process.Part
	// Writes wraps the calls that change something; may be nil.
	Writes() grpc.UnaryServerInterceptor
}

// Program describes the program of one service.
type Program struct {
	Name, Description string
	// Listen is the default of --listen.
	Listen string
	// Settings is a pointer to the program's struct, which embeds Base, and Broker and Database if it has them.
	Settings any
	Base     *Base
	Broker   *Broker
	Database *Database
	// Migrations are the schema that the service needs.
	Migrations []sqldb.Migrations
	// Build makes the service.
	Build func(ctx context.Context, env Env) (Service, error)
	// Front makes the parts of a program that is no gRPC service, instead of Build.
	Front func(ctx context.Context, env Env, listen string) ([]process.Part, error)
}

// Main parses the settings, runs the program until a signal and answers the
// exit code. With the argument "migrate" it only brings the schema up to date.
func Main(p Program) int {
	return process.Main(func(ctx context.Context) error { return p.run(ctx, os.Args[1:]) })
}

func (p Program) run(ctx context.Context, args []string) error {
	migrateOnly := len(args) > 0 && args[0] == "migrate" && p.Database != nil
	if migrateOnly {
		args = args[1:]
	}
	description := p.Description
	if p.Database != nil {
		description += ` With the argument "migrate" first, only the schema is brought up to date.`
	}
	if _, err := config.Parse(p.Settings, args, config.Options{Name: p.Name, Description: description, Environ: os.Environ()}); err != nil {
		return &process.ExitError{Code: 2, Err: err}
	}
	// Not a Validate of Base: it would hide that of the service's own settings.
	if err := CheckDrain(p.Base.Drain); err != nil {
		return &process.ExitError{Code: 2, Err: err}
	}
	if p.Base.Listen == "" {
		p.Base.Listen = p.Listen
	}
	tel, err := telemetry.Start(ctx, telemetry.Config{Service: p.Name, Version: Version(), Level: p.Base.LogLevel})
	if err != nil {
		return err
	}
	defer StopTelemetry(ctx, tel)
	tel.TakeLog()
	env := Env{Telemetry: tel, Health: &process.Health{}, Now: time.Now}
	if p.Database != nil {
		if env.DB, err = sqldb.Open(ctx, sqldb.Config{URL: p.Database.DatabaseURL, MaxConns: p.Database.MaxConns}); err != nil {
			return &process.ExitError{Code: 2, Err: err}
		}
		defer func() { _ = env.DB.Close() }() // everything was committed or not
	}
	if migrateOnly {
		return p.migrate(ctx, env)
	}
	return p.serve(ctx, env)
}

func (p Program) migrate(ctx context.Context, env Env) error {
	if err := env.DB.Wait(ctx, env.Telemetry.Log, func(error) {}); err != nil {
		return err
	}
	return env.DB.Migrate(ctx, p.Migrations...)
}

func (p Program) serve(ctx context.Context, env Env) error {
	if p.Base.IdentityKeyFile == "" || p.Base.TrustedKeysFile == "" {
		return &process.ExitError{Code: 2, Err: errors.New("--identity-key-file and --trusted-keys-file are needed; make them with: parution keys")}
	}
	key, err := identity.LoadKey(p.Base.IdentityKeyFile)
	if err != nil {
		return &process.ExitError{Code: 2, Err: err}
	}
	trusted, err := identity.LoadTrusted(p.Base.TrustedKeysFile)
	if err != nil {
		return &process.ExitError{Code: 2, Err: err}
	}
	env.Signer = identity.NewSigner(p.Name, key)
	if b := p.Broker; b != nil {
		env.NATS, err = stream.Connect(ctx, env.Telemetry.Log, stream.Config{URL: b.NatsURL, Name: p.Name, CredentialsFile: b.NatsCredentialsFile})
		if err != nil {
			return err
		}
		defer stream.Drain(env.NATS, drainTimeout)
	}
	parts := []process.Part{web.Serve("operations port", p.Base.OpsListen, web.Ops(env.Health, env.Telemetry.Metrics, p.Base.Profiles), env.Telemetry.Log, nil)}
	more, err := p.parts(ctx, env, identity.NewVerifier(p.Name, trusted))
	if err != nil {
		return err
	}
	parts = append(append(parts, more...), env.Health.ReadyPart(p.Base.Drain))
	env.Telemetry.Log.InfoContext(ctx, "starting", "version", Version(), "listen", p.Base.Listen)
	return process.Run(ctx, env.Telemetry.Log, p.Base.Drain+grace, parts...)
}

func (p Program) parts(ctx context.Context, env Env, verifier *identity.Verifier) ([]process.Part, error) {
	if p.Front != nil {
		return p.Front(ctx, env, p.Base.Listen)
	}
	service, err := p.Build(ctx, env)
	if err != nil {
		return nil, err
	}
	server := rpc.NewServer(rpc.ServerConfig{
		Telemetry: env.Telemetry, Verifier: verifier, Reflection: p.Base.Reflection, Writes: service.Writes(),
	})
	service.Register(server)
	env.Health.OnStop(server.Retire)
	parts := []process.Part{DatabasePart("database", env.DB, env.Telemetry.Log, env.Health, p.Migrations...)}
	parts = append(parts, service.Parts()...)
	return append(parts, server.Listen("gRPC", p.Base.Listen, nil)), nil
}

// CheckDrain refuses a time to go on serving that cannot be meant.
func CheckDrain(d time.Duration) error {
	if d < 0 || d > maxDrain {
		return fmt.Errorf("drain must be between 0s and %s, not %s", maxDrain, d)
	}
	return nil
}

// DatabasePart waits for the database and brings its schema up to date; then it
// watches that it answers. name is that of the check in health.
func DatabasePart(name string, db *sqldb.DB, log *slog.Logger, health *process.Health, sets ...sqldb.Migrations) process.Part {
	return process.Part{Name: name, Run: func(ctx context.Context, ready func()) error {
		report := func(err error) { health.Set(name, err) }
		if err := db.Wait(ctx, log, report); err != nil {
			return err
		}
		if err := db.Migrate(ctx, sets...); err != nil {
			return err
		}
		ready()
		watch := time.NewTicker(2 * time.Second)
		defer watch.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-watch.C:
				check, cancel := context.WithTimeout(ctx, 2*time.Second)
				report(db.Ping(check))
				cancel()
			}
		}
	}}
}

// StopTelemetry sends what is still to be sent, for at most 5 s.
func StopTelemetry(ctx context.Context, tel *telemetry.Telemetry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := tel.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		tel.Log.WarnContext(ctx, "telemetry was not sent", "error", err)
	}
}

// version is set by the linker, with -X and the full name of this variable.
var version string

// Version tells which build this is: what the linker was told, or the module's
// version and commit.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	main, commit, dirty := info.Main.Version, "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+changes"
			}
		}
	}
	if main == "" || main == "(devel)" {
		main = "devel"
	}
	if commit == "" {
		return main
	}
	return fmt.Sprintf("%s (%s%s)", main, commit, dirty)
}
