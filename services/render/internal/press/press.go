// Package press makes the pages of a site from the read models, when they are
// asked for, and has them kept until something that they show changes. Only what
// a search finds comes from another service.
package press

import (
	"context"
	"time"

	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/theme"
)

// models are where the press reads what pages show.
type models interface {
	// Site faults with NotFound.
	Site(ctx context.Context, id string) (*page.Site, error)
	lists
	texts
	neighbours
	labels
	locations
}

type lists interface {
	// Cards lists size posts after skip, newest first, and tells how many there are.
	Cards(ctx context.Context, site string, sel page.Selection, size, skip int) ([]page.Card, int, error)
	// CardsOf lists the posts with these ids that the site has, newest first.
	CardsOf(ctx context.Context, site string, ids []string) ([]page.Card, error)
	// Months are newest first, of one year or of all for 0.
	Months(ctx context.Context, site string, year int, zone *time.Location) ([]page.Month, error)
}

type texts interface {
	// Doc faults with NotFound.
	Doc(ctx context.Context, site, id string) (*page.Doc, error)
	Owners(ctx context.Context, site, path string) ([]page.Owner, error)
	// Texts are like Cards, TextsOf like CardsOf; a text of more than maxText
	// characters is left out.
	Texts(ctx context.Context, site string, sel page.Selection, size, skip, maxText int) ([]page.Doc, int, error)
	TextsOf(ctx context.Context, site string, ids []string, maxText int) ([]page.Doc, error)
}

// neighbours are posts that have to do with another.
type neighbours interface {
	// Beside are those published just after and just before; empty at the ends.
	Beside(ctx context.Context, site string, p page.Place) (newer, older string, err error)
	// Around is what a post is about, tags with how many posts are found under each,
	// and those next to it in the lists of these.
	Around(ctx context.Context, site string, p page.Place) (map[string]int, []page.Candidate, error)
	Translations(ctx context.Context, site, key string) ([]page.Translation, error)
}

type labels interface {
	TopTags(ctx context.Context, site string, size int) ([]page.Tagged, error)
	// Tags leaves out slugs that no post is found under, and tags that readers do not see.
	Tags(ctx context.Context, site string, slugs []string) ([]page.Tagged, error)
	// Children are the tags right below one that has, or had, these slugs.
	Children(ctx context.Context, site string, slugs []string) ([]page.Tagged, error)
	// Tag is nil for one that nobody knows.
	Tag(ctx context.Context, id string) (*page.Tag, error)
	// MovedTag is the slug that a former slug leads to, empty if it leads nowhere, and the
	// slugs on the way, on which that depends.
	MovedTag(ctx context.Context, site, slug string) (to string, via []string, err error)
	// Author is false for a slug of nobody.
	Author(ctx context.Context, site, slug string) (page.Label, bool, error)
}

type locations interface {
	// Length is how many posts there are.
	Length(ctx context.Context, site string) (int, error)
	// Latest is when the newest post was published; zero without posts.
	Latest(ctx context.Context, site string) (time.Time, error)
	// LocatedTags and LocatedAuthors list the pages with most posts first, size of them.
	LocatedTags(ctx context.Context, site string, size int) ([]page.Located, error)
	LocatedAuthors(ctx context.Context, site string, size int) ([]page.Located, error)
	// Located lists size posts after skip, newest first.
	Located(ctx context.Context, site string, size, skip int) ([]page.Located, error)
}

// shelf is where finished pages are.
type shelf interface {
	// Clock is read before anything that a page shows.
	Clock(ctx context.Context) (int64, error)
	// TouchedAt is when one of keys was last touched until clock; zero if none was.
	TouchedAt(ctx context.Context, site string, keys []string, clock int64) (time.Time, error)
	Kept(ctx context.Context, site, path string, number int, edition string) (page.Page, bool, error)
}

// themes are the looks that a site can choose from.
type themes interface {
	// For is the theme of a name, or the default.
	For(name string) *theme.Theme
	// Edition stands for all of them.
	Edition() string
}

// finder searches.
type finder interface {
	// Find answers a part of the posts found. It faults with Unavailable.
	Find(ctx context.Context, site string, s page.Search, part page.Part) (page.Found, error)
	// Facets are the other tags of the posts that are found under all of some; false if
	// nobody can say now.
	Facets(ctx context.Context, site string, tags []string) ([]page.Tagged, bool)
}

// Deps are what a press stands on. All fields are required.
type Deps struct {
	Models models
	Shelf  shelf
	// Keeper gets what is made.
	Keeper *Keeper
	Themes themes
	Finder finder
	// BaseURL is the installation's.
	BaseURL string
}

// Press makes pages. Safe for concurrent use.
type Press struct{ Deps }

// New makes a press.
func New(deps Deps) *Press { return &Press{deps} }

// perPage is how many posts a page lists where the site does not say.
const perPage = 10

// Edition stands for everything that pages depend on beside the read models.
func (p *Press) Edition() string { return p.Themes.Edition() + " " + p.BaseURL }

// Get answers what is asked of a site. "Moved", "gone" and "not found" are pages
// too. Faults: NotFound if there is no such site; Invalid for a search that asks
// for too much; Unavailable if nobody answers it.
func (p *Press) Get(ctx context.Context, siteID string, ask page.Ask) (*page.Page, error) {
	route, err := page.Parse(ask)
	if err != nil {
		return nil, err
	}
	if route.Kind == page.RouteMoved {
		return moved(route.Location), nil
	}
	if route.Keepable() {
		kept, ok, err := p.Shelf.Kept(ctx, siteID, route.Path, route.Number, p.Edition())
		if err != nil {
			return nil, err
		}
		if ok {
			return &kept, nil
		}
	}
	edition := p.Edition() // also before anything is read
	clock, err := p.Shelf.Clock(ctx)
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
	if out.Status == page.StatusOK {
		// A post that vanished leaves no date in a list, but it touched it.
		at, err := p.Shelf.TouchedAt(ctx, siteID, out.Keys, clock)
		if err != nil {
			return nil, err
		}
		out.LastModified = later(out.LastModified, at)
	}
	// What is nowhere is not kept: anybody can ask for any number of such addresses.
	if route.Keepable() && out.Status != page.StatusNotFound && !out.Fleeting {
		p.Keeper.Keep(siteID, route, page.Kept{Page: *out, Clock: clock, Edition: edition})
	}
	return out, nil
}

func (p *Press) site(ctx context.Context, id string) (*page.Site, error) {
	site, err := p.Models.Site(ctx, id)
	if err != nil {
		return nil, err
	}
	site.BaseURL = site.Base(p.BaseURL)
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
	case page.RouteAuthor:
		return p.author(ctx, site, route)
	case page.RouteArchive:
		return p.archive(ctx, site)
	case page.RoutePeriod:
		return p.period(ctx, site, route)
	case page.RouteSearch:
		return p.search(ctx, site, route)
	case page.RouteFeed:
		return p.feed(ctx, site, route)
	case page.RouteSitemap:
		return p.sitemap(ctx, site, route)
	case page.RouteRobots:
		return robots(site), nil
	case page.RouteOpenSearch:
		return openSearch(site)
	case page.RouteNone, page.RouteMoved:
	}
	return p.notFound(ctx, site, route.Path)
}

func (p *Press) look(site *page.Site) *theme.Theme { return p.Themes.For(site.Theme) }

// finished is a page of HTML that shows what changed at these times.
func finished(status int, body []byte, keys page.Keys, shown ...time.Time) *page.Page {
	out := &page.Page{Status: status, ContentType: theme.ContentType, Body: body, ETag: page.Validator(body), Keys: keys.Sorted()}
	for _, at := range shown {
		out.LastModified = later(out.LastModified, at)
	}
	return out
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// newest is when one of the posts or the site last changed.
func newest(site *page.Site, lists ...[]page.Card) time.Time {
	at := site.UpdatedAt
	for _, list := range lists {
		for _, c := range list {
			at = later(at, c.UpdatedAt)
		}
	}
	return at
}

func moved(location string, keys ...string) *page.Page {
	return &page.Page{Status: page.StatusMoved, Location: location, Keys: keys}
}

// addCards adds what listed posts depend on.
func addCards(keys page.Keys, lists ...[]page.Card) {
	for _, list := range lists {
		for i := range list {
			keys.Add(page.KeyCard(list[i].ID))
			addLabels(keys, &list[i])
		}
	}
}

// addLabels adds what the tags of a post depend on: also whether readers see them.
func addLabels(keys page.Keys, c *page.Card) {
	for _, l := range c.Tags {
		keys.Add(page.KeyLabel(l.Slug))
	}
	for _, slug := range c.Hidden {
		keys.Add(page.KeyLabel(slug))
	}
}

// pages is how many pages total things fill, at least one.
func pages(total, size int) int { return max(1, (total+size-1)/size) }
