package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/tags/internal/entry"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/store"
	"github.com/parution/parution/services/tags/internal/text"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// shelf is a store and the posts that were put into it.
type shelf struct {
	*store.Store

	db      *sqldb.DB
	version map[string]int32
	last    map[string]entry.Post
}

func newShelf(t testing.TB, database *sqldb.DB) *shelf {
	t.Helper()
	if err := database.Migrate(t.Context(), outbox.Migrations(), projection.Migrations(), store.Migrations()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return &shelf{Store: store.New(database, outbox.New(database, "tags")), db: database, version: make(map[string]int32), last: make(map[string]entry.Post)}
}

// put publishes posts; one without names is withdrawn.
func (s *shelf) put(t testing.TB, posts ...entry.Post) {
	t.Helper()
	items := make([]projection.Item[entry.Post], len(posts))
	for i, p := range posts {
		s.version[p.ID]++
		p.Version = s.version[p.ID]
		s.last[p.ID] = p
		items[i] = item(t.Context(), p)
	}
	err := s.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error { return s.Put(ctx, tx, items, noon()) })
	if err != nil {
		t.Fatalf("put %d posts: %v", len(posts), err)
	}
}

type itemOf = projection.Item[entry.Post]

func item(ctx context.Context, p entry.Post) projection.Item[entry.Post] {
	return projection.Item[entry.Post]{Ref: projection.Ref{Type: "post", ID: p.ID}, Epoch: 1, Version: p.Version, State: p, Context: ctx}
}

// mendAll puts all posts again and tidies up, as a rebuild does.
func (s *shelf) mendAll(ctx context.Context) error {
	var items []projection.Item[entry.Post]
	for _, p := range s.last {
		it := item(ctx, p)
		it.Mend = true
		items = append(items, it)
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.Put(ctx, tx, items, noon()) })
	for after, isFirst := "", true; err == nil && (isFirst || after != ""); isFirst = false {
		after, err = s.Tidy(ctx, after)
	}
	return err
}

func post(n int, names ...string) entry.Post {
	return entry.Post{
		ID: fmt.Sprintf("00000000-0000-7000-8000-%012d", n), Site: "main", Public: true, Slug: fmt.Sprintf("p%d", n), Title: fmt.Sprintf("P%d", n),
		Language: "fr", PublishedAt: noon().Add(time.Duration(n) * time.Minute), TagNames: names, Authors: []string{"Zoé"},
		Text: text.Source{Title: fmt.Sprintf("P%d", n), Body: "texte"}, TextHash: "h", Keywords: []string{"texte"},
	}
}

func withdrawn(n int) entry.Post { return entry.Post{ID: post(n).ID, Site: "main"} }

func TestRecordsAreWhatTheIndexNeeds(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.put(t, post(1, "Transport", "#suivi"), post(2, "transport", "Été"))
		s.put(t, post(3, "été"), withdrawn(2))

		var all []index.Record
		for after := uint32(0); ; {
			page, err := s.Records(t.Context(), after, 1)
			if err != nil {
				t.Fatalf("Records: %v", err)
			}
			if len(page) == 0 {
				break
			}
			all, after = append(all, page...), page[0].Number
		}
		tags := make(map[string]string)
		list, err := s.AllTags(t.Context(), "", 100)
		if err != nil {
			t.Fatalf("AllTags: %v", err)
		}
		for _, tag := range list {
			tags[tag.ID] = fmt.Sprintf("%s %s %v %v %v", tag.Slug, tag.Name, tag.Keys, tag.Addresses, tag.Internal)
		}
		var got []string
		for _, r := range all {
			var carried []string
			for _, id := range r.Tags {
				carried = append(carried, tags[id])
			}
			got = append(got, fmt.Sprintf("%d %s %v %v %v", r.Number, r.Text.Title, carried, r.Text.Labels, r.Authors))
		}
		want := []string{
			"1 P1 [transport Transport [transport] [transport] false internal-suivi #suivi [#suivi] [internal-suivi] true] [Transport] [Zoé]",
			"3 P3 [ete été [ete] [ete] false] [été] [Zoé]",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		of, err := s.RecordsOf(t.Context(), []string{post(2).ID, post(3).ID, post(9).ID})
		if err != nil {
			t.Fatalf("RecordsOf: %v", err)
		}
		slices.SortFunc(of, func(a, b index.Record) int { return int(a.Number) - int(b.Number) })
		if len(of) != 2 || of[0].Public || of[0].Number != 2 || of[0].Version != 2 || !of[1].Public {
			t.Errorf("RecordsOf = %+v, want the tombstone of 2 and the post 3", of)
		}
		sources, err := s.Sources(t.Context(), []uint32{2, 3})
		if err != nil {
			t.Fatalf("Sources: %v", err)
		}
		if len(sources) != 1 || sources[3].Text.Body != "texte" || sources[3].Slug != "p3" {
			t.Errorf("Sources = %+v, want that of post 3", sources)
		}
	})
}

// TestShownIsWhatListsShow compares what lists read of posts with their whole entries.
func TestShownIsWhatListsShow(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, database *sqldb.DB) {
		s := newShelf(t, database)
		s.put(t, post(1, "Transport", "#suivi"), post(2, "Été"), post(3))
		s.put(t, withdrawn(2))
		whole, err := s.Entries(t.Context(), []string{post(1).ID, post(3).ID})
		if err != nil {
			t.Fatalf("Entries: %v", err)
		}
		want := make(map[uint32]entry.Found)
		for _, e := range whole {
			want[e.Number] = entry.Found{Entry: entry.Entry{
				PostID: e.PostID, Site: "main", Number: e.Number, Version: e.Version, Indexed: true, Slug: e.Slug, Title: e.Title, Language: "fr",
				PublishedAt: e.PublishedAt, Tags: e.Tags, Authors: []string{"Zoé"},
			}}
		}
		got, err := s.Shown(t.Context(), []uint32{1, 2, 3, 4})
		if err != nil {
			t.Fatalf("Shown: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) != 2 || len(got[1].Tags) != 2 {
			t.Errorf("Shown (-whole entries +got):\n%s", diff)
		}
		if got, err := s.Shown(t.Context(), nil); len(got) > 0 || err != nil {
			t.Errorf("Shown of no posts = %v, %v", got, err)
		}
	})
}
