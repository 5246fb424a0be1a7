package cache

import (
	"context"
	"errors"

	"github.com/parution/parution/chassis/fault"
)

// ErrGone says that the page is of a post that is gone, although the source
// does not know yet.
var ErrGone = errors.New("the post is gone")

// ErrCrowded is Unavailable: too many wait for pages that are newer.
var ErrCrowded = fault.Unavailable("too many wait for a page that is newer")

var (
	errBusy    = fault.Unavailable("the page changes too quickly")
	errAway    = fault.Unavailable("the page cannot be asked for now")
	errAborted = fault.Unavailable("the page could not be made")
	errBehind  = fault.Unavailable("the page still shows a post that is gone")
)

// flight is one question to the source; those who want the same page wait for it.
type flight struct {
	done  chan struct{}
	start uint64 // drops that it knows of
	// raced: something on the page was dropped while it was made.
	raced bool
	entry *Entry
	err   error
}

// Load is the page of k from here or from the source. The entry of an error is
// nil. A page that could not be confirmed is served for a day unless it shows a
// post that is gone. Faults: Unavailable; ErrGone.
func (c *Cache) Load(ctx context.Context, k Key) (*Entry, error) {
	if e := c.Fresh(k); e != nil {
		return e, nil
	}
	for range maxJoins {
		f, e, leads := c.join(k)
		if e != nil && c.mayWait(e) {
			if leads {
				c.background.Go(func() { _, _ = c.lead(ctx, k, e, f) }) // what goes wrong is counted, and met by who asks next
			}
			return c.stale(e), nil
		}
		if leads {
			return c.lead(ctx, k, e, f)
		}
		if f == nil || (e != nil && c.failing() && c.usable(e)) {
			return c.fallBack(k, e, errAway) // the one that asks may wait for long
		}
		seen := c.seen()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-f.done:
		}
		// Whoever came after a drop must not get what was made before it, and
		// nobody what is gone by now.
		if (!f.raced || f.start >= seen) && !c.gone(f.entry) {
			c.count(Shared, f.err)
			return f.entry, f.err
		}
	}
	c.count(Miss, errBusy)
	return nil, errBusy
}

// join finds the flight of k or begins one. While the source does not answer,
// only one request a second begins a flight for a page that is here; the others
// get none.
func (c *Cache) join(k Key) (f *flight, e *Entry, leads bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e = c.entries[k]
	if f = c.flights[k]; f != nil {
		return f, e, false
	}
	if e != nil && c.usable(e) && !c.mayAsk() {
		return nil, e, false
	}
	f = &flight{done: make(chan struct{}), start: c.drops.seq}
	c.flights[k] = f
	return f, e, true
}

// gone tells whether e shows a post that is gone.
func (c *Cache) gone(e *Entry) bool {
	if e == nil {
		return false
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	gone, _ := c.showsGone(e.page.Status, e.keys)
	return len(gone) > 0
}

func (c *Cache) seen() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.drops.seq
}

func (c *Cache) failing() bool { return c.retryAt.Load() != 0 }

// mayAsk is true if the source works, and once after each pause if it does not.
func (c *Cache) mayAsk() bool {
	at := c.retryAt.Load()
	if at == 0 {
		return true
	}
	now := c.now()
	return now.UnixNano() >= at && c.retryAt.CompareAndSwap(at, now.Add(retryAfter).UnixNano())
}

func (c *Cache) stale(e *Entry) *Entry {
	c.counts[Stale].Add(1)
	e.used.Store(true)
	return e
}

// LoadAtLeast is the page of k that shows the posts of wanted no older than
// that: what is here if it is known to, else what the source answers. Faults are
// those of Load; nothing is served in their place. ErrCrowded, at once, if too
// many ask like that: such a page takes the source longer, and anybody may ask.
func (c *Cache) LoadAtLeast(ctx context.Context, k Key, wanted []Version) (*Entry, error) {
	e, start, ok := c.satisfying(k, wanted)
	if ok {
		c.counts[Hit].Add(1)
		return e, nil
	}
	if c.atLeast.Add(1) > maxAtLeast {
		c.atLeast.Add(-1)
		c.count(Miss, ErrCrowded)
		return nil, ErrCrowded
	}
	defer c.atLeast.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, fillTimeout)
	defer cancel()
	e, _, err := c.fill(ctx, k, e, start, wanted)
	if err != nil {
		c.count(Miss, err)
		return nil, err
	}
	return e, nil
}

// satisfying is the entry of k, and whether it may be served to who wants these
// versions.
func (c *Cache) satisfying(k Key, wanted []Version) (e *Entry, start uint64, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e = c.entries[k]
	return e, c.drops.seq, e != nil && c.fresh(e) && (e.page.Immutable || c.floors.satisfied(e.start, wanted))
}

// lead asks the source and tells those who wait.
func (c *Cache) lead(ctx context.Context, k Key, e *Entry, f *flight) (*Entry, error) {
	defer func() {
		c.mu.Lock()
		delete(c.flights, k)
		c.mu.Unlock()
		close(f.done)
	}()
	f.err = errAborted // if the source panics
	timeout := fillTimeout
	if e != nil {
		timeout = askTimeout
	}
	// A client that goes away must not take the page from those who wait for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	f.entry, f.raced, f.err = c.fill(ctx, k, e, f.start, nil)
	if f.err != nil {
		f.entry, f.err = c.fallBack(k, e, f.err)
	}
	return f.entry, f.err
}

// fill asks the source, who knows of drops up to start, and keeps what may be
// kept. A page that shows posts that are gone is asked for once more: the source
// may not have heard yet. It is never answered.
func (c *Cache) fill(ctx context.Context, k Key, e *Entry, start uint64, wanted []Version) (_ *Entry, raced bool, err error) {
	for again := false; ; again = true {
		generation, etag := c.generation.Load(), ""
		if e != nil {
			etag = e.page.ETag
		}
		page, err := c.source(ctx, k, etag, wanted)
		c.answered(err)
		if err != nil {
			return nil, false, err
		}
		// What is gone by an old word may have been published again since.
		for _, v := range page.Had {
			c.Raise(k.Site, v)
		}
		s := c.settle(k, e, page, start, generation)
		switch {
		case len(s.gone) == 0:
			return s.entry, s.raced, nil
		case !again:
			// Its ETag is of a page that nobody wants.
			e, start, wanted = nil, c.seen(), limited(append(s.gone, wanted...))
		case s.whole:
			return nil, false, ErrGone
		default:
			return nil, false, errBehind
		}
	}
}

// maxWanted is how many posts a source takes; what lists show beyond is of the
// same batch mostly.
const maxWanted = 16

func limited(wanted []Version) []Version { return wanted[:min(len(wanted), maxWanted)] }

// answered remembers whether the source answers.
func (c *Cache) answered(err error) {
	if fault.KindOf(err) == fault.KindUnavailable && err != nil {
		c.retryAt.Store(c.now().Add(retryAfter).UnixNano())
		return
	}
	if c.failing() {
		c.retryAt.Store(0)
	}
}

// fallBack serves e although it could not be confirmed, unless it was taken
// away meanwhile: gone is gone.
func (c *Cache) fallBack(k Key, e *Entry, err error) (*Entry, error) {
	if e != nil && c.get(k) == e && c.usable(e) {
		return c.stale(e), nil
	}
	c.count(Miss, err)
	return nil, err
}
