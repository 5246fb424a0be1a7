package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
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

// damagedLists looks at the posts' places in their subjects' lists.
func (s *Store) damagedLists(ctx context.Context, list string, byID map[string]*page.Doc, keys map[string]page.Keys) error {
	wrong := make(map[string][]page.Keys)
	err := s.each(ctx, s.sql.places, func(row scanner) error {
		var id, name string
		var listed bool
		var at sqldb.Time
		if err := row.Scan(&id, &name, &listed, &at); err != nil {
			return fmt.Errorf("scan a place: %w", err)
		}
		if d := byID[id]; listed != (d.State == page.Public) || listed && !at.Equal(sqldb.At(d.PublishedAt).Time) {
			wrong[name] = append(wrong[name], keys[id])
		}
		return nil
	}, list)
	if err != nil {
		return fmt.Errorf("read the places of %d posts: %w", len(byID), err)
	}
	tags, err := s.tagsByID(ctx, slices.Collect(maps.Keys(wrong)))
	if err != nil {
		return err
	}
	for name, posts := range wrong {
		for _, keys := range posts {
			// What is related to which posts was found in this list.
			if t, isTag := tags[name]; isTag {
				keys.Add(page.KeyTag(t.Slug), page.KeyWeight(name))
			} else {
				keys.Add(page.KeySite) // to whom a word led nobody knows
			}
		}
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
	was, is := make(map[string]tag), make(map[string]int)
	err := s.each(ctx, `SELECT id, site, slug, count FROM tag`, func(row scanner) error {
		var t tag
		err := row.Scan(&t.ID, &t.Site, &t.Slug, &t.Count)
		was[t.ID] = t
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read all tags: %w", err)
	}
	err = s.each(ctx, countAll, func(row scanner) error {
		var site, id string
		var n int
		err := row.Scan(&site, &id, &n)
		is[id] += n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count all tags: %w", err)
	}
	touched := make(map[string]page.Keys)
	var rows []tag
	for id, t := range was {
		if is[id] == t.Count {
			continue
		}
		if is[id] == 0 {
			// One that only entries told of, and none does any more.
			if err := s.q(ctx).DropUntold(ctx, id); err != nil {
				return nil, fmt.Errorf("drop tag %s: %w", id, err)
			}
		}
		if touched[t.Site] == nil {
			touched[t.Site] = make(page.Keys)
		}
		touched[t.Site].Add(page.KeyTags, page.KeyTag(t.Slug), page.KeyWeight(id))
		rows = append(rows, tag{ID: id, Count: is[id]})
	}
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.countTags, rows); err != nil {
		return nil, fmt.Errorf("count %d tags: %w", len(rows), err)
	}
	if _, err := s.db.Conn(ctx).ExecContext(ctx, settleAllFormer); err != nil {
		return nil, fmt.Errorf("drop where tags led: %w", err)
	}
	return touched, nil
}
