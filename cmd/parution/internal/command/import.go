package command

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/cmd/parution/internal/client"
	"github.com/parution/parution/cmd/parution/internal/destination"
	"github.com/parution/parution/cmd/parution/internal/importer"
)

type importPosts struct {
	client.Target `embed:""`

	Kind     string `arg:"" help:"What PATH is: jekyll, hugo or markdown." enum:"jekyll,hugo,markdown"`
	Path     string `arg:"" help:"Folder to import." type:"existingdir"`
	Language string `env:"-" help:"Language of posts that do not name theirs; guessed if empty." placeholder:"TAG"`
	OldURL   string `env:"-" help:"Address that the old site had, so that links to it are recognised." name:"old-url" placeholder:"URL"`
	Workers  int    `env:"-" help:"How many posts are sent at once." default:"24"`
}

// Run imports. It ends with exit code 1 if anything was refused.
func (i importPosts) Run(g *globals) error {
	kind, err := importer.ParseKind(i.Kind)
	if err != nil {
		return &process.ExitError{Code: 2, Err: err}
	}
	return client.With(g.ctx, i.Target, client.Needs{Create: true}, g.log, func(ctx context.Context, c *client.Client) error {
		progress, stop := i.progress()
		defer stop()
		report, err := importer.Run(ctx, importer.Options{
			Kind: kind, Path: i.Path, Site: destination.New(c), Workers: i.Workers, Progress: progress,
			Language: i.Language, OldURL: i.OldURL, Now: time.Now(),
		})
		if report != nil {
			if werr := report.Write(g.Out); werr != nil && err == nil {
				err = werr
			}
		}
		if err != nil {
			return err
		}
		if n := report.Refused(); n > 0 {
			return &process.ExitError{Code: 1, Err: fmt.Errorf("%d refused: see the report", n)}
		}
		return nil
	})
}

// progress is a bar on a terminal and a line each second otherwise.
func (i importPosts) progress() (importer.Progress, func()) {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		return importer.NewBar(os.Stderr), func() {}
	}
	ticker := time.NewTicker(time.Second)
	return importer.NewLines(os.Stderr, ticker.C), ticker.Stop
}
