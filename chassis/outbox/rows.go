package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/sqldb"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// batch is how many notices are placed or sent in one go.
const batch = 500

const (
	// Rows without a place, not rows "after the last": numbers are not commit order.
	place = `UPDATE outbox SET epoch = $1, pos = $2 + r.i
 FROM (SELECT n, row_number() OVER (ORDER BY n) - 1 AS i FROM outbox WHERE pos IS NULL ORDER BY n LIMIT $3) AS r
 WHERE outbox.n = r.n`
	fields  = `SELECT id, site, aggregate_type, aggregate_id, version, kind, public_hash, facts, trace, created_at, public, epoch, pos, `
	columns = fields + `0 AS present FROM outbox`
	// What is sent needs the present epoch too, which another process may have begun.
	unsent = fields + `(SELECT o.epoch FROM outbox_owner AS o WHERE o.owner = $1) AS present FROM outbox WHERE pos IS NOT NULL AND stream_seq IS NULL ORDER BY epoch, pos LIMIT $2`
	after  = columns + ` WHERE (epoch, pos) > ($1, $2) ORDER BY epoch, pos LIMIT $3`
	sent   = `UPDATE outbox SET stream_seq = pos + $1 WHERE epoch = $2 AND pos BETWEEN $3 AND $4 AND id IN (SELECT item FROM %s)`
	// isUnplaced tells whether something has no place. What has no epoch has none, and the
	// other way round: asked for the place alone, SQLite looks through all places.
	isUnplaced = `EXISTS (SELECT 1 FROM outbox WHERE epoch IS NULL AND pos IS NULL)`
	// What there is to do: something without a place, something that was not sent.
	waiting = `SELECT ` + isUnplaced + `,
 EXISTS (SELECT 1 FROM outbox WHERE stream_seq IS NULL AND pos IS NOT NULL)`
	firstUnsent = `SELECT epoch, pos FROM outbox WHERE stream_seq IS NULL AND pos IS NOT NULL ORDER BY epoch, pos LIMIT 1`
	lastBefore  = `SELECT epoch, pos FROM outbox WHERE (epoch, pos) < ($1, $2) ORDER BY epoch DESC, pos DESC LIMIT 1`
)

// row is a notice with what the relay needs beside it.
type row struct {
	notice *eventsv1.Notice
	trace  string
	// present is the owner's epoch now, of rows that are to be sent.
	present int32
}

func (r row) place() mark { return mark{r.notice.GetEpoch(), r.notice.GetPos()} }

// messageID is what the stream knows the notice by. It is another one in each
// epoch: the lost history may have sent the same notice from another place, and a
// stream that knows it would not store it again.
func (r row) messageID() string {
	if r.present <= 1 {
		return r.notice.GetId()
	}
	return r.notice.GetId() + "." + strconv.Itoa(int(r.present))
}

// sequence gives places to up to batch notices, if l may work; it answers how
// many. errTaken if it may not.
func (o *Outbox) sequence(ctx context.Context, l *lease, now time.Time) (int64, error) {
	var placed int64
	err := o.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		at, err := o.lockOwner(ctx, tx, mark{}, "")
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
		res, err := tx.ExecContext(ctx, place, at.epoch, at.next, batch)
		if err != nil {
			return fmt.Errorf("place notices: %w", err)
		}
		if placed, err = res.RowsAffected(); err != nil {
			return err
		}
		if placed > 0 {
			at.next, at.changed = at.next+placed, true
		}
		return o.save(ctx, tx, at)
	})
	if err == nil && placed > 0 {
		o.tellWaiting()
	}
	return placed, err
}

// work is what waits.
type work struct{ unplaced, unsent bool }

func (w work) none() bool { return !w.unplaced && !w.unsent }

func (o *Outbox) waiting(ctx context.Context) (work, error) {
	var w work
	if err := o.db.Conn(ctx).QueryRowContext(ctx, waiting).Scan(&w.unplaced, &w.unsent); err != nil {
		return w, fmt.Errorf("look for what waits: %w", err)
	}
	return w, nil
}

// sentTo is the newest place up to which everything was sent, and the first
// place that was not; the zero mark if there is none.
func (o *Outbox) sentTo(ctx context.Context) (upTo, stuck mark, err error) {
	if upTo, err = o.watermark(ctx); err != nil {
		return upTo, stuck, err
	}
	conn := o.db.Conn(ctx)
	err = conn.QueryRowContext(ctx, firstUnsent).Scan(&stuck.epoch, &stuck.pos)
	if errors.Is(err, sql.ErrNoRows) {
		return upTo, mark{}, nil
	}
	if err == nil {
		err = conn.QueryRowContext(ctx, lastBefore, stuck.epoch, stuck.pos).Scan(&upTo.epoch, &upTo.pos)
	}
	if errors.Is(err, sql.ErrNoRows) { // what was before it is not there any more
		upTo, err = mark{stuck.epoch, stuck.pos - 1}, nil
	}
	if err != nil {
		return upTo, stuck, fmt.Errorf("look for what was not sent: %w", err)
	}
	return upTo, stuck, nil
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
			&facts, &r.trace, &at, &n.Public, &n.Epoch, &n.Pos, &r.present); err != nil {
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

// taken are notices that the stream has, one directly behind the other in the
// feed and in the stream.
type taken struct {
	first    mark
	sequence uint64 // of the first
	ids      []string
}

// takenOf puts rows together that follow each other; what the stream has not
// confirmed has the sequence 0.
func takenOf(rows []row, sequences []uint64) []taken {
	var all []taken
	for i, row := range rows {
		if i >= len(sequences) || sequences[i] == 0 {
			continue
		}
		place, id := row.place(), row.notice.GetId()
		if n := len(all) - 1; n >= 0 {
			last, length := &all[n], len(all[n].ids)
			if place == (mark{last.first.epoch, last.first.pos + int64(length)}) && sequences[i] == last.sequence+uint64(length) {
				last.ids = append(last.ids, id)
				continue
			}
		}
		all = append(all, taken{place, sequences[i], []string{id}})
	}
	return all
}

// markSent records that the stream has these notices. It goes by the places,
// whose range is an index's, and makes sure by the ids: under a database that was
// restored meanwhile another notice may have the place.
func (o *Outbox) markSent(ctx context.Context, all []taken) error {
	for _, t := range all {
		ids, err := json.Marshal(t.ids)
		if err != nil {
			return fmt.Errorf("marshal ids: %w", err)
		}
		ahead := int64(t.sequence) - t.first.pos //nolint:gosec // a stream has far fewer than 2^63 messages
		last := t.first.pos + int64(len(t.ids)) - 1
		if _, err := o.db.Exec(ctx, o.sent, ahead, t.first.epoch, t.first.pos, last, string(ids)); err != nil {
			return fmt.Errorf("mark %d notices sent: %w", len(t.ids), err)
		}
	}
	return nil
}
