package trial

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parution/parution/test/chaos/internal/crowd"
	"github.com/parution/parution/test/world/topology"
)

// Drain is how long a program of a rolling restart goes on serving after it has
// said that it stops: a few times what a balancer takes to look.
const Drain = time.Second

// Rolled is what a rolling restart did to readers.
type Rolled struct {
	Programs []string `json:"programs"`
	Requests int      `json:"requests"`
	Failed   int      `json:"failed"`
	// Rate is how many requests a second there were.
	Rate float64 `json:"rate"`
	// P50 and P99 are of the answers, in milliseconds.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	// Problems are the first requests that failed.
	Problems []string `json:"problems"`
}

// Rolling restarts every program of a cluster, one after the other and each once
// the one before is ready, while readers read. cfg.Ops posts are written first.
func Rolling(ctx context.Context, cfg Config) (_ *Rolled, err error) {
	cfg.Kind, cfg.Faults, cfg.Drain = topology.Cluster, 0, Drain
	r, err := launch(ctx, cfg)
	if err != nil {
		return nil, err
	}
	out := &Rolled{Programs: []string{}, Problems: []string{}}
	defer func() {
		v := Verdict{Pass: err == nil && out.Failed == 0}
		if failed := r.close(&v); err == nil {
			err = failed
		}
	}()
	if _, err := r.disturb(ctx); err != nil {
		return nil, err
	}
	if _, err := r.settle(ctx); err != nil {
		return nil, err
	}
	before := len(r.readers.Samples())
	began := time.Now()
	if err := r.roll(ctx, out); err != nil {
		return nil, err
	}
	out.sum(r.readers.Samples()[before:], time.Since(began))
	return out, nil
}

func (r *run) roll(ctx context.Context, out *Rolled) error {
	beside, stop := context.WithCancel(ctx)
	var side sync.WaitGroup
	side.Go(func() { r.balancer.Run(beside) })
	side.Go(func() { r.readers.Run(beside, r.Reads) })
	defer func() { stop(); side.Wait() }()
	for _, name := range r.t.Programs() {
		if !crowd.Pause(ctx, lookAgain) {
			return ctx.Err()
		}
		if err := r.t.Stop(name); err != nil {
			return err
		}
		if err := r.t.Start(ctx, name); err != nil {
			return err
		}
		if err := r.awaitReady(ctx); err != nil {
			return err
		}
		out.Programs = append(out.Programs, name)
		r.Log("%s was restarted", name)
	}
	crowd.Pause(ctx, Drain) // what the last restart does is seen after it
	return ctx.Err()
}

// sum counts samples.
func (o *Rolled) sum(samples []crowd.Sample, took time.Duration) {
	var times []time.Duration
	for _, s := range samples {
		o.Requests++
		times = append(times, s.End.Sub(s.At))
		if s.Served {
			continue
		}
		o.Failed++
		if len(o.Problems) < 10 {
			o.Problems = append(o.Problems, fmt.Sprintf("%s %s%s after %d ms: %s", s.At.UTC().Format("15:04:05.000"), s.Front, s.Path, s.End.Sub(s.At).Milliseconds(), strings.TrimSpace(s.Problem)))
		}
	}
	slices.Sort(times)
	if n := len(times); n > 0 {
		o.P50, o.P99 = times[n/2].Seconds()*1000, times[n*99/100].Seconds()*1000
	}
	o.Rate = float64(o.Requests) / took.Seconds()
}
