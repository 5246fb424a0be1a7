package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/store/db"
	"github.com/parution/parution/services/tags/internal/tag"
	"github.com/parution/parution/services/tags/internal/wire"
)

// Put brings the index up to the posts' states, with a notice of each entry and
// tag that changed at now. It runs in tx.
func (s *Store) Put(ctx context.Context, tx *sql.Tx, items []projection.Item[entry.Post], now time.Time) error {
	w := &writing{s: s, tx: tx, q: db.New(tx), now: now}
	if _, err := turn(ctx, w.q, 0, 0); err != nil {
		return err
	}
	postIDs := make([]string, len(items))
	for i := range items {
		items[i].State.ID = items[i].ID // the state of a post that is not known is empty
		postIDs[i] = items[i].ID
	}
	if err := w.load(ctx, postIDs); err != nil {
		return err
	}
	told, found, texts, err := w.remembered(ctx, items)
	if err != nil {
		return err
	}
	posts := make([]naming, 0, len(items))
	for _, item := range items {
		if item.State.Public {
			posts = append(posts, naming{post: item.ID, site: item.State.Site, names: item.State.TagNames})
		}
	}
	if err := w.taxonomies(ctx, posts); err != nil {
		return err
	}
	for _, item := range items {
		was := w.before[item.ID]
		isLost := was.Version < told[item.ID]
		if isLost {
			was.PostID, was.Version = item.ID, told[item.ID]
			if was.Site == "" {
				was.Site = item.State.Site
			}
		}
		stand := w.stand(item.ID, item.State.Site, item.State.TagNames, item.State.Language, item.State.Public)
		change, changed := was.Follow(item.State, stand)
		isDamaged := item.Mend && !w.isWhole(change.Entry, stand, found[item.ID], texts[item.ID])
		switch {
		case changed:
			w.put(was, change, stand)
			notice := wire.Notice(change, now)
			notice.Span = trace.SpanContextFromContext(item.Context) //nolint:contextcheck // only the span is taken from it
			w.notices = append(w.notices, notice)
		case isLost || isDamaged:
			change.Entry.Version = was.Version
			w.put(was, change, stand)
		case was.PostVersion != item.State.Version && was.Version > 0:
			w.raised = append(w.raised, entryRow{PostID: item.ID, PostVersion: item.State.Version})
			continue
		default:
			continue
		}
		if item.State.Public && (was.TextHash != item.State.TextHash || isDamaged) {
			w.texts = append(w.texts, textRow{PostID: item.ID, source: item.State.Text})
		} else if !item.State.Public {
			w.textless = append(w.textless, item.ID)
		}
	}
	return w.save(ctx)
}

// naming is what of a post decides about its tags.
type naming struct {
	post, site string
	names      []string
}

// textRow is a row of entry_text as JSON.
type textRow struct {
	PostID string `json:"post_id"`
	Source string `json:"source"`

	source any
}

// writing is a transaction that writes entries.
type writing struct {
	s   *Store
	tx  *sql.Tx
	q   *db.Queries
	now time.Time

	before map[string]entry.Entry
	moves  map[string][]tag.Move
	// sites are the taxonomies, or what of them is needed; views how others saw them before.
	sites map[string]*tag.Taxonomy
	views map[string]map[string]tag.View

	entries  []entry.Entry
	rows     []tagRow
	bare     []string // posts whose rows of entry_tag are written anew
	texts    []textRow
	textless []string
	raised   []entryRow
	notices  []outbox.Entry
	open     map[string]map[string]bool // site → tags whose names have to be counted
}

// load reads what the database has of posts.
func (w *writing) load(ctx context.Context, postIDs []string) (err error) {
	if w.before, err = w.s.entries(ctx, w.tx, postIDs); err != nil {
		return fmt.Errorf("read entries: %w", err)
	}
	known := slices.Sorted(maps.Keys(w.before))
	if len(known) == 0 {
		return nil
	}
	w.moves, err = w.s.moves(ctx, w.tx, known)
	return err
}

// taxonomies loads what is needed of the posts' taxonomies and makes the tags of
// names that have none.
func (w *writing) taxonomies(ctx context.Context, posts []naming) error {
	needs := make(map[string]*need)
	of := func(site string) *need {
		if needs[site] == nil {
			needs[site] = &need{keys: make(map[string]bool), ids: make(map[string]bool)}
		}
		return needs[site]
	}
	for _, e := range w.before { // what it drops may have another name now
		for _, t := range e.Tags {
			of(e.Site).ids[t.ID] = true
		}
	}
	for _, p := range posts {
		n := of(p.site)
		for _, name := range p.names {
			if key := tag.Key(name); key != "" {
				n.keys[key] = true
			}
		}
		for _, m := range w.moves[p.post] {
			n.ids[m.From] = true
			for _, id := range m.Into {
				n.ids[id] = true
			}
		}
	}
	var err error
	if w.sites, err = w.s.parts(ctx, w.tx, needs); err != nil {
		return err
	}
	if err := w.rivals(ctx, posts); err != nil {
		return err
	}
	w.views = make(map[string]map[string]tag.View, len(w.sites))
	for site, x := range w.sites {
		w.views[site] = x.Views()
	}
	for _, p := range posts {
		for _, name := range p.names {
			if x := w.sites[p.site]; x.Lacks(name) {
				x.Adopt(name, ids.New())
			}
		}
	}
	return nil
}

// rivals loads the tags that have the names and addresses of tags that are made, or come
// back.
func (w *writing) rivals(ctx context.Context, posts []naming) error {
	needs := make(map[string]*need)
	for _, p := range posts {
		for _, name := range p.names {
			x := w.sites[p.site]
			if !x.Lacks(name) {
				continue
			}
			n := needs[p.site]
			if n == nil {
				n = &need{keys: make(map[string]bool), slugs: make(map[string]bool)}
				needs[p.site] = n
			}
			keys, addresses := x.Rivals(name)
			for _, key := range keys {
				n.keys[key] = true
			}
			for _, slug := range addresses {
				n.slugs[slug] = true
			}
		}
	}
	if len(needs) == 0 {
		return nil
	}
	found, err := w.s.parts(ctx, w.tx, needs)
	if err != nil {
		return err
	}
	for _, x := range found {
		add(w.sites, x.All())
	}
	return nil
}

// stand is what the names of a post stand for.
func (w *writing) stand(post, site string, names []string, language string, public bool) tag.Standing {
	if !public || w.sites[site] == nil {
		return tag.Standing{}
	}
	return w.sites[site].Stand(names, language, w.moves[post])
}

// put notes an entry to be written.
func (w *writing) put(was entry.Entry, c entry.Change, stand tag.Standing) {
	w.entries = append(w.entries, c.Entry)
	if was.Version > 0 {
		w.bare = append(w.bare, c.Entry.PostID)
	}
	w.rows = append(w.rows, w.decidingRows(c.Entry, stand)...)
	w.respelt(was, c.Entry)
}

func (w *writing) decidingRows(e entry.Entry, stand tag.Standing) []tagRow {
	x := w.sites[e.Site]
	return decidingRows(e, stand, func(id, name string) bool { return x.Key(name) == x.Key(x.Tag(id).Name) })
}

// respelt notes the tags whose name may be another one by what an entry was and
// is. Counting takes longer the more posts carry the tag.
func (w *writing) respelt(was, is entry.Entry) {
	note := func(site, id string, open func(shown string) bool) {
		x := w.sites[site]
		if x == nil {
			return
		}
		if r := x.Tag(id); r != nil && (r.Named || !open(r.Name)) {
			return
		}
		if w.open == nil {
			w.open = make(map[string]map[string]bool)
		}
		if w.open[site] == nil {
			w.open[site] = make(map[string]bool)
		}
		w.open[site][id] = true
	}
	younger := is.PublishedAt.After(was.PublishedAt)
	for _, t := range is.Tags {
		i := slices.IndexFunc(was.Tags, func(o tag.Carried) bool { return o.ID == t.ID })
		switch {
		case i < 0:
			note(is.Site, t.ID, func(shown string) bool { return t.Name != shown })
		case was.Tags[i].Name != t.Name:
			note(is.Site, t.ID, func(string) bool { return true })
		case !was.PublishedAt.Equal(is.PublishedAt):
			// Among names of which there are as many the date decides.
			note(is.Site, t.ID, func(shown string) bool { return (t.Name == shown) != younger })
		}
	}
	for _, t := range was.Tags {
		if !slices.ContainsFunc(is.Tags, func(o tag.Carried) bool { return o.ID == t.ID }) {
			note(was.Site, t.ID, func(shown string) bool { return t.Name == shown })
		}
	}
}

// save writes everything that was noted.
func (w *writing) save(ctx context.Context) error {
	if err := w.saveEntries(ctx); err != nil {
		return err
	}
	if err := w.saveTags(ctx); err != nil {
		return err
	}
	return w.s.out.AppendAll(ctx, w.tx, w.notices)
}

func (w *writing) saveEntries(ctx context.Context) error {
	var fresh int64
	for _, e := range w.entries {
		if e.Number == 0 {
			fresh++
		}
	}
	var next int64
	if fresh > 0 {
		last, err := turn(ctx, w.q, fresh, 0)
		if err != nil {
			return err
		}
		next = last.Entries - fresh
	}
	rows := make([]entryRow, len(w.entries))
	for i, e := range w.entries {
		if e.Number == 0 {
			next++
			e.Number = uint32(next) // of 4 billion posts this is not the first trouble
		}
		var err error
		if rows[i], err = rowOf(e); err != nil {
			return err
		}
	}
	for i, t := range w.texts {
		text, err := json.Marshal(t.source)
		if err != nil {
			return fmt.Errorf("write the text of post %s: %w", t.PostID, err)
		}
		w.texts[i].Source = string(text)
	}
	for _, err := range []error{
		saveRows(ctx, w.tx, w.s.sql.putEntries, rows), saveRows(ctx, w.tx, w.s.sql.raisePosts, w.raised),
		saveRows(ctx, w.tx, w.s.sql.dropEntryTags, w.bare), saveRows(ctx, w.tx, w.s.sql.putEntryTags, w.rows),
		saveRows(ctx, w.tx, w.s.sql.dropTexts, w.textless), saveRows(ctx, w.tx, w.s.sql.putTexts, w.texts),
	} {
		if err != nil {
			return fmt.Errorf("put %d entries: %w", len(w.entries), err)
		}
	}
	return nil
}

// saveTags writes the tags that were made or got another name. Their notices come
// before those of the entries.
func (w *writing) saveTags(ctx context.Context) error {
	for _, site := range slices.Sorted(maps.Keys(w.sites)) {
		x := w.sites[site]
		if err := w.s.shownNames(ctx, w.q, x, slices.Sorted(maps.Keys(w.open[site]))); err != nil {
			return err
		}
		if err := w.s.saveTaxonomy(ctx, w.tx, x, w.views[site], "", "", w.now); err != nil {
			return err
		}
	}
	return nil
}
