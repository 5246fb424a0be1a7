package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/sqldb"
)

const (
	// leaseFor is how long a relay that is gone keeps the others from working,
	// by the database's clock.
	leaseFor = 6 * time.Second
	// renewEvery is how often a relay that works prolongs its lease.
	renewEvery = 2 * time.Second
	// courtesy is what others leave to the one that had the lease last: it knows
	// where the stream ends.
	courtesy = 50 * time.Millisecond
)

const (
	readLease = `SELECT lease_holder, lease_until FROM outbox_owner WHERE owner = $1`
	freeLease = `UPDATE outbox_owner SET lease_holder = '', lease_until = NULL WHERE owner = $1 AND lease_holder = $2`
)

// errTaken says that another relay has the lease.
var errTaken = errors.New("another relay is at work")

// lease is what one relay knows of it. The lease only saves work: what makes
// two relays harmless is the lock on the owner's row, and that the stream takes
// a notice only behind the one before it.
type lease struct {
	// holder is this relay, unique among all.
	holder string
	// renewed is when this relay took it last, by its own clock.
	renewed time.Time
	// waited: the one that had it last was given its time.
	waited bool
	// shy: it works if nobody else does, but does not take it.
	shy bool
}

// fresh tells whether it is ours without asking.
func (l *lease) fresh(now time.Time) bool {
	return !l.renewed.IsZero() && now.Sub(l.renewed) < renewEvery
}

// claim decides, with the owner's row locked, whether l may work; if so it puts
// into at what the row is to say.
func (o *Outbox) claim(ctx context.Context, at *ownerRow, l *lease, now time.Time) (bool, error) {
	if at.holder == l.holder && l.fresh(now) {
		return true, nil
	}
	clock, err := o.db.Clock(ctx)
	if err != nil {
		return false, err
	}
	if at.holder != l.holder && left(at.holder, at.until, clock) > 0 {
		return false, nil
	}
	if l.shy {
		return true, nil
	}
	at.holder, at.until, at.changed = l.holder, sqldb.MaybeAt(new(clock.Add(leaseFor))), true
	o.db.AfterCommit(ctx, func() { l.renewed, l.waited = now, false })
	return true, nil
}

// left is how long the lease of holder lasts. One that seems to last longer than
// any is from before somebody set the clock.
func left(holder string, until sqldb.NullTime, clock time.Time) time.Duration {
	d := until.Time.Sub(clock)
	if holder == "" || !until.Valid || d > leaseFor {
		return 0
	}
	return max(0, d)
}

// others tells for how long the lease is another relay's, 0 if it may be taken,
// and whether another one had it last.
func (o *Outbox) others(ctx context.Context, l *lease) (time.Duration, bool, error) {
	var holder string
	var until sqldb.NullTime
	err := o.db.Conn(ctx).QueryRowContext(ctx, readLease, o.owner).Scan(&holder, &until)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (holder == "" || holder == l.holder) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the lease: %w", err)
	}
	clock, err := o.db.Clock(ctx)
	return left(holder, until, clock), true, err
}

// release gives the lease back, if it is ours, and wakes the other relays.
func (o *Outbox) release(ctx context.Context, l *lease) error {
	if l.renewed.IsZero() {
		return nil
	}
	l.renewed = time.Time{}
	var freed int64
	err := o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		freed, err = affected(ctx, tx, freeLease, o.owner, l.holder)
		return err
	})
	if err != nil {
		return fmt.Errorf("release the lease: %w", err)
	}
	if freed == 0 {
		return nil
	}
	return o.db.Notify(ctx, channel)
}
