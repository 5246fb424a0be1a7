// Command accounts runs the accounts service by itself.
package main

import (
	"context"
	"os"

	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/services/accounts"
)

type settings struct {
	program.Base
	program.Database
	accounts.Config
}

func main() {
	var s settings
	os.Exit(program.Main(program.Program{
		Name: accounts.Owner, Description: "Owns API tokens.", Listen: ":7004",
		Settings: &s, Base: &s.Base, Database: &s.Database, Migrations: accounts.Migrations(),
		Build: func(_ context.Context, env program.Env) (program.Service, error) {
			return accounts.New(s.Config, accounts.Deps{DB: env.DB, Telemetry: env.Telemetry, Now: env.Now})
		},
	}))
}
