package cache

import (
	"net/http"
	"slices"
	"strings"
)

// remembered is how many drops are known one by one. A fill that began before
// the oldest of them is served and not kept.
const remembered = 4096

// How keys begin: of paths where something appears or vanishes, of a whole post,
// and of a post as lists show it.
const (
	vanishing = "path:"
	wholePost = "post:"
	postCard  = "card:"
)

// takenAway begins what the log of drops says of a key whose pages were removed.
const takenAway = "taken away "

// shown is the post that a page with key shows, and whether it shows all of it.
func shown(key string) (post string, whole bool) {
	if id, ok := strings.CutPrefix(key, wholePost); ok {
		return id, true
	}
	id, ok := strings.CutPrefix(key, postCard)
	if !ok {
		return "", false
	}
	return id, false
}

// dep is a dependency key within its site.
type dep struct{ site, key string }

// dropLog remembers which keys were dropped when, so that a page that was made
// before a drop and arrives after it is not kept.
type dropLog struct {
	seq    uint64 // drops so far
	latest map[dep]uint64
	ring   []dropped
	next   int
	// forgotten is the newest drop that is no longer in the ring.
	forgotten uint64
}

type dropped struct {
	dep dep
	seq uint64
}

func newDropLog() dropLog {
	return dropLog{latest: make(map[dep]uint64), ring: make([]dropped, remembered)}
}

func (l *dropLog) add(d dep) {
	old := l.ring[l.next]
	if old.seq > l.forgotten {
		l.forgotten = old.seq
	}
	if old.seq != 0 && l.latest[old.dep] == old.seq {
		delete(l.latest, old.dep)
	}
	l.ring[l.next] = dropped{d, l.seq}
	l.next = (l.next + 1) % len(l.ring)
	l.latest[d] = l.seq
}

// since tells whether one of keys was dropped after start.
func (l *dropLog) since(start uint64, site string, keys []string) bool {
	if start < l.forgotten {
		return true
	}
	for _, key := range keys {
		if l.latest[dep{site, key}] > start {
			return true
		}
	}
	return false
}

// tookAway tells whether a drop after start removed what depends on one of keys.
func (l *dropLog) tookAway(start uint64, site string, keys []string) bool {
	marks := make([]string, len(keys))
	for i, key := range keys {
		marks[i] = takenAway + key
	}
	return l.since(start, site, marks)
}

// Drop takes back the trust in every page of site that depends on one of keys,
// because of what the source took in of post, and answers how many those are.
// Pages are kept for the time that the source does not answer, unless they show
// a post that is gone. Without post something that appeared or vanished may be
// the reason: then all that depends on it must not be seen again.
func (c *Cache) Drop(site string, keys []string, post Version) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops.seq++
	vanished := false
	if post.Post == "" {
		vanished = slices.ContainsFunc(keys, func(key string) bool { return strings.HasPrefix(key, vanishing) })
	}
	n := 0
	for _, key := range keys {
		d := dep{site, key}
		c.drops.add(d)
		if vanished {
			c.drops.add(dep{site, takenAway + key})
		}
		for e := range c.index[d] {
			n += c.drop(e)
			if vanished {
				c.remove(e)
			}
		}
	}
	if post.Post != "" && c.floors.raise(post, true, c.drops.seq) {
		n += c.takeAway(site, post.Post)
	}
	return n
}

// Raise says that post is at a version, whether or not the source knows. If it
// is gone, what shows it is removed, and the number of those pages answered.
func (c *Cache) Raise(site string, post Version) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.floors.raise(post, false, 0) {
		return 0
	}
	c.drops.seq++
	return c.takeAway(site, post.Post)
}

// Begin names the present epoch of posts: what was told of another one counts
// no longer.
func (c *Cache) Begin(epoch int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.floors.begin(epoch)
}

// takeAway removes the pages that show post. Fills that began before are not kept.
func (c *Cache) takeAway(site, post string) int {
	n := 0
	for _, prefix := range []string{wholePost, postCard} {
		d := dep{site, prefix + post}
		c.drops.add(d)
		for e := range c.index[d] {
			n += c.drop(e)
			c.remove(e)
		}
	}
	return n
}

// drop takes back the trust in e; it answers 1 if there was some.
func (c *Cache) drop(e *Entry) int {
	c.note(e)
	if e.generation.Swap(0) == 0 {
		return 0
	}
	return 1
}

// note keeps how long e was known to be current, before that ends.
func (c *Cache) note(e *Entry) {
	if c.current(e) {
		e.confirmed.Store(max(e.confirmed.Load(), c.lastLive.Load()))
	}
}

// settled is what became of an answer of the source.
type settled struct {
	entry *Entry
	// raced: something on the page was dropped while it was made.
	raced bool
	// gone are the posts that the page shows although they are gone; whole: the page
	// is that of one of them.
	gone  []Version
	whole bool
}

// settle decides what becomes of a page that the source answered.
func (c *Cache) settle(k Key, e *Entry, page Page, start, generation uint64) settled {
	c.mu.Lock()
	defer c.mu.Unlock()
	if page.NotModified && e != nil {
		return c.confirm(k, e, page, start, generation)
	}
	if gone, whole := c.showsGone(page.Status, page.Keys); len(gone) > 0 {
		return settled{gone: gone, whole: whole}
	}
	c.counts[Miss].Add(1)
	fresh := newEntry(c, k, page)
	fresh.start = start
	raced := c.drops.since(start, k.Site, page.Keys)
	if raced && (c.entries[k] != nil || c.drops.tookAway(start, k.Site, page.Keys)) {
		return settled{entry: fresh, raced: true}
	}
	if page.Fleeting { // what is here stays, for when nobody answers
		return settled{entry: fresh, raced: raced}
	}
	if c.entries[k] != nil {
		c.remove(c.entries[k])
	}
	if k.Search == "" && keepable(page.Status) && fresh.bytes <= c.max/share {
		// One that was dropped while it was made is better than none once nobody answers.
		if !raced {
			fresh.generation.Store(generation)
		}
		c.insert(fresh)
	}
	return settled{entry: fresh, raced: raced}
}

// showsGone: pages that are not found, gone or elsewhere show no post.
func (c *Cache) showsGone(status int, keys []string) (all []Version, whole bool) {
	if status != http.StatusOK {
		return nil, false
	}
	return c.floors.gone(keys)
}

// confirm trusts e again.
func (c *Cache) confirm(k Key, e *Entry, page Page, start, generation uint64) settled {
	keys := page.Keys
	if len(keys) == 0 {
		keys = e.keys
	}
	if gone, whole := c.showsGone(e.page.Status, keys); len(gone) > 0 {
		return settled{gone: gone, whole: whole}
	}
	c.counts[Revalidated].Add(1)
	if c.drops.since(start, k.Site, keys) {
		return settled{entry: e, raced: true}
	}
	e.confirmed.Store(c.now().UnixNano())
	if c.entries[k] != e { // evicted meanwhile
		return settled{entry: e}
	}
	c.unlink(e)
	e.keys, e.start = keys, start
	c.link(e)
	e.generation.Store(generation)
	return settled{entry: e}
}

// keepable: pages that anybody can make up by inventing an address are not kept.
func keepable(status int) bool { return status == 200 || status == 301 || status == 410 }

func (c *Cache) insert(e *Entry) {
	c.entries[e.key] = e
	e.place = c.order.PushBack(e)
	c.bytes += e.bytes
	c.link(e)
	c.evict()
}

func (c *Cache) link(e *Entry) {
	for _, key := range e.keys {
		d := dep{e.key.Site, key}
		set := c.index[d]
		if set == nil {
			set = make(map[*Entry]struct{}, 1)
			c.index[d] = set
		}
		set[e] = struct{}{}
	}
}

func (c *Cache) unlink(e *Entry) {
	for _, key := range e.keys {
		d := dep{e.key.Site, key}
		delete(c.index[d], e)
		if len(c.index[d]) == 0 {
			delete(c.index, d)
		}
	}
}

func (c *Cache) remove(e *Entry) {
	if c.entries[e.key] != e {
		return
	}
	delete(c.entries, e.key)
	c.order.Remove(e.place)
	c.bytes -= e.bytes
	c.unlink(e)
}

// grow accounts for n more bytes of e.
func (c *Cache) grow(e *Entry, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.bytes += n
	if c.entries[e.key] == e {
		c.bytes += n
		c.evict()
	}
}

// evict makes room: the oldest page goes, unless it was read since it was last looked at.
func (c *Cache) evict() {
	for c.bytes > c.max {
		front := c.order.Front()
		if front == nil {
			return
		}
		e, ok := front.Value.(*Entry)
		if !ok {
			return
		}
		if e.used.Swap(false) {
			c.order.MoveToBack(front)
			continue
		}
		c.remove(e)
	}
}

// Size tells how many pages are here and how many bytes they take.
func (c *Cache) Size() (pages int, bytes int64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.entries), c.bytes
}
