package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream/streamsim"
)

// postCount is how many posts there may be; a few of them get most of the writes.
const postCount = 12

// Result is what came of a run.
type Result struct {
	// Err is the violation that ended it, or nil.
	Err error
	// Sum is that of the history: the same for the same seed.
	Sum uint64
	// Tail is the end of the history, for people.
	Tail string
	// Took is how long, in simulated time, it took after the last fault until all was as it should be.
	Took time.Duration
}

// tail is how many lines a report has.
const tail = 60

// Run does one run in the bubble that it is called in.
func Run(t testing.TB, opts Options) Result {
	t.Helper()
	w := newWorld(t, opts)
	n := newNemesis(w)
	w.opts.commits = func() float64 {
		w.mu.Lock()
		defer w.mu.Unlock()
		return n.commits
	}
	for _, node := range w.nodes {
		w.start(node)
	}
	if opts.Setup != nil {
		opts.Setup(w)
	}
	w.drive(n)
	w.calm() // what was to happen later does not any more
	w.all.Wait()
	var took time.Duration
	if w.violated() == nil {
		n.heal()
		w.last()
		took = w.converge(n)
	}
	w.end()
	return Result{Err: w.violated(), Sum: w.history.sum(), Tail: w.history.last(tail), Took: took}
}

func newWorld(t testing.TB, opts Options) *World {
	t.Helper()
	w := &World{
		t: t, opts: opts, dir: t.TempDir(), ctx: context.WithoutCancel(t.Context()),
		history: &history{start: time.Now(), live: opts.Live},
		posts:   &posts{acked: make(map[string]Post), past: make(map[string][]moment), unknown: make(map[string]bool), lost: make(map[string]bool)},
		down:    make(map[string]breakage), armed: make(map[string]string),
	}
	w.rng = w.Rand("driver")
	w.faulty, w.calm = context.WithCancel(w.ctx)
	w.broker = streamsim.New(opts.Seed, w.history.add)
	w.disk(Owner, postsSchema, outbox.Migrations())
	w.disk(tags, readerSchema, projection.Migrations())
	w.disk(Render, readerSchema, projection.Migrations(), outbox.Migrations())
	for _, name := range []string{"posts-1", "posts-2"} {
		w.nodes = append(w.nodes, &Node{Name: name, Service: Owner, Database: Owner, Start: startPosts})
	}
	for _, service := range []string{tags, Render} {
		r := &reader{name: service, held: make(map[string]Post)}
		w.readers = append(w.readers, r)
		for i := range 2 {
			name := fmt.Sprintf("%s-%d", service, i+1)
			w.nodes = append(w.nodes, &Node{Name: name, Service: service, Database: service, Start: r.start})
			w.paths = append(w.paths, name+">"+Owner)
		}
	}
	return w
}

// disk puts an empty database into the world.
func (w *World) disk(name, schema string, sets ...sqldb.Migrations) {
	data, err := template(w.ctx, name, w.dir, schema, sets...)
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, name+".db"), data, 0o600)
	}
	if err != nil {
		w.t.Fatalf("make the database %s: %v", name, err)
	}
}

// drive has authors write and the nemesis strike, in turn.
func (w *World) drive(n *nemesis) {
	steps := w.opts.Steps
	if steps == 0 {
		steps = 20 + w.rng.IntN(40)
	}
	share := 2 + w.rng.IntN(5) // of writes for each fault
	for range steps {
		if w.Pause(w.ctx, time.Duration(w.rng.ExpFloat64()*float64(time.Second))) != nil || w.violated() != nil {
			return
		}
		if w.rng.IntN(share) == 0 {
			n.strike()
		} else {
			w.author()
		}
		if w.opts.Step != nil {
			w.opts.Step(w)
		}
	}
}

// last writes once more: a relay without work does not notice that its stream was
// wiped, and need not.
func (w *World) last() {
	if i := w.any(Owner, w.rng); i != nil && w.Pause(w.ctx, time.Second) == nil {
		w.write(i, "last", "create")
	}
}

// postID is one of the posts; the first ones are the popular ones.
func (w *World) postID(r *rand.Rand) string {
	return fmt.Sprintf("p%d", min(int(r.ExpFloat64()*postCount/4), postCount-1))
}

// author writes something, sometimes several posts at once.
func (w *World) author() {
	i := w.any(Owner, w.rng)
	if i == nil {
		w.Notef("author: nobody is there")
		return
	}
	count := 1
	if w.rng.IntN(8) == 0 {
		count = 2 + w.rng.IntN(10)
	}
	for range count {
		if w.Pause(w.ctx, time.Millisecond) != nil || !i.Alive() { // each write is a moment of its own
			return
		}
		deeds := []string{"revise", "revise", "revise", "publish", "publish", "publish", "withdraw", "delete"}
		w.write(i, w.postID(w.rng), deeds[w.rng.IntN(len(deeds))])
	}
}
