// Package simulation runs the event backbone in a testing/synctest bubble: real
// relays, projections and databases (SQLite), a simulated broker and network, and
// processes that die. Everything that happens comes from a seed, so that a run
// that goes wrong can be had again. docs/simulation.md describes the whole.
package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream/streamsim"
)

// World is one simulated installation: posts, which own, tags and render, which
// read, render's own notices, and a broker. Use it in the bubble that made it.
type World struct {
	t       testing.TB
	opts    Options
	rng     *rand.Rand // what the driver does
	dir     string
	ctx     context.Context //nolint:containedctx // that of the bubble: it ends with the world
	broker  *streamsim.Broker
	history *history
	posts   *posts
	readers []*reader
	nodes   []*Node
	paths   []string // of the network: "tags-1>posts"

	mu sync.Mutex
	// down are the paths of the network that are broken: "tags-1>posts".
	down map[string]breakage
	// stale has the owner answer like a replica that is behind: since when.
	stale     time.Duration
	armed     map[string]string // node → where it dies
	violation *ViolationError
	all       sync.WaitGroup
	replaced  atomic.Pointer[string] // the service whose database is being replaced
	// faulty ends, by calm, when all faults do.
	faulty context.Context //nolint:containedctx // so does what was to happen later
	calm   context.CancelFunc
}

// Node is a process that can be started, and dies.
type Node struct {
	// Name is the service and a number: "tags-1".
	Name string
	// Service is what others call it by.
	Service string
	// Database names the file that it opens; empty: none.
	Database string
	// Start makes its parts.
	Start func(i *Instance) ([]process.Part, error)

	starts  int
	last    *Instance
	running atomic.Pointer[Instance]
}

// Instance is a node from a start to its end.
type Instance struct {
	*Node

	World  *World
	Client *streamsim.Client
	DB     *sqldb.DB
	// Context ends when the process does.
	Context context.Context //nolint:containedctx // it is the process' life
	// Office is what the node serves: set by Start.
	Office any

	alias  string
	cancel context.CancelFunc
	dead   atomic.Bool
	parts  sync.WaitGroup
	ended  chan struct{}
}

// Name of an instance tells which start of the node it is.
func (i *Instance) String() string { return fmt.Sprintf("%s#%d", i.Name, i.starts) }

// Alive tells whether the process still runs.
func (i *Instance) Alive() bool { return !i.dead.Load() }

// Notef writes a line of the history.
func (w *World) Notef(format string, args ...any) { w.history.add(fmt.Sprintf(format, args...)) }

// Fail ends the run: an invariant does not hold.
func (w *World) Fail(invariant, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.violation == nil {
		w.violation = &ViolationError{Invariant: invariant, Detail: fmt.Sprintf(format, args...)}
		w.history.add("VIOLATION " + w.violation.Error())
	}
}

// ViolationError is an invariant that did not hold.
type ViolationError struct{ Invariant, Detail string }

// Error implements error.
func (v *ViolationError) Error() string { return v.Invariant + ": " + v.Detail }

func (w *World) violated() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.violation == nil {
		return nil
	}
	return w.violation
}

// Add starts a node that the world does not have by itself; calls names the
// services that it calls.
func (w *World) Add(n *Node, calls ...string) {
	w.nodes = append(w.nodes, n)
	for _, service := range calls {
		w.paths = append(w.paths, n.Name+">"+service)
	}
	w.start(n)
}

// Pause sleeps for at least d, to a moment of its own.
func (w *World) Pause(ctx context.Context, d time.Duration) error { return w.broker.Pause(ctx, d) }

// Context is that of the bubble.
func (w *World) Context() context.Context { return w.ctx }

// Rand is a source of chance for what is named so.
func (w *World) Rand(name string) *rand.Rand { return streamsim.Rand(w.opts.Seed, name) }

// start starts n.
func (w *World) start(n *Node) {
	if service := w.replaced.Load(); service != nil && *service == n.Service {
		return
	}
	n.starts++
	i := &Instance{Node: n, World: w, ended: make(chan struct{}), alias: fmt.Sprintf("%s-%d", n.Name, n.starts)}
	i.Context, i.cancel = context.WithCancel(w.ctx)
	i.Client = w.broker.Client(i.String())
	if n.Database != "" {
		alias := filepath.Join(w.dir, i.alias)
		if err := os.MkdirAll(alias, 0o700); err != nil {
			w.t.Fatalf("make a folder: %v", err)
		}
		disks.attach(i)
		// The name of a folder on the way tells the commit hook whose connection it is.
		db, err := sqldb.Open(w.ctx, sqldb.Config{URL: "sqlite:" + alias + "/../" + n.Database + ".db", MaxConns: 4})
		if err != nil {
			w.t.Fatalf("open the database of %s: %v", n.Name, err)
		}
		i.DB = db
	}
	parts, err := n.Start(i)
	if err != nil {
		w.t.Fatalf("start %s: %v", n.Name, err)
	}
	n.last = i
	n.running.Store(i)
	w.Notef("%s starts", i)
	for n, p := range parts {
		// A moment of its own, so that the clocks of two parts never strike together.
		wait := time.Duration(i.chance(fmt.Sprint("start ", n)).Int64N(int64(time.Second)))
		i.parts.Go(func() {
			if w.broker.Pause(i.Context, wait) != nil {
				return
			}
			if err := p.Run(i.Context, func() {}); err != nil && i.Alive() {
				w.Fail("life", "%s of %s ended: %v", p.Name, i, err)
			}
		})
	}
}

// Crash ends the process at once: what it has not committed is lost, it says and
// hears nothing more. It does not wait.
func (i *Instance) Crash(why string) {
	if i.dead.Swap(true) {
		return
	}
	i.World.Notef("%s dies: %s", i, why)
	i.running.CompareAndSwap(i, nil)
	i.World.all.Go(func() {
		i.Client.Close()
		i.cancel()
		i.parts.Wait()
		if i.DB != nil {
			if err := i.DB.Close(); err != nil {
				i.World.t.Errorf("close the database of %s: %v", i, err)
			}
			disks.detach(i)
		}
		close(i.ended)
	})
}

// crashed ends all nodes of a service, waits until they are gone, and has f work
// before any of them starts again.
func (w *World) crashed(service string, f func()) {
	w.replaced.Store(&service)
	defer w.replaced.Store(nil)
	for _, n := range w.nodes {
		if n.Service != service {
			continue
		}
		if i := n.running.Load(); i != nil {
			i.Crash("its database is replaced")
		}
		if n.last != nil {
			<-n.last.ended
		}
	}
	f()
}

// revive starts what does not run.
func (w *World) revive() {
	for _, n := range w.nodes {
		if n.running.Load() == nil {
			w.start(n)
		}
	}
}

// end stops everything.
func (w *World) end() {
	for _, n := range w.nodes {
		if i := n.running.Load(); i != nil {
			i.Crash("the world ends")
		}
	}
	w.all.Wait()
}

// chance decides about what i does now.
func (i *Instance) chance(what string) *rand.Rand {
	return streamsim.Moment(i.World.opts.Seed, i.alias+": "+what)
}

// Running are the instances of service that run.
func (w *World) Running(service string) []*Instance {
	var up []*Instance
	for _, n := range w.nodes {
		if i := n.running.Load(); n.Service == service && i != nil {
			up = append(up, i)
		}
	}
	return up
}

// any is a running instance of service, or nil.
func (w *World) any(service string, r *rand.Rand) *Instance {
	up := w.Running(service)
	if len(up) == 0 {
		return nil
	}
	return up[r.IntN(len(up))]
}

// arm has a node die the next time that it comes to point.
func (w *World) arm(node, point string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if point == "" {
		delete(w.armed, node)
		return
	}
	w.armed[node] = point
}

// reached kills i if it was to die here; true if so.
func (i *Instance) reached(point string) bool {
	w := i.World
	w.mu.Lock()
	dies := w.armed[i.Name] == point
	if dies {
		delete(w.armed, i.Name)
	}
	w.mu.Unlock()
	if dies {
		i.Crash(point)
	}
	return dies
}
