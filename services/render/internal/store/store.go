// Package store keeps render's read models, the pages that were pressed from
// them, and the clock that tells which of these are old. Every query names the
// site that it is for.
package store

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/sqldb"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

//go:embed migrations
var files embed.FS

// Migrations is the schema of the service's own tables.
func Migrations() sqldb.Migrations {
	return sqldb.Migrations{Name: "render", FS: sqldb.Sub(files, "migrations")}
}

// Store is render's database. Safe for concurrent use. Methods that change
// something join the transaction that their context is in.
type Store struct {
	db  *sqldb.DB
	out *outbox.Outbox
	sql statements
	now func() time.Time
}

// New makes a store over a database that has the schema.
func New(database *sqldb.DB, out *outbox.Outbox, now func() time.Time) *Store {
	return &Store{db: database, out: out, sql: statementsOf(database.Dialect()), now: now}
}

// InTx runs fn in a transaction; see sqldb.DB.InTx.
func (s *Store) InTx(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	return s.db.InTx(ctx, fn)
}

func (s *Store) q(ctx context.Context) *db.Queries { return db.New(s.db.Conn(ctx)) }

// Clock reads the press clock: what is read afterwards is at least that new.
func (s *Store) Clock(ctx context.Context) (int64, error) {
	clock, err := s.q(ctx).ReadClock(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the press clock: %w", err)
	}
	return clock, nil
}

// Move moves the press clock and holds it until the transaction ends, so that
// changes commit in the order of their clock. A refresh calls it first.
func (s *Store) Move(ctx context.Context) (int64, error) {
	clock, err := s.q(ctx).MoveClock(ctx)
	if err != nil {
		return 0, fmt.Errorf("move the press clock: %w", err)
	}
	return clock, nil
}

// Touch makes every page of site that shows one of keys old.
func (s *Store) Touch(ctx context.Context, site string, keys page.Keys, clock int64) error {
	if len(keys) == 0 {
		return nil
	}
	if _, err := s.db.Conn(ctx).ExecContext(ctx, s.sql.touch, site, asList(keys.Sorted()), clock, sqldb.At(s.now())); err != nil {
		return fmt.Errorf("touch %d keys of site %s: %w", len(keys), site, err)
	}
	return nil
}

// TouchedAt is when one of keys was last touched, of what was touched until
// clock; zero if none ever was.
func (s *Store) TouchedAt(ctx context.Context, site string, keys []string, clock int64) (time.Time, error) {
	var at sqldb.Time
	err := s.db.Conn(ctx).QueryRowContext(ctx, s.sql.touchedAt, site, asList(keys), clock).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("read when %d keys of site %s were touched: %w", len(keys), site, err)
	}
	return at.Time, nil
}

// Kept reads the page at an address if it was pressed with edition and nothing
// that it shows was touched since; false if there is none.
func (s *Store) Kept(ctx context.Context, site, path string, number int, edition string) (page.Page, bool, error) {
	r, err := s.q(ctx).GetPage(ctx, db.GetPageParams{Site: site, Path: path, Number: int32(number)}) //nolint:gosec // page.Parse bounds it
	if errors.Is(err, sql.ErrNoRows) || err == nil && r.Edition != edition {
		return page.Page{}, false, nil
	}
	if err != nil {
		return page.Page{}, false, fmt.Errorf("read page %s of site %s: %w", path, site, err)
	}
	// Read after the page: a change between the two makes the page old, as it should.
	var touched int64
	if err := s.db.Conn(ctx).QueryRowContext(ctx, s.sql.touched, site, r.Keys).Scan(&touched); err != nil {
		return page.Page{}, false, fmt.Errorf("read what was touched of page %s: %w", path, err)
	}
	if touched > r.Clock {
		return page.Page{}, false, nil
	}
	p := page.Page{
		Status: int(r.Status), Location: r.Location, ContentType: r.ContentType, Body: r.Body, ETag: r.Etag, LastModified: r.LastModified.Time,
	}
	if err := json.Unmarshal([]byte(r.Keys), &p.Keys); err != nil {
		return page.Page{}, false, fmt.Errorf("read the keys of page %s: %w", path, err)
	}
	return p, true, nil
}

// Address is where a page is kept.
type Address struct {
	Site, Path string
	Number     int
}

// Keep stores pages. A newer one that is there already stays.
func (s *Store) Keep(ctx context.Context, pages map[Address]page.Kept) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		q := db.New(tx)
		for at, p := range pages {
			body := p.Body
			if body == nil {
				body = []byte{}
			}
			err := q.KeepPage(ctx, db.KeepPageParams{
				Site: at.Site, Path: at.Path, Number: int32(at.Number), Status: int32(p.Status), Location: p.Location, //nolint:gosec // page.Parse bounds it
				ContentType: p.ContentType, Body: body, Etag: p.ETag, LastModified: sqldb.At(p.LastModified),
				Keys: asList(p.Keys), Clock: p.Clock, Edition: p.Edition, PressedAt: sqldb.At(s.now()),
			})
			if err != nil {
				return fmt.Errorf("keep page %s of site %s: %w", at.Path, at.Site, err)
			}
		}
		return nil
	})
}

// pressType is the aggregate type of what a change touched.
const pressType = "press"

// Notice is what one change touched.
type Notice struct {
	Site string
	// Aggregate names what changed: a post's or site's id, or "entry-" and a post's id.
	Aggregate string
	Keys      page.Keys
	// CausedAt is when the owner committed the change.
	CausedAt time.Time
	// Cause is the span of the change, whose trace the notice continues; nil: that of the context.
	Cause trace.Span
	// Post is the post that changed; nil if it was something else.
	Post *renderv1.PostVersion
	// Event is what readers see happen to the post, and Card the post as they know
	// it; empty and nil if they see nothing.
	Event string
	Card  *page.Card
}

// Tell appends notices of different aggregates to the outbox in tx.
func (s *Store) Tell(ctx context.Context, tx *sql.Tx, notices ...Notice) error {
	if len(notices) == 0 {
		return nil
	}
	versions, err := s.nextVersions(ctx, notices)
	if err != nil {
		return err
	}
	entries := make([]outbox.Entry, len(notices))
	for i, n := range notices {
		entries[i] = outbox.Entry{
			Site: n.Site, AggregateType: pressType, AggregateID: n.Aggregate, Version: versions[n.Aggregate], Kind: "pressed",
			Facts: facts(n),
			At:    s.now(), Public: true,
		}
		if n.Cause != nil {
			entries[i].Span = n.Cause.SpanContext()
		}
	}
	return s.out.AppendAll(ctx, tx, entries)
}

func facts(n Notice) *renderv1.PressFacts {
	f := &renderv1.PressFacts{Keys: n.Keys.Sorted(), CausedAt: timestamppb.New(n.CausedAt), Post: n.Post}
	if n.Event != "" && n.Card != nil {
		f.Event, f.Slug, f.Title, f.Language = n.Event, n.Card.Slug, n.Card.Title, n.Card.Language
	}
	return f
}

// nextVersions counts a further notice of each aggregate.
func (s *Store) nextVersions(ctx context.Context, notices []Notice) (map[string]int32, error) {
	names, versions := make([]string, len(notices)), make(map[string]int32, len(notices))
	for i, n := range notices {
		names[i] = n.Aggregate
	}
	err := s.each(ctx, s.sql.nextVersions, func(row scanner) error {
		var name string
		var version int32
		if err := row.Scan(&name, &version); err != nil {
			return fmt.Errorf("scan a version: %w", err)
		}
		versions[name] = version
		return nil
	}, asList(names))
	if err != nil {
		return nil, fmt.Errorf("count the notices of %d aggregates: %w", len(names), err)
	}
	return versions, nil
}

// Remember has the counts of notices of aggregates go on above what was told,
// for when they may have been lost. Idempotent.
func (s *Store) Remember(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	told, err := s.out.Told(ctx, pressType, names)
	if err != nil {
		return err
	}
	for name, version := range told {
		if err := s.q(ctx).RaiseVersion(ctx, db.RaiseVersionParams{AggregateID: name, Version: version}); err != nil {
			return fmt.Errorf("remember the notices of %s: %w", name, err)
		}
	}
	return nil
}

// Adopt makes edition the one that pages are pressed with. If it was another
// one, every page is old: all sites are touched and told of. Idempotent.
func (s *Store) Adopt(ctx context.Context, edition string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		clock, err := s.Move(ctx)
		if err != nil {
			return err
		}
		q := db.New(tx)
		was, err := q.ReadEdition(ctx)
		if err != nil {
			return fmt.Errorf("read the edition: %w", err)
		}
		if was == edition {
			return nil
		}
		if err := q.SetEdition(ctx, edition); err != nil {
			return fmt.Errorf("set the edition: %w", err)
		}
		sites, err := q.ListSites(ctx)
		if err != nil {
			return fmt.Errorf("list sites: %w", err)
		}
		for _, site := range sites {
			keys := page.NewKeys(page.KeySite)
			if err := s.Touch(ctx, site, keys, clock); err != nil {
				return err
			}
			if err := s.Tell(ctx, tx, Notice{Site: site, Aggregate: site, Keys: keys, CausedAt: s.now()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// asList is the stored form of a list.
func asList(names []string) string {
	if names == nil {
		return "[]"
	}
	text, err := json.Marshal(names)
	if err != nil { // strings always marshal
		return "[]"
	}
	return string(text)
}
