// Package nemesis disturbs a running Parution, by a plan that is drawn from a
// seed: it kills and pauses processes, takes the broker away, wipes, damages and
// sets back what it keeps, cuts and slows the way to it, and says false things.
package nemesis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parution/parution/test/world/topology"
)

// readyTimeout is what a program may take from its start until it is ready.
const readyTimeout = 60 * time.Second

// Record is a fault that was done.
type Record struct {
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"`
	// AtOp is how many operations had begun.
	AtOp int64     `json:"at_op"`
	From time.Time `json:"from"`
	// Healed is when the last of it was undone.
	Healed time.Time `json:"healed"`
	// Ready is when every program said that it was.
	Ready time.Time `json:"ready"`
	// Front: readers of some gateway cannot be served while it lasts.
	Front bool `json:"front,omitempty"`
	// Lost: what an owner had acknowledged since then is gone, by definition.
	Lost time.Time `json:"lost,omitzero"`
}

// Arena is what is disturbed.
type Arena struct {
	T *topology.Topology
	// Link stands before the broker of a cluster; nil without one.
	Link *Link
	Rand *rand.Rand
	// Log is told what happens.
	Log func(format string, args ...any)
	// Restarted is told each gateway whose memory is empty again, by its URL.
	Restarted func(url string)
	// SettingBack is told that a database is about to be set back, and that it was.
	SettingBack func(begins bool)
	// Healed is called after each fault.
	Healed func(Record)

	older, olderData string    // copies of the broker's store, and of the database
	olderAt          time.Time // when the database's was made
}

// fault is something to do. It returns once it is undone, except for what heals
// by itself.
type fault struct {
	name  string
	front bool
	do    func(ctx context.Context, a *Arena, r *Record) error
}

// last are the two with which every plan ends.
const (
	wipe       = "the broker is wiped"
	everything = "everything is killed"
)

// Plan draws the names of n faults; the last two are always the same.
func (a *Arena) Plan(n int, withRestore bool) []string {
	var names []string
	for _, f := range a.faults() {
		names = append(names, f.name)
	}
	var plan []string
	for len(plan) < n-2 {
		round := slices.Clone(names)
		a.Rand.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		plan = append(plan, round...)
	}
	plan = plan[:max(0, n-2)]
	if withRestore && len(plan) > 0 {
		plan[len(plan)/2] = setBack
	}
	return append(plan, wipe, everything)
}

// Run does the faults of a plan: the kth once begun says that so many operations
// were begun that the plan ends shortly before they do. Its error is one of the
// machinery, never of what was disturbed.
func (a *Arena) Run(ctx context.Context, plan []string, ops int, begun func() int64) ([]Record, error) {
	if err := a.keepOlder(ctx, slices.Contains(plan, setBack)); err != nil {
		return nil, err
	}
	var done []Record
	known := append(a.faults(), a.setBack())
	for k, name := range plan {
		at := int64(float64(k+1) / float64(len(plan)+1) * float64(ops))
		for begun() < at {
			if err := wait(ctx, 20*time.Millisecond); err != nil {
				return done, err
			}
		}
		i := slices.IndexFunc(known, func(f fault) bool { return f.name == name })
		r := Record{Name: name, AtOp: begun(), From: time.Now().UTC(), Front: known[i].front}
		err := known[i].do(ctx, a, &r)
		r.Healed = time.Now().UTC()
		if err == nil {
			err = a.awaitReady(ctx)
		}
		r.Ready = time.Now().UTC()
		a.Log("fault %d of %d at operation %d: %s %s, healed after %.1f s, ready after %.1f s",
			k+1, len(plan), r.AtOp, name, r.Detail, r.Healed.Sub(r.From).Seconds(), r.Ready.Sub(r.From).Seconds())
		done = append(done, r)
		if err != nil {
			return done, fmt.Errorf("%s (%s): %w", name, r.Detail, err)
		}
		a.Healed(r)
	}
	return done, nil
}

// awaitReady waits until every program is.
func (a *Arena) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for _, name := range a.T.Programs() {
		for {
			err := a.T.Ready(ctx, name)
			if err == nil {
				break
			}
			if wait(ctx, 50*time.Millisecond) != nil {
				return errors.Join(fmt.Errorf("%s is not ready after %s", name, readyTimeout), err, a.T.Ended(name))
			}
		}
	}
	return nil
}

// isFront tells whether name is a gateway, and its URL.
func (a *Arena) isFront(name string) (string, bool) {
	if a.T.Kind == topology.One {
		return a.T.URL, name == topology.Parution
	}
	service, _, _ := strings.Cut(name, "-")
	if service != topology.Gateway {
		return "", false
	}
	for i, url := range a.T.URLs {
		if topology.Replica(topology.Gateway, i+1) == name {
			return url, true
		}
	}
	return "", false
}

// start starts a process again.
func (a *Arena) start(ctx context.Context, name string) error {
	err := a.T.Start(ctx, name)
	if url, ok := a.isFront(name); ok {
		a.Restarted(url)
	}
	return err
}

// pick is some program.
func (a *Arena) pick() string {
	list := a.T.Programs()
	return list[a.Rand.IntN(len(list))]
}

// between is some time between two.
func (a *Arena) between(from, to time.Duration) time.Duration {
	return from + time.Duration(a.Rand.Int64N(int64(to-from)))
}

// brokerProcess is the process that the broker is in.
func (a *Arena) brokerProcess() string {
	if a.T.Kind == topology.One {
		return topology.Parution
	}
	return topology.NATS
}

// keepOlder copies the broker's store for a later set-back, and if asked for the
// database too.
func (a *Arena) keepOlder(ctx context.Context, withData bool) error {
	folder, err := a.T.Folder("older")
	if err != nil {
		return err
	}
	a.older = filepath.Join(folder, "nats")
	if err := CopyTree(a.T.NATSDir(), a.older); err != nil {
		return fmt.Errorf("copy the broker's store: %w", err)
	}
	if !withData {
		return nil
	}
	return a.copyData(ctx, filepath.Join(folder, "data"))
}

// everythingAtOnce runs what for all names at the same time.
func everythingAtOnce(names []string, what func(string) error) error {
	var all sync.WaitGroup
	errs := make([]error, len(names))
	for i, name := range names {
		all.Go(func() { errs[i] = what(name) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
