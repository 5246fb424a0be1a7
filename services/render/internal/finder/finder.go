// Package finder asks the tags service, which has the index, what a search finds.
package finder

import (
	"context"

	"github.com/parution/parution/chassis/fault"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/wire"
)

// Finder searches. Safe for concurrent use.
type Finder struct{ tags tagsv1.TagsServiceClient }

// New makes a finder that asks tags.
func New(tags tagsv1.TagsServiceClient) *Finder { return &Finder{tags: tags} }

// Find answers the ids of a part of the posts of a site that a search finds, how
// many these are, and the tags of all of them. Faults: Invalid for a search that
// asks for too much; Unavailable if tags does not answer.
func (f *Finder) Find(ctx context.Context, site string, s page.Search, part page.Part) (ids []string, total int, facets []page.Tagged, err error) {
	order := "best"
	if part.Newest {
		order = "newest"
	}
	resp, err := f.tags.Search(ctx, &tagsv1.SearchRequest{
		Q: s.Text, Tag: s.Tags, Not: s.Without, PageSize: int32(part.Size), Skip: int32(part.Skip), Site: site, Order: order, //nolint:gosec // at most 100 and 10,000
	})
	switch {
	case err == nil:
		ids, total, facets = wire.Found(resp)
		return ids, total, facets, nil
	case fault.KindOf(err) == fault.KindInvalid, fault.KindOf(err) == fault.KindTooLarge:
		return nil, 0, nil, err
	}
	// Also what tags refuses us is nothing that a reader can mend.
	return nil, 0, nil, fault.Wrap(fault.KindUnavailable, err, "the search does not answer; the rest of the site does")
}
