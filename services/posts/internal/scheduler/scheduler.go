// Package scheduler publishes scheduled posts when their moment has come. Any
// number of replicas may do so: the post's version lets one of them win.
package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/posts/internal/post"
)

const (
	// glance is how long at most the scheduler sleeps: another replica may have
	// scheduled something.
	glance = 30 * time.Second
	// pause is how long it waits after the database failed.
	pause = time.Second
	// name is who publishes, in the post's history.
	name = "schedule"
)

// Posts is what the scheduler needs of the store.
type Posts interface {
	Clock(ctx context.Context) (time.Time, error)
	Due(ctx context.Context, now time.Time) ([]post.Due, error)
	NextDue(ctx context.Context) (time.Time, bool, error)
	Update(ctx context.Context, site, id, author string, fn func(*post.Post) error) (*post.Post, error)
}

// Scheduler publishes what is due. Make it with New.
type Scheduler struct {
	posts    Posts
	log      *slog.Logger
	lateness metric.Float64Histogram
	wake     <-chan struct{}
}

// New makes a scheduler; wake says that the schedule has changed.
func New(posts Posts, wake <-chan struct{}, log *slog.Logger, meter metric.Meter) (*Scheduler, error) {
	lateness, err := meter.Float64Histogram("parution_schedule_lateness_seconds", metric.WithUnit("s"),
		metric.WithDescription("From the moment that a post was scheduled for until it was published."),
		metric.WithExplicitBucketBoundaries(.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600))
	if err != nil {
		return nil, fmt.Errorf("register parution_schedule_lateness_seconds: %w", err)
	}
	return &Scheduler{posts: posts, log: log, lateness: lateness, wake: wake}, nil
}

// Run publishes what is due until ctx ends.
func (s *Scheduler) Run(ctx context.Context, ready func()) error {
	ready()
	for s.sleep(ctx, s.once(ctx)) {
	}
	return nil
}

// once publishes what is due and answers how long to sleep.
func (s *Scheduler) once(ctx context.Context) time.Duration {
	wait, err := s.round(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, "scheduled posts wait", "error", err)
		}
		return pause
	}
	return wait
}

// sleep waits for the time or for a change of the schedule; false if ctx ended.
func (s *Scheduler) sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-s.wake:
	case <-timer.C:
	}
	return true
}

// round publishes all that is due and answers how long nothing will be.
func (s *Scheduler) round(ctx context.Context) (time.Duration, error) {
	for {
		now, err := s.posts.Clock(ctx)
		if err != nil {
			return 0, err
		}
		due, err := s.posts.Due(ctx, now)
		if err != nil {
			return 0, err
		}
		if len(due) == 0 {
			return s.untilNext(ctx, now)
		}
		for _, d := range due {
			if err := s.publish(ctx, d, now); err != nil {
				return 0, err
			}
		}
	}
}

func (s *Scheduler) publish(ctx context.Context, d post.Due, now time.Time) error {
	happened := false
	_, err := s.posts.Update(ctx, d.Site, d.ID, name, func(p *post.Post) error {
		err := p.PublishDue(now)
		happened = p.Happened() != ""
		return err
	})
	if kind := fault.KindOf(err); err != nil && (kind == fault.KindStale || kind == fault.KindConflict || kind == fault.KindNotFound) {
		return nil // another replica, or its author, was quicker
	}
	if err != nil {
		return fmt.Errorf("publish the due post %s: %w", d.ID, err)
	}
	if happened {
		late := max(0, now.Sub(d.At))
		s.lateness.Record(ctx, late.Seconds())
		s.log.InfoContext(ctx, "a scheduled post was published", "post_id", d.ID, "site", d.Site, "late", late)
	}
	return nil
}

func (s *Scheduler) untilNext(ctx context.Context, now time.Time) (time.Duration, error) {
	next, ok, err := s.posts.NextDue(ctx)
	if err != nil || !ok {
		return glance, err
	}
	return min(glance, max(0, next.Sub(now))), nil
}
