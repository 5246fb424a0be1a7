package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/wire"
)

// Put brings the index up to the posts' states, with a notice of each entry
// that changes at now. It runs in tx, which must be the only one that writes
// the index: the projection sees to that, and that a post comes only once.
func (s *Store) Put(ctx context.Context, tx *sql.Tx, items []projection.Item[index.Post], now time.Time) error {
	q := db.New(tx)
	postIDs := make([]string, len(items))
	for i, item := range items {
		postIDs[i] = item.ID
	}
	before, err := s.entries(ctx, tx, postIDs)
	if err != nil {
		return err
	}
	told, found, err := s.remembered(ctx, tx, items)
	if err != nil {
		return err
	}
	counts := make(tally)
	var tags []entryTag
	for _, item := range items {
		was := before[item.ID]
		item.State.ID = item.ID // the state of a post that is not known is empty
		isLost := was.Version < told[item.ID]
		if isLost {
			was.PostID, was.Version = item.ID, told[item.ID]
			was.Site = cmp.Or(was.Site, item.State.Site)
		}
		change, ok := was.Follow(item.State)
		if !ok {
			if isLost || item.Mend && !tagsMatch(was, found[item.ID]) {
				if err := putEntry(ctx, q, was, true); err != nil {
					return err
				}
				tags = append(tags, tagsOf(was)...)
			}
			continue
		}
		if err := putEntry(ctx, q, change.Entry, item.Mend || len(was.Tags) > 0); err != nil {
			return err
		}
		tags = append(tags, tagsOf(change.Entry)...)
		counts.add(change)
		// The item's trace, in this transaction: the notice continues that trace
		// and wakes the relay after the commit, not before.
		traced := trace.ContextWithSpan(ctx, trace.SpanFromContext(item.Context)) //nolint:contextcheck // only the span is taken from it
		if err := s.out.Append(traced, tx, wire.Notice(change, now)); err != nil {
			return err
		}
	}
	if err := saveRows(ctx, tx, s.sql.putEntryTags, tags); err != nil {
		return fmt.Errorf("put %d tags of entries: %w", len(tags), err)
	}
	return s.count(ctx, tx, counts)
}

// entryTag is a row as JSON.
type entryTag struct {
	PostID string `json:"post_id"`
	Slug   string `json:"slug"`
	Name   string `json:"name"`
}

func tagsOf(e index.Entry) []entryTag {
	rows := make([]entryTag, len(e.Tags))
	for i, t := range e.Tags {
		rows[i] = entryTag{PostID: e.PostID, Slug: t.Slug, Name: t.Name}
	}
	return rows
}

// saveRows executes a statement that takes rows as JSON.
func saveRows[R any](ctx context.Context, tx *sql.Tx, statement string, rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("marshal rows: %w", err)
	}
	_, err = tx.ExecContext(ctx, statement, string(list))
	return err
}

// putEntry writes the entry and takes its tags away; those that it has now are
// written with those of the others.
func putEntry(ctx context.Context, q *db.Queries, e index.Entry, hadTags bool) error {
	params, err := putParams(e)
	if err != nil {
		return err
	}
	if err := q.PutEntry(ctx, params); err != nil {
		return fmt.Errorf("put the entry of post %s: %w", e.PostID, err)
	}
	if hadTags {
		if err := q.DropEntryTags(ctx, e.PostID); err != nil {
			return fmt.Errorf("drop the tags of post %s: %w", e.PostID, err)
		}
	}
	return nil
}

// tagKey names a tag of a site.
type tagKey struct{ site, slug string }

// tally sums up what a batch does to the counts of tags: a tag that 100 posts
// of an import carry is written once.
type tally map[tagKey]int32

func (t tally) add(c index.Change) {
	for _, s := range c.Touched {
		t[tagKey{c.Entry.Site, s}] += 0 // its name may be another one now
	}
	for _, tag := range c.Added {
		t[tagKey{c.Entry.Site, tag.Slug}]++
	}
	for _, tag := range c.Dropped {
		t[tagKey{c.Entry.Site, tag.Slug}]--
	}
}

// more is a tag's row as JSON; More is added to its count.
type more struct {
	SiteID string `json:"site_id"`
	Slug   string `json:"slug"`
	Name   string `json:"name"`
	More   int32  `json:"more"`
}

// count runs after all entries were written: the names come from them.
func (s *Store) count(ctx context.Context, tx *sql.Tx, t tally) error {
	keys := slices.SortedFunc(maps.Keys(t), func(a, b tagKey) int {
		return cmp.Or(strings.Compare(a.site, b.site), strings.Compare(a.slug, b.slug))
	})
	q := db.New(tx)
	var rows []more
	for _, k := range keys {
		name, err := q.ShownName(ctx, db.ShownNameParams{SiteID: k.site, Slug: k.slug})
		switch {
		case errors.Is(err, sql.ErrNoRows): // the last entry is gone
			err = q.DropTag(ctx, db.DropTagParams{SiteID: k.site, Slug: k.slug})
		case err == nil:
			rows = append(rows, more{SiteID: k.site, Slug: k.slug, Name: name, More: t[k]})
		}
		if err != nil {
			return fmt.Errorf("count tag %s of site %s: %w", k.slug, k.site, err)
		}
	}
	if err := saveRows(ctx, tx, s.sql.putTags, rows); err != nil {
		return fmt.Errorf("count %d tags: %w", len(rows), err)
	}
	return nil
}
