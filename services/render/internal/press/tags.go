package press

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/theme"
)

func (p *Press) allTags(ctx context.Context, site *page.Site) (*page.Page, error) {
	list, err := p.library.TopTags(ctx, site.ID, maxTags)
	if err != nil {
		return nil, err
	}
	sortByName(list, site.Language)
	body, err := p.theme.Tags(site, list)
	if err != nil {
		return nil, err
	}
	return finished(page.StatusOK, body, page.NewKeys(page.KeySite, page.KeyTags)), nil
}

func (p *Press) tagged(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	keys := page.NewKeys(page.KeySite)
	names, ok, err := p.labels(ctx, site, route.Tags, keys)
	if err != nil {
		return nil, err
	}
	if !ok {
		return p.notFound(site, route.Path, keys.Sorted()...)
	}
	size := site.PostsPerPage
	cards, total, err := p.library.Cards(ctx, site.ID, page.Selection{Tags: route.Tags}, size, (route.Number-1)*size)
	if err != nil {
		return nil, err
	}
	last := pages(total, size)
	if route.Number > last {
		return p.notFound(site, route.Path, keys.Sorted()...)
	}
	address := func(n int) string {
		if n == 1 {
			return page.Escape(route.Path)
		}
		return page.Escape(route.Path) + "?page=" + strconv.Itoa(n)
	}
	pager := theme.Pager{Number: route.Number, Pages: last}
	if route.Number > 1 {
		pager.Prev = address(route.Number - 1)
	}
	if route.Number < last {
		pager.Next = address(route.Number + 1)
	}
	body, err := p.theme.Tagged(site, address(route.Number), theme.Tagged{Tags: names, Cards: cards, Total: total, Pager: pager})
	if err != nil {
		return nil, err
	}
	addCards(keys, cards)
	return finished(page.StatusOK, body, keys), nil
}

// labels reads the names of tags and adds their keys; false if no post carries
// one of them.
func (p *Press) labels(ctx context.Context, site *page.Site, slugs []string, keys page.Keys) ([]page.Label, bool, error) {
	if len(slugs) == 0 {
		return nil, true, nil
	}
	for _, s := range slugs {
		keys.Add(page.KeyTag(s))
	}
	list, err := p.library.Tags(ctx, site.ID, slugs)
	if err != nil {
		return nil, false, err
	}
	names := make([]page.Label, len(list))
	for i, t := range list {
		names[i] = t.Label
	}
	return names, len(list) == len(slugs), nil
}

// sortByName puts tags in the order of a dictionary of the language.
func sortByName(list []page.Tagged, lang string) {
	tag, err := language.Parse(lang)
	if err != nil {
		tag = language.Und
	}
	c := collate.New(tag, collate.IgnoreCase, collate.Numeric)
	slices.SortStableFunc(list, func(a, b page.Tagged) int {
		if n := c.CompareString(a.Name, b.Name); n != 0 {
			return n
		}
		return strings.Compare(a.Slug, b.Slug)
	})
}
