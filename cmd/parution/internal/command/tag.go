package command

import (
	"context"
	"os"

	"github.com/parution/parution/cmd/parution/internal/client"
	"github.com/parution/parution/cmd/parution/internal/taxonomy"
	"github.com/parution/parution/cmd/parution/internal/terminal"
)

type tag struct {
	List     tagList     `cmd:"" help:"List tags with how many posts are found under each."`
	Show     tagShow     `cmd:"" help:"Show all that is known of a tag."`
	Describe tagDescribe `cmd:"" help:"Change what a tag says of itself: description, colour, image, place, aliases, names."`
	Rename   tagRename   `cmd:"" help:"Give a tag another name; its former name and address go on leading to it."`
	Merge    tagMerge    `cmd:"" help:"Make one tag of several: whatever carries the others carries the one that stays."`
	Split    tagSplit    `cmd:"" help:"Make several tags of one."`
	Undo     tagUndo     `cmd:"" help:"Put things back as they were before an operation."`
	Log      tagLog      `cmd:"" help:"List what was done to tags, newest first."`
}

// answering is how a command that shows something answers.
type answering struct {
	JSON bool `env:"-" help:"Write JSON, as the API answers it." name:"json"`
}

// changing is what commands that change tags take.
type changing struct {
	client.Target `embed:""`
	answering     `embed:""`

	NoWait bool `env:"-" help:"Do not wait until posts have followed: the change itself holds at once."`
}

// work runs fn with what changes tags.
func (c changing) work(g *globals, fn func(ctx context.Context, w *taxonomy.Work) error) error {
	return client.With(g.ctx, c.Target, client.Needs{}, g.log, func(ctx context.Context, api *client.Client) error {
		return fn(ctx, &taxonomy.Work{
			API: api, Output: g.output(), JSON: c.JSON, NoWait: c.NoWait, Pause: pause,
			Progress: func() terminal.Progress {
				return terminal.NewProgress(os.Stderr, g.Err, "posts follow", "%d of %d posts have followed")
			},
		})
	})
}

type tagList struct {
	client.Target `embed:""`
	answering     `embed:""`

	Prefix string `arg:"" optional:"" help:"Only those with a name that begins so; case and accents make no difference."`
	Order  string `env:"-" help:"By slug, or count: those with most posts first." default:"slug" enum:"slug,count"`
	Parent string `env:"-" help:"Only those directly below this tag." placeholder:"TAG"`
}

// Run lists tags.
func (l tagList) Run(g *globals) error {
	return client.With(g.ctx, l.Target, client.Needs{}, g.log, func(ctx context.Context, c *client.Client) error {
		return taxonomy.List(ctx, c, g.output(), taxonomy.Filter{Order: l.Order, Parent: l.Parent, Prefix: l.Prefix, JSON: l.JSON})
	})
}

type tagShow struct {
	client.Target `embed:""`
	answering     `embed:""`

	Tag string `arg:"" help:"Its slug, or a name that leads to it."`
}

// Run shows one.
func (s tagShow) Run(g *globals) error {
	return client.With(g.ctx, s.Target, client.Needs{}, g.log, func(ctx context.Context, c *client.Client) error {
		return taxonomy.Show(ctx, c, g.output(), s.Tag, s.JSON)
	})
}

type tagLog struct {
	client.Target `embed:""`
	answering     `embed:""`

	Tag   string `arg:"" optional:"" help:"Only what was done to this tag."`
	Limit int    `env:"-" help:"At most this many operations." default:"20"`
}

// Run lists operations.
func (l tagLog) Run(g *globals) error {
	if l.Limit < 1 {
		return usage("--limit must be at least 1")
	}
	return client.With(g.ctx, l.Target, client.Needs{}, g.log, func(ctx context.Context, c *client.Client) error {
		return taxonomy.Log(ctx, c, g.output(), l.Tag, l.Limit, l.JSON)
	})
}

type tagRename struct {
	changing `embed:""`

	Tag  string `arg:"" help:"Its slug, or a name that leads to it."`
	Name string `arg:"" help:"The new name."`
	Slug string `env:"-" help:"The new last part of its address; made from the name if empty."`
}

// Run renames.
func (r tagRename) Run(g *globals) error {
	return r.work(g, func(ctx context.Context, w *taxonomy.Work) error { return w.Rename(ctx, r.Tag, r.Name, r.Slug) })
}

type tagMerge struct {
	changing `embed:""`

	Tags []string `arg:"" name:"tag" help:"Those that go; without --into the last one stays."`
	Into string   `env:"-" help:"The one that stays." placeholder:"TAG"`
}

// Run merges.
func (m tagMerge) Run(g *globals) error {
	tags, into := m.Tags, m.Into
	if into == "" {
		if len(tags) != 2 {
			return usage("say which tag goes and which stays: parution tag merge TAG INTO, or several TAG … --into TAG")
		}
		tags, into = tags[:1], tags[1]
	}
	return m.work(g, func(ctx context.Context, w *taxonomy.Work) error { return w.Merge(ctx, tags, into) })
}

type tagUndo struct {
	changing `embed:""`

	Operation string `arg:"" optional:"" help:"Its id; see: parution tag log."`
	Last      bool   `env:"-" help:"The newest operation that is neither undone nor an undoing itself."`
}

// Run undoes.
func (u tagUndo) Run(g *globals) error {
	if u.Last == (u.Operation != "") {
		return usage("name one operation, or say --last")
	}
	return u.work(g, func(ctx context.Context, w *taxonomy.Work) error {
		if u.Last {
			return w.UndoLast(ctx)
		}
		return w.Undo(ctx, u.Operation)
	})
}
