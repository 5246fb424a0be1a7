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
	if route.Search.Empty() {
		return p.searchForm(ctx, site, route, view, keys)
	}
	to, err := p.nameSearch(ctx, site, &view, keys)
	if err != nil {
		return nil, err
	}
	if to != nil {
		route.Search = *to
		return moved(route.Address(route.Number)), nil
	}
	if len(route.Search.Misread()) > 0 {
		return p.misread(ctx, site, route, view, keys)
	}
	size := site.PostsPerPage
	found, ok, err := p.find(ctx, site, route, page.Part{Size: size, Language: site.Language, AtLeast: route.AtLeast})
	if err != nil {
		return nil, err
	}
	if !ok {
		return p.notFound(ctx, site, route.Path)
	}
	cards, err := p.Models.CardsOf(ctx, site.ID, found.IDs)
	if err != nil {
		return nil, err
	}
	found.Cards = inOrder(found.IDs, cards, func(c page.Card) string { return c.ID })
	if err := p.name(ctx, site, found.Facets); err != nil {
		return nil, err
	}
	view.Found = found
	view.Pager = pagerOf(route, pages(min(found.Total, maxFound), size))
	if view.Authors, err = p.authors(ctx, site, route.Search.Authors, found.Authors); err != nil {
		return nil, err
	}
	status := page.StatusOK
	if found.Problem == nil {
		view.Feed = page.Escape(page.FeedOf(route.Path, page.FeedRSS)) + unordered(route.Search).Query(1)
	} else {
		// Readers see what is wrong, and programs and caches that nothing was found out.
		status = page.StatusBad
	}
	addCards(keys, cards)
	body, err := p.look(site).Search(site, route.Address(route.Number), view)
	if err != nil {
		return nil, err
	}
	out := finished(status, body, keys)
	out.Fleeting = true
	return out, nil
}

// misread is the page of a search with a date or an order that cannot be read: it says
// so, and keeps the rest.
func (p *Press) misread(ctx context.Context, site *page.Site, route page.Route, view theme.Search, keys page.Keys) (*page.Page, error) {
	var err error
	if view.Authors, err = p.authors(ctx, site, route.Search.Authors, nil); err != nil {
		return nil, err
	}
	body, err := p.look(site).Search(site, route.Address(route.Number), view)
	if err != nil {
		return nil, err
	}
	out := finished(page.StatusBad, body, keys)
	out.Fleeting = true
	return out, nil
}

// searchForm is the page of a search for nothing: who does not know yet what to
// look for begins with a tag or an example.
func (p *Press) searchForm(ctx context.Context, site *page.Site, route page.Route, view theme.Search, keys page.Keys) (*page.Page, error) {
	tags, err := p.topTags(ctx, site, cloudSize)
	if err != nil {
		return nil, err
	}
	view.Found.Facets = tags
	newest, _, err := p.Models.Cards(ctx, site.ID, page.Selection{}, 1, 0)
	if err != nil {
		return nil, err
	}
	for _, c := range newest {
		view.Title = c.Title
	}
	keys.Add(page.KeyTags, page.KeyPosts)
	addCards(keys, newest)
	body, err := p.look(site).Search(site, route.Address(route.Number), view)
	if err != nil {
		return nil, err
	}
	return finished(page.StatusOK, body, keys), nil
}

func unordered(s page.Search) page.Search {
	s.Order = ""
	return s
}

// find asks for the route's page of what its search finds; false if there is no
// such page.
func (p *Press) find(ctx context.Context, site *page.Site, route page.Route, part page.Part) (page.Found, bool, error) {
	part.Skip = (route.Number - 1) * part.Size
	if part.Skip >= maxFound {
		return page.Found{}, false, nil
	}
	found, err := p.Finder.Find(ctx, site.ID, route.Search, part)
	return found, route.Number <= pages(found.Total, part.Size), err
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

// nameSearch gives the tags of a search their names; one that no post carries has
// its slug. Where a slug is a former one, it answers the search with the present
// one instead.
func (p *Press) nameSearch(ctx context.Context, site *page.Site, view *theme.Search, keys page.Keys) (*page.Search, error) {
	to := view.Search
	isMoved := false
	for _, list := range []struct {
		slugs  *[]string
		labels *[]page.Label
	}{{&to.Tags, &view.Tags}, {&to.Without, &view.Without}, {&to.Any, &view.Any}} {
		known, err := p.Models.Tags(ctx, site.ID, *list.slugs)
		if err != nil {
			return nil, err
		}
		inLanguage(known, site.Language)
		for _, slug := range *list.slugs {
			l := page.Label{Slug: slug, Name: slug}
			if i := slices.IndexFunc(known, func(t page.Tagged) bool { return t.Slug == slug }); i >= 0 {
				l = known[i].Label
			}
			*list.labels = append(*list.labels, l)
		}
		if len(known) == len(*list.slugs) {
			continue
		}
		present, err := p.moved(ctx, site, *list.slugs, known, keys)
		if err != nil {
			return nil, err
		}
		if present != nil {
			*list.slugs, isMoved = present, true
		}
	}
	if !isMoved {
		return nil, nil //nolint:nilnil // the search is well as it is
	}
	return &to, nil
}

// authors are those of a search, with their names.
func (p *Press) authors(ctx context.Context, site *page.Site, slugs []string, found []page.Facet) ([]page.Label, error) {
	var out []page.Label
	for _, slug := range slugs {
		l := page.Label{Slug: slug, Name: slug}
		if i := slices.IndexFunc(found, func(f page.Facet) bool { return f.Value == slug }); i >= 0 {
			l.Name = found[i].Name
		} else if known, ok, err := p.Models.Author(ctx, site.ID, slug); err != nil {
			return nil, err
		} else if ok {
			l = known
		}
		out = append(out, l)
	}
	return out, nil
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
	// moved is the address of the feed that took the place of this one, escaped.
	moved string
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
	if list.moved != "" {
		return moved(list.moved, list.keys.Sorted()...), nil
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
		addLabels(list.keys, &d.Card)
		out.LastModified = later(out.LastModified, d.UpdatedAt)
	}
	out.Body, err = feed.Write(kind, feed.Feed{
		Site: site, Title: strings.TrimSpace(site.Title + list.title), Self: route.Address(route.Number), Home: list.home,
		First: route.Address(1), Prev: pager.Prev, Next: pager.Next, Posts: list.posts,
	})
	if err != nil {
		return nil, err
	}
	out.ContentType, out.ETag, out.Keys = kind.ContentType(), page.Validator(out.Body), list.keys.Sorted()
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
		want, err := p.want(ctx, site, route.Tags, list.keys)
		if err != nil {
			return list, false, err
		}
		if want.to != nil {
			route.Path = page.FeedOf(page.TagsPath(want.to), route.Feed)
			list.moved = route.Address(route.Number)
			return list, true, nil
		}
		if !want.found {
			return list, false, nil
		}
		for _, l := range labelsOf(want.tags, list.keys) {
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
	view := theme.Search{Search: s}
	to, err := p.nameSearch(ctx, site, &view, list.keys)
	if err != nil {
		return list, false, err
	}
	if to != nil {
		route.Search = *to
		list.moved = route.Address(route.Number)
		return list, true, nil
	}
	if len(s.Misread()) > 0 {
		return list, false, nil
	}
	// Who follows a search waits for what is new, however little of it there is.
	found, ok, err := p.find(ctx, site, route, page.Part{Size: feed.Size, Newest: true, Language: site.Language})
	if err != nil || !ok || found.Problem != nil {
		return list, false, err
	}
	posts, err := p.Models.TextsOf(ctx, site.ID, found.IDs, feed.MaxText)
	if err != nil {
		return list, false, err
	}
	list.title = " – " + s.Text
	for _, l := range slices.Concat(view.Tags, view.Any) {
		list.title += " #" + l.Name
	}
	for _, l := range view.Without {
		list.title += " −#" + l.Name
	}
	for _, text := range slices.Concat(s.Authors, s.Languages, []string{s.Since, s.Until}) {
		if text != "" {
			list.title += " " + text
		}
	}
	list.posts, list.total = posts, min(found.Total, maxFound)
	return list, true, nil
}
