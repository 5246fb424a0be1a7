// Package plant tests the checker: it puts defects into what a healthy Parution
// has stored and shows, one at a time, and demands that the checker finds each
// and calls it by its name. A checker that misses one proves nothing.
package plant

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/test/chaos/internal/checker"
	"github.com/parution/parution/test/chaos/internal/journal"
	"github.com/parution/parution/test/chaos/internal/trial"
	"github.com/parution/parution/test/world/topology"
)

// defect is something wrong.
type defect struct {
	name string
	want checker.Invariant
	// damage changes the copies of the databases.
	damage func(*victim) error
	// show changes a page on its way to the checker.
	show func(v *victim, path string, p checker.Page) checker.Page
	// tell changes what the authors' journal says.
	tell func(*victim, []journal.Op)
}

// Result is what a self-test found.
type Result struct {
	Caught, Planted int
	// Missed names what the checker did not find, or called otherwise.
	Missed []string
}

// String is the result in a few words.
func (r Result) String() string { return fmt.Sprintf("%d of %d", r.Caught, r.Planted) }

// The healthy run that is damaged: small, and with everything in it.
const (
	ops  = 400
	seed = 7
)

// SelfTest runs the one binary without faults, checks that it is found healthy,
// and then plants each defect. folder is for files. Its error is that there is no
// healthy run to damage.
func SelfTest(ctx context.Context, folder string, log func(string, ...any)) (Result, error) {
	var result Result
	cfg := trial.Config{
		Kind: topology.One, Seed: seed, Ops: ops, Authors: 4, Rate: 400, Reads: 1, Ahead: 2 * time.Second, Folder: folder, Log: log,
	}
	err := trial.Healthy(ctx, cfg, func(h trial.Specimen) error {
		pages, err := record(ctx, h)
		if err != nil {
			return err
		}
		for i, d := range defects() {
			result.Planted++
			found, err := tryOne(ctx, h, pages, d, filepath.Join(folder, fmt.Sprintf("defect-%d", i)))
			if err != nil {
				return fmt.Errorf("plant %q: %w", d.name, err)
			}
			if slices.ContainsFunc(found, func(v checker.Violation) bool { return v.Invariant == d.want }) {
				result.Caught++
				continue
			}
			result.Missed = append(result.Missed, fmt.Sprintf("%s: want a violation of %s, found %v", d.name, d.want, found))
		}
		return nil
	})
	return result, err
}

// record keeps every page that the checker asks for.
func record(ctx context.Context, h trial.Specimen) (map[string]checker.Page, error) {
	pages := make(map[string]checker.Page)
	ask := checker.Over(h.URL)
	list, _ := checker.CheckPages(ctx, h.State, h.History(), []checker.Front{{Name: "", Fetch: checker.OneAtATime(func(ctx context.Context, path string) (checker.Page, error) {
		p, err := ask(ctx, path)
		pages[path] = p
		return p, err
	})}}, time.Now().Add(10*time.Second))
	if len(list) > 0 {
		return nil, fmt.Errorf("the healthy run is not: %v", list)
	}
	return pages, nil
}

// tryOne plants one defect and answers what the checker finds.
func tryOne(ctx context.Context, h trial.Specimen, pages map[string]checker.Page, d defect, folder string) (_ []checker.Violation, err error) {
	v := &victim{ctx: ctx, state: h.State, dbs: make(map[string]*sql.DB)}
	state := h.State
	if d.damage != nil {
		if state, err = v.damaged(ctx, h, d, folder); err != nil {
			return nil, err
		}
	}
	ops := slices.Clone(h.Ops)
	if d.tell != nil {
		d.tell(v, ops)
	}
	history := checker.NewHistory(ops)
	found := checker.CheckData(state, history, nil, time.Now())
	if d.show == nil {
		return found, nil
	}
	shown, _ := checker.CheckPages(ctx, state, history, []checker.Front{{Fetch: func(_ context.Context, path string) (checker.Page, error) {
		return d.show(v, path, pages[path]), nil
	}}}, time.Time{})
	return append(found, shown...), nil
}

// victim is what a defect is planted in.
type victim struct {
	ctx   context.Context //nolint:containedctx // a victim lives as long as one call
	state *checker.State
	dbs   map[string]*sql.DB
}

// damaged copies the databases, damages the copies and reads them.
func (v *victim) damaged(ctx context.Context, h trial.Specimen, d defect, folder string) (_ *checker.State, err error) {
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o700)); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	urls := make(map[string]string)
	for _, name := range []string{checker.Posts, checker.Tags, checker.Render} {
		path := filepath.Join(folder, name+".db")
		if _, err := h.Databases[name].ExecContext(ctx, "VACUUM INTO '"+strings.ReplaceAll(path, "'", "''")+"'"); err != nil {
			return nil, fmt.Errorf("copy the database of %s: %w", name, err)
		}
		db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
		if err != nil {
			return nil, err
		}
		v.dbs[name], urls[name] = db, "sqlite:"+path
	}
	failed := d.damage(v)
	for _, db := range v.dbs {
		failed = errors.Join(failed, db.Close())
	}
	if failed != nil {
		return nil, failed
	}
	copies, err := checker.Open(urls)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, copies.Close()) }()
	return checker.Load(ctx, copies)
}

var errNoVictim = errors.New("the healthy run has nothing to damage in this way")

// exec changes one row at least.
func (v *victim) exec(service, statement string, args ...any) error {
	result, err := v.dbs[service].ExecContext(v.ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("%s: %w", statement, errors.Join(errNoVictim, err))
	}
	return nil
}

// all executes statements, each as {service, statement, argument …}.
func (v *victim) all(statements ...[]any) error {
	for _, s := range statements {
		if err := v.exec(s[0].(string), s[1].(string), s[2:]...); err != nil { //nolint:errcheck // tables of our own
			return err
		}
	}
	return nil
}

// post is the first post, by id, that suits.
func (v *victim) post(suits func(checker.Post) bool) checker.Post {
	var ids []string
	for id, p := range v.state.Posts {
		if suits(p) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return checker.Post{}
	}
	return v.state.Posts[slices.Min(ids)]
}

func (v *victim) public() checker.Post { return v.post(checker.Post.Public) }

// tagged is a public post with a tag.
func (v *victim) tagged() checker.Post {
	return v.post(func(p checker.Post) bool { return p.Public() && len(p.Tags) > 0 })
}

// gone is a post that readers saw once and do not see any more.
func (v *victim) gone() checker.Post {
	return v.post(func(p checker.Post) bool { return p.WasPublic && !p.Public() })
}

// revised is a public post whose last change was another text.
func (v *victim) revised() checker.Post {
	return v.post(func(p checker.Post) bool {
		_, isText := v.state.Revisions[p.ID][p.Version]
		return p.Public() && p.Version > 1 && isText
	})
}
