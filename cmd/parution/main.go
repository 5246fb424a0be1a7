// Command parution is the whole platform in one program: every service with an
// embedded broker and database, and the commands that act on it.
package main

import (
	"context"
	"os"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/cmd/parution/internal/command"
)

func main() {
	os.Exit(process.Main(func(ctx context.Context) error {
		return command.Run(ctx, os.Args[1:], os.Environ(), command.Streams{Out: os.Stdout, Err: os.Stderr})
	}))
}
