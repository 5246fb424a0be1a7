package command

import (
	"context"
	"os"
	"time"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/cmd/parution/internal/client"
	eventlog "github.com/parution/parution/cmd/parution/internal/events"
	"github.com/parution/parution/cmd/parution/internal/terminal"
)

type events struct {
	Tail    eventsTail    `cmd:"" help:"Show what changes on a site, as it happens; Ctrl-C ends it."`
	Lag     eventsLag     `cmd:"" help:"Show how far each read model is behind its source."`
	Dead    eventsDead    `cmd:"" help:"Changes that could not be applied and were put aside."`
	Rebuild eventsRebuild `cmd:"" help:"Make a read model anew from its source, while it is read."`
}

// output is where the answers of g go.
func (g *globals) output() terminal.Output { return terminal.Output{Out: g.Out, Err: g.Err} }

// pause waits and tells whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

type eventsTail struct {
	client.Target `embed:""`

	From string `env:"-" help:"Where to begin: start, now, or the token of an earlier time (${default})." default:"now" placeholder:"start|now|TOKEN"`
	JSON bool   `env:"-" help:"Write each change as a JSON object in a line; \"next\" is the token to go on from there." name:"json"`
}

// Run follows changes.
func (t eventsTail) Run(g *globals) error {
	needs := client.Needs{Running: true, Anybody: true}
	return client.With(g.ctx, t.Target, needs, g.log, func(ctx context.Context, c *client.Client) error {
		tail := eventlog.Tail{API: c, Output: g.output(), From: t.From, JSON: t.JSON, Pause: pause}
		return tail.Run(ctx)
	})
}

type eventsLag struct {
	client.Target `embed:""`

	JSON bool `env:"-" help:"Write the answer as JSON." name:"json"`
}

// Run shows the read models. It ends with exit code 1 if a service does not answer.
func (l eventsLag) Run(g *globals) error {
	return client.With(g.ctx, l.Target, client.Needs{Installation: true}, g.log, func(ctx context.Context, c *client.Client) error {
		return eventlog.Lag(ctx, c, g.output(), l.JSON)
	})
}

type eventsDead struct {
	List  deadList  `cmd:"" help:"List what was put aside, oldest first."`
	Show  deadShow  `cmd:"" help:"Show all that is known of one."`
	Retry deadRetry `cmd:"" help:"Apply the present state of what was put aside."`
	Drop  deadDrop  `cmd:"" help:"Forget one: the read model stays without that change until the next of the same post."`
}

type deadList struct {
	client.Target `embed:""`

	JSON bool `env:"-" help:"Write the answer as JSON." name:"json"`
}

// Run lists dead letters.
func (d deadList) Run(g *globals) error {
	return client.With(g.ctx, d.Target, client.Needs{Installation: true}, g.log, func(ctx context.Context, c *client.Client) error {
		return eventlog.ListDead(ctx, c, g.output(), d.JSON)
	})
}

// letter is the argument that names a dead letter.
type letter struct {
	Letter string `arg:"" help:"As parution events dead list shows it: tags/posts/post/ID."`
}

func (l letter) ref() (eventlog.Ref, error) {
	ref, err := eventlog.ParseRef(l.Letter)
	if err != nil {
		return ref, &process.ExitError{Code: 2, Err: err}
	}
	return ref, nil
}

type deadShow struct {
	client.Target `embed:""`
	letter        `embed:""`

	JSON bool `env:"-" help:"Write the answer as JSON." name:"json"`
}

// Run shows one.
func (d deadShow) Run(g *globals) error {
	ref, err := d.ref()
	if err != nil {
		return err
	}
	return client.With(g.ctx, d.Target, client.Needs{Installation: true}, g.log, func(ctx context.Context, c *client.Client) error {
		return eventlog.ShowDead(ctx, c, g.output(), ref, d.JSON)
	})
}

type deadRetry struct {
	client.Target `embed:""`

	Letter string `arg:"" optional:"" help:"As parution events dead list shows it: tags/posts/post/ID."`
	All    bool   `env:"-" help:"Retry all of them."`
}

// Run retries one or all.
func (d deadRetry) Run(g *globals) error {
	if d.All == (d.Letter != "") {
		return usage("name one dead letter, or say --all")
	}
	var ref eventlog.Ref
	if !d.All {
		var err error
		if ref, err = (letter{d.Letter}).ref(); err != nil {
			return err
		}
	}
	return client.With(g.ctx, d.Target, client.Needs{Installation: true}, g.log, func(ctx context.Context, c *client.Client) error {
		if d.All {
			return eventlog.RetryAllDead(ctx, c, g.output())
		}
		return eventlog.RetryDead(ctx, c, g.output(), ref)
	})
}

type deadDrop struct {
	client.Target `embed:""`
	letter        `embed:""`
}

// Run drops one.
func (d deadDrop) Run(g *globals) error {
	ref, err := d.ref()
	if err != nil {
		return err
	}
	return client.With(g.ctx, d.Target, client.Needs{Installation: true}, g.log, func(ctx context.Context, c *client.Client) error {
		return eventlog.DropDead(ctx, c, g.output(), ref)
	})
}

type eventsRebuild struct {
	client.Target `embed:""`

	Name   string `arg:"" help:"The read model: tags or render."`
	Source string `arg:"" help:"What it copies: posts or tags; see parution events lag."`
	Wait   bool   `env:"-" help:"Wait for the end and show how far it is."`
}

// Run rebuilds.
func (r eventsRebuild) Run(g *globals) error {
	// Services that run only for the time of this command would stop in the middle.
	needs := client.Needs{Installation: true, Running: !r.Wait}
	return client.With(g.ctx, r.Target, needs, g.log, func(ctx context.Context, c *client.Client) error {
		progress := terminal.NewProgress(os.Stderr, g.Err, "rebuilding", "rebuilt %d of %d aggregates")
		rebuild := eventlog.Rebuild{
			API: c, Output: g.output(), Name: r.Name, Source: r.Source, Wait: r.Wait, Progress: progress, Pause: pause,
		}
		return rebuild.Run(ctx)
	})
}
