// Command tags runs the tags service by itself.
package main

import (
	"context"
	"os"

	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/services/tags"
)

type settings struct {
	program.Base
	program.Broker
	program.Database
	tags.Config

	PostsAddr string `help:"Addresses of the posts service, separated by commas." default:"127.0.0.1:7001" placeholder:"HOST:PORT,…"`
}

func main() {
	var s settings
	os.Exit(program.Main(program.Program{
		Name: tags.Owner, Description: "Keeps the index of tags.", Listen: ":7002",
		Settings: &s, Base: &s.Base, Broker: &s.Broker, Database: &s.Database, Migrations: tags.Migrations(),
		Build: func(_ context.Context, env program.Env) (program.Service, error) {
			posts, err := env.Dial("posts", s.PostsAddr)
			if err != nil {
				return nil, err
			}
			s.Config.StreamReplicas = s.Broker.StreamReplicas
			return tags.New(s.Config, tags.Deps{DB: env.DB, NATS: env.NATS, Telemetry: env.Telemetry, Now: env.Now, Posts: posts, Health: env.Health})
		},
	}))
}
