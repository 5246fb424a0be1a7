package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/chassis/sqldb"
)

const (
	ensureCursor = `INSERT INTO projection_cursor (source, epoch, floor, edition) VALUES ($1, 1, 0, $2) ON CONFLICT (source) DO NOTHING`
	lockCursor   = `SELECT epoch, floor, generation, rebuild_phase, rebuild_type, rebuild_id FROM projection_cursor WHERE source = $1`
	moveCursor   = `UPDATE projection_cursor SET epoch = $2, floor = $3 WHERE source = $1`
	// Places that the feed has no more, and a new timeline, leave differences: they
	// are mended at once, and are nobody's defect.
	jumpCursor  = `UPDATE projection_cursor SET epoch = $2, floor = $3, compare_at = NULL, drift_counts = false WHERE source = $1`
	readCursor  = `SELECT epoch, floor FROM projection_cursor WHERE source = $1`
	addApplied  = `INSERT INTO projection_applied (source, epoch, pos) VALUES `
	seenPlace   = `SELECT COALESCE(MAX(pos), $3) FROM projection_applied WHERE source = $1 AND epoch = $2 AND pos > $3`
	dropApplied = `DELETE FROM projection_applied WHERE source = $1 AND (epoch, pos) <= ($2, $3)`
	dropBeyond  = `DELETE FROM projection_applied WHERE source = $1 AND (epoch, pos) > ($2, $3)`
	// The positions above the floor; 0 stands for failures that a change may end.
	listApplied = `SELECT pos FROM (SELECT pos FROM projection_applied WHERE source = $1 AND epoch = $2 AND pos > $3 ORDER BY pos LIMIT $4) AS applied
 UNION ALL SELECT 0 FROM (SELECT 1 AS n FROM dead_letter WHERE source = $1 LIMIT 1) AS dead
 UNION ALL SELECT 0 FROM (SELECT 1 AS n FROM projection_failure WHERE source = $1 LIMIT 1) AS failing`
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

// locked is the cursor's row, which nobody else changes in the transaction.
type locked struct {
	cursor

	generation int32
	rebuild    progress
}

// lockCursor keeps other replicas out until tx ends. On SQLite the transaction
// itself does.
func (p *Projection[S]) lockCursor(ctx context.Context, tx *sql.Tx) (locked, error) {
	statement := lockCursor
	if p.cfg.DB.Dialect() == sqldb.Postgres {
		statement += ` FOR UPDATE`
	}
	var c locked
	read := func() error {
		return tx.QueryRowContext(ctx, statement, p.cfg.Owner).Scan(
			&c.epoch, &c.floor, &c.generation, &c.rebuild.phase, &c.rebuild.after.Type, &c.rebuild.after.ID)
	}
	err := read()
	if errors.Is(err, sql.ErrNoRows) {
		if _, err = tx.ExecContext(ctx, ensureCursor, p.cfg.Owner, p.cfg.Edition); err == nil {
			err = read()
		}
	}
	if err != nil {
		return c, fmt.Errorf("lock the cursor of %s: %w", p.cfg.Owner, err)
	}
	return c, nil
}

// advance records the notices' places: the floor rises over what follows it
// without a gap, the rest waits above it. It answers whether there are failures
// that a change may end.
func (p *Projection[S]) advance(ctx context.Context, tx *sql.Tx, c cursor, notices []received) (failing bool, err error) {
	places := make([]cursor, 0, len(notices))
	for _, r := range notices {
		at := cursor{r.notice.GetEpoch(), r.notice.GetPos()}
		if at.floor > 0 && c.before(at) { // else it was applied before, or has no place
			places = append(places, at)
		}
	}
	return p.moveOver(ctx, tx, c, c, places)
}

// reach lets the floor rise to a place up to which the feed was applied, also
// over places that the feed has no more and into a new epoch.
func (p *Projection[S]) reach(ctx context.Context, to cursor) error {
	return p.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		c, err := p.lockCursor(ctx, tx)
		if err != nil || !c.before(to) {
			return err
		}
		_, err = p.moveOver(ctx, tx, c.cursor, to, nil)
		return err
	})
}

// moveOver lets the floor rise from one place to another, and then over places
// and over what was applied before. What it left behind would never be looked
// at again, since its notices came already; so it reads on, page by page.
func (p *Projection[S]) moveOver(ctx context.Context, tx *sql.Tx, from, c cursor, places []cursor) (failing bool, err error) {
	slices.SortFunc(places, byPlace)
	places = slices.Compact(places)
	above, failing, err := p.applied(ctx, tx, c)
	if err != nil {
		return false, err
	}
	jumped := c != from
	rest := jumped || len(above) > 0 // there may be something to forget
	for {
		risen := c
		risen.floor = rise(risen.floor, above, places, c.epoch)
		if risen == c {
			break
		}
		c = risen
		if len(above) < absorbPage || above[len(above)-1] > c.floor {
			break
		}
		if above, _, err = p.applied(ctx, tx, c); err != nil {
			return false, err
		}
	}
	beyond := slices.DeleteFunc(places, func(at cursor) bool { return !c.before(at) })
	hole := len(beyond) > 0 || len(above) > 0 && above[len(above)-1] > c.floor
	if err := p.addApplied(ctx, tx, beyond); err != nil {
		return false, err
	}
	p.holeIf(hole)
	if c == from {
		return failing, nil
	}
	return failing, p.move(ctx, tx, c, rest, jumped)
}

// rise is the floor above which a place is missing, in two sorted lists.
func rise(floor int64, above []int64, places []cursor, epoch int32) int64 {
	for {
		start := floor
		for len(above) > 0 && above[0] <= floor+1 {
			floor, above = max(floor, above[0]), above[1:]
		}
		for len(places) > 0 && (places[0].epoch < epoch || places[0].epoch == epoch && places[0].floor <= floor+1) {
			if places[0].epoch == epoch {
				floor = max(floor, places[0].floor)
			}
			places = places[1:]
		}
		if floor == start {
			return floor
		}
	}
}

// move writes the cursor; rest tells whether there may be positions below it,
// jumped whether it rose over places that were not applied.
func (p *Projection[S]) move(ctx context.Context, tx *sql.Tx, c cursor, rest, jumped bool) error {
	statement := moveCursor
	if jumped {
		statement = jumpCursor
		p.cfg.DB.AfterCommit(ctx, p.wakeUpkeep)
	}
	if rest {
		if _, err := tx.ExecContext(ctx, dropApplied, p.cfg.Owner, c.epoch, c.floor); err != nil {
			return fmt.Errorf("forget positions below the floor: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, statement, p.cfg.Owner, c.epoch, c.floor); err != nil {
		return fmt.Errorf("move the cursor of %s: %w", p.cfg.Owner, err)
	}
	return nil
}

// applied lists what was applied above the floor, in order, at most absorbPage.
func (p *Projection[S]) applied(ctx context.Context, tx *sql.Tx, c cursor) (above []int64, failing bool, err error) {
	rows, err := tx.QueryContext(ctx, listApplied, p.cfg.Owner, c.epoch, c.floor, absorbPage)
	if err != nil {
		return nil, false, fmt.Errorf("read what was applied: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var pos int64
		if err := rows.Scan(&pos); err != nil {
			return nil, false, fmt.Errorf("scan a position: %w", err)
		}
		if pos == 0 {
			failing = true
			continue
		}
		above = append(above, pos)
	}
	slices.Sort(above)
	return above, failing, rows.Err()
}

func (p *Projection[S]) addApplied(ctx context.Context, tx *sql.Tx, places []cursor) error {
	for some := range slices.Chunk(places, batch) {
		var text strings.Builder
		text.WriteString(addApplied)
		args := []any{p.cfg.Owner}
		for i, at := range some {
			if i > 0 {
				text.WriteString(", ")
			}
			row := placeholders(2+2*i, 2)
			text.WriteString("($1, " + row[1:])
			args = append(args, at.epoch, at.floor)
		}
		if _, err := tx.ExecContext(ctx, text.String()+` ON CONFLICT DO NOTHING`, args...); err != nil {
			return fmt.Errorf("record %d positions: %w", len(some), err)
		}
	}
	return nil
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

// cursor reads the floor without a lock.
func (p *Projection[S]) cursor(ctx context.Context) (cursor, error) {
	c := cursor{epoch: 1}
	err := p.cfg.DB.Conn(ctx).QueryRowContext(ctx, readCursor, p.cfg.Owner).Scan(&c.epoch, &c.floor)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, fmt.Errorf("read the cursor of %s: %w", p.cfg.Owner, err)
	}
	return c, nil
}

// Seen is the furthest place of the owner's notices that the read model may show:
// some before it may still be missing. Who asks somebody else that follows the
// same notices for an answer which goes with the read model asks for one as of there.
func (p *Projection[S]) Seen(ctx context.Context) (epoch int32, pos int64, err error) {
	c, err := p.cursor(ctx)
	if err != nil {
		return 0, 0, err
	}
	err = p.cfg.DB.Conn(ctx).QueryRowContext(ctx, seenPlace, p.cfg.Owner, c.epoch, c.floor).Scan(&pos)
	if err != nil {
		return 0, 0, fmt.Errorf("read how far %s was seen: %w", p.cfg.Owner, err)
	}
	return c.epoch, pos, nil
}

func byPlace(a, b cursor) int {
	switch {
	case a.before(b):
		return -1
	case b.before(a):
		return 1
	}
	return 0
}
