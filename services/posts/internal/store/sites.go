package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/posts/internal/site"
	"github.com/parution/parution/services/posts/internal/store/db"
	"github.com/parution/parution/services/posts/internal/wire"
)

// maxSites bounds an installation.
const maxSites = 1000

// EnsureSite creates s if the installation has no site.
func (s *Store) EnsureSite(ctx context.Context, first site.Site) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := db.New(tx).CountSites(ctx)
		if err != nil {
			return fmt.Errorf("count sites: %w", err)
		}
		if n > 0 {
			return nil
		}
		return s.insertSite(ctx, tx, first)
	})
	if fault.KindOf(err) == fault.KindConflict {
		return nil // another replica was quicker
	}
	return err
}

// CreateSite stores a new site. Faults: Conflict if the id or a host is taken.
func (s *Store) CreateSite(ctx context.Context, n site.Site) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		count, err := db.New(tx).CountSites(ctx)
		if err != nil {
			return fmt.Errorf("count sites: %w", err)
		}
		if count >= maxSites {
			return fault.Exhausted("an installation has at most %d sites", maxSites)
		}
		return s.insertSite(ctx, tx, n)
	})
}

func (s *Store) insertSite(ctx context.Context, tx *sql.Tx, n site.Site) error {
	links, hosts, err := lists(n)
	if err != nil {
		return err
	}
	c := n.Settings
	err = db.New(tx).InsertSite(ctx, db.InsertSiteParams{
		ID: n.ID, Version: n.Version, Title: c.Title, Description: c.Description, Language: c.Language, TimeZone: c.TimeZone,
		BaseUrl: c.BaseURL, SocialLinks: links, Hosts: hosts, PostsPerPage: c.PostsPerPage, Theme: c.Theme,
		CreatedAt: sqldb.At(n.CreatedAt), UpdatedAt: sqldb.At(n.UpdatedAt),
	})
	if sqldb.IsUnique(err) {
		return fault.New(fault.KindConflict, "there is a site "+n.ID, fault.Violation{Field: "id", Message: "is taken"})
	}
	if err != nil {
		return fmt.Errorf("insert site %s: %w", n.ID, err)
	}
	return s.finishSite(ctx, tx, nil, n)
}

// UpdateSite loads the site, lets fn decide, and stores what it did. Faults:
// NotFound, Conflict if a host is another site's, and fn's own.
func (s *Store) UpdateSite(ctx context.Context, id string, fn func(*site.Site) (changed bool, err error)) (site.Site, error) {
	var out site.Site
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		q := db.New(tx)
		row, err := q.GetSite(ctx, id)
		if err != nil {
			return siteError(id, err)
		}
		if out, err = restoreSite(row); err != nil {
			return err
		}
		hosts := out.HostNames()
		changed, err := fn(&out)
		if err != nil || !changed {
			return err
		}
		params, err := updateSiteParams(out, row.Version)
		if err != nil {
			return err
		}
		n, err := q.UpdateSite(ctx, params)
		if err != nil {
			return fmt.Errorf("update site %s: %w", id, err)
		}
		if n == 0 {
			return fault.Stale("the site was changed at the same time")
		}
		return s.finishSite(ctx, tx, hosts, out)
	})
	return out, err
}

func (s *Store) finishSite(ctx context.Context, tx *sql.Tx, before []string, n site.Site) error {
	q, names := db.New(tx), n.HostNames()
	if !slices.Equal(before, names) {
		if err := q.DropHosts(ctx, n.ID); err != nil {
			return fmt.Errorf("drop hosts: %w", err)
		}
		for i, h := range names {
			err := q.InsertHost(ctx, db.InsertHostParams{Host: h, SiteID: n.ID})
			if sqldb.IsUnique(err) {
				return hostTaken(h, i)
			}
			if err != nil {
				return fmt.Errorf("insert host: %w", err)
			}
		}
	}
	return s.out.Append(ctx, tx, s.wire.SiteEntry(n))
}

func hostTaken(host string, i int) error {
	if host == site.AnyHost {
		return fault.New(fault.KindConflict, "another site answers to every host already: name this one's hosts",
			fault.Violation{Field: "hosts", Message: "is missing, and another site answers to every host already"})
	}
	return fault.New(fault.KindConflict, "another site has the host "+host,
		fault.Violation{Field: fmt.Sprintf("hosts[%d]", i), Message: "is another site's"})
}

// GetSite reads a site. Faults: NotFound.
func (s *Store) GetSite(ctx context.Context, id string) (site.Site, error) {
	row, err := s.read(ctx).GetSite(ctx, id)
	if err != nil {
		return site.Site{}, siteError(id, err)
	}
	return restoreSite(row)
}

// ListSites lists all sites by id.
func (s *Store) ListSites(ctx context.Context) ([]site.Site, error) {
	rows, err := s.read(ctx).ListSites(ctx, maxSites)
	if err != nil {
		return nil, fmt.Errorf("list sites: %w", err)
	}
	out := make([]site.Site, len(rows))
	for i, r := range rows {
		if out[i], err = restoreSite(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SiteHashes are the public hashes that the notices of these versions of sites told.
func (s *Store) SiteHashes(ctx context.Context, versions map[string]int32) (map[string][]byte, error) {
	return s.out.PublicHashes(ctx, wire.TypeSite, versions)
}

// Epoch is the timeline of the database.
func (s *Store) Epoch(ctx context.Context) (int32, error) { return s.out.Epoch(ctx) }

func siteError(id string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFound("there is no site %q", id)
	}
	return fmt.Errorf("read site %s: %w", id, err)
}

func restoreSite(r db.Site) (site.Site, error) {
	out := site.Site{ID: r.ID, Version: r.Version, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, Settings: site.Settings{
		Title: r.Title, Description: r.Description, Language: r.Language, TimeZone: r.TimeZone, BaseURL: r.BaseUrl, PostsPerPage: r.PostsPerPage,
		Theme: r.Theme,
	}}
	if err := json.Unmarshal([]byte(r.SocialLinks), &out.Settings.Links); err != nil {
		return out, fmt.Errorf("read the links of site %s: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Hosts), &out.Settings.Hosts); err != nil {
		return out, fmt.Errorf("read the hosts of site %s: %w", r.ID, err)
	}
	return out, nil
}

func updateSiteParams(n site.Site, expected int32) (db.UpdateSiteParams, error) {
	links, hosts, err := lists(n)
	c := n.Settings
	return db.UpdateSiteParams{
		ID: n.ID, Expected: expected, Version: n.Version, Title: c.Title, Description: c.Description, Language: c.Language,
		TimeZone: c.TimeZone, BaseUrl: c.BaseURL, SocialLinks: links, Hosts: hosts, PostsPerPage: c.PostsPerPage, Theme: c.Theme,
		UpdatedAt: sqldb.At(n.UpdatedAt),
	}, err
}

func lists(n site.Site) (links, hosts string, err error) {
	l, err := json.Marshal(n.Settings.Links)
	if err != nil {
		return "", "", fmt.Errorf("marshal the links of site %s: %w", n.ID, err)
	}
	return string(l), list(n.Settings.Hosts), nil
}
