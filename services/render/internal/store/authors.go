package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store/db"
)

// The lists whose length is kept.
const (
	listPosts    = "posts"
	listFeatured = "featured"
	listAuthor   = "author:"
)

// docAuthor is a row as JSON.
type docAuthor struct {
	PostID string `json:"post_id"`
	Slug   string `json:"slug"`
	Name   string `json:"name"`
	Site   string `json:"site"`
}

// authorsOf are the authors of a post that readers see, each once and with an
// address; none of a post that they do not see.
func authorsOf(d *page.Doc) []page.Label {
	if d == nil || d.State != page.Public {
		return nil
	}
	var out []page.Label
	for _, a := range d.Authors {
		if a.Slug != "" && !slices.ContainsFunc(out, func(l page.Label) bool { return l.Slug == a.Slug }) {
			out = append(out, a)
		}
	}
	return out
}

// saveAuthors puts saved posts into the lists of their authors and touches those
// whose name is another one now; page.Touched tells of the lists themselves.
func (s *Store) saveAuthors(ctx context.Context, changes []DocChange, keys []page.Keys) error {
	var drop []string
	var rows []docAuthor
	type renamed struct{ site, slug, post string }
	names := make(map[renamed]page.Keys)
	for i, c := range changes {
		was, is := authorsOf(c.Old), authorsOf(c.Now)
		if !c.Mend && slices.Equal(was, is) && !page.Relisted(c.Old, c.Now) {
			continue
		}
		if len(was) > 0 && !c.Mend {
			drop = append(drop, c.Now.ID)
		}
		for _, a := range is {
			rows = append(rows, docAuthor{PostID: c.Now.ID, Slug: a.Slug, Name: a.Name, Site: c.Now.Site})
			if slices.ContainsFunc(was, func(l page.Label) bool { return l.Slug == a.Slug && l.Name != a.Name }) {
				names[renamed{c.Now.Site, a.Slug, c.Now.ID}] = keys[i]
			}
		}
	}
	if len(drop) > 0 {
		if _, err := s.db.Conn(ctx).ExecContext(ctx, s.sql.dropAuthors, asList(drop)); err != nil {
			return fmt.Errorf("drop the authors of %d posts: %w", len(drop), err)
		}
	}
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.saveAuthors, rows); err != nil {
		return fmt.Errorf("save %d authors of posts: %w", len(rows), err)
	}
	for r, keys := range names {
		newest, err := s.q(ctx).NewestOfAuthor(ctx, db.NewestOfAuthorParams{Site: r.site, Slug: r.slug})
		if err != nil {
			return fmt.Errorf("read the name of author %s: %w", r.slug, err)
		}
		if newest.PostID == r.post {
			keys.Add(page.KeyAuthor(r.slug))
		}
	}
	return nil
}

// Author reads the name of an author of a site; false if nobody of that slug
// wrote a public post.
func (s *Store) Author(ctx context.Context, site, slug string) (page.Label, bool, error) {
	r, err := s.q(ctx).NewestOfAuthor(ctx, db.NewestOfAuthorParams{Site: site, Slug: slug})
	if err != nil {
		return page.Label{}, false, noRows(err, "read the name of author "+slug)
	}
	return page.Label{Slug: slug, Name: r.Name}, true, nil
}

// noRows leaves out that there is nothing.
func noRows(err error, deed string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return fmt.Errorf("%s: %w", deed, err)
}

// damagedAuthors looks at the posts' places in their authors' lists, and drops them.
func (s *Store) damagedAuthors(ctx context.Context, list string, docs []*page.Doc, keys map[string]page.Keys) error {
	type row struct {
		docAuthor
		at sqldb.Time
	}
	found := make(map[string][]row, len(docs))
	err := s.each(ctx, s.sql.authors, func(from scanner) error {
		var r row
		if err := from.Scan(&r.PostID, &r.Slug, &r.Name, &r.Site, &r.at); err != nil {
			return fmt.Errorf("scan an author: %w", err)
		}
		found[r.PostID] = append(found[r.PostID], r)
		return nil
	}, list)
	if err != nil {
		return fmt.Errorf("read the authors of %d posts: %w", len(docs), err)
	}
	for _, d := range docs {
		want := make(map[docAuthor]bool)
		for _, a := range authorsOf(d) {
			want[docAuthor{PostID: d.ID, Slug: a.Slug, Name: a.Name, Site: d.Site}] = true
		}
		for _, r := range found[d.ID] {
			if !want[r.docAuthor] || !r.at.Equal(sqldb.At(d.PublishedAt).Time) {
				keys[d.ID].Add(page.KeyAuthor(r.Slug))
			}
			delete(want, r.docAuthor)
		}
		for a := range want {
			keys[d.ID].Add(page.KeyAuthor(a.Slug))
		}
	}
	if _, err := s.db.Conn(ctx).ExecContext(ctx, s.sql.dropAuthors, list); err != nil {
		return fmt.Errorf("drop the authors of %d posts: %w", len(docs), err)
	}
	return nil
}

// tally is a row as JSON.
type tally struct {
	Site  string `json:"site"`
	List  string `json:"name"`
	Count int    `json:"count"`
}

// listsOf are the lists with a kept length that a post is in.
func listsOf(d *page.Doc) []string {
	if d == nil || d.State != page.Public {
		return nil
	}
	out := []string{listPosts}
	if d.Featured {
		out = append(out, listFeatured)
	}
	for _, a := range authorsOf(d) {
		out = append(out, listAuthor+a.Slug)
	}
	return out
}

// recountLists adds to how long lists are.
func (s *Store) recountLists(ctx context.Context, changes []DocChange, _ []page.Keys) error {
	type list struct{ site, name string }
	by := make(map[list]int)
	for _, c := range changes {
		for _, name := range listsOf(c.Old) {
			by[list{c.Old.Site, name}]--
		}
		for _, name := range listsOf(c.Now) {
			by[list{c.Now.Site, name}]++
		}
	}
	var rows []tally
	shorter := make(map[string]bool)
	for l, n := range by {
		if n != 0 {
			rows = append(rows, tally{Site: l.site, List: l.name, Count: n})
			shorter[l.site] = shorter[l.site] || n < 0
		}
	}
	// Always in the same order: two that add to the same rows must not wait for each other.
	slices.SortFunc(rows, func(a, b tally) int { return strings.Compare(a.Site+" "+a.List, b.Site+" "+b.List) })
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.tally, rows); err != nil {
		return fmt.Errorf("count %d lists: %w", len(rows), err)
	}
	for site, is := range shorter {
		if !is {
			continue
		}
		if err := s.q(ctx).DropEmptyTallies(ctx, site); err != nil {
			return fmt.Errorf("drop the empty lists of site %s: %w", site, err)
		}
	}
	return nil
}

const countLists = `SELECT site, 'posts', count(*) FROM doc WHERE state = 1 GROUP BY site
 UNION ALL SELECT site, 'featured', count(*) FROM doc WHERE state = 1 AND featured = true GROUP BY site
 UNION ALL SELECT site, 'author:' || slug, count(*) FROM doc_author GROUP BY site, slug`

// SettleLists counts all lists anew and returns, by site, the keys that this touches.
func (s *Store) SettleLists(ctx context.Context) (map[string]page.Keys, error) {
	type list struct{ site, name string }
	was, is := make(map[list]int), make(map[list]int)
	for query, into := range map[string]map[list]int{`SELECT site, list, count FROM tally`: was, countLists: is} {
		err := s.each(ctx, query, func(row scanner) error {
			var l list
			var n int
			if err := row.Scan(&l.site, &l.name, &n); err != nil {
				return fmt.Errorf("scan a list: %w", err)
			}
			into[l] = n
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("count all lists: %w", err)
		}
	}
	touched := make(map[string]page.Keys)
	var rows []tally
	differs := func(l list, by int) {
		if touched[l.site] == nil {
			touched[l.site] = make(page.Keys)
		}
		touched[l.site].Add(keyOfList(l.name))
		rows = append(rows, tally{Site: l.site, List: l.name, Count: by})
	}
	for l, n := range is {
		if n != was[l] {
			differs(l, n-was[l])
		}
	}
	for l := range maps.Keys(was) {
		if _, ok := is[l]; ok {
			continue
		}
		differs(l, 0)
		if err := s.q(ctx).DropTally(ctx, db.DropTallyParams{Site: l.site, List: l.name}); err != nil {
			return nil, fmt.Errorf("drop list %s of site %s: %w", l.name, l.site, err)
		}
	}
	rows = slices.DeleteFunc(rows, func(t tally) bool { return t.Count == 0 })
	if err := saveRows(ctx, s.db.Conn(ctx), s.sql.tally, rows); err != nil {
		return nil, fmt.Errorf("count %d lists: %w", len(rows), err)
	}
	return touched, nil
}

// keyOfList is what pages that show a list depend on.
func keyOfList(name string) string {
	switch name {
	case listPosts:
		return page.KeyPosts
	case listFeatured:
		return page.KeyFeatured
	}
	return page.KeyAuthor(strings.TrimPrefix(name, listAuthor))
}
