// Package store keeps sites and posts, and writes the notice of each change in
// the transaction that makes it. Nothing else in the service writes.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/posts/internal/post"
	"github.com/parution/parution/services/posts/internal/store/db"
	"github.com/parution/parution/services/posts/internal/wire"
)

//go:embed migrations
var files embed.FS

// Migrations is the schema of the store.
func Migrations() sqldb.Migrations {
	return sqldb.Migrations{Name: "posts", FS: sqldb.Sub(files, "migrations")}
}

// Store is the posts service's memory. Safe for concurrent use.
type Store struct {
	db   *sqldb.DB
	out  *outbox.Outbox
	wire wire.Wire
	wake chan<- struct{}
	sql  statements
}

// New makes a store whose notices go to out. It sends on wake, without waiting,
// when a post was scheduled.
func New(database *sqldb.DB, out *outbox.Outbox, w wire.Wire, wake chan<- struct{}) *Store {
	return &Store{db: database, out: out, wire: w, wake: wake, sql: statementsOf(database.Dialect())}
}

func (s *Store) read(ctx context.Context) *db.Queries { return db.New(s.db.Conn(ctx)) }

// Create stores a new post; existing is true if its external id was known, and
// then nothing is written and the known post is answered. A post without a
// slug gets a free one. Faults: Conflict if the slug or an alias is another post's.
func (s *Store) Create(ctx context.Context, p *post.Post, author string) (_ *post.Post, existing bool, err error) {
	generated := p.Snapshot().Content.Slug == ""
	for try := 1; ; try++ {
		out, existing, err := s.create(ctx, p, author)
		if !generated || try == maxSlugTries || fault.KindOf(err) != fault.KindConflict || !refuses(err, "slug") {
			return out, existing, err
		}
		p.SetSlug("") // somebody was quicker with this name: take the next
	}
}

// maxSlugTries bounds how often a generated slug gives way to another post's.
const maxSlugTries = 10

func refuses(err error, field string) bool {
	return slices.ContainsFunc(fault.ViolationsOf(err), func(v fault.Violation) bool { return v.Field == field })
}

func (s *Store) create(ctx context.Context, p *post.Post, author string) (_ *post.Post, existing bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		q, snap := db.New(tx), p.Snapshot()
		if snap.ExternalID != "" {
			id, err := q.FindByExternalID(ctx, db.FindByExternalIDParams{SiteID: snap.Site, ExternalID: snap.ExternalID})
			if err == nil {
				existing = true
				p, err = get(ctx, q, id)
				return err
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("find external id: %w", err)
			}
		}
		if snap.Content.Slug == "" {
			free, err := freeSlug(ctx, q, snap)
			if err != nil {
				return err
			}
			p.SetSlug(free)
			snap = p.Snapshot()
		}
		if err := q.InsertPost(ctx, insertParams(snap)); err != nil {
			if sqldb.Violates(err, "post", "site_id", "external_id") {
				return fault.Wrap(fault.KindConflict, err, "external_id is being imported at the same time")
			}
			return fmt.Errorf("insert post %s: %w", snap.ID, err)
		}
		return s.finish(ctx, tx, post.Snapshot{}, p, author)
	})
	if err != nil {
		return nil, false, err
	}
	return p, existing, nil
}

// Update loads the post, lets fn decide, and stores what it did; if fn changes
// nothing, nothing is written. author is who did it, for the revision. Faults:
// NotFound; Conflict if somebody else changed the post meanwhile; and fn's own.
func (s *Store) Update(ctx context.Context, site, id, author string, fn func(*post.Post) error) (*post.Post, error) {
	var p *post.Post
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		q := db.New(tx)
		var err error
		if p, err = get(ctx, q, id); err != nil {
			return err
		}
		before := p.Snapshot()
		if before.Site != site {
			return notFound()
		}
		if err := fn(p); err != nil {
			return err
		}
		if p.Happened() == "" {
			return nil
		}
		n, err := q.UpdatePost(ctx, updateParams(p.Snapshot(), before.Version))
		if err != nil {
			return fmt.Errorf("update post %s: %w", id, err)
		}
		if n == 0 {
			return fault.Stale("the post was changed at the same time")
		}
		return s.finish(ctx, tx, before, p, author)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// finish writes all that goes with a stored post: addresses, labels, its
// revision and its notice.
func (s *Store) finish(ctx context.Context, tx *sql.Tx, before post.Snapshot, p *post.Post, author string) error {
	q, after := db.New(tx), p.Snapshot()
	if err := claimAddresses(ctx, q, before, after); err != nil {
		return err
	}
	if err := s.writeLabels(ctx, tx, before, after); err != nil {
		return err
	}
	if err := writeRevision(ctx, q, before, p, author); err != nil {
		return err
	}
	if after.Status == post.Scheduled {
		s.db.AfterCommit(ctx, s.wakeScheduler)
	}
	return s.out.Append(ctx, tx, s.wire.Entry(after, p.Happened()))
}

func (s *Store) wakeScheduler() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Get reads a post of a site, also a deleted one. Faults: NotFound.
func (s *Store) Get(ctx context.Context, site, id string) (*post.Post, error) {
	p, err := get(ctx, s.read(ctx), id)
	if err != nil {
		return nil, err
	}
	if p.Snapshot().Site != site {
		return nil, notFound()
	}
	return p, nil
}

// GetBySlug reads the post that a present or former slug leads to. Faults: NotFound.
func (s *Store) GetBySlug(ctx context.Context, site, name string) (*post.Post, error) {
	q := s.read(ctx)
	id, err := q.FindBySlug(ctx, db.FindBySlugParams{SiteID: site, Slug: name})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, notFound()
	}
	if err != nil {
		return nil, fmt.Errorf("find slug: %w", err)
	}
	return get(ctx, q, id)
}

// List lists posts, newest first, deleted ones left out.
func (s *Store) List(ctx context.Context, f post.Filter) ([]*post.Post, error) {
	rows, err := s.read(ctx).ListPosts(ctx, listParams(f))
	if err != nil {
		return nil, fmt.Errorf("list posts: %w", err)
	}
	out := make([]*post.Post, len(rows))
	for i, r := range rows {
		if out[i], err = restore(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func listParams(f post.Filter) db.ListPostsParams {
	before := post.Place{At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ID: "~"}
	if f.Before != nil {
		before = *f.Before
	}
	featured := ""
	if f.Featured != nil {
		featured = map[bool]string{true: "yes", false: "no"}[*f.Featured]
	}
	return db.ListPostsParams{
		SiteID: f.Site, Status: f.Status, Language: f.Language, LanguagePrefix: f.Language + "-%", Featured: featured,
		Tags: keys(f.Tags), Author: slug.Make(f.Author), BeforeSortAt: sqldb.At(before.At), BeforeID: before.ID, PageSize: f.Size,
	}
}

// keys are slugs as the query takes them.
func keys(slugs []string) string {
	if len(slugs) == 0 {
		return ""
	}
	return "," + strings.Join(slugs, ",") + ","
}

func get(ctx context.Context, q *db.Queries, id string) (*post.Post, error) {
	row, err := q.GetPost(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, notFound()
	}
	if err != nil {
		return nil, fmt.Errorf("read post %s: %w", id, err)
	}
	return restore(row)
}

func notFound() error { return fault.NotFound("there is no such post") }

// freeSlug is the first name made from the title that no post ever had. Another
// post may still claim it first; then the caller is told so.
func freeSlug(ctx context.Context, q *db.Queries, p post.Snapshot) (string, error) {
	var failed error
	free := post.FreeSlug(p.Content.SlugBase(), func(name string) bool {
		_, err := q.FindBySlug(ctx, db.FindBySlugParams{SiteID: p.Site, Slug: name})
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			failed = fmt.Errorf("look up slug: %w", err)
			return false
		}
		return err == nil
	})
	return free, failed
}
