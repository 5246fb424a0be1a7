package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

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
		BaseUrl: site.BaseURL, Host: site.Host, Links: links, PostsPerPage: int32(site.PostsPerPage), //nolint:gosec // at most 100
		Theme: site.Theme, UpdatedAt: sqldb.At(site.UpdatedAt),
	})
	if err != nil {
		return fmt.Errorf("save site %s: %w", site.ID, err)
	}
	return nil
}

// DropSite forgets a site.
func (s *Store) DropSite(ctx context.Context, id string) error {
	if err := s.q(ctx).DropSite(ctx, id); err != nil {
		return fmt.Errorf("drop site %s: %w", id, err)
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
	d, err := docOf(r)
	if err != nil {
		return nil, err
	}
	return d, s.label(ctx, &d.Card)
}

// Outlines reads posts of any site without their HTML and contents, for
// comparing; those that are not known are left out.
func (s *Store) Outlines(ctx context.Context, ids []string) (map[string]*page.Doc, error) {
	out := make(map[string]*page.Doc, len(ids))
	err := s.each(ctx, s.sql.outlines, func(row scanner) error {
		d, err := scanOutline(row)
		if err == nil {
			out[d.ID] = d
		}
		return err
	}, asList(ids))
	if err != nil {
		return nil, fmt.Errorf("read %d posts: %w", len(ids), err)
	}
	return out, nil
}

// DocChange is a post's new state. Old is its outline before, nil if it was not known.
type DocChange struct {
	Old, Now *page.Doc
	// Mend writes also what seems to be there, after Damage.
	Mend bool
}

// SaveDocs writes posts, each once, their addresses and their places in lists. It
// returns, post by post, the keys that this touches beside those of page.Touched:
// what other posts have to do with it.
func (s *Store) SaveDocs(ctx context.Context, changes []DocChange) ([]page.Keys, error) {
	q := s.q(ctx)
	for _, c := range changes {
		params, err := docParams(c.Now)
		if err != nil {
			return nil, err
		}
		if err := q.SaveDoc(ctx, params); err != nil {
			return nil, fmt.Errorf("save post %s: %w", c.Now.ID, err)
		}
	}
	keys := make([]page.Keys, len(changes))
	for i := range keys {
		keys[i] = make(page.Keys)
	}
	for _, step := range []func(context.Context, []DocChange, []page.Keys) error{s.saveAddresses, s.saveAuthors, s.recountLists, s.relist, s.touchBeside} {
		if err := step(ctx, changes, keys); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// address is a row as JSON.
type address struct {
	Site   string           `json:"site"`
	Path   string           `json:"path"`
	PostID string           `json:"post_id"`
	Kind   page.AddressKind `json:"kind"`
}

func (s *Store) saveAddresses(ctx context.Context, changes []DocChange, _ []page.Keys) error {
	var rows []address
	for _, c := range changes {
		was, is := c.Old.Addresses(), c.Now.Addresses()
		if slices.Equal(was, is) && !c.Mend {
			continue
		}
		if len(was) > 0 && !c.Mend {
			if err := s.q(ctx).DropAddresses(ctx, c.Now.ID); err != nil {
				return fmt.Errorf("drop the addresses of post %s: %w", c.Now.ID, err)
			}
		}
		for _, a := range is {
			rows = append(rows, address{Site: c.Now.Site, Path: a.Path, PostID: c.Now.ID, Kind: a.Kind})
		}
	}
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.saveAddresses, rows); err != nil {
		return fmt.Errorf("insert %d addresses: %w", len(rows), err)
	}
	return nil
}

// saveRows executes a statement that takes rows as JSON.
func saveRows[R any](ctx context.Context, conn sqldb.Querier, statement string, rows []R, args ...any) error {
	if len(rows) == 0 {
		return nil
	}
	list, err := asJSON(rows)
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, statement, append([]any{list}, args...)...)
	return err
}
