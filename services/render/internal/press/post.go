package press

import (
	"context"
	"slices"

	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/theme"
)

const (
	// relatedSize is how many related posts a post's page shows.
	relatedSize = 3
	// recentSize is how many posts there are to go on from where nothing is.
	recentSize = 5
)

// orAddress looks for an old path that happens to look like a page of ours;
// keys are what would make that page appear.
func (p *Press) orAddress(ctx context.Context, site *page.Site, route page.Route, keys page.Keys) (*page.Page, error) {
	if route.Number > 1 && route.Kind != page.RouteList { // an old path has no pages
		return p.notFound(ctx, site, route.Path, keys.Sorted()...)
	}
	out, err := p.address(ctx, site, route)
	if err != nil {
		return nil, err
	}
	all := page.NewKeys(out.Keys...)
	all.Merge(keys)
	out.Keys = all.Sorted()
	return out, nil
}

func (p *Press) address(ctx context.Context, site *page.Site, route page.Route) (*page.Page, error) {
	owners, err := p.Models.Owners(ctx, site.ID, page.Canonical(route.Path))
	if err != nil {
		return nil, err
	}
	owner, ok := page.Resolve(owners)
	switch {
	case !ok:
		return p.notFound(ctx, site, route.Path)
	case owner.State != page.Public:
		return p.gone(ctx, site, route.Path)
	case owner.Kind != page.AddressPresent:
		return moved(page.Escape(page.PostPath(owner.Slug)), page.KeyPath(route.Path)), nil
	}
	doc, err := p.Models.Doc(ctx, site.ID, owner.PostID)
	if err != nil {
		return nil, err
	}
	if doc.State != page.Public { // withdrawn between the two reads
		return p.gone(ctx, site, route.Path)
	}
	keys := page.NewKeys(page.KeySite, page.KeyPost(doc.ID), page.KeyPath(route.Path))
	view, err := p.post(ctx, site, doc, keys)
	if err != nil {
		return nil, err
	}
	body, err := p.look(site).Post(site, view)
	if err != nil {
		return nil, err
	}
	return finished(page.StatusOK, body, keys, site.UpdatedAt, doc.UpdatedAt), nil
}

// post reads what a post's page shows around it, and adds what that depends on.
func (p *Press) post(ctx context.Context, site *page.Site, doc *page.Doc, keys page.Keys) (theme.Post, error) {
	view := theme.Post{Doc: doc}
	at := page.Place{PostID: doc.ID, At: doc.PublishedAt}
	newer, older, err := p.Models.Beside(ctx, site.ID, at)
	if err != nil {
		return view, err
	}
	subjects, candidates, err := p.Models.Around(ctx, site.ID, at)
	if err != nil {
		return view, err
	}
	related := page.Related(doc.PublishedAt, subjects, candidates, relatedSize)
	var ids []string
	for _, id := range append([]string{newer, older}, related...) {
		if id != "" {
			ids = append(ids, id)
		}
	}
	cards, err := p.Models.CardsOf(ctx, site.ID, ids)
	if err != nil {
		return view, err
	}
	cardOf := func(id string) *page.Card {
		if i := slices.IndexFunc(cards, func(c page.Card) bool { return c.ID == id }); i >= 0 {
			return &cards[i]
		}
		return nil
	}
	view.Newer, view.Older = cardOf(newer), cardOf(older)
	for _, id := range related {
		if c := cardOf(id); c != nil {
			view.Related = append(view.Related, *c)
		}
	}
	if doc.TranslationKey != "" {
		all, err := p.Models.Translations(ctx, site.ID, doc.TranslationKey)
		if err != nil {
			return view, err
		}
		view.Translations = slices.DeleteFunc(all, func(t page.Translation) bool { return t.Language == doc.Language })
		keys.Add(page.KeyTranslations(doc.TranslationKey))
	}
	addCards(keys, cards)
	keys.Add(page.KeyBeside(doc.ID), page.KeyRelated(doc.ID))
	addLabels(keys, &doc.Card)
	for subject := range subjects {
		if !page.IsKeyword(subject) {
			keys.Add(page.KeyWeight(subject))
		}
	}
	return view, nil
}

func (p *Press) gone(ctx context.Context, site *page.Site, path string) (*page.Page, error) {
	return p.absent(ctx, site, page.StatusGone, path)
}

func (p *Press) notFound(ctx context.Context, site *page.Site, path string, keys ...string) (*page.Page, error) {
	return p.absent(ctx, site, page.StatusNotFound, path, keys...)
}

// absent answers where nothing is. The page is the same at all such addresses, of
// which anybody can ask for any number: it is made once and kept under no path.
func (p *Press) absent(ctx context.Context, site *page.Site, status int, path string, keys ...string) (*page.Page, error) {
	out, ok, err := p.Shelf.Kept(ctx, site.ID, "", status, p.Edition())
	if err != nil {
		return nil, err
	}
	if !ok {
		made, err := p.makeAbsent(ctx, site, status)
		if err != nil {
			return nil, err
		}
		out = *made
	}
	all := page.NewKeys(out.Keys...)
	all.Add(keys...)
	all.Add(page.KeyPath(path))
	out.Keys = all.Sorted()
	return &out, nil
}

func (p *Press) makeAbsent(ctx context.Context, site *page.Site, status int) (*page.Page, error) {
	edition := p.Edition()
	clock, err := p.Shelf.Clock(ctx)
	if err != nil {
		return nil, err
	}
	recent, _, err := p.Models.Cards(ctx, site.ID, page.Selection{}, recentSize, 0)
	if err != nil {
		return nil, err
	}
	look := p.look(site)
	say := look.NotFound
	if status == page.StatusGone {
		say = look.Gone
	}
	body, err := say(site, theme.Absent{Recent: recent})
	if err != nil {
		return nil, err
	}
	keys := page.NewKeys(page.KeySite, page.KeyPosts)
	addCards(keys, recent)
	out := finished(status, body, keys)
	p.Keeper.Keep(site.ID, page.Route{Number: status}, page.Kept{Page: *out, Clock: clock, Edition: edition})
	return out, nil
}
