package server

import (
	"context"
	"slices"

	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/tag"
)

// keys are those of all names that lead to the tags of list or to one below them, and of
// tags from which splits may have led posts there.
func (s *Server) keys(ctx context.Context, site string, list []*tagsv1.Tag) (own, further []string, err error) {
	var out, ids []string
	for level := list; len(level) > 0; { // as often as there are levels of tags
		var below []index.Listed
		for _, t := range level {
			ids, out = append(ids, t.GetId()), append(out, tag.Key(t.GetName()))
			for _, name := range t.GetNames() {
				out = append(out, tag.Key(name))
			}
			for _, name := range t.GetAliases() {
				out = append(out, tag.Key(name))
			}
			for _, slug := range t.GetChildren() {
				if found, ok := s.reading.Memory.Tag(site, slug, true); ok {
					below = append(below, found)
				}
			}
		}
		if level, err = s.tags(ctx, site, below, true); err != nil {
			return nil, nil, err
		}
	}
	views, err := s.reading.Pages.SplitFrom(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range views {
		further = append(further, v.Keys()...)
	}
	return once(out), once(further), nil
}

func once(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
