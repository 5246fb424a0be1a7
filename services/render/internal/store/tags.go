package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// namesOf reads the stored form of names.
func namesOf(text string) (map[string]string, error) {
	if text == "{}" {
		return nil, nil //nolint:nilnil // a tag without other names
	}
	var out map[string]string
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("read the names of a tag: %w", err)
	}
	return out, nil
}

// label is a tag of a post, with its names in all languages.
type label struct {
	page.Label

	names map[string]string
	// of is the slug of the tag itself, where another took its place.
	of      string
	visible bool
}

// labels are the tags that each post carries, in its order, also those that readers do
// not see: whether they do may change before the post's entry does.
func (s *Store) labels(ctx context.Context, ids []string) (map[string][]label, error) {
	out := make(map[string][]label, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err := s.each(ctx, s.sql.labels, func(row scanner) error {
		var id, names string
		var l label
		if err := row.Scan(&id, &l.Slug, &l.Name, &names, &l.of, &l.visible); err != nil {
			return fmt.Errorf("scan a tag: %w", err)
		}
		var err error
		l.names, err = namesOf(names)
		// Of a tag that another took the place of and of that one, one is shown.
		if !slices.ContainsFunc(out[id], func(o label) bool { return o.Slug == l.Slug && o.visible == l.visible }) {
			out[id] = append(out[id], l)
		}
		return err
	}, asList(ids))
	if err != nil {
		return nil, fmt.Errorf("read the tags of %d posts: %w", len(ids), err)
	}
	return out, nil
}

// label gives cards their tags, each by its name in the post's language.
func (s *Store) label(ctx context.Context, cards ...*page.Card) error {
	ids := make([]string, len(cards))
	for i, c := range cards {
		ids[i] = c.ID
	}
	all, err := s.labels(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range cards {
		c.Tags, c.Hidden = nil, nil
		for _, l := range all[c.ID] {
			if !l.visible {
				c.Hidden = append(c.Hidden, l.of, l.Slug)
				continue
			}
			c.Tags = append(c.Tags, page.Label{Slug: l.Slug, Name: page.NameIn(l.Name, l.names, c.Language)})
		}
	}
	return nil
}

// subject is something that a post is found under.
type subject struct {
	inherited bool
	place     int
}

// subjects are what each post is found under.
func (s *Store) subjects(ctx context.Context, ids []string) (map[string]map[string]subject, error) {
	out := make(map[string]map[string]subject, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err := s.each(ctx, s.sql.subjects, func(row scanner) error {
		var id, name string
		var one subject
		if err := row.Scan(&id, &name, &one.inherited, &one.place); err != nil {
			return fmt.Errorf("scan a subject: %w", err)
		}
		if out[id] == nil {
			out[id] = make(map[string]subject)
		}
		out[id][name] = one
		return nil
	}, asList(ids))
	if err != nil {
		return nil, fmt.Errorf("read the subjects of %d posts: %w", len(ids), err)
	}
	return out, nil
}

// relist puts saved posts at their places in their subjects' lists.
func (s *Store) relist(ctx context.Context, changes []DocChange, keys []page.Keys) error {
	var ids []string
	for _, c := range changes {
		if page.Relisted(c.Old, c.Now) || c.Mend {
			ids = append(ids, c.Now.ID)
		}
	}
	subjects, err := s.subjects(ctx, ids)
	if err != nil || len(subjects) == 0 {
		return err
	}
	if _, err := s.db.Conn(ctx).ExecContext(ctx, s.sql.relist, asList(ids)); err != nil {
		return fmt.Errorf("relist %d posts: %w", len(ids), err)
	}
	var places []placeInSubject
	touched := make(map[string][]page.Keys)
	for i, c := range changes {
		if !page.Relisted(c.Old, c.Now) { // it was mended, which Damage tells of
			continue
		}
		for name := range subjects[c.Now.ID] {
			touched[name] = append(touched[name], keys[i])
			for _, p := range placesOf(c) {
				places = append(places, placeInSubject{Site: c.Now.Site, Subject: name, Place: p, keys: keys[i]})
			}
		}
	}
	if err := s.touchRelated(ctx, places); err != nil {
		return err
	}
	tags, err := s.tagsByID(ctx, slices.Collect(maps.Keys(touched)))
	if err != nil {
		return err
	}
	for id, t := range tags {
		for _, keys := range touched[id] {
			keys.Add(page.KeyTag(t.Slug))
		}
	}
	return nil
}

// docSubject is a row as JSON.
type docSubject struct {
	PostID    string `json:"post_id"`
	Subject   string `json:"subject"`
	Site      string `json:"site"`
	Inherited bool   `json:"inherited"`
	Place     int    `json:"place"`
}

// maxKeywords is how many of a text's rarest words count: each costs as much as a
// tag whenever a post is published.
const maxKeywords = 6

// subjectsOf are what an entry says that its post is found under.
func subjectsOf(e page.Entry) map[string]subject {
	out := make(map[string]subject, len(e.Tags)+len(e.Keywords))
	for i, t := range e.Tags {
		if _, ok := out[t.ID]; !ok {
			out[t.ID] = subject{inherited: t.Inherited, place: i}
		}
	}
	for _, word := range e.Keywords[:min(maxKeywords, len(e.Keywords))] {
		out[page.Keyword(word)] = subject{inherited: true}
	}
	return out
}

// retagging is what an entry changes of its post.
type retagging struct {
	site string
	// names are all subjects that the post is found under, or was.
	names []string
	keys  page.Keys
	// added and removed are tags, by id.
	added, removed []string
	// listed: it is found under other tags; labelled: it shows other ones, or in another
	// order; related: it is about something else.
	listed, labelled, related bool
}

// compare tells what an entry changes, and which rows it makes.
func compare(e page.Entry, was map[string]subject) (retagging, []docSubject) {
	is := subjectsOf(e)
	r := retagging{site: e.Site, keys: make(page.Keys)}
	var rows []docSubject
	for _, name := range slices.Sorted(maps.Keys(is)) {
		r.names = append(r.names, name)
		old, known := was[name]
		if known && old == is[name] {
			continue
		}
		rows = append(rows, docSubject{PostID: e.PostID, Subject: name, Site: e.Site, Inherited: is[name].inherited, Place: is[name].place})
		r.related = r.related || !known
		if page.IsKeyword(name) {
			continue
		}
		r.labelled = r.labelled || !is[name].inherited || known && !old.inherited
		if !known {
			r.added, r.listed = append(r.added, name), true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[name]; ok {
			continue
		}
		r.names, r.related = append(r.names, name), true
		if !page.IsKeyword(name) {
			r.removed, r.listed, r.labelled = append(r.removed, name), true, r.labelled || !was[name].inherited
		}
	}
	return r, rows
}

// SaveEntries writes what posts are found under, each post once, and returns, post
// by post, the keys that this touches.
func (s *Store) SaveEntries(ctx context.Context, entries []page.Entry) ([]page.Keys, error) {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.PostID
	}
	old, err := s.subjects(ctx, ids)
	if err != nil {
		return nil, err
	}
	keys, all := make([]page.Keys, len(entries)), make([]retagging, len(entries))
	var rows []docSubject
	var tags []tag
	retagged := make(map[string]retagging)
	for i, e := range entries {
		r, changed := compare(e, old[e.PostID])
		all[i], keys[i], rows = r, r.keys, append(rows, changed...)
		for name := range old[e.PostID] {
			if _, stays := subjectsOf(e)[name]; stays {
				continue
			}
			if err := s.q(ctx).DropSubject(ctx, db.DropSubjectParams{PostID: e.PostID, Subject: name}); err != nil {
				return nil, fmt.Errorf("drop subject %s of post %s: %w", name, e.PostID, err)
			}
		}
		if r.labelled {
			keys[i].Add(page.KeyCard(e.PostID), page.KeyPost(e.PostID))
		}
		if r.related {
			retagged[e.PostID] = r
		}
		for _, t := range e.Tags {
			tags = append(tags, tag{ID: t.ID, Site: e.Site, Slug: t.Slug, Name: t.Name})
		}
	}
	if err := s.addTags(ctx, tags); err != nil {
		return nil, err
	}
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.saveSubjects, rows, sqldb.At(whenever())); err != nil {
		return nil, fmt.Errorf("save %d subjects of posts: %w", len(rows), err)
	}
	if err := s.touchRetagged(ctx, retagged); err != nil {
		return nil, err
	}
	return keys, s.recount(ctx, all)
}

// tag is a row as JSON.
type tag struct {
	ID    string `json:"id"`
	Site  string `json:"site"`
	Slug  string `json:"slug"`
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// addTags has rows for tags of which only entries told so far.
func (s *Store) addTags(ctx context.Context, tags []tag) error {
	slices.SortFunc(tags, func(a, b tag) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name)) })
	tags = slices.CompactFunc(tags, func(a, b tag) bool { return a.ID == b.ID })
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.addTags, tags); err != nil {
		return fmt.Errorf("add %d tags: %w", len(tags), err)
	}
	return nil
}

// recount adds to how many posts are found under tags, and touches what shows it.
func (s *Store) recount(ctx context.Context, all []retagging) error {
	by, of := make(map[string]int), make(map[string][]page.Keys)
	with := make(map[string][]page.Keys)
	for _, r := range all {
		for _, id := range r.added {
			by[id]++
			of[id] = append(of[id], r.keys)
		}
		for _, id := range r.removed {
			by[id]--
			of[id] = append(of[id], r.keys)
		}
		for _, name := range r.names {
			if r.listed && !page.IsKeyword(name) {
				with[name] = append(with[name], r.keys)
			}
		}
	}
	tags, err := s.tagsByID(ctx, slices.Collect(maps.Keys(with)))
	if err != nil {
		return err
	}
	var rows []tag
	first := make(map[string][]page.Keys)
	for _, id := range slices.Sorted(maps.Keys(tags)) {
		t := tags[id]
		count := max(0, t.Count+by[id])
		for _, keys := range with[id] {
			keys.Add(page.KeyWith(t.Slug))
		}
		for _, keys := range of[id] {
			keys.Add(page.KeyTag(t.Slug))
			if by[id] != 0 {
				keys.Add(page.KeyTags)
			}
			if page.Weight(count) != page.Weight(t.Count) {
				keys.Add(page.KeyWeight(id))
			}
		}
		if by[id] != 0 {
			rows = append(rows, tag{ID: id, Count: count})
		}
		if t.Count == 0 && count > 0 {
			first[id] = of[id]
		}
	}
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.countTags, rows); err != nil {
		return fmt.Errorf("count %d tags: %w", len(rows), err)
	}
	return s.begin(ctx, all, tags, first)
}

func scanTagged(row scanner) (page.Tagged, error) {
	var t page.Tagged
	var names string
	if err := row.Scan(&t.ID, &t.Slug, &t.Name, &names, &t.Colour, &t.Parent, &t.Count); err != nil {
		return t, fmt.Errorf("scan a tag: %w", err)
	}
	var err error
	t.Names, err = namesOf(names)
	return t, err
}

// tagsByID reads tags, whether readers see them or not; those that nobody knows
// are left out.
func (s *Store) tagsByID(ctx context.Context, ids []string) (map[string]page.Tagged, error) {
	out := make(map[string]page.Tagged, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err := s.each(ctx, s.sql.tagsByID, func(row scanner) error {
		t, err := scanTagged(row)
		out[t.ID] = t
		return err
	}, asList(ids))
	if err != nil {
		return nil, fmt.Errorf("read %d tags: %w", len(ids), err)
	}
	return out, nil
}

// tagged reads the rows of a statement that answers tagColumns.
func (s *Store) tagged(ctx context.Context, query string, args ...any) ([]page.Tagged, error) {
	var out []page.Tagged
	err := s.each(ctx, query, func(row scanner) error {
		t, err := scanTagged(row)
		// Of two with a slug, while one of them is not told of yet, the first counts.
		if !slices.ContainsFunc(out, func(o page.Tagged) bool { return o.Slug == t.Slug }) {
			out = append(out, t)
		}
		return err
	}, args...)
	return out, err
}

// TopTags lists the tags of a site that most posts are found under, at most size.
func (s *Store) TopTags(ctx context.Context, site string, size int) ([]page.Tagged, error) {
	out, err := s.manyTagged(ctx, topTags, site, size)
	if err != nil {
		return nil, fmt.Errorf("list tags of site %s: %w", site, err)
	}
	return out, nil
}

// manyTagged is tagged for long lists, in which two tags of a slug are both there.
func (s *Store) manyTagged(ctx context.Context, query string, args ...any) ([]page.Tagged, error) {
	var out []page.Tagged
	err := s.each(ctx, query, func(row scanner) error {
		t, err := scanTagged(row)
		out = append(out, t)
		return err
	}, args...)
	return out, err
}

// Tags reads the tags of a site with these slugs, in their order; those that
// readers do not see and that no post is found under are left out.
func (s *Store) Tags(ctx context.Context, site string, slugs []string) ([]page.Tagged, error) {
	if len(slugs) == 0 {
		return nil, nil
	}
	return s.tagged(ctx, s.sql.tags, site, asList(slugs))
}

// Children reads the tags of a site right below one that has, or had, these slugs,
// of those that readers see and that posts are found under.
func (s *Store) Children(ctx context.Context, site string, slugs []string) ([]page.Tagged, error) {
	return s.tagged(ctx, s.sql.children, site, asList(slugs))
}

// Tag reads all that is known of a tag; nil if nobody told of it.
func (s *Store) Tag(ctx context.Context, id string) (*page.Tag, error) {
	found, err := s.states(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return found[id], nil
}

func (s *Store) states(ctx context.Context, ids []string) (map[string]*page.Tag, error) {
	out := make(map[string]*page.Tag, len(ids))
	err := s.each(ctx, s.sql.states, func(row scanner) error {
		var t page.Tag
		var names, former string
		var told bool
		err := row.Scan(&t.ID, &t.Site, &t.Slug, &t.Name, &names, &t.Description, &t.Summary, &t.Colour, &t.Image, &t.ImageAlt, &t.Parent, &former,
			&t.Internal, &t.MovedTo, &told)
		if err != nil {
			return fmt.Errorf("scan a tag: %w", err)
		}
		t.Names, err = namesOf(names)
		out[t.ID] = &t
		return errors.Join(err, fromJSON(former, &t.Former))
	}, asList(ids))
	if err != nil {
		return nil, fmt.Errorf("read %d tags: %w", len(ids), err)
	}
	return out, nil
}

// SaveTags writes what the tags service tells of tags, each once, and returns, tag
// by tag, the keys that this touches.
func (s *Store) SaveTags(ctx context.Context, tags []page.Tag) ([]page.Keys, error) {
	keys := make([]page.Keys, len(tags))
	for i := range tags {
		var err error
		if keys[i], err = s.saveTag(ctx, &tags[i]); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (s *Store) saveTag(ctx context.Context, now *page.Tag) (page.Keys, error) {
	old, err := s.Tag(ctx, now.ID)
	if err != nil {
		return nil, err
	}
	if old == nil && now.Site == "" {
		return make(page.Keys), nil // nobody knows anything of it
	}
	target := ""
	if old != nil && old.MovedTo != "" {
		at, err := s.Tag(ctx, old.MovedTo)
		if err != nil {
			return nil, err
		}
		if at != nil {
			target = at.Slug
		}
	}
	if old != nil {
		now.Site = cmp.Or(now.Site, old.Site)
		if !now.Visible() { // its name goes with it, its address stays known
			now.Slug, now.Name = cmp.Or(now.Slug, old.Slug), cmp.Or(now.Name, old.Name)
		}
		if now.MovedTo != "" && old.Slug != "" && !slices.Contains(now.Former, old.Slug) {
			now.Former = append(now.Former, old.Slug)
		}
	}
	names := "{}"
	if len(now.Names) > 0 {
		text, err := json.Marshal(now.Names)
		if err != nil {
			return nil, fmt.Errorf("write the names of tag %s: %w", now.ID, err)
		}
		names = string(text)
	}
	q := s.q(ctx)
	err = q.SaveTag(ctx, db.SaveTagParams{
		ID: now.ID, Site: now.Site, Slug: now.Slug, Name: now.Name, Names: names, Description: now.Description, Summary: now.Summary,
		Colour: now.Colour, Image: now.Image, ImageAlt: now.ImageAlt, Parent: now.Parent, Former: asList(now.Former), Internal: now.Internal, MovedTo: now.MovedTo,
	})
	if err != nil {
		return nil, fmt.Errorf("save tag %s: %w", now.ID, err)
	}
	if err := s.saveFormer(ctx, old, now); err != nil {
		return nil, err
	}
	return page.TouchedByTag(old, now, target), nil
}
