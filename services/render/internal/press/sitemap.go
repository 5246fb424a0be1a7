package press

import (
	"context"
	"fmt"

	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/sitemap"
)

// maxAuthors bounds the authors in a site map.
const maxAuthors = 10_000

// sitemap makes the map of a site, which lists its pages and then its posts; if
// that is too much for one map it lists the parts of it.
func (p *Press) sitemap(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	keys := page.NewKeys(page.KeySite, page.KeySitemap, page.KeyTags)
	entries, err := p.pagesOf(ctx, site)
	if err != nil {
		return nil, err
	}
	posts, err := p.Models.Length(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	parts := pages(len(entries)+posts, sitemap.Size)
	switch {
	case route.Number > 0 && (parts == 1 || route.Number > parts):
		return p.notFound(ctx, site, route.Path, keys.Sorted()...)
	case route.Number == 0 && parts > 1:
		paths := make([]string, parts)
		for i := range paths {
			paths[i] = page.SitemapPath(i + 1)
		}
		body, err := sitemap.Index(site, paths)
		return mapped(body, keys), err
	}
	// The part's window on both lists, one after the other.
	from := max(0, route.Number-1) * sitemap.Size
	skip := max(0, from-len(entries))
	entries = entries[min(from, len(entries)):min(from+sitemap.Size, len(entries))]
	if size := sitemap.Size - len(entries); size > 0 {
		located, err := p.Models.Located(ctx, site.ID, size, skip)
		if err != nil {
			return nil, err
		}
		entries = append(entries, located...)
	}
	body, err := sitemap.Write(site, entries)
	return mapped(body, keys), err
}

// pagesOf are the pages of a site that are no posts. A list changed when its newest
// post was published, the home page also when a post that it shows was edited.
func (p *Press) pagesOf(ctx context.Context, site *page.Site) ([]page.Located, error) {
	latest, err := p.Models.Latest(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	shown, err := p.Models.Located(ctx, site.ID, site.PostsPerPage, 0)
	if err != nil {
		return nil, err
	}
	home := latest
	for _, l := range shown {
		home = later(home, l.Modified)
	}
	tags, err := p.Models.LocatedTags(ctx, site.ID, maxTags)
	if err != nil {
		return nil, err
	}
	authors, err := p.Models.LocatedAuthors(ctx, site.ID, maxAuthors)
	if err != nil {
		return nil, err
	}
	out := []page.Located{{Path: "/", Modified: home}, {Path: "/archive", Modified: latest}, {Path: "/tags", Modified: latest}}
	return append(append(out, tags...), authors...), nil
}

func mapped(body []byte, keys page.Keys) *page.Page {
	out := finished(page.StatusOK, body, keys)
	out.ContentType = sitemap.ContentType
	return out
}

// robots lets everybody read everything but what a search finds: of these pages
// there is no end.
func robots(site *page.Site) *page.Page {
	body := fmt.Appendf(nil, "User-agent: *\nDisallow: /search?\nDisallow: /search/\n\nSitemap: %s\n", site.Absolute(page.SitemapPath(0)))
	out := finished(page.StatusOK, body, page.NewKeys(page.KeySite))
	out.ContentType = "text/plain; charset=utf-8"
	return out
}
