package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	// firstGlance is when a tail looks again for what another process committed and
	// has not given a place yet; each further look waits twice as long, until lastGlance.
	firstGlance = 5 * time.Millisecond
	lastGlance  = 200 * time.Millisecond
)

// Tail reads the feed of all sites straight from the owner's database, for a
// replica of the owner that keeps something of it in memory. Not safe for
// concurrent use.
type Tail struct {
	out  *Outbox
	wake chan struct{}
}

// NewTail makes a tail, which is woken until it is closed.
func NewTail(out *Outbox) *Tail {
	t := &Tail{out: out, wake: make(chan struct{}, 1)}
	out.mu.Lock()
	defer out.mu.Unlock()
	out.tails = append(out.tails, t)
	return t
}

// Close ends the wake-ups.
func (t *Tail) Close() {
	t.out.mu.Lock()
	defer t.out.mu.Unlock()
	for i, other := range t.out.tails {
		if other == t {
			t.out.tails = append(t.out.tails[:i:i], t.out.tails[i+1:]...)
			return
		}
	}
}

// End is the end of the feed.
func (t *Tail) End(ctx context.Context) (Place, error) {
	w, err := t.out.watermark(ctx)
	return Place{w.epoch, w.pos}, err
}

// List reads at most size notices after a place. Next is behind the last of them,
// and where there are no more at the feed's end. If Epoch is not that of the place
// the database went back in time, and what was made from the feed is to be made anew.
func (t *Tail) List(ctx context.Context, after Place, size int32) (Page, error) {
	// The end is read first: whatever is before it is committed and will be seen.
	end, err := t.End(ctx)
	if err != nil {
		return Page{}, err
	}
	if end.before(after) {
		if err := t.out.verify(ctx, mark{after.Epoch, after.Pos}, "a replica has seen later notices"); err != nil {
			return Page{}, err
		}
		if end, err = t.End(ctx); err != nil {
			return Page{}, err
		}
	}
	page := Page{Next: end, Epoch: end.Epoch}
	if end.Epoch != after.Epoch || end == after {
		return page, nil
	}
	return t.page(ctx, page, columns+` WHERE (epoch, pos) > ($1, $2) AND (epoch, pos) <= ($3, $4) ORDER BY epoch, pos LIMIT $5`, size,
		after.Epoch, after.Pos, end.Epoch, end.Pos, size+1)
}

// ListSite reads at most size notices of one site between two places.
func (t *Tail) ListSite(ctx context.Context, site string, after, end Place, size int32) (Page, error) {
	return t.page(ctx, Page{Next: end, Epoch: end.Epoch}, ofSite, size, site, after.Epoch, after.Pos, end.Epoch, end.Pos, size+1)
}

func (t *Tail) page(ctx context.Context, page Page, query string, size int32, args ...any) (Page, error) {
	rows, err := t.out.rows(ctx, query, args...)
	if err != nil {
		return Page{}, err
	}
	if len(rows) > int(size) {
		rows = rows[:size]
		last := rows[size-1].place()
		page.Next, page.More = Place{last.epoch, last.pos}, true
	}
	page.Notices = make([]*eventsv1.Notice, len(rows))
	for i, r := range rows {
		page.Notices[i] = r.notice
	}
	return page, nil
}

// Wait returns nil once there may be something after a place that List has found
// nothing behind, and the error of ctx if that ends first. Nothing is asked of the
// database while nobody writes, but for a look now and then where another process
// may have written and could not tell.
func (t *Tail) Wait(ctx context.Context, after Place) error {
	for glance := firstGlance; ; glance = min(2*glance, lastGlance) {
		pause := time.Duration(0)
		if t.out.db.Dialect() == sqldb.Postgres {
			pause = lookAgain
			var placed, unplaced bool
			err := t.out.db.Conn(ctx).QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outbox WHERE (epoch, pos) > ($1, $2)), `+isUnplaced, after.Epoch, after.Pos).Scan(&placed, &unplaced)
			switch {
			case err != nil:
				return fmt.Errorf("look for what waits: %w", err)
			case placed:
				return nil
			case unplaced:
				pause = glance
			}
		}
		woken, err := t.pause(ctx, pause)
		if err != nil || woken {
			return err
		}
		if pause == lookAgain { // an epoch may have begun
			return nil
		}
	}
}

// Woken receives when there may be more, for who does something else than Wait.
func (t *Tail) Woken() <-chan struct{} { return t.wake }

// pause waits for a wake-up, or for a time unless that is 0.
func (t *Tail) pause(ctx context.Context, d time.Duration) (woken bool, err error) {
	var end <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		end = timer.C
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-t.wake:
		return true, nil
	case <-end:
		return false, nil
	}
}

// Watermark is the newest place that was given.
func (o *Outbox) Watermark(ctx context.Context) (Place, error) {
	w, err := o.watermark(ctx)
	return Place{w.epoch, w.pos}, err
}
