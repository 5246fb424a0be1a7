package server

import (
	"cmp"
	"context"
	"slices"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/tagging"
)

const (
	// rounds bounds how often a page is filled up in whose place posts were that a split
	// led elsewhere.
	rounds = 5
	// looks bounds how often tags is asked for the posts of one page: of many posts under
	// a tag few may be in the language that is asked for.
	looks = 10
)

// filterTag is a tag that a list is of; the zero value lets all posts through.
type filterTag struct {
	// id is empty if tags does not know the tag, or does not answer a member.
	id string
	// keys are those of the names by which posts have it, labels their slugs.
	keys, labels []string
	// isNothing: no post is found by it, by this caller.
	isNothing bool
}

// tag is the tag that a caller means by its name or slug, as it was once or is now.
// It faults with Unavailable for a reader if tags does not answer: the tag may be
// internal.
func (s *Server) tag(ctx context.Context, text string) (filterTag, error) {
	who := identity.From(ctx)
	key := tagging.Key(text)
	if key == "" {
		return filterTag{isNothing: text != ""}, nil
	}
	t, ok, err := s.Tags.Tag(ctx, who.Site, text)
	if err != nil && !who.Member() {
		return filterTag{}, fault.Wrap(fault.KindUnavailable, err, "posts cannot be listed by tag right now")
	}
	f := filterTag{id: t.ID, keys: t.Keys}
	if !ok {
		f.keys = []string{key}
	}
	for _, k := range f.keys {
		f.labels = append(f.labels, tagging.Label(k))
	}
	f.isNothing = !who.Member() && (t.Internal || tagging.IsInternal(text))
	return f, nil
}

// wrote are the names that the authors of posts gave them, by post.
func wrote(list []*postsv1.Post) map[string][]string {
	out := make(map[string][]string, len(list))
	for _, p := range list {
		out[p.GetId()] = p.GetTags()
	}
	return out
}

// among are the posts of list that are found under the tag. Those that tags knows
// are asked of it, since a split may have led some of them elsewhere; of the others
// counts what their authors wrote.
func (f filterTag) among(list []*postsv1.Post, wrote map[string][]string, entries map[string]tagging.Entry) []*postsv1.Post {
	return slices.DeleteFunc(list, func(p *postsv1.Post) bool {
		if len(f.keys) == 0 {
			return false
		}
		names := wrote[p.GetId()]
		if e, known := entries[p.GetId()]; known && f.id != "" {
			return !e.Has(f.id)
		} else if known {
			names = p.GetTags() // not by a name that the post does not show
		}
		// Nor by another of the same label.
		return !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(f.keys, tagging.Key(name)) })
	})
}

// page are the posts of a list after f.Before, at most f.Size, and the place after
// which the next ones are; nil: these are all.
//
// The words of authors find what tags does not know: drafts, and what was published a
// moment ago. Tags finds what is under a tag by no word of its own, since a split put
// it there. Each gives as many as the page has, so that the first of both are the page.
func (s *Server) page(ctx context.Context, f post.Filter, tag filterTag) (list []*post.Post, next *post.Place, err error) {
	size := int(f.Size)
	f.Tags = tag.labels
	f.Size++ // one more tells whether there is a next page
	if list, err = s.Posts.List(ctx, f); err != nil {
		return nil, nil, err
	}
	var seen *post.Place
	if tag.id != "" && (f.Status == "" || f.Status == string(post.Published)) {
		var more []*post.Post
		if more, seen, err = s.under(ctx, f, tag.id); err != nil {
			return nil, nil, err
		}
		list = merge(list, more)
	}
	if seen != nil {
		list = slices.DeleteFunc(list, func(p *post.Post) bool { return newestFirst(placeOf(p), *seen) > 0 })
	}
	if len(list) <= size {
		return list, seen, nil
	}
	list = list[:size]
	last := placeOf(list[size-1])
	return list, &last, nil
}

// under are the posts that f lets through of those that tags finds under a tag, at most
// f.Size; seen is up to where it looked if it found fewer and there may be more. A
// member does without if tags does not answer.
func (s *Server) under(ctx context.Context, f post.Filter, tag string) (list []*post.Post, seen *post.Place, err error) {
	size, ask, after := int(f.Size), int(f.Size), post.Place{}
	if f.Author != "" || f.Language != "" || f.Featured != nil {
		ask = tagging.MaxUnder
	}
	if f.Before != nil {
		after = *f.Before
	}
	for range looks {
		ids, next, err := s.Tags.Under(ctx, f.Site, tag, after.At, after.ID, ask)
		if err != nil && identity.From(ctx).Member() {
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, fault.Wrap(fault.KindUnavailable, err, "posts cannot be listed by tag right now")
		}
		f.Size = int32(size - len(list)) //nolint:gosec // at most 101
		some, err := s.Posts.Among(ctx, f, ids)
		if err != nil {
			return nil, nil, err
		}
		if list = append(list, some...); next.IsZero() || len(list) == size {
			return list, nil, nil
		}
		after, ask = post.Place{At: next, ID: ids[len(ids)-1]}, tagging.MaxUnder
	}
	return list, &after, nil
}

func placeOf(p *post.Post) post.Place {
	snap := p.Snapshot()
	return post.Place{At: snap.SortAt(), ID: snap.ID}
}

func newestFirst(a, b post.Place) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
}

// merge makes one list of two, each post once.
func merge(a, b []*post.Post) []*post.Post {
	out := slices.Concat(a, b)
	order := func(a, b *post.Post) int { return newestFirst(placeOf(a), placeOf(b)) }
	slices.SortStableFunc(out, order)
	return slices.CompactFunc(out, func(a, b *post.Post) bool { return a.Snapshot().ID == b.Snapshot().ID })
}
