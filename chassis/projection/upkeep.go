package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/stream"
)

const (
	// compareEvery is how often a read model is compared with its owner.
	compareEvery = 5 * time.Minute
	// firstCompare is how long after its start a replica compares at the latest.
	firstCompare = 20 * time.Second
	// postponed is how long a comparison waits while the read model catches up.
	postponed = 15 * time.Second
	// tendEvery is how often it is looked whether there is work.
	tendEvery = 5 * time.Second
	// leaseFor is how long after its last sign another replica takes over.
	leaseFor = 30 * time.Second
)

const (
	readDue   = `SELECT rebuild_phase, compare_at, edition FROM projection_cursor WHERE source = $1`
	takeLease = `UPDATE projection_cursor SET worker = $2, worker_until = $3
 WHERE source = $1 AND (worker = $2 OR worker_until IS NULL OR worker_until < $4)`
	endLease   = `UPDATE projection_cursor SET worker_until = NULL WHERE source = $1 AND worker = $2`
	compareAt  = `UPDATE projection_cursor SET compare_at = $2 WHERE source = $1`
	wasEqual   = `UPDATE projection_cursor SET compare_at = $2, compared_at = $3, drift_counts = true WHERE source = $1`
	setProblem = `UPDATE projection_cursor SET problem = $2 WHERE source = $1`
)

func (p *Projection[S]) wakeUpkeep() { nudge(p.upkeep) }

// keepUp compares and rebuilds when that is due, until ctx ends. Of several
// replicas one does it.
func (p *Projection[S]) keepUp(ctx context.Context) {
	if p.cfg.Feed == nil {
		return
	}
	// Replicas that start together do not all ask at once.
	first := time.Now().Add(firstCompare/2 + p.cfg.Jitter(firstCompare/2))
	if !stream.Wait(ctx, p.cfg.Jitter(look)) {
		return
	}
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	failing := ""
	for {
		woken := false
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-p.upkeep:
			woken = true
		}
		err := p.tend(ctx, woken || !time.Now().Before(first))
		if ctx.Err() != nil {
			return
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != failing && err != nil {
			p.log.WarnContext(ctx, "the read model cannot be compared or rebuilt", "source", p.cfg.Owner, "error", err)
		}
		failing = text
	}
}

// tend does what is due.
func (p *Projection[S]) tend(ctx context.Context, mayCompare bool) error {
	var phase string
	var at sqldb.NullTime
	var edition int32
	err := p.cfg.DB.Conn(ctx).QueryRowContext(ctx, readDue, p.cfg.Owner).Scan(&phase, &at, &edition)
	if errors.Is(err, sql.ErrNoRows) {
		return p.ensure(ctx)
	}
	if err != nil {
		return fmt.Errorf("read what is due of %s: %w", p.cfg.Owner, err)
	}
	if edition < p.cfg.Edition {
		p.log.InfoContext(ctx, "this release makes the read model otherwise; it is made anew", "source", p.cfg.Owner)
		if err := p.execute(ctx, adoptEdition, p.cfg.Owner, phaseCopy, p.cfg.Edition); err != nil {
			return err
		}
		edition, phase = p.cfg.Edition, phaseCopy
	}
	if edition > p.cfg.Edition {
		phase = phaseNone // a newer release makes it; this one would make it as it was
	}
	now, err := p.cfg.DB.Clock(ctx)
	if err != nil {
		return err
	}
	isDue := mayCompare && (!at.Valid || !at.Time.After(now))
	if phase == "" && !isDue {
		return nil
	}
	if ok, err := p.lease(ctx); err != nil || !ok {
		return err
	}
	defer func() {
		// Otherwise it runs out.
		_ = p.execute(context.WithoutCancel(ctx), endLease, p.cfg.Owner, p.id)
	}()
	if phase != "" {
		return p.rebuild(ctx)
	}
	next := compareEvery + p.cfg.Jitter(compareEvery/10)
	isDone, err := p.compare(ctx)
	if err == nil && isDone {
		return p.execute(ctx, wasEqual, p.cfg.Owner, sqldb.At(now.Add(next)), sqldb.At(now))
	}
	if err != nil && !passes(err) {
		return errors.Join(err, p.execute(ctx, compareAt, p.cfg.Owner, sqldb.At(now.Add(next))))
	}
	return errors.Join(err, p.execute(ctx, compareAt, p.cfg.Owner, sqldb.At(now.Add(postponed))))
}

// lease takes or keeps the right to compare and rebuild; false if another
// replica has it.
func (p *Projection[S]) lease(ctx context.Context) (ok bool, err error) {
	now, err := p.cfg.DB.Clock(ctx)
	if err != nil {
		return false, err
	}
	err = p.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, takeLease, p.cfg.Owner, p.id, sqldb.At(now.Add(leaseFor)), sqldb.At(now))
		if err != nil {
			return fmt.Errorf("take the lease of %s: %w", p.cfg.Owner, err)
		}
		n, err := res.RowsAffected()
		ok = n > 0
		return err
	})
	if err == nil && ok {
		p.leased = time.Now()
	}
	return ok, err
}

// keepLease takes the lease again before it could run out.
func (p *Projection[S]) keepLease(ctx context.Context) (ok bool, err error) {
	if time.Since(p.leased) < leaseFor/6 {
		return true, nil
	}
	return p.lease(ctx)
}

// ensure sees to it that there is a cursor.
func (p *Projection[S]) ensure(ctx context.Context) error {
	return p.execute(ctx, ensureCursor, p.cfg.Owner, p.cfg.Edition)
}

func (p *Projection[S]) execute(ctx context.Context, statement string, args ...any) error {
	return p.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			return fmt.Errorf("keep the cursor of %s: %w", p.cfg.Owner, err)
		}
		return nil
	})
}

// level waits a while until everything up to a place of the feed was applied;
// false if it was not.
func (p *Projection[S]) level(ctx context.Context, to cursor) (bool, error) {
	for until := time.Now().Add(maxBehind); ; {
		woken := p.commits.wait()
		at, err := p.cursor(ctx)
		if err != nil {
			return false, err
		}
		if at.epoch == to.epoch && !at.before(to) {
			return true, nil
		}
		left := time.Until(until)
		if left <= 0 || at.epoch > to.epoch {
			return false, nil
		}
		if err := waitFor(ctx, woken, min(left, reread)); err != nil {
			return false, err
		}
	}
}

// yield lets notices that arrive go first, for a moment.
func (p *Projection[S]) yield(ctx context.Context) {
	for range 10 {
		if p.live.Load() == 0 || !stream.Wait(ctx, reread/2) {
			return
		}
	}
}
