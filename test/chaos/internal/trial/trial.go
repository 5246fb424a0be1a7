package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/parution/parution/test/chaos/internal/checker"
	"github.com/parution/parution/test/chaos/internal/crowd"
	"github.com/parution/parution/test/chaos/internal/journal"
	"github.com/parution/parution/test/chaos/internal/nemesis"
	"github.com/parution/parution/test/chaos/internal/watch"
	"github.com/parution/parution/test/world/topology"
)

// Config says what is run.
type Config struct {
	Kind topology.Kind
	Seed uint64
	// Ops and Faults are how many there are. With no faults nothing is disturbed.
	Ops, Faults int
	// Authors write at once, Rate operations a second between them.
	Authors int
	Rate    float64
	// Reads is how many pages are read a second.
	Reads float64
	// Ahead is how far ahead posts are scheduled at most.
	Ahead time.Duration
	// Drain is how long the programs of a cluster go on serving when they are
	// asked to stop.
	Drain time.Duration
	// Restore has the database set back once, too.
	Restore bool
	// Folder is for the journal and, after a failure, for logs and data.
	Folder string
	// Log is told what happens.
	Log func(format string, args ...any)
}

// The limits of convergence.
const (
	afterFault = 30 * time.Second
	afterWipe  = 60 * time.Second
	// cachedShare is how many cached reads must be served.
	cachedShare = 0.999
	// settleTimeout is how long a schedule may still run when all else is over.
	settleTimeout = 40 * time.Second
)

// run is a trial that goes on.
type run struct {
	Config

	t        *topology.Topology
	dbs      checker.Databases
	journal  *journal.Journal
	balancer *crowd.Balancer
	authors  *crowd.Authors
	readers  *crowd.Readers
	watch    *watch.Watch
	link     *nemesis.Link
	before   []Usage
}

// Run runs Parution under faults. Its error is one of the machinery; what
// Parution did wrong is in the verdict.
func Run(ctx context.Context, cfg Config) (_ *Verdict, err error) {
	r, err := launch(ctx, cfg)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Profile: string(cfg.Kind), Seed: cfg.Seed, Began: time.Now().UTC()}
	defer func() { err = errors.Join(err, r.close(v)) }()
	records, failed := r.disturb(ctx)
	v.Faults = records
	if failed != nil {
		return v, failed
	}
	v.OpsPerSecond = round(float64(r.journal.Begun()) / time.Since(v.Began).Seconds())
	err = r.check(ctx, v)
	v.Seconds = round(time.Since(v.Began).Seconds())
	return v, err
}

// launch starts everything and waits until it is ready.
func launch(ctx context.Context, cfg Config) (_ *run, err error) {
	r := &run{Config: cfg}
	if err := os.MkdirAll(cfg.Folder, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the run: %w", err)
	}
	if r.journal, err = journal.New(r.journalPath()); err != nil {
		return nil, err
	}
	var o topology.Options
	if cfg.Kind == topology.Cluster {
		if r.link, err = nemesis.NewLink(ctx); err != nil {
			return nil, err
		}
		o.Replicas, o.NATSFrom = 2, r.link.Addr()
		if cfg.Drain > 0 {
			o.ServiceArgs = []string{"--drain", cfg.Drain.String()}
		}
	}
	if r.t, err = topology.Launch(ctx, cfg.Kind, o); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close(nil))
		}
	}()
	if r.link != nil {
		r.link.To(r.t.NATSAddr())
		go func() { _ = r.link.Run(ctx) }() // it ends with ctx; that it does not serve shows at once
	}
	if err := r.awaitReady(ctx); err != nil {
		return nil, err
	}
	urls := make(map[string]string)
	for _, name := range []string{checker.Posts, checker.Tags, checker.Render} {
		urls[name] = r.t.DatabaseURL(name)
	}
	if r.dbs, err = checker.Open(urls); err != nil {
		return nil, err
	}
	token, err := r.t.Operator(ctx)
	if err != nil {
		return nil, err
	}
	var fronts []crowd.Front
	for i, url := range r.t.URLs {
		name := r.t.Front()
		if cfg.Kind == topology.Cluster {
			name = topology.Replica(topology.Gateway, i+1)
		}
		fronts = append(fronts, crowd.Front{URL: url, Ready: func(ctx context.Context) error { return r.t.Ready(ctx, name) }})
	}
	r.balancer = crowd.NewBalancer(fronts)
	r.authors = crowd.NewAuthors(r.balancer, token, cfg.Seed, cfg.Ahead, r.journal)
	r.readers = crowd.NewReaders(r.balancer, r.authors)
	r.watch = watch.New(r.dbs)
	return r, nil
}

func (r *run) journalPath() string { return filepath.Join(r.Folder, "journal.jsonl") }

// readyTimeout is what everything may take to be ready at first.
const readyTimeout = 90 * time.Second

func (r *run) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for _, name := range r.t.Programs() {
		for {
			err := r.t.Ready(ctx, name)
			if err == nil {
				break
			}
			if ended := r.t.Ended(name); ended != nil {
				return fmt.Errorf("%w\n%s", ended, r.t.Log(name))
			}
			if !crowd.Pause(ctx, 50*time.Millisecond) {
				return err
			}
		}
	}
	return nil
}

// disturb lets authors and readers work while the nemesis does its plan. What
// they said is in the journal afterwards.
func (r *run) disturb(ctx context.Context) ([]nemesis.Record, error) {
	if r.Faults > 0 {
		r.before = r.usage(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var side, main sync.WaitGroup
	beside, stop := context.WithCancel(ctx)
	side.Go(func() { r.balancer.Run(beside) })
	side.Go(func() { r.readers.Run(beside, r.Reads) })
	side.Go(func() { r.watch.Run(beside) })
	defer func() { stop(); side.Wait() }()

	var wrote, broke error
	var records []nemesis.Record
	main.Go(func() {
		if wrote = r.authors.Run(ctx, r.Authors, r.Ops, r.Rate); wrote != nil {
			cancel()
		}
	})
	if r.Faults > 0 {
		main.Go(func() {
			if records, broke = r.nemesis(ctx, beside, &side); broke != nil {
				cancel()
			}
		})
	}
	main.Wait()
	return records, errors.Join(broke, wrote)
}

func (r *run) nemesis(ctx, beside context.Context, side *sync.WaitGroup) ([]nemesis.Record, error) {
	catching := func() {}
	arena := &nemesis.Arena{
		T: r.t, Link: r.link, Rand: crowd.NewRand(r.Seed, "nemesis"), Log: r.Log, Restarted: r.readers.Forget,
		SettingBack: r.watch.Blind,
		Healed: func(one nemesis.Record) {
			catching() // whatever was not caught up by the next fault is not counted
			until, end := context.WithCancel(beside)
			catching = end
			side.Go(func() { r.watch.CaughtUp(until, one.Healed) })
		},
	}
	return arena.Run(ctx, arena.Plan(r.Faults, r.Restore), r.Ops, r.journal.Begun)
}

// close stops everything; after a failure logs and data are kept first.
func (r *run) close(v *Verdict) error {
	errs := []error{r.dbs.Close(), r.journal.Close()}
	if r.t != nil {
		if v != nil && !v.Pass {
			v.Kept = filepath.Join(r.Folder, "kept")
			errs = append(errs, os.RemoveAll(v.Kept), nemesis.CopyTree(r.t.Dir(), v.Kept))
		}
		errs = append(errs, r.t.Close())
	}
	return errors.Join(errs...)
}
