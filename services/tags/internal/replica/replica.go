// Package replica keeps the index in memory in step with the service's own
// database: it loads a snapshot or reads everything, follows the notices of the
// outbox, and writes a snapshot when there is time. docs/adr/0019 says why.
package replica

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/text"
)

const (
	// edition counts how often it was changed what a snapshot holds; one of another
	// edition is not read.
	edition = 2
	// page is how many records are read in one go.
	page = 500
	// gathered is how many notices are applied in one go, and of how many posts words are
	// put in together at most: the more, the less has to be merged. gatheredBytes bounds
	// their texts.
	gathered      = 2000
	gatheredBytes = 16 << 20
	// many notices at a time are an import or a rebuild: what follows within gathering is
	// let come together for that long, unless somebody waits for it or nothing came for a lull.
	many      = 50
	gathering = time.Second
	lull      = gathering / 4
	// patience is how long the program waits with the rest of its start until the
	// index is caught up. After that calls that need it are answered with Unavailable.
	patience = 10 * time.Second
	// A snapshot is written when nothing has happened for quiet, and not later than
	// oldest after the first change that it lacks.
	quiet  = time.Minute
	oldest = 10 * time.Minute
	// mending is when a full text that could not be written is tried again.
	mending = 30 * time.Second
	// backOff and maxBackOff are between two tries when the database does not answer.
	backOff    = 100 * time.Millisecond
	maxBackOff = 5 * time.Second
)

// records is where everything is kept.
type records interface {
	Records(ctx context.Context, afterNumber uint32, limit int) ([]index.Record, error)
	RecordsOf(ctx context.Context, postIDs []string) ([]index.Record, error)
	AllTags(ctx context.Context, after string, limit int) ([]index.Tag, error)
	TagsOf(ctx context.Context, ids []string) ([]index.Tag, error)
}

// Deps is what a replica stands on. All fields but Health are required.
type Deps struct {
	Outbox  *outbox.Outbox
	Records records
	Memory  *index.Memory
	Texts   index.Texts
	// Dir is the folder of the snapshot; empty: none is kept.
	Dir       string
	Telemetry *telemetry.Telemetry
	// Health learns whether the index is caught up.
	Health *process.Health
}

// Replica follows. Make it with New; run its Part.
type Replica struct {
	deps Deps
	tail *outbox.Tail
	log  *slog.Logger

	// lost holds the sites whose full text is not complete; lose wakes who follows.
	mu   sync.Mutex
	lost map[string]missing
	lose chan struct{}
	// moved is closed when the index moves on; ready when it is caught up.
	moved chan struct{}
	ready chan struct{}
	once  sync.Once

	// hurry has something if somebody waits for what the index has not got yet.
	hurry chan struct{}

	// What follows is of run only. changed is since when the snapshot lacks something,
	// touched the last change, streamed that of many, began when what had come together was applied.
	changed, touched, streamed, began time.Time
}

// New makes a replica.
func New(deps Deps) (*Replica, error) {
	r := &Replica{
		deps: deps, log: deps.Telemetry.Log, lost: make(map[string]missing), lose: make(chan struct{}, 1), hurry: make(chan struct{}, 1),
		moved: make(chan struct{}), ready: make(chan struct{}),
	}
	return r, r.observe(deps.Telemetry.Meter("services/tags"))
}

func (r *Replica) observe(meter metric.Meter) error {
	position, err := meter.Int64ObservableGauge("parution_tags_index_position",
		metric.WithDescription("Place in the notices of tags up to which this replica's index has them."))
	if err != nil {
		return fmt.Errorf("register parution_tags_index_position: %w", err)
	}
	lag, err := meter.Int64ObservableGauge("parution_tags_index_lag_positions",
		metric.WithDescription("Notices of tags that this replica's index has not applied."))
	if err != nil {
		return fmt.Errorf("register parution_tags_index_lag_positions: %w", err)
	}
	_, err = meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		at := r.deps.Memory.Position()
		o.ObserveInt64(position, at.Pos)
		end, err := r.deps.Outbox.Watermark(ctx)
		if err != nil {
			return err
		}
		behind := end.Pos
		if end.Epoch == at.Epoch {
			behind = max(0, end.Pos-at.Pos)
		}
		o.ObserveInt64(lag, behind)
		return nil
	}, position, lag)
	if err != nil {
		return fmt.Errorf("observe the index: %w", err)
	}
	return nil
}

// missing is what is known of a full text that is not complete.
type missing struct {
	// all: nothing of it is there.
	all bool
	// times it was said: what is mended may be lost again meanwhile.
	times int
}

// Lost is told of a site whose full text has to be put in again.
func (r *Replica) Lost(site string, err error) {
	r.log.Warn("the full text of a site is not complete: what it lacks is put in again", "site", site, "error", err)
	r.lack(site, errors.Is(err, text.ErrRemoved))
	select {
	case r.lose <- struct{}{}:
	default: // it is about to look
	}
}

func (r *Replica) lack(site string, all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.lost[site]
	r.lost[site] = missing{all: all || was.all, times: was.times + 1}
}

// Words is a fault for as long as the full text of a site is being made anew:
// Unavailable. What few posts it had by then would be taken for all.
func (r *Replica) Words(site string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost[site].all {
		return fault.Unavailable("the full text of the site is made anew; try again in a moment")
	}
	return nil
}

// Part runs the replica. It is ready once the index is caught up with what the
// outbox had at the start, or when that takes too long for the rest to wait.
func (r *Replica) Part() process.Part {
	return process.Part{Name: "index of tags", Run: func(ctx context.Context, ready func()) error {
		r.report(errors.New("it is not caught up"))
		var running sync.WaitGroup
		defer running.Wait()
		running.Go(func() { r.run(ctx) })
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-r.ready:
		case <-timer.C:
			r.log.WarnContext(ctx, "the index is not caught up: calls that need it wait")
		}
		ready()
		return nil
	}}
}

func (r *Replica) report(err error) {
	if r.deps.Health != nil {
		r.deps.Health.Set("index", err)
	}
}

func (r *Replica) run(ctx context.Context) {
	r.tail = outbox.NewTail(r.deps.Outbox)
	defer r.tail.Close()
	defer r.leave(ctx)
	r.insist(ctx, "it is loaded", r.load)
	for ctx.Err() == nil {
		r.insist(ctx, "it catches up", r.catchUp)
		if ctx.Err() != nil {
			return
		}
		r.once.Do(func() {
			r.report(nil)
			close(r.ready)
		})
		r.insist(ctx, "it waits for notices", r.wait)
		r.gather(ctx)
	}
}

// insist does something until it succeeds.
func (r *Replica) insist(ctx context.Context, what string, do func(context.Context) error) {
	for wait := backOff; ; wait = min(2*wait, maxBackOff) {
		err := do(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		r.log.WarnContext(ctx, "the index waits", "while", what, "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// load begins with the snapshot, or with everything that the database has.
func (r *Replica) load(ctx context.Context) error {
	end, err := r.tail.End(ctx)
	if err != nil {
		return err
	}
	if r.deps.Dir != "" {
		if err := os.MkdirAll(r.deps.Dir, 0o750); err != nil {
			return fmt.Errorf("make the folder of the index: %w", err)
		}
		err := r.deps.Memory.Load(r.path(), edition)
		switch at := r.deps.Memory.Position(); {
		case err == nil && at.Epoch == end.Epoch && at.Pos <= end.Pos:
			return r.mendAll(ctx, nil)
		case err == nil:
			r.log.InfoContext(ctx, "the saved index is another database's: it is made anew", "epoch", at.Epoch, "pos", at.Pos)
		case !errors.Is(err, fs.ErrNotExist):
			r.log.WarnContext(ctx, "the saved index cannot be used: it is made anew", "error", err)
		}
	}
	return r.rebuild(ctx)
}

func (r *Replica) path() string { return filepath.Join(r.deps.Dir, "index") }

// catchUp applies what the feed has.
func (r *Replica) catchUp(ctx context.Context) error {
	for {
		at := r.deps.Memory.Position()
		p, err := r.tail.List(ctx, outbox.Place(at), gathered)
		if err != nil {
			return err
		}
		if p.Epoch != at.Epoch {
			r.log.InfoContext(ctx, "the database went back in time: the index is made anew", "epoch", p.Epoch)
			if err := r.rebuild(ctx); err != nil {
				return err
			}
			continue
		}
		if next := text.Position(p.Next); next != at {
			if err := r.apply(ctx, p.Notices, next); err != nil {
				return err
			}
		}
		if !p.More {
			return r.mendLost(ctx)
		}
	}
}

// wait returns when there may be something to do.
func (r *Replica) wait(ctx context.Context) error {
	r.saveIfDue(ctx)
	until, cancel := context.WithCancel(ctx)
	defer cancel()
	if due := r.due(); due > 0 {
		until, cancel = context.WithTimeout(ctx, due)
		defer cancel()
	}
	woken := make(chan struct{})
	defer close(woken)
	go func() {
		select {
		case <-r.lose:
			cancel()
		case <-woken:
		}
	}()
	err := r.tail.Wait(until, outbox.Place(r.deps.Memory.Position()))
	if err == nil || ctx.Err() != nil {
		return err
	}
	if until.Err() == nil {
		return err
	}
	return nil
}

// gather lets notices come together while many come.
func (r *Replica) gather(ctx context.Context) {
	if time.Since(r.streamed) > gathering {
		return
	}
	defer func() { r.began = time.Now() }()
	// What came while the last were put in has come together already.
	rest := gathering - time.Since(r.began)
	if rest <= 0 {
		return
	}
	long, silent := time.NewTimer(rest), time.NewTimer(lull)
	defer long.Stop()
	defer silent.Stop()
	for {
		select {
		case <-r.tail.Woken():
			silent.Reset(lull)
			continue
		case <-ctx.Done():
		case <-r.hurry:
		case <-silent.C:
		case <-long.C:
		}
		return
	}
}

// due is how long to wait at most; 0: for ever.
func (r *Replica) due() time.Duration {
	var due time.Duration
	if !r.changed.IsZero() && r.deps.Dir != "" {
		now := time.Now()
		due = max(time.Millisecond, min(quiet-now.Sub(r.touched), oldest-now.Sub(r.changed)))
	}
	if r.lacks() && (due == 0 || due > mending) {
		due = mending
	}
	return due
}

func (r *Replica) lacks() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lost) > 0
}

func (r *Replica) saveIfDue(ctx context.Context) {
	now := time.Now()
	if !r.changed.IsZero() && r.deps.Dir != "" && (now.Sub(r.touched) >= quiet || now.Sub(r.changed) >= oldest) {
		r.save(ctx)
	}
}

// save writes the snapshot. One that cannot be written costs the next start some
// time, and nothing else.
func (r *Replica) save(ctx context.Context) {
	r.changed = time.Time{}
	if err := r.deps.Memory.Save(r.path(), edition); err != nil {
		r.log.WarnContext(ctx, "the index was not saved", "error", err)
		return
	}
	r.log.DebugContext(ctx, "the index was saved", "pos", r.deps.Memory.Position().Pos)
}

// leave saves what changed, if there is all of it.
func (r *Replica) leave(ctx context.Context) {
	select {
	case <-r.ready:
		if r.deps.Dir != "" && !r.changed.IsZero() {
			r.save(context.WithoutCancel(ctx))
		}
	default: // half an index is none
	}
}
