// Package operation brings entries up to what was done to tags. Any number of
// replicas may do so: one at a time works, and another goes on where it ended.
package operation

import (
	"context"
	"log/slog"
	"time"

	"github.com/parution/parution/chassis/ids"
)

const (
	// glance is how long at most a runner sleeps: another replica may have begun
	// something and be gone.
	glance = 30 * time.Second
	// pause is how long it waits after the database failed.
	pause = time.Second
)

// entries is where the work is done.
type entries interface {
	// Restand does a part of the work. It answers 0 if there is more, how long another
	// one may be at it, and less than 0 if nothing is left.
	Restand(ctx context.Context, holder string, now time.Time) (time.Duration, error)
	Woken() <-chan struct{}
}

// Runner works on operations. Make it with New.
type Runner struct {
	entries entries
	log     *slog.Logger
	now     func() time.Time
	id      string
}

// New makes a runner.
func New(e entries, log *slog.Logger, now func() time.Time) *Runner {
	return &Runner{entries: e, log: log, now: now, id: ids.New()}
}

// Run works until ctx ends.
func (r *Runner) Run(ctx context.Context, ready func()) error {
	ready()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-r.entries.Woken():
		}
		timer.Reset(r.work(ctx))
	}
}

// work does what there is and answers how long to sleep.
func (r *Runner) work(ctx context.Context) time.Duration {
	for {
		switch wait, err := r.entries.Restand(ctx, r.id, r.now()); {
		case ctx.Err() != nil:
			return glance
		case err != nil:
			r.log.WarnContext(ctx, "entries wait to be brought up to an operation on tags", "error", err)
			return pause
		case wait < 0:
			return glance
		case wait > 0:
			return min(wait, glance)
		}
	}
}
