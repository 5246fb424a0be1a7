package server

import (
	"context"
	"slices"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/paging"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/wire"
)

const (
	maxRelated = 20
	// maxValues bounds each filter.
	maxValues = 10
)

// ListTags implements tagsv1.TagsServiceServer.
func (s *Server) ListTags(ctx context.Context, r *tagsv1.ListTagsRequest) (*tagsv1.ListTagsResponse, error) {
	site := identity.From(ctx).Site
	size, err := paging.Size(r.GetPageSize(), usualTags)
	if err != nil {
		return nil, err
	}
	l := index.Listing{Site: site, Parent: r.GetParent(), Prefix: r.GetPrefix(), Internal: sees(ctx), Size: int(size)}
	switch r.GetOrder() {
	case "", "slug":
	case "count":
		l.MostFirst = true
	default:
		return nil, fault.Invalid("order", `must be "slug" or "count"`)
	}
	filters := []string{"tags", site, r.GetOrder(), r.GetParent(), r.GetPrefix()}
	if further, err := paging.Read(r.GetPageToken(), &l.After, filters...); err != nil {
		return nil, err
	} else if further && l.After.Slug == "" {
		return nil, forged()
	}
	if err := s.reading.Replica.CaughtUp(); err != nil {
		return nil, err
	}
	list, total := s.reading.Memory.Tags(l)
	out := &tagsv1.ListTagsResponse{Total: int32(total)} //nolint:gosec // below 2^31
	if len(list) > int(size) {
		list = list[:size]
		last := index.Listed{Slug: list[size-1].Slug, Posts: list[size-1].Posts}
		if out.NextPageToken, err = paging.Token(last, filters...); err != nil {
			return nil, err
		}
	}
	out.Tags, err = s.tags(ctx, site, list, l.Internal)
	return out, err
}

// tags reads all that there is to say about tags.
func (s *Server) tags(ctx context.Context, site string, list []index.Listed, internal bool) ([]*tagsv1.Tag, error) {
	ids := make([]string, len(list))
	for i, t := range list {
		ids[i] = t.ID
	}
	views, err := s.reading.Pages.Views(ctx, ids)
	if err != nil {
		return nil, err
	}
	children := s.reading.Memory.Children(site, ids, internal)
	byID := make(map[string]*tagsv1.Tag, len(views))
	for _, v := range views {
		if v.Gone || v.Internal && !internal {
			continue // since it was listed
		}
		t := wire.Tag(v)
		if !internal {
			conceal(t)
		}
		if t.GetParent() != "" {
			if _, ok := s.reading.Memory.Tag(site, t.GetParent(), internal); !ok {
				t.Parent = "" // readers do not see it
			}
		}
		t.Children = children[v.ID]
		byID[v.ID] = t
	}
	out := make([]*tagsv1.Tag, 0, len(list))
	for _, l := range list {
		if t := byID[l.ID]; t != nil {
			t.Count = int32(l.Posts) //nolint:gosec // below 2^31
			out = append(out, t)
		}
	}
	return out, nil
}

// conceal takes away the names and addresses of internal tags that a tag took the place
// of, and its own of when it was one.
func conceal(t *tagsv1.Tag) {
	var hidden []string
	for _, name := range t.GetAliases() {
		if tag.IsInternal(name) {
			hidden = append(hidden, tag.Addresses(tag.Address(name))...)
		}
	}
	t.Aliases = slices.DeleteFunc(t.GetAliases(), tag.IsInternal)
	t.FormerSlugs = slices.DeleteFunc(t.GetFormerSlugs(), func(s string) bool { return slices.Contains(hidden, s) })
}

// GetTag implements tagsv1.TagsServiceServer.
func (s *Server) GetTag(ctx context.Context, r *tagsv1.GetTagRequest) (*tagsv1.GetTagResponse, error) {
	site, err := siteOf(ctx, r.GetSite())
	if err != nil {
		return nil, err
	}
	service := identity.From(ctx).Role == identity.Service
	internal := sees(ctx) || service
	if err := s.reading.Replica.CaughtUp(); err != nil {
		return nil, err
	}
	if found, ok := s.reading.Memory.Tag(site, r.GetSlug(), internal); ok {
		list, err := s.tags(ctx, site, []index.Listed{found}, internal)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			out := &tagsv1.GetTagResponse{Tag: list[0]}
			if service {
				out.Keys, err = s.keys(ctx, site, list)
			}
			return out, err
		}
	}
	return nil, fault.NotFound("no tag %q", r.GetSlug())
}

// ListTaggedPosts implements tagsv1.TagsServiceServer. A tag that nobody
// carries selects nothing.
func (s *Server) ListTaggedPosts(ctx context.Context, r *tagsv1.ListTaggedPostsRequest) (*tagsv1.ListTaggedPostsResponse, error) {
	site := identity.From(ctx).Site
	sel, err := entry.Select(site, r.GetTags())
	if err != nil {
		return nil, err
	}
	size, err := paging.Size(r.GetPageSize(), usualPosts)
	if err != nil {
		return nil, err
	}
	parts := tagNodes(sel.Slugs())
	if parts, err = withTags(parts, r.GetAny(), r.GetNot()); err != nil {
		return nil, err
	}
	q := index.Question{Site: site, Asks: query.And{Parts: parts}, Order: index.Newest, Size: int(size), Internal: sees(ctx), Facets: true}
	filters := slices.Concat([]string{"tagged", site}, sel.Slugs(), []string{"any"}, r.GetAny(), []string{"not"}, r.GetNot())
	if _, err := paging.Read(r.GetPageToken(), &q.After, filters...); err != nil {
		return nil, err
	}
	done, err := s.reading.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := s.reading.Memory.Ask(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &tagsv1.ListTaggedPostsResponse{Total: int32(found.Total)} //nolint:gosec // below 2^31
	if found.Next != nil {
		if out.NextPageToken, err = paging.Token(found.Next, filters...); err != nil {
			return nil, err
		}
	}
	chosen := s.reading.Memory.IDsOf(site, sel.Slugs())
	out.Facets = s.reading.facets(site, slices.DeleteFunc(found.Tags, func(c index.Count) bool { return slices.Contains(chosen, c.Value) }), q.Internal)
	if out.Posts, err = s.posts(ctx, found.Posts, q.Internal); err != nil {
		return nil, err
	}
	return out, nil
}

func tagNodes(names []string) []query.Node {
	out := make([]query.Node, len(names))
	for i, name := range names {
		out[i] = query.Tag{Name: name}
	}
	return out
}

// withTags adds tags of which posts must have one, and those that they must not have.
func withTags(parts []query.Node, some, not []string) ([]query.Node, error) {
	for field, names := range map[string][]string{"any": some, "not": not} {
		if err := bounded(field, names); err != nil {
			return nil, err
		}
	}
	if len(some) > 0 {
		parts = append(parts, query.Or{Parts: tagNodes(some)})
	}
	for _, n := range tagNodes(not) {
		parts = append(parts, query.Not{Part: n})
	}
	return parts, nil
}

// bounded refuses too many values of a filter, and empty ones.
func bounded(field string, values []string) error {
	if len(values) > maxValues {
		return fault.Invalid(field, "has %d values; at most %d", len(values), maxValues)
	}
	for _, v := range values {
		if tag.Key(v) == "" {
			return fault.Invalid(field, "must be a word or several")
		}
	}
	return nil
}

// posts reads the posts of a page. Those that were withdrawn this moment are left out.
func (s *Server) posts(ctx context.Context, places []index.Place, internal bool) ([]*tagsv1.TaggedPost, error) {
	numbers := make([]uint32, len(places))
	for i, p := range places {
		numbers[i] = p.Number
	}
	found, err := s.reading.Pages.Shown(ctx, numbers)
	if err != nil {
		return nil, err
	}
	out := make([]*tagsv1.TaggedPost, 0, len(places))
	for _, n := range numbers {
		if f, ok := found[n]; ok {
			out = append(out, tagged(f.Entry, internal))
		}
	}
	return out, nil
}

// tagged is a post as a list shows it; who works for the site sees all of its tags.
func tagged(e entry.Entry, internal bool) *tagsv1.TaggedPost {
	p := wire.TaggedPost(e)
	if internal {
		p.Tags = wire.Carried(e.Tags)
	}
	return p
}

// ListRelatedPosts implements tagsv1.TagsServiceServer.
func (s *Server) ListRelatedPosts(ctx context.Context, r *tagsv1.ListRelatedPostsRequest) (*tagsv1.ListRelatedPostsResponse, error) {
	site, err := siteOf(ctx, r.GetSite())
	if err != nil {
		return nil, err
	}
	size := int(r.GetSize())
	if size < 0 || size > maxRelated {
		return nil, fault.Invalid("size", "is %d; must be 1 to %d", size, maxRelated)
	}
	if size == 0 {
		size = usualRelated
	}
	done, err := s.reading.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var records []index.Record
	if ids.Valid(r.GetId()) {
		if records, err = s.reading.Pages.RecordsOf(ctx, []string{r.GetId()}); err != nil {
			return nil, err
		}
	}
	if len(records) == 0 || !records[0].Public || records[0].Site != site {
		return nil, fault.NotFound("no published post %q", r.GetId())
	}
	places, err := s.reading.Memory.Related(ctx, site, records[0].Number, records[0].Language, records[0].Text, size)
	if err != nil {
		return nil, err
	}
	posts, err := s.posts(ctx, places, sees(ctx))
	return &tagsv1.ListRelatedPostsResponse{Posts: posts}, err
}

func forged() error { return fault.Invalid("page_token", "was not made by this list") }
