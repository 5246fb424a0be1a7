package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// labels are the tags that lead to each post, by slug, each with the name that
// the post writes.
func (s *Store) labels(ctx context.Context, ids []string) (map[string][]page.Label, error) {
	out := make(map[string][]page.Label, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err := s.each(ctx, s.sql.labels, func(row scanner) error {
		var id string
		var l page.Label
		if err := row.Scan(&id, &l.Slug, &l.Name); err != nil {
			return fmt.Errorf("scan a tag: %w", err)
		}
		out[id] = append(out[id], l)
		return nil
	}, asList(ids))
	if err != nil {
		return nil, fmt.Errorf("read the tags of %d posts: %w", len(ids), err)
	}
	return out, nil
}

// relist puts saved posts at their places in their tags' lists.
func (s *Store) relist(ctx context.Context, changes []DocChange, keys []page.Keys) error {
	var ids []string
	for _, c := range changes {
		if page.Relisted(c.Old, c.Now) || c.Mend {
			ids = append(ids, c.Now.ID)
		}
	}
	labels, err := s.labels(ctx, ids)
	if err != nil || len(labels) == 0 {
		return err
	}
	if _, err := s.db.Conn(ctx).ExecContext(ctx, s.sql.relist, asList(ids)); err != nil {
		return fmt.Errorf("relist %d posts: %w", len(ids), err)
	}
	counts := make(counts)
	var places []placeInTag
	for i, c := range changes {
		before := whenever()
		if c.Old != nil {
			before = c.Old.PublishedAt
		}
		if !page.Relisted(c.Old, c.Now) { // it was mended, which Damage tells of
			continue
		}
		younger := c.Now.PublishedAt.After(before)
		for _, l := range labels[c.Now.ID] {
			keys[i].Add(page.KeyTag(l.Slug))
			// Among names of which there are as many the date decides.
			counts.add(c.Now.Site, count{slug: l.Slug, open: func(shown string) bool { return (l.Name == shown) != younger }, keys: keys[i]})
			for _, p := range placesOf(c) {
				places = append(places, placeInTag{Site: c.Now.Site, Slug: l.Slug, Place: p, keys: keys[i]})
			}
		}
	}
	if err := s.touchRelated(ctx, places); err != nil {
		return err
	}
	return s.recountAll(ctx, counts)
}

// docTag is a row as JSON.
type docTag struct {
	PostID string `json:"post_id"`
	Slug   string `json:"slug"`
	Name   string `json:"name"`
	Site   string `json:"site"`
}

// SaveEntries writes which tags lead to posts, each post once, and returns, post
// by post, the keys that this touches.
func (s *Store) SaveEntries(ctx context.Context, entries []page.Entry) ([]page.Keys, error) {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.PostID
	}
	old, err := s.labels(ctx, ids)
	if err != nil {
		return nil, err
	}
	keys, counts := make([]page.Keys, len(entries)), make(counts)
	var rows []docTag
	retagged := make(map[string]retagging)
	for i, e := range entries {
		keys[i] = make(page.Keys)
		change := page.CompareTags(old[e.PostID], e.Tags)
		if len(change.Added)+len(change.Removed) > 0 {
			retagged[e.PostID] = retagging{site: e.Site, slugs: append(slugsOf(e.Tags), slugsOf(change.Removed)...), keys: keys[i]}
		}
		for _, l := range change.Added {
			keys[i].Add(page.KeyTag(l.Slug))
			counts.add(e.Site, count{slug: l.Slug, by: 1, open: func(shown string) bool { return l.Name != shown }, keys: keys[i]})
		}
		for _, l := range change.Renamed {
			counts.add(e.Site, count{slug: l.Slug, open: func(string) bool { return true }, keys: keys[i]})
		}
		for _, l := range slices.Concat(change.Added, change.Renamed) {
			rows = append(rows, docTag{PostID: e.PostID, Slug: l.Slug, Name: l.Name, Site: e.Site})
		}
		for _, l := range change.Removed {
			if err := s.q(ctx).DropDocTag(ctx, db.DropDocTagParams{PostID: e.PostID, Slug: l.Slug}); err != nil {
				return nil, fmt.Errorf("drop tag %s of post %s: %w", l.Slug, e.PostID, err)
			}
			keys[i].Add(page.KeyTag(l.Slug))
			counts.add(e.Site, count{slug: l.Slug, by: -1, open: func(shown string) bool { return l.Name == shown }, keys: keys[i]})
		}
	}
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.saveDocTags, rows, sqldb.At(whenever())); err != nil {
		return nil, fmt.Errorf("save %d tags of posts: %w", len(rows), err)
	}
	if err := s.touchRetagged(ctx, retagged); err != nil {
		return nil, err
	}
	return keys, s.recountAll(ctx, counts)
}

// count is what one post's change does to one tag.
type count struct {
	slug string
	// by is added to how many posts carry the tag.
	by int32
	// open tells of the name that the tag has whether it may now be another one:
	// then the names are counted, which takes longer the more posts carry the tag.
	open func(shown string) bool
	// keys are the post's, which get what this touches.
	keys page.Keys
}

// counts are those of several posts, by site.
type counts map[string][]count

func (c counts) add(site string, one count) { c[site] = append(c[site], one) }

// recountAll adds to how many posts carry tags, after these were written.
func (s *Store) recountAll(ctx context.Context, all counts) error {
	for _, site := range slices.Sorted(maps.Keys(all)) {
		if err := s.recount(ctx, site, all[site]); err != nil {
			return err
		}
	}
	return nil
}

// tag is a row as JSON.
type tag struct {
	Site  string `json:"site"`
	Slug  string `json:"slug"`
	Name  string `json:"name"`
	Count int32  `json:"count"`
}

func (s *Store) recount(ctx context.Context, site string, changes []count) error {
	bySlug := make(map[string][]count)
	for _, c := range changes {
		bySlug[c.slug] = append(bySlug[c.slug], c)
	}
	slugs := slices.Sorted(maps.Keys(bySlug))
	found, err := s.Tags(ctx, site, slugs)
	if err != nil {
		return err
	}
	known := make(map[string]tag, len(found))
	for _, t := range found {
		known[t.Slug] = tag{Name: t.Name, Count: int32(t.Count)} //nolint:gosec // it was one in the database
	}
	var rows []tag
	for _, slug := range slugs {
		was := known[slug]
		is, err := s.counted(ctx, site, was, bySlug[slug])
		if err != nil {
			return err
		}
		if is.Count > 0 && is != (tag{site, slug, was.Name, was.Count}) {
			rows = append(rows, is)
		}
	}
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.saveTags, rows); err != nil {
		return fmt.Errorf("save %d tags of site %s: %w", len(rows), site, err)
	}
	return nil
}

// counted is the tag after the changes, which all are of this one; a tag that
// nobody carries any more is dropped. What is touched goes to the changes' keys.
func (s *Store) counted(ctx context.Context, site string, was tag, changes []count) (tag, error) {
	is := tag{Site: site, Slug: changes[0].slug, Name: was.Name, Count: was.Count}
	open := false
	for _, c := range changes {
		is.Count = max(0, is.Count+c.by)
		open = open || is.Count == 0 || c.open(was.Name)
	}
	if is.Count == 0 {
		for _, c := range changes {
			c.keys.Add(page.KeyTags, page.KeyTag(is.Slug), page.KeyWeight(is.Slug))
		}
		if err := s.q(ctx).DropTag(ctx, db.DropTagParams{Site: site, Slug: is.Slug}); err != nil {
			return is, fmt.Errorf("drop tag %s: %w", is.Slug, err)
		}
		return is, nil
	}
	if open {
		var err error
		if is.Name, err = s.q(ctx).ShownName(ctx, db.ShownNameParams{Site: site, Slug: is.Slug}); err != nil {
			return is, fmt.Errorf("count the names of tag %s: %w", is.Slug, err)
		}
	}
	for _, c := range changes {
		if c.by != 0 || is.Name != was.Name {
			c.keys.Add(page.KeyTags)
		}
		if c.by != 0 && page.Weight(int(is.Count)) != page.Weight(int(was.Count)) {
			c.keys.Add(page.KeyWeight(is.Slug))
		}
		if is.Name != was.Name {
			c.keys.Add(page.KeyTag(is.Slug))
		}
	}
	return is, nil
}
