package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// ofSite are the notices of one site in a stretch of the feed; publicOfSite
	// those of them that anybody may know of. PostgreSQL takes a stretch of epoch and
	// pos alone for one notice and reads all sites'; so the site is part of it.
	ofSite       = columns + ofStretch + inOrder
	publicOfSite = columns + ofStretch + ` AND public` + inOrder
	ofStretch    = ` WHERE (site, epoch, pos) > ($1, $2, $3) AND (site, epoch, pos) <= ($1, $4, $5)`
	inOrder      = ` ORDER BY site, epoch, pos LIMIT $6`
	// audiences are the sites with something new, and whether some of it is public. For the
	// site as it stands SQLite goes through all notices, site by site.
	audiences = `SELECT DISTINCT site || '', public FROM outbox WHERE (epoch, pos) > ($1, $2)`

	// glance is how often the database is asked while somebody waits and nothing
	// was heard; look how often after something was committed that has no place
	// yet, and looks how many times. Between two times there is a breath at least.
	glance = time.Second
	look   = 50 * time.Millisecond
	looks  = 20
	breath = 10 * time.Millisecond
)

// Place is in a feed: behind the notice with that position. The zero Place is
// the feed's beginning.
type Place struct {
	Epoch int32
	Pos   int64
}

func (p Place) before(q Place) bool { return p.Epoch < q.Epoch || p.Epoch == q.Epoch && p.Pos < q.Pos }

// Audience is who follows changes: a site's members, or anybody.
type Audience struct {
	Site string
	// Public is true for those who may know only of what is public, and that it ceased to be.
	Public bool
}

// Page is a stretch of the feed.
type Page struct {
	Notices []*eventsv1.Notice
	// Next goes on behind it: behind the last notice, or at the feed's end.
	Next Place
	// More is true if the feed goes on.
	More bool
	// Epoch is the present one.
	Epoch int32
}

// Changes is an outbox as those outside see it: the feed of one site, and
// waiting for what comes. Safe for concurrent use.
type Changes struct {
	out *Outbox
	max int

	mu sync.Mutex
	// seen is how far the feed was looked through for those who wait.
	seen    Place
	waiting map[chan struct{}]Audience
	// come tells that somebody waits.
	come chan struct{}
}

// NewChanges opens out to the outside; at most maxWaiting calls wait at once.
func NewChanges(out *Outbox, maxWaiting int) *Changes {
	return &Changes{out: out, max: maxWaiting, waiting: make(map[chan struct{}]Audience), come: make(chan struct{}, 1)}
}

// End is the end of the feed.
func (c *Changes) End(ctx context.Context) (Place, error) {
	w, err := c.out.watermark(ctx)
	return Place{w.epoch, w.pos}, err
}

// List reads at most size notices for an audience, those after a place. A place
// behind the end of the feed counts as its end.
func (c *Changes) List(ctx context.Context, of Audience, after Place, size int32) (Page, error) {
	// The end is read first: whatever is before it is committed and will be seen.
	end, err := c.End(ctx)
	if err != nil {
		return Page{}, err
	}
	query := ofSite
	if of.Public {
		query = publicOfSite
	}
	rows, err := c.out.rows(ctx, query, of.Site, after.Epoch, after.Pos, end.Epoch, end.Pos, size+1)
	if err != nil {
		return Page{}, err
	}
	page := Page{Next: end, Epoch: end.Epoch}
	if int64(len(rows)) > int64(size) {
		rows = rows[:size]
		last := rows[size-1].place()
		page.Next, page.More = Place{last.epoch, last.pos}, true
	}
	for _, r := range rows {
		page.Notices = append(page.Notices, r.notice)
	}
	return page, nil
}

// Wait returns nil once there may be something for an audience after a place,
// the Next of a Page, and the error of ctx if that ends first. It holds no
// connection. Faults: Exhausted if too many wait.
func (c *Changes) Wait(ctx context.Context, of Audience, after Place) error {
	woken, err := c.enter(of, after)
	if woken == nil {
		return err
	}
	defer c.leave(woken)
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter is nil for who need not wait.
func (c *Changes) enter(of Audience, after Place) (chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.waiting) == 0:
		c.seen = after // nobody looked meanwhile
	case len(c.waiting) >= c.max:
		return nil, fault.Exhausted("%d calls wait for changes already; ask without waiting, or later", c.max)
	case after.before(c.seen):
		return nil, nil //nolint:nilnil // there is nothing to wait for
	}
	woken := make(chan struct{})
	c.waiting[woken] = of
	select {
	case c.come <- struct{}{}:
	default:
	}
	return woken, nil
}

func (c *Changes) leave(woken chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, woken)
}

// Part looks for those who wait; while nobody does it rests.
func (c *Changes) Part() process.Part {
	return process.Part{Name: "changes of " + c.out.owner, Run: func(ctx context.Context, ready func()) error {
		ready()
		c.run(ctx)
		return nil
	}}
}

func (c *Changes) run(ctx context.Context) {
	timer := time.NewTimer(glance)
	defer timer.Stop()
	quick := 0
	for {
		if !c.anybody() {
			select {
			case <-ctx.Done():
				return
			case <-c.come:
				continue
			}
		}
		// What cannot be read now is read at the next time: who waits may wait.
		_ = c.look(ctx)
		if !stream.Wait(ctx, breath) {
			return
		}
		pause := glance
		if quick > 0 {
			quick--
			pause = look
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
			return
		case <-c.out.placed:
			quick = looks
		case <-c.come:
		case <-timer.C:
		}
	}
}

func (c *Changes) anybody() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) > 0
}

// look wakes those for whom there is something since the last time.
func (c *Changes) look(ctx context.Context) error {
	end, err := c.End(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	seen := c.seen
	c.mu.Unlock()
	if !seen.before(end) {
		return nil
	}
	news, err := c.audiences(ctx, seen)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// Who came since read the feed later than this did, or is woken for nothing.
	c.seen = end
	for woken, of := range c.waiting {
		if news[of] {
			close(woken)
			delete(c.waiting, woken)
		}
	}
	return nil
}

// audiences are those for whom there is something after a place.
func (c *Changes) audiences(ctx context.Context, after Place) (map[Audience]bool, error) {
	rows, err := c.out.db.Conn(ctx).QueryContext(ctx, audiences, after.Epoch, after.Pos)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	news := make(map[Audience]bool)
	for rows.Next() {
		var site string
		var public bool
		if err := rows.Scan(&site, &public); err != nil {
			return nil, err
		}
		news[Audience{Site: site}] = true
		if public {
			news[Audience{Site: site, Public: true}] = true
		}
	}
	return news, rows.Err()
}
