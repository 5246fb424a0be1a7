package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
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
			}
			continue
		}
		if err := putEntry(ctx, q, change.Entry, item.Mend || len(was.Tags) > 0); err != nil {
			return err
		}
		counts.add(change)
		// The item's trace, in this transaction: the notice continues that trace
		// and wakes the relay after the commit, not before.
		traced := trace.ContextWithSpan(ctx, trace.SpanFromContext(item.Context)) //nolint:contextcheck // only the span is taken from it
		if err := s.out.Append(traced, tx, wire.Notice(change, now)); err != nil {
			return err
		}
	}
	return counts.write(ctx, q)
}

// remembered is what the database has beside the entries of items to be mended:
// the newest version that was told, and the tags for finding posts. Entries may
// have been lost.
func (s *Store) remembered(ctx context.Context, tx *sql.Tx, items []projection.Item[index.Post]) (map[string]int32, map[string][]db.EntryTag, error) {
	var ids []string
	for _, item := range items {
		if item.Mend {
			ids = append(ids, item.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil, nil
	}
	told, err := s.out.Told(ctx, wire.EntryType, ids)
	if err != nil {
		return nil, nil, err
	}
	found, err := s.entryTags(ctx, tx, ids)
	return told, found, err
}

// tagsMatch tells whether the tags for finding posts are those of the entry.
func tagsMatch(e index.Entry, found []db.EntryTag) bool {
	isMissing := func(t index.Tag) bool {
		return !slices.ContainsFunc(found, func(r db.EntryTag) bool {
			return r.Slug == t.Slug && r.Name == t.Name && r.SiteID == e.Site && r.PublishedAt.Equal(e.PublishedAt)
		})
	}
	return len(found) == len(e.Tags) && !slices.ContainsFunc(e.Tags, isMissing)
}

// Settle counts all tags anew and drops those that no entry carries. It runs in
// tx, which must be the only one that writes the index.
func (s *Store) Settle(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range [...]string{dropUncarried, countAll} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("count all tags: %w", err)
		}
	}
	return nil
}

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
	for _, t := range e.Tags {
		err := q.InsertEntryTag(ctx, db.InsertEntryTagParams{
			PostID: e.PostID, Slug: t.Slug, SiteID: e.Site, Name: t.Name, PublishedAt: sqldb.At(e.PublishedAt),
		})
		if err != nil {
			return fmt.Errorf("insert tag %s of post %s: %w", t.Slug, e.PostID, err)
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

// write runs after all entries were written: the names come from them.
func (t tally) write(ctx context.Context, q *db.Queries) error {
	keys := slices.SortedFunc(maps.Keys(t), func(a, b tagKey) int {
		return cmp.Or(strings.Compare(a.site, b.site), strings.Compare(a.slug, b.slug))
	})
	for _, k := range keys {
		name, err := q.ShownName(ctx, db.ShownNameParams{SiteID: k.site, Slug: k.slug})
		switch {
		case errors.Is(err, sql.ErrNoRows): // the last entry is gone
			err = q.DropTag(ctx, db.DropTagParams{SiteID: k.site, Slug: k.slug})
		case err == nil:
			err = q.PutTag(ctx, db.PutTagParams{SiteID: k.site, Slug: k.slug, Name: name, More: t[k]})
		}
		if err != nil {
			return fmt.Errorf("count tag %s of site %s: %w", k.slug, k.site, err)
		}
	}
	return nil
}
