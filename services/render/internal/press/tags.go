package press

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/parution/parution/services/render/internal/page"
)

// maxTags bounds the page of all tags.
const maxTags = 10_000

func (p *Press) allTags(ctx context.Context, site *page.Site) (*page.Page, error) {
	list, err := p.Models.TopTags(ctx, site.ID, maxTags)
	if err != nil {
		return nil, err
	}
	sortByName(list, site.Language)
	body, err := p.look(site).Tags(site, list)
	if err != nil {
		return nil, err
	}
	return finished(page.StatusOK, body, page.NewKeys(page.KeySite, page.KeyTags), site.UpdatedAt), nil
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
	list, err := p.Models.Tags(ctx, site.ID, slugs)
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
