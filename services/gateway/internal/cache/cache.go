// Package cache keeps finished pages in memory, each in the encodings that
// readers asked for, until a notice says that something on it has changed.
//
// A page is trusted while the feed of notices is live and none of the page's
// dependency keys was touched. Whatever is not trusted is asked for again,
// cheaply, by its ETag; if nobody answers, the last known page is served.
// docs/events.md describes the whole.
package cache

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parution/parution/chassis/fault"
)

const (
	// fillTimeout is the deadline of a read.
	fillTimeout = 2 * time.Second
	// askTimeout is the deadline of a read if there is something to fall back on.
	askTimeout = time.Second
	// retryAfter is how long a source that did not answer is left alone.
	retryAfter = time.Second
	// staleIfError is how long a page that could not be confirmed is served.
	staleIfError = 24 * time.Hour
	// share bounds one page to a part of the cache.
	share = 8
	// maxJoins bounds how often a request waits for somebody else's fill.
	maxJoins = 3
)

// Key says what a page depends on, and all that it depends on.
type Key struct {
	Site string
	// Path is canonical and decoded.
	Path string
	// Page is the page of a paged listing, 0 for none.
	Page int32
}

// Page is an answer of a Source.
type Page struct {
	// Status is 200, 301, 404 or 410.
	Status int
	// Location is where a 301 leads, escaped.
	Location    string
	ContentType string
	Body        []byte
	// ETag is strong, with its quotes; empty for none.
	ETag         string
	LastModified time.Time
	// Keys are what the page depends on.
	Keys []string
	// NotModified says that the page with the ETag that was asked about is current.
	NotModified bool
	// Immutable pages never change and need no confirmation.
	Immutable bool
}

// Source makes the page of k; etag is that of the page that is already here, or
// empty. Its errors are faults.
type Source func(ctx context.Context, k Key, etag string) (Page, error)

// Cache is the cache. Safe for concurrent use.
type Cache struct {
	max    int64
	source Source
	now    func() time.Time

	// generation counts the moments after which nothing that was there before is trusted.
	generation atomic.Uint64
	live       atomic.Bool
	// retryAt, in Unix nanoseconds, is when a source that failed is asked again; 0: it works.
	retryAt atomic.Int64
	counts  [results]atomic.Int64

	mu      sync.RWMutex
	entries map[Key]*Entry
	order   *list.List // of *Entry, for eviction
	bytes   int64
	index   map[dep]map[*Entry]struct{}
	flights map[Key]*flight
	drops   dropLog
}

// New makes an empty cache of at most maxBytes. It trusts nothing until SetLive.
func New(maxBytes int64, source Source, now func() time.Time) *Cache {
	c := &Cache{
		max: maxBytes, source: source, now: now,
		entries: make(map[Key]*Entry), order: list.New(),
		index: make(map[dep]map[*Entry]struct{}), flights: make(map[Key]*flight), drops: newDropLog(),
	}
	c.generation.Store(1) // 0 is the generation of what was dropped
	return c
}

// Fresh is the page of k if it is here and may be served as it is; nil otherwise.
// It waits for nobody.
func (c *Cache) Fresh(k Key) *Entry {
	e := c.get(k)
	if e == nil || !c.fresh(e) {
		return nil
	}
	if !e.used.Load() { // reads are cheap for the other processors, writes are not
		e.used.Store(true)
	}
	c.counts[Hit].Add(1)
	return e
}

func (c *Cache) get(k Key) *Entry {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.entries[k]
}

func (c *Cache) fresh(e *Entry) bool {
	return e.page.Immutable || (e.generation.Load() == c.generation.Load() && c.live.Load())
}

// SetLive says whether notices arrive. While they do not, every page is asked
// for again.
func (c *Cache) SetLive(live bool) { c.live.Store(live) }

// Live tells what SetLive last said.
func (c *Cache) Live() bool { return c.live.Load() }

// Distrust says that notices may have been missed: every page is asked for again, once.
func (c *Cache) Distrust() { c.generation.Add(1) }

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
// nil. A page that could not be confirmed is served for a day unless it is known to be gone.
func (c *Cache) Load(ctx context.Context, k Key) (*Entry, error) {
	if e := c.Fresh(k); e != nil {
		return e, nil
	}
	for range maxJoins {
		f, e, leads := c.join(k)
		if leads {
			return c.lead(ctx, k, e, f)
		}
		if f == nil || (e != nil && c.failing() && c.usable(e)) {
			return c.stale(e), nil // the one that asks may wait for long
		}
		seen := c.seen()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-f.done:
		}
		// Whoever came after a drop must not get what was made before it.
		if !f.raced || f.start >= seen {
			c.count(Shared, f.err)
			return f.entry, f.err
		}
	}
	c.count(Miss, errBusy)
	return nil, errBusy
}

var errBusy = fault.Unavailable("the page changes too quickly")

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

// usable tells whether e may be served without anybody confirming it.
func (c *Cache) usable(e *Entry) bool {
	return c.now().UnixNano()-e.confirmed.Load() < int64(staleIfError)
}

func (c *Cache) stale(e *Entry) *Entry {
	c.counts[Stale].Add(1)
	e.used.Store(true)
	return e
}

// lead asks the source and tells those who wait.
func (c *Cache) lead(ctx context.Context, k Key, e *Entry, f *flight) (*Entry, error) {
	generation := c.generation.Load()
	defer func() {
		c.mu.Lock()
		delete(c.flights, k)
		c.mu.Unlock()
		close(f.done)
	}()
	f.err = errAborted // if the source panics
	etag, timeout := "", fillTimeout
	if e != nil {
		etag, timeout = e.page.ETag, askTimeout
	}
	// A client that goes away must not take the page from those who wait for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	page, err := c.source(ctx, k, etag)
	c.note(err)
	if err != nil {
		f.entry, f.err = c.fallBack(k, e, err)
		return f.entry, f.err
	}
	f.err = nil
	f.entry, f.raced = c.settle(k, e, page, f.start, generation)
	return f.entry, nil
}

var errAborted = fault.Unavailable("the page could not be made")

// note remembers whether the source answers.
func (c *Cache) note(err error) {
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
