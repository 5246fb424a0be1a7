package projection

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/chassis/digest"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// compareTimeout is for one call to the owner about all that it has.
	compareTimeout = 30 * time.Second
	headsPage      = 1000
	countDrift     = `UPDATE projection_cursor SET drift_repaired = drift_repaired + $2 WHERE source = $1`
	readCounts     = `SELECT drift_counts FROM projection_cursor WHERE source = $1`
	listFailing    = `SELECT aggregate_type, aggregate_id FROM dead_letter WHERE source = $1
 UNION ALL SELECT aggregate_type, aggregate_id FROM projection_failure WHERE source = $1`
)

// suspect is an aggregate of which the read model has something else than the
// owner says.
type suspect struct {
	// version and hash are the owner's; 0 if it does not know it.
	version int32
	hash    []byte
	has     held
}

func (s suspect) same(other suspect) bool {
	return s.version == other.version && bytes.Equal(s.hash, other.hash) && s.has.same(other.has)
}

// compare finds out where the read model differs from the owner, by digests
// first, and mends that. It answers false if the read model is not level with
// the owner now, so that nothing can be said.
//
// What is under way is no difference: an aggregate is suspect only if the read
// model has applied everything up to the place at which the owner was asked and
// has something else nevertheless, twice.
func (p *Projection[S]) compare(ctx context.Context) (isDone bool, err error) {
	buckets, ok, err := p.differing(ctx)
	if err != nil || !ok {
		return false, err
	}
	if len(buckets) == 0 {
		return true, nil
	}
	first, ok, err := p.suspects(ctx, buckets)
	if err != nil || !ok {
		return false, err
	}
	if len(first) == 0 {
		return true, nil
	}
	second, ok, err := p.suspects(ctx, bucketsOf(first))
	if err != nil || !ok {
		return false, err
	}
	maps.DeleteFunc(second, func(ref Ref, s suspect) bool { was, ok := first[ref]; return !ok || !was.same(s) })
	return true, p.mend(ctx, second)
}

// differing lists the buckets whose digests differ; false if the read model is
// not level with the owner.
func (p *Projection[S]) differing(ctx context.Context) (buckets []int32, ok bool, err error) {
	call, cancel := context.WithTimeout(ctx, compareTimeout)
	defer cancel()
	d, err := p.cfg.Feed.GetDigests(call, &eventsv1.GetDigestsRequest{Owner: p.cfg.Owner, Types: p.cfg.Types})
	if err != nil {
		return nil, false, fmt.Errorf("ask %s for its digests: %w", p.cfg.Owner, err)
	}
	if len(d.GetBuckets()) != digest.Buckets {
		return nil, false, fmt.Errorf("%s answers %d digests instead of %d", p.cfg.Owner, len(d.GetBuckets()), digest.Buckets)
	}
	if ok, err := p.level(ctx, cursor{d.GetEpoch(), d.GetPos()}); err != nil || !ok {
		return nil, false, err
	}
	var own [digest.Buckets]uint64
	err = p.eachHeld(ctx, func(ref Ref, h held) {
		if h.known && p.wants(ref) {
			own[digest.Bucket(ref.Type, ref.ID)] += digest.Sum(ref.Type, ref.ID, h.version, h.hash)
		}
	})
	if err != nil {
		return nil, false, err
	}
	for i, sum := range own {
		if sum != d.GetBuckets()[i] {
			buckets = append(buckets, int32(i))
		}
	}
	return buckets, true, nil
}

// suspects lists what differs in buckets.
func (p *Projection[S]) suspects(ctx context.Context, buckets []int32) (out map[Ref]suspect, ok bool, err error) {
	heads, place, err := p.heads(ctx, buckets)
	if err != nil {
		return nil, false, err
	}
	if ok, err := p.level(ctx, place); err != nil || !ok {
		return nil, false, err
	}
	own := make(map[Ref]held)
	var asked [digest.Buckets]bool
	for _, b := range buckets {
		asked[b] = true
	}
	err = p.eachHeld(ctx, func(ref Ref, h held) {
		if p.wants(ref) && asked[digest.Bucket(ref.Type, ref.ID)] {
			own[ref] = h
		}
	})
	if err != nil {
		return nil, false, err
	}
	failing, err := p.failing(ctx)
	if err != nil {
		return nil, false, err
	}
	out = make(map[Ref]suspect)
	for ref, head := range heads {
		if h := own[ref]; !failing[ref] && differs(h, head, place.epoch) {
			out[ref] = suspect{version: head.GetVersion(), hash: head.GetPublicHash(), has: h}
		}
	}
	for ref, h := range own {
		// What the owner does not know is of another timeline; within the same one it
		// may be too new for the list.
		if heads[ref] == nil && !failing[ref] && h.known && h.epoch < place.epoch {
			out[ref] = suspect{has: h}
		}
	}
	return out, true, nil
}

// differs tells whether an aggregate of the read model is something else than
// head, which the owner told in epoch and which the read model had applied.
func differs(h held, head *eventsv1.Head, epoch int32) bool {
	switch {
	case h.isNone(), !h.known:
		return true
	case h.version == head.GetVersion() && bytes.Equal(h.hash, head.GetPublicHash()):
		return false
	}
	// What is newer came after the list was made.
	return !older(epoch, head.GetVersion(), h.epoch, h.version)
}

// heads lists what the owner has in buckets, and the place up to which that tells.
func (p *Projection[S]) heads(ctx context.Context, buckets []int32) (map[Ref]*eventsv1.Head, cursor, error) {
	out, place := make(map[Ref]*eventsv1.Head), cursor{}
	for after := (Ref{}); ; {
		page, err := p.headsAfter(ctx, p.cfg.Types, buckets, after, headsPage)
		if err != nil {
			return nil, place, err
		}
		for _, h := range page.GetHeads() {
			out[Ref{h.GetAggregateType(), h.GetAggregateId()}] = h
		}
		if at := (cursor{page.GetEpoch(), page.GetPos()}); place.before(at) {
			place = at
		}
		if after = (Ref{page.GetNextType(), page.GetNextId()}); after == (Ref{}) {
			return out, place, nil
		}
	}
}

func (p *Projection[S]) headsAfter(ctx context.Context, types []string, buckets []int32, after Ref, size int32) (*eventsv1.ListHeadsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, compareTimeout)
	defer cancel()
	page, err := p.cfg.Feed.ListHeads(ctx, &eventsv1.ListHeadsRequest{
		Owner: p.cfg.Owner, Types: types, Buckets: buckets, AfterType: after.Type, AfterId: after.ID, PageSize: size,
	})
	if err != nil {
		return nil, fmt.Errorf("list what %s has: %w", p.cfg.Owner, err)
	}
	return page, nil
}

// mend fetches suspects and writes them.
func (p *Projection[S]) mend(ctx context.Context, all map[Ref]suspect) error {
	var errs []error
	for refs := range slices.Chunk(slices.SortedFunc(maps.Keys(all), byName), batch) {
		if _, err := p.lease(ctx); err != nil {
			return err
		}
		err := p.mendSome(ctx, refs, all)
		if err != nil && len(refs) > 1 && !passes(err) {
			err = nil
			for _, ref := range refs {
				if one := p.mendSome(ctx, []Ref{ref}, all); one != nil {
					err = fmt.Errorf("mend %s %s: %w", ref.Type, ref.ID, one)
				}
			}
		}
		errs = append(errs, err)
	}
	if len(all) > 0 && p.cfg.Settle != nil {
		errs = append(errs, p.commit(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if _, err := p.lockCursor(ctx, tx); err != nil {
				return err
			}
			return p.cfg.Settle(ctx, tx)
		}))
	}
	return errors.Join(errs...)
}

func (p *Projection[S]) mendSome(ctx context.Context, refs []Ref, all map[Ref]suspect) error {
	p.yield(ctx)
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	states, told, err := p.fetchRefs(ctx, refs)
	if err != nil {
		return err
	}
	p.applying.Lock()
	defer p.applying.Unlock()
	mended := 0
	err = p.commit(ctx, func(ctx context.Context, tx *sql.Tx) error {
		mended = 0
		c, err := p.lockCursor(ctx, tx)
		if err != nil {
			return err
		}
		now, err := p.versions(ctx, refs)
		if err != nil {
			return err
		}
		some := slices.DeleteFunc(slices.Clone(states), func(s State[S]) bool {
			was := all[s.Ref]
			isUnknown := s.Version == 0 && (was.has.isNone() || s.Epoch <= was.has.epoch)
			// Its list and its states must agree, or it would be mended again and again.
			isOther := s.Version > 0 && s.Version == was.version && !bytes.Equal(s.PublicHash, was.hash)
			return isUnknown || isOther || !now[s.Ref].same(was.has) // or it was changed since
		})
		items, err := p.write(ctx, tx, c, some, told, true)
		if err != nil {
			return err
		}
		if mended, err = p.defects(ctx, tx, items, all); err != nil || mended == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, countDrift, p.cfg.Owner, mended); err != nil {
			return fmt.Errorf("count what was mended: %w", err)
		}
		return nil
	})
	if err == nil && mended > 0 {
		p.mended.Add(ctx, int64(mended), p.attributes())
		p.log.ErrorContext(ctx, "the read model differed from its owner and was mended", "source", p.cfg.Owner, "count", mended,
			"aggregate_type", refs[0].Type, "aggregate_id", refs[0].ID)
	}
	return err
}

// defects counts the items that differed without a reason.
func (p *Projection[S]) defects(ctx context.Context, tx *sql.Tx, items []Item[S], all map[Ref]suspect) (n int, err error) {
	var counts bool
	if err := tx.QueryRowContext(ctx, readCounts, p.cfg.Owner).Scan(&counts); err != nil || !counts {
		return 0, err
	}
	for _, item := range items {
		has := all[item.Ref].has
		// An older timeline differs, and an older release kept no hash.
		if has.isNone() || has.epoch == item.Epoch && has.hash != nil {
			n++
		}
	}
	return n, nil
}

// fetchRefs asks the owner for states of which nothing told.
func (p *Projection[S]) fetchRefs(ctx context.Context, refs []Ref) ([]State[S], map[Ref]received, error) {
	told := make(map[Ref]received, len(refs))
	for _, ref := range refs {
		told[ref] = received{notice: p.unannounced(ref, 0, 0), ctx: ctx}
	}
	states, err := p.fetch(ctx, told)
	return states, told, err
}

// failing lists what the read model has not for a reason that is known.
func (p *Projection[S]) failing(ctx context.Context) (_ map[Ref]bool, err error) {
	rows, err := p.cfg.DB.Conn(ctx).QueryContext(ctx, listFailing, p.cfg.Owner)
	if err != nil {
		return nil, fmt.Errorf("list what fails: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[Ref]bool)
	for rows.Next() {
		var ref Ref
		if err := rows.Scan(&ref.Type, &ref.ID); err != nil {
			return nil, fmt.Errorf("scan what fails: %w", err)
		}
		out[ref] = true
	}
	return out, rows.Err()
}

// wants tells whether the read model follows aggregates of this type.
func (p *Projection[S]) wants(ref Ref) bool {
	return len(p.cfg.Types) == 0 || slices.Contains(p.cfg.Types, ref.Type)
}

func bucketsOf(all map[Ref]suspect) []int32 {
	var buckets []int32
	for ref := range all {
		buckets = append(buckets, int32(digest.Bucket(ref.Type, ref.ID))) //nolint:gosec // below 1024
	}
	slices.Sort(buckets)
	return slices.Compact(buckets)
}

func byName(a, b Ref) int {
	if c := strings.Compare(a.Type, b.Type); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}
