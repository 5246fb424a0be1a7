package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// errBehind is an owner that answers with a state older than its notice: a
// replica of its database that has not caught up, or a notice that is not true.
var errBehind = errors.New("the owner answered with an older state than it announced")

// errUntrue is a notice that the owner cannot have sent.
var errUntrue = errors.New("the notice is of an epoch or a place that the owner does not know")

// apply brings the read model up to what the notices tell, in one transaction.
func (p *Projection[S]) apply(ctx context.Context, notices []received) error {
	if err := p.believe(ctx, notices); err != nil {
		return err
	}
	wanted, has, err := p.newer(ctx, notices)
	if err != nil {
		return err
	}
	states, err := p.fetch(ctx, wanted)
	if err != nil {
		return err
	}
	states = slices.DeleteFunc(states, func(s State[S]) bool { return tellsNothing(s, has[s.Ref]) })
	known := make(map[Ref]bool, len(states))
	for _, s := range states {
		known[s.Ref] = true
		if n := wanted[s.Ref].notice; older(s.Epoch, s.Version, n.GetEpoch(), n.GetVersion()) && s.Version > 0 {
			return fmt.Errorf("%s %s: %w", s.Type, s.ID, errBehind)
		}
	}
	bare := slices.DeleteFunc(slices.Clone(notices), func(r received) bool {
		ref := refOf(r.notice)
		return known[ref] && wanted[ref].notice == r.notice
	})
	if err := p.believePlaces(ctx, bare); err != nil {
		return err
	}
	for ref := range wanted {
		if !known[ref] {
			p.log.WarnContext(ctx, "the owner does not know what it announced", "owner", p.cfg.Owner,
				"aggregate_type", ref.Type, "aggregate_id", ref.ID)
		}
	}
	return p.keep(ctx, states, wanted, notices)
}

// tellsNothing tells whether s is of what the owner does not know. What it does
// not know now may be of another timeline than what is held: then it is gone.
func tellsNothing[S any](s State[S], has held) bool {
	return s.Version == 0 && (has.isNone() || s.Epoch <= has.epoch)
}

// keep writes states and the notices' places, in one transaction.
func (p *Projection[S]) keep(ctx context.Context, states []State[S], wanted map[Ref]received, notices []received) error {
	return p.commit(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// The cursor row is locked first: replicas of a read model take turns, so
		// what is compared here cannot change before the commit.
		c, err := p.lockCursor(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := p.write(ctx, tx, c, states, wanted, false); err != nil {
			return err
		}
		failing, err := p.advance(ctx, tx, c.cursor, notices)
		if err != nil || !failing {
			return err
		}
		return p.forgive(ctx, tx)
	})
}

// commit runs a transaction that may change the read model, and tells those who
// wait for that.
func (p *Projection[S]) commit(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	if err := p.cfg.DB.InTx(ctx, fn); err != nil {
		return err
	}
	p.commits.ring()
	return nil
}

// fetch asks the owner for the present states of what is wanted.
func (p *Projection[S]) fetch(ctx context.Context, wanted map[Ref]received) ([]State[S], error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	refs := make([]Ref, 0, len(wanted))
	for ref := range wanted {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, byName)
	states, err := p.cfg.Fetch(ctx, refs)
	if err != nil {
		return nil, &askError{fmt.Errorf("fetch %d changed from %s: %w", len(refs), p.cfg.Owner, err)}
	}
	return slices.DeleteFunc(states, func(s State[S]) bool { _, ok := wanted[s.Ref]; return !ok }), nil
}

// write raises the versions of states and has the service write those that are
// news; with force also what the read model has already. It answers these.
func (p *Projection[S]) write(
	ctx context.Context, tx *sql.Tx, c locked, states []State[S], told map[Ref]received, force bool,
) ([]Item[S], error) {
	news, err := p.raise(ctx, tx, states, c.generation, force)
	if err != nil {
		return nil, err
	}
	items := make([]Item[S], 0, len(news))
	for _, s := range states {
		if news[s.Ref] {
			r := told[s.Ref]
			items = append(items, Item[S]{Ref: s.Ref, Epoch: s.Epoch, Version: s.Version, State: s.State, Mend: force, Notice: r.notice, Context: r.ctx})
		}
	}
	// In the order of the feed: posts that come with their tags come as they were written.
	slices.SortStableFunc(items, func(a, b Item[S]) int { return byPlace(placeOf(a.Notice), placeOf(b.Notice)) })
	if len(items) == 0 {
		return nil, nil
	}
	return items, p.refresh(ctx, tx, items)
}

func placeOf(n *eventsv1.Notice) cursor { return cursor{n.GetEpoch(), n.GetPos()} }

// refresh calls the service; a panic in it is a failure like another.
func (p *Projection[S]) refresh(ctx context.Context, tx *sql.Tx, items []Item[S]) (err error) {
	defer func() {
		if r := recover(); r != nil {
			p.log.ErrorContext(ctx, "refresh panicked", "owner", p.cfg.Owner, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("refresh panicked: %v", r)
		}
	}()
	return p.cfg.Refresh(ctx, tx, items)
}

// believe asks the owner itself about an epoch that is new here: a notice may
// be forged, and what is newer outranks everything that the read model has.
func (p *Projection[S]) believe(ctx context.Context, notices []received) error {
	newest := int32(0)
	for _, r := range notices {
		newest = max(newest, r.notice.GetEpoch())
	}
	if p.cfg.Feed == nil || newest <= p.believed.Load() {
		return nil
	}
	at, err := p.cursor(ctx)
	if err != nil {
		return err
	}
	p.believeIn(at.epoch)
	if newest <= at.epoch {
		return nil
	}
	w, err := p.watermark(ctx)
	if err != nil {
		return &askError{err}
	}
	if w.epoch < newest {
		return errUntrue
	}
	p.wakeChaser() // the floor goes over to the new epoch by the feed
	return nil
}

// believePlaces asks the owner itself whether it gave the places of notices that
// brought nothing. A floor that rose over one that it will give only later would
// hide what is told there.
func (p *Projection[S]) believePlaces(ctx context.Context, bare []received) error {
	var furthest cursor
	for _, r := range bare {
		if at := placeOf(r.notice); at.floor > 0 && furthest.before(at) {
			furthest = at
		}
	}
	if p.cfg.Feed == nil || furthest.floor == 0 || p.lag.isSure(furthest) {
		return nil
	}
	if at, err := p.cursor(ctx); err != nil || !at.before(furthest) {
		return err
	}
	w, err := p.watermark(ctx)
	if err != nil {
		return &askError{err}
	}
	if w.before(furthest) {
		return errUntrue
	}
	return nil
}

// watermark asks the owner how far its feed goes.
func (p *Projection[S]) watermark(ctx context.Context) (cursor, error) {
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	w, err := p.cfg.Feed.GetWatermark(ctx, &eventsv1.GetWatermarkRequest{Owner: p.cfg.Owner})
	if err != nil {
		return cursor{}, fmt.Errorf("ask %s how far it is: %w", p.cfg.Owner, err)
	}
	at := cursor{w.GetEpoch(), w.GetPos()}
	p.believeIn(at.epoch)
	p.lag.told(at)
	return at, nil
}

func (p *Projection[S]) believeIn(epoch int32) {
	for {
		was := p.believed.Load()
		if was >= epoch || p.believed.CompareAndSwap(was, epoch) {
			return
		}
	}
}

// newer picks, of each aggregate, the newest notice that the read model has not
// seen, and answers what it has of them.
func (p *Projection[S]) newer(ctx context.Context, notices []received) (map[Ref]received, map[Ref]held, error) {
	wanted := make(map[Ref]received, len(notices))
	for _, r := range notices {
		ref := refOf(r.notice)
		if !p.wants(ref) {
			continue
		}
		if was, ok := wanted[ref]; !ok || older(was.notice.GetEpoch(), was.notice.GetVersion(), r.notice.GetEpoch(), r.notice.GetVersion()) {
			wanted[ref] = r
		}
	}
	refs := make([]Ref, 0, len(wanted))
	for ref := range wanted {
		refs = append(refs, ref)
	}
	has, err := p.versions(ctx, refs)
	if err != nil {
		return nil, nil, err
	}
	for ref, r := range wanted {
		if h := has[ref]; !older(h.epoch, h.version, r.notice.GetEpoch(), r.notice.GetVersion()) {
			delete(wanted, ref)
		}
	}
	return wanted, has, nil
}

func refOf(n *eventsv1.Notice) Ref {
	return Ref{Type: n.GetAggregateType(), ID: n.GetAggregateId()}
}

// older tells whether (epoch, version) comes before (thanEpoch, thanVersion).
func older(epoch, version, thanEpoch, thanVersion int32) bool {
	return epoch < thanEpoch || epoch == thanEpoch && version < thanVersion
}
