package server

import (
	"context"
	"slices"

	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/tag"
)

// keys are those of all names that lead to the tags of list or to one below them.
func (s *Server) keys(ctx context.Context, site string, list []*tagsv1.Tag) ([]string, error) {
	var out []string
	for level := list; len(level) > 0; { // as often as there are levels of tags
		var below []index.Listed
		for _, t := range level {
			out = append(out, tag.Key(t.GetName()))
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
		var err error
		if level, err = s.tags(ctx, site, below, true); err != nil {
			return nil, err
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(out))), nil
}
