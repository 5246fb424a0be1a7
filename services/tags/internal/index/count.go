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
	plain  []uint64
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
	// clean: the counts are zero again.
	clean bool
}

// wayFor is the cheapest way to count.
func (e *evaluation) wayFor(total int) way {
	s := e.site
	all := int(s.all.GetCardinality()) //nolint:gosec // below 2^32
	chosen, posts := tallied, total
	if all-total < posts {
		chosen, posts = spared, all-total
	}
	share := float64(total) / float64(max(all, 1))
	meeting, tags := s.costTo(s.tags, maxTagFacets, share)
	more, authors := s.costTo(s.writers, maxOtherFacets, share)
	meeting += more + float64(s.span())/64*perWord
	if total < s.span()/thickest {
		// Two lists are gone through side by side.
		meeting += perElement * float64(total) * float64(tags+authors)
	}
	if meeting < perPost*float64(posts) {
		return met
	}
	return chosen
}

// begin counts what is counted post by post.
func (c *counter) begin() {
	if missing := len(c.site.terms) - len(c.counts); missing > 0 {
		c.counts = append(c.counts, make([]int32, missing)...)
	}
	switch c.way {
	case tallied:
		c.tally(c.found)
	case spared:
		if all := c.site.all; c.found != all {
			c.tally(roaring.AndNot(all, c.found))
		}
	case met:
		size := int(c.found.DenseSize()) //nolint:gosec // below 2^26
		if size > cap(c.plain) {
			c.plain = make([]uint64, size, size+size/8)
		}
		c.plain = c.plain[:size]
		clear(c.plain)
		c.found.WriteDenseTo(c.plain)
	}
}

// end leaves the counts as they were.
func (c *counter) end() {
	if c.way != met && !c.clean {
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
		return c.site.terms[n].among(c.found, c.plain)
	}
}

// tally adds one to each term of each post.
func (c *counter) tally(posts *roaring.Bitmap) {
	var numbers [512]uint32
	counts := c.counts
	it := posts.ManyIterator()
	for n := it.NextMany(numbers[:]); n > 0; n = it.NextMany(numbers[:]) {
		for _, number := range numbers[:n] {
			for _, t := range c.posts.chunks[number/chunkSize].terms(number % chunkSize) {
				counts[t]++
			}
		}
		if c.ctx.Err() != nil {
			return
		}
	}
}
