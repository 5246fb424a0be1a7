package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/sqldb"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// batch is how many notices are placed or sent in one go.
const batch = 500

const (
	ensureOwner = `INSERT INTO outbox_owner (owner, epoch, next_pos) VALUES ($1, 1, 1) ON CONFLICT (owner) DO NOTHING`
	// The update locks the row: two relays take turns and no place is given twice.
	lockRow = `UPDATE outbox_owner SET next_pos = next_pos WHERE owner = $1 RETURNING epoch, next_pos`
	// Rows without a place, not rows "after the last": numbers are not commit order.
	place = `UPDATE outbox SET epoch = $1, pos = $2 + r.i
 FROM (SELECT n, row_number() OVER (ORDER BY n) - 1 AS i FROM outbox WHERE pos IS NULL ORDER BY n LIMIT $3) AS r
 WHERE outbox.n = r.n`
	advance = `UPDATE outbox_owner SET next_pos = $2 WHERE owner = $1`
	columns = `SELECT id, site, aggregate_type, aggregate_id, version, kind, public_hash, facts, trace, created_at, epoch, pos FROM outbox`
	unsent  = columns + ` WHERE pos IS NOT NULL AND stream_seq IS NULL ORDER BY epoch, pos LIMIT $1`
	after   = columns + ` WHERE (epoch, pos) > ($1, $2) ORDER BY epoch, pos LIMIT $3`
	sent    = `UPDATE outbox SET stream_seq = $1 WHERE id = $2`
	newest  = `SELECT epoch, next_pos - 1 FROM outbox_owner WHERE owner = $1`
)

// row is a notice with what the relay needs beside it.
type row struct {
	notice *eventsv1.Notice
	trace  string
}

func (r row) place() mark { return mark{r.notice.GetEpoch(), r.notice.GetPos()} }

type mark struct {
	epoch int32
	pos   int64
}

// sequence gives places to up to batch notices; it answers how many.
func (o *Outbox) sequence(ctx context.Context) (int64, error) {
	var placed int64
	err := o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		at, err := o.lockOwner(ctx, tx)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, place, at.epoch, at.pos, batch)
		if err != nil {
			return fmt.Errorf("place notices: %w", err)
		}
		if placed, err = res.RowsAffected(); err != nil || placed == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, advance, o.owner, at.pos+placed); err != nil {
			return fmt.Errorf("advance the position: %w", err)
		}
		return nil
	})
	if err == nil && placed > 0 {
		o.tellWaiting()
	}
	return placed, err
}

// lockOwner locks the owner's row until tx ends; it answers the next place.
func (o *Outbox) lockOwner(ctx context.Context, tx *sql.Tx) (mark, error) {
	var at mark
	err := tx.QueryRowContext(ctx, lockRow, o.owner).Scan(&at.epoch, &at.pos)
	if errors.Is(err, sql.ErrNoRows) {
		if _, err = tx.ExecContext(ctx, ensureOwner, o.owner); err == nil {
			err = tx.QueryRowContext(ctx, lockRow, o.owner).Scan(&at.epoch, &at.pos)
		}
	}
	if err != nil {
		return at, fmt.Errorf("lock the owner row: %w", err)
	}
	return at, nil
}

func (o *Outbox) watermark(ctx context.Context) (mark, error) {
	m := mark{epoch: 1}
	err := o.db.Conn(ctx).QueryRowContext(ctx, newest, o.owner).Scan(&m.epoch, &m.pos)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return m, fmt.Errorf("read the watermark: %w", err)
	}
	return m, nil
}

func (o *Outbox) rows(ctx context.Context, query string, args ...any) (_ []row, err error) {
	rs, err := o.db.Conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	defer func() { err = errors.Join(err, rs.Close()) }()
	var out []row
	for rs.Next() {
		n, r, at, facts := &eventsv1.Notice{Owner: o.owner}, row{}, sqldb.Time{}, []byte(nil)
		if err := rs.Scan(&n.Id, &n.Site, &n.AggregateType, &n.AggregateId, &n.Version, &n.Kind, &n.PublicHash,
			&facts, &r.trace, &at, &n.Epoch, &n.Pos); err != nil {
			return nil, fmt.Errorf("scan a notice: %w", err)
		}
		n.OccurredAt = timestamppb.New(at.Time)
		packed := &anypb.Any{}
		n.Facts = packed
		if err := proto.Unmarshal(facts, packed); err != nil {
			return nil, fmt.Errorf("read the facts of notice %s: %w", n.GetId(), err)
		}
		r.notice = n
		out = append(out, r)
	}
	return out, rs.Err()
}

// markSent records that the stream has these notices.
func (o *Outbox) markSent(ctx context.Context, seqs map[string]uint64) error {
	return o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, sent)
		if err != nil {
			return fmt.Errorf("prepare the mark: %w", err)
		}
		defer func() { _ = stmt.Close() }() // closed with tx anyway
		for id, seq := range seqs {
			if _, err := stmt.ExecContext(ctx, int64(seq), id); err != nil { //nolint:gosec // a stream has far fewer than 2^63 messages
				return fmt.Errorf("mark %s sent: %w", id, err)
			}
		}
		return nil
	})
}
