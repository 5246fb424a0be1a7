package index

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"
)

const (
	// thickTags and thickAuthors are how many terms may have plain bits beside their
	// bitmap; with those of 128 terms a million posts take 16 MB more.
	thickTags, thickAuthors = 96, 32
	// A term has plain bits if it is in one of thinnest posts at least: of fewer a list
	// is read as quickly. One that is in more than one of thickest needs none: its
	// bitmap has them itself.
	thinnest, thickest = 64, 16
)

// What counting costs, in nanoseconds: of a post by its terms, of a post in a bitmap,
// of a word of bits, and of whatever comes with each bitmap's 65,536 posts.
const (
	perPost, perElement, perWord, perContainer = 16, 0.65, 0.65, 40
)

// ranked are the terms of a kind with the most frequent first, as it was when they were
// put into order. Since then a term may have grown by its site's drift and not by more.
type ranked struct {
	// number is that of a term, or of an author in the site's list.
	number uint32
	count  int
	// cost is what it takes to count this one and all before it by their bitmaps.
	cost float64
}

// rank puts the terms into order and chooses those that have plain bits.
func (s *site) rank() {
	s.drift, s.known, s.knownAuthors = 0, len(s.terms), len(s.byline)
	s.tags, s.writers = s.tags[:0], s.writers[:0]
	for n, t := range s.terms {
		if t.kind == kindTag {
			s.tags = append(s.tags, ranked{number: uint32(n), count: t.count})
		}
	}
	for n, a := range s.byline {
		s.writers = append(s.writers, ranked{number: uint32(n), count: s.signed(a)})
	}
	falling := func(a, b ranked) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.number, b.number)) }
	slices.SortFunc(s.tags, falling)
	slices.SortFunc(s.writers, falling)
	span := s.span()
	s.thicken(span)
	sum := 0.0
	for i := range s.tags {
		sum += s.terms[s.tags[i].number].cost(span)
		s.tags[i].cost = sum
	}
	sum = 0
	for i := range s.writers {
		for _, n := range s.byline[s.writers[i].number].spellings {
			sum += s.terms[n].cost(span)
		}
		s.writers[i].cost = sum
	}
}

// signed is how many posts have an author, once for each spelling.
func (s *site) signed(a *author) (sum int) {
	for _, n := range a.spellings {
		sum += s.terms[n].count
	}
	return sum
}

// settle ranks the terms again if they may have changed by much. To do it seldom costs
// less; to do it often makes the bounds close.
func (s *site) settle() {
	const often = 64
	if s.drift > often && s.drift > max(int(s.all.GetCardinality())/4096, len(s.terms)/64) { //nolint:gosec // below 2^32
		s.rank()
	}
}

// span is how many numbers posts may have.
func (s *site) span() int {
	if s.all.IsEmpty() {
		return 0
	}
	return int(s.all.Maximum()) + 1
}

// thicken gives plain bits to the terms that are counted most often by their bitmaps and
// are slow to count so: the most frequent of those that are in few enough posts for
// their bitmaps to be lists.
func (s *site) thicken(span int) {
	chosen := make(map[uint32]bool, thickTags+thickAuthors)
	choose := func(n uint32, left int) int {
		if count := s.terms[n].count; left > 0 && count >= span/thinnest && count <= span/thickest && count > 0 {
			chosen[n] = true
			left--
		}
		return left
	}
	// A site with few of all posts has as few of the terms: together they stay in bounds.
	share := float64(s.all.GetCardinality()) / float64(max(span, 1))
	left := int(thickTags * share)
	for _, r := range s.tags {
		left = choose(r.number, left)
	}
	left = int(thickAuthors * share)
	for _, r := range s.writers {
		for _, n := range s.byline[r.number].spellings {
			left = choose(n, left)
		}
	}
	var spare [][]uint64
	for n, t := range s.terms {
		if t.bits != nil && !chosen[uint32(n)] {
			spare, t.bits = append(spare, t.bits), nil
		}
	}
	for n := range chosen {
		t := s.terms[n]
		if t.bits != nil {
			continue
		}
		if last := len(spare) - 1; last >= 0 && len(spare[last]) > span/64 {
			t.bits, spare = spare[last], spare[:last]
			clear(t.bits)
		} else {
			t.bits = make([]uint64, span/64+1+span/1024)
		}
		t.posts.WriteDenseTo(t.bits)
	}
}

// cost is what it takes to count a term by its bitmap among many posts.
func (t *term) cost(span int) float64 {
	if t.bits != nil {
		return perContainer + perWord*float64(len(t.bits))
	}
	containers := float64(1 + span>>16)
	return perContainer*containers + min(perElement*float64(t.count), 256*containers)
}

// costTo is what it takes to count those that may be among the first size if one in
// so many is found.
func (s *site) costTo(list []ranked, size int, share float64) (cost float64, terms int) {
	if len(list) == 0 {
		return 0, 0
	}
	last := int(share * float64(list[min(size, len(list))-1].count))
	terms = sort.Search(len(list), func(i int) bool { return list[i].count+s.drift < last })
	if terms == 0 {
		return 0, 0
	}
	return list[terms-1].cost, terms
}

// add and remove keep the posts of a term.
func (t *term) add(number uint32) {
	t.posts.Add(number)
	t.count++
	if t.bits == nil {
		return
	}
	word := int(number / 64)
	if word >= len(t.bits) {
		t.bits = append(t.bits, make([]uint64, word+1-len(t.bits)+word/16)...)
	}
	t.bits[word] |= 1 << (number % 64)
}

func (t *term) remove(number uint32) {
	t.posts.Remove(number)
	t.count--
	if word := int(number / 64); word < len(t.bits) {
		t.bits[word] &^= 1 << (number % 64)
	}
}

// among counts how many of the posts found have the term; plain are their bits.
func (t *term) among(found *roaring.Bitmap, plain []uint64) int {
	if t.bits == nil {
		return int(found.AndCardinality(t.posts)) //nolint:gosec // below 2^32
	}
	n := min(len(plain), len(t.bits))
	a, b := plain[:n], t.bits[:n]
	var sum, more int
	for ; len(a) >= 4 && len(b) >= 4; a, b = a[4:], b[4:] {
		sum += bits.OnesCount64(a[0]&b[0]) + bits.OnesCount64(a[1]&b[1])
		more += bits.OnesCount64(a[2]&b[2]) + bits.OnesCount64(a[3]&b[3])
	}
	for i := range a {
		sum += bits.OnesCount64(a[i] & b[i])
	}
	return sum + more
}
