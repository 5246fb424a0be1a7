// Package projection keeps a read model in step with its owner. A service
// supplies two functions, fetch and refresh; everything else is here: batches,
// the version guard, tombstones, positions, redelivery with back-off.
// docs/events.md describes the whole.
package projection

import (
	"context"
	"database/sql"
	"embed"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/ids"
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

	// Epoch and Version are those of State. Version 0: the owner does not know the
	// aggregate (any more), and State may be the zero value.
	Epoch, Version int32
	State          S
	// Mend asks to look at everything that was made from the aggregate, and to put
	// right what differs: it is written though the read model says that it has it.
	Mend bool
	// Notice is what told of the change. It is a hint only: State may be newer.
	// When nothing told of it, it has the aggregate's name and the present time.
	Notice *eventsv1.Notice
	// Context carries the trace of this item's change; for notices of one's own.
	Context context.Context //nolint:containedctx // items of one batch belong to different traces
}

// State is what a fetch answers for one Ref.
type State[S any] struct {
	Ref

	// Version is 0 for an aggregate that the owner does not know.
	Epoch, Version int32
	State          S
	// PublicHash is as in the notice of this version.
	PublicHash []byte
}

// Config says what a read model follows.
type Config[S any] struct {
	// Name is the reading service: "tags". Its replicas share the work.
	Name string
	// Owner is the service whose notices are followed: "posts".
	Owner string
	// Types are the aggregate types that the read model wants: "post". Notices
	// of others count as applied and are not fetched. A rebuild takes them in this
	// order. Empty: all.
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
	// Refresh writes items in tx, each newer than what the read model has or to be
	// mended. It must come to the same from the same states: what it finds as it
	// should be it leaves alone, and tells nobody.
	Refresh func(ctx context.Context, tx *sql.Tx, items []Item[S]) error
	// Settle ends a rebuild, or a repair, in tx: it puts right what was made from
	// all aggregates together. It may be nil.
	Settle func(ctx context.Context, tx *sql.Tx) error
	// Tidy takes away what belongs to no aggregate, once a rebuild has written all,
	// and before it ends: some of it after a place, with transactions of its own, which
	// are to be short. It answers where it goes on; empty: there is no more. After an
	// error it is called again, also by another replica. It may be nil.
	Tidy func(ctx context.Context, after string) (next string, err error)
	// Edition counts how often the making of the read model from the owner's states
	// was changed. Where a lower one made it, it is rebuilt; a replica of an older
	// release leaves that to newer ones.
	Edition int32
	// Jitter is a time from 0 to below most, so that replicas do not all do the
	// same at once; nil: by chance. A simulation has it from its seed.
	Jitter func(most time.Duration) time.Duration
	// Telemetry is where spans, metrics and logs go.
	Telemetry *telemetry.Telemetry
}

// Projection follows one owner. Make it with New; run its Part.
type Projection[S any] struct {
	cfg    Config[S]
	log    *slog.Logger
	tracer trace.Tracer
	lag    lag
	mended metric.Int64Counter
	// applying keeps the stream and the feed from working side by side.
	applying lock
	// leased is when the lease was taken last; of the goroutine that compares and rebuilds.
	leased time.Time
	// live counts notices that are being applied or wait for it.
	live atomic.Int64
	// believed is the newest epoch that the owner itself has told.
	believed atomic.Int32
	commits  bell
	wanted   *wanted
	upkeep   chan struct{}
	chased   chan struct{}
	// id names this replica while it compares or rebuilds.
	id string
	// holeSince is the time, in Unix nanoseconds, since when a place is missing
	// below one that was applied; 0: none is.
	holeSince atomic.Int64
}

// New makes a projection.
func New[S any](cfg Config[S]) (*Projection[S], error) {
	if cfg.Jitter == nil {
		cfg.Jitter = rand.N[time.Duration]
	}
	p := &Projection[S]{cfg: cfg, id: ids.New(), upkeep: make(chan struct{}, 1), chased: make(chan struct{}, 1), applying: newLock(), wanted: newWanted(), log: cfg.Telemetry.Log, tracer: cfg.Telemetry.Tracer("chassis/projection")}
	if err := p.observe(cfg.Telemetry.Meter("chassis/projection")); err != nil {
		return nil, err
	}
	return p, nil
}
