// Command posts runs the posts service by itself.
package main

import (
	"context"
	"os"

	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/services/posts"
)

type settings struct {
	program.Base
	program.Broker
	program.Database
	posts.Config

	TagsAddr string `help:"Addresses of the tags service, separated by commas." default:"127.0.0.1:7002" placeholder:"HOST:PORT,…"`
}

func main() {
	var s settings
	os.Exit(program.Main(program.Program{
		Name: posts.Owner, Description: "Owns sites and posts.", Listen: ":7001",
		Settings: &s, Base: &s.Base, Broker: &s.Broker, Database: &s.Database, Migrations: posts.Migrations(),
		Build: func(_ context.Context, env program.Env) (program.Service, error) {
			tags, err := env.Dial("tags", s.TagsAddr)
			if err != nil {
				return nil, err
			}
			s.Config.StreamReplicas = s.Broker.StreamReplicas
			return posts.New(s.Config, posts.Deps{DB: env.DB, NATS: env.NATS, Telemetry: env.Telemetry, Now: env.Now, Tags: tags})
		},
	}))
}
