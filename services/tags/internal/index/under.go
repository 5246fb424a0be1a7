package index

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// PostPlace is a post's place in the list that Under makes; the zero one is before
// all. It is for who knows no numbers: of one moment their order is not that of ids.
type PostPlace struct {
	At time.Time
	ID string
}

// Under are up to size of the posts of a site that are found under the tag with an
// id: those after a place, the newest first, of one moment those with the higher id.
// more tells whether others follow.
func (m *Memory) Under(ctx context.Context, site, tagID string, after PostPlace, size int) (list []PostPlace, more bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sites[site]
	if s == nil {
		return nil, false
	}
	n, ok := s.ids[kindTag][tagID]
	if !ok {
		return nil, false
	}
	posts, last := &m.posts, post{at: after.At.UnixMicro(), id: packID(after.ID)}
	for _, m := range s.calendar {
		if !after.At.IsZero() && m > month(after.At.UTC()) {
			continue
		}
		of := posts.byID(roaring.And(s.terms[n].posts, s.months[m]))
		if !after.At.IsZero() {
			of = slices.DeleteFunc(of, func(p *post) bool { return newerFirst(p, &last) <= 0 })
		}
		for _, p := range of {
			if len(list) == size {
				return list, true
			}
			list = append(list, PostPlace{At: moment(p.at), ID: unpackID(p.id)})
		}
		if ctx.Err() != nil {
			break
		}
	}
	return list, false
}

// byID are posts in the order of Under.
func (p *posts) byID(numbers *roaring.Bitmap) []*post {
	out := make([]*post, 0, numbers.GetCardinality())
	numbers.Iterate(func(number uint32) bool {
		out = append(out, p.at(number))
		return true
	})
	slices.SortFunc(out, newerFirst)
	return out
}

func newerFirst(a, b *post) int {
	return cmp.Or(cmp.Compare(b.at, a.at), bytes.Compare(b.id[:], a.id[:]))
}
