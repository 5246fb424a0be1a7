package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// Site reads a site. Faults: NotFound.
func (s *Store) Site(ctx context.Context, id string) (*page.Site, error) {
	r, err := s.q(ctx).GetSite(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.NotFound("there is no site %q", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read site %s: %w", id, err)
	}
	return siteOf(r)
}

// SaveSite writes a site.
func (s *Store) SaveSite(ctx context.Context, site *page.Site) error {
	links, err := asJSON(site.Links)
	if err != nil {
		return fmt.Errorf("site %s: %w", site.ID, err)
	}
	err = s.q(ctx).SaveSite(ctx, db.SaveSiteParams{
		ID: site.ID, Title: site.Title, Description: site.Description, Language: site.Language, TimeZone: site.TimeZone,
		BaseUrl: site.BaseURL, Links: links, PostsPerPage: int32(site.PostsPerPage), UpdatedAt: sqldb.At(site.UpdatedAt), //nolint:gosec // at most 100
	})
	if err != nil {
		return fmt.Errorf("save site %s: %w", site.ID, err)
	}
	return nil
}

// Doc reads a post of a site. Faults: NotFound.
func (s *Store) Doc(ctx context.Context, site, id string) (*page.Doc, error) {
	r, err := s.q(ctx).GetDoc(ctx, db.GetDocParams{Site: site, PostID: id})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.NotFound("there is no post %s", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read post %s: %w", id, err)
	}
	return docOf(r)
}

// Outline reads a post of any site without its HTML and contents, for
// comparing; nil if it is not known.
func (s *Store) Outline(ctx context.Context, id string) (*page.Doc, error) {
	r, err := s.q(ctx).GetOutline(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // an unknown post is no error here
	}
	if err != nil {
		return nil, fmt.Errorf("read post %s: %w", id, err)
	}
	return docOf(db.Doc(r))
}

// SaveDoc writes a post, its addresses and its place in its tags' lists. old is
// its outline before, nil if it was not known. It returns the slugs of the tags
// whose lists changed.
func (s *Store) SaveDoc(ctx context.Context, old, now *page.Doc) ([]string, error) {
	params, err := docParams(now)
	if err != nil {
		return nil, err
	}
	q := s.q(ctx)
	if err := q.SaveDoc(ctx, params); err != nil {
		return nil, fmt.Errorf("save post %s: %w", now.ID, err)
	}
	if err := saveAddresses(ctx, q, old, now); err != nil {
		return nil, err
	}
	if !page.Relisted(old, now) {
		return nil, nil
	}
	slugs, err := q.TagsOfDoc(ctx, now.ID)
	if err != nil {
		return nil, fmt.Errorf("read the tags of post %s: %w", now.ID, err)
	}
	if len(slugs) == 0 {
		return nil, nil
	}
	err = q.RelistDoc(ctx, db.RelistDocParams{PostID: now.ID, Listed: now.State == page.Public, PublishedAt: sqldb.At(now.PublishedAt)})
	if err != nil {
		return nil, fmt.Errorf("relist post %s: %w", now.ID, err)
	}
	return slugs, nil
}

func saveAddresses(ctx context.Context, q *db.Queries, old, now *page.Doc) error {
	was, is := old.Addresses(), now.Addresses()
	same := len(was) == len(is)
	for i := range is {
		same = same && was[i] == is[i]
	}
	if same {
		return nil
	}
	if len(was) > 0 {
		if err := q.DropAddresses(ctx, now.ID); err != nil {
			return fmt.Errorf("drop the addresses of post %s: %w", now.ID, err)
		}
	}
	for _, a := range is {
		err := q.InsertAddress(ctx, db.InsertAddressParams{Site: now.Site, Path: a.Path, PostID: now.ID, Kind: int32(a.Kind)})
		if err != nil {
			return fmt.Errorf("insert address %s of post %s: %w", a.Path, now.ID, err)
		}
	}
	return nil
}

// SaveEntry writes which tags lead to a post and returns the keys that this
// touches.
func (s *Store) SaveEntry(ctx context.Context, e page.Entry) (page.Keys, error) {
	q := s.q(ctx)
	old, err := q.TagsOfDoc(ctx, e.PostID)
	if err != nil {
		return nil, fmt.Errorf("read the tags of post %s: %w", e.PostID, err)
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
		row.Slug = l.Slug
		if err := q.SaveDocTag(ctx, row); err != nil {
			return nil, fmt.Errorf("save tag %s of post %s: %w", l.Slug, e.PostID, err)
		}
		keys.Add(page.KeyTag(l.Slug))
		if err := s.count(ctx, q, e.Site, l.Slug, l.Name, 1, keys); err != nil {
			return nil, err
		}
	}
	for _, l := range change.Kept {
		if err := s.count(ctx, q, e.Site, l.Slug, l.Name, 0, keys); err != nil {
			return nil, err
		}
	}
	for _, slug := range change.Removed {
		if err := q.DropDocTag(ctx, db.DropDocTagParams{PostID: e.PostID, Slug: slug}); err != nil {
			return nil, fmt.Errorf("drop tag %s of post %s: %w", slug, e.PostID, err)
		}
		keys.Add(page.KeyTag(slug))
		if err := s.count(ctx, q, e.Site, slug, "", -1, keys); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// count adds to how many posts carry a tag and gives it its newest name; an
// empty name keeps the one it has. It adds the keys that this touches.
func (s *Store) count(ctx context.Context, q *db.Queries, site, slug, name string, by int32, keys page.Keys) error {
	t, err := q.GetTag(ctx, db.GetTagParams{Site: site, Slug: slug})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read tag %s: %w", slug, err)
	}
	if name == "" {
		name = t.Name
	}
	if by == 0 && t.Name == name {
		return nil
	}
	keys.Add(page.KeyTags)
	if t.Name != name {
		keys.Add(page.KeyTag(slug))
	}
	if t.Count+by <= 0 {
		if err := q.DropTag(ctx, db.DropTagParams{Site: site, Slug: slug}); err != nil {
			return fmt.Errorf("drop tag %s: %w", slug, err)
		}
		return nil
	}
	if err := q.SaveTag(ctx, db.SaveTagParams{Site: site, Slug: slug, Name: name, Count: t.Count + by}); err != nil {
		return fmt.Errorf("save tag %s: %w", slug, err)
	}
	return nil
}
