package press

import (
	"context"
	"fmt"
	"strconv"

	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/theme"
)

const (
	// featuredSize and cloudSize bound the home page's featured posts and tags.
	featuredSize = 10
	cloudSize    = 40
)

func (p *Press) home(ctx context.Context, site *page.Site) (*page.Page, error) {
	recent, total, err := p.Models.Cards(ctx, site.ID, page.Selection{}, site.PostsPerPage, 0)
	if err != nil {
		return nil, err
	}
	featured, _, err := p.Models.Cards(ctx, site.ID, page.Selection{Featured: true}, featuredSize, 0)
	if err != nil {
		return nil, err
	}
	cloud, err := p.topTags(ctx, site, cloudSize)
	if err != nil {
		return nil, err
	}
	sortByName(cloud, site.Language)
	body, err := p.look(site).Home(site, theme.Home{
		Recent: recent, Featured: featured, Tags: cloud, Pager: listPager(1, pages(total, site.PostsPerPage)),
	})
	if err != nil {
		return nil, err
	}
	keys := page.NewKeys(page.KeySite, page.KeyPosts, page.KeyFeatured, page.KeyTags)
	addCards(keys, recent, featured)
	return finished(page.StatusOK, body, keys, newest(site, recent, featured)), nil
}

func (p *Press) list(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	cards, total, err := p.Models.Cards(ctx, site.ID, page.Selection{}, site.PostsPerPage, (route.Number-1)*site.PostsPerPage)
	if err != nil {
		return nil, err
	}
	last := pages(total, site.PostsPerPage)
	if route.Number > last || len(cards) == 0 {
		return p.orAddress(ctx, site, route, page.NewKeys(page.KeyPosts))
	}
	body, err := p.look(site).List(site, route.Path, cards, listPager(route.Number, last))
	if err != nil {
		return nil, err
	}
	keys := page.NewKeys(page.KeySite, page.KeyPosts)
	addCards(keys, cards)
	return finished(page.StatusOK, body, keys, newest(site, cards)), nil
}

// listPager is for the list of all posts, whose pages have paths of their own.
func listPager(number, last int) theme.Pager {
	pager := theme.Pager{Number: number, Pages: last}
	switch {
	case number == 2:
		pager.Prev = "/"
	case number > 2:
		pager.Prev = fmt.Sprintf("/page/%d", number-1)
	}
	if number < last {
		pager.Next = "/page/" + strconv.Itoa(number+1)
	}
	return pager
}

// pagerOf is for lists whose pages are told by a query.
func pagerOf(route page.Route, last int) theme.Pager {
	pager := theme.Pager{Number: route.Number, Pages: last}
	if route.Number > 1 {
		pager.Prev = route.Address(route.Number - 1)
	}
	if route.Number < last {
		pager.Next = route.Address(route.Number + 1)
	}
	return pager
}

// selected is a page of posts of a list.
type selected struct {
	cards []page.Card
	total int
	pager theme.Pager
	// keys are those of the cards and of the list.
	keys page.Keys
}

// choose reads the route's page of a list; false if the list has no such page.
func (p *Press) choose(ctx context.Context, site *page.Site, route page.Route, sel page.Selection, keys page.Keys) (selected, bool, error) {
	size := site.PostsPerPage
	cards, total, err := p.Models.Cards(ctx, site.ID, sel, size, (route.Number-1)*size)
	if err != nil {
		return selected{}, false, err
	}
	last := pages(total, size)
	addCards(keys, cards)
	return selected{cards, total, pagerOf(route, last), keys}, route.Number <= last && (route.Number == 1 || len(cards) > 0), nil
}

func (p *Press) author(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	keys := page.NewKeys(page.KeySite, page.KeyAuthor(route.Author))
	name, ok, err := p.Models.Author(ctx, site.ID, route.Author)
	if err != nil {
		return nil, err
	}
	if !ok {
		return p.orAddress(ctx, site, route, keys)
	}
	list, ok, err := p.choose(ctx, site, route, page.Selection{Author: route.Author}, keys)
	if err != nil {
		return nil, err
	}
	if !ok {
		return p.notFound(ctx, site, route.Path, keys.Sorted()...)
	}
	body, err := p.look(site).Author(site, route.Address(route.Number), theme.Author{Author: name, Cards: list.cards, Total: list.total, Pager: list.pager})
	if err != nil {
		return nil, err
	}
	return finished(page.StatusOK, body, keys, newest(site, list.cards)), nil
}

func (p *Press) archive(ctx context.Context, site *page.Site) (*page.Page, error) {
	months, err := p.Models.Months(ctx, site.ID, 0, site.Zone())
	if err != nil {
		return nil, err
	}
	body, err := p.look(site).Archive(site, theme.Archive{Months: months, Total: sum(months)})
	if err != nil {
		return nil, err
	}
	return finished(page.StatusOK, body, page.NewKeys(page.KeySite, page.KeyArchive), site.UpdatedAt), nil
}

func sum(months []page.Month) (n int) {
	for _, m := range months {
		n += m.Count
	}
	return n
}

func (p *Press) period(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	zone, keys := site.Zone(), route.Period.Keys()
	keys.Add(page.KeySite)
	sel := page.Selection{}
	sel.From, sel.Until = route.Period.Bounds(zone)
	list, ok, err := p.choose(ctx, site, route, sel, keys)
	if err != nil {
		return nil, err
	}
	if !ok || list.total == 0 {
		return p.orAddress(ctx, site, route, keys)
	}
	view := theme.Period{Year: route.Period.Year, Month: route.Period.Month, Cards: list.cards, Total: list.total, Pager: list.pager}
	if view.Month == 0 {
		if view.Months, err = p.Models.Months(ctx, site.ID, view.Year, zone); err != nil {
			return nil, err
		}
	}
	body, err := p.look(site).Period(site, route.Address(route.Number), view)
	if err != nil {
		return nil, err
	}
	return finished(page.StatusOK, body, keys, newest(site, list.cards)), nil
}
