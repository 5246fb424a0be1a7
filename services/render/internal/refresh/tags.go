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
		if ref.Type == "entry" {
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
	states := make([]projection.State[page.Entry], 0, len(resp.GetEntries()))
	for _, e := range resp.GetEntries() {
		if e.GetVersion() == 0 { // tags does not know it
			continue
		}
		states = append(states, projection.State[page.Entry]{
			Ref: projection.Ref{Type: "entry", ID: e.GetPostId()}, Epoch: e.GetEpoch(), Version: e.GetVersion(), State: wire.Entry(e),
		})
	}
	return states, nil
}

// Refresh writes entries in tx.
func (t *Tags) Refresh(ctx context.Context, tx *sql.Tx, items []projection.Item[page.Entry]) error {
	return run(ctx, tx, t.index, items, func(ctx context.Context, items []projection.Item[page.Entry]) ([]change, error) {
		entries, changes := make([]page.Entry, len(items)), make([]change, len(items))
		for i, item := range items {
			entries[i] = item.State
		}
		keys, err := t.index.SaveEntries(ctx, entries)
		if err != nil {
			return nil, err
		}
		for i, e := range entries {
			changes[i] = change{site: e.Site, aggregate: "entry-" + e.PostID, keys: keys[i]}
		}
		return changes, nil
	})
}
