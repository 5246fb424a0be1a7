package index

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

const (
	// sortable is up to how many posts a page is found by looking at all of them; of
	// more only the months are looked at that the page is of.
	sortable = 1024
	// short is up to how many posts of a page are kept in order while looking.
	short = 256
)

// byDate orders places, the newest first.
func byDate(a, b Place) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Number, a.Number))
}

// dated is a place as it is compared.
type dated struct {
	at     int64
	number uint32
}

func (d dated) compare(other dated) int {
	return cmp.Or(cmp.Compare(other.at, d.at), cmp.Compare(other.number, d.number))
}

// newest are up to size of the posts found, the newest first: those after a
// place, or those after the first skip.
func (e *evaluation) newest(found *roaring.Bitmap, total int, after Place, skip, size int) []Place {
	if total <= sortable {
		return places(cut(e.first(found, after, skip+size), skip, size))
	}
	var out []dated
	for _, year := range e.site.yearly {
		if !after.At.IsZero() && year > after.At.Year() || !found.Intersects(e.site.years[year]) {
			continue
		}
		for m := year*12 + 11; m >= year*12; m-- {
			of := e.site.months[m]
			if of == nil || !after.At.IsZero() && m > month(after.At) {
				continue
			}
			if after.At.IsZero() && skip > 0 {
				if n := int(found.AndCardinality(of)); n <= skip { //nolint:gosec // below 2^32
					skip -= n
					continue
				}
			}
			out = append(out, cut(e.first(roaring.And(found, of), after, skip+size-len(out)), skip, size-len(out))...)
			if skip = 0; len(out) == size || e.ctx.Err() != nil {
				return places(out)
			}
		}
	}
	return places(out)
}

// first are up to size of the posts after a place, the newest first.
func (e *evaluation) first(found *roaring.Bitmap, after Place, size int) []dated {
	if size <= 0 {
		return nil
	}
	var last dated
	if !after.At.IsZero() {
		last = dated{after.At.UnixMicro(), after.Number}
	}
	few := size <= short
	var out []dated
	found.Iterate(func(number uint32) bool {
		d := dated{e.posts.at(number).at, number}
		switch {
		case !after.At.IsZero() && last.compare(d) >= 0:
		case !few:
			out = append(out, d)
		case len(out) < size || d.compare(out[size-1]) < 0:
			at, _ := slices.BinarySearchFunc(out, d, dated.compare)
			if len(out) == size {
				out = out[:size-1]
			}
			out = slices.Insert(out, at, d)
		}
		return true
	})
	if !few {
		slices.SortFunc(out, dated.compare)
	}
	return out[:min(size, len(out))]
}

func places(list []dated) []Place {
	if len(list) == 0 {
		return nil
	}
	out := make([]Place, len(list))
	for i, d := range list {
		out[i] = Place{Number: d.number, At: moment(d.at)}
	}
	return out
}

func cut[T any](list []T, skip, size int) []T {
	list = list[min(skip, len(list)):]
	return list[:min(size, len(list))]
}
