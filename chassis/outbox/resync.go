package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	idAt = `SELECT id FROM outbox WHERE epoch = $1 AND pos = $2`
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
	// ours: the stream ends with a notice of this history of the database.
	ours bool
	// lost counts notices that were marked and are not in the stream.
	lost int64
}

// reconcile sets the marks of the outbox by where the stream ends, if l may
// work; errTaken if it may not. It is the one answer to a lost confirmation, a
// second relay, a stream that went back in time or was wiped, and to a forgotten
// list of duplicates. A stream that knows more than the database tells that the
// database went back in time.
func (o *Outbox) reconcile(ctx context.Context, end stream.End, l *lease, now time.Time) (reconciled, error) {
	var r reconciled
	err := o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r = reconciled{}
		at, err := o.lockOwner(ctx, tx, placeOf(end.Last), "the stream has later notices")
		if err != nil {
			return err
		}
		ours, err := o.claim(ctx, at, l, now)
		if err != nil {
			return err
		}
		if !ours && !at.raised {
			return errTaken
		}
		if r.ours, err = o.compare(ctx, tx, at, end); err != nil {
			return err
		}
		r.created = at.incarnation != "" && at.incarnation != end.Incarnation
		if at.incarnation != end.Incarnation {
			at.incarnation, at.changed = end.Incarnation, true
		}
		if err := o.remark(ctx, tx, end, &r, now); err != nil {
			return err
		}
		return o.save(ctx, tx, at)
	})
	return r, err
}

func placeOf(n *eventsv1.Notice) mark { return mark{n.GetEpoch(), n.GetPos()} }

// compare tells whether the stream's last notice is one of this history of the
// database. If another one has its place, a new epoch begins.
func (o *Outbox) compare(ctx context.Context, tx *sql.Tx, at *ownerRow, end stream.End) (bool, error) {
	if end.Last == nil {
		return false, nil
	}
	place := placeOf(end.Last)
	var id string
	err := tx.QueryRowContext(ctx, idAt, place.epoch, place.pos).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		// It was deleted as old, unless it was never there.
		return !at.raised && place.epoch == at.epoch, nil
	case err != nil:
		return false, fmt.Errorf("look for the stream's last notice: %w", err)
	case id == end.Last.GetId():
		return true, nil
	case !at.raised && place.epoch == at.epoch:
		o.raise(ctx, at, place, "the stream has another notice at the same place")
	}
	return false, nil
}

func (o *Outbox) remark(ctx context.Context, tx *sql.Tx, end stream.End, r *reconciled, now time.Time) (err error) {
	seq, last := int64(end.Sequence), placeOf(end.Last) //nolint:gosec // a stream has far fewer than 2^63 messages
	switch {
	case r.created && !r.ours:
		r.lost, err = affected(ctx, tx, unmarkRecent, sqldb.At(now.Add(-stream.MaxAge)))
	case !r.ours:
		// It ends with nothing, or with what is no longer or never was true: that says
		// nothing about what is before it. Only what was behind it, or in the place of
		// the foreign one, is not there.
		if end.Last != nil {
			seq--
		}
		r.lost, err = affected(ctx, tx, unmarkAbove, seq)
	case r.created: // the marks are about another stream
		if r.lost, err = affected(ctx, tx, unmarkFrom, last.epoch, last.pos); err == nil {
			_, err = affected(ctx, tx, markTo, seq, last.epoch, last.pos)
		}
	default:
		// By sequence, not by place: what the stream has out of order, since it was
		// sent under another id or behind a foreign message, is there all the same.
		if r.lost, err = affected(ctx, tx, unmarkAbove, seq); err == nil {
			_, err = affected(ctx, tx, markTo, seq, last.epoch, last.pos)
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
