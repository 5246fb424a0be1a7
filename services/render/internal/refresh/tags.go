package refresh

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/parution/parution/chassis/projection"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/wire"
)

// index is what tags' entries are written to.
type index interface {
	model

	// SaveEntries returns the keys that each entry touches.
	SaveEntries(ctx context.Context, entries []page.Entry) ([]page.Keys, error)
	// Settle counts all tags anew and returns, by site, the keys that this touches.
	Settle(ctx context.Context) (map[string]page.Keys, error)
}

// Tags follows the tags service: which tags lead to which posts.
type Tags struct {
	entries tagsv1.TagsServiceClient
	index   index
}

// NewTags makes the read model of tags.
func NewTags(entries tagsv1.TagsServiceClient, ix index) *Tags {
	return &Tags{entries: entries, index: ix}
}

// Fetch asks tags for entries.
func (t *Tags) Fetch(ctx context.Context, refs []projection.Ref) ([]projection.State[page.Entry], error) {
	var posts []string
	for _, ref := range refs {
		if ref.Type == TypeEntry {
			posts = append(posts, ref.ID)
		}
	}
	if len(posts) == 0 {
		return nil, nil
	}
	resp, err := t.entries.BatchGetEntries(ctx, &tagsv1.BatchGetEntriesRequest{Ids: posts})
	if err != nil {
		return nil, fmt.Errorf("ask tags for %d entries: %w", len(posts), err)
	}
	states := make([]projection.State[page.Entry], len(resp.GetEntries()))
	for i, e := range resp.GetEntries() {
		states[i] = projection.State[page.Entry]{
			Ref: projection.Ref{Type: TypeEntry, ID: e.GetPostId()}, Epoch: e.GetEpoch(), Version: e.GetVersion(), State: wire.Entry(e),
			PublicHash: e.GetPublicHash(),
		}
	}
	return states, nil
}

// Refresh writes entries in tx.
func (t *Tags) Refresh(ctx context.Context, tx *sql.Tx, items []projection.Item[page.Entry]) error {
	return run(ctx, tx, t.index, items, func(ctx context.Context, items []projection.Item[page.Entry]) ([]change, error) {
		entries, changes := make([]page.Entry, len(items)), make([]change, len(items))
		for i, item := range items {
			entries[i] = item.State
			entries[i].PostID = item.ID // the state of one that tags does not know is empty
		}
		keys, err := t.index.SaveEntries(ctx, entries)
		if err != nil {
			return nil, err
		}
		for i, e := range entries {
			changes[i] = change{site: e.Site, aggregate: aggregateOf(items[i].Ref), keys: keys[i]}
		}
		return changes, nil
	})
}

// Settle counts all tags anew, in tx.
func (t *Tags) Settle(ctx context.Context, tx *sql.Tx) error {
	return settle(ctx, tx, t.index, t.index.Settle)
}
