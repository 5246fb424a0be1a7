// Package projection keeps a read model in step with its owner. A service
// supplies two functions, fetch and refresh; everything else is here: batches,
// the version guard, tombstones, positions, redelivery with back-off.
// docs/events.md describes the whole.
package projection

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

//go:embed migrations
var files embed.FS

// Migrations is the schema of projections, for the read model's database.
func Migrations() sqldb.Migrations {
	return sqldb.Migrations{Name: "projection", FS: sqldb.Sub(files, "migrations")}
}

// Ref names an aggregate of the owner.
type Ref struct{ Type, ID string }

// Item is an aggregate's current state, to be written into the read model.
type Item[S any] struct {
	Ref

	// Epoch and Version are those of State.
	Epoch, Version int32
	State          S
	// Notice is what told of the change. It is a hint only: State may be newer.
	Notice *eventsv1.Notice
	// Context carries the trace of this item's change; for notices of one's own.
	Context context.Context //nolint:containedctx // items of one batch belong to different traces
}

// State is what a fetch answers for one Ref.
type State[S any] struct {
	Ref

	Epoch, Version int32
	State          S
}

// Config says what a read model follows.
type Config[S any] struct {
	// Name is the reading service: "tags". Its replicas share the work.
	Name string
	// Owner is the service whose notices are followed: "posts".
	Owner string
	// Types are the aggregate types that the read model wants: "post". Notices
	// of others count as applied and are not fetched. Empty: all.
	Types []string
	DB    *sqldb.DB
	// Source brings the notices.
	Source stream.Source
	// Fetch asks the owner for the current states, deletions included as
	// tombstones. At most 100 refs a call. An aggregate that the owner never knew is left out.
	Fetch func(ctx context.Context, refs []Ref) ([]State[S], error)
	// Feed reads the owner's feed straight from it, for what the stream does not
	// bring. Without one the read model has the stream only.
	Feed eventsv1.FeedServiceClient
	// Refresh writes items, each newer than what the read model has, in tx.
	Refresh func(ctx context.Context, tx *sql.Tx, items []Item[S]) error
	// Telemetry is where spans, metrics and logs go.
	Telemetry *telemetry.Telemetry
}

// Projection follows one owner. Make it with New; run its Part.
type Projection[S any] struct {
	cfg    Config[S]
	log    *slog.Logger
	tracer trace.Tracer
	lag    lag
	// applying keeps the stream and the feed from working side by side.
	applying sync.Mutex
	// attempts counts failures by the notice's id, under applying.
	attempts map[string]int32
	// holeSince is the time, in Unix nanoseconds, since when a place is missing
	// below one that was applied; 0: none is.
	holeSince atomic.Int64
}

// New makes a projection.
func New[S any](cfg Config[S]) (*Projection[S], error) {
	p := &Projection[S]{cfg: cfg, attempts: make(map[string]int32), log: cfg.Telemetry.Log, tracer: cfg.Telemetry.Tracer("chassis/projection")}
	if err := p.observe(cfg.Telemetry.Meter("chassis/projection")); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Projection[S]) observe(meter metric.Meter) error {
	positions, err := meter.Int64ObservableGauge("parution_projection_lag_positions",
		metric.WithDescription("Notices of the owner that the read model has not applied."))
	if err != nil {
		return fmt.Errorf("register parution_projection_lag_positions: %w", err)
	}
	seconds, err := meter.Float64ObservableGauge("parution_projection_lag_seconds", metric.WithUnit("s"),
		metric.WithDescription("Age of the last notice when it was applied."))
	if err != nil {
		return fmt.Errorf("register parution_projection_lag_seconds: %w", err)
	}
	dead, err := meter.Int64ObservableGauge("parution_dead_letters",
		metric.WithDescription("Changes that could not be applied and were put aside."))
	if err != nil {
		return fmt.Errorf("register parution_dead_letters: %w", err)
	}
	attrs := p.attributes()
	_, err = meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		n, err := p.deadCount(ctx)
		if err == nil {
			o.ObserveInt64(dead, n, attrs)
		}
		o.ObserveInt64(positions, p.lag.positions.Load(), attrs)
		o.ObserveFloat64(seconds, float64(p.lag.micros.Load())/1e6, attrs)
		return err
	}, dead, positions, seconds)
	if err != nil {
		return fmt.Errorf("observe the projection's lag: %w", err)
	}
	return nil
}

// errBehind is an owner that answers with a state older than its notice: a
// replica of its database that has not caught up.
var errBehind = errors.New("the owner answered with an older state than it announced")

// apply brings the read model up to what the notices tell, in one transaction.
func (p *Projection[S]) apply(ctx context.Context, notices []received) error {
	wanted, err := p.newer(ctx, notices)
	if err != nil {
		return err
	}
	states := make(map[Ref]State[S], len(wanted))
	if len(wanted) > 0 {
		refs := make([]Ref, 0, len(wanted))
		for ref := range wanted {
			refs = append(refs, ref)
		}
		got, err := p.cfg.Fetch(ctx, refs)
		if err != nil {
			return &askError{fmt.Errorf("fetch %d changed from %s: %w", len(refs), p.cfg.Owner, err)}
		}
		for _, s := range got {
			states[s.Ref] = s
		}
	}
	for ref, r := range wanted {
		s, ok := states[ref]
		if !ok {
			p.log.WarnContext(ctx, "the owner does not know what it announced", "owner", p.cfg.Owner,
				"aggregate_type", ref.Type, "aggregate_id", ref.ID)
			continue
		}
		if older(s.Epoch, s.Version, r.notice.GetEpoch(), r.notice.GetVersion()) {
			return fmt.Errorf("%s %s: %w", ref.Type, ref.ID, errBehind)
		}
	}
	return p.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return p.write(ctx, tx, notices, wanted, states)
	})
}

func (p *Projection[S]) write(ctx context.Context, tx *sql.Tx, notices []received, wanted map[Ref]received, states map[Ref]State[S]) error {
	// The cursor row is locked first: replicas of a read model take turns, so
	// what is compared here cannot change before the commit.
	cursor, err := p.lockCursor(ctx, tx)
	if err != nil {
		return err
	}
	var items []Item[S]
	for _, r := range notices {
		ref := refOf(r.notice)
		s, ok := states[ref]
		if !ok || wanted[ref].notice != r.notice {
			continue
		}
		isNewer, err := p.raise(ctx, tx, s.Ref, s.Epoch, s.Version)
		if err != nil {
			return err
		}
		if isNewer {
			items = append(items, Item[S]{Ref: ref, Epoch: s.Epoch, Version: s.Version, State: s.State, Notice: r.notice, Context: r.ctx})
		}
	}
	if len(items) > 0 {
		if err := p.refresh(ctx, tx, items); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, dropRaised, p.cfg.Owner); err != nil {
			return fmt.Errorf("drop dead letters: %w", err)
		}
	}
	return p.advance(ctx, tx, cursor, notices)
}

// refresh calls the service; a panic in it is a failure like another.
func (p *Projection[S]) refresh(ctx context.Context, tx *sql.Tx, items []Item[S]) (err error) {
	defer func() {
		if r := recover(); r != nil {
			p.log.ErrorContext(ctx, "refresh panicked", "owner", p.cfg.Owner, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("refresh panicked: %v", r)
		}
	}()
	return p.cfg.Refresh(ctx, tx, items)
}

// newer picks, of each aggregate, the newest notice that the read model has not seen.
func (p *Projection[S]) newer(ctx context.Context, notices []received) (map[Ref]received, error) {
	wanted := make(map[Ref]received, len(notices))
	for _, r := range notices {
		ref := refOf(r.notice)
		if len(p.cfg.Types) > 0 && !slices.Contains(p.cfg.Types, ref.Type) {
			continue
		}
		if was, ok := wanted[ref]; ok && !older(was.notice.GetEpoch(), was.notice.GetVersion(), r.notice.GetEpoch(), r.notice.GetVersion()) {
			continue
		}
		has, err := p.has(ctx, ref)
		if err != nil {
			return nil, err
		}
		if older(has.epoch, has.version, r.notice.GetEpoch(), r.notice.GetVersion()) {
			wanted[ref] = r
		}
	}
	return wanted, nil
}

func refOf(n *eventsv1.Notice) Ref {
	return Ref{Type: n.GetAggregateType(), ID: n.GetAggregateId()}
}

// older tells whether (epoch, version) comes before (thanEpoch, thanVersion).
func older(epoch, version, thanEpoch, thanVersion int32) bool {
	return epoch < thanEpoch || epoch == thanEpoch && version < thanVersion
}
