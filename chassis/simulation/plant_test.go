package simulation_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/simulation"
	"github.com/parution/parution/chassis/stream"
)

// The simulation proves something only if it finds what is wrong: each of these
// plants a bug that somebody could write, and demands that it is found.
func TestPlantedBugsAreFound(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]struct {
		want string
		opts simulation.Options
	}{
		"a reader without a version guard":            {"I2", simulation.Options{Follow: unguarded}},
		"a reader that acknowledges before it writes": {"I1/I3", simulation.Options{Follow: hasty}},
		"a refresh outside of the transaction":        {"I1/I3", simulation.Options{Refresh: outside}},
		"a refresh that leaves deleted posts":         {"I1/I3", simulation.Options{Refresh: resurrecting}},
		"a relay that marks before it publishes":      {"said to be in the stream", simulation.Options{Log: func(l stream.Log) stream.Log { return &boasting{Log: l} }}},
		"a notice that is written after the commit":   {"I1/I3", simulation.Options{Append: forgetful}},
		"places that are given by the writer":         {"I9", simulation.Options{Append: placing}},
		"a reader that puts good posts aside":         {"I10", simulation.Options{Refresh: squeamish}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 40; seed++ {
				plant.opts.Seed = seed
				err := run(t, plant.opts).Err
				if v, ok := errors.AsType[*simulation.ViolationError](err); ok && strings.Contains(v.Error(), plant.want) {
					return
				} else if ok {
					t.Logf("seed %d: %v", seed, v)
				}
			}
			t.Errorf("it was not found as a violation of %s", plant.want)
		})
	}
}

// follower reads the stream alone, and as simply as one would at first.
func follower(cfg projection.Config[simulation.Post], isHasty bool) process.Part {
	return process.Part{Name: "naive", Run: func(ctx context.Context, _ func()) error {
		into := make(chan stream.Delivery, 16)
		var consuming sync.WaitGroup
		consuming.Go(func() {
			for ctx.Err() == nil {
				_ = cfg.Source.Consume(ctx, into) // again
				stream.Wait(ctx, time.Second)
			}
		})
		defer consuming.Wait()
		for {
			select {
			case <-ctx.Done():
				return nil
			case d := <-into:
				if isHasty {
					d.Ack()
				}
				if err := naively(ctx, cfg, d); err != nil {
					d.Nak(time.Second)
				} else {
					d.Ack()
				}
			}
		}
	}}
}

func naively(ctx context.Context, cfg projection.Config[simulation.Post], d stream.Delivery) error {
	_, n, err := d.Notice(ctx)
	if err != nil {
		return nil //nolint:nilerr // it never will be one
	}
	states, err := cfg.Fetch(ctx, []projection.Ref{{Type: n.GetAggregateType(), ID: n.GetAggregateId()}})
	if err != nil {
		return err
	}
	return cfg.DB.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, s := range states {
			item := projection.Item[simulation.Post]{Ref: s.Ref, Epoch: s.Epoch, Version: s.Version, State: s.State}
			if err := cfg.Refresh(ctx, tx, []projection.Item[simulation.Post]{item}); err != nil {
				return err
			}
		}
		return nil
	})
}

func unguarded(_ *simulation.Instance, cfg projection.Config[simulation.Post]) process.Part {
	return follower(cfg, false)
}

func hasty(_ *simulation.Instance, cfg projection.Config[simulation.Post]) process.Part {
	return follower(cfg, true)
}

// outside writes after the projection has committed.
func outside(ctx context.Context, _ *sql.Tx, i *simulation.Instance, items []projection.Item[simulation.Post]) error {
	i.DB.AfterCommit(ctx, func() {
		_ = i.DB.InTx(i.Context, func(ctx context.Context, tx *sql.Tx) error { // it has told that it has it
			return simulation.Refresh(ctx, tx, i, items)
		})
	})
	return nil
}

// resurrecting takes no notice of deletions.
func resurrecting(ctx context.Context, tx *sql.Tx, i *simulation.Instance, items []projection.Item[simulation.Post]) error {
	for _, item := range items {
		if item.State.Status == "deleted" {
			continue
		}
		if err := simulation.Refresh(ctx, tx, i, []projection.Item[simulation.Post]{item}); err != nil {
			return err
		}
	}
	return nil
}

// squeamish refuses a post that is as good as others.
func squeamish(ctx context.Context, tx *sql.Tx, i *simulation.Instance, items []projection.Item[simulation.Post]) error {
	for _, item := range items {
		if item.ID == "p0" {
			return fault.Invalid("id", "is not liked")
		}
	}
	return simulation.Refresh(ctx, tx, i, items)
}

// boasting says that everything is stored, and is not always right.
type boasting struct {
	stream.Log

	mu    sync.Mutex
	calls int
}

func (b *boasting) Publish(ctx context.Context, behind uint64, notices []stream.Outgoing) ([]uint64, error) {
	b.mu.Lock()
	b.calls++
	isLie := b.calls%3 == 0
	b.mu.Unlock()
	if !isLie {
		return b.Log.Publish(ctx, behind, notices)
	}
	out := make([]uint64, len(notices))
	for i := range out {
		out[i] = behind + uint64(i) + 1
	}
	return out, nil
}

// forgetful tells of a change once it is committed, and dies in between at times.
func forgetful(ctx context.Context, i *simulation.Instance, out *outbox.Outbox, _ *sql.Tx, e outbox.Entry) error {
	i.DB.AfterCommit(ctx, func() {
		_ = i.World.Pause(i.Context, time.Millisecond)                                                          // the process may die
		_ = i.DB.InTx(i.Context, func(ctx context.Context, tx *sql.Tx) error { return out.Append(ctx, tx, e) }) // too late to say so
	})
	return nil
}

// placing gives a place before the order of commits is known.
func placing(ctx context.Context, _ *simulation.Instance, out *outbox.Outbox, tx *sql.Tx, e outbox.Entry) error {
	if err := out.Append(ctx, tx, e); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE outbox SET epoch = 1, pos = n * 2 WHERE aggregate_id = $1 AND version = $2`, e.AggregateID, e.Version)
	return err
}
