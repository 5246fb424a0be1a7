package server

import (
	"context"
	"slices"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/tagging"
)

// tagger is what the server needs of tags.
type tagger interface {
	Entries(ctx context.Context, versions map[string]int32, wait bool) map[string]tagging.Entry
	Tag(ctx context.Context, site, text string) (_ tagging.Tag, ok bool, err error)
}

// label gives published posts the tags that the names of their authors stand for
// today, and answers what tags knows of them. Without an answer of tags a member
// sees the author's names, and readers none: any of them may be internal.
func (s *Server) label(ctx context.Context, list ...*postsv1.Post) map[string]tagging.Entry {
	member := identity.From(ctx).Member()
	versions := make(map[string]int32)
	for _, p := range list {
		if p.GetStatus() == string(post.Published) && len(p.GetTags()) > 0 {
			versions[p.GetId()] = p.GetVersion()
		}
	}
	// Who wrote it a moment ago knows its tags better than tags does; others get what
	// tags makes of it, which may be that some are internal.
	entries := s.Tags.Entries(ctx, versions, !member)
	for _, p := range list {
		e, known := entries[p.GetId()]
		switch {
		case known:
			p.Tags = e.Names(member)
		case !member:
			p.Tags = nil
		}
	}
	return entries
}

// relabel does so in the facts that readers get of changes.
func (s *Server) relabel(ctx context.Context, list []*postsv1.Change) {
	versions := make(map[string]int32)
	for _, c := range list {
		if id := c.GetAggregateId(); len(c.GetFacts().GetTags()) > 0 {
			versions[id] = max(versions[id], c.GetVersion())
		}
	}
	entries := s.Tags.Entries(ctx, versions, true)
	for _, c := range list {
		if len(c.GetFacts().GetTags()) == 0 {
			continue
		}
		if e, known := entries[c.GetAggregateId()]; known {
			c.Facts.Tags = e.Names(false)
		} else {
			c.Facts.Tags = nil
		}
	}
}

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
