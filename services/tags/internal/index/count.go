package index

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// way is how terms are counted. The answers are the same.
type way uint8

const (
	// tallied: post by post.
	tallied way = iota
	// spared: the posts that are not found are counted, and taken away.
	spared
	// met: term by term, by bitmaps.
	met
)

// scratch is what counting needs for a moment.
type scratch struct {
	// counts are by term, and zero between two questions.
	counts []int32
	years  []int32
	// plain are the bits of what is found, other those of what they are compared with.
	plain, other []uint64
}

// scratches are used again: made anew for each question they would be most of what
// the collector has to do.
type scratches struct{ pool sync.Pool }

func (s *scratches) take() *scratch {
	if used, ok := s.pool.Get().(*scratch); ok {
		return used
	}
	return &scratch{}
}

// counter counts terms among the posts found.
type counter struct {
	*evaluation
	*scratch

	found *roaring.Bitmap
	total int
	way   way
	// within are terms of which each post found has one, if some are known.
	// Of the rare ones not much is known before they are counted.
	within, rare []*term
	some         bool
	// firstYear is what years begins with.
	firstYear int
	// touched is only there so that memory is read.
	touched uint32
	// sparse: so few posts are found that their bitmap is lists.
	sparse bool
	// clean: the counts are zero again.
	clean bool
}

// choose finds the cheapest way to count.
func (c *counter) choose() {
	s := c.site
	all := int(s.all.GetCardinality()) //nolint:gosec // below 2^32
	c.way = tallied
	posts := c.total
	if all-c.total < posts {
		c.way, posts = spared, all-c.total
	}
	most := visiting(posts, all)
	c.sparse = c.total < s.span()/10
	// Of those that may have a term as many have it as are found of all that might be.
	share := float64(c.total) / float64(max(all, 1))
	if c.some {
		share = float64(c.total) / float64(max(carried(c.within), 1))
	}
	cost := float64(s.span())/64*perWord + visiting(c.split(), all)
	cost = c.meeting(s.tags, maxTagFacets, share, cost, most, func(r ranked) (int, int) { return c.likely(s.terms[r.number], all) })
	cost = c.meeting(s.writers, maxOtherFacets, share, cost, most, func(r ranked) (likely, most int) {
		for _, n := range s.byline[r.number].spellings {
			l, m := c.likely(s.terms[n], all)
			likely, most = likely+l, most+m
		}
		return likely, most
	})
	if cost < most {
		c.way = met
	}
}

// visiting is what it takes to count so many of all posts one by one.
func visiting(posts, all int) float64 {
	lonely := 1 - min(1, 8*float64(posts)/float64(max(all, 1)))
	return (perPost + perVisit*lonely) * float64(posts)
}

// split tells those terms within which the posts found are that have a place in the
// site's company from the rare ones, and how many posts have these.
func (c *counter) split() (posts int) {
	if !c.some {
		return 0
	}
	var frequent []*term
	for _, t := range c.within {
		if t.place == 0 {
			c.rare = append(c.rare, t)
			posts += t.count
		} else {
			frequent = append(frequent, t)
		}
	}
	c.within = frequent
	return posts
}

// meeting adds to the cost what it takes to count the values of a list of which size are
// shown; it stops at most.
func (c *counter) meeting(list []ranked, size int, share, cost, most float64, bound func(ranked) (likely, most int)) float64 {
	leading := leaders{size: size}
	before := 0.0
	for _, r := range list {
		if cost > most || leading.shut(r.count+c.site.drift) {
			break
		}
		if likely, bound := bound(r); !leading.shut(bound) {
			leading.add(leader{posts: int(share * float64(likely))})
			cost += r.cost - before
			if c.sparse {
				cost += r.cost - before
			}
		}
		before = r.cost
	}
	return cost
}

// bound is how many of the posts found can have a term. Those of rare terms are counted
// already, by begin.
func (c *counter) bound(n uint32) int {
	t := c.site.terms[n]
	if !c.some || c.way != met {
		return t.count
	}
	return min(t.count, int(c.counts[n])+c.shared(t))
}

// likely is how many of those that may be found have a term, about and at most, before
// anything is counted.
func (c *counter) likely(t *term, all int) (likely, most int) {
	if !c.some {
		return t.count, t.count
	}
	part := float64(t.count) / float64(all)
	most = c.shared(t)
	if likely = most; t.place == 0 {
		likely = int(part * float64(carried(c.within)))
	}
	for _, r := range c.rare {
		n := 1 + int(part*float64(r.count))
		likely, most = likely+n, most+n
	}
	return min(t.count, likely), min(t.count, most)
}

// shared is how many posts a term has together with those within, at most.
func (c *counter) shared(t *term) (sum int) {
	for _, w := range c.within {
		if w == t || t.place == 0 {
			return t.count
		}
		sum += int(*c.site.company.of(w.place-1, t.place-1))
	}
	return sum
}

// begin counts what is counted post by post.
func (c *counter) begin() {
	if missing := len(c.site.terms) - len(c.counts); missing > 0 {
		c.counts = append(c.counts, make([]int32, missing)...)
	}
	last := c.site.yearly[0]
	c.firstYear = c.site.yearly[len(c.site.yearly)-1]
	if missing := last - c.firstYear + 1 - len(c.years); missing > 0 {
		c.years = append(c.years, make([]int32, missing)...)
	}
	switch c.way {
	case tallied:
		c.tally(c.found)
	case spared:
		if all := c.site.all; c.found != all {
			c.tally(roaring.AndNot(all, c.found))
		}
	case met:
		c.plain = plainOf(c.found, c.plain)
		for _, r := range c.rare {
			c.tally(r.posts)
		}
	}
}

// end leaves the counts as they were.
func (c *counter) end() {
	if c.way == met && len(c.rare) == 0 {
		return
	}
	clear(c.years)
	if !c.clean {
		clear(c.counts)
	}
}

// of counts a term.
func (c *counter) of(n uint32) int {
	switch c.way {
	case tallied:
		return int(c.counts[n])
	case spared:
		return c.site.terms[n].count - int(c.counts[n])
	default:
		t := c.site.terms[n]
		if t.bits != nil {
			return common(c.plain, t.bits)
		}
		return c.meet(t.posts, t.count)
	}
}

// meet counts the posts found that are among others.
func (c *counter) meet(posts *roaring.Bitmap, count int) (sum int) {
	switch {
	case !c.sparse:
		return int(c.found.AndCardinality(posts)) //nolint:gosec // below 2^32
	case count > c.site.span()/thinnest:
		// Bits are compared faster than lists, even if they have to be written first.
		c.other = plainOf(posts, c.other)
		return common(c.plain, c.other)
	}
	var numbers [256]uint32
	it := posts.ManyIterator()
	for n := it.NextMany(numbers[:]); n > 0; n = it.NextMany(numbers[:]) {
		for _, number := range numbers[:n] {
			if word := int(number / 64); word < len(c.plain) {
				sum += int(c.plain[word] >> (number % 64) & 1)
			}
		}
	}
	return sum
}

// plainOf writes the bits of a bitmap into a slice, which is used again.
func plainOf(posts *roaring.Bitmap, into []uint64) []uint64 {
	size := int(posts.DenseSize()) //nolint:gosec // below 2^26
	if size > cap(into) {
		into = make([]uint64, size, size+size/8)
	}
	into = into[:size]
	clear(into)
	posts.WriteDenseTo(into)
	return into
}

// ofYear counts a year.
func (c *counter) ofYear(year int) int {
	switch c.way {
	case tallied:
		return int(c.years[year-c.firstYear])
	case spared:
		return int(c.site.years[year].GetCardinality()) - int(c.years[year-c.firstYear]) //nolint:gosec // below 2^32
	default:
		of := c.site.years[year]
		return c.meet(of, int(of.GetCardinality())) //nolint:gosec // below 2^32
	}
}

// tally adds one to the year and to each term of each post. What is counted by is all
// over the memory: so it is asked for in batches, of which the processor gets many at
// once, and only then counted.
func (c *counter) tally(posts *roaring.Bitmap) {
	var (
		numbers [256]uint32
		batch   [len(numbers)]has
		arenas  [len(numbers)][]uint32
	)
	counts, years, first := c.counts, c.years, c.firstYear
	it := posts.ManyIterator()
	for n := it.NextMany(numbers[:]); n > 0; n = it.NextMany(numbers[:]) {
		for i, number := range numbers[:n] {
			chunk := c.posts.chunks[number/chunkSize]
			batch[i], arenas[i] = chunk.has[number%chunkSize], chunk.arena
		}
		for i, h := range batch[:n] {
			arenas[i] = arenas[i][h.start : h.start+uint32(h.length)]
			if h.length > 0 {
				c.touched += arenas[i][0]
			}
		}
		for i, terms := range arenas[:n] {
			years[int(batch[i].year)-first]++
			for _, t := range terms {
				counts[t]++
			}
		}
		if c.ctx.Err() != nil {
			return
		}
	}
}
