// Package checker says whether what Parution holds and shows is what its authors
// asked for. It stands on nothing of Parution's: it reads the databases by SQL
// and the pages by HTTP, and works out by itself what must be in them.
package checker

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// The services whose databases are looked at.
const (
	Posts  = "posts"
	Tags   = "tags"
	Render = "render"
)

// Post is a row of the posts.
type Post struct {
	ID, Site, Status, Slug, Title, Body string
	Version                             int32
	Tags                                []string
	Featured, WasPublic                 bool
	PublishedAt, ScheduledFor           time.Time // zero: none
}

// Public tells whether readers see it.
func (p Post) Public() bool { return p.Status == "published" }

// Revision is the content of a post after a change.
type Revision struct {
	Title string   `json:"title"`
	Body  string   `json:"body"`
	Tags  []string `json:"tags"`
}

// Notice is a row of an outbox.
type Notice struct {
	ID, Type, Aggregate, Kind string
	Version, Epoch            int32
	Pos                       int64 // 0: none was given
	Sent                      bool
	At                        time.Time
}

// Place is an epoch and a version.
type Place struct{ Epoch, Version int32 }

// Less is the order of places.
func (p Place) Less(q Place) bool {
	return p.Epoch < q.Epoch || p.Epoch == q.Epoch && p.Version < q.Version
}

// Key names an aggregate in a source.
type Key struct{ Source, Type, ID string }

// Label is a tag that a post carries in a read model.
type Label struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Tag is a tag as the taxonomy has it.
type Tag struct {
	Slug string
	// MovedTo is the id of the tag that took its place; empty if it is there.
	MovedTo string
}

// Entry is what the index of tags, or the keeper of documents, has of a post.
type Entry struct {
	Place // of a document: that of the post; of the index: of the entry itself

	Post, Slug, Title, Text string
	// Shown: 0 never, 1 public, 2 gone.
	Shown       int
	Featured    bool
	PublishedAt time.Time
	Labels      []Label
}

// Dead is a dead letter.
type Dead struct {
	Service, Source, Type, ID, Reason string
}

// State is everything in the databases at one time.
type State struct {
	Posts     map[string]Post
	Revisions map[string]map[int32]Revision
	// Outbox is that of each owner, in the order of writing.
	Outbox map[string][]Notice
	// Epoch is that of each owner now.
	Epoch map[string]int32
	// Versions are what each read model says that it holds.
	Versions map[string]map[Key]Place
	// Index and Docs are the read models of tags and render, by post.
	Index, Docs map[string]Entry
	// Carried are the tags by which the index and render's lists find a post.
	Carried map[string]map[string][]string
	// Counts are how many posts have a tag, by slug, in tags and render.
	Counts map[string]map[string]int
	// Names are the ids of the tags that words lead to, by slug; Tags the tags by id.
	Names map[string]string
	Tags  map[string]Tag
	// Operations are the ids of what was done to tags.
	Operations map[string]bool
	Dead       []Dead
	// Drift is how many aggregates anti-entropy had to mend.
	Drift int
	// SitePage is how many posts are on a page of a list.
	SitePage int
	Site     string // its description
}

// Databases are the open databases of the services.
type Databases map[string]*sql.DB

// Open opens databases by their URLs, "sqlite:PATH" or "postgres://…", for reading.
func Open(urls map[string]string) (Databases, error) {
	d := make(Databases)
	for name, where := range urls {
		driver := "pgx"
		if path, ok := strings.CutPrefix(where, "sqlite:"); ok {
			driver, where = "sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(10000)"
		}
		db, err := sql.Open(driver, where)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open the database of %s: %w", name, err), d.Close())
		}
		db.SetMaxOpenConns(3)
		if driver == "sqlite" {
			db.SetMaxIdleConns(-1) // a file that was replaced must not be read on
		}
		d[name] = db
	}
	return d, nil
}

// Close closes them.
func (d Databases) Close() error {
	var errs []error
	for _, db := range d {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

// moment is a time of either engine; zero: none.
type moment struct{ time.Time }

// Scan implements sql.Scanner.
func (m *moment) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		m.Time = time.Time{}
		return nil
	case time.Time:
		m.Time = v.UTC()
		return nil
	case string:
		for _, layout := range []string{"2006-01-02 15:04:05.999999999-07:00", time.RFC3339Nano} {
			if t, err := time.Parse(layout, v); err == nil {
				m.Time = t.UTC()
				return nil
			}
		}
	}
	return fmt.Errorf("read a time from %v", src)
}

// rows reads all rows of a query.
func rows(ctx context.Context, db *sql.DB, query string, scan func(func(...any) error) error) (err error) {
	r, err := db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for r.Next() {
		if err := scan(r.Scan); err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
	}
	return r.Err()
}

// Load reads everything.
func Load(ctx context.Context, d Databases) (*State, error) {
	s := &State{
		Posts: make(map[string]Post), Revisions: make(map[string]map[int32]Revision), Outbox: make(map[string][]Notice),
		Epoch: make(map[string]int32), Versions: make(map[string]map[Key]Place), Index: make(map[string]Entry), Docs: make(map[string]Entry),
		Carried: map[string]map[string][]string{Tags: {}, Render: {}}, Counts: map[string]map[string]int{Tags: {}, Render: {}},
		Names: make(map[string]string), Tags: make(map[string]Tag), Operations: make(map[string]bool),
	}
	errs := []error{s.loadPosts(ctx, d[Posts]), s.loadRevisions(ctx, d[Posts]), s.loadTaxonomy(ctx, d[Tags]), s.loadIndex(ctx, d[Tags]), s.loadDocs(ctx, d[Render])}
	for _, owner := range []string{Posts, Tags, Render} {
		errs = append(errs, s.loadOutbox(ctx, owner, d[owner]))
	}
	for _, reader := range []string{Tags, Render} {
		errs = append(errs, s.loadReader(ctx, reader, d[reader]))
	}
	return s, errors.Join(errs...)
}

func (s *State) loadPosts(ctx context.Context, db *sql.DB) error {
	err := rows(ctx, db, "SELECT id, site_id, status, slug, title, body, version, tags, featured, was_public, published_at, scheduled_for FROM post",
		func(scan func(...any) error) error {
			var (
				p              Post
				tags           string
				published, due moment
			)
			if err := scan(&p.ID, &p.Site, &p.Status, &p.Slug, &p.Title, &p.Body, &p.Version, &tags, &p.Featured, &p.WasPublic, &published, &due); err != nil {
				return err
			}
			p.PublishedAt, p.ScheduledFor = published.Time, due.Time
			s.Posts[p.ID] = p
			if err := json.Unmarshal([]byte(tags), &p.Tags); err != nil {
				return err
			}
			s.Posts[p.ID] = p
			return nil
		})
	return errors.Join(err, rows(ctx, db, "SELECT posts_per_page, description FROM site WHERE id = 'main'", func(scan func(...any) error) error {
		return scan(&s.SitePage, &s.Site)
	}))
}

func (s *State) loadRevisions(ctx context.Context, db *sql.DB) error {
	return rows(ctx, db, "SELECT post_id, number, content FROM post_revision", func(scan func(...any) error) error {
		var (
			id, content string
			number      int32
			r           Revision
		)
		if err := scan(&id, &number, &content); err != nil {
			return err
		}
		if s.Revisions[id] == nil {
			s.Revisions[id] = make(map[int32]Revision)
		}
		err := json.Unmarshal([]byte(content), &r)
		s.Revisions[id][number] = r
		return err
	})
}

func (s *State) loadOutbox(ctx context.Context, owner string, db *sql.DB) error {
	err := rows(ctx, db, "SELECT owner, epoch FROM outbox_owner", func(scan func(...any) error) error {
		var (
			name  string
			epoch int32
		)
		err := scan(&name, &epoch)
		s.Epoch[name] = epoch
		return err
	})
	if err != nil {
		return err
	}
	return rows(ctx, db, "SELECT id, aggregate_type, aggregate_id, kind, version, epoch, pos, stream_seq, created_at FROM outbox ORDER BY n",
		func(scan func(...any) error) error {
			var (
				n          Notice
				epoch, pos sql.NullInt64
				seq        sql.NullInt64
				at         moment
			)
			if err := scan(&n.ID, &n.Type, &n.Aggregate, &n.Kind, &n.Version, &epoch, &pos, &seq, &at); err != nil {
				return err
			}
			n.Epoch, n.Pos, n.Sent, n.At = int32(epoch.Int64), pos.Int64, seq.Valid, at.Time
			s.Outbox[owner] = append(s.Outbox[owner], n)
			return nil
		})
}

func (s *State) loadReader(ctx context.Context, name string, db *sql.DB) error {
	versions := make(map[Key]Place)
	s.Versions[name] = versions
	err := rows(ctx, db, "SELECT source, aggregate_type, aggregate_id, epoch, version FROM projection_version", func(scan func(...any) error) error {
		var (
			k Key
			p Place
		)
		err := scan(&k.Source, &k.Type, &k.ID, &p.Epoch, &p.Version)
		versions[k] = p
		return err
	})
	dead := rows(ctx, db, "SELECT source, aggregate_type, aggregate_id, reason FROM dead_letter WHERE parked_at IS NOT NULL", func(scan func(...any) error) error {
		l := Dead{Service: name}
		err := scan(&l.Source, &l.Type, &l.ID, &l.Reason)
		s.Dead = append(s.Dead, l)
		return err
	})
	drift := rows(ctx, db, "SELECT drift_repaired FROM projection_cursor", func(scan func(...any) error) error {
		var n int
		err := scan(&n)
		s.Drift += n
		return err
	})
	return errors.Join(err, dead, drift)
}

func (s *State) loadTaxonomy(ctx context.Context, db *sql.DB) error {
	names := rows(ctx, db, "SELECT key, tag_id FROM tag_name", func(scan func(...any) error) error {
		var key, id string
		err := scan(&key, &id)
		s.Names[key] = id
		return err
	})
	tags := rows(ctx, db, "SELECT id, slug, moved_to FROM tag", func(scan func(...any) error) error {
		var (
			id string
			t  Tag
		)
		err := scan(&id, &t.Slug, &t.MovedTo)
		s.Tags[id] = t
		return err
	})
	return errors.Join(names, tags, rows(ctx, db, "SELECT id FROM tag_operation", func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		s.Operations[id] = true
		return err
	}))
}

func (s *State) loadIndex(ctx context.Context, db *sql.DB) error {
	err := rows(ctx, db, "SELECT post_id, version, indexed, slug, title, published_at, tags FROM entry", func(scan func(...any) error) error {
		var (
			e       Entry
			indexed bool
			tags    string
			at      moment
		)
		if err := scan(&e.Post, &e.Version, &indexed, &e.Slug, &e.Title, &at, &tags); err != nil {
			return err
		}
		e.PublishedAt, e.Shown = at.Time, 2
		if indexed {
			e.Shown = 1
		}
		var err error
		if tags != "" { // an empty list is written as nothing
			err = json.Unmarshal([]byte(tags), &e.Labels)
		}
		s.Index[e.Post] = e
		return err
	})
	return errors.Join(err, s.loadCounts(ctx, Tags, db,
		"SELECT tag.slug, count(*) FROM entry_tag JOIN tag ON tag.id = entry_tag.tag_id WHERE entry_tag.found = true GROUP BY tag.slug",
		"SELECT entry_tag.post_id, tag.slug FROM entry_tag JOIN tag ON tag.id = entry_tag.tag_id WHERE entry_tag.found = true"))
}

func (s *State) loadDocs(ctx context.Context, db *sql.DB) error {
	err := rows(ctx, db, "SELECT post_id, epoch, version, state, slug, title, html, featured, published_at FROM doc", func(scan func(...any) error) error {
		var (
			e  Entry
			at moment
		)
		err := scan(&e.Post, &e.Epoch, &e.Version, &e.Shown, &e.Slug, &e.Title, &e.Text, &e.Featured, &at)
		e.PublishedAt = at.Time
		s.Docs[e.Post] = e
		return err
	})
	labels := rows(ctx, db, "SELECT s.post_id, t.slug, t.name FROM doc_subject s JOIN tag t ON t.id = s.subject WHERE s.listed = true AND s.inherited = false ORDER BY s.post_id, s.place", func(scan func(...any) error) error {
		var (
			id string
			l  Label
		)
		err := scan(&id, &l.Slug, &l.Name)
		if e, ok := s.Docs[id]; ok {
			e.Labels = append(e.Labels, l)
			s.Docs[id] = e
		}
		return err
	})
	return errors.Join(err, labels, s.loadCounts(ctx, Render, db, "SELECT slug, count FROM tag WHERE count > 0",
		"SELECT s.post_id, t.slug FROM doc_subject s JOIN tag t ON t.id = s.subject WHERE s.listed = true"))
}

func (s *State) loadCounts(ctx context.Context, service string, db *sql.DB, counts, carried string) error {
	err := rows(ctx, db, counts, func(scan func(...any) error) error {
		var (
			slug string
			n    int
		)
		err := scan(&slug, &n)
		s.Counts[service][slug] = n
		return err
	})
	return errors.Join(err, rows(ctx, db, carried, func(scan func(...any) error) error {
		var id, slug string
		err := scan(&id, &slug)
		s.Carried[service][id] = append(s.Carried[service][id], slug)
		return err
	}))
}
