package tag

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Taxonomy is the tags of one site, or those of them that are needed. Not safe
// for concurrent use.
type Taxonomy struct {
	site  string
	tags  map[string]*Record
	names map[string]string // key → id
	slugs map[string]string // present and former → id
	// was is what tags were when they were added, of those that have changed.
	was map[string]*Record
	// keys are those of names that were asked for: a batch of posts has few tags.
	keys map[string]string
}

// NewTaxonomy makes one of a site's tags.
func NewTaxonomy(site string, tags ...*Record) *Taxonomy {
	x := &Taxonomy{site: site, tags: make(map[string]*Record, len(tags)), names: make(map[string]string), slugs: make(map[string]string), was: make(map[string]*Record), keys: make(map[string]string)}
	for _, r := range tags {
		x.Add(r)
	}
	return x
}

// Add adds a tag that there is.
func (x *Taxonomy) Add(r *Record) {
	x.tags[r.ID] = r
	x.enter(r)
}

func (x *Taxonomy) enter(r *Record) {
	for _, key := range r.Keys() {
		if was := x.tags[x.names[key]]; was == nil || was.Gone || !r.Gone {
			x.names[key] = r.ID
		}
	}
	for _, s := range r.Slugs() {
		if was := x.tags[x.slugs[s]]; was == nil || was.claim(s) <= r.claim(s) {
			x.slugs[s] = r.ID
		}
	}
}

// leave takes away what leads to a tag. Another that claims the same is found then.
func (x *Taxonomy) leave(r *Record) {
	keys, slugs := make(map[string]bool), make(map[string]bool)
	for _, key := range r.Keys() {
		if x.names[key] == r.ID {
			delete(x.names, key)
			keys[key] = true
		}
	}
	for _, s := range r.Slugs() {
		if x.slugs[s] == r.ID {
			delete(x.slugs, s)
			slugs[s] = true
		}
	}
	for _, o := range x.tags {
		if o.ID != r.ID && (slices.ContainsFunc(o.Keys(), func(k string) bool { return keys[k] }) ||
			slices.ContainsFunc(o.Slugs(), func(s string) bool { return slugs[s] })) {
			x.enter(o)
		}
	}
}

// Key is that of a name.
func (x *Taxonomy) Key(name string) string {
	key, ok := x.keys[name]
	if !ok {
		key = Key(name)
		x.keys[name] = key
	}
	return key
}

// Site is whose tags these are.
func (x *Taxonomy) Site() string { return x.site }

// Tag is a tag by id; nil if it is not here.
func (x *Taxonomy) Tag(id string) *Record { return x.tags[id] }

// All are the tags that are here, by id.
func (x *Taxonomy) All() []*Record {
	return slices.SortedFunc(maps.Values(x.tags), func(a, b *Record) int { return strings.Compare(a.ID, b.ID) })
}

// Named is the tag that a key leads to by itself; nil if there is none.
func (x *Taxonomy) Named(key string) *Record { return x.tags[x.names[key]] }

// At is the tag with a present or former slug, or the one that took its place;
// nil if there is none.
func (x *Taxonomy) At(slug string) *Record { return x.living(x.tags[x.slugs[slug]]) }

// living follows to the tag that took the place of r; nil if there is none.
func (x *Taxonomy) living(r *Record) *Record {
	for range x.tags {
		if r == nil || !r.Gone {
			return r
		}
		r = x.tags[r.Successor()]
	}
	return nil
}

// Children are the tags directly below one, by name.
func (x *Taxonomy) Children(id string) []*Record {
	var out []*Record
	for _, r := range x.All() {
		if r.Parent == id && !r.Gone {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b *Record) int { return cmp.Compare(a.Key(), b.Key()) })
	return out
}

// change has a tag changed, with what leads to it.
func (x *Taxonomy) change(id string, do func(*Record)) {
	old := x.tags[id]
	if _, ok := x.was[id]; !ok {
		x.was[id] = old
	}
	next := &Record{ID: id, Site: x.site}
	if old != nil {
		next = old.Clone()
	}
	do(next)
	if old != nil && (old.Gone != next.Gone || !slices.Equal(old.Keys(), next.Keys()) || !slices.Equal(old.Slugs(), next.Slugs())) {
		x.leave(old)
	}
	x.tags[id] = next
	x.enter(next)
}

// Edit is a tag that was changed: nil Was: it is new.
type Edit struct{ Was, Is *Record }

// Edits are the tags that were changed, by id.
func (x *Taxonomy) Edits() []Edit {
	out := make([]Edit, 0, len(x.was))
	for _, id := range slices.Sorted(maps.Keys(x.was)) {
		out = append(out, Edit{Was: x.was[id], Is: x.tags[id]})
	}
	return out
}

// Lacks tells whether a post with this name needs Adopt.
func (x *Taxonomy) Lacks(name string) bool {
	key := x.Key(name)
	r := x.Named(key)
	return key != "" && (r == nil || r.Gone && len(r.Into) == 0)
}

// Adopt makes the tag of a name that a post carries, with this id if there was
// none; a tag that nothing took the place of comes back.
func (x *Taxonomy) Adopt(name, id string) *Record {
	if r := x.Named(Key(name)); r != nil {
		if r.Gone && len(r.Into) == 0 {
			// It had come of an operation that was undone: now it is as posts make it.
			x.yield(r.ID)
			x.change(r.ID, func(r *Record) { r.Gone, r.Named, r.Parent = false, false, "" })
		}
		return x.tags[r.ID]
	}
	name = strings.TrimSpace(name)
	slug := x.freeSlug(Address(name), id)
	x.vacate(slug, id)
	x.change(id, func(r *Record) { r.Name, r.Slug, r.Internal = name, slug, IsInternal(name) })
	return x.tags[id]
}

// yield takes from a tag that is gone, and comes back, the names and addresses that lead
// to other tags now: it keeps what it was when its operation was undone, and the others
// got theirs back.
func (x *Taxonomy) yield(id string) {
	r := x.tags[id]
	if !r.Gone {
		return
	}
	elsewhere := func(key string) bool {
		o := x.Named(key)
		return o != nil && o.ID != id && !o.Gone
	}
	slug := r.Slug
	if o := x.Addressed(slug); o != nil && o.ID != id && !o.Gone && o.Slug == slug {
		slug = x.freeSlug(Address(r.Name), id)
	}
	x.vacate(slug, id)
	x.change(id, func(r *Record) {
		maps.DeleteFunc(r.Aliases, func(key, _ string) bool { return elsewhere(key) })
		maps.DeleteFunc(r.Names, func(_, name string) bool { return elsewhere(Key(name)) })
		r.Former = slices.DeleteFunc(r.Former, func(s string) bool { return s == slug || x.slugs[s] != id })
		r.Slug = slug
	})
}

// Rivals are the keys and addresses that Adopt gives the tag of a name or takes from it:
// whoever else has them must be here before.
func (x *Taxonomy) Rivals(name string) (keys, addresses []string) {
	addresses = Addresses(Address(name))
	if r := x.Named(x.Key(name)); r != nil { // it comes back
		keys, addresses = r.Keys(), append(addresses, r.Slugs()...)
	}
	return keys, addresses
}

// freeSlug is the address itself if no tag has it now, or one like it.
func (x *Taxonomy) freeSlug(address, id string) string {
	for _, s := range Addresses(address) {
		if r := x.tags[x.slugs[s]]; r == nil || r.Gone || r.Slug != s || r.ID == id {
			return s // nobody's, that of a tag that is gone, or a former one
		}
	}
	return address + "-" + id[max(0, len(id)-12):]
}

// Addresses are the slugs that are tried for a new tag, in order.
func Addresses(address string) []string {
	out := []string{address}
	for n := 2; n < 6; n++ {
		out = append(out, address+"-"+strconv.Itoa(n))
	}
	return out
}

// vacate takes a former slug away from the tag that had it: somebody else has it now.
func (x *Taxonomy) vacate(slug, id string) {
	r := x.tags[x.slugs[slug]]
	if r == nil || r.ID == id || !slices.Contains(r.Former, slug) {
		return
	}
	x.change(r.ID, func(r *Record) {
		r.Former = slices.DeleteFunc(r.Former, func(s string) bool { return s == slug })
	})
}

// Respell gives a tag that no editor has named the spelling that most posts write.
func (x *Taxonomy) Respell(id, name string) {
	if r := x.tags[id]; r != nil && !r.Named && r.Name != name && Key(name) == r.Key() {
		x.change(id, func(r *Record) { r.Name = name })
	}
}

// Addressed is the tag that has a slug, present or former, also one that is gone;
// nil if there is none.
func (x *Taxonomy) Addressed(slug string) *Record { return x.tags[x.slugs[slug]] }
