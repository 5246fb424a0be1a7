package render_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// idOf names the nth post.
func idOf(n int) string { return fmt.Sprintf("%s%04d", postID[:len(postID)-4], n) }

// fill has posts and tags tell of n posts: every fifth has moved, every
// seventh was withdrawn, every eleventh is a draft.
func (w *world) fill(t *testing.T, n int) {
	t.Helper()
	w.owners.setSite(t, siteState(1))
	names := []string{"Go", "GO", "SQL", "Été"}
	ete := tagState(1, "ete", "Été")
	ete.Tag.Names, ete.Tag.Description, ete.Tag.Parent, ete.FormerSlugs = map[string]string{"en": "Summer"}, "*Warm.*", "go", []string{"saison"}
	for _, s := range []*tagsv1.TagState{tagState(1, "go", "Go"), tagState(1, "sql", "SQL"), ete} {
		w.owners.setTag(t, s)
	}
	for i := 1; i <= n; i++ {
		s := public(1)
		s.Id, s.Slug = idOf(i), fmt.Sprintf("p%d", i)
		s.Post.Id, s.Post.Slug, s.Post.Title = s.GetId(), s.GetSlug(), fmt.Sprintf("Post %d", i)
		s.Post.Body = fmt.Sprintf("## Head %d\n\nText *%d*.\n", i, i)
		s.Post.PublishedAt = timestamppb.New(start().Add(time.Duration(i) * time.Hour))
		if i%5 == 0 {
			s.FormerSlugs, s.Aliases = []string{fmt.Sprintf("former-%d", i)}, []string{fmt.Sprintf("/old/%d.html", i)}
		}
		e := &tagsv1.Entry{PostId: s.GetId(), Site: site, Epoch: 1, Version: 1, Indexed: true}
		for k := range 2 {
			name := names[(i*(k+1)+k)%len(names)]
			slug := map[string]string{"Go": "go", "GO": "go", "SQL": "sql", "Été": "ete"}[name]
			e.Tags = append(e.Tags, &tagsv1.Tag{Id: "id-" + slug, Slug: slug, Name: name, Inherited: slug == "sql" && i%3 == 0})
		}
		if e.GetTags()[0].GetSlug() == e.GetTags()[1].GetSlug() {
			e.Tags = e.GetTags()[:1]
		}
		e.Keywords = []string{fmt.Sprint("word", i%9), fmt.Sprint("word", i%13)}[:1+i%2]
		switch {
		case i%7 == 0:
			s.Post, s.Version = nil, 2
			e.Indexed, e.Tags, e.Keywords, e.Version = false, nil, nil, 2
		case i%11 == 0:
			s.Post, s.WasPublic = nil, false
		}
		w.owners.setPost(t.Context(), t, "published", s)
		if s.GetWasPublic() {
			w.owners.setEntry(t, e)
		}
	}
	w.settle(t)
}

// until looks until done says so; two minutes are for ever.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !done() {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("within two minutes it did not come to this: %s", what)
		}
	}
}

// settle waits until all that was told is applied.
func (w *world) settle(t *testing.T) {
	t.Helper()
	for _, owner := range []string{"posts", "tags"} {
		w.owners.mu.Lock()
		pos := w.owners.pos[owner]
		w.owners.mu.Unlock()
		until(t, fmt.Sprintf("%d notices of %s are applied", pos, owner), func() bool {
			return w.number(t, `SELECT coalesce(max(floor), 0) FROM projection_cursor WHERE source = '`+owner+`'`) == pos
		})
	}
}

func (w *world) number(t *testing.T, query string) (n int64) {
	t.Helper()
	if err := w.db.Conn(t.Context()).QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (w *world) execute(t *testing.T, statements ...string) {
	t.Helper()
	err := w.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rebuild rebuilds both read models and waits for the end.
func (w *world) rebuild(t *testing.T) {
	t.Helper()
	for _, source := range []string{"posts", "tags"} {
		if _, err := w.models.RebuildReadModel(t.Context(), &eventsv1.RebuildReadModelRequest{Source: source}); err != nil {
			t.Fatalf("RebuildReadModel(%s): %v", source, err)
		}
		until(t, "render is rebuilt from "+source, func() bool {
			return w.number(t, `SELECT count(*) FROM projection_cursor WHERE rebuild_phase <> ''`) == 0
		})
	}
}

// contents are the rows of the read model.
func (w *world) contents(t *testing.T) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	for table, order := range map[string]string{
		"site": "id", "doc": "post_id", "address": "site, path, post_id", "doc_subject": "post_id, subject", "tag": "id", "tag_former": "slug",
		"doc_author": "post_id, slug", "tally": "site, list",
	} {
		out[table] = w.rows(t, `SELECT * FROM `+table+` ORDER BY `+order)
	}
	return out
}

func (w *world) rows(t *testing.T, query string) (out []string) {
	t.Helper()
	rows, err := w.db.Conn(t.Context()).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for i, v := range values {
			if at, ok := v.(time.Time); ok {
				values[i] = at.UTC()
			}
		}
		out = append(out, fmt.Sprintf("%q %v", columns, values))
	}
	return out
}

// A rebuild that finds every page right still finds that it was forgotten how
// often was told of them: otherwise nothing of them could be told any more.
func TestARebuildMendsHowOftenWasTold(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.fill(t, 3)
		counts := w.rows(t, `SELECT * FROM press_version ORDER BY aggregate_id`)
		w.execute(t, `DELETE FROM press_version`)
		w.rebuild(t)
		if diff := cmp.Diff(counts, w.rows(t, `SELECT * FROM press_version ORDER BY aggregate_id`)); diff != "" {
			t.Fatalf("how often was told (-want +got):\n%s", diff)
		}
		s := public(2)
		s.Id, s.Post.Id, s.Post.Title = idOf(1), idOf(1), "Told once more"
		w.owners.setPost(t.Context(), t, "revised", s)
		w.settle(t)
	})
}

func TestARebuildMendsThePages(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.fill(t, 130)
		want, told := w.contents(t), w.number(t, `SELECT count(*) FROM outbox`)
		paths := []string{"/", "/posts/p1", "/posts/p2", "/posts/p3", "/posts/p4", "/posts/former-5", "/posts/p7", "/tags", "/tags/go", "/tags/sql", "/feed.xml", "/authors/ada", "/archive", "/archive/2026/05", "/sitemap.xml"}
		pages := make(map[string]*renderv1.GetPageResponse)
		for _, path := range paths {
			pages[path] = w.get(t, path)
		}
		w.rebuild(t)
		if n := w.number(t, `SELECT count(*) FROM outbox`); n != told {
			t.Errorf("%d notices after a rebuild of what was right, want none beside the %d", n, told)
		}
		for what, damage := range map[string][]string{
			"a post that was lost":           {`DELETE FROM doc WHERE post_id = '` + idOf(1) + `'`},
			"a text":                         {`UPDATE doc SET html = 'damaged' WHERE post_id = '` + idOf(2) + `'`},
			"headings":                       {`UPDATE doc SET contents = '[]' WHERE post_id = '` + idOf(2) + `'`},
			"a card":                         {`UPDATE doc SET title = 'damaged', published_at = updated_at WHERE post_id = '` + idOf(3) + `'`},
			"a withdrawn post that is shown": {`UPDATE doc SET state = 1 WHERE post_id = '` + idOf(7) + `'`},
			"a draft that is shown":          {`UPDATE doc SET state = 1 WHERE post_id = '` + idOf(11) + `'`},
			"a post that nobody has":         {`UPDATE doc SET state = 0 WHERE post_id = '` + idOf(4) + `'`},
			"places in lists":                {`DELETE FROM doc_subject WHERE post_id IN ('` + idOf(1) + `', '` + idOf(2) + `')`},
			"a place in a list":              {`UPDATE doc_subject SET listed = NOT listed WHERE post_id IN ('` + idOf(3) + `', '` + idOf(4) + `')`},
			"a tag":                          {`UPDATE tag SET name = 'damaged', names = '{}', parent = '' WHERE slug = 'ete'`, `DELETE FROM tag_former`},
			"the order of tags":              {`UPDATE doc_subject SET place = place + 1 WHERE post_id = '` + idOf(6) + `'`},
			"addresses":                      {`DELETE FROM address WHERE post_id = '` + idOf(5) + `'`, `INSERT INTO address (site, path, post_id, kind) VALUES ('` + site + `', '/posts/ghost', '` + idOf(2) + `', 1)`},
			"counts":                         {`UPDATE tag SET count = count + 5`, `DELETE FROM tag WHERE slug = 'sql'`, `INSERT INTO tag (id, site, slug, name, names, description, summary, colour, image, image_alt, parent, former, internal, moved_to, told, count) VALUES ('ghost', '` + site + `', 'ghost', 'Ghost', '{}', '', '', '', '', '', '', '[]', false, '', false, 3)`},
			"the site":                       {`UPDATE site SET title = 'damaged'`},
			"a translation":                  {`UPDATE doc SET translation_key = 'damaged', edited_at = updated_at, image_caption = 'damaged' WHERE post_id = '` + idOf(3) + `'`},
			"places in authors' lists":       {`DELETE FROM doc_author WHERE post_id IN ('` + idOf(1) + `', '` + idOf(2) + `')`, `INSERT INTO doc_author SELECT post_id, 'ghost', 'Ghost', site, published_at FROM doc WHERE post_id = '` + idOf(3) + `'`},
			"a place in an author's list":    {`UPDATE doc_author SET published_at = (SELECT max(updated_at) FROM doc), name = 'damaged' WHERE post_id = '` + idOf(4) + `'`},
			"the lengths of lists":           {`UPDATE tally SET count = count + 5 WHERE list = 'posts'`, `DELETE FROM tally WHERE list = 'author:ada'`, `INSERT INTO tally (site, list, count) VALUES ('` + site + `', 'author:ghost', 3)`},
			"how often it was told":          {`DELETE FROM press_version WHERE aggregate_id IN ('` + idOf(1) + `', '` + idOf(2) + `', '` + site + `')`},
			"everything":                     {`DELETE FROM doc`, `DELETE FROM doc_subject`, `DELETE FROM address`, `DELETE FROM tag`, `DELETE FROM tag_former`, `DELETE FROM doc_author`, `DELETE FROM tally`, `DELETE FROM site`, `DELETE FROM press_version`},
		} {
			w.execute(t, damage...)
			w.rebuild(t)
			if diff := cmp.Diff(want, w.contents(t)); diff != "" {
				t.Fatalf("after damage to %s the rebuilt read model differs (-want +got):\n%s", what, diff)
			}
		}
		for _, path := range paths {
			if got := w.get(t, path); got.GetEtag() != pages[path].GetEtag() || got.GetStatus() != pages[path].GetStatus() {
				t.Errorf("%s is another page than before: %d, was %d", path, got.GetStatus(), pages[path].GetStatus())
			}
		}
		// What was lost goes on above what was told of it.
		now, before := idOf(1), w.number(t, `SELECT max(version) FROM outbox WHERE aggregate_id = '`+idOf(1)+`'`)
		s := public(2)
		s.Id, s.Post.Id = now, now
		w.owners.setPost(t.Context(), t, "revised", s)
		w.settle(t)
		if n := w.number(t, `SELECT version FROM press_version WHERE aggregate_id = '`+now+`'`); n != before+1 {
			t.Errorf("the presses of a post that was lost are at version %d, want %d", n, before+1)
		}
	})
}

// restore has posts go over to a new epoch in which it knows neither the post
// nor, if that is asked for, its site.
func (w *world) restore(t *testing.T, withSite bool) {
	t.Helper()
	o := w.owners
	o.mu.Lock()
	o.epoch = 2
	o.posts[postID] = &postsv1.PostState{Id: postID, Epoch: 2}
	if withSite {
		o.sites[site] = &postsv1.SiteState{Id: site, Epoch: 2}
	}
	o.mu.Unlock()
	// Whatever tells of them now, they are looked at.
	o.tell(t.Context(), t, o.notice("posts", "revised", site, "post", postID, 1, start()))
	if withSite {
		o.tell(t.Context(), t, o.notice("posts", "configured", site, "site", site, 1, start()))
	}
}

func TestWhatAnOlderBackupDoesNotKnowVanishes(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.owners.setSite(t, siteState(1))
		w.told(t)
		w.owners.setPost(t.Context(), t, "published", revised(3, func(s *postsv1.PostState) { s.FormerSlugs = []string{"dawn"} }))
		w.told(t)
		w.restore(t, false)
		facts := w.facts(t)
		want := &renderv1.PostVersion{Id: postID, Epoch: 2, Gone: true}
		if got := facts.GetPost(); got.GetId() != want.GetId() || got.GetEpoch() != want.GetEpoch() || got.GetVersion() != want.GetVersion() || !got.GetGone() {
			t.Errorf("the post of the press is %v, want %v", got, want)
		}
		if diff := cmp.Diff([]string{
			"archive", "author:ada", "card:" + postID, "feed", "month:2026-05", "path:/posts/dawn", "path:/posts/first", "post:" + postID, "posts", "sitemap",
		}, facts.GetKeys()); diff != "" {
			t.Errorf("keys of what vanished (-want +got):\n%s", diff)
		}
		w.status(t, "/posts/first", 410, "")
		w.status(t, "/posts/dawn", 410, "")
		w.shows(t, "/", "First light", false)
		w.shows(t, "/feed.xml", "First light", false)
		// What is written again in the new epoch is there again.
		w.owners.setPost(t.Context(), t, "published", revised(1, func(s *postsv1.PostState) { s.Epoch = 2 }))
		if got := w.facts(t).GetPost(); got.GetGone() || got.GetEpoch() != 2 || got.GetVersion() != 1 {
			t.Errorf("the post of the press is %v, want version 1 of epoch 2", got)
		}
		w.shows(t, "/posts/first", "First light", true)
	})
}

func TestASiteThatAnOlderBackupDoesNotKnowVanishes(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.owners.setSite(t, siteState(1))
		w.told(t)
		w.shows(t, "/", "Daybook", true)
		w.restore(t, true)
		w.wantKeys(t, "the site's end", "site")
		if p, err := w.client.GetPage(t.Context(), &renderv1.GetPageRequest{Site: site, Path: "/"}); err == nil {
			t.Errorf("a page of a site that is gone = %d, want none", p.GetStatus())
		}
	})
}

// facts waits for the next notice.
func (w *world) facts(t *testing.T) *renderv1.PressFacts {
	t.Helper()
	select {
	case msg := <-w.pressed:
		_, n, err := stream.Notice(t.Context(), msg.Header, msg.Data)
		if err != nil {
			t.Fatal(err)
		}
		facts := &renderv1.PressFacts{}
		if err := n.GetFacts().UnmarshalTo(facts); err != nil {
			t.Fatal(err)
		}
		return facts
	case <-time.After(2 * time.Minute):
		t.Fatal("no notice came")
	}
	return nil
}

func TestAPressNamesThePost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.owners.setSite(t, siteState(1))
	if p := w.facts(t).GetPost(); p != nil {
		t.Errorf("the press of a site names the post %v", p)
	}
	for _, step := range []struct {
		kind  string
		state *postsv1.PostState
		gone  bool
		// event and title are what readers are told.
		event, title string
	}{
		{"published", public(2), false, "published", "First light"},
		{"revised", revised(3, func(s *postsv1.PostState) { s.Post.Title = "Second light" }), false, "revised", "Second light"},
		{"withdrawn", &postsv1.PostState{Id: postID, Site: site, Epoch: 1, Version: 4, Slug: "first", WasPublic: true}, true, "withdrawn", "Second light"},
		{"published", public(5), false, "published", "First light"},
		{"revised", revised(6, func(s *postsv1.PostState) { s.Aliases = []string{"/old"} }), false, "", ""},
		{"deleted", &postsv1.PostState{Id: postID, Site: site, Epoch: 1, Version: 7, Slug: "first", WasPublic: true}, true, "withdrawn", "First light"},
	} {
		w.owners.setPost(t.Context(), t, step.kind, step.state)
		f := w.facts(t)
		p := f.GetPost()
		slug, language := "first", "en"
		if step.event == "" {
			slug, language = "", ""
		}
		if f.GetEvent() != step.event || f.GetTitle() != step.title || f.GetSlug() != slug || f.GetLanguage() != language {
			t.Errorf("%s: readers are told of %q %q %q %q, want %q %q", step.kind, f.GetEvent(), f.GetSlug(), f.GetTitle(), f.GetLanguage(), step.event, step.title)
		}
		if p.GetId() != postID || p.GetEpoch() != 1 || p.GetVersion() != step.state.GetVersion() || p.GetGone() != step.gone {
			t.Errorf("%s: the press names %v, want version %d, gone %t", step.kind, p, step.state.GetVersion(), step.gone)
		}
	}
}

func TestAPageIsAtLeastThatNew(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.owners.setSite(t, siteState(1))
		w.told(t)
		w.owners.setPost(t.Context(), t, "published", public(1))
		w.told(t)
		// Posts has version 2, and nothing tells of it.
		w.owners.mu.Lock()
		w.owners.posts[postID] = revised(2, func(s *postsv1.PostState) { s.Post.Title = "Second light" })
		w.owners.mu.Unlock()
		w.shows(t, "/posts/first", "Second light", false)
		for _, path := range []string{"/posts/first", "/"} {
			p, err := w.client.GetPage(t.Context(), &renderv1.GetPageRequest{
				Site: site, Path: path, AtLeast: []*renderv1.PostVersion{{Id: postID, Epoch: 1, Version: 2}},
			})
			if err != nil {
				t.Fatalf("GetPage(%s): %v", path, err)
			}
			if !contains(p, "Second light") {
				t.Errorf("%s is older than it was asked for", path)
			}
		}
		// A version that nobody has keeps no reader from the page.
		p, err := w.client.GetPage(t.Context(), &renderv1.GetPageRequest{
			Site: site, Path: "/posts/first", AtLeast: []*renderv1.PostVersion{{Id: postID, Epoch: 1, Version: 9}},
		})
		if err != nil || !contains(p, "Second light") {
			t.Errorf("GetPage at least at a version that is not there = %d, %v", p.GetStatus(), err)
		}
	})
}
