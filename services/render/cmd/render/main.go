// Command render runs the render service by itself.
package main

import (
	"context"
	"os"

	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/services/render"
)

type settings struct {
	program.Base
	program.Broker
	program.Database
	render.Config

	PostsAddr string `help:"Addresses of the posts service, separated by commas." default:"127.0.0.1:7001" placeholder:"HOST:PORT,…"`
	TagsAddr  string `help:"Addresses of the tags service, separated by commas." default:"127.0.0.1:7002" placeholder:"HOST:PORT,…"`
}

func main() {
	var s settings
	os.Exit(program.Main(program.Program{
		Name: render.Owner, Description: "Presses pages.", Listen: ":7003",
		Settings: &s, Base: &s.Base, Broker: &s.Broker, Database: &s.Database, Migrations: render.Migrations(),
		Build: func(_ context.Context, env program.Env) (program.Service, error) {
			posts, err := env.Dial("posts", s.PostsAddr)
			if err != nil {
				return nil, err
			}
			tags, err := env.Dial("tags", s.TagsAddr)
			if err != nil {
				return nil, err
			}
			s.Config.StreamReplicas = s.Broker.StreamReplicas
			return render.New(s.Config, render.Deps{DB: env.DB, NATS: env.NATS, Telemetry: env.Telemetry, Now: env.Now, Posts: posts, Tags: tags})
		},
	}))
}
