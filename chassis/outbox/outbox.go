// Package outbox writes notices in the transaction that changes a row, and
// relays them to JetStream afterwards. Nothing else publishes, so no notice is
// lost by a crash and none tells of a change that was rolled back.
// docs/events.md describes the whole.
package outbox

import (
	"context"
	"embed"
	"fmt"
	"sync"
	"sync/atomic"

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
	// sent is the statement of markSent; inserts are those of AppendAll, by how many notices.
	sent    string
	inserts []string
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
	// tails are those who read on as soon as there is more.
	tails []*Tail

	// walking is held by who computes sums, the digests of a place.
	walking chan struct{}
	sums    sums
}

// New makes the outbox of owner ("posts") in db.
func New(db *sqldb.DB, owner string) *Outbox {
	inserts := make([]string, maxInsert)
	for i := range inserts {
		inserts[i] = inserting(i + 1)
	}
	return &Outbox{
		db: db, owner: owner, wake: make(chan struct{}, 1), changed: make(chan struct{}, 1), placed: make(chan struct{}, 1),
		walking: make(chan struct{}, 1), sent: fmt.Sprintf(sent, db.Dialect().List("$5")), inserts: inserts,
	}
}

// Owner names the service whose notices these are.
func (o *Outbox) Owner() string { return o.owner }

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
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.tails {
		select {
		case t.wake <- struct{}{}:
		default: // it is about to look
		}
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
