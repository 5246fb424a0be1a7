package index

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/chassis/slug"
)

const (
	maxTagFacets   = 30
	maxOtherFacets = 10
	maxYears       = 30
)

// count counts the terms of the posts found, by term; of those that come too late
// to be shown it may leave out some. Where most posts of the site are found those
// that are not are fewer: they are counted, and taken away.
func (e *evaluation) count(found *roaring.Bitmap, total int) []int32 {
	counts := make([]int32, len(e.site.terms))
	all := int(e.site.all.GetCardinality()) //nolint:gosec // below 2^32
	few, rest := found, total
	if total > all/2 {
		few, rest = roaring.AndNot(e.site.all, found), all-total
	}
	if meets(total, all) < rest {
		e.meet(found, counts)
		return counts
	}
	if rest > 0 {
		e.tally(few, counts)
	}
	if rest < total {
		for i, t := range e.site.terms {
			counts[i] = int32(t.count) - counts[i] //nolint:gosec // below 2^31
		}
	}
	return counts
}

// meets is what meet costs, in posts that tally counts in the same time. The
// rarest tag that may still be shown has about a share of total in all of what
// the last one shown has, and by Zipf's law so many are more frequent. To meet a
// bitmap takes some 500 ns for 65,536 posts, to count a post 30.
func meets(total, all int) int {
	return (maxTagFacets + maxOtherFacets) * (all / max(total, 1)) * (1 + all>>16) * 500 / 30
}

// meet counts the most frequent terms by their bitmaps, as many as may be shown.
func (e *evaluation) meet(found *roaring.Bitmap, counts []int32) {
	var tags, authors []group
	for i, t := range e.site.terms {
		switch {
		case t.kind == kindLanguage:
			counts[i] = int32(found.AndCardinality(t.posts)) //nolint:gosec // below 2^31
		case t.kind == kindTag && t.count > 0 && t.tag.Slug != "" && (e.internal || !t.tag.Internal):
			tags = append(tags, group{t.count, []uint32{uint32(i)}})
		}
	}
	for _, spellings := range e.site.authors {
		g := group{terms: spellings}
		for _, i := range spellings {
			g.count += e.site.terms[i].count
		}
		authors = append(authors, g)
	}
	e.meetMost(found, tags, maxTagFacets, counts)
	e.meetMost(found, authors, maxOtherFacets, counts)
}

// group is terms that are counted as one, and in how many posts they are.
type group struct {
	count int
	terms []uint32
}

// meetMost counts the most frequent groups until none that follows can be among
// the first size.
func (e *evaluation) meetMost(found *roaring.Bitmap, groups []group, size int, counts []int32) {
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(b.count, a.count) })
	var best []int // the highest counts, falling
	for _, g := range groups {
		if len(best) == size && g.count < best[size-1] || e.ctx.Err() != nil {
			return
		}
		sum := 0
		for _, i := range g.terms {
			n := int(found.AndCardinality(e.site.terms[i].posts)) //nolint:gosec // below 2^32
			counts[i] = int32(n)                                  //nolint:gosec // as above
			sum += n
		}
		at, _ := slices.BinarySearchFunc(best, sum, func(a, b int) int { return b - a })
		if best = slices.Insert(best, at, sum); len(best) > size {
			best = best[:size]
		}
	}
}

// tally adds one to each term of each post.
func (e *evaluation) tally(found *roaring.Bitmap, counts []int32) {
	var numbers [512]uint32
	it := found.ManyIterator()
	for n := it.NextMany(numbers[:]); n > 0; n = it.NextMany(numbers[:]) {
		for _, number := range numbers[:n] {
			c := e.posts.chunks[number/chunkSize]
			i := number % chunkSize
			for _, t := range c.arena[c.start[i] : c.start[i]+uint32(c.length[i])] {
				counts[t]++
			}
		}
		if e.ctx.Err() != nil {
			return
		}
	}
}

// facets fills in what the posts found have.
func (e *evaluation) facets(found *roaring.Bitmap, out *Found) {
	if out.Total == 0 {
		return
	}
	authors := make(map[string]Count)
	spelt := make(map[string]int)
	for i, n := range e.count(found, out.Total) {
		if n <= 0 {
			continue
		}
		t, posts := e.site.terms[i], int(n)
		switch t.kind {
		case kindTag:
			if t.tag.Slug != "" && (e.internal || !t.tag.Internal) {
				out.Tags = append(out.Tags, Count{Value: t.value, Name: t.tag.Name, Posts: posts})
			}
		case kindAuthor:
			key := authorKey(t.value)
			c := authors[key]
			// Who has several spellings is called by the most frequent.
			if posts > spelt[key] || posts == spelt[key] && t.value < c.Name {
				c.Name, spelt[key] = t.value, posts
			}
			c.Value, c.Posts = key, c.Posts+posts
			authors[key] = c
		case kindLanguage:
			out.Languages = append(out.Languages, Count{Value: t.value, Name: t.value, Posts: posts})
		case kinds:
		}
	}
	for _, c := range authors {
		out.Authors = append(out.Authors, c)
	}
	out.Tags, out.Authors, out.Languages = most(out.Tags, maxTagFacets), most(out.Authors, maxOtherFacets), most(out.Languages, maxOtherFacets)
	out.Years = e.years(found)
}

// years are those of the posts found, newest first.
func (e *evaluation) years(found *roaring.Bitmap) (out []Count) {
	for year, posts := range e.site.years {
		if n := int(found.AndCardinality(posts)); n > 0 { //nolint:gosec // below 2^32
			name := strconv.Itoa(year)
			out = append(out, Count{Value: name, Name: name, Posts: n})
		}
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Compare(b.Value, a.Value) })
	return out[:min(len(out), maxYears)]
}

// most are the most frequent, of equals those that come first by name.
func most(list []Count, size int) []Count {
	order := func(a, b Count) int {
		if a.Posts != b.Posts {
			return b.Posts - a.Posts
		}
		return cmp.Or(cmp.Compare(slug.Make(a.Name), slug.Make(b.Name)), cmp.Compare(a.Value, b.Value))
	}
	if len(list) == 0 {
		return nil
	}
	// The list may be long: only its first are put into order.
	best := make([]Count, 0, min(size, len(list))+1)
	for _, c := range list {
		if len(best) == size && order(c, best[size-1]) > 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, c, order)
		if best = slices.Insert(best, at, c); len(best) > size {
			best = best[:size]
		}
	}
	return best
}
