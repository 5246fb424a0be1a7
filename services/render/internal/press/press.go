// Package press makes the pages of a site from the read models, when they are
// asked for, and has them kept until something that they show changes. Nothing
// here calls another service.
package press

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/parution/parution/services/render/internal/feed"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/theme"
)

const (
	// featuredSize and cloudSize bound the home page's featured posts and tags.
	featuredSize = 6
	cloudSize    = 40
	// maxTags bounds the page of all tags.
	maxTags = 10_000
	// perPage is how many posts a page lists where the site does not say.
	perPage = 10
)

// library is where the press reads what pages show.
type library interface {
	// Site faults with NotFound.
	Site(ctx context.Context, id string) (*page.Site, error)
	// Doc faults with NotFound.
	Doc(ctx context.Context, site, id string) (*page.Doc, error)
	Owners(ctx context.Context, site, path string) ([]page.Owner, error)
	// Cards lists size posts after skip, newest first, and tells how many there are.
	Cards(ctx context.Context, site string, sel page.Selection, size, skip int) ([]page.Card, int, error)
	Texts(ctx context.Context, site string, sel page.Selection, size, maxText int) ([]page.Doc, error)
	tags
}

type tags interface {
	TopTags(ctx context.Context, site string, size int) ([]page.Tagged, error)
	// Tags leaves out slugs that no post carries.
	Tags(ctx context.Context, site string, slugs []string) ([]page.Tagged, error)
}

// shelf is where finished pages are.
type shelf interface {
	// Clock is read before anything that a page shows.
	Clock(ctx context.Context) (int64, error)
	Kept(ctx context.Context, site, path string, number int, edition string) (page.Page, bool, error)
}

// Press makes pages. Safe for concurrent use.
type Press struct {
	library library
	shelf   shelf
	keeper  *Keeper
	theme   *theme.Theme
	// baseURL is the installation's.
	baseURL string
}

// New makes a press. What it makes goes to keeper.
func New(lib library, sh shelf, keeper *Keeper, th *theme.Theme, baseURL string) *Press {
	return &Press{library: lib, shelf: sh, keeper: keeper, theme: th, baseURL: baseURL}
}

// Edition stands for everything that pages depend on beside the read models.
func (p *Press) Edition() string { return p.theme.Edition() + " " + p.baseURL }

// Get answers the page at path of a site; number is the page of a list, 0 for
// none. "Moved", "gone" and "not found" are pages too. Faults: NotFound if
// there is no such site.
func (p *Press) Get(ctx context.Context, siteID, path string, number int) (*page.Page, error) {
	route := page.Parse(path, number)
	if route.Kind == page.RouteMoved {
		return moved(route.Location), nil
	}
	if route.Keepable() {
		kept, ok, err := p.shelf.Kept(ctx, siteID, route.Path, route.Number, p.Edition())
		if err != nil {
			return nil, err
		}
		if ok {
			return &kept, nil
		}
	}
	clock, err := p.shelf.Clock(ctx)
	if err != nil {
		return nil, err
	}
	site, err := p.site(ctx, siteID)
	if err != nil {
		return nil, err
	}
	out, err := p.press(ctx, site, route)
	if err != nil {
		return nil, err
	}
	// What is nowhere is not kept: anybody can ask for any number of such addresses.
	if route.Keepable() && out.Status != page.StatusNotFound {
		p.keeper.Keep(siteID, route, page.Kept{Page: *out, Clock: clock, Edition: p.Edition()})
	}
	return out, nil
}

func (p *Press) site(ctx context.Context, id string) (*page.Site, error) {
	site, err := p.library.Site(ctx, id)
	if err != nil {
		return nil, err
	}
	site.BaseURL = site.Base(p.baseURL)
	if site.PostsPerPage < 1 {
		site.PostsPerPage = perPage
	}
	return site, nil
}

func (p *Press) press(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	switch route.Kind {
	case page.RouteHome:
		return p.home(ctx, site)
	case page.RouteList:
		return p.list(ctx, site, route)
	case page.RouteAddress:
		return p.address(ctx, site, route)
	case page.RouteTags:
		return p.allTags(ctx, site)
	case page.RouteTagged:
		return p.tagged(ctx, site, route)
	case page.RouteFeed:
		return p.feed(ctx, site, route)
	case page.RouteNone, page.RouteMoved:
	}
	return p.notFound(site, route.Path)
}

func (p *Press) home(ctx context.Context, site *page.Site) (*page.Page, error) {
	recent, total, err := p.library.Cards(ctx, site.ID, page.Selection{}, site.PostsPerPage, 0)
	if err != nil {
		return nil, err
	}
	featured, _, err := p.library.Cards(ctx, site.ID, page.Selection{Featured: true}, featuredSize, 0)
	if err != nil {
		return nil, err
	}
	cloud, err := p.library.TopTags(ctx, site.ID, cloudSize)
	if err != nil {
		return nil, err
	}
	sortByName(cloud, site.Language)
	body, err := p.theme.Home(site, theme.Home{
		Recent: recent, Featured: featured, Tags: cloud, Pager: listPager(1, pages(total, site.PostsPerPage)),
	})
	if err != nil {
		return nil, err
	}
	keys := page.NewKeys(page.KeySite, page.KeyPosts, page.KeyFeatured, page.KeyTags)
	addCards(keys, recent, featured)
	return finished(page.StatusOK, body, keys), nil
}

func (p *Press) list(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	cards, total, err := p.library.Cards(ctx, site.ID, page.Selection{}, site.PostsPerPage, (route.Number-1)*site.PostsPerPage)
	if err != nil {
		return nil, err
	}
	last := pages(total, site.PostsPerPage)
	if route.Number > last {
		return p.orAddress(ctx, site, route, page.KeyPosts)
	}
	body, err := p.theme.List(site, route.Path, cards, listPager(route.Number, last))
	if err != nil {
		return nil, err
	}
	keys := page.NewKeys(page.KeySite, page.KeyPosts)
	addCards(keys, cards)
	return finished(page.StatusOK, body, keys), nil
}

// orAddress looks for an old path that happens to look like a page of ours;
// keys are what would make that page appear.
func (p *Press) orAddress(ctx context.Context, site *page.Site, route page.Route, keys ...string) (*page.Page, error) {
	out, err := p.address(ctx, site, route)
	if err != nil {
		return nil, err
	}
	all := page.NewKeys(out.Keys...)
	all.Add(keys...)
	out.Keys = all.Sorted()
	return out, nil
}

func (p *Press) address(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	owners, err := p.library.Owners(ctx, site.ID, page.Canonical(route.Path))
	if err != nil {
		return nil, err
	}
	owner, ok := page.Resolve(owners)
	switch {
	case !ok:
		return p.notFound(site, route.Path)
	case owner.State != page.Public:
		return p.gone(site, route.Path)
	case owner.Kind != page.AddressPresent:
		return moved(page.Escape(page.PostPath(owner.Slug)), page.KeyPath(route.Path)), nil
	}
	doc, err := p.library.Doc(ctx, site.ID, owner.PostID)
	if err != nil {
		return nil, err
	}
	if doc.State != page.Public { // withdrawn between the two reads
		return p.gone(site, route.Path)
	}
	body, err := p.theme.Post(site, theme.Post{Doc: doc})
	if err != nil {
		return nil, err
	}
	keys := page.NewKeys(page.KeySite, page.KeyPost(doc.ID), page.KeyPath(route.Path))
	out := finished(page.StatusOK, body, keys)
	out.LastModified = site.UpdatedAt
	if doc.UpdatedAt.After(out.LastModified) {
		out.LastModified = doc.UpdatedAt
	}
	return out, nil
}

func (p *Press) gone(site *page.Site, path string) (*page.Page, error) {
	body, err := p.theme.Gone(site, theme.Absent{})
	if err != nil {
		return nil, err
	}
	return finished(page.StatusGone, body, page.NewKeys(page.KeySite, page.KeyPath(path))), nil
}

func (p *Press) notFound(site *page.Site, path string, keys ...string) (*page.Page, error) {
	body, err := p.theme.NotFound(site, theme.Absent{})
	if err != nil {
		return nil, err
	}
	all := page.NewKeys(keys...)
	all.Add(page.KeySite, page.KeyPath(path))
	return finished(page.StatusNotFound, body, all), nil
}

func (p *Press) feed(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	keys := page.NewKeys(page.KeySite)
	names, ok, err := p.labels(ctx, site, route.Tags, keys)
	if err != nil {
		return nil, err
	}
	if !ok {
		return p.notFound(site, route.Path, keys.Sorted()...)
	}
	posts, err := p.library.Texts(ctx, site.ID, page.Selection{Tags: route.Tags}, feed.Size, feed.MaxText)
	if err != nil {
		return nil, err
	}
	if len(route.Tags) == 0 {
		keys.Add(page.KeyFeed, page.KeyPosts)
	}
	for _, d := range posts {
		keys.Add(page.KeyPost(d.ID))
	}
	title := []string{site.Title}
	for _, n := range names {
		title = append(title, "#"+n.Name)
	}
	self, home := page.Escape(page.FeedPath(route.Tags)), "/"
	if len(names) > 0 {
		home = page.Escape(page.TagsPath(route.Tags))
	}
	body, err := feed.Write(feed.RSS, feed.Feed{Site: site, Title: strings.Join(title, " "), Self: self, First: self, Home: home, Posts: posts})
	if err != nil {
		return nil, err
	}
	out := finished(page.StatusOK, body, keys)
	out.ContentType = feed.RSS.ContentType()
	return out, nil
}

// finished is a page that does not say when it changed: of a list nobody knows,
// as a post that vanishes leaves no date behind.
func finished(status int, body []byte, keys page.Keys) *page.Page {
	return &page.Page{Status: status, ContentType: theme.ContentType, Body: body, ETag: page.Tag(body), Keys: keys.Sorted()}
}

func moved(location string, keys ...string) *page.Page {
	return &page.Page{Status: page.StatusMoved, Location: location, Keys: keys}
}

// addCards adds what listed posts depend on.
func addCards(keys page.Keys, lists ...[]page.Card) {
	for _, list := range lists {
		for _, c := range list {
			keys.Add(page.KeyCard(c.ID))
		}
	}
}

// pages is how many pages total things fill, at least one.
func pages(total, size int) int { return max(1, (total+size-1)/size) }

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
