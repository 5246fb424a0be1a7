package index

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2"
)

const (
	maxTagFacets   = 30
	maxOtherFacets = 10
	maxYears       = 30
)

// facets fills in what the posts found have.
func (e *evaluation) facets(found *roaring.Bitmap, out *Found) {
	if out.Total == 0 {
		return
	}
	c := counter{evaluation: e, scratch: e.scratches.take(), found: found, total: out.Total, way: e.wayFor(out.Total)}
	defer func() {
		c.end()
		e.scratches.pool.Put(c.scratch)
	}()
	c.begin()
	tags, authors, languages := leaders{size: maxTagFacets}, leaders{size: maxOtherFacets}, leaders{size: maxOtherFacets}
	if few := len(e.site.terms) / 8; c.way == tallied && out.Total < few {
		c.visit(&tags, &authors, &languages)
	} else {
		c.choose(&tags, &authors, &languages)
	}
	out.Tags, out.Authors, out.Languages, out.Years = tags.counts(), authors.counts(), languages.counts(), e.years(found)
}

// choose goes through the terms, the most frequent first, until none that follows can
// be shown.
func (c *counter) choose(tags, authors, languages *leaders) {
	s := c.site
	for _, r := range s.tags {
		if tags.shut(r.count+s.drift) || c.ctx.Err() != nil {
			break
		}
		c.tag(r.number, tags)
	}
	for n := s.known; n < len(s.terms) && !tags.shut(s.drift); n++ {
		c.tag(uint32(n), tags) //nolint:gosec // there are far fewer than 2^32
	}
	for _, r := range s.writers {
		if authors.shut(r.count+s.drift) || c.ctx.Err() != nil {
			break
		}
		c.author(s.byline[r.number], authors)
	}
	for n := s.knownAuthors; n < len(s.byline) && !authors.shut(s.drift); n++ {
		c.author(s.byline[n], authors)
	}
	for _, n := range s.ids[kindLanguage] {
		c.language(n, languages)
	}
}

// visit goes through the terms of the posts found: they are few beside all terms.
func (c *counter) visit(tags, authors, languages *leaders) {
	c.found.Iterate(func(number uint32) bool {
		for _, n := range c.posts.chunk(number).terms(number % chunkSize) {
			if c.counts[n] == 0 {
				continue // its turn was with another post
			}
			switch t := c.site.terms[n]; t.kind {
			case kindTag:
				c.tag(n, tags)
			case kindAuthor:
				c.author(t.author, authors)
				for _, other := range t.author.spellings {
					c.counts[other] = 0
				}
			case kindLanguage:
				c.language(n, languages)
			case kinds:
			}
			c.counts[n] = 0
		}
		return true
	})
	c.clean = true
}

func (c *counter) tag(n uint32, into *leaders) {
	if t := c.site.terms[n]; t.kind == kindTag && t.tag.Slug != "" && (c.internal || !t.tag.Internal) && !into.shut(t.count) {
		into.add(leader{posts: c.of(n), order: t.order, value: t.value, name: t.tag.Name})
	}
}

func (c *counter) language(n uint32, into *leaders) {
	t := c.site.terms[n]
	into.add(leader{posts: c.of(n), order: t.order, value: t.value, name: t.value})
}

// author counts all spellings as one. Who has several is called by the most frequent.
func (c *counter) author(a *author, into *leaders) {
	l := leader{order: a.order, value: a.key}
	most := 0
	for _, n := range a.spellings {
		posts, name := c.of(n), c.site.terms[n].value
		if posts > most || posts == most && posts > 0 && name < l.name {
			l.name, most = name, posts
		}
		l.posts += posts
	}
	into.add(l)
}

// leader is a value and how many posts have it; of equals the first has the lowest
// order and value.
type leader struct {
	posts              int
	order, value, name string
}

func (l leader) before(other leader) int {
	return cmp.Or(cmp.Compare(other.posts, l.posts), cmp.Compare(l.order, other.order), cmp.Compare(l.value, other.value))
}

// leaders are the most frequent values so far, the first of them first.
type leaders struct {
	list []leader
	size int
}

// shut tells that what is in so many posts at most comes too late.
func (l *leaders) shut(posts int) bool {
	return posts <= 0 || len(l.list) == l.size && posts < l.list[l.size-1].posts
}

func (l *leaders) add(next leader) {
	if l.shut(next.posts) {
		return
	}
	if l.list == nil {
		l.list = make([]leader, 0, l.size+1)
	}
	at, _ := slices.BinarySearchFunc(l.list, next, leader.before)
	if l.list = slices.Insert(l.list, at, next); len(l.list) > l.size {
		l.list = l.list[:l.size]
	}
}

func (l *leaders) counts() []Count {
	if len(l.list) == 0 {
		return nil
	}
	out := make([]Count, len(l.list))
	for i, one := range l.list {
		out[i] = Count{Value: one.value, Name: one.name, Posts: one.posts}
	}
	return out
}

// years are those of the posts found, newest first.
func (e *evaluation) years(found *roaring.Bitmap) (out []Count) {
	for _, year := range e.site.yearly {
		if n := int(found.AndCardinality(e.site.years[year])); n > 0 { //nolint:gosec // below 2^32
			name := strconv.Itoa(year)
			if out = append(out, Count{Value: name, Name: name, Posts: n}); len(out) == maxYears {
				break
			}
		}
	}
	return out
}
