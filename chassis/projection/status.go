package projection

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/sqldb"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	readStatus = `SELECT epoch, floor, generation, problem, rebuild_phase <> '', compared_at, drift_repaired,
 (SELECT count(*) FROM dead_letter AS d WHERE d.source = c.source),
 (SELECT count(*) FROM projection_version AS v WHERE v.source = c.source),
 (SELECT count(*) FROM projection_version AS v WHERE v.source = c.source AND v.generation < c.generation)
 FROM projection_cursor AS c WHERE source = $1`
	// statusTimeout is for each of the two things that the owner is asked beside: an
	// operator who asks because an owner hangs waits 1.5 s in all.
	statusTimeout = 500 * time.Millisecond
)

// lag knows how far the owner was when it was last heard.
type lag struct {
	mu    sync.Mutex
	known cursor
	// sure is how far the owner itself has said to be: a heartbeat can be forged.
	sure cursor
}

func (l *lag) heard(at cursor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known.before(at) {
		l.known = at
	}
}

// told sets what the owner itself said, whatever was heard before.
func (l *lag) told(at cursor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known, l.sure = at, at
}

// listed is told of a place that the owner's feed has.
func (l *lag) listed(at cursor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sure.before(at) {
		l.sure = at
	}
}

// isSure tells whether the owner itself has said to be as far as at.
func (l *lag) isSure(at cursor) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.sure.before(at)
}

// behind counts the notices between a floor and what the owner was heard to have.
func (l *lag) behind(at cursor) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return between(at, l.known)
}

// between counts notices; those of an epoch that ended in between are not known.
func between(at, end cursor) int64 {
	switch {
	case !at.before(end):
		return 0
	case at.epoch == end.epoch:
		return end.floor - at.floor
	}
	return max(1, end.floor)
}

// oldest is the age of the first notice after at, 0 if there is none.
func (p *Projection[S]) oldest(ctx context.Context, at cursor) (time.Duration, error) {
	if p.cfg.Feed == nil {
		return 0, errors.New("there is no feed")
	}
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	got, err := p.cfg.Feed.ListChanges(ctx, &eventsv1.ListChangesRequest{Owner: p.cfg.Owner, AfterEpoch: at.epoch, AfterPos: at.floor, PageSize: 1})
	if err != nil || len(got.GetNotices()) == 0 {
		return 0, err
	}
	return max(0, time.Since(got.GetNotices()[0].GetOccurredAt().AsTime())), nil
}

func (p *Projection[S]) observe(meter metric.Meter) error {
	positions, err := meter.Int64ObservableGauge("parution_projection_lag_positions",
		metric.WithDescription("Notices of the owner that the read model has not applied."))
	if err != nil {
		return fmt.Errorf("register parution_projection_lag_positions: %w", err)
	}
	seconds, err := meter.Float64ObservableGauge("parution_projection_lag_seconds", metric.WithUnit("s"),
		metric.WithDescription("Age of the oldest notice that was not applied, 0 if there is none."))
	if err != nil {
		return fmt.Errorf("register parution_projection_lag_seconds: %w", err)
	}
	dead, err := meter.Int64ObservableGauge("parution_dead_letters",
		metric.WithDescription("Changes that could not be applied and were put aside."))
	if err != nil {
		return fmt.Errorf("register parution_dead_letters: %w", err)
	}
	p.mended, err = meter.Int64Counter("parution_drift_repaired_total",
		metric.WithDescription("Aggregates that differed from the owner's without a reason and were mended. Anything but 0 is a defect to look for."))
	if err != nil {
		return fmt.Errorf("register parution_drift_repaired_total: %w", err)
	}
	attrs := p.attributes()
	_, err = meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		n, err := p.deadCount(ctx)
		if err != nil {
			return err
		}
		at, err := p.cursor(ctx)
		if err != nil {
			return err
		}
		o.ObserveInt64(dead, n, attrs)
		behind := p.lag.behind(at)
		o.ObserveInt64(positions, behind, attrs)
		age := time.Duration(0)
		if behind > 0 {
			if age, err = p.oldest(ctx, at); err != nil {
				return nil //nolint:nilerr // the owner is away: nobody knows
			}
		}
		o.ObserveFloat64(seconds, age.Seconds(), attrs)
		return nil
	}, dead, positions, seconds)
	if err != nil {
		return fmt.Errorf("observe the projection's lag: %w", err)
	}
	return nil
}

// Names tells who reads and who owns.
func (p *Projection[S]) Names() (name, source string) { return p.cfg.Name, p.cfg.Owner }

// Status tells how the read model stands. It asks the owner how far it is, and
// leaves that open if it does not answer.
func (p *Projection[S]) Status(ctx context.Context) (*eventsv1.ReadModel, error) {
	out := &eventsv1.ReadModel{Name: p.cfg.Name, Source: p.cfg.Owner}
	if err := p.ensure(ctx); err != nil {
		return nil, err
	}
	var compared sqldb.NullTime
	err := p.cfg.DB.Conn(ctx).QueryRowContext(ctx, readStatus, p.cfg.Owner).Scan(&out.Epoch, &out.Floor, &out.Generation, &out.Problem, &out.Rebuilding, &compared,
		&out.DriftRepaired, &out.DeadLetters, &out.Aggregates, &out.OfOlderGeneration)
	if err != nil {
		return nil, fmt.Errorf("read how %s of %s stands: %w", p.cfg.Name, p.cfg.Owner, err)
	}
	if at := compared.Ptr(); at != nil {
		out.ComparedAt = timestamppb.New(*at)
	}
	at := cursor{out.GetEpoch(), out.GetFloor()}
	if p.cfg.Feed == nil {
		return out, nil
	}
	ask, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	w, err := p.watermark(ask)
	if err != nil {
		return out, nil
	}
	out.WatermarkEpoch, out.Watermark, out.Lag = w.epoch, w.floor, between(at, w)
	if age, err := p.oldest(ctx, at); err == nil && out.GetLag() > 0 {
		out.LagSeconds = age.Seconds()
	}
	return out, nil
}
