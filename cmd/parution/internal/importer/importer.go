// Package importer brings the posts of other programs over: folders of Jekyll,
// Hugo, or plain Markdown. Posts keep their dates, authors, tags, excerpts and
// images; links lead to the new addresses, and old paths become redirects. What
// does not come over as it was is reported, and stops nothing. A second import of
// the same folder finds its posts again and changes nothing.
package importer

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

// Kind is the program whose folder is imported.
type Kind uint8

// The kinds.
const (
	Jekyll Kind = iota
	Hugo
	Markdown
)

// String is the kind's name on the command line.
func (k Kind) String() string {
	switch k {
	case Jekyll:
		return "jekyll"
	case Hugo:
		return "hugo"
	case Markdown:
		return "markdown"
	}
	return "unknown"
}

// ParseKind is the kind of that name; Invalid if there is none.
func ParseKind(name string) (Kind, error) {
	for _, k := range []Kind{Jekyll, Hugo, Markdown} {
		if k.String() == name {
			return k, nil
		}
	}
	return 0, fault.Invalid("kind", "is %q; must be \"jekyll\", \"hugo\" or \"markdown\"", name)
}

// Options say what is imported, and where to.
type Options struct {
	Kind Kind
	// Path is the folder. Nothing outside of it is read, be it through links.
	Path string
	// Site takes the posts.
	Site Site
	// Workers is how many posts are brought over at once; default 4.
	Workers int
	// Progress, if given, is told how far it is.
	Progress Progress
	// Language is that of posts that name none; empty: the folder's, or what
	// their text looks like.
	Language string
	// OldURL is the old site's address; empty: what the folder's
	// configuration says, or what its links make likely.
	OldURL string
	// Now tells which posts are dated in the future, and come over as drafts.
	// Zero: none are.
	Now time.Time
}

// Run imports a folder. The report tells what became of each post; it is
// there even with an error, as far as it got. The error is a fault: Invalid for a
// folder or an option that cannot be used; what the site answered if it does not
// work; or that of the context.
func Run(ctx context.Context, o Options) (*Report, error) {
	report := &Report{Kind: o.Kind, Path: o.Path}
	r, src, err := open(o)
	if err != nil {
		return report, err
	}
	defer func() { _ = r.folder.root.Close() }() // only read from
	if err := r.survey(ctx); err != nil {
		return report, err
	}
	items, err := src.scan(ctx)
	if err != nil {
		return report, fmt.Errorf("read %s: %w", o.Path, err)
	}
	report.Posts = len(items)
	if len(items) == 0 {
		report.Problems = sortProblems(r.problems)
		return report, fault.Invalid("path", "is %q, in which there is no post of %s", o.Path, o.Kind)
	}
	slugs(items)
	translations(o.Kind, items)
	x := newIndex(r, src, items)
	x.aliases(items)
	run := &run{reader: r, index: x, library: newLibrary(o.Site, r.folder), report: report, total: len(items)}
	err = run.all(ctx, items)
	run.finish(items)
	return report, err
}

// open checks the options and opens the folder.
func open(o Options) (*reader, source, error) {
	root, err := os.OpenRoot(filepath.Clean(o.Path))
	if err != nil {
		return nil, nil, fault.Wrap(fault.KindInvalid, err, "path is %q, which is no folder that can be read", o.Path)
	}
	r := &reader{folder: folder{root}, scanner: markup.NewScanner(), options: o, zone: time.UTC}
	if o.OldURL != "" {
		u, err := url.Parse(o.OldURL)
		if err != nil || u.Host == "" {
			_ = root.Close() // only read from
			return nil, nil, fault.Invalid("old_url", "is %q; must be an address such as \"https://blog.example.org\"", o.OldURL)
		}
		r.bases = append(r.bases, u)
	}
	switch o.Kind {
	case Jekyll:
		return r, &jekyll{reader: r}, nil
	case Hugo:
		return r, &hugo{reader: r}, nil
	case Markdown:
		return r, &plain{reader: r}, nil
	}
	_ = root.Close() // only read from
	return nil, nil, fault.Invalid("kind", "is unknown")
}

// survey lists the media of the folder by name.
func (r *reader) survey(ctx context.Context) error {
	files, problems, err := r.folder.list(ctx, ".", isMediaPath)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.options.Path, err)
	}
	r.problems = append(r.problems, problems...)
	r.names = make(map[string][]string, len(files))
	for _, f := range files {
		name := path.Base(f.path)
		r.names[name] = append(r.names[name], f.path)
	}
	return nil
}

// run is one import in its last part, in which posts are brought over.
type run struct {
	reader  *reader
	index   *index
	library *library
	total   int

	mu     sync.Mutex
	report *Report
	done   int
}

// all brings every post over, several at once, begun in the order of their files.
func (r *run) all(ctx context.Context, items []*item) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	workers := r.reader.options.Workers
	if workers <= 0 {
		workers = 4
	}
	queue := make(chan *item)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for it := range queue {
				if err := r.one(ctx, it); err != nil {
					stop(err)
					return
				}
			}
		})
	}
feed:
	for _, it := range items {
		select {
		case queue <- it:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	wait.Wait()
	if r.reader.options.Progress != nil {
		r.reader.options.Progress.End()
	}
	return context.Cause(ctx)
}

// one brings a post over. An error ends the import.
func (r *run) one(ctx context.Context, it *item) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	outside, outcome := 0, Unchanged
	if !it.refused {
		var err error
		if outside, err = r.reader.carry(ctx, it, r.index, r.library); err != nil {
			return err
		}
	}
	if !it.refused {
		var err error
		outcome, err = r.reader.options.Site.Post(ctx, it.post)
		switch {
		case err != nil && refuses(err):
			it.refuse(0, "post", "%s", fault.TextOf(err))
		case err != nil:
			return fmt.Errorf("bring %s over: %w", it.file, err)
		}
	}
	r.count(it, outcome, outside)
	return nil
}

func (r *run) count(it *item, outcome Outcome, outside int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	if !it.refused {
		switch outcome {
		case Created:
			r.report.Created++
		case Updated:
			r.report.Updated++
		case Unchanged:
			r.report.Unchanged++
		}
		if !it.post.Published {
			r.report.Drafts++
		}
		r.report.Redirects += len(it.post.Aliases)
		r.report.OtherHosts += outside
	}
	if p := r.reader.options.Progress; p != nil {
		p.Step(r.done, r.total, it.file)
	}
}

// finish gathers what is known at the end.
func (r *run) finish(items []*item) {
	r.report.MediaCopied, r.report.MediaExisting = r.library.copied, r.library.existing
	r.report.Notes = r.reader.notes
	problems := append([]Problem{}, r.reader.problems...)
	problems = append(problems, r.library.problems...)
	for _, it := range items {
		problems = append(problems, it.problems...)
	}
	r.report.Problems = sortProblems(problems)
}

// errNoValue says that a configuration file holds nothing usable.
var errNoValue = errors.New("holds no names with values")
