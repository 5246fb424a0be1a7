// Package command is the command line: each verb parses its settings and calls
// the package that does the work.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/parution/parution/chassis/config"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/program"
	"github.com/parution/parution/chassis/telemetry"
)

// Streams are where a command writes: answers to Out, everything else to Err.
type Streams struct{ Out, Err io.Writer }

// usage refuses a command line that cannot be meant.
func usage(text string) error { return &process.ExitError{Code: 2, Err: errors.New(text)} }

// globals are what every verb gets.
type globals struct {
	Streams

	ctx context.Context //nolint:containedctx // kong's Run methods take bound values, not a context
	log *slog.Logger
}

// say writes a line of an answer.
func (g *globals) say(format string, args ...any) {
	_, _ = fmt.Fprintf(g.Out, format+"\n", args...) // a closed pipe ends the reader, not us
}

type cli struct {
	Serve   serve       `cmd:"" help:"Serve everything in one process."`
	Import  importPosts `cmd:"" name:"import" help:"Bring posts over from Jekyll, Hugo or a folder of Markdown."`
	Token   token       `cmd:"" help:"API tokens."`
	Site    sites       `cmd:"" help:"The publications of this installation."`
	Tag     tag         `cmd:"" help:"The tags of a site: their names, places and histories."`
	Events  events      `cmd:"" help:"What happens on a site, and how the read models keep up."`
	Migrate migrate     `cmd:"" help:"Bring the schema of a data folder up to date."`
	Keys    keys        `cmd:"" help:"Make the keys by which the services of a cluster know each other."`
	Version version     `cmd:"" help:"Tell which build this is."`
}

// Run runs the command line args.
func Run(ctx context.Context, args, environ []string, streams Streams) error {
	var c cli
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := config.Parse(&c, args, config.Options{
		Name: "parution", Description: "A publishing platform: posts in, pages out.", Environ: environ, Known: foreign(),
	})
	if err != nil {
		return &process.ExitError{Code: 2, Err: err}
	}
	g := &globals{Streams: streams, ctx: ctx, log: telemetry.Logger(slog.LevelWarn)}
	return k.Run(g)
}

// foreign are variables of the services' own programs, which may be set in the
// same environment.
func foreign() []string {
	var out []string
	for _, name := range []string{"DATABASE_URL", "NATS_URL", "NATS_CREDENTIALS_FILE", "POSTS_ADDR", "TAGS_ADDR", "RENDER_ADDR", "ACCOUNTS_ADDR", "IDENTITY_KEY_FILE", "TRUSTED_KEYS_FILE"} {
		out = append(out, config.Prefix+name)
	}
	return out
}

type version struct{}

// Run tells the version.
func (version) Run(g *globals) error {
	g.say("parution %s", program.Version())
	return nil
}
