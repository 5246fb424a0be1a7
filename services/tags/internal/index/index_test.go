package index_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/tags/internal/index"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

func published() index.Post {
	return index.Post{
		ID: "p", Site: "main", Public: true, Slug: "a", Title: "A", Language: "en", PublishedAt: noon(), TagNames: []string{"Go", "Été"},
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	goTag, ete := index.Tag{Slug: "go", Name: "Go"}, index.Tag{Slug: "ete", Name: "Été"}
	entry := index.Entry{
		PostID: "p", Site: "main", Version: 3, Indexed: true, Slug: "a", Title: "A", Language: "en", PublishedAt: noon(), Tags: []index.Tag{goTag, ete},
	}
	tombstone := index.Entry{PostID: "p", Site: "main", Version: 4}
	with := func(change func(*index.Post)) index.Post {
		p := published()
		change(&p)
		return p
	}
	changed := func(change func(*index.Entry)) index.Entry {
		e := entry
		e.Version++
		change(&e)
		return e
	}
	cases := []struct {
		name string
		old  index.Entry
		post index.Post
		want *index.Change // nil: nothing
	}{
		{"first published", index.Entry{}, published(), &index.Change{
			Entry: changed(func(e *index.Entry) { e.Version = 1 }), Kind: index.Indexed, Added: []index.Tag{goTag, ete},
		}},
		{"never public", index.Entry{}, index.Post{ID: "p", Site: "main"}, nil},
		{"nothing that shows", entry, published(), nil},
		{"title", entry, with(func(p *index.Post) { p.Title = "B" }), &index.Change{
			Entry: changed(func(e *index.Entry) { e.Title = "B" }), Kind: index.Indexed,
		}},
		{"slug, language and date", entry, with(func(p *index.Post) { p.Slug, p.Language, p.PublishedAt = "b", "fr", noon().Add(1000) }), &index.Change{
			Entry: changed(func(e *index.Entry) { e.Slug, e.Language, e.PublishedAt = "b", "fr", noon().Add(1000) }), Kind: index.Indexed,
		}},
		{"the same moment elsewhere", entry, with(func(p *index.Post) { p.PublishedAt = noon().In(time.FixedZone("", 3600)) }), nil},
		{"another tag", entry, with(func(p *index.Post) { p.TagNames = []string{"Go", "SQL"} }), &index.Change{
			Entry: changed(func(e *index.Entry) { e.Tags = []index.Tag{goTag, {Slug: "sql", Name: "SQL"}} }), Kind: index.Indexed,
			Added: []index.Tag{{Slug: "sql", Name: "SQL"}}, Dropped: []index.Tag{ete},
		}},
		{"another spelling", entry, with(func(p *index.Post) { p.TagNames = []string{"GO", "Été"} }), &index.Change{
			Entry: changed(func(e *index.Entry) { e.Tags = []index.Tag{{Slug: "go", Name: "GO"}, ete} }), Kind: index.Indexed,
		}},
		{"repeated and empty names", entry, with(func(p *index.Post) { p.TagNames = []string{"Go", "!", "go", "Été", "ETE"} }), nil},
		{"gone", entry, index.Post{ID: "p", Site: "main"}, &index.Change{
			Entry: tombstone, Kind: index.Removed, Dropped: []index.Tag{goTag, ete},
		}},
		{"gone again", tombstone, index.Post{ID: "p", Site: "main"}, nil},
		{"back", tombstone, published(), &index.Change{
			Entry: changed(func(e *index.Entry) { e.Version = 5 }), Kind: index.Indexed, Added: []index.Tag{goTag, ete},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := c.old.Follow(c.post)
			if ok != (c.want != nil) {
				t.Fatalf("Follow changes: %v, want %v", ok, c.want != nil)
			}
			if c.want == nil {
				return
			}
			if diff := cmp.Diff(*c.want, got); diff != "" {
				t.Errorf("Follow (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text string
		want []string // nil: refused
	}{
		{"go", []string{"go"}},
		{"Go+Été+go", []string{"ete", "go"}},
		{"two words", []string{"two-words"}},
		{"a+b+c+d+e+f+g+h+i+j", []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}},
		{"a+b+c+d+e+f+g+h+i+j+k", nil},
		{"", nil},
		{"+", nil},
		{"go+", nil},
		{"!", nil},
	}
	for _, c := range cases {
		got, err := index.Select("main", c.text)
		if c.want == nil {
			if fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("Select(%q) = %v, want Invalid", c.text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("Select(%q): %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, got.Slugs()); diff != "" || got.Site() != "main" {
			t.Errorf("Select(%q) (-want +got):\n%s", c.text, diff)
		}
	}
}

func FuzzSelect(f *testing.F) {
	f.Add("go+été")
	f.Add("++\xff")
	f.Fuzz(func(t *testing.T, text string) {
		sel, err := index.Select("main", text)
		if err != nil {
			return
		}
		slugs := sel.Slugs()
		if len(slugs) == 0 || len(slugs) > index.MaxSelected {
			t.Fatalf("Select(%q) has %d tags", text, len(slugs))
		}
		again, err := index.Select("main", strings.Join(slugs, "+"))
		if err != nil || !cmp.Equal(slugs, again.Slugs()) {
			t.Fatalf("Select(%q) = %q, again %q, %v", text, slugs, again.Slugs(), err)
		}
	})
}
