package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	ensureCursor = `INSERT INTO projection_cursor (source, epoch, floor) VALUES ($1, 1, 0) ON CONFLICT (source) DO NOTHING`
	lockCursor   = `UPDATE projection_cursor SET floor = floor WHERE source = $1 RETURNING epoch, floor`
	moveCursor   = `UPDATE projection_cursor SET epoch = $2, floor = $3 WHERE source = $1`
	addApplied   = `INSERT INTO projection_applied (source, epoch, pos) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	listApplied  = `SELECT pos FROM projection_applied WHERE source = $1 AND epoch = $2 ORDER BY pos LIMIT $3`
	dropApplied  = `DELETE FROM projection_applied WHERE source = $1 AND (epoch, pos) <= ($2, $3)`
	readVersion  = `SELECT epoch, version FROM projection_version WHERE source = $1 AND aggregate_type = $2 AND aggregate_id = $3`
	raiseVersion = `INSERT INTO projection_version (source, aggregate_type, aggregate_id, epoch, version) VALUES ($1, $2, $3, $4, $5)
 ON CONFLICT (source, aggregate_type, aggregate_id) DO UPDATE SET epoch = excluded.epoch, version = excluded.version
 WHERE (projection_version.epoch, projection_version.version) < (excluded.epoch, excluded.version)`
)

// absorbPage bounds how many positions are read at once.
const absorbPage = 1000

// cursor is the place up to which everything was applied.
type cursor struct {
	epoch int32
	floor int64
}

// before tells whether c is an earlier place than other.
func (c cursor) before(other cursor) bool {
	return c.epoch < other.epoch || c.epoch == other.epoch && c.floor < other.floor
}

type held struct{ epoch, version int32 }

func (p *Projection[S]) has(ctx context.Context, ref Ref) (held, error) {
	var h held
	err := p.cfg.DB.Conn(ctx).QueryRowContext(ctx, readVersion, p.cfg.Owner, ref.Type, ref.ID).Scan(&h.epoch, &h.version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("read the version of %s %s: %w", ref.Type, ref.ID, err)
	}
	return h, nil
}

// raise records that the read model holds (epoch, version); false if it holds
// that or something newer already.
func (p *Projection[S]) raise(ctx context.Context, tx *sql.Tx, ref Ref, epoch, version int32) (bool, error) {
	res, err := tx.ExecContext(ctx, raiseVersion, p.cfg.Owner, ref.Type, ref.ID, epoch, version)
	if err != nil {
		return false, fmt.Errorf("raise the version of %s %s: %w", ref.Type, ref.ID, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func (p *Projection[S]) lockCursor(ctx context.Context, tx *sql.Tx) (cursor, error) {
	var c cursor
	err := tx.QueryRowContext(ctx, lockCursor, p.cfg.Owner).Scan(&c.epoch, &c.floor)
	if errors.Is(err, sql.ErrNoRows) {
		if _, err = tx.ExecContext(ctx, ensureCursor, p.cfg.Owner); err == nil {
			err = tx.QueryRowContext(ctx, lockCursor, p.cfg.Owner).Scan(&c.epoch, &c.floor)
		}
	}
	if err != nil {
		return c, fmt.Errorf("lock the cursor of %s: %w", p.cfg.Owner, err)
	}
	return c, nil
}

// advance records the notices' places: the floor rises over what follows it
// without a gap, the rest waits above it.
func (p *Projection[S]) advance(ctx context.Context, tx *sql.Tx, c cursor, notices []received) error {
	start, holds := c, false
	for _, r := range slices.SortedFunc(slices.Values(notices), byPlace) {
		epoch, pos := r.notice.GetEpoch(), r.notice.GetPos()
		switch {
		case epoch < c.epoch, epoch == c.epoch && pos <= c.floor: // applied before
		case epoch == c.epoch && pos == c.floor+1:
			c.floor = pos
		default:
			if _, err := tx.ExecContext(ctx, addApplied, p.cfg.Owner, epoch, pos); err != nil {
				return fmt.Errorf("record position %d: %w", pos, err)
			}
			holds = true
		}
	}
	if c == start {
		if holds {
			p.holeIf(true)
		}
		return nil
	}
	return p.move(ctx, tx, c)
}

// move sets the floor to c and lets it rise over what was applied above it.
func (p *Projection[S]) move(ctx context.Context, tx *sql.Tx, c cursor) error {
	if _, err := tx.ExecContext(ctx, dropApplied, p.cfg.Owner, c.epoch, c.floor); err != nil {
		return fmt.Errorf("forget positions below the floor: %w", err)
	}
	left, err := p.absorb(ctx, tx, &c)
	if err != nil {
		return err
	}
	p.holeIf(left)
	if _, err := tx.ExecContext(ctx, moveCursor, p.cfg.Owner, c.epoch, c.floor); err != nil {
		return fmt.Errorf("move the cursor of %s: %w", p.cfg.Owner, err)
	}
	return nil
}

// absorb lets the floor rise over what was applied above it, page by page: what
// it left behind would never be looked at again, since its notices came already.
// It answers whether something is left above a hole.
func (p *Projection[S]) absorb(ctx context.Context, tx *sql.Tx, c *cursor) (left bool, err error) {
	for {
		start := c.floor
		listed, err := p.absorbPage(ctx, tx, c)
		if err != nil {
			return false, err
		}
		if listed == 0 {
			return false, nil
		}
		if _, err := tx.ExecContext(ctx, dropApplied, p.cfg.Owner, c.epoch, c.floor); err != nil {
			return false, fmt.Errorf("forget positions below the floor: %w", err)
		}
		if listed < absorbPage || c.floor == start {
			return c.floor-start < int64(listed), nil
		}
	}
}

// holeIf notes since when something was applied above the floor; if the
// transaction then fails, that is looked at once for nothing.
func (p *Projection[S]) holeIf(is bool) {
	if !is {
		p.holeSince.Store(0)
		return
	}
	p.holeSince.CompareAndSwap(0, time.Now().UnixNano())
}

func (p *Projection[S]) absorbPage(ctx context.Context, tx *sql.Tx, c *cursor) (listed int, err error) {
	rows, err := tx.QueryContext(ctx, listApplied, p.cfg.Owner, c.epoch, absorbPage)
	if err != nil {
		return 0, fmt.Errorf("read what was applied: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var pos int64
		if err := rows.Scan(&pos); err != nil {
			return listed, fmt.Errorf("scan a position: %w", err)
		}
		listed++
		if pos == c.floor+1 {
			c.floor = pos
		}
	}
	if err := rows.Err(); err != nil {
		return listed, fmt.Errorf("read what was applied: %w", err)
	}
	return listed, nil
}

func byPlace(a, b received) int {
	if a.notice.GetEpoch() != b.notice.GetEpoch() {
		return int(a.notice.GetEpoch()) - int(b.notice.GetEpoch())
	}
	switch {
	case a.notice.GetPos() < b.notice.GetPos():
		return -1
	case a.notice.GetPos() > b.notice.GetPos():
		return 1
	}
	return 0
}
