package press

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/theme"
)

const (
	// maxTags bounds the page of all tags.
	maxTags = 10_000
	// maxAbove bounds how many tags stand above each other.
	maxAbove = 8
)

func (p *Press) allTags(ctx context.Context, site *page.Site) (*page.Page, error) {
	list, err := p.topTags(ctx, site, maxTags)
	if err != nil {
		return nil, err
	}
	body, err := p.look(site).Tags(site, list)
	if err != nil {
		return nil, err
	}
	return finished(page.StatusOK, body, page.NewKeys(page.KeySite, page.KeyTags), site.UpdatedAt), nil
}

// topTags are the tags of a site that most posts are found under, by their names in
// the site's language.
func (p *Press) topTags(ctx context.Context, site *page.Site, size int) ([]page.Tagged, error) {
	list, err := p.Models.TopTags(ctx, site.ID, size)
	return inLanguage(list, site.Language), err
}

// inLanguage gives tags their names in a language.
func inLanguage(list []page.Tagged, lang string) []page.Tagged {
	for i := range list {
		list[i].Name = page.NameIn(list[i].Name, list[i].Names, lang)
	}
	return list
}

// name gives tags that the index has counted their names in the site's language: the
// index has one of each only. One that is not known here yet keeps that.
func (p *Press) name(ctx context.Context, site *page.Site, counted []page.Tagged) error {
	slugs := make([]string, len(counted))
	for i, t := range counted {
		slugs[i] = t.Slug
	}
	known, err := p.Models.Tags(ctx, site.ID, slugs)
	if err != nil {
		return err
	}
	for _, t := range inLanguage(known, site.Language) {
		for i := range counted {
			if counted[i].Slug == t.Slug {
				counted[i].Name = t.Name
			}
		}
	}
	return nil
}

// wanted are the tags that a route names.
type wanted struct {
	tags []page.Tagged
	// to are the present slugs, where the route names former ones; nil if it does not.
	to []string
	// found: there are all of them.
	found bool
}

// want reads the tags with slugs and adds what their being there depends on.
func (p *Press) want(ctx context.Context, site *page.Site, slugs []string, keys page.Keys) (wanted, error) {
	for _, s := range slugs {
		keys.Add(page.KeyTag(s))
	}
	list, err := p.Models.Tags(ctx, site.ID, slugs)
	if err != nil {
		return wanted{}, err
	}
	out := wanted{tags: inLanguage(list, site.Language), found: len(list) == len(slugs)}
	if out.found {
		return out, nil
	}
	out.to, err = p.moved(ctx, site, slugs, list, keys)
	return out, err
}

// moved are the slugs with those that lead elsewhere replaced; nil if there is none.
func (p *Press) moved(ctx context.Context, site *page.Site, slugs []string, known []page.Tagged, keys page.Keys) ([]string, error) {
	var out []string
	some := false
	for _, s := range slugs {
		if !slices.ContainsFunc(known, func(t page.Tagged) bool { return t.Slug == s }) {
			to, via, err := p.Models.MovedTag(ctx, site.ID, s)
			if err != nil {
				return nil, err
			}
			for _, slug := range via {
				keys.Add(page.KeyTag(slug))
			}
			if to != "" {
				s, some = to, true
			}
		}
		out = append(out, s)
	}
	if !some {
		return nil, nil
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (p *Press) tagged(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	keys := page.NewKeys(page.KeySite)
	want, err := p.want(ctx, site, route.Tags, keys)
	switch {
	case err != nil:
		return nil, err
	case want.to != nil:
		route.Path = page.TagsPath(want.to)
		return moved(route.Address(route.Number), keys.Sorted()...), nil
	case !want.found:
		return p.notFound(ctx, site, route.Path, keys.Sorted()...)
	}
	list, ok, err := p.choose(ctx, site, route, page.Selection{Tags: route.Tags}, keys)
	if err != nil {
		return nil, err
	}
	if !ok {
		return p.notFound(ctx, site, route.Path, keys.Sorted()...)
	}
	view := theme.Tagged{Tags: labelsOf(want.tags, keys), Cards: list.cards, Total: list.total, Pager: list.pager}
	if len(want.tags) == 1 {
		if view.About, err = p.about(ctx, site, want.tags[0], keys); err != nil {
			return nil, err
		}
	}
	known := true
	if list.total > 0 {
		view.Narrower, known = p.Finder.Facets(ctx, site.ID, route.Tags)
		if err := p.name(ctx, site, view.Narrower); err != nil {
			return nil, err
		}
		labelsOf(view.Narrower, keys)
		for _, s := range route.Tags {
			keys.Add(page.KeyWith(s))
		}
	}
	body, err := p.look(site).Tagged(site, route.Address(route.Number), view)
	if err != nil {
		return nil, err
	}
	out := finished(page.StatusOK, body, keys, newest(site, list.cards))
	// Of combinations that no post has there is no end.
	out.Fleeting = !known || list.total == 0
	return out, nil
}

// labelsOf are tags as a page names them, with what that depends on.
func labelsOf(list []page.Tagged, keys page.Keys) []page.Label {
	out := make([]page.Label, len(list))
	for i, t := range list {
		out[i] = t.Label
		keys.Add(page.KeyLabel(t.Slug))
	}
	return out
}

// about is what a tag says of itself, and those above and below it.
func (p *Press) about(ctx context.Context, site *page.Site, t page.Tagged, keys page.Keys) (*page.About, error) {
	keys.Add(page.KeyAbout(t.Slug), page.KeyPlace(t.Slug))
	state, err := p.Models.Tag(ctx, t.ID)
	if err != nil || state == nil {
		return nil, err
	}
	out := &page.About{
		Description: state.Description, Summary: state.Summary, Colour: state.Colour, Image: state.Image, ImageAlt: state.ImageAlt,
	}
	slugs := append([]string{state.Slug}, state.Former...)
	for _, slug := range slugs {
		keys.Add(page.KeyAbout(slug)) // a tag below may know a former one
	}
	if out.Children, err = p.Models.Children(ctx, site.ID, slugs); err != nil {
		return nil, err
	}
	for _, l := range labelsOf(inLanguage(out.Children, site.Language), keys) {
		keys.Add(page.KeyTag(l.Slug)) // how many posts are found under it
	}
	at := t
	for range maxAbove {
		if at.Parent == "" {
			break
		}
		keys.Add(page.KeyTag(at.Parent))
		above, err := p.present(ctx, site, at.Parent, keys)
		if err != nil {
			return nil, err
		}
		if above == nil {
			break
		}
		at = *above
		keys.Add(page.KeyPlace(at.Slug), page.KeyLabel(at.Slug))
		out.Parents = append(out.Parents, at.Label)
	}
	slices.Reverse(out.Parents)
	return out, nil
}

// present is the tag that a slug, maybe a former one, leads to; nil if readers see none.
func (p *Press) present(ctx context.Context, site *page.Site, slug string, keys page.Keys) (*page.Tagged, error) {
	list, err := p.Models.Tags(ctx, site.ID, []string{slug})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		to, err := p.moved(ctx, site, []string{slug}, nil, keys)
		if err != nil || to == nil {
			return nil, err
		}
		if list, err = p.Models.Tags(ctx, site.ID, to); err != nil || len(list) == 0 {
			return nil, err
		}
	}
	return &inLanguage(list, site.Language)[0], nil
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
