package press

import (
	"context"
	"slices"
	"strings"

	"github.com/parution/parution/services/render/internal/feed"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/theme"
)

// maxFound is how many of the posts that a search finds can be paged through.
const maxFound = 10_000

func (p *Press) search(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	view := theme.Search{Search: route.Search, Pager: theme.Pager{Number: 1, Pages: 1}}
	keys := page.NewKeys(page.KeySite)
	if !route.Search.Empty() {
		size := site.PostsPerPage
		ids, total, facets, ok, err := p.find(ctx, site, route, page.Part{Size: size})
		if err != nil {
			return nil, err
		}
		if !ok {
			return p.notFound(ctx, site, route.Path)
		}
		cards, err := p.Models.CardsOf(ctx, site.ID, ids)
		if err != nil {
			return nil, err
		}
		view.Found = page.Found{Cards: inOrder(ids, cards, func(c page.Card) string { return c.ID }), Total: total, Facets: facets}
		view.Pager = pagerOf(route, pages(min(total, maxFound), size))
		view.Feed = page.Escape(page.FeedOf(route.Path, page.FeedRSS)) + route.Search.Query(1)
		if view.Tags, view.Without, err = p.named(ctx, site, route.Search); err != nil {
			return nil, err
		}
		addCards(keys, cards)
	} else {
		// Who does not know yet what to look for begins with a tag.
		tags, err := p.Models.TopTags(ctx, site.ID, cloudSize)
		if err != nil {
			return nil, err
		}
		view.Found.Facets = tags
		keys.Add(page.KeyTags)
	}
	body, err := p.look(site).Search(site, route.Address(route.Number), view)
	if err != nil {
		return nil, err
	}
	return finished(page.StatusOK, body, keys), nil
}

// find asks for the route's page of what its search finds; false if there is no
// such page.
func (p *Press) find(ctx context.Context, site *page.Site, route page.Route, part page.Part) (ids []string, total int, facets []page.Tagged, ok bool, err error) {
	part.Skip = (route.Number - 1) * part.Size
	if part.Skip >= maxFound {
		return nil, 0, nil, false, nil
	}
	ids, total, facets, err = p.Finder.Find(ctx, site.ID, route.Search, part)
	return ids, total, facets, route.Number <= pages(total, part.Size), err
}

// inOrder puts things in the order of ids.
func inOrder[T any](ids []string, list []T, id func(T) string) []T {
	out := make([]T, 0, len(list))
	for _, want := range ids {
		if i := slices.IndexFunc(list, func(t T) bool { return id(t) == want }); i >= 0 {
			out = append(out, list[i])
		}
	}
	return out
}

// named are a search's tags with their names; one that no post carries has its slug.
func (p *Press) named(ctx context.Context, site *page.Site, s page.Search) (with, without []page.Label, err error) {
	all := slices.Concat(s.Tags, s.Without)
	if len(all) == 0 {
		return nil, nil, nil
	}
	known, err := p.Models.Tags(ctx, site.ID, all)
	if err != nil {
		return nil, nil, err
	}
	var labels []page.Label
	for _, slug := range all {
		l := page.Label{Slug: slug, Name: slug}
		if i := slices.IndexFunc(known, func(t page.Tagged) bool { return t.Slug == slug }); i >= 0 {
			l = known[i].Label
		}
		labels = append(labels, l)
	}
	return labels[:len(s.Tags):len(s.Tags)], labels[len(s.Tags):], nil
}

// listed is what a feed is of.
type listed struct {
	// title follows the site's.
	title string
	// home is the path of the page of the same list, with its query, escaped.
	home  string
	posts []page.Doc
	total int
	keys  page.Keys
}

func (p *Press) feed(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	kind, ok := feed.KindOf(route.Feed)
	if !ok {
		return p.notFound(ctx, site, route.Path)
	}
	list, ok, err := p.listed(ctx, site, route)
	if err != nil {
		return nil, err
	}
	last := pages(list.total, feed.Size)
	if !ok || route.Number > last {
		return p.notFound(ctx, site, route.Path, list.keys.Sorted()...)
	}
	pager := pagerOf(route, last)
	list.keys.Add(page.KeySite)
	out := finished(page.StatusOK, nil, list.keys, site.UpdatedAt)
	for _, d := range list.posts {
		list.keys.Add(page.KeyPost(d.ID))
		out.LastModified = later(out.LastModified, d.UpdatedAt)
	}
	out.Body, err = feed.Write(kind, feed.Feed{
		Site: site, Title: strings.TrimSpace(site.Title + list.title), Self: route.Address(route.Number), Home: list.home,
		First: route.Address(1), Prev: pager.Prev, Next: pager.Next, Posts: list.posts,
	})
	if err != nil {
		return nil, err
	}
	out.ContentType, out.ETag, out.Keys = kind.ContentType(), page.Tag(out.Body), list.keys.Sorted()
	return out, nil
}

// listed reads the posts of the route's page of a feed; false if nobody has such a
// list.
func (p *Press) listed(ctx context.Context, site *page.Site, route page.Route) (listed, bool, error) {
	list := listed{home: "/", keys: make(page.Keys)}
	sel := page.Selection{Tags: route.Tags, Author: route.Author}
	switch {
	case !route.Search.Empty():
		return p.listedSearch(ctx, site, route)
	case len(route.Tags) > 0:
		names, ok, err := p.labels(ctx, site, route.Tags, list.keys)
		if err != nil || !ok {
			return list, false, err
		}
		for _, l := range names {
			list.title += " #" + l.Name
		}
		list.home = page.Escape(page.TagsPath(route.Tags))
	case route.Author != "":
		list.keys.Add(page.KeyAuthor(route.Author))
		name, ok, err := p.Models.Author(ctx, site.ID, route.Author)
		if err != nil || !ok {
			return list, false, err
		}
		list.title, list.home = " – "+name.Name, page.Escape(page.AuthorPath(route.Author))
	default:
		list.keys.Add(page.KeyFeed, page.KeyPosts)
	}
	var err error
	list.posts, list.total, err = p.Models.Texts(ctx, site.ID, sel, feed.Size, (route.Number-1)*feed.Size, feed.MaxText)
	return list, err == nil && (route.Number == 1 || len(list.posts) > 0), err
}

func (p *Press) listedSearch(ctx context.Context, site *page.Site, route page.Route) (listed, bool, error) {
	s := route.Search
	list := listed{keys: make(page.Keys), home: page.Route{Path: "/search", Search: s}.Address(1)}
	// Who follows a search waits for what is new, however little of it there is.
	ids, total, _, ok, err := p.find(ctx, site, route, page.Part{Size: feed.Size, Newest: true})
	if err != nil || !ok {
		return list, false, err
	}
	posts, err := p.Models.TextsOf(ctx, site.ID, ids, feed.MaxText)
	if err != nil {
		return list, false, err
	}
	with, without, err := p.named(ctx, site, s)
	if err != nil {
		return list, false, err
	}
	list.title = " – " + s.Text
	for _, l := range with {
		list.title += " #" + l.Name
	}
	for _, l := range without {
		list.title += " −#" + l.Name
	}
	list.posts, list.total = posts, min(total, maxFound)
	return list, true, nil
}
