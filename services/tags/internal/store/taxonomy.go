package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/wire"
)

// tagRows reads tags with a statement that selects id, version and record.
func (s *Store) tagRows(ctx context.Context, conn sqldb.Querier, statement string, args ...any) (_ []*tag.Record, err error) {
	rows, err := conn.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []*tag.Record
	for rows.Next() {
		r := &tag.Record{}
		var id, text string
		var version int32
		if err := rows.Scan(&id, &version, &text); err != nil {
			return nil, fmt.Errorf("scan a tag: %w", err)
		}
		if err := json.Unmarshal([]byte(text), r); err != nil {
			return nil, fmt.Errorf("read tag %s: %w", id, err)
		}
		r.Version = version
		out = append(out, r)
	}
	return out, rows.Err()
}

func (s *Store) tagsByID(ctx context.Context, conn sqldb.Querier, ids []string) ([]*tag.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := listOf(ids)
	if err != nil {
		return nil, err
	}
	return s.tagRows(ctx, conn, s.sql.tags, list)
}

// taxonomy is the whole taxonomy of a site.
func (s *Store) taxonomy(ctx context.Context, conn sqldb.Querier, site string) (*tag.Taxonomy, error) {
	all, err := s.tagRows(ctx, conn, tagsOfSite, site)
	if err != nil {
		return nil, err
	}
	return tag.NewTaxonomy(site, all...), nil
}

// keyRow is a key or a slug of a site as JSON.
type keyRow struct {
	SiteID string `json:"site_id"`
	Key    string `json:"key"`
	TagID  string `json:"tag_id,omitempty"`
}

// need is what of a site's taxonomy is needed.
type need struct{ keys, slugs, ids map[string]bool }

// parts loads what is needed of taxonomies, by site, with all that it leads to.
func (s *Store) parts(ctx context.Context, conn sqldb.Querier, needs map[string]*need) (map[string]*tag.Taxonomy, error) {
	out := make(map[string]*tag.Taxonomy, len(needs))
	var keys, slugs []keyRow
	var ids []string
	for site, n := range needs {
		out[site] = tag.NewTaxonomy(site)
		for key := range n.keys {
			keys = append(keys, keyRow{SiteID: site, Key: key})
		}
		for slug := range n.slugs {
			slugs = append(slugs, keyRow{SiteID: site, Key: slug})
		}
		for id := range n.ids {
			ids = append(ids, id)
		}
	}
	for _, list := range []struct {
		statement string
		rows      []keyRow
	}{{s.sql.named, keys}, {s.sql.addressed, slugs}} {
		if len(list.rows) == 0 {
			continue
		}
		text, err := listOf(list.rows)
		if err != nil {
			return nil, err
		}
		found, err := s.tagRows(ctx, conn, list.statement, text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, add(out, found)...)
	}
	return out, s.complete(ctx, conn, out, ids)
}

// complete loads tags and whatever they lead to.
func (s *Store) complete(ctx context.Context, conn sqldb.Querier, into map[string]*tag.Taxonomy, ids []string) error {
	asked := make(map[string]bool)
	for len(ids) > 0 {
		var missing []string
		for _, id := range ids {
			if !asked[id] && id != "" && !has(into, id) {
				missing = append(missing, id)
			}
			asked[id] = true
		}
		found, err := s.tagsByID(ctx, conn, missing)
		if err != nil {
			return err
		}
		ids = add(into, found)
	}
	return nil
}

// add adds tags to their taxonomies and answers the ids that they lead to.
func add(into map[string]*tag.Taxonomy, found []*tag.Record) (further []string) {
	for _, r := range found {
		x := into[r.Site]
		if x == nil {
			x = tag.NewTaxonomy(r.Site)
			into[r.Site] = x
		}
		if x.Tag(r.ID) == nil {
			x.Add(r)
		}
		further = append(append(further, r.Into...), r.Parent)
	}
	return further
}

func has(in map[string]*tag.Taxonomy, id string) bool {
	for _, x := range in {
		if x.Tag(id) != nil {
			return true
		}
	}
	return false
}

// recordRow is a row of tag as JSON.
type recordRow struct {
	ID       string `json:"id"`
	SiteID   string `json:"site_id"`
	Version  int32  `json:"version"`
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	ParentID string `json:"parent_id"`
	MovedTo  string `json:"moved_to"`
	Record   string `json:"record"`
}

// saveTaxonomy writes the tags that were changed since before and tells of them.
func (s *Store) saveTaxonomy(
	ctx context.Context, tx *sql.Tx, x *tag.Taxonomy, before map[string]tag.View, kind tag.Kind, operation string, now time.Time,
) error {
	seen := x.Seen(before)
	var rows []recordRow
	var names, slugs, noNames, noSlugs []keyRow
	for _, e := range x.Edits() {
		text, err := json.Marshal(e.Is)
		if err != nil {
			return fmt.Errorf("write tag %s: %w", e.Is.ID, err)
		}
		rows = append(rows, recordRow{
			ID: e.Is.ID, SiteID: x.Site(), Version: e.Is.Version, Slug: e.Is.Slug, Name: e.Is.Name, ParentID: e.Is.Parent, MovedTo: e.Is.Successor(), Record: string(text),
		})
		keys, addresses := e.Is.Keys(), e.Is.Slugs()
		if e.Was != nil {
			keys, addresses = append(keys, e.Was.Keys()...), append(addresses, e.Was.Slugs()...)
		}
		for _, key := range keys {
			if to := x.Named(key); to != nil {
				names = append(names, keyRow{SiteID: x.Site(), Key: key, TagID: to.ID})
			} else {
				noNames = append(noNames, keyRow{SiteID: x.Site(), Key: key})
			}
		}
		for _, slug := range addresses {
			if to := x.Addressed(slug); to != nil {
				slugs = append(slugs, keyRow{SiteID: x.Site(), Key: slug, TagID: to.ID})
			} else {
				noSlugs = append(noSlugs, keyRow{SiteID: x.Site(), Key: slug})
			}
		}
	}
	for _, err := range []error{
		saveRows(ctx, tx, s.sql.putTags, rows), saveRows(ctx, tx, s.sql.dropNames, noNames), saveRows(ctx, tx, s.sql.putNames, once(names)),
		saveRows(ctx, tx, s.sql.dropSlugs, noSlugs), saveRows(ctx, tx, s.sql.putSlugs, once(slugs)),
	} {
		if err != nil {
			return fmt.Errorf("save the tags of site %s: %w", x.Site(), err)
		}
	}
	notices := make([]outbox.Entry, len(seen))
	for i, v := range seen {
		was, isOld := before[v.ID]
		notices[i] = wire.TagNotice(v, isOld && !was.Internal && !was.Gone, wire.KindOf(was, v, kind), operation, now)
	}
	return s.out.AppendAll(ctx, tx, notices)
}

// once leaves each row in once: a statement must not write one twice.
func once(rows []keyRow) []keyRow {
	seen := make(map[keyRow]bool, len(rows))
	out := rows[:0]
	for _, r := range rows {
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

// Views reads tags as others see them, by id; those that there are not are left out.
func (s *Store) Views(ctx context.Context, ids []string) ([]tag.View, error) {
	conn := s.db.Conn(ctx)
	found := make(map[string]*tag.Taxonomy)
	if err := s.complete(ctx, conn, found, ids); err != nil {
		return nil, err
	}
	var out []tag.View
	for _, id := range ids {
		for _, x := range found {
			if x.Tag(id) != nil {
				out = append(out, x.View(id))
			}
		}
	}
	return out, nil
}

// TagAt is the tag with a present or former slug, or the one that took its place.
// Faults: NotFound.
func (s *Store) TagAt(ctx context.Context, site, slug string) (tag.View, error) {
	of, err := s.addressed(ctx, site, slug)
	if err != nil {
		return tag.View{}, err
	}
	if len(of) > 0 {
		views, err := s.Views(ctx, []string{of[0].ID})
		if err != nil {
			return tag.View{}, err
		}
		if len(views) > 0 && views[0].Gone && views[0].MovedTo != "" {
			if views, err = s.Views(ctx, []string{views[0].MovedTo}); err != nil {
				return tag.View{}, err
			}
		}
		if len(views) > 0 && !views[0].Gone {
			return views[0], nil
		}
	}
	return tag.View{}, fault.NotFound("there is no tag %s", slug)
}

// addressed is the tag with a present or former slug, if there is one.
func (s *Store) addressed(ctx context.Context, site, slug string) ([]*tag.Record, error) {
	if strings.IndexByte(slug, 0) >= 0 {
		return nil, nil // PostgreSQL takes no NUL, and no slug has one
	}
	return s.tagRows(ctx, s.db.Conn(ctx), ownTags, site, slug)
}

// Children are the tags directly below one, by name.
func (s *Store) Children(ctx context.Context, site, id string) ([]*tag.Record, error) {
	all, err := s.tagRows(ctx, s.db.Conn(ctx), childrenOf, id)
	if err != nil {
		return nil, err
	}
	return tag.NewTaxonomy(site, all...).Children(id), nil
}

// shownNames gives tags that no editor has named the spelling that most posts write.
func (s *Store) shownNames(ctx context.Context, q *db.Queries, x *tag.Taxonomy, ids []string) error {
	for _, id := range ids {
		name, err := q.ShownName(ctx, id)
		if errors.Is(err, sql.ErrNoRows) {
			continue // no post has it: it stays as it was
		}
		if err != nil {
			return fmt.Errorf("read the name of tag %s: %w", id, err)
		}
		x.Respell(id, name)
	}
	return nil
}
