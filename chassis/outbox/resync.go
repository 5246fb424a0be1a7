package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
)

const (
	readIncarnation = `SELECT incarnation FROM outbox_owner WHERE owner = $1`
	setIncarnation  = `UPDATE outbox_owner SET incarnation = $2 WHERE owner = $1`
	// The end of the stream tells both ways: it has what is before its last notice, and nothing that is after.
	markTo     = `UPDATE outbox SET stream_seq = $1 WHERE stream_seq IS NULL AND (epoch, pos) <= ($2, $3)`
	unmarkFrom = `UPDATE outbox SET stream_seq = NULL WHERE stream_seq IS NOT NULL AND (epoch, pos) > ($1, $2)`
	// A stream that holds nothing any more still has its count.
	unmarkAbove = `UPDATE outbox SET stream_seq = NULL WHERE stream_seq > $1`
	// A new stream has nothing of what it would keep.
	unmarkRecent = `UPDATE outbox SET stream_seq = NULL WHERE stream_seq IS NOT NULL AND created_at >= $1`
)

// reconciled is what a resync found.
type reconciled struct {
	// created: the stream is not the one that the marks were about.
	created bool
	// found and lost count notices that the stream had without a mark, and that
	// were marked and are not in it.
	found, lost int64
}

// reconcile sets the marks of the outbox by where the stream ends. It is the
// one answer to a lost confirmation, a second relay, a stream that went back in
// time or was wiped, and to a forgotten list of duplicates.
func (o *Outbox) reconcile(ctx context.Context, end stream.End, now time.Time) (reconciled, error) {
	var r reconciled
	err := o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r = reconciled{}
		if _, err := o.lockOwner(ctx, tx); err != nil {
			return err
		}
		var was string
		if err := tx.QueryRowContext(ctx, readIncarnation, o.owner).Scan(&was); err != nil {
			return fmt.Errorf("read the stream's incarnation: %w", err)
		}
		r.created = was != "" && was != end.Incarnation
		if was != end.Incarnation {
			if _, err := tx.ExecContext(ctx, setIncarnation, o.owner, end.Incarnation); err != nil {
				return fmt.Errorf("record the stream's incarnation: %w", err)
			}
		}
		return o.remark(ctx, tx, end, &r, now)
	})
	return r, err
}

func (o *Outbox) remark(ctx context.Context, tx *sql.Tx, end stream.End, r *reconciled, now time.Time) (err error) {
	seq := int64(end.Sequence) //nolint:gosec // a stream has far fewer than 2^63 messages
	switch {
	case r.created && (end.Last == nil || end.Sequence == 0):
		r.lost, err = affected(ctx, tx, unmarkRecent, sqldb.At(now.Add(-stream.MaxAge)))
	case end.Last == nil:
		r.lost, err = affected(ctx, tx, unmarkAbove, seq)
	default:
		epoch, pos := end.Last.GetEpoch(), end.Last.GetPos()
		if r.lost, err = affected(ctx, tx, unmarkFrom, epoch, pos); err == nil {
			r.found, err = affected(ctx, tx, markTo, seq, epoch, pos)
		}
	}
	if err != nil {
		return fmt.Errorf("compare the outbox with the stream: %w", err)
	}
	return nil
}

func affected(ctx context.Context, tx *sql.Tx, statement string, args ...any) (int64, error) {
	res, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
