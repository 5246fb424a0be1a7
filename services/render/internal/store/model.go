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
		BaseUrl: site.BaseURL, Host: site.Host, Links: links, PostsPerPage: int32(site.PostsPerPage), UpdatedAt: sqldb.At(site.UpdatedAt), //nolint:gosec // at most 100
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
// its outline before, nil if it was not known. It returns the keys that its
// change touches in these lists.
func (s *Store) SaveDoc(ctx context.Context, old, now *page.Doc) (page.Keys, error) {
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
	return relist(ctx, q, old, now)
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
