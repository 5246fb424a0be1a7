package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// The phases of a rebuild: first everything that the owner has is written
// again, then what was not written is looked at.
const (
	phaseNone  = ""
	phaseCopy  = "copy"
	phaseSweep = "sweep"
)

const (
	beginRebuild = `UPDATE projection_cursor SET generation = generation + 1, rebuild_phase = $2, rebuild_type = '', rebuild_id = '', problem = ''
 WHERE source = $1 AND rebuild_phase = ''`
	// One that is under way makes it as it was made before, and begins anew.
	adoptEdition = `UPDATE projection_cursor SET generation = generation + 1, rebuild_phase = $2, rebuild_type = '', rebuild_id = '', problem = '',
  edition = $3 WHERE source = $1 AND edition < $3`
	setProgress = `UPDATE projection_cursor SET rebuild_phase = $2, rebuild_type = $3, rebuild_id = $4, problem = '' WHERE source = $1`
	endRebuild  = `UPDATE projection_cursor SET rebuild_phase = '', rebuild_type = '', rebuild_id = '', problem = '', compare_at = NULL WHERE source = $1`
	readRebuild = `SELECT generation, rebuild_phase, rebuild_type, rebuild_id FROM projection_cursor WHERE source = $1`
	listOlder   = `SELECT aggregate_type, aggregate_id FROM projection_version
 WHERE source = $1 AND generation < $2 AND (aggregate_type, aggregate_id) > ($3, $4) ORDER BY aggregate_type, aggregate_id LIMIT $5`
	stampVersion = `UPDATE projection_version SET generation = $4 WHERE source = $1 AND aggregate_type = $2 AND aggregate_id = $3`
	dropKnown    = `UPDATE projection_version SET generation = $4, known = false WHERE source = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND generation < $4`
)

// progress tells how far a rebuild is: everything up to after was done in phase.
type progress struct {
	phase string
	after Ref
}

// Rebuild begins to make the read model anew, while it is read and follows its
// owner: a part that runs, of any replica, does the work. If one has begun
// already it goes on.
func (p *Projection[S]) Rebuild(ctx context.Context) error {
	if err := p.ensure(ctx); err != nil {
		return err
	}
	if err := p.execute(ctx, beginRebuild, p.cfg.Owner, phaseCopy); err != nil {
		return err
	}
	p.wakeUpkeep()
	return nil
}

// rebuild goes on with a rebuild, batch by batch, each in a transaction of its
// own that also records how far it is.
func (p *Projection[S]) rebuild(ctx context.Context) error {
	err := p.rebuildOn(ctx)
	if err != nil && ctx.Err() == nil {
		err = errors.Join(err, p.execute(ctx, setProblem, p.cfg.Owner, storable(err)))
	}
	return err
}

func (p *Projection[S]) rebuildOn(ctx context.Context) error {
	for {
		if ok, err := p.lease(ctx); err != nil || !ok {
			return err
		}
		var generation int32
		var at progress
		err := p.cfg.DB.Conn(ctx).QueryRowContext(ctx, readRebuild, p.cfg.Owner).Scan(&generation, &at.phase, &at.after.Type, &at.after.ID)
		if err != nil {
			return fmt.Errorf("read how far the rebuild of %s is: %w", p.cfg.Owner, err)
		}
		p.yield(ctx)
		switch at.phase {
		case phaseCopy:
			err = p.copySome(ctx, at)
		case phaseSweep:
			err = p.sweepSome(ctx, at, generation)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// copySome writes the next aggregates that the owner has, as if all were new.
func (p *Projection[S]) copySome(ctx context.Context, at progress) error {
	types, after := p.cfg.Types, at.after
	if len(types) > 0 { // one after the other: the first may be needed by the others
		i := max(0, slices.Index(types, after.Type))
		types, after.Type = types[i:i+1], types[i]
	}
	page, err := p.headsAfter(ctx, types, nil, after, headsPage)
	if err != nil {
		return err
	}
	last := progress{phaseCopy, Ref{page.GetNextType(), page.GetNextId()}}
	if last.after == (Ref{}) {
		last = p.nextType(after.Type)
	}
	refs := make([]Ref, len(page.GetHeads()))
	for i, h := range page.GetHeads() {
		refs[i] = Ref{h.GetAggregateType(), h.GetAggregateId()}
	}
	return p.rewriteAll(ctx, refs, at, last)
}

// rewriteAll writes refs, some at a time, and records that the rebuild is at last.
// The owner answers for the next while those before are written.
func (p *Projection[S]) rewriteAll(ctx context.Context, refs []Ref, at, last progress) error {
	parts := slices.Collect(slices.Chunk(refs, batch))
	if len(parts) == 0 {
		return p.rewrite(ctx, nil, answer[S]{}, at, last, false)
	}
	var asking sync.WaitGroup
	defer asking.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ahead := make(chan answer[S], 1)
	inform := func(refs []Ref) { asking.Go(func() { ahead <- p.inform(ctx, refs) }) }
	inform(parts[0])
	for i, some := range parts {
		got, next := <-ahead, last
		if i+1 < len(parts) {
			next = progress{phaseCopy, some[len(some)-1]}
			inform(parts[i+1])
		}
		if err := p.rewrite(ctx, some, got, at, next, false); err != nil {
			return err
		}
		if ok, err := p.keepLease(ctx); err != nil || !ok {
			return err
		}
		p.yield(ctx)
		at = next
	}
	return nil
}

// nextType is where it goes on after the last aggregate of a type.
func (p *Projection[S]) nextType(typ string) progress {
	if i := slices.Index(p.cfg.Types, typ); i >= 0 && i+1 < len(p.cfg.Types) {
		return progress{phaseCopy, Ref{Type: p.cfg.Types[i+1]}}
	}
	return progress{phase: phaseSweep}
}

// sweepSome looks at aggregates that were not written since the rebuild began:
// the owner knows them no more, or they were added to it meanwhile.
func (p *Projection[S]) sweepSome(ctx context.Context, at progress, generation int32) error {
	refs, err := p.olderThan(ctx, generation, at.after)
	if err != nil {
		return err
	}
	if len(refs) > 0 {
		return p.rewrite(ctx, refs, p.inform(ctx, refs), at, progress{phaseSweep, refs[len(refs)-1]}, true)
	}
	if ok, err := p.tidy(ctx); err != nil || !ok {
		return err
	}
	return p.commit(ctx, func(ctx context.Context, tx *sql.Tx) error {
		c, err := p.lockCursor(ctx, tx)
		if err != nil || c.rebuild != at {
			return err
		}
		if p.cfg.Settle != nil {
			if err := p.cfg.Settle(ctx, tx); err != nil {
				return fmt.Errorf("settle what was rebuilt: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, endRebuild, p.cfg.Owner); err != nil {
			return fmt.Errorf("end the rebuild of %s: %w", p.cfg.Owner, err)
		}
		p.cfg.DB.AfterCommit(ctx, p.wakeUpkeep)
		return nil
	})
}

// tidy has the service take away what belongs to nothing; false if another replica
// has the lease.
func (p *Projection[S]) tidy(ctx context.Context) (ok bool, err error) {
	if p.cfg.Tidy == nil {
		return true, nil
	}
	for after := ""; ; {
		if after, err = p.cfg.Tidy(ctx, after); err != nil {
			return false, fmt.Errorf("tidy what was rebuilt: %w", err)
		}
		if ok, err := p.keepLease(ctx); after == "" || err != nil || !ok {
			return ok, err
		}
		p.yield(ctx)
	}
}

func (p *Projection[S]) olderThan(ctx context.Context, generation int32, after Ref) (_ []Ref, err error) {
	rows, err := p.cfg.DB.Conn(ctx).QueryContext(ctx, listOlder, p.cfg.Owner, generation, after.Type, after.ID, batch)
	if err != nil {
		return nil, fmt.Errorf("list what was not rebuilt: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var refs []Ref
	for rows.Next() {
		var ref Ref
		if err := rows.Scan(&ref.Type, &ref.ID); err != nil {
			return nil, fmt.Errorf("scan what was not rebuilt: %w", err)
		}
		refs = append(refs, ref)
	}
	return refs, rows.Err()
}

// answer is what the owner says of aggregates.
type answer[S any] struct {
	states []State[S]
	told   map[Ref]received
	err    error
}

// inform asks the owner for refs.
func (p *Projection[S]) inform(ctx context.Context, refs []Ref) (a answer[S]) {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	a.states, a.told, a.err = p.fetchRefs(ctx, refs)
	return a
}

// rewrite writes what the owner said of refs and records that the rebuild is at next.
// If that fails it asks for them and writes them one by one, and puts aside what
// cannot be written.
func (p *Projection[S]) rewrite(ctx context.Context, refs []Ref, got answer[S], at, next progress, sweep bool) error {
	err := p.rewriteTogether(ctx, refs, got, at, next, sweep)
	if err == nil || len(refs) == 0 || passes(err) {
		return err
	}
	for _, ref := range refs {
		one := []Ref{ref}
		err := p.rewriteTogether(ctx, one, p.inform(ctx, one), at, at, sweep)
		if err == nil {
			continue
		}
		if !p.counts(ctx, err) {
			return err
		}
		if err := p.giveUp(ctx, ref, at, err); err != nil {
			return err
		}
	}
	return p.rewriteTogether(ctx, nil, answer[S]{}, at, next, sweep)
}

// rewriteTogether does so in one transaction. Notices that arrive after the owner
// was asked are applied beside it; what they bring is newer and stays.
func (p *Projection[S]) rewriteTogether(ctx context.Context, refs []Ref, got answer[S], at, next progress, sweep bool) error {
	if got.err != nil {
		return got.err
	}
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	p.applying.Lock()
	defer p.applying.Unlock()
	return p.commit(ctx, func(ctx context.Context, tx *sql.Tx) error {
		c, err := p.lockCursor(ctx, tx)
		if err != nil || c.rebuild != at { // another replica went on
			return err
		}
		known := slices.DeleteFunc(slices.Clone(got.states), func(s State[S]) bool { return s.Version == 0 })
		if _, err := p.write(ctx, tx, c, known, got.told, true); err != nil {
			return err
		}
		if sweep {
			if err := p.bury(ctx, tx, c, refs, got.states, got.told); err != nil {
				return err
			}
		}
		if err := p.forgive(ctx, tx); err != nil || next == at {
			return err
		}
		if _, err := tx.ExecContext(ctx, setProgress, p.cfg.Owner, next.phase, next.after.Type, next.after.ID); err != nil {
			return fmt.Errorf("record how far the rebuild of %s is: %w", p.cfg.Owner, err)
		}
		return nil
	})
}

// bury makes tombstones of those of refs that the owner does not know, as states
// tell, and that no notice brought meanwhile.
func (p *Projection[S]) bury(ctx context.Context, tx *sql.Tx, c locked, refs []Ref, states []State[S], told map[Ref]received) error {
	answers := make(map[Ref]State[S], len(states))
	for _, s := range states {
		answers[s.Ref] = s
	}
	var items []Item[S]
	for _, ref := range refs {
		s := answers[ref]
		statement := dropKnown
		if s.Version > 0 { // it was written, or what is held is newer
			statement = stampVersion
		}
		res, err := tx.ExecContext(ctx, statement, p.cfg.Owner, ref.Type, ref.ID, c.generation)
		if err != nil {
			return fmt.Errorf("bury %s %s: %w", ref.Type, ref.ID, err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n > 0 && s.Version == 0 {
			items = append(items, Item[S]{Ref: ref, Epoch: c.epoch, State: s.State, Mend: true, Notice: told[ref].notice, Context: ctx})
		}
	}
	if len(items) == 0 {
		return nil
	}
	return p.refresh(ctx, tx, items)
}

// giveUp makes a dead letter of what a rebuild cannot write.
func (p *Projection[S]) giveUp(ctx context.Context, ref Ref, at progress, cause error) error {
	head := received{notice: p.unannounced(ref, 0, 0), ctx: ctx}
	return p.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		c, err := p.lockCursor(ctx, tx)
		if err != nil || c.rebuild != at {
			return err
		}
		has, err := p.versions(ctx, []Ref{ref})
		if err != nil {
			return err
		}
		head.notice.Epoch, head.notice.Version = max(1, has[ref].epoch), has[ref].version+1 // ended by what comes next
		head.notice.OccurredAt = timestamppb.Now()
		if _, err := tx.ExecContext(ctx, stampVersion, p.cfg.Owner, ref.Type, ref.ID, c.generation); err != nil {
			return fmt.Errorf("pass over %s %s: %w", ref.Type, ref.ID, err)
		}
		return p.park(ctx, tx, c, head, 1, storable(cause))
	})
}
