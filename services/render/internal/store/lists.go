package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// Owners lists the posts of a site that have or had the address path.
func (s *Store) Owners(ctx context.Context, site, path string) ([]page.Owner, error) {
	rows, err := s.q(ctx).OwnersOf(ctx, db.OwnersOfParams{Site: site, Path: path})
	if err != nil {
		return nil, fmt.Errorf("find %s of site %s: %w", path, site, err)
	}
	owners := make([]page.Owner, len(rows))
	for i, r := range rows {
		owners[i] = page.Owner{PostID: r.PostID, Slug: r.Slug, Kind: page.AddressKind(r.Kind), State: page.State(r.State)}
	}
	return owners, nil
}

// Cards lists public posts of a site, newest first: size of them after skip,
// and how many there are in all.
func (s *Store) Cards(ctx context.Context, site string, sel page.Selection, size, skip int) ([]page.Card, int, error) {
	ids, total, err := s.selected(ctx, site, sel, size, skip)
	if err != nil || len(ids) == 0 {
		return nil, total, err
	}
	cards, err := s.CardsOf(ctx, site, ids)
	return cards, total, err
}

// CardsOf reads public posts of a site, newest first; those that it has not are
// left out.
func (s *Store) CardsOf(ctx context.Context, site string, ids []string) ([]page.Card, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	cards := make([]page.Card, 0, len(ids))
	err := s.each(ctx, s.sql.cards, func(row scanner) error {
		c, err := scanCard(row)
		cards = append(cards, c)
		return err
	}, site, asList(ids))
	if err != nil {
		return nil, fmt.Errorf("read %d posts of site %s: %w", len(ids), site, err)
	}
	refs := make([]*page.Card, len(cards))
	for i := range cards {
		refs[i] = &cards[i]
	}
	return cards, s.label(ctx, refs...)
}

// Texts lists public posts of a site with their HTML, newest first: size of them
// after skip, and how many there are in all. One of more than maxText characters
// comes without.
func (s *Store) Texts(ctx context.Context, site string, sel page.Selection, size, skip, maxText int) ([]page.Doc, int, error) {
	ids, total, err := s.selected(ctx, site, sel, size, skip)
	if err != nil || len(ids) == 0 {
		return nil, total, err
	}
	docs, err := s.TextsOf(ctx, site, ids, maxText)
	return docs, total, err
}

// TextsOf reads public posts of a site with their HTML, newest first; one of more
// than maxText characters comes without. Those that the site has not are left out.
func (s *Store) TextsOf(ctx context.Context, site string, ids []string, maxText int) ([]page.Doc, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	docs := make([]page.Doc, 0, len(ids))
	err := s.each(ctx, s.sql.texts, func(row scanner) error {
		d := page.Doc{State: page.Public}
		var edited sqldb.Time
		var err error
		if d.Card, err = scanCard(row, &edited, &d.HTML); err != nil {
			return err
		}
		d.EditedAt = edited.Time
		docs = append(docs, d)
		return nil
	}, site, asList(ids), maxText)
	if err != nil {
		return nil, fmt.Errorf("read the texts of %d posts of site %s: %w", len(ids), site, err)
	}
	refs := make([]*page.Card, len(docs))
	for i := range docs {
		refs[i] = &docs[i].Card
	}
	return docs, s.label(ctx, refs...)
}

func (s *Store) selected(ctx context.Context, site string, sel page.Selection, size, skip int) ([]string, int, error) {
	if len(sel.Tags) > 0 {
		return s.withTags(ctx, site, sel.Tags, size, skip)
	}
	var (
		ids   []string
		total int
		err   error
		q     = s.q(ctx)
		n, at = int32(min(size, math.MaxInt32)), int32(min(skip, math.MaxInt32)) //nolint:gosec // bounded on the same line
	)
	switch {
	case sel.Featured:
		if total, err = s.length(ctx, site, listFeatured); err == nil {
			ids, err = q.FeaturedIDs(ctx, db.FeaturedIDsParams{Site: site, Size: n, Skip: at})
		}
	case sel.Author != "":
		if total, err = s.length(ctx, site, listAuthor+sel.Author); err == nil {
			ids, err = q.AuthorIDs(ctx, db.AuthorIDsParams{Site: site, Slug: sel.Author, Size: n, Skip: at})
		}
	case !sel.Until.IsZero():
		since, until := sqldb.At(sel.From), sqldb.At(sel.Until)
		if total, err = howMany(q.CountPeriod(ctx, db.CountPeriodParams{Site: site, Since: since, Until: until})); err == nil {
			ids, err = q.PeriodIDs(ctx, db.PeriodIDsParams{Site: site, Since: since, Until: until, Size: n, Skip: at})
		}
	default:
		if total, err = s.length(ctx, site, listPosts); err == nil {
			ids, err = q.RecentIDs(ctx, db.RecentIDsParams{Site: site, Size: n, Skip: at})
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list posts of site %s: %w", site, err)
	}
	return ids, total, nil
}

// length is how many posts are in a list whose length is kept.
func (s *Store) length(ctx context.Context, site, list string) (int, error) {
	return howMany(s.q(ctx).GetTally(ctx, db.GetTallyParams{Site: site, List: list}))
}

// howMany is a number of rows; what has no row is empty.
func howMany[N int32 | int64](n N, err error) (int, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return int(n), err
}

// withTags lists posts that are found under all of some tags; none if there is one
// that readers do not see.
func (s *Store) withTags(ctx context.Context, site string, slugs []string, size, skip int) ([]string, int, error) {
	tags, err := s.Tags(ctx, site, slugs)
	if err != nil || len(tags) < len(slugs) {
		return nil, 0, err
	}
	if len(tags) > 1 {
		ids := make([]string, len(tags))
		for i, t := range tags {
			ids[i] = t.ID
		}
		return s.withAll(ctx, site, ids, size, skip)
	}
	ids, err := s.q(ctx).TaggedIDs(ctx, db.TaggedIDsParams{
		Site: site, Subject: tags[0].ID, Size: int32(min(size, math.MaxInt32)), Skip: int32(min(skip, math.MaxInt32)), //nolint:gosec // bounded on the same line
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list posts of site %s with tag %s: %w", site, slugs[0], err)
	}
	return ids, tags[0].Count, nil
}

// withAll lists posts that are found under all of several tags, by their ids.
func (s *Store) withAll(ctx context.Context, site string, tags []string, size, skip int) ([]string, int, error) {
	list := asList(tags)
	var total int
	if err := s.db.Conn(ctx).QueryRowContext(ctx, s.sql.countAll, site, list, len(tags)).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count posts with %d tags: %w", len(tags), err)
	}
	var ids []string
	err := s.each(ctx, s.sql.idsAll, func(row scanner) error {
		var id string
		if err := row.Scan(&id); err != nil {
			return fmt.Errorf("scan a post: %w", err)
		}
		ids = append(ids, id)
		return nil
	}, site, list, len(tags), size, skip)
	return ids, total, err
}

// each reads the rows of a statement of dialect.go.
func (s *Store) each(ctx context.Context, query string, scan func(scanner) error, args ...any) (err error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
