package index

import (
	"math"

	"github.com/parution/parution/services/tags/internal/query"
)

const (
	// maxPaired is of how many terms of a site it is known how many posts any two have; a
	// quarter of them are authors. A site with few posts has fewer, so that this takes at
	// most 8 bytes for each of its posts.
	maxPaired = 1024
	// pairedFrom is from how many posts on it is worth while.
	pairedFrom = 4096
	// maxWithin bounds the terms that all posts found have one of.
	maxWithin = 32
)

// company is which of the frequent terms of a site are together in how many posts. It
// bounds what a question can count before anything is counted: of the posts that have
// one tag or another no more have a third than have it with one or with the other.
type company struct {
	// together is by place: that of two terms is high*(high-1)/2 + low.
	together []int32
	size     int
	// left counts down the changes until the terms are chosen again.
	left int
}

func (c *company) of(a, b uint16) *int32 {
	if a < b {
		a, b = b, a
	}
	return &c.together[int(a)*(int(a)-1)/2+int(b)]
}

// keepCompany chooses the terms and counts their posts, if that was long ago. The site
// is ranked.
func (s *site) keepCompany(p *posts) {
	all := int(s.all.GetCardinality()) //nolint:gosec // below 2^32
	if s.company.left > 0 || all < pairedFrom {
		return
	}
	for _, t := range s.terms {
		t.place = 0
	}
	size := min(maxPaired, int(2*math.Sqrt(float64(all))))
	c := company{left: all / 4}
	choose := func(n uint32, bound int) {
		if t := s.terms[n]; c.size < bound && t.place == 0 && t.count > 0 {
			c.size++
			t.place = uint16(c.size) //nolint:gosec // maxPaired bounds it
		}
	}
	for _, r := range s.writers[:min(len(s.writers), size/4)] {
		for _, n := range s.byline[r.number].spellings {
			choose(n, size/4)
		}
	}
	for _, r := range s.tags[:min(len(s.tags), size)] {
		choose(r.number, size)
	}
	c.together = make([]int32, c.size*(c.size-1)/2)
	s.company = c
	s.all.Iterate(func(number uint32) bool {
		s.meet(p.chunk(number).terms(number%chunkSize), 1)
		return true
	})
}

// meet counts a post with these terms, or takes it away.
func (s *site) meet(terms []uint32, by int32) {
	if s.company.size == 0 {
		return
	}
	var room [32]uint16
	places := room[:0]
	for _, n := range terms {
		if place := s.terms[n].place; place > 0 {
			for _, other := range places {
				*s.company.of(place-1, other) += by
			}
			places = append(places, place-1)
		}
	}
}

// within finds terms of which each post has one that n finds; false if there are none.
func (e *evaluation) within(n query.Node) (terms []*term, some bool) {
	switch n := n.(type) {
	case query.And:
		for _, part := range n.Parts {
			if found, ok := e.within(part); ok && (!some || carried(found) < carried(terms)) {
				terms, some = found, true
			}
		}
		return terms, some
	case query.Or:
		for _, part := range n.Parts {
			found, ok := e.within(part)
			if terms = append(terms, found...); !ok || len(terms) > maxWithin {
				return nil, false
			}
		}
		return terms, len(n.Parts) > 0
	case query.Tag:
		if t := e.site.tagNamed(n.Name, e.internal); t != nil {
			return []*term{t}, true
		}
		return nil, true
	case query.Author:
		terms = e.site.authorNamed(n.Name)
		return terms, len(terms) <= maxWithin
	}
	return nil, false
}

// carried is how many posts have terms, once for each of them.
func carried(terms []*term) (sum int) {
	for _, t := range terms {
		sum += t.count
	}
	return sum
}
