package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
)

// window is how many posts before and after a post, in the list of each of its
// subjects, are looked at for what is related to it.
const window = 6

// placesOf are where a saved post was in lists and where it is: none, one or both.
func placesOf(c DocChange) []page.Place {
	var out []page.Place
	if c.Old != nil && c.Old.State == page.Public {
		out = append(out, page.Place{PostID: c.Now.ID, At: c.Old.PublishedAt})
	}
	if c.Now.State == page.Public {
		out = append(out, page.Place{PostID: c.Now.ID, At: c.Now.PublishedAt})
	}
	return out
}

// place is a row as JSON.
type place struct {
	N       int    `json:"n"`
	Site    string `json:"site"`
	Subject string `json:"subject,omitempty"`
	At      string `json:"at"`
	PostID  string `json:"post_id"`
}

func rowOf(n int, site string, p page.Place) place {
	return place{N: n, Site: site, At: sqldb.At(p.At).Text(), PostID: p.PostID}
}

// touchBeside touches the posts whose neighbours are others now: those around
// the places that posts left or took. Around a post that moved without passing
// another the neighbours stay; these show its date, which is another one.
func (s *Store) touchBeside(ctx context.Context, changes []DocChange, keys []page.Keys) error {
	var rows []place
	seen := make(page.Keys) // a key is told once, with the first post that touches it
	for i, c := range changes {
		if !page.Relisted(c.Old, c.Now) {
			continue
		}
		for _, p := range placesOf(c) {
			rows = append(rows, rowOf(i, c.Now.Site, p))
		}
		if c.Now.State == page.Public {
			touchOnce(seen, keys[i], page.KeyBeside(c.Now.ID))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	list, err := asJSON(rows)
	if err != nil {
		return err
	}
	err = s.each(ctx, s.sql.beside, func(row scanner) error {
		var n int
		var newer, older sql.NullString
		if err := row.Scan(&n, &newer, &older); err != nil {
			return fmt.Errorf("scan neighbours: %w", err)
		}
		for _, id := range []sql.NullString{newer, older} {
			if id.Valid {
				touchOnce(seen, keys[n], page.KeyBeside(id.String))
			}
		}
		return nil
	}, list)
	if err != nil {
		return fmt.Errorf("find the neighbours of %d places: %w", len(rows), err)
	}
	return nil
}

func touchOnce(seen, keys page.Keys, key string) {
	if _, ok := seen[key]; !ok {
		seen.Add(key)
		keys.Add(key)
	}
}

// placeInSubject is a place in the list of a subject, and the keys of the post that
// left or took it.
type placeInSubject struct {
	page.Place

	Site, Subject string
	keys          page.Keys
}

// touchRelated touches the posts that looked, or look, at a place for what is
// related to them. Those are the ones that the post at the place looks at: whoever
// is among the next few of another has it among its own. So a post's related ones
// are exact: they depend on who is around it in the lists of its subjects, on all
// subjects of these, on their dates and on the weights of the tags, and on nothing else.
func (s *Store) touchRelated(ctx context.Context, places []placeInSubject) error {
	seen := make(page.Keys)
	return s.windows(ctx, places, func(n int, ids []string) {
		for _, id := range ids {
			touchOnce(seen, places[n].keys, page.KeyRelated(id))
		}
	})
}

// windows finds the posts around places in subjects; found is told of each place once.
func (s *Store) windows(ctx context.Context, places []placeInSubject, found func(n int, ids []string)) error {
	if len(places) == 0 {
		return nil
	}
	rows := make([]place, len(places))
	for i, p := range places {
		rows[i] = rowOf(i, p.Site, p.Place)
		rows[i].Subject = p.Subject
	}
	list, err := asJSON(rows)
	if err != nil {
		return err
	}
	err = s.each(ctx, s.sql.windows, func(row scanner) error {
		var n int
		var newer, older sql.NullString
		if err := row.Scan(&n, &newer, &older); err != nil {
			return fmt.Errorf("scan the posts around a place: %w", err)
		}
		found(n, append(strings.Fields(newer.String), strings.Fields(older.String)...))
		return nil
	}, list, window)
	if err != nil {
		return fmt.Errorf("find the posts around %d places: %w", len(places), err)
	}
	return nil
}

// touchRetagged touches the posts that are around a post in the lists of what it
// is or was about: also where its place stays, it has more or less in common
// with them.
func (s *Store) touchRetagged(ctx context.Context, posts map[string]retagging) error {
	if len(posts) == 0 {
		return nil
	}
	ids := make([]string, 0, len(posts))
	for id := range posts {
		ids = append(ids, id)
	}
	var places []placeInSubject
	err := s.each(ctx, s.sql.published, func(row scanner) error {
		var id, site string
		var at sqldb.Time
		if err := row.Scan(&id, &site, &at); err != nil {
			return fmt.Errorf("scan a place: %w", err)
		}
		r := posts[id]
		if site != r.site {
			return nil
		}
		r.keys.Add(page.KeyRelated(id))
		for _, name := range r.names {
			places = append(places, placeInSubject{Place: page.Place{PostID: id, At: at.Time}, Site: site, Subject: name, keys: r.keys})
		}
		return nil
	}, asList(ids))
	if err != nil {
		return fmt.Errorf("find %d posts whose subjects changed: %w", len(ids), err)
	}
	return s.touchRelated(ctx, places)
}

// Beside are the posts of a site published just after and just before a place;
// empty at the ends.
func (s *Store) Beside(ctx context.Context, site string, p page.Place) (newer, older string, err error) {
	list, err := asJSON([]place{rowOf(0, site, p)})
	if err != nil {
		return "", "", err
	}
	var n int
	var after, before sql.NullString
	if err := s.db.Conn(ctx).QueryRowContext(ctx, s.sql.beside, list).Scan(&n, &after, &before); err != nil {
		return "", "", fmt.Errorf("find the neighbours of post %s: %w", p.PostID, err)
	}
	return after.String, before.String, nil
}

// Around is what a post of a site is about: its tags, each with how many posts are
// found under it, and its keywords; and the posts around it in the lists of these.
func (s *Store) Around(ctx context.Context, site string, p page.Place) (map[string]int, []page.Candidate, error) {
	all, err := s.subjects(ctx, []string{p.PostID})
	if err != nil || len(all) == 0 {
		return nil, nil, err
	}
	names := slices.Sorted(maps.Keys(all[p.PostID]))
	tags, err := s.tagsByID(ctx, names)
	if err != nil {
		return nil, nil, err
	}
	counts := make(map[string]int, len(names))
	places := make([]placeInSubject, len(names))
	for i, name := range names {
		counts[name] = tags[name].Count
		places[i] = placeInSubject{Place: p, Site: site, Subject: name}
	}
	ids := make(map[string]struct{})
	err = s.windows(ctx, places, func(_ int, found []string) {
		for _, id := range found {
			ids[id] = struct{}{}
		}
	})
	if err != nil || len(ids) == 0 {
		return counts, nil, err
	}
	candidates, err := s.candidates(ctx, ids)
	return counts, candidates, err
}

func (s *Store) candidates(ctx context.Context, ids map[string]struct{}) ([]page.Candidate, error) {
	names := make([]string, 0, len(ids))
	for id := range ids {
		names = append(names, id)
	}
	byID := make(map[string]*page.Candidate, len(ids))
	var order []string
	err := s.each(ctx, s.sql.placesOf, func(row scanner) error {
		var id, name string
		var at sqldb.Time
		if err := row.Scan(&id, &name, &at); err != nil {
			return fmt.Errorf("scan a subject of a post: %w", err)
		}
		c, ok := byID[id]
		if !ok {
			c = &page.Candidate{Place: page.Place{PostID: id, At: at.Time}}
			byID[id], order = c, append(order, id)
		}
		c.Subjects = append(c.Subjects, name)
		return nil
	}, asList(names))
	if err != nil {
		return nil, fmt.Errorf("read the subjects of %d posts: %w", len(ids), err)
	}
	out := make([]page.Candidate, len(order))
	for i, id := range order {
		out[i] = *byID[id]
	}
	return out, nil
}

// period is a row as JSON.
type period struct {
	N     int    `json:"n"`
	Since string `json:"since"`
	Until string `json:"until"`
}

// Months lists the months of zone in which posts of a site were published,
// newest first; of one year, or of all for 0.
func (s *Store) Months(ctx context.Context, site string, year int, zone *time.Location) ([]page.Month, error) {
	months, err := s.monthsBetween(ctx, site, year, zone)
	if err != nil || len(months) == 0 {
		return nil, err
	}
	rows := make([]period, len(months))
	for i, m := range months {
		from, until := page.Period{Year: m.Year, Month: m.Month}.Bounds(zone)
		rows[i] = period{N: i, Since: sqldb.At(from).Text(), Until: sqldb.At(until).Text()}
	}
	list, err := asJSON(rows)
	if err != nil {
		return nil, err
	}
	var out []page.Month
	err = s.each(ctx, s.sql.months, func(row scanner) error {
		var n, count int
		if err := row.Scan(&n, &count); err != nil {
			return fmt.Errorf("scan a month: %w", err)
		}
		if count > 0 {
			months[n].Count = count
			out = append(out, months[n])
		}
		return nil
	}, site, list)
	if err != nil {
		return nil, fmt.Errorf("count the posts of %d months: %w", len(months), err)
	}
	return out, nil
}

// monthsBetween lists the months that may have posts, newest first.
func (s *Store) monthsBetween(ctx context.Context, site string, year int, zone *time.Location) ([]page.Month, error) {
	if year != 0 {
		from, until := page.Period{Year: year}.Bounds(zone)
		return page.Months(from, until.Add(-1), zone), nil
	}
	oldest, err := s.q(ctx).Oldest(ctx, site)
	if err != nil {
		return nil, noRows(err, "find the oldest post of site "+site)
	}
	newest, err := s.q(ctx).Newest(ctx, site)
	if err != nil {
		return nil, noRows(err, "find the newest post of site "+site)
	}
	return page.Months(oldest.Time, newest.Time, zone), nil
}
