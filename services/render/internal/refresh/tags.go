package refresh

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/projection"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/wire"
)

// index is what the state of tags is written to.
type index interface {
	model

	Site(ctx context.Context, id string) (*page.Site, error)
	// SaveEntries and SaveTags return the keys that each of them touches.
	SaveEntries(ctx context.Context, entries []page.Entry) ([]page.Keys, error)
	SaveTags(ctx context.Context, tags []page.Tag) ([]page.Keys, error)
	// Settle counts all tags anew and returns, by site, the keys that this touches.
	Settle(ctx context.Context) (map[string]page.Keys, error)
}

// TagChange is the new state of a tag or of a post's entry: one of the two. Neither
// of something that tags does not know any more.
type TagChange struct {
	Entry *page.Entry
	Tag   *page.Tag
}

// Tags follows the tags service: the tags, and which of them lead to which posts.
type Tags struct {
	tags  tagsv1.TagsServiceClient
	index index
	texts *document.Converter
	// baseURL is that of sites without their own.
	baseURL string
}

// NewTags makes the read model of tags. baseURL is that of sites without their own.
func NewTags(tags tagsv1.TagsServiceClient, ix index, texts *document.Converter, baseURL string) *Tags {
	return &Tags{tags: tags, index: ix, texts: texts, baseURL: baseURL}
}

// Fetch asks tags for tags and entries.
func (t *Tags) Fetch(ctx context.Context, refs []projection.Ref) ([]projection.State[TagChange], error) {
	var posts, tags []string
	for _, ref := range refs {
		switch ref.Type {
		case TypeEntry:
			posts = append(posts, ref.ID)
		case TypeTag:
			tags = append(tags, ref.ID)
		}
	}
	states, err := t.fetchTags(ctx, tags)
	if err != nil || len(posts) == 0 {
		return states, err
	}
	resp, err := t.tags.BatchGetEntries(ctx, &tagsv1.BatchGetEntriesRequest{Ids: posts})
	if err != nil {
		return nil, fmt.Errorf("ask tags for %d entries: %w", len(posts), err)
	}
	for _, e := range resp.GetEntries() {
		states = append(states, projection.State[TagChange]{
			Ref: projection.Ref{Type: TypeEntry, ID: e.GetPostId()}, Epoch: e.GetEpoch(), Version: e.GetVersion(), State: TagChange{Entry: wire.Entry(e)},
			PublicHash: e.GetPublicHash(),
		})
	}
	return states, nil
}

func (t *Tags) fetchTags(ctx context.Context, ids []string) ([]projection.State[TagChange], error) {
	if len(ids) == 0 {
		return nil, nil
	}
	resp, err := t.tags.BatchGetTags(ctx, &tagsv1.BatchGetTagsRequest{Ids: ids})
	if err != nil {
		return nil, fmt.Errorf("ask tags for %d tags: %w", len(ids), err)
	}
	var states []projection.State[TagChange]
	for _, s := range resp.GetStates() {
		text, base, err := t.describe(ctx, s)
		if err != nil {
			return nil, err
		}
		states = append(states, projection.State[TagChange]{
			Ref: projection.Ref{Type: TypeTag, ID: s.GetId()}, Epoch: s.GetEpoch(), Version: s.GetVersion(), State: TagChange{Tag: wire.Tag(s, text, base)},
			PublicHash: s.GetPublicHash(),
		})
	}
	return states, nil
}

// describe makes a document of what a tag says of itself. A text that cannot be
// converted is left out: trying again would not help.
func (t *Tags) describe(ctx context.Context, s *tagsv1.TagState) (*document.Document, string, error) {
	site, err := t.index.Site(ctx, s.GetSite())
	if err != nil && fault.KindOf(err) != fault.KindNotFound {
		return nil, "", err
	}
	base, lang := site.Base(t.baseURL), ""
	if site != nil {
		lang = site.Language
	}
	if s.GetTag().GetDescription() == "" {
		return &document.Document{}, base, nil
	}
	text, err := t.texts.Convert(document.Source{Text: s.GetTag().GetDescription(), Format: document.Markdown, Language: lang, BaseURL: base})
	if err != nil {
		return &document.Document{}, base, nil //nolint:nilerr // the tag is there without its description
	}
	return text, base, nil
}

// Refresh writes tags and entries in tx, the tags first: entries show them.
func (t *Tags) Refresh(ctx context.Context, tx *sql.Tx, items []projection.Item[TagChange]) error {
	return run(ctx, tx, t.index, items, t.save)
}

func (t *Tags) save(ctx context.Context, items []projection.Item[TagChange]) ([]change, error) {
	var tags []page.Tag
	var entries []page.Entry
	var tagAt, entryAt []int
	for i, item := range items {
		if item.Type == TypeTag {
			tags, tagAt = append(tags, tagOf(item)), append(tagAt, i)
			continue
		}
		// The state of one that tags does not know is empty.
		e := page.Entry{}
		if item.State.Entry != nil {
			e = *item.State.Entry
		}
		e.PostID = item.ID
		entries, entryAt = append(entries, e), append(entryAt, i)
	}
	changes := make([]change, len(items))
	if len(tags) > 0 {
		keys, err := t.index.SaveTags(ctx, tags)
		if err != nil {
			return nil, err
		}
		for i, at := range tagAt {
			changes[at] = change{site: tags[i].Site, aggregate: aggregateOf(items[at].Ref), keys: keys[i]}
		}
	}
	if len(entries) > 0 {
		keys, err := t.index.SaveEntries(ctx, entries)
		if err != nil {
			return nil, err
		}
		for i, at := range entryAt {
			changes[at] = change{site: cmp.Or(entries[i].Site, items[at].Notice.GetSite()), aggregate: aggregateOf(items[at].Ref), keys: keys[i]}
		}
	}
	return changes, nil
}

// tagOf is the state of a tag; one that tags does not know is nobody's.
func tagOf(item projection.Item[TagChange]) page.Tag {
	if item.State.Tag == nil || item.Version == 0 {
		return page.Tag{ID: item.ID, Internal: true}
	}
	return *item.State.Tag
}

// Settle counts all tags anew, in tx.
func (t *Tags) Settle(ctx context.Context, tx *sql.Tx) error {
	return settle(ctx, tx, t.index, t.index.Settle)
}
