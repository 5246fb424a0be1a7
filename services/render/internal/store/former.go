package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// maxHops bounds how many tags took each other's place.
const maxHops = 20

// MovedTag is the slug of the tag that a slug leads to, as it or a tag whose place
// another took was called so once; empty if there is none that readers see. via are the
// slugs of all tags on the way, to wherever it leads.
func (s *Store) MovedTag(ctx context.Context, site, slug string) (to string, via []string, err error) {
	owners, err := s.q(ctx).FormerOwners(ctx, db.FormerOwnersParams{Site: site, Slug: slug})
	if err != nil {
		return "", nil, fmt.Errorf("find where tag %s went: %w", slug, err)
	}
	for _, id := range owners {
		for range maxHops {
			t, err := s.Tag(ctx, id)
			if err != nil {
				return "", nil, err
			}
			if t == nil || t.Site != site {
				break
			}
			via = append(via, t.Slug)
			if t.Visible() && t.Slug != slug {
				return t.Slug, via, nil
			}
			if t.MovedTo == "" {
				break
			}
			id = t.MovedTo
		}
	}
	return "", via, nil
}

// saveFormer writes the slugs that lead to a tag, or to the one that took its place. Those
// that did and do no longer lead on: the tag whose own they are now has no posts yet,
// since what is told of tags comes before their posts.
func (s *Store) saveFormer(ctx context.Context, old, now *page.Tag) error {
	q := s.q(ctx)
	if err := q.DropFormer(ctx, now.ID); err != nil {
		return fmt.Errorf("drop the former slugs of tag %s: %w", now.ID, err)
	}
	for _, slug := range now.Former {
		if err := q.SaveFormer(ctx, db.SaveFormerParams{Site: now.Site, Slug: slug, TagID: now.ID}); err != nil {
			return fmt.Errorf("save the former slug %s of tag %s: %w", slug, now.ID, err)
		}
	}
	if now.Internal {
		if err := q.DropLapsed(ctx, db.DropLapsedParams{Site: now.Site, Slug: now.Slug}); err != nil {
			return fmt.Errorf("drop where tag %s led: %w", now.Slug, err)
		}
		return nil
	}
	if old == nil || old.Internal {
		return nil
	}
	led := cmp.Or(old.MovedTo, old.ID)
	var lapsed []string
	for _, slug := range old.Former {
		if slices.Contains(now.Former, slug) || led == now.ID && slug == now.Slug {
			continue
		}
		lapsed = append(lapsed, slug)
		if err := q.SaveFormer(ctx, db.SaveFormerParams{Site: now.Site, Slug: slug, TagID: led, Lapsed: true}); err != nil {
			return fmt.Errorf("save where tag %s led: %w", slug, err)
		}
	}
	return s.settleFormer(ctx, now.Site, lapsed)
}

// settleFormer drops where slugs led that are those of tags with posts.
func (s *Store) settleFormer(ctx context.Context, site string, slugs []string) error {
	if len(slugs) == 0 {
		return nil
	}
	if _, err := s.db.Conn(ctx).ExecContext(ctx, s.sql.settleFormer, site, asList(slugs)); err != nil {
		return fmt.Errorf("drop where %d tags led: %w", len(slugs), err)
	}
	return nil
}

// begin is for tags that have their first posts, each with the keys of these: from now on
// their addresses are theirs, and those of the tags whose place they took lead there.
func (s *Store) begin(ctx context.Context, all []retagging, tags map[string]page.Tagged, first map[string][]page.Keys) error {
	if len(first) == 0 {
		return nil
	}
	slugs := make(map[string][]string)
	for _, r := range all {
		for _, id := range r.added {
			if _, ok := first[id]; ok && !slices.Contains(slugs[r.site], tags[id].Slug) {
				slugs[r.site] = append(slugs[r.site], tags[id].Slug)
			}
		}
	}
	for site, list := range slugs {
		if err := s.settleFormer(ctx, site, list); err != nil {
			return err
		}
	}
	err := s.each(ctx, s.sql.movedTo, func(row scanner) error {
		var into, slug string
		if err := row.Scan(&into, &slug); err != nil {
			return fmt.Errorf("scan a tag: %w", err)
		}
		for _, keys := range first[into] {
			keys.Add(page.KeyTag(slug))
		}
		return nil
	}, asList(slices.Sorted(maps.Keys(first))))
	if err != nil {
		return fmt.Errorf("read whose place %d tags took: %w", len(first), err)
	}
	return nil
}
