package index

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/tags/internal/query"
)

const (
	// budget bounds the work on one question; matching is the part of it in which
	// words are looked for, so that something is left for the answer.
	budget   = 2 * time.Second
	matching = 1200 * time.Millisecond
)

// Ask answers a question. Words that cannot be looked for within the budget are
// left out and named. Faults: Unavailable if there was no time even for the rest.
func (m *Memory) Ask(ctx context.Context, q Question) (Found, error) {
	limited, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	words, ignored, err := m.match(limited, q)
	if err != nil {
		return Found{}, err
	}
	out, found, err := m.algebra(limited, q, words)
	out.Ignored = ignored
	if err == nil && q.Order == Best && out.Total > 0 {
		err = m.best(limited, q, found, &out)
	}
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return Found{}, fault.Unavailable("the question takes too long; ask for less")
	}
	return out, err
}

// Posts are all posts that a question finds, whatever its order and size. Faults:
// Unavailable if there was no time to look for all of its words.
func (m *Memory) Posts(ctx context.Context, q Question) (*roaring.Bitmap, error) {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	q.Facets, q.Size, q.Order = false, 0, Newest
	words, ignored, err := m.match(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(ignored) > 0 {
		return nil, fault.Unavailable("the question takes too long; ask for less")
	}
	_, found, err := m.algebra(ctx, q, words)
	return found, err
}

// match looks for the words of a question. It does not hold the lock: the full
// text has its own.
func (m *Memory) match(ctx context.Context, q Question) (words, []string, error) {
	limited, cancel := context.WithTimeout(ctx, matching)
	defer cancel()
	found, ignored, failed := make(words), []string(nil), error(nil)
	leaves(q.Asks, func(n query.Node) {
		if _, known := found[bare(n)]; known || failed != nil {
			return
		}
		texts, err := m.texts.Of(q.Site)
		if err != nil {
			failed = err
			return
		}
		posts, err := texts.Match(limited, bare(n))
		switch {
		case err == nil:
			found[bare(n)] = posts
		case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			if typed := typed(n); !slices.Contains(ignored, typed) {
				ignored = append(ignored, typed)
			}
		default:
			failed = err
		}
	})
	return found, ignored, failed
}

func typed(n query.Node) string {
	switch n := n.(type) {
	case query.Word:
		return n.Text
	case query.Phrase:
		return n.Text
	}
	return ""
}

// algebra puts the bitmaps together. The bitmap that it answers is the caller's own,
// unless the page is made of it already.
func (m *Memory) algebra(ctx context.Context, q Question, w words) (Found, *roaring.Bitmap, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := Found{Position: m.at}
	s := m.sites[q.Site]
	if s == nil {
		return out, roaring.New(), nil
	}
	e := evaluation{ctx: ctx, posts: &m.posts, site: s, words: w, internal: q.Internal, scratches: &m.scratches}
	found, err := e.all(q.Asks)
	if err != nil {
		return out, nil, err
	}
	out.Total = int(found.posts.GetCardinality()) //nolint:gosec // below 2^32
	if q.Facets {
		e.facets(found.posts, &out)
	}
	if q.Order == Newest && q.Size > 0 {
		out.turn(e.newest(found.posts, out.Total, q.After, q.Skip, q.Size+1), q.Size)
	}
	if !found.owned && (q.Order == Best || q.Size == 0) {
		found.posts = found.posts.Clone() // it is used after the lock is gone
	}
	return out, found.posts, ctx.Err()
}

// turn makes a page of what is one post longer if another follows.
func (f *Found) turn(list []Place, size int) {
	if f.Posts = list; len(list) > size {
		f.Posts = list[:size]
		next := list[size-1]
		f.Next = &next
	}
}

// best fills in the page in the order of the scores. If there is no time to
// score it is that of the dates.
func (m *Memory) best(ctx context.Context, q Question, found *roaring.Bitmap, out *Found) error {
	terms := q.Terms
	if terms == nil {
		terms = query.Terms(q.Asks)
	}
	terms = slices.DeleteFunc(slices.Clone(terms), func(n query.Node) bool { return slices.Contains(out.Ignored, typed(n)) })
	if len(terms) == 0 {
		return m.fallBack(ctx, q, found, out)
	}
	texts, err := m.texts.Of(q.Site)
	if err != nil {
		return err
	}
	// The posts before this page are scored again: others may have come between them.
	for wanted := q.After.Rank + q.Skip + q.Size + 1; ; wanted *= 2 {
		hits, err := texts.Score(ctx, terms, found, wanted)
		switch {
		case err != nil && errors.Is(err, context.DeadlineExceeded):
			return m.fallBack(context.WithoutCancel(ctx), q, found, out)
		case err != nil:
			return err
		}
		list := make([]Place, 0, len(hits))
		m.mu.RLock()
		for _, h := range hits {
			if p := m.posts.at(h.Number); p != nil && p.site != 0 && !math.IsNaN(h.Score) {
				list = append(list, Place{Score: h.Score, At: moment(p.at), Number: h.Number})
			}
		}
		m.mu.RUnlock()
		rank := q.After.Rank
		list = cut(behind(list, q.After), q.Skip, q.Size+1)
		if len(list) <= q.Size && len(hits) == wanted && wanted < out.Total {
			continue
		}
		for i := range list {
			list[i].Rank = rank + q.Skip + i + 1
		}
		out.turn(list, q.Size)
		return nil
	}
}

// behind are those after a place. Scores change with the hour and with what is
// published: the place is known by its post, and by its rank if that is gone.
func behind(list []Place, after Place) []Place {
	if after.Rank == 0 {
		return list
	}
	if i := slices.IndexFunc(list, func(p Place) bool { return p.Number == after.Number }); i >= 0 {
		return list[i+1:]
	}
	return list[min(after.Rank-1, len(list)):]
}

func (m *Memory) fallBack(ctx context.Context, q Question, found *roaring.Bitmap, out *Found) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if s := m.sites[q.Site]; s != nil {
		e := evaluation{ctx: ctx, posts: &m.posts, site: s}
		// What was found may have been withdrawn since, or be another database's.
		out.turn(e.newest(roaring.And(found, s.all), out.Total, q.After, q.Skip, q.Size+1), q.Size)
	}
	return nil
}
