// Command gateway runs the HTTP front by itself.
package main

import (
	"context"
	"os"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/chassis/web"
	"github.com/parution/parution/services/gateway"
)

type settings struct {
	program.Base
	program.Broker
	gateway.Config

	PostsAddr    string `help:"Addresses of the posts service, separated by commas." default:"127.0.0.1:7001" placeholder:"HOST:PORT,…"`
	TagsAddr     string `help:"Addresses of the tags service, separated by commas." default:"127.0.0.1:7002" placeholder:"HOST:PORT,…"`
	RenderAddr   string `help:"Addresses of the render service, separated by commas." default:"127.0.0.1:7003" placeholder:"HOST:PORT,…"`
	AccountsAddr string `help:"Addresses of the accounts service, separated by commas." default:"127.0.0.1:7004" placeholder:"HOST:PORT,…"`
}

func main() {
	var s settings
	os.Exit(program.Main(program.Program{
		Name: gateway.Name, Description: "Serves pages and the JSON API over HTTP.", Listen: ":8080",
		Settings: &s, Base: &s.Base, Broker: &s.Broker, Front: s.front,
	}))
}

func (s *settings) front(ctx context.Context, env program.Env, listen string) ([]process.Part, error) {
	deps := gateway.Deps{NATS: env.NATS, Telemetry: env.Telemetry, Health: env.Health, Now: env.Now}
	for _, c := range []struct {
		conn          *grpc.ClientConnInterface
		service, addr string
	}{
		{&deps.Posts, "posts", s.PostsAddr},
		{&deps.Tags, "tags", s.TagsAddr},
		{&deps.Render, "render", s.RenderAddr},
		{&deps.Accounts, "accounts", s.AccountsAddr},
	} {
		conn, err := env.Dial(c.service, c.addr)
		if err != nil {
			return nil, err
		}
		*c.conn = conn
	}
	g, err := gateway.New(ctx, s.Config, deps)
	if err != nil {
		return nil, err
	}
	return append(g.Parts(), web.Serve("HTTP", listen, g.Handler(), env.Telemetry.Log, nil)), nil
}
