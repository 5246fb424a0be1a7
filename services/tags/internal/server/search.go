package server

import (
	"context"
	"strconv"
	"strings"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/paging"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/search"
	"github.com/parution/parution/services/tags/internal/wire"
)

// maxSearches bounds the searches that are worked on: they look at many rows,
// and what takes one must not wait for them.
const maxSearches = 4

// Search implements tagsv1.TagsServiceServer.
func (s *Server) Search(ctx context.Context, r *tagsv1.SearchRequest) (*tagsv1.SearchResponse, error) {
	site, err := searched(ctx, r)
	if err != nil {
		return nil, err
	}
	q, err := search.NewQuery(site, r.GetQ(), r.GetTag(), r.GetNot())
	if err != nil {
		return nil, err
	}
	if q, err = q.In(r.GetOrder()); err != nil {
		return nil, err
	}
	size, err := paging.Size(r.GetPageSize(), usualPosts)
	if err != nil {
		return nil, err
	}
	filters := []string{"search", q.Site(), r.GetQ(), strings.Join(q.Tags(), "+"), strings.Join(q.Not(), "+"), strconv.FormatBool(q.Newest())}
	var after search.Place
	switch further, err := paging.Read(r.GetPageToken(), &after, filters...); {
	case err != nil:
		return nil, err
	case further && !ids.Valid(after.ID):
		return nil, forged()
	case further && r.GetSkip() != 0:
		return nil, fault.Invalid("skip", "does not go together with page_token")
	case r.GetSkip() < 0 || r.GetSkip() > search.MaxSkip:
		return nil, fault.Invalid("skip", "is %d; must be 0 to %d", r.GetSkip(), search.MaxSkip)
	}
	select {
	case s.searches <- struct{}{}:
		defer func() { <-s.searches }()
	case <-ctx.Done():
		return nil, fault.Unavailable("too many search at once; try again in a moment")
	}
	found, err := s.index.Search(ctx, q, after, size, r.GetSkip())
	if err != nil {
		return nil, err
	}
	out := &tagsv1.SearchResponse{Total: found.Total}
	if found.Next != nil {
		if out.NextPageToken, err = paging.Token(found.Next, filters...); err != nil {
			return nil, err
		}
	}
	for _, e := range found.Posts {
		out.Posts = append(out.Posts, wire.TaggedPost(e))
	}
	for _, c := range found.Facets {
		out.Facets = append(out.Facets, wire.Tag(c))
	}
	return out, nil
}

// searched is the site that a search is of: the caller's own. A service belongs
// to none and says which.
func searched(ctx context.Context, r *tagsv1.SearchRequest) (string, error) {
	p := identity.From(ctx)
	switch service := p.Role == identity.Service; {
	case service && r.GetSite() == "":
		return "", fault.Invalid("site", "must not be empty")
	case service:
		return r.GetSite(), nil
	case r.GetSite() != "":
		return "", fault.Invalid("site", "is for services; everybody else searches their own")
	}
	return p.Site, nil
}
