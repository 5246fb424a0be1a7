package index

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/services/tags/internal/query"
)

// words are the posts that have the words and phrases of a query.
type words map[query.Node]*roaring.Bitmap

// bare is a word or phrase without its place in the text, by which it is known.
func bare(n query.Node) query.Node {
	switch n := n.(type) {
	case query.Word:
		n.Span = query.Span{}
		return n
	case query.Phrase:
		n.Span = query.Span{}
		return n
	}
	return nil
}

// leaves calls each for the words and phrases of n.
func leaves(n query.Node, each func(query.Node)) {
	switch n := n.(type) {
	case query.And:
		for _, part := range n.Parts {
			leaves(part, each)
		}
	case query.Or:
		for _, part := range n.Parts {
			leaves(part, each)
		}
	case query.Not:
		leaves(n.Part, each)
	case query.Word, query.Phrase:
		each(n)
	}
}

// set is a set of posts of a site, or what a site has beside it.
type set struct {
	posts *roaring.Bitmap
	// but: all posts but these.
	but bool
	// owned: nobody else has the bitmap, so it may be changed.
	owned bool
	// ignored: it could not be looked for, and is left out of what it is a part of.
	ignored bool
}

func nothing() set { return set{posts: roaring.New(), owned: true} }

// evaluation is of one question, while the index is locked.
type evaluation struct {
	ctx      context.Context //nolint:containedctx // it lives for one call
	posts    *posts
	site     *site
	words    words
	internal bool
	// scratches is for counting.
	scratches *scratches
}

// all finds the posts that n asks for; its bitmap must not be changed unless owned.
func (e *evaluation) all(n query.Node) (set, error) {
	if n == nil {
		return set{posts: e.site.all}, nil
	}
	s, err := e.eval(n)
	switch {
	case err != nil:
		return set{}, err
	case s.ignored:
		return nothing(), nil
	case s.but:
		return set{posts: roaring.AndNot(e.site.all, s.posts), owned: true}, nil
	}
	return s, nil
}

func (e *evaluation) eval(n query.Node) (set, error) {
	if err := e.ctx.Err(); err != nil {
		return set{}, err
	}
	switch n := n.(type) {
	case query.And:
		return e.and(n.Parts)
	case query.Or:
		// One of them at least: not none of them.
		s, err := e.and(negated(n.Parts))
		s.but = !s.but
		return s, err
	case query.Not:
		s, err := e.eval(n.Part)
		s.but = !s.but
		return s, err
	case query.Word, query.Phrase:
		found, ok := e.words[bare(n)]
		if !ok {
			return set{ignored: true}, nil
		}
		// The full text may be ahead of the bitmaps.
		return set{posts: roaring.And(found, e.site.all), owned: true}, nil
	case query.Tag:
		if t := e.site.tagNamed(n.Name, e.internal); t != nil {
			return set{posts: t.posts}, nil
		}
	case query.Author:
		return union(e.site.authorNamed(n.Name)), nil
	case query.Language:
		return union(e.site.languagesOf(n.Tag)), nil
	case query.Published:
		return e.published(n.Since, n.Until), nil
	}
	return nothing(), nil
}

func negated(parts []query.Node) []query.Node {
	out := make([]query.Node, len(parts))
	for i, part := range parts {
		out[i] = query.Not{Part: part}
	}
	return out
}

// and intersects the parts, the smallest first, then takes away what must not be.
func (e *evaluation) and(parts []query.Node) (set, error) {
	var with, without []set
	for _, part := range parts {
		s, err := e.eval(part)
		switch {
		case err != nil:
			return set{}, err
		case s.ignored:
		case s.but:
			without = append(without, s)
		default:
			with = append(with, s)
		}
	}
	if len(with) == 0 {
		if len(without) == 0 {
			return set{ignored: true}, nil
		}
		out := unionOf(without)
		out.but = true
		return out, nil
	}
	slices.SortFunc(with, func(a, b set) int { return int(a.posts.GetCardinality()) - int(b.posts.GetCardinality()) }) //nolint:gosec // below 2^32
	out := with[0]
	for _, s := range with[1:] {
		out = out.without(s.posts, (*roaring.Bitmap).And, roaring.And)
	}
	for _, s := range without {
		out = out.without(s.posts, (*roaring.Bitmap).AndNot, roaring.AndNot)
	}
	return out, nil
}

// without is s made smaller, in place if it is owned.
func (s set) without(by *roaring.Bitmap, own func(_, _ *roaring.Bitmap), fresh func(_, _ *roaring.Bitmap) *roaring.Bitmap) set {
	if s.owned {
		own(s.posts, by)
		return s
	}
	return set{posts: fresh(s.posts, by), owned: true}
}

func unionOf(sets []set) set {
	if len(sets) == 1 {
		return set{posts: sets[0].posts, owned: sets[0].owned}
	}
	bitmaps := make([]*roaring.Bitmap, len(sets))
	for i, s := range sets {
		bitmaps[i] = s.posts
	}
	return set{posts: roaring.FastOr(bitmaps...), owned: true}
}

func union(terms []*term) set {
	if len(terms) == 0 {
		return nothing()
	}
	sets := make([]set, len(terms))
	for i, t := range terms {
		sets[i] = set{posts: t.posts}
	}
	return unionOf(sets)
}

// published finds posts by date: whole months by their bitmaps, the posts of the
// first and the last one by one.
func (e *evaluation) published(since, until time.Time) set {
	var whole []*roaring.Bitmap
	parts := roaring.New()
	for _, m := range e.site.calendar {
		first := time.Date(m/12, time.Month(m%12+1), 1, 0, 0, 0, 0, time.UTC)
		next := first.AddDate(0, 1, 0)
		switch {
		case !since.IsZero() && !next.After(since) || !until.IsZero() && !first.Before(until):
		case (since.IsZero() || !first.Before(since)) && (until.IsZero() || !next.After(until)):
			whole = append(whole, e.site.months[m])
		default:
			e.site.months[m].Iterate(func(number uint32) bool {
				at := moment(e.posts.at(number).at)
				if (since.IsZero() || !at.Before(since)) && (until.IsZero() || at.Before(until)) {
					parts.Add(number)
				}
				return true
			})
		}
	}
	return set{posts: roaring.FastOr(append(whole, parts)...), owned: true}
}
