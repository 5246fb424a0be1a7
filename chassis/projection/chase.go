package projection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// look is how often it is considered whether the stream does its work.
	look = time.Second
	// maxHole is how long a position may be missing while later ones are there.
	maxHole = 3 * time.Second
	// maxBehind is how long the floor may be below what the owner announced.
	maxBehind = 10 * time.Second
	// silence is three heartbeats.
	silence = 15 * time.Second
	// lookFurther is how often, while only the feed is read, the owner is asked how
	// far it is: a new epoch may have no notices yet.
	lookFurther = 5 * time.Second
	// feedTimeout is for one page of the feed.
	feedTimeout = 5 * time.Second
)

// chaser catches up from the owner's feed when the stream does not bring
// everything: it is off, lost something, or was wiped.
type chaser[S any] struct {
	p *Projection[S]
	// lastBeat is when the owner was last heard over the stream's server.
	lastBeat time.Time
	// announced is what the floor should reach, since announcedAt.
	announced   cursor
	announcedAt time.Time
	// doubtful tells that a heartbeat was of a new epoch: the owner is asked.
	doubtful bool
	// end is how far the owner said that it is, at endAt.
	end   cursor
	endAt time.Time
	// seen is how far the feed was read; what failed below it waits until retryAt.
	seen    cursor
	retryAt time.Time
	tries   uint64
	failing bool
}

// chase runs until ctx ends.
func (p *Projection[S]) chase(ctx context.Context) {
	if p.cfg.Feed == nil {
		return
	}
	beats := make(chan *eventsv1.Heartbeat, 4)
	// Without them silence is noticed.
	if stop, err := p.cfg.Source.Heartbeats(beats); err == nil {
		defer stop()
	}
	c := &chaser[S]{p: p, lastBeat: time.Now()}
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case beat := <-beats:
			c.heard(beat, time.Now())
			if c.doubtful {
				c.consider(ctx, time.Now())
			}
		case <-p.chased:
			c.doubtful = true
			c.consider(ctx, time.Now())
		case <-tick.C:
			c.consider(ctx, time.Now())
		}
	}
}

func (c *chaser[S]) heard(beat *eventsv1.Heartbeat, now time.Time) {
	c.lastBeat = now
	at := cursor{beat.GetEpoch(), beat.GetPos()}
	if believed := c.p.believed.Load(); at.epoch > believed && believed > 0 {
		c.doubtful = true
		return
	}
	c.p.lag.heard(at)
	if c.announcedAt.IsZero() {
		c.announced, c.announcedAt = at, now
	}
}

// consider catches up if there is a reason to.
func (c *chaser[S]) consider(ctx context.Context, now time.Time) {
	hole := c.p.holeSince.Load()
	isSilent := now.Sub(c.lastBeat) > silence || !c.p.cfg.Source.Connected()
	hasHole := hole != 0 && now.Sub(time.Unix(0, hole)) > maxHole
	mayLag := !c.announcedAt.IsZero() && now.Sub(c.announcedAt) > maxBehind
	if !isSilent && !hasHole && !mayLag && !c.doubtful {
		return
	}
	at, err := c.p.cursor(ctx)
	if err == nil {
		c.p.believeIn(at.epoch)
	}
	if err == nil && mayLag && !at.before(c.announced) {
		c.announcedAt = time.Time{} // the next heartbeat tells what to reach now
		if !isSilent && !hasHole && !c.doubtful {
			return
		}
	}
	if err == nil {
		err = c.catchUp(ctx, at, now)
	}
	if err != nil && ctx.Err() == nil {
		if !c.failing {
			c.p.log.WarnContext(ctx, "the owner's feed cannot be read", "source", c.p.cfg.Owner, "error", err)
		}
		c.failing = true
		return
	}
	// The feed was read to its end: what was announced is there, or was never true.
	c.failing, c.doubtful, c.announcedAt = false, false, time.Time{}
}

// catchUp applies what the feed has after the floor. What cannot be applied now
// holds up nothing else; it is tried again as it would be from the stream.
func (c *chaser[S]) catchUp(ctx context.Context, at cursor, now time.Time) error {
	if err := c.lookFurther(ctx, at, now); err != nil {
		return err
	}
	from, whole := at, true
	if c.tries > 0 && now.Before(c.retryAt) && at.before(c.seen) {
		from, whole = c.seen, false
	}
	retried, failed, soon := whole, false, false
	for {
		page, err := c.page(ctx, from)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		last := page[len(page)-1].notice
		from = cursor{last.GetEpoch(), last.GetPos()}
		if n, passing := c.p.applyPage(ctx, page); n > 0 {
			whole, failed, soon = false, true, soon || passing
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if whole { // the feed is in order and complete: nothing before it is missing
			if err := c.p.reach(ctx, from); err != nil {
				return err
			}
		}
	}
	if whole {
		if err := c.p.reachEnd(ctx, from, c.end); err != nil {
			return err
		}
	}
	if c.seen.before(from) {
		c.seen = from
	}
	switch {
	case failed:
		c.tries++
		wait := backOff(c.tries)
		if soon {
			wait = min(wait, steadyWait)
		}
		c.retryAt = now.Add(wait)
	case retried:
		c.tries = 0
	}
	return nil
}

// lookFurther asks the owner how far it is, before the feed is read: then
// everything up to there has been read when the feed ends.
func (c *chaser[S]) lookFurther(ctx context.Context, at cursor, now time.Time) error {
	if !c.doubtful && now.Sub(c.endAt) < lookFurther {
		return nil
	}
	w, err := c.p.watermark(ctx)
	if err != nil {
		return err
	}
	if w.before(at) {
		c.p.log.ErrorContext(ctx, "the owner is behind what it has told before, in the same epoch", "source", c.p.cfg.Owner,
			"epoch", w.epoch, "pos", w.floor, "floor", at.floor)
	}
	c.end, c.endAt = w, now
	return nil
}

func (c *chaser[S]) page(ctx context.Context, after cursor) ([]received, error) {
	call, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	got, err := c.p.cfg.Feed.ListChanges(call, &eventsv1.ListChangesRequest{
		Owner: c.p.cfg.Owner, AfterEpoch: after.epoch, AfterPos: after.floor, PageSize: batch,
	})
	if err != nil {
		return nil, fmt.Errorf("list the changes of %s: %w", c.p.cfg.Owner, err)
	}
	out := make([]received, len(got.GetNotices()))
	for i, n := range got.GetNotices() {
		out[i] = received{notice: n, ctx: ctx}
		c.p.lag.listed(placeOf(n))
	}
	return out, nil
}

// applyPage applies notices of the feed, one by one if they fail together; it
// answers how many could not be applied, and whether that passes for some: somebody
// is away, or the owner answers from a replica that is behind its own feed.
func (p *Projection[S]) applyPage(ctx context.Context, page []received) (failed int, passing bool) {
	if p.tryApply(ctx, page) == nil {
		return 0, false
	}
	for _, r := range page {
		if err := p.tryApply(ctx, []received{r}); err != nil {
			if ctx.Err() == nil && p.parked(ctx, r, err) {
				continue
			}
			failed++
			passing = passing || passes(err) || errors.Is(err, errBehind)
			if ctx.Err() != nil {
				return failed, passing
			}
			p.log.WarnContext(ctx, "a change could not be applied and will be tried again", "source", p.cfg.Owner,
				"aggregate_id", r.notice.GetAggregateId(), "event_id", r.notice.GetId(), "error", err)
		}
	}
	return failed, passing
}

// reachEnd lets the floor rise to end if the feed, read up to from, has nothing
// more before it, and forgets places that nobody gave: a forged notice's.
func (p *Projection[S]) reachEnd(ctx context.Context, from, end cursor) error {
	if from.before(end) {
		return p.reach(ctx, end)
	}
	if from != end || p.holeSince.Load() == 0 {
		return nil
	}
	// Outside the transaction, which holds up all writers. If a place is given and
	// applied in between it is forgotten, missed, and read from the feed again.
	w, err := p.watermark(ctx)
	if err != nil || w != end {
		return err
	}
	return p.cfg.DB.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		c, err := p.lockCursor(ctx, tx)
		if err != nil || c.cursor != from {
			return err
		}
		if _, err := tx.ExecContext(ctx, dropBeyond, p.cfg.Owner, w.epoch, w.floor); err != nil {
			return fmt.Errorf("forget places that the owner never gave: %w", err)
		}
		p.holeIf(false)
		return nil
	})
}

func (p *Projection[S]) wakeChaser() { nudge(p.chased) }
