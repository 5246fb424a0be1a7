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

// count counts the terms of the posts found, by term. Where most posts of the
// site are found those that are not are fewer: they are counted, and taken away.
func (e *evaluation) count(found *roaring.Bitmap, total int) []int32 {
	counts := make([]int32, len(e.site.terms))
	all := int(e.site.all.GetCardinality()) //nolint:gosec // below 2^32
	if total > all/2 {
		if total < all {
			e.tally(roaring.AndNot(e.site.all, found), counts)
		}
		for i, t := range e.site.terms {
			counts[i] = int32(t.count) - counts[i] //nolint:gosec // below 2^31
		}
		return counts
	}
	e.tally(found, counts)
	return counts
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
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Posts, a.Posts), cmp.Compare(slug.Make(a.Name), slug.Make(b.Name)), cmp.Compare(a.Value, b.Value))
	})
	return list[:min(len(list), size)]
}
