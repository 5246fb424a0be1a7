// Package cache keeps finished pages in memory, each in the encodings that
// readers asked for, until a notice says that something on it has changed.
//
// A page is trusted while notices arrive and none of the page's dependency keys
// was touched. Whatever is not trusted is asked for again, cheaply, by its ETag;
// if nobody answers, the last known page is served. A post that is gone is shown
// by no page, whoever answers what. docs/events.md describes the whole.
package cache

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// fillTimeout is the deadline of a read.
	fillTimeout = 2 * time.Second
	// askTimeout is the deadline of a read if there is something to fall back on.
	askTimeout = time.Second
	// retryAfter is how long a source that did not answer is left alone.
	retryAfter = time.Second
	// trusted is how long a page is served as it is after the feed was last said to be live.
	trusted = time.Minute
	// staleWhileRevalidate is how long a page is served while it is being confirmed.
	staleWhileRevalidate = 10 * time.Minute
	// staleIfError is how long a page that could not be confirmed is served.
	staleIfError = 24 * time.Hour
	// share bounds one page to a part of the cache.
	share = 8
	// maxJoins bounds how often a request waits for somebody else's fill.
	maxJoins = 3
	// maxAtLeast bounds the questions for pages that are no older than this or that.
	maxAtLeast = 32
)

// Key says what a page depends on, and all that it depends on.
type Key struct {
	Site string
	// Path is canonical and decoded.
	Path string
	// Page is the page of a paged listing, 0 for none.
	Page int32
	// Search is what is searched for, in any form; empty: nothing is. Pages of
	// searches are not kept.
	Search string
}

// Page is an answer of a Source.
type Page struct {
	// Status is 200, 301, 404 or 410; 400 of a search that cannot be read.
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
	// Had is what the source had of the posts that it was asked for when it made
	// the page.
	Had []Version
	// Immutable pages never change and need no confirmation.
	Immutable bool
	// Fleeting pages are answered and not kept.
	Fleeting bool
}

// Source makes the page of k; etag is that of the page that is already here, or
// empty. The page must show the posts of atLeast no older than that. Its errors
// are faults.
type Source func(ctx context.Context, k Key, etag string, atLeast []Version) (Page, error)

// Trust is how far the cache may rely on being told what changes.
type Trust int32

// The degrees of trust.
const (
	// Deaf: changes may never be told; a page is confirmed before it is served.
	Deaf Trust = iota
	// Behind: changes will be told within seconds; pages are served while they are confirmed.
	Behind
	// Live: changes are told at once.
	Live
)

// Cache is the cache. Safe for concurrent use.
type Cache struct {
	max    int64
	source Source
	now    func() time.Time

	// generation counts the moments after which nothing that was there before is trusted.
	generation atomic.Uint64
	trust      atomic.Int32
	// lastLive, in Unix nanoseconds, is when all changes had last been told.
	lastLive atomic.Int64
	// retryAt, in Unix nanoseconds, is when a source that failed is asked again; 0: it works.
	retryAt atomic.Int64
	counts  [results]atomic.Int64
	// atLeast counts who waits for the source in LoadAtLeast.
	atLeast atomic.Int64

	mu      sync.RWMutex
	entries map[Key]*Entry
	order   *list.List // of *Entry, for eviction
	bytes   int64
	index   map[dep]map[*Entry]struct{}
	flights map[Key]*flight
	drops   dropLog
	floors  floorMap

	background sync.WaitGroup
}

// New makes an empty cache of at most maxBytes. It trusts nothing until SetTrust.
func New(maxBytes int64, source Source, now func() time.Time) *Cache {
	c := &Cache{
		max: maxBytes, source: source, now: now,
		entries: make(map[Key]*Entry), order: list.New(),
		index: make(map[dep]map[*Entry]struct{}), flights: make(map[Key]*flight), drops: newDropLog(), floors: newFloors(),
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
	if e.page.Immutable {
		return true
	}
	return Trust(c.trust.Load()) == Live && c.current(e) && c.now().UnixNano()-c.lastLive.Load() <= int64(trusted)
}

// current tells whether nothing that was told speaks against e.
func (c *Cache) current(e *Entry) bool { return e.generation.Load() == c.generation.Load() }

// mayWait tells whether e may be served while it is being confirmed: whatever
// changed meanwhile is about to be told.
func (c *Cache) mayWait(e *Entry) bool {
	return Trust(c.trust.Load()) == Behind && c.current(e) && c.age(e) <= staleWhileRevalidate
}

// usable tells whether e may be served without anybody confirming it.
func (c *Cache) usable(e *Entry) bool { return c.age(e) < staleIfError }

// age is how long ago e was last known to be current.
func (c *Cache) age(e *Entry) time.Duration {
	at := e.confirmed.Load()
	if c.current(e) {
		at = max(at, c.lastLive.Load())
	}
	return time.Duration(c.now().UnixNano() - at)
}

// SetTrust says how far the cache may rely on being told. Live must be said
// again within a minute to last.
func (c *Cache) SetTrust(t Trust) {
	if t == Live {
		c.lastLive.Store(c.now().UnixNano())
	}
	c.trust.Store(int32(t))
}

// Trust tells what SetTrust last said.
func (c *Cache) Trust() Trust { return Trust(c.trust.Load()) }

// Distrust says that notices were missed for good: every page is confirmed
// before it is served again.
func (c *Cache) Distrust() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		c.note(e)
	}
	c.generation.Add(1)
}

// Wait returns once nothing is asked for in the background.
func (c *Cache) Wait() { c.background.Wait() }
