package refresh

import (
	"context"
	"database/sql"
	"fmt"
	"html"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/projection"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store"
	"github.com/parution/parution/services/render/internal/wire"
)

// The aggregate types that render follows.
const (
	TypePost  = "post"
	TypeSite  = "site"
	TypeEntry = "entry"
	TypeTag   = "tag"
)

const (
	// perCall keeps an answer below the size limit of a message: a text has at most 1 MiB.
	perCall = 12
)

// shelf is what posts and sites are written to.
type shelf interface {
	model

	Site(ctx context.Context, id string) (*page.Site, error)
	SaveSite(ctx context.Context, site *page.Site) error
	DropSite(ctx context.Context, id string) error
	// Outlines are posts without their texts, those that are known.
	Outlines(ctx context.Context, ids []string) (map[string]*page.Doc, error)
	// SaveDocs returns what each post touches beside page.Touched.
	SaveDocs(ctx context.Context, changes []store.DocChange) ([]page.Keys, error)
	// Damage returns, by post, the keys of what differs from what was made of the
	// posts before: their texts, addresses and places in lists. It makes room for
	// these to be written anew.
	Damage(ctx context.Context, docs []*page.Doc) (map[string]page.Keys, error)
	// SettleLists counts all lists anew and returns, by site, the keys that this touches.
	SettleLists(ctx context.Context) (map[string]page.Keys, error)
}

// Change is the new state of a post or of a site: one of the two. Neither of
// something that posts does not know any more.
type Change struct {
	Doc  *page.Doc
	Site *page.Site
}

// Posts follows the posts service: posts and sites.
type Posts struct {
	posts postsv1.PostsServiceClient
	sites postsv1.SitesServiceClient
	shelf shelf
	texts *document.Converter
	// baseURL is that of sites without their own.
	baseURL string
	log     *slog.Logger
}

// NewPosts makes the read model of posts. baseURL is that of sites without
// their own.
func NewPosts(
	posts postsv1.PostsServiceClient, sites postsv1.SitesServiceClient, sh shelf, texts *document.Converter, baseURL string, log *slog.Logger,
) *Posts {
	return &Posts{posts: posts, sites: sites, shelf: sh, texts: texts, baseURL: baseURL, log: log}
}

// Fetch asks posts for the states of refs and converts the texts, on all
// processors and outside of any transaction.
func (p *Posts) Fetch(ctx context.Context, refs []projection.Ref) ([]projection.State[Change], error) {
	var posts, sites []string
	for _, ref := range refs {
		switch ref.Type {
		case TypePost:
			posts = append(posts, ref.ID)
		case TypeSite:
			sites = append(sites, ref.ID)
		}
	}
	states, err := p.fetchSites(ctx, sites)
	if err != nil {
		return nil, err
	}
	// A site may come with its first posts, before it is on the shelf.
	bases := make(map[string]string)
	for _, s := range states {
		if s.State.Site != nil {
			bases[s.ID] = s.State.Site.Base(p.baseURL)
		}
	}
	for ids := range slices.Chunk(posts, perCall) {
		resp, err := p.posts.BatchGetPosts(ctx, &postsv1.BatchGetPostsRequest{Ids: ids})
		if err != nil {
			return nil, fmt.Errorf("ask posts for %d posts: %w", len(ids), err)
		}
		docs, err := p.convertAll(ctx, resp.GetStates(), bases)
		if err != nil {
			return nil, err
		}
		for i, d := range docs {
			states = append(states, projection.State[Change]{
				Ref: projection.Ref{Type: TypePost, ID: d.ID}, Epoch: d.Epoch, Version: d.Version, State: Change{Doc: d},
				PublicHash: resp.GetStates()[i].GetPublicHash(),
			})
		}
	}
	return states, nil
}

func (p *Posts) fetchSites(ctx context.Context, ids []string) ([]projection.State[Change], error) {
	if len(ids) == 0 {
		return nil, nil
	}
	resp, err := p.sites.BatchGetSites(ctx, &postsv1.BatchGetSitesRequest{Ids: ids})
	if err != nil {
		return nil, fmt.Errorf("ask posts for %d sites: %w", len(ids), err)
	}
	var states []projection.State[Change]
	for _, s := range resp.GetStates() {
		state := projection.State[Change]{
			Ref: projection.Ref{Type: TypeSite, ID: s.GetId()}, Epoch: s.GetEpoch(), Version: s.GetVersion(), PublicHash: s.GetPublicHash(),
		}
		if s.GetSite() != nil {
			state.State.Site = wire.Site(s.GetSite())
		}
		states = append(states, state)
	}
	return states, nil
}

// convertAll makes documents of states; bases are the base URLs of sites that
// are known already, and gets the others.
func (p *Posts) convertAll(ctx context.Context, states []*postsv1.PostState, bases map[string]string) ([]*page.Doc, error) {
	for _, s := range states {
		if _, ok := bases[s.GetSite()]; ok || s.GetPost() == nil {
			continue
		}
		site, err := p.shelf.Site(ctx, s.GetSite())
		if err != nil && fault.KindOf(err) != fault.KindNotFound {
			return nil, err
		}
		bases[s.GetSite()] = site.Base(p.baseURL)
	}
	docs := make([]*page.Doc, len(states))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, s := range states {
		if s.GetPost() == nil {
			docs[i] = wire.Tombstone(s)
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			base := bases[s.GetSite()]
			docs[i] = wire.Doc(s, p.convert(ctx, s.GetPost(), base), base)
		})
	}
	wg.Wait()
	return docs, nil
}

// convert makes a document of a post's text. A text that cannot be converted
// is shown as it was written: its post is published, and trying again would
// give the same.
func (p *Posts) convert(ctx context.Context, post *postsv1.Post, base string) (doc *document.Document) {
	defer func() {
		if r := recover(); r != nil {
			p.log.ErrorContext(ctx, "converting a post panicked; it is shown as it was written", "post_id", post.GetId(), "panic", fmt.Sprint(r))
			doc = asWritten(post.GetBody())
		}
	}()
	doc, err := p.texts.Convert(document.Source{Text: post.GetBody(), Format: post.GetFormat(), Language: post.GetLanguage(), BaseURL: base})
	if err != nil {
		p.log.WarnContext(ctx, "a post cannot be converted; it is shown as it was written", "post_id", post.GetId(), "error", err)
		return asWritten(post.GetBody())
	}
	return doc
}

func asWritten(text string) *document.Document {
	text = strings.ToValidUTF8(text, "\uFFFD")
	words := len(strings.Fields(text))
	return &document.Document{HTML: "<pre>" + html.EscapeString(text) + "</pre>", Words: words, ReadingMinutes: max(1, words/230)}
}

// Refresh writes posts and sites in tx.
func (p *Posts) Refresh(ctx context.Context, tx *sql.Tx, items []projection.Item[Change]) error {
	return run(ctx, tx, p.shelf, items, p.save)
}

// save writes sites one by one, since there are few, and posts together.
func (p *Posts) save(ctx context.Context, items []projection.Item[Change]) ([]change, error) {
	changes := make([]change, len(items))
	var docs []saving
	var places []int // of docs in items
	for i, item := range items {
		if item.Type == TypePost {
			docs, places = append(docs, savingOf(item)), append(places, i)
			continue
		}
		var err error
		if changes[i], err = p.saveSite(ctx, item.ID, item.State.Site); err != nil {
			return nil, err
		}
	}
	saved, err := p.saveDocs(ctx, docs)
	if err != nil {
		return nil, err
	}
	for i, c := range saved {
		changes[places[i]] = c
	}
	return changes, nil
}

// saving is a post to be saved.
type saving struct {
	now *page.Doc
	// unknown tells that posts does not know it any more, mend that everything made
	// of it is to be looked at.
	unknown, mend bool
}

func savingOf(item projection.Item[Change]) saving {
	s := saving{now: item.State.Doc, unknown: item.Version == 0, mend: item.Mend}
	if s.now == nil {
		s.now = &page.Doc{Card: page.Card{ID: item.ID}, Epoch: item.Epoch}
	}
	return s
}

// saveSite writes a site; now is nil for one that posts does not know any more.
func (p *Posts) saveSite(ctx context.Context, id string, now *page.Site) (change, error) {
	old, err := p.shelf.Site(ctx, id)
	if err != nil && fault.KindOf(err) != fault.KindNotFound {
		return change{}, err
	}
	if now == nil {
		if old == nil {
			return change{}, nil
		}
		return change{site: id, aggregate: id, keys: page.NewKeys(page.KeySite)}, p.shelf.DropSite(ctx, id)
	}
	keys := page.TouchedBySite(old, now)
	if len(keys) == 0 {
		return change{}, nil // what changed is not on any page
	}
	return change{site: now.ID, aggregate: now.ID, keys: keys}, p.shelf.SaveSite(ctx, now)
}

// saveDocs writes posts and says, post by post, what that touched.
func (p *Posts) saveDocs(ctx context.Context, docs []saving) ([]change, error) {
	if len(docs) == 0 {
		return nil, nil
	}
	ids := make([]string, len(docs))
	var mended []*page.Doc
	for i, d := range docs {
		ids[i] = d.now.ID
		if d.mend {
			mended = append(mended, d.now)
		}
	}
	known, err := p.shelf.Outlines(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		if old := known[d.now.ID]; d.unknown && old != nil {
			vanish(old, d.now)
		}
	}
	damage, err := p.shelf.Damage(ctx, mended)
	if err != nil {
		return nil, err
	}
	zones, err := p.zones(ctx, docs)
	if err != nil {
		return nil, err
	}
	out := make([]change, len(docs))
	var saves []store.DocChange
	var places []int // of saves in docs
	for i, d := range docs {
		now, old := d.now, known[d.now.ID]
		if old == nil && now.State == page.Hidden && len(damage[now.ID]) == 0 {
			continue
		}
		keys := page.Touched(old, now, zones[now.Site])
		keys.Merge(damage[now.ID])
		if old != nil && now.State == page.Public && len(keys) == 0 {
			now.UpdatedAt = old.UpdatedAt // nothing that a reader can see is new
		}
		gone := now.State != page.Public
		event, card := page.Happened(old, now)
		out[i] = change{
			site: now.Site, aggregate: now.ID, keys: keys, event: event, card: card,
			post: &renderv1.PostVersion{Id: now.ID, Epoch: now.Epoch, Version: now.Version, Gone: gone},
		}
		saves, places = append(saves, store.DocChange{Old: old, Now: now, Mend: d.mend}), append(places, i)
	}
	tags, err := p.shelf.SaveDocs(ctx, saves)
	if err != nil {
		return nil, err
	}
	for i, keys := range tags {
		out[places[i]].keys.Merge(keys)
	}
	return out, nil
}

// zones are the time zones of the sites of posts. Of a site that is not known
// nothing is shown yet.
func (p *Posts) zones(ctx context.Context, docs []saving) (map[string]*time.Location, error) {
	zones := make(map[string]*time.Location)
	for _, d := range docs {
		if zones[d.now.Site] != nil {
			continue
		}
		site, err := p.shelf.Site(ctx, d.now.Site)
		if err != nil && fault.KindOf(err) != fault.KindNotFound {
			return nil, err
		}
		zones[d.now.Site] = site.Zone()
	}
	return zones, nil
}

// Settle counts all lists anew, in tx.
func (p *Posts) Settle(ctx context.Context, tx *sql.Tx) error {
	return settle(ctx, tx, p.shelf, p.shelf.SettleLists)
}

// vanish makes now what is left of a post that posts does not know any more: if
// readers could see it, its addresses answer "gone".
func vanish(old, now *page.Doc) {
	now.Site, now.Slug, now.Former, now.Aliases, now.PublishedAt = old.Site, old.Slug, old.Former, old.Aliases, old.PublishedAt
	if old.State != page.Hidden {
		now.State = page.Gone
	}
}
