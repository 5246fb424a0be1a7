package cache

import "strings"

// remembered is how many drops are known one by one. A fill that began before
// the oldest of them is served and not kept.
const remembered = 4096

// vanishing begins the keys of paths where something appears or vanishes.
const vanishing = "path:"

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

// Drop takes back the trust in every page of site that depends on one of keys,
// and answers how many those are. Pages are kept for the time that the source
// does not answer, unless something appeared or vanished: then what shows it
// must not be seen again.
func (c *Cache) Drop(site string, keys []string) int {
	vanished := false
	for _, key := range keys {
		vanished = vanished || strings.HasPrefix(key, vanishing)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops.seq++
	n := 0
	for _, key := range keys {
		d := dep{site, key}
		c.drops.add(d)
		for e := range c.index[d] {
			if e.generation.Swap(0) != 0 {
				n++
			}
			if vanished {
				c.remove(e)
			}
		}
	}
	return n
}

// settle decides what becomes of a page that the source answered.
func (c *Cache) settle(k Key, e *Entry, page Page, start, generation uint64) (*Entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if page.NotModified && e != nil {
		return c.confirm(k, e, page, start, generation)
	}
	c.counts[Miss].Add(1)
	fresh := newEntry(c, k, page)
	raced := c.drops.since(start, k.Site, page.Keys)
	if raced {
		return fresh, true
	}
	if c.entries[k] != nil {
		c.remove(c.entries[k])
	}
	if keepable(page.Status) && fresh.bytes <= c.max/share {
		fresh.generation.Store(generation)
		c.insert(fresh)
	}
	return fresh, false
}

// confirm trusts e again.
func (c *Cache) confirm(k Key, e *Entry, page Page, start, generation uint64) (*Entry, bool) {
	c.counts[Revalidated].Add(1)
	keys := page.Keys
	if len(keys) == 0 {
		keys = e.keys
	}
	if c.drops.since(start, k.Site, keys) {
		return e, true
	}
	e.confirmed.Store(c.now().UnixNano())
	if c.entries[k] != e { // evicted meanwhile
		return e, false
	}
	c.unlink(e)
	e.keys = keys
	c.link(e)
	e.generation.Store(generation)
	return e, false
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
