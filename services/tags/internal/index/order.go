package index

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// sortable is up to how many posts a page is found by sorting all of them; of
// more only the months are looked at that the page is of.
const sortable = 4096

// byDate orders places, the newest first.
func byDate(a, b Place) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Number, a.Number))
}

// newest are up to size of the posts found, the newest first: those after a
// place, or those after the first skip.
func (e *evaluation) newest(found *roaring.Bitmap, total int, after Place, skip, size int) []Place {
	if total <= sortable {
		return cut(e.sorted(found, after), skip, size)
	}
	var out []Place
	for _, m := range e.site.calendar {
		if !after.At.IsZero() && m > month(after.At) {
			continue
		}
		if after.At.IsZero() && skip > 0 {
			if n := int(found.AndCardinality(e.site.months[m])); n <= skip { //nolint:gosec // below 2^32
				skip -= n
				continue
			}
		}
		of := cut(e.sorted(roaring.And(found, e.site.months[m]), after), skip, size-len(out))
		skip = 0
		if out = append(out, of...); len(out) == size || e.ctx.Err() != nil {
			break
		}
	}
	return out
}

// sorted are the posts after a place, the newest first.
func (e *evaluation) sorted(found *roaring.Bitmap, after Place) []Place {
	out := make([]Place, 0, found.GetCardinality())
	found.Iterate(func(number uint32) bool {
		p := e.posts.place(number)
		if after.At.IsZero() || byDate(after, p) < 0 {
			out = append(out, p)
		}
		return true
	})
	slices.SortFunc(out, byDate)
	return out
}

func cut(list []Place, skip, size int) []Place {
	list = list[min(skip, len(list)):]
	return list[:min(size, len(list))]
}
