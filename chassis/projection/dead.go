package projection

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/sqldb"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// maxAttempts is how often a change may fail by its own fault.
	maxAttempts = 8
	// maxReason bounds what is kept of an error, in bytes.
	maxReason = 2000
)

const (
	putDead = `INSERT INTO dead_letter
 (source, aggregate_type, aggregate_id, site, event_id, epoch, pos, version, kind, occurred_at, attempts, reason, parked_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
 ON CONFLICT (source, aggregate_type, aggregate_id) DO UPDATE SET event_id = excluded.event_id, epoch = excluded.epoch, pos = excluded.pos,
  version = excluded.version, kind = excluded.kind, occurred_at = excluded.occurred_at, attempts = excluded.attempts,
  reason = excluded.reason, parked_at = excluded.parked_at
 WHERE (dead_letter.epoch, dead_letter.version) <= (excluded.epoch, excluded.version)`
	listDead = `SELECT aggregate_type, aggregate_id, site, event_id, epoch, pos, version, kind, occurred_at, attempts, reason, parked_at
 FROM dead_letter WHERE source = $1 ORDER BY parked_at, aggregate_type, aggregate_id`
	dropDead  = `DELETE FROM dead_letter WHERE source = $1 AND aggregate_type = $2 AND aggregate_id = $3`
	countDead = `SELECT count(*) FROM dead_letter WHERE source = $1`
	isDead    = `SELECT count(*) FROM dead_letter WHERE source = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND (epoch, version) >= ($4, $5)`
	// What the read model has by now, from whichever notice, is no longer dead.
	dropRaised = `DELETE FROM dead_letter WHERE source = $1 AND EXISTS (
 SELECT 1 FROM projection_version AS v
 WHERE v.source = dead_letter.source AND v.aggregate_type = dead_letter.aggregate_type AND v.aggregate_id = dead_letter.aggregate_id
  AND (v.epoch, v.version) >= (dead_letter.epoch, dead_letter.version))`
	dropFailures = `DELETE FROM projection_failure WHERE source = $1 AND EXISTS (
 SELECT 1 FROM projection_version AS v
 WHERE v.source = projection_failure.source AND v.aggregate_type = projection_failure.aggregate_type AND v.aggregate_id = projection_failure.aggregate_id
  AND (v.epoch, v.version) >= (projection_failure.epoch, projection_failure.version))`
	dropFailure = `DELETE FROM projection_failure WHERE source = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND (epoch, version) <= ($4, $5)`
	// A newer version is tried anew.
	countFailure = `INSERT INTO projection_failure (source, aggregate_type, aggregate_id, epoch, version, attempts, reason, failed_at)
 VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
 ON CONFLICT (source, aggregate_type, aggregate_id) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, reason = excluded.reason,
  failed_at = excluded.failed_at, attempts = 1 + CASE WHEN (projection_failure.epoch, projection_failure.version) = (excluded.epoch, excluded.version)
   THEN projection_failure.attempts ELSE 0 END
 WHERE (projection_failure.epoch, projection_failure.version) <= (excluded.epoch, excluded.version)
 RETURNING attempts`
)

// DeadLetter is a change that could not be applied and was put aside, so that
// the read model goes on without it.
type DeadLetter struct {
	Ref

	// Notice is what told of the change, without its facts.
	Notice *eventsv1.Notice
	// Attempts is how often it was tried.
	Attempts int32
	// Reason is the last error; for operators.
	Reason   string
	ParkedAt time.Time
}

// askError is a failure to get the states, which says nothing about them.
type askError struct{ err error }

func (e *askError) Error() string { return e.err.Error() }
func (e *askError) Unwrap() error { return e.err }

// isPermanent tells whether err stays as long as the state does.
func isPermanent(err error) bool {
	k := fault.KindOf(err)
	return k == fault.KindMalformed || k == fault.KindInvalid || k == fault.KindTooLarge
}

// counts tells whether err is the change's own fault: not that the owner is
// away, too busy or refuses us, nor that our own database is.
func (p *Projection[S]) counts(ctx context.Context, err error) bool {
	if errors.Is(err, errBehind) || errors.Is(err, errUntrue) {
		return false
	}
	if _, ok := errors.AsType[*askError](err); ok && !isPermanent(err) && fault.KindOf(err) != fault.KindInternal {
		return false
	}
	ping, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	if p.cfg.DB.Ping(ping) != nil {
		return false
	}
	if p.cfg.Feed == nil {
		return true
	}
	_, err = p.watermark(ctx)
	return err == nil
}

// parked puts r aside if it failed for good; false if it is to be tried again.
func (p *Projection[S]) parked(ctx context.Context, r received, cause error) bool {
	if !p.counts(ctx, cause) {
		return false
	}
	p.applying.Lock()
	defer p.applying.Unlock()
	var attempts int32
	var isParked bool
	err := p.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		attempts, isParked, err = p.failed(ctx, tx, r, cause)
		return err
	})
	id := r.notice.GetId()
	if err != nil {
		p.log.WarnContext(ctx, "a change that cannot be applied could not be put aside", "source", p.cfg.Owner, "event_id", id, "error", err)
		return false
	}
	if isParked {
		p.log.ErrorContext(ctx, "a change cannot be applied and was put aside", "source", p.cfg.Owner,
			"aggregate_id", r.notice.GetAggregateId(), "event_id", id, "attempt", attempts, "error", cause)
	}
	return isParked
}

// failed counts an attempt, whichever replica made it, and parks r with the last
// one.
func (p *Projection[S]) failed(ctx context.Context, tx *sql.Tx, r received, cause error) (attempts int32, isParked bool, err error) {
	c, err := p.lockCursor(ctx, tx)
	if err != nil {
		return 0, false, err
	}
	n, reason := r.notice, storable(cause)
	var dead int
	key := []any{p.cfg.Owner, n.GetAggregateType(), n.GetAggregateId(), n.GetEpoch(), n.GetVersion()}
	if err := tx.QueryRowContext(ctx, isDead, key...).Scan(&dead); err != nil {
		return 0, false, fmt.Errorf("look for a dead letter: %w", err)
	}
	err = tx.QueryRowContext(ctx, countFailure, append(key, reason, sqldb.At(time.Now()))...).Scan(&attempts)
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // no row: a newer version is failing
		return 0, false, fmt.Errorf("count a failure: %w", err)
	}
	if attempts < maxAttempts && dead == 0 && !isPermanent(cause) {
		return attempts, false, nil
	}
	if _, err := tx.ExecContext(ctx, dropFailure, key...); err != nil {
		return 0, false, fmt.Errorf("forget the attempts: %w", err)
	}
	return attempts, true, p.park(ctx, tx, c, r, max(1, attempts), reason)
}

// storable is the text of err: PostgreSQL takes no text that is not text.
func storable(err error) string {
	reason := err.Error()
	return strings.ReplaceAll(strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "\uFFFD"), "\x00", "\uFFFD")
}

// park writes the dead letter and takes the notice's place as applied.
func (p *Projection[S]) park(ctx context.Context, tx *sql.Tx, c locked, r received, attempts int32, reason string) error {
	n := r.notice
	_, err := tx.ExecContext(ctx, putDead, p.cfg.Owner, n.GetAggregateType(), n.GetAggregateId(), n.GetSite(), n.GetId(), n.GetEpoch(), n.GetPos(),
		n.GetVersion(), n.GetKind(), sqldb.At(n.GetOccurredAt().AsTime()), attempts, reason, sqldb.At(time.Now()))
	if err != nil {
		return fmt.Errorf("write the dead letter: %w", err)
	}
	_, err = p.advance(ctx, tx, c.cursor, []received{r})
	return err
}

// forgive forgets the failures of what the read model has by now.
func (p *Projection[S]) forgive(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range [...]string{dropRaised, dropFailures} {
		if _, err := tx.ExecContext(ctx, statement, p.cfg.Owner); err != nil {
			return fmt.Errorf("drop dead letters: %w", err)
		}
	}
	return nil
}

// Dead lists what was put aside, oldest first.
func (p *Projection[S]) Dead(ctx context.Context) (_ []DeadLetter, err error) {
	rows, err := p.cfg.DB.Conn(ctx).QueryContext(ctx, listDead, p.cfg.Owner)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []DeadLetter
	for rows.Next() {
		n, d, at, parked := &eventsv1.Notice{Owner: p.cfg.Owner}, DeadLetter{}, sqldb.Time{}, sqldb.Time{}
		err := rows.Scan(&n.AggregateType, &n.AggregateId, &n.Site, &n.Id, &n.Epoch, &n.Pos, &n.Version, &n.Kind, &at, &d.Attempts, &d.Reason, &parked)
		if err != nil {
			return nil, fmt.Errorf("scan a dead letter: %w", err)
		}
		n.OccurredAt = timestamppb.New(at.Time)
		d.Ref, d.Notice, d.ParkedAt = refOf(n), n, parked.Time
		out = append(out, d)
	}
	return out, rows.Err()
}

// Retry fetches the present state of what was put aside and writes it, also if
// the read model has it already. If that fails it stays aside. NotFound if there
// is no such dead letter, and if the owner does not know the aggregate (any
// more): then it stays aside only if the read model has something of it.
func (p *Projection[S]) Retry(ctx context.Context, ref Ref) error {
	dead, err := p.Dead(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(dead, func(d DeadLetter) bool { return d.Ref == ref })
	if i < 0 {
		return noDeadLetter(ref)
	}
	states, _, err := p.fetchRefs(ctx, []Ref{ref})
	if err != nil {
		return err
	}
	told := map[Ref]received{ref: {notice: dead[i].Notice, ctx: ctx}}
	var unknown error
	err = p.commit(ctx, func(ctx context.Context, tx *sql.Tx) error {
		unknown = nil // it may run again
		c, err := p.lockCursor(ctx, tx)
		if err != nil {
			return err
		}
		has, err := p.versions(ctx, []Ref{ref})
		if err != nil {
			return err
		}
		known := slices.DeleteFunc(slices.Clone(states), func(s State[S]) bool { return tellsNothing(s, has[s.Ref]) })
		if len(known) == 0 && has[ref].known {
			unknown = fault.NotFound("%s does not know %s %s (any more), and the read model has it: it stays aside", p.cfg.Owner, ref.Type, ref.ID)
			return nil
		}
		if len(known) == 0 {
			unknown = fault.NotFound("%s does not know %s %s (any more), and the read model has nothing of it: it was dropped", p.cfg.Owner, ref.Type, ref.ID)
		}
		if _, err := p.write(ctx, tx, c, known, told, true); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, dropDead, p.cfg.Owner, ref.Type, ref.ID); err != nil {
			return fmt.Errorf("drop a dead letter: %w", err)
		}
		return nil
	})
	return cmp.Or(err, unknown)
}

// Drop forgets what was put aside: the read model stays without that change
// until the next one. NotFound if there is no such dead letter.
func (p *Projection[S]) Drop(ctx context.Context, ref Ref) error {
	return p.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, dropDead, p.cfg.Owner, ref.Type, ref.ID)
		if err != nil {
			return fmt.Errorf("drop a dead letter: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return noDeadLetter(ref)
	})
}

func noDeadLetter(ref Ref) error {
	return fault.NotFound("there is no dead letter of %s %s", ref.Type, ref.ID)
}

func (p *Projection[S]) deadCount(ctx context.Context) (int64, error) {
	var n int64
	if err := p.cfg.DB.Conn(ctx).QueryRowContext(ctx, countDead, p.cfg.Owner).Scan(&n); err != nil {
		return 0, fmt.Errorf("count dead letters: %w", err)
	}
	return n, nil
}
