package nemesis

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/test/world/topology"
)

// faults are those that a plan is drawn from, in a fixed order.
func (a *Arena) faults() []fault {
	one := a.T.Kind == topology.One
	list := []fault{
		{"a program is killed", one, killOne},
		{"a program stands still", one, pauseOne},
		{"a program is restarted", one, restartOne},
		{wipe, one, wipeBroker},
		{"the broker gets an older copy of its store", one, setBrokerBack},
		{"bits flip in the broker's store", one, damageBroker},
		{everything, true, killAll},
	}
	if one {
		return append(list, fault{"a stream's folder is gone", one, removeStream})
	}
	return append(list,
		fault{"a gateway is killed", true, killGateway},
		fault{"the relay that works stands still", false, pauseRelay},
		fault{"the broker is killed", false, killBroker},
		fault{"the broker is away", false, stopBroker},
		fault{"a stream is deleted", false, deleteStream},
		fault{"the way to the broker is slow", false, slowLink},
		fault{"the way to the broker is half-open", false, freezeLink},
		fault{"the way to the broker is cut", false, cutLink},
		fault{"notices come again", false, repeatNotices},
		fault{"notices are garbage, forged and of no known kind", false, lie},
		fault{"the database is killed", false, killDatabase},
		fault{"the database is away", false, stopDatabase},
	)
}

func killOne(ctx context.Context, a *Arena, r *Record) error {
	return a.kill(ctx, r, a.pick())
}

func (a *Arena) kill(ctx context.Context, r *Record, name string) error {
	r.Detail = name
	_, front := a.isFront(name)
	r.Front = r.Front || front
	if err := a.T.Kill(name); err != nil {
		return err
	}
	if err := wait(ctx, a.between(0, 2*time.Second)); err != nil {
		return err
	}
	return a.start(ctx, name)
}

func killGateway(ctx context.Context, a *Arena, r *Record) error {
	return a.kill(ctx, r, topology.Replica(topology.Gateway, 1+a.Rand.IntN(len(a.T.URLs))))
}

func pauseOne(ctx context.Context, a *Arena, r *Record) error {
	return a.pause(ctx, r, a.pick(), a.between(time.Second, 4*time.Second))
}

func (a *Arena) pause(ctx context.Context, r *Record, name string, d time.Duration) error {
	r.Detail = name
	_, front := a.isFront(name)
	r.Front = r.Front || front
	if err := a.T.Pause(name); err != nil {
		return err
	}
	failed := wait(ctx, d)
	if err := a.T.Resume(name); err != nil {
		return err
	}
	return failed
}

// pauseRelay lets both replicas of posts stand still in turn, each for longer
// than a lease: the second works while the first comes back.
func pauseRelay(ctx context.Context, a *Arena, r *Record) error {
	for n := range 2 {
		if err := a.pause(ctx, r, topology.Replica(topology.Posts, n+1), a.between(6*time.Second, 8*time.Second)); err != nil {
			return err
		}
	}
	return nil
}

func restartOne(ctx context.Context, a *Arena, r *Record) error {
	name := a.pick()
	r.Detail = name
	_, front := a.isFront(name)
	r.Front = r.Front || front
	if err := a.T.Stop(name); err != nil {
		return err
	}
	return a.start(ctx, name)
}

// whileDown kills the broker, does something to its store, and starts it again.
func (a *Arena) whileDown(ctx context.Context, do func(folder string) error) error {
	name := a.brokerProcess()
	if err := a.T.Kill(name); err != nil {
		return err
	}
	if err := do(a.T.NATSDir()); err != nil {
		return err
	}
	return a.start(ctx, name)
}

func wipeBroker(ctx context.Context, a *Arena, _ *Record) error {
	return a.whileDown(ctx, os.RemoveAll)
}

func setBrokerBack(ctx context.Context, a *Arena, _ *Record) error {
	next := a.older + ".next"
	err := a.whileDown(ctx, func(folder string) error {
		// What is taken away is what the next set-back goes to.
		if err := CopyTree(folder, next); err != nil {
			return err
		}
		return replaceTree(folder, a.older)
	})
	if err != nil {
		return err
	}
	if err := os.RemoveAll(a.older); err != nil {
		return err
	}
	return os.Rename(next, a.older)
}

func damageBroker(ctx context.Context, a *Arena, r *Record) error {
	return a.whileDown(ctx, func(folder string) error {
		flipped, err := flipBits(a.Rand, folder, 1+a.Rand.IntN(8))
		r.Detail = strings.Join(flipped, " ")
		return err
	})
}

func removeStream(ctx context.Context, a *Arena, r *Record) error {
	return a.whileDown(ctx, func(folder string) error {
		found, err := filepath.Glob(filepath.Join(folder, "jetstream", "*", "streams", "*"))
		if err != nil || len(found) == 0 {
			return err
		}
		slices.Sort(found)
		path := found[a.Rand.IntN(len(found))]
		r.Detail = filepath.Base(path)
		return os.RemoveAll(path)
	})
}

func killAll(ctx context.Context, a *Arena, _ *Record) error {
	if err := everythingAtOnce(a.T.Names(), a.T.Kill); err != nil {
		return err
	}
	for _, name := range a.T.Names() {
		if err := a.start(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func killBroker(ctx context.Context, a *Arena, _ *Record) error {
	return a.whileDown(ctx, func(string) error { return nil })
}

func stopBroker(ctx context.Context, a *Arena, _ *Record) error {
	if err := a.T.Stop(topology.NATS); err != nil {
		return err
	}
	if err := wait(ctx, a.between(3*time.Second, 10*time.Second)); err != nil {
		return err
	}
	return a.start(ctx, topology.NATS)
}

func killDatabase(ctx context.Context, a *Arena, _ *Record) error {
	if err := a.T.Kill(topology.Postgres); err != nil {
		return err
	}
	return a.start(ctx, topology.Postgres)
}

func stopDatabase(ctx context.Context, a *Arena, _ *Record) error {
	if err := a.T.Stop(topology.Postgres); err != nil {
		return err
	}
	if err := wait(ctx, a.between(time.Second, 4*time.Second)); err != nil {
		return err
	}
	return a.start(ctx, topology.Postgres)
}

func slowLink(ctx context.Context, a *Arena, _ *Record) error   { return a.way(ctx, Slow) }
func freezeLink(ctx context.Context, a *Arena, _ *Record) error { return a.way(ctx, Frozen) }
func cutLink(ctx context.Context, a *Arena, _ *Record) error    { return a.way(ctx, Cut) }

func (a *Arena) way(ctx context.Context, way Way) error {
	if a.Link == nil {
		return errLink
	}
	a.Link.Set(way)
	defer a.Link.Set(Open)
	return wait(ctx, a.between(2*time.Second, 7*time.Second))
}

// setBack is the one fault that is asked for: the database of posts, in a cluster
// of all services, becomes what it was when the run began. What was acknowledged
// since is lost by definition; everything must agree all the same.
const setBack = "the database gets an older copy"

func (a *Arena) setBack() fault {
	return fault{setBack, true, func(ctx context.Context, a *Arena, r *Record) error {
		r.Lost = a.olderAt
		a.SettingBack(true)
		defer a.SettingBack(false)
		programs := a.T.Programs()
		if err := everythingAtOnce(programs, a.T.Kill); err != nil {
			return err
		}
		if a.T.Kind == topology.Cluster {
			if err := a.T.Stop(topology.Postgres); err != nil {
				return err
			}
		}
		if err := a.restoreData(ctx); err != nil {
			return err
		}
		if a.T.Kind == topology.Cluster {
			programs = append([]string{topology.Postgres}, programs...)
		}
		for _, name := range programs {
			if err := a.start(ctx, name); err != nil {
				return err
			}
		}
		return nil
	}}
}

// copyData copies the database in order: the one program's posts by SQLite's own
// means would need it to run, so what a crash leaves is taken.
func (a *Arena) copyData(ctx context.Context, to string) (err error) {
	a.olderData, a.olderAt = to, time.Now().UTC()
	if a.T.Kind == topology.One {
		if err := os.MkdirAll(to, 0o700); err != nil {
			return err
		}
		if err := a.T.Stop(topology.Parution); err != nil {
			return err
		}
		if err := copyFile(filepath.Join(a.T.Data, "posts.db"), filepath.Join(to, "posts.db")); err != nil {
			return err
		}
	} else {
		if err := a.T.Stop(topology.Postgres); err != nil {
			return err
		}
		if err := copyOwned(ctx, a.T.PostgresDir(), to); err != nil {
			return err
		}
	}
	a.olderAt = time.Now().UTC()
	if err := a.start(ctx, a.T.Names()[0]); err != nil {
		return fmt.Errorf("start after the copy: %w", err)
	}
	return a.awaitReady(ctx)
}

func (a *Arena) restoreData(ctx context.Context) error {
	if a.T.Kind == topology.Cluster {
		if err := os.RemoveAll(a.T.PostgresDir()); err != nil {
			return err
		}
		return copyOwned(ctx, a.olderData, a.T.PostgresDir())
	}
	for _, name := range []string{"posts.db", "posts.db-wal", "posts.db-shm"} {
		if err := os.RemoveAll(filepath.Join(a.T.Data, name)); err != nil {
			return err
		}
	}
	return copyFile(filepath.Join(a.olderData, "posts.db"), filepath.Join(a.T.Data, "posts.db"))
}
