package command

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/cmd/parution/internal/allinone"
)

// grace is how long a stopping server may take.
const grace = 25 * time.Second

type serve struct {
	Data       string     `help:"Folder of everything that is kept (${default})." default:"./data" placeholder:"DIR"`
	Listen     string     `help:"Address for readers and the API, on every network interface unless it names one (${default})." default:":8080" placeholder:"ADDR"`
	OpsListen  string     `help:"Address for operators: health, readiness, metrics (${default})." default:"127.0.0.1:9090" placeholder:"ADDR"`
	GRPCListen string     `help:"Address for every service's gRPC; off if empty." name:"grpc-listen" placeholder:"ADDR"`
	Reflection bool       `help:"Let gRPC clients ask for the contracts." default:"true" negatable:""`
	Demo       bool       `help:"Fill an empty site with sample posts in French and English."`
	BaseURL    string     `help:"Address that readers see, for sites without their own; made from --listen if empty." name:"base-url" placeholder:"URL"`
	Language   string     `help:"Language of the first site." default:"en"`
	Title      string     `help:"Title of the first site." default:"Parution"`
	Themes     string     `help:"Folder of your own themes, each in a folder of its own: see docs/themes.md." placeholder:"DIR"`
	CacheBytes int64      `help:"Most memory for finished pages." default:"268435456" name:"cache-bytes"`
	Profiles   bool       `help:"Serve /debug/pprof/ on the operations port."`
	LogLevel   slog.Level `help:"Least level that is logged: DEBUG, INFO, WARN, ERROR." default:"INFO"`

	Drain time.Duration `help:"How long to go on serving after a signal, not ready any more, before the end: 5s behind a load balancer (${default})." default:"0s"`
}

// Validate refuses settings that cannot work.
func (s serve) Validate() error { return program.CheckDrain(s.Drain) }

// Run serves until a signal.
func (s serve) Run(g *globals) error {
	tel, err := telemetry.Start(g.ctx, telemetry.Config{Service: "parution", Version: program.Version(), Level: s.LogLevel})
	if err != nil {
		return err
	}
	defer program.StopTelemetry(g.ctx, tel)
	tel.TakeLog()
	cfg := s.config()
	bound := make(chan net.Addr, 1)
	cfg.Bound = func(a net.Addr) { bound <- a }
	app, err := allinone.New(g.ctx, cfg, tel)
	if err != nil {
		return err
	}
	defer app.Close()
	parts := app.Parts()
	parts = append(parts, process.Part{Name: "greeting", Run: func(ctx context.Context, ready func()) error {
		if s.Demo {
			if err := fillWithDemo(ctx, s.Data); err != nil {
				return fmt.Errorf("fill the site with the demo posts: %w", err)
			}
		}
		s.greet(g, <-bound)
		ready()
		return nil
	}})
	return process.Run(g.ctx, tel.Log, s.Drain+grace, parts...)
}

func (s serve) config() allinone.Config {
	cfg := allinone.Defaults(s.Data)
	cfg.Listen, cfg.OpsListen, cfg.GRPCListen = s.Listen, s.OpsListen, s.GRPCListen
	cfg.Profiles, cfg.Reflection, cfg.Drain = s.Profiles, s.Reflection, s.Drain
	base := s.BaseURL
	if base == "" {
		base = "http://" + localName(s.Listen)
	}
	cfg.Posts.BaseURL, cfg.Render.BaseURL = base, base
	cfg.Render.Themes = s.Themes
	cfg.Posts.Language, cfg.Posts.Title = s.Language, s.Title
	cfg.Gateway.CacheBytes = s.CacheBytes
	return cfg
}

// localName is how a browser on this machine says addr.
func localName(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func (s serve) greet(g *globals, addr net.Addr) {
	home := "http://" + localName(addr.String())
	self := "parution"
	if exe, err := os.Executable(); err == nil {
		self = exe
		if wd, err := os.Getwd(); err == nil {
			if rel, err := filepath.Rel(wd, exe); err == nil && len(rel) < len(exe) {
				self = rel
			}
		}
	}
	g.say("Parution serves %s from the folder %s. To write the first post, in another terminal:", home, s.Data)
	g.say(`  curl %s/api/v1/posts -H "Authorization: Bearer $(%s token create me --data %s)" -H 'Content-Type: application/json' -d '{"title":"Hello","body":"My *first* post.","status":"published"}'`, home, self, s.Data)
}
