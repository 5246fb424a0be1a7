package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/store/db"
	"github.com/parution/parution/services/posts/internal/wire"
)

// statements are those that sqlc cannot share between the engines, because they
// take a list; it travels as JSON.
type statements struct {
	// posts: list of ids → the columns of post.
	posts string
	// slugs: list of post ids → post_id, slug, by slug.
	slugs string
	// among: list of ids, site, status, language, what languages of regions of it are LIKE,
	// featured, author, place (time and id), how many → id, the newest first.
	among string
	// insertLabels: post id, list of label.
	insertLabels string
}

func statementsOf(d sqldb.Dialect) statements {
	in := `IN (SELECT item FROM ` + d.List("$1") + `)`
	return statements{
		posts: `SELECT id, site_id, version, status, slug, title, body, format, language, tags, authors, aliases, featured,
 excerpt, image, image_alt, external_id, created_by, was_public, created_at, updated_at, published_at, scheduled_for, sort_at,
 image_caption, translation_key, edited_at
 FROM post WHERE id ` + in,
		slugs: `SELECT post_id, slug FROM post_slug WHERE post_id ` + in + ` ORDER BY slug`,
		among: `SELECT id FROM post WHERE id ` + in + ` AND site_id = $2 AND status <> 'deleted'
 AND (CAST($3 AS text) = '' OR status = $3)
 AND (CAST($4 AS text) = '' OR language = $4 OR language LIKE $5)
 AND (CAST($6 AS text) = '' OR featured = (CAST($6 AS text) = 'yes'))
 AND (CAST($7 AS text) = '' OR EXISTS (SELECT 1 FROM post_label WHERE post_label.post_id = post.id AND post_label.kind = 'author' AND post_label.slug = $7))
 AND (sort_at, id) < ($8, CAST($9 AS text))
 ORDER BY sort_at DESC, id DESC LIMIT $10`,
		insertLabels: `INSERT INTO post_label (post_id, kind, slug) SELECT $1, kind, slug FROM ` + d.Records("$2", "kind text", "slug text") + ` WHERE true ON CONFLICT DO NOTHING`,
	}
}

// States reads posts of any site by id, with the owner's epoch; unknown ids are
// left out.
func (s *Store) States(ctx context.Context, ids []string) (epoch int32, _ []post.State, err error) {
	if epoch, err = s.out.Epoch(ctx); err != nil {
		return 0, nil, err
	}
	posts, err := s.posts(ctx, ids)
	if err != nil {
		return 0, nil, err
	}
	slugs, err := s.slugs(ctx, ids)
	if err != nil {
		return 0, nil, err
	}
	var out []post.State
	for _, id := range ids {
		p, ok := posts[id]
		if !ok {
			continue
		}
		st := post.State{Post: p.Snapshot()}
		for _, name := range slugs[id] {
			if name != st.Post.Content.Slug {
				st.Former = append(st.Former, name)
			}
		}
		out = append(out, st)
	}
	return epoch, out, s.hash(ctx, out)
}

// hash puts the public hashes that were told into states.
func (s *Store) hash(ctx context.Context, states []post.State) error {
	versions := make(map[string]int32, len(states))
	for _, st := range states {
		versions[st.Post.ID] = st.Post.Version
	}
	hashes, err := s.out.PublicHashes(ctx, wire.TypePost, versions)
	if err != nil {
		return err
	}
	for i := range states {
		states[i].PublicHash = hashes[states[i].Post.ID]
	}
	return nil
}

func (s *Store) posts(ctx context.Context, ids []string) (map[string]*post.Post, error) {
	out := make(map[string]*post.Post, len(ids))
	err := s.each(ctx, s.sql.posts, ids, func(scan func(...any) error) error {
		var r db.Post
		err := scan(&r.ID, &r.SiteID, &r.Version, &r.Status, &r.Slug, &r.Title, &r.Body, &r.Format, &r.Language, &r.Tags, &r.Authors, &r.Aliases,
			&r.Featured, &r.Excerpt, &r.Image, &r.ImageAlt, &r.ExternalID, &r.CreatedBy, &r.WasPublic, &r.CreatedAt, &r.UpdatedAt, &r.PublishedAt,
			&r.ScheduledFor, &r.SortAt, &r.ImageCaption, &r.TranslationKey, &r.EditedAt)
		if err != nil {
			return err
		}
		out[r.ID], err = restore(r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %d posts: %w", len(ids), err)
	}
	return out, nil
}

// slugs are all slugs that lead to each post.
func (s *Store) slugs(ctx context.Context, ids []string) (map[string][]string, error) {
	out := make(map[string][]string, len(ids))
	err := s.each(ctx, s.sql.slugs, ids, func(scan func(...any) error) error {
		var id, name string
		if err := scan(&id, &name); err != nil {
			return err
		}
		out[id] = append(out[id], name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the slugs of %d posts: %w", len(ids), err)
	}
	return out, nil
}

// Among are the posts of ids that a filter lets through, as List lists them; it does
// not look at the filter's tags.
func (s *Store) Among(ctx context.Context, f post.Filter, ids []string) ([]*post.Post, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	p := listParams(f)
	var found []string
	err := s.each(ctx, s.sql.among, ids, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		found = append(found, id)
		return err
	}, p.SiteID, p.Status, p.Language, p.LanguagePrefix, p.Featured, p.Author, p.BeforeSortAt, p.BeforeID, p.PageSize)
	if err != nil {
		return nil, fmt.Errorf("list some of %d posts: %w", len(ids), err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	posts, err := s.posts(ctx, found)
	if err != nil {
		return nil, err
	}
	out := make([]*post.Post, 0, len(found))
	for _, id := range found {
		if p, ok := posts[id]; ok {
			out = append(out, p)
		}
	}
	return out, nil
}

// each reads the rows of a statement whose first parameter is a list.
func (s *Store) each(ctx context.Context, query string, names []string, row func(scan func(...any) error) error, more ...any) (err error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, query, append([]any{list(names)}, more...)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// label is a row as JSON.
type label struct {
	Kind string `json:"kind"`
	Slug string `json:"slug"`
}

// insertLabels makes a post found by its tags and authors.
func (s *Store) insertLabels(ctx context.Context, conn sqldb.Querier, id string, c post.Content) error {
	var rows []label
	for _, name := range c.Tags {
		rows = append(rows, label{Kind: "tag", Slug: slug.Make(name)})
	}
	for _, name := range c.Authors {
		rows = append(rows, label{Kind: "author", Slug: slug.Make(name)})
	}
	if len(rows) == 0 {
		return nil
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("marshal the labels of post %s: %w", id, err)
	}
	if _, err := conn.ExecContext(ctx, s.sql.insertLabels, id, string(text)); err != nil {
		return fmt.Errorf("insert labels: %w", err)
	}
	return nil
}
