package server

import (
	"context"
	"slices"
	"strings"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts/internal/site"
	"github.com/parution/parution/services/posts/internal/wire"
)

// GetSite implements postsv1.SitesServiceServer.
func (s *Server) GetSite(ctx context.Context, _ *postsv1.GetSiteRequest) (*postsv1.GetSiteResponse, error) {
	out, err := s.Sites.GetSite(ctx, identity.From(ctx).Site)
	if err != nil {
		return nil, err
	}
	return &postsv1.GetSiteResponse{Site: wire.Site(out)}, nil
}

// UpdateSite implements postsv1.SitesServiceServer.
func (s *Server) UpdateSite(ctx context.Context, r *postsv1.UpdateSiteRequest) (*postsv1.UpdateSiteResponse, error) {
	if r.GetExpectedVersion() == 0 {
		return nil, fault.Unconditional("say which version the change was made on: If-Match: \"version\"")
	}
	if len(r.GetUpdateMask().GetPaths()) == 0 {
		return nil, fault.Invalid("update_mask", "names no field to change")
	}
	who := identity.From(ctx)
	out, err := s.Sites.UpdateSite(ctx, who.Site, func(n *site.Site) (bool, error) {
		settings, err := patchedSite(n.Settings, r.GetSite(), r.GetUpdateMask().GetPaths(), who.Role)
		if err != nil {
			return false, err
		}
		return n.Update(settings, r.GetExpectedVersion(), s.now())
	})
	if err != nil {
		return nil, err
	}
	return &postsv1.UpdateSiteResponse{Site: wire.Site(out)}, nil
}

func patchedSite(c site.Settings, in *postsv1.Site, mask []string, role identity.Role) (site.Settings, error) {
	for _, field := range mask {
		switch field {
		case "title":
			c.Title = in.GetTitle()
		case "description":
			c.Description = in.GetDescription()
		case "language":
			c.Language = in.GetLanguage()
		case "time_zone":
			c.TimeZone = in.GetTimeZone()
		case "base_url":
			c.BaseURL = in.GetBaseUrl()
		case "social_links":
			c.Links = wire.Links(in.GetSocialLinks())
		case "posts_per_page":
			c.PostsPerPage = in.GetPostsPerPage()
		case "theme":
			c.Theme = in.GetTheme()
		case "hosts":
			// A site's owner could otherwise take the readers of another's.
			if role != identity.Operator {
				return c, fault.Denied("only an operator may change the hosts of a site")
			}
			c.Hosts = in.GetHosts()
		case "id", "version", "created_at", "updated_at":
			return c, fault.Invalid(field, "cannot be changed")
		default:
			return c, fault.Invalid(field, "is not a field of a site")
		}
	}
	return c, nil
}

// CreateSite implements postsv1.SitesServiceServer.
func (s *Server) CreateSite(ctx context.Context, r *postsv1.CreateSiteRequest) (*postsv1.CreateSiteResponse, error) {
	title := r.GetTitle()
	if title == "" {
		title = r.GetId()
	}
	n, err := site.New(r.GetId(), site.Settings{
		Title: title, Description: r.GetDescription(), Language: r.GetLanguage(), TimeZone: r.GetTimeZone(),
		BaseURL: r.GetBaseUrl(), Hosts: r.GetHosts(), Theme: r.GetTheme(),
	}, s.now())
	if err != nil {
		return nil, err
	}
	if err := s.Sites.CreateSite(ctx, n); err != nil {
		return nil, err
	}
	return &postsv1.CreateSiteResponse{Site: wire.Site(n)}, nil
}

// ListSites implements postsv1.SitesServiceServer.
func (s *Server) ListSites(ctx context.Context, _ *postsv1.ListSitesRequest) (*postsv1.ListSitesResponse, error) {
	list, err := s.Sites.ListSites(ctx)
	if err != nil {
		return nil, err
	}
	out := &postsv1.ListSitesResponse{}
	for _, n := range list {
		out.Sites = append(out.Sites, wire.Site(n))
	}
	return out, nil
}

// BatchGetSites implements postsv1.SitesServiceServer.
func (s *Server) BatchGetSites(ctx context.Context, r *postsv1.BatchGetSitesRequest) (*postsv1.BatchGetSitesResponse, error) {
	if n := len(r.GetIds()); n > maxBatch {
		return nil, fault.Invalid("ids", "has %d entries; at most %d", n, maxBatch)
	}
	epoch, err := s.Sites.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	out, versions := &postsv1.BatchGetSitesResponse{}, make(map[string]int32)
	for _, id := range slices.Compact(slices.Sorted(slices.Values(r.GetIds()))) {
		state := &postsv1.SiteState{Id: id, Epoch: epoch}
		out.States = append(out.States, state)
		if strings.ContainsRune(id, 0) { // no engine's text has that
			continue
		}
		n, err := s.Sites.GetSite(ctx, id)
		if fault.KindOf(err) == fault.KindNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		state.Version, state.Site = n.Version, wire.Site(n)
		versions[id] = n.Version
	}
	hashes, err := s.Sites.SiteHashes(ctx, versions)
	if err != nil {
		return nil, err
	}
	for _, state := range out.GetStates() {
		state.PublicHash = hashes[state.GetId()]
	}
	return out, nil
}
