package server

import (
	"context"
	"time"

	"github.com/parution/parution/chassis/identity"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/tagging"
)

// tagger is what the server needs of tags.
type tagger interface {
	Entries(ctx context.Context, versions map[string]int32, wait bool) map[string]tagging.Entry
	Tag(ctx context.Context, site, text string) (_ tagging.Tag, ok bool, err error)
	Under(ctx context.Context, site, tag string, before time.Time, beforeID string, size int) (ids []string, next time.Time, err error)
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
