// Package outbox writes notices in the transaction that changes a row, and
// relays them to JetStream afterwards. Nothing else publishes, so no notice is
// lost by a crash and none tells of a change that was rolled back.
// docs/events.md describes the whole.
package outbox

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb"
)

//go:embed migrations
var files embed.FS

// Migrations is the schema of the outbox, for the owner's database.
func Migrations() sqldb.Migrations {
	return sqldb.Migrations{Name: "outbox", FS: sqldb.Sub(files, "migrations")}
}

// Outbox is the outbox in one owner's database. Safe for concurrent use.
type Outbox struct {
	db    *sqldb.DB
	owner string
	// wake reaches the relay of this process, changed those of the others.
	wake, changed chan struct{}
	// placed reaches those who wait for changes.
	placed chan struct{}
	// news is why a new epoch began, until the relay has told.
	news atomic.Pointer[string]

	mu sync.Mutex
	// seen is the newest place that the database was seen at.
	seen mark
	// noted is what the file beside a SQLite database says.
	noted beside

	// walking is held by who computes sums, the digests of a place.
	walking chan struct{}
	sums    sums
}

// New makes the outbox of owner ("posts") in db.
func New(db *sqldb.DB, owner string) *Outbox {
	return &Outbox{
		db: db, owner: owner, wake: make(chan struct{}, 1), changed: make(chan struct{}, 1), placed: make(chan struct{}, 1),
		walking: make(chan struct{}, 1),
	}
}

// Owner names the service whose notices these are.
func (o *Outbox) Owner() string { return o.owner }

// Entry is a notice before it has its place in the feed.
type Entry struct {
	Site          string
	AggregateType string // "post"
	AggregateID   string
	Version       int32  // unique for the aggregate
	Kind          string // past tense: "published"
	PublicHash    []byte // of the public state
	// Public: anybody may know of it, since the aggregate is public or was once.
	Public bool
	Facts  proto.Message
	At     time.Time
}

const insert = `INSERT INTO outbox
 (id, site, aggregate_type, aggregate_id, version, kind, public_hash, facts, trace, created_at, public)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

// Append writes e in tx, the transaction that changes the aggregate, and wakes
// the relay once that has committed. The trace of ctx goes with it. Telling of
// one version twice is a Conflict: somebody else changed the aggregate.
func (o *Outbox) Append(ctx context.Context, tx *sql.Tx, e Entry) error {
	facts, err := anypb.New(e.Facts)
	if err != nil {
		return fmt.Errorf("pack the facts of %s %s: %w", e.AggregateType, e.AggregateID, err)
	}
	packed, err := proto.Marshal(facts)
	if err != nil {
		return fmt.Errorf("marshal the facts of %s %s: %w", e.AggregateType, e.AggregateID, err)
	}
	hash := e.PublicHash
	if hash == nil {
		hash = []byte{}
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	_, err = tx.ExecContext(ctx, insert, ids.New(), e.Site, e.AggregateType, e.AggregateID, e.Version, e.Kind,
		hash, packed, carrier.Get("traceparent"), sqldb.At(e.At), e.Public)
	switch {
	case sqldb.IsUnique(err):
		return fault.Wrap(fault.KindConflict, err, "%s was changed at the same time", e.AggregateType)
	case err != nil:
		return fmt.Errorf("append to the outbox: %w", err)
	}
	o.db.AfterCommit(ctx, o.Wake)
	return nil
}

// Wake tells the relays, here and in other processes, that there is something
// to send.
func (o *Outbox) Wake() {
	o.poke()
	select {
	case o.changed <- struct{}{}:
	default: // it is about to be told
	}
}

// poke wakes the relay of this process only.
func (o *Outbox) poke() {
	select {
	case o.wake <- struct{}{}:
	default: // it is awake already
	}
	o.tellWaiting()
}

// tellWaiting has those who wait for changes look.
func (o *Outbox) tellWaiting() {
	select {
	case o.placed <- struct{}{}:
	default: // they are about to
	}
}

// Unsent counts notices that have not reached the stream.
func (o *Outbox) Unsent(ctx context.Context) (int64, error) {
	var n int64
	err := o.db.Conn(ctx).QueryRowContext(ctx, `SELECT count(*) FROM outbox WHERE stream_seq IS NULL`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count unsent notices: %w", err)
	}
	return n, nil
}

// Epoch tells the timeline of the owner's database; 1 for a fresh one.
func (o *Outbox) Epoch(ctx context.Context) (int32, error) {
	w, err := o.watermark(ctx)
	return w.epoch, err
}
