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

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/wire"
)

// Put brings the index up to the posts' states, with a notice of each entry
// that changes at now. It runs in tx, which must be the only one that writes
// the index: the projection sees to that, and that a post comes only once.
func (s *Store) Put(ctx context.Context, tx *sql.Tx, items []projection.Item[entry.Post], now time.Time) error {
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
	var notices []outbox.Entry
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
		counts.add(was, change)
		notice := wire.Notice(change, now)
		notice.Span = trace.SpanContextFromContext(item.Context) //nolint:contextcheck // only the span is taken from it
		notices = append(notices, notice)
	}
	if err := s.out.AppendAll(ctx, tx, notices); err != nil {
		return err
	}
	if err := saveRows(ctx, tx, s.sql.putEntryTags, tags); err != nil {
		return fmt.Errorf("put %d tags of entries: %w", len(tags), err)
	}
	if err := s.putWordlists(ctx, tx, items); err != nil {
		return err
	}
	return s.count(ctx, tx, counts)
}

// entryTag is a row as JSON.
type entryTag struct {
	PostID string `json:"post_id"`
	Slug   string `json:"slug"`
	Name   string `json:"name"`
}

func tagsOf(e entry.Entry) []entryTag {
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
func putEntry(ctx context.Context, q *db.Queries, e entry.Entry, hadTags bool) error {
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
type tally map[tagKey]*sum

type sum struct {
	more int32
	// opens tell of the name that the tag has whether it may now be another one.
	opens []func(shown string) bool
}

// isOpen tells whether the names have to be counted, which takes longer the more
// posts carry the tag.
func (s *sum) isOpen(t db.Tag) bool {
	return t.Count+s.more <= 0 || slices.ContainsFunc(s.opens, func(open func(string) bool) bool { return open(t.Name) })
}

func (t tally) of(c entry.Change, slug string) *sum {
	k := tagKey{c.Entry.Site, slug}
	if t[k] == nil {
		t[k] = &sum{}
	}
	return t[k]
}

func (t tally) add(was entry.Entry, c entry.Change) {
	for _, tag := range c.Added {
		s := t.of(c, tag.Slug)
		s.more++
		s.opens = append(s.opens, func(shown string) bool { return tag.Name != shown })
	}
	for _, tag := range c.Dropped {
		s := t.of(c, tag.Slug)
		s.more--
		s.opens = append(s.opens, func(shown string) bool { return tag.Name == shown })
	}
	younger := c.Entry.PublishedAt.After(was.PublishedAt)
	for _, tag := range c.Entry.Tags {
		i := slices.IndexFunc(was.Tags, func(old entry.Tag) bool { return old.Slug == tag.Slug })
		if i < 0 {
			continue // it was added
		}
		s := t.of(c, tag.Slug)
		switch {
		case was.Tags[i].Name != tag.Name:
			s.opens = append(s.opens, func(string) bool { return true })
		case !was.PublishedAt.Equal(c.Entry.PublishedAt):
			// Among names of which there are as many the date decides.
			s.opens = append(s.opens, func(shown string) bool { return (tag.Name == shown) != younger })
		}
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
	known, err := s.tags(ctx, tx, keys)
	if err != nil {
		return err
	}
	q := db.New(tx)
	var rows []more
	for _, k := range keys {
		row := more{SiteID: k.site, Slug: k.slug, Name: known[k].Name, More: t[k].more}
		if t[k].isOpen(known[k]) {
			row.Name, err = q.ShownName(ctx, db.ShownNameParams{SiteID: k.site, Slug: k.slug})
		}
		switch {
		case errors.Is(err, sql.ErrNoRows): // the last entry is gone
			err = q.DropTag(ctx, db.DropTagParams{SiteID: k.site, Slug: k.slug})
		case err == nil && (row.More != 0 || row.Name != known[k].Name):
			rows = append(rows, row)
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

// tags reads the rows of tags, those that there are.
func (s *Store) tags(ctx context.Context, tx *sql.Tx, keys []tagKey) (_ map[tagKey]db.Tag, err error) {
	wanted := make([]more, len(keys))
	for i, k := range keys {
		wanted[i] = more{SiteID: k.site, Slug: k.slug}
	}
	list, err := json.Marshal(wanted)
	if err != nil {
		return nil, fmt.Errorf("marshal tags: %w", err)
	}
	rows, err := tx.QueryContext(ctx, s.sql.tags, string(list))
	if err != nil {
		return nil, fmt.Errorf("read %d tags: %w", len(keys), err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := make(map[tagKey]db.Tag, len(keys))
	for rows.Next() {
		var t db.Tag
		if err := rows.Scan(&t.SiteID, &t.Slug, &t.Name, &t.Count); err != nil {
			return nil, fmt.Errorf("scan a tag: %w", err)
		}
		out[tagKey{t.SiteID, t.Slug}] = t
	}
	return out, rows.Err()
}
