package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// Translations are the public posts of a site that have a translation key, by
// language; of several in one language the first.
func (s *Store) Translations(ctx context.Context, site, key string) ([]page.Translation, error) {
	if key == "" {
		return nil, nil
	}
	rows, err := s.q(ctx).TranslationsOf(ctx, db.TranslationsOfParams{Site: site, TranslationKey: key})
	if err != nil {
		return nil, fmt.Errorf("find the translations %s of site %s: %w", key, site, err)
	}
	var out []page.Translation
	for _, r := range rows {
		out = addTranslation(out, page.Translation{Language: r.Language, Path: page.PostPath(r.Slug), Title: r.Title})
	}
	return out, nil
}

// addTranslation adds to translations that are sorted by language.
func addTranslation(list []page.Translation, t page.Translation) []page.Translation {
	if n := len(list); n > 0 && list[n-1].Language == t.Language {
		return list
	}
	return append(list, t)
}

// Length is how many public posts a site has.
func (s *Store) Length(ctx context.Context, site string) (int, error) {
	n, err := s.length(ctx, site, listPosts)
	if err != nil {
		return 0, fmt.Errorf("count the posts of site %s: %w", site, err)
	}
	return n, nil
}

// The newest post of each list is found in its index: reading when every post was
// edited would take as long as reading all of them.
const (
	locatedTags = `SELECT slug, (SELECT max(published_at) FROM doc_subject
WHERE doc_subject.site = tag.site AND doc_subject.subject = tag.id AND listed = true)
FROM tag WHERE site = $1` + visible + ` ORDER BY count DESC, slug LIMIT $2`
	// The lists of authors are named "author:" and a slug.
	locatedAuthors = `SELECT substr(list, 8), (SELECT max(published_at) FROM doc_author
WHERE doc_author.site = tally.site AND doc_author.slug = substr(tally.list, 8))
FROM tally WHERE site = $1 AND list LIKE 'author:%' AND count > 0 ORDER BY count DESC, list LIMIT $2`
)

// LocatedTags lists the pages of the tags of a site, at most size: those with
// most posts first. Each changed when its newest post came.
func (s *Store) LocatedTags(ctx context.Context, site string, size int) ([]page.Located, error) {
	return s.located(ctx, locatedTags, site, size, func(slug string) string { return page.TagsPath([]string{slug}) })
}

// LocatedAuthors is LocatedTags for those who wrote the public posts.
func (s *Store) LocatedAuthors(ctx context.Context, site string, size int) ([]page.Located, error) {
	return s.located(ctx, locatedAuthors, site, size, page.AuthorPath)
}

func (s *Store) located(ctx context.Context, query, site string, size int, path func(slug string) string) ([]page.Located, error) {
	var out []page.Located
	err := s.each(ctx, query, func(row scanner) error {
		var slug string
		var at sqldb.NullTime
		if err := row.Scan(&slug, &at); err != nil {
			return fmt.Errorf("scan a list: %w", err)
		}
		out = append(out, page.Located{Path: path(slug), Modified: at.Time})
		return nil
	}, site, size)
	if err != nil {
		return nil, fmt.Errorf("list the addresses of lists of site %s: %w", site, err)
	}
	return out, nil
}

// Latest is when the newest public post of a site was published; zero without posts.
func (s *Store) Latest(ctx context.Context, site string) (time.Time, error) {
	at, err := s.q(ctx).Newest(ctx, site)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("find the newest post of site %s: %w", site, err)
	}
	return at.Time, nil
}

// Located lists the addresses of the public posts of a site, newest first: size
// of them after skip.
func (s *Store) Located(ctx context.Context, site string, size, skip int) ([]page.Located, error) {
	rows, err := s.q(ctx).LocatedPosts(ctx, db.LocatedPostsParams{
		Site: site, Size: int32(min(size, math.MaxInt32)), Skip: int32(min(skip, math.MaxInt32)), //nolint:gosec // bounded on the same line
	})
	if err != nil {
		return nil, fmt.Errorf("list the addresses of posts of site %s: %w", site, err)
	}
	var keys []string
	for _, r := range rows {
		if r.TranslationKey != "" {
			keys = append(keys, r.TranslationKey)
		}
	}
	translations, err := s.translations(ctx, site, keys)
	if err != nil {
		return nil, err
	}
	out := make([]page.Located, len(rows))
	for i, r := range rows {
		d := page.Doc{Card: page.Card{PublishedAt: r.PublishedAt.Time}, EditedAt: r.EditedAt.Time}
		out[i] = page.Located{Path: page.PostPath(r.Slug), Modified: d.Modified(), Language: r.Language}
		if list := translations[r.TranslationKey]; len(list) > 1 {
			out[i].Translations = list
		}
	}
	return out, nil
}

func (s *Store) translations(ctx context.Context, site string, keys []string) (map[string][]page.Translation, error) {
	out := make(map[string][]page.Translation)
	if len(keys) == 0 {
		return out, nil
	}
	err := s.each(ctx, s.sql.translations, func(row scanner) error {
		var key, slug, language string
		if err := row.Scan(&key, &slug, &language); err != nil {
			return fmt.Errorf("scan a translation: %w", err)
		}
		out[key] = addTranslation(out[key], page.Translation{Language: language, Path: page.PostPath(slug)})
		return nil
	}, site, asList(keys))
	if err != nil {
		return nil, fmt.Errorf("find the translations of %d posts: %w", len(keys), err)
	}
	return out, nil
}
