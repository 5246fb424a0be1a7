package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// labelsOf are the tags that lead to a post, by slug, each with the name that
// the post writes.
func labelsOf(ctx context.Context, q *db.Queries, postID string) ([]page.Label, error) {
	rows, err := q.TagsOfDoc(ctx, postID)
	if err != nil {
		return nil, fmt.Errorf("read the tags of post %s: %w", postID, err)
	}
	labels := make([]page.Label, len(rows))
	for i, r := range rows {
		labels[i] = page.Label{Slug: r.Slug, Name: r.Name}
	}
	return labels, nil
}

// relist puts a post at its place in its tags' lists and returns the keys that
// this touches.
func relist(ctx context.Context, q *db.Queries, old, now *page.Doc) (page.Keys, error) {
	labels, err := labelsOf(ctx, q, now.ID)
	if err != nil || len(labels) == 0 {
		return nil, err
	}
	err = q.RelistDoc(ctx, db.RelistDocParams{PostID: now.ID, Listed: now.State == page.Public, PublishedAt: sqldb.At(now.PublishedAt)})
	if err != nil {
		return nil, fmt.Errorf("relist post %s: %w", now.ID, err)
	}
	before := whenever()
	if old != nil {
		before = old.PublishedAt
	}
	younger := now.PublishedAt.After(before)
	keys := make(page.Keys)
	for _, l := range labels {
		keys.Add(page.KeyTag(l.Slug))
		// Among names of which there are as many the date decides.
		err := recount(ctx, q, now.Site, l.Slug, 0, func(shown string) bool { return (l.Name == shown) != younger }, keys)
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// SaveEntry writes which tags lead to a post and returns the keys that this
// touches.
func (s *Store) SaveEntry(ctx context.Context, e page.Entry) (page.Keys, error) {
	q := s.q(ctx)
	old, err := labelsOf(ctx, q, e.PostID)
	if err != nil {
		return nil, err
	}
	doc, err := s.Outline(ctx, e.PostID)
	if err != nil {
		return nil, err
	}
	row := db.SaveDocTagParams{PostID: e.PostID, Site: e.Site, PublishedAt: sqldb.At(whenever())}
	if doc != nil && doc.Site == e.Site {
		row.Listed, row.PublishedAt = doc.State == page.Public, sqldb.At(doc.PublishedAt)
	}
	keys := make(page.Keys)
	change := page.CompareTags(old, e.Tags)
	for _, l := range change.Added {
		keys.Add(page.KeyTag(l.Slug))
		if err := saveTag(ctx, q, row, l, 1, func(shown string) bool { return l.Name != shown }, keys); err != nil {
			return nil, err
		}
	}
	for _, l := range change.Renamed {
		if err := saveTag(ctx, q, row, l, 0, func(string) bool { return true }, keys); err != nil {
			return nil, err
		}
	}
	for _, l := range change.Removed {
		if err := q.DropDocTag(ctx, db.DropDocTagParams{PostID: e.PostID, Slug: l.Slug}); err != nil {
			return nil, fmt.Errorf("drop tag %s of post %s: %w", l.Slug, e.PostID, err)
		}
		keys.Add(page.KeyTag(l.Slug))
		if err := recount(ctx, q, e.Site, l.Slug, -1, func(shown string) bool { return l.Name == shown }, keys); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func saveTag(
	ctx context.Context, q *db.Queries, row db.SaveDocTagParams, l page.Label, by int32, open func(shown string) bool, keys page.Keys,
) error {
	row.Slug, row.Name = l.Slug, l.Name
	if err := q.SaveDocTag(ctx, row); err != nil {
		return fmt.Errorf("save tag %s of post %s: %w", l.Slug, row.PostID, err)
	}
	return recount(ctx, q, row.Site, l.Slug, by, open, keys)
}

// recount adds to how many posts carry a tag, after these were written. open
// tells of the name that the tag has whether it may now be another one: then
// the names are counted, which takes longer the more posts carry the tag. It
// adds the keys that this touches.
func recount(ctx context.Context, q *db.Queries, site, slug string, by int32, open func(shown string) bool, keys page.Keys) error {
	t, err := q.GetTag(ctx, db.GetTagParams{Site: site, Slug: slug})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read tag %s: %w", slug, err)
	}
	if t.Count+by <= 0 {
		keys.Add(page.KeyTags, page.KeyTag(slug))
		if err := q.DropTag(ctx, db.DropTagParams{Site: site, Slug: slug}); err != nil {
			return fmt.Errorf("drop tag %s: %w", slug, err)
		}
		return nil
	}
	name := t.Name
	if open(t.Name) {
		if name, err = q.ShownName(ctx, db.ShownNameParams{Site: site, Slug: slug}); err != nil {
			return fmt.Errorf("count the names of tag %s: %w", slug, err)
		}
	}
	if by == 0 && t.Name == name {
		return nil
	}
	keys.Add(page.KeyTags)
	if t.Name != name {
		keys.Add(page.KeyTag(slug))
	}
	if err := q.SaveTag(ctx, db.SaveTagParams{Site: site, Slug: slug, Name: name, Count: t.Count + by}); err != nil {
		return fmt.Errorf("save tag %s: %w", slug, err)
	}
	return nil
}
