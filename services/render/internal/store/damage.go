package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// Damage compares what was made of posts with what it should be and returns, by
// post, the keys of what readers were shown wrongly. Addresses and authors are
// dropped: the next SaveDocs must write them.
func (s *Store) Damage(ctx context.Context, docs []*page.Doc) (map[string]page.Keys, error) {
	if len(docs) == 0 {
		return nil, nil
	}
	byID, ids := make(map[string]*page.Doc, len(docs)), make([]string, len(docs))
	keys := make(map[string]page.Keys, len(docs))
	for i, d := range docs {
		byID[d.ID], ids[i], keys[d.ID] = d, d.ID, make(page.Keys)
	}
	list := asList(ids)
	err := s.each(ctx, s.sql.bodies, func(row scanner) error {
		var id, html, contents string
		if err := row.Scan(&id, &html, &contents); err != nil {
			return fmt.Errorf("scan a text: %w", err)
		}
		want, err := asJSON(byID[id].Contents)
		if err == nil && byID[id].State == page.Public && (html != byID[id].HTML || contents != want) {
			keys[id].Add(page.KeyPost(id))
		}
		return err
	}, list)
	if err != nil {
		return nil, fmt.Errorf("read the texts of %d posts: %w", len(ids), err)
	}
	if err := s.damagedLists(ctx, list, byID, keys); err != nil {
		return nil, err
	}
	if err := s.damagedAuthors(ctx, list, docs, keys); err != nil {
		return nil, err
	}
	return keys, s.damagedAddresses(ctx, list, docs, keys)
}

// damagedLists looks at the posts' places in their tags' lists.
func (s *Store) damagedLists(ctx context.Context, list string, byID map[string]*page.Doc, keys map[string]page.Keys) error {
	err := s.each(ctx, s.sql.places, func(row scanner) error {
		var id, slug string
		var listed bool
		var at sqldb.Time
		if err := row.Scan(&id, &slug, &listed, &at); err != nil {
			return fmt.Errorf("scan a place: %w", err)
		}
		if d := byID[id]; listed != (d.State == page.Public) || listed && !at.Equal(sqldb.At(d.PublishedAt).Time) {
			// What is related to which posts was found in this list.
			keys[id].Add(page.KeyTag(slug), page.KeyWeight(slug))
		}
		return nil
	}, list)
	if err != nil {
		return fmt.Errorf("read the places of %d posts: %w", len(byID), err)
	}
	return nil
}

func (s *Store) damagedAddresses(ctx context.Context, list string, docs []*page.Doc, keys map[string]page.Keys) error {
	found := make(map[string][]page.Address, len(docs))
	err := s.each(ctx, s.sql.addresses, func(row scanner) error {
		var site, id string
		var a page.Address
		if err := row.Scan(&site, &a.Path, &id, &a.Kind); err != nil {
			return fmt.Errorf("scan an address: %w", err)
		}
		found[id] = append(found[id], a)
		return nil
	}, list)
	if err != nil {
		return fmt.Errorf("read the addresses of %d posts: %w", len(docs), err)
	}
	for _, d := range docs {
		is := d.Addresses()
		for _, a := range slices.Concat(found[d.ID], is) {
			if slices.Contains(found[d.ID], a) != slices.Contains(is, a) {
				keys[d.ID].Add(page.KeyPath(a.Path))
			}
		}
		if err := s.q(ctx).DropAddresses(ctx, d.ID); err != nil {
			return fmt.Errorf("drop the addresses of post %s: %w", d.ID, err)
		}
	}
	return nil
}

// Settle counts all tags anew and returns, by site, the keys that this touches.
func (s *Store) Settle(ctx context.Context) (map[string]page.Keys, error) {
	type key struct{ site, slug string }
	was := make(map[key]tag)
	err := s.each(ctx, `SELECT site, slug, name, count FROM tag`, func(row scanner) error {
		var t tag
		err := row.Scan(&t.Site, &t.Slug, &t.Name, &t.Count)
		was[key{t.Site, t.Slug}] = t
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read all tags: %w", err)
	}
	touched := make(map[string]page.Keys)
	touch := func(t tag, named bool) {
		if touched[t.Site] == nil {
			touched[t.Site] = make(page.Keys)
		}
		touched[t.Site].Add(page.KeyTags, page.KeyWeight(t.Slug))
		if named {
			touched[t.Site].Add(page.KeyTag(t.Slug))
		}
	}
	var rows []tag
	err = s.each(ctx, countAll, func(row scanner) error {
		var is tag
		if err := row.Scan(&is.Site, &is.Slug, &is.Name, &is.Count); err != nil {
			return fmt.Errorf("scan a tag: %w", err)
		}
		at := key{is.Site, is.Slug}
		if old := was[at]; old != is {
			rows = append(rows, is)
			touch(is, old.Name != is.Name)
		}
		delete(was, at)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count all tags: %w", err)
	}
	for _, t := range was { // nobody carries it
		touch(t, true)
		if err := s.q(ctx).DropTag(ctx, db.DropTagParams{Site: t.Site, Slug: t.Slug}); err != nil {
			return nil, fmt.Errorf("drop tag %s: %w", t.Slug, err)
		}
	}
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.saveTags, rows); err != nil {
		return nil, fmt.Errorf("save %d tags: %w", len(rows), err)
	}
	return touched, nil
}
