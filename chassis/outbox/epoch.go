package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/sqldb"
)

// maxLeap is how far ahead of ours an epoch may be to be believed: anybody who
// may publish can forge one, and there are not many.
const maxLeap = 1000

const (
	ensureOwner = `INSERT INTO outbox_owner (owner, epoch, next_pos) VALUES ($1, 1, 1) ON CONFLICT (owner) DO NOTHING`
	// The update locks the row: two relays take turns and no place is given twice.
	lockRow = `UPDATE outbox_owner SET next_pos = next_pos WHERE owner = $1
 RETURNING epoch, next_pos, incarnation, timeline, lease_holder, lease_until`
	saveRow = `UPDATE outbox_owner SET epoch = $2, next_pos = $3, incarnation = $4, timeline = $5, lease_holder = $6, lease_until = $7 WHERE owner = $1`
	readRow = `SELECT epoch, next_pos - 1, timeline FROM outbox_owner WHERE owner = $1`
)

// mark is a place in the feed.
type mark struct {
	epoch int32
	pos   int64
}

func (m mark) before(other mark) bool {
	return m.epoch < other.epoch || m.epoch == other.epoch && m.pos < other.pos
}

// later is the later of two places.
func later(a, b mark) mark {
	if a.before(b) {
		return b
	}
	return a
}

// ownerRow is the owner's row while it is locked.
type ownerRow struct {
	epoch       int32
	next        int64
	incarnation string
	timeline    string
	holder      string
	until       sqldb.NullTime
	// changed: it must be saved; raised: a new epoch has begun.
	changed, raised bool
}

func (r ownerRow) newest() mark { return mark{r.epoch, r.next - 1} }

// lockOwner locks the owner's row until tx ends. If the database went back in
// time since its places were last seen, or if it never was at the place evidence
// that it once gave, a new epoch begins.
func (o *Outbox) lockOwner(ctx context.Context, tx *sql.Tx, evidence mark, why string) (*ownerRow, error) {
	seen := o.newestSeen()
	row, err := o.lockRow(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("lock the owner row: %w", err)
	}
	timeline, err := o.db.SettledTimeline(ctx)
	if err != nil {
		return nil, err
	}
	if timeline != "" && timeline != row.timeline {
		if row.timeline != "" {
			o.raise(ctx, row, mark{}, "the server or its timeline is another one")
		}
		row.timeline, row.changed = timeline, true
	}
	switch newest := row.newest(); {
	case row.raised:
	case newest.before(seen):
		o.raise(ctx, row, seen, "it had given later places")
	case newest.before(evidence) && evidence.epoch <= newest.epoch+maxLeap:
		o.raise(ctx, row, evidence, why)
	}
	return row, nil
}

func (o *Outbox) lockRow(ctx context.Context, tx *sql.Tx) (*ownerRow, error) {
	read := func() (*ownerRow, error) {
		r := &ownerRow{}
		return r, tx.QueryRowContext(ctx, lockRow, o.owner).Scan(&r.epoch, &r.next, &r.incarnation, &r.timeline, &r.holder, &r.until)
	}
	row, err := read()
	if !errors.Is(err, sql.ErrNoRows) {
		return row, err
	}
	if _, err = tx.ExecContext(ctx, ensureOwner, o.owner); err != nil {
		return nil, err
	}
	return read()
}

// raise begins a new epoch, above both the row's and that of what was seen.
// Places go on: what had one keeps it.
func (o *Outbox) raise(ctx context.Context, row *ownerRow, seen mark, why string) {
	row.epoch = max(row.epoch, seen.epoch) + 1
	row.raised, row.changed = true, true
	o.db.AfterCommit(ctx, func() {
		o.news.Store(&why)
		o.Wake()
	})
}

// save writes the locked row back if it was changed.
func (o *Outbox) save(ctx context.Context, tx *sql.Tx, r *ownerRow) error {
	if r.changed {
		if _, err := tx.ExecContext(ctx, saveRow, o.owner, r.epoch, r.next, r.incarnation, r.timeline, r.holder, r.until); err != nil {
			return fmt.Errorf("save the owner row: %w", err)
		}
	}
	newest := r.newest()
	o.db.AfterCommit(ctx, func() { o.saw(newest) })
	return nil
}

// verify begins a new epoch if the database went back in time: if it is not the
// one that it was, or never was at the place evidence. It writes only then.
func (o *Outbox) verify(ctx context.Context, evidence mark, why string) error {
	evidence = later(evidence, o.newestSeen())
	newest, timeline := mark{epoch: 1}, ""
	err := o.db.Conn(ctx).QueryRowContext(ctx, readRow, o.owner).Scan(&newest.epoch, &newest.pos, &timeline)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the owner row: %w", err)
	}
	is, err := o.db.Timeline(ctx)
	if err != nil {
		return err
	}
	if !newest.before(evidence) && (is == "" || is == timeline) {
		o.saw(newest)
		return nil
	}
	return o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		row, err := o.lockOwner(ctx, tx, evidence, why)
		if err != nil {
			return err
		}
		return o.save(ctx, tx, row)
	})
}

// watermark is the newest place.
func (o *Outbox) watermark(ctx context.Context) (mark, error) {
	m, timeline := mark{epoch: 1}, ""
	err := o.db.Conn(ctx).QueryRowContext(ctx, readRow, o.owner).Scan(&m.epoch, &m.pos, &timeline)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return m, fmt.Errorf("read the watermark: %w", err)
	}
	return m, nil
}

// newestSeen is the newest place that the database was seen at by this process.
func (o *Outbox) newestSeen() mark {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen
}

// saw remembers a place that was committed.
func (o *Outbox) saw(m mark) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = later(o.seen, m)
}
