package entry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/tags/internal/entry"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

func published() entry.Post {
	return entry.Post{
		ID: "p", Site: "main", Public: true, Slug: "a", Title: "A", Language: "en", PublishedAt: noon(), TagNames: []string{"Go", "Été"},
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	goTag, ete := entry.Tag{Slug: "go", Name: "Go"}, entry.Tag{Slug: "ete", Name: "Été"}
	was := entry.Entry{
		PostID: "p", Site: "main", Version: 3, Indexed: true, Slug: "a", Title: "A", Language: "en", PublishedAt: noon(), Tags: []entry.Tag{goTag, ete},
	}
	tombstone := entry.Entry{PostID: "p", Site: "main", Version: 4}
	with := func(change func(*entry.Post)) entry.Post {
		p := published()
		change(&p)
		return p
	}
	changed := func(change func(*entry.Entry)) entry.Entry {
		e := was
		e.Version++
		change(&e)
		return e
	}
	cases := []struct {
		name string
		old  entry.Entry
		post entry.Post
		want *entry.Change // nil: nothing
	}{
		{"first published", entry.Entry{}, published(), &entry.Change{
			Entry: changed(func(e *entry.Entry) { e.Version = 1 }), Kind: entry.Indexed, Added: []entry.Tag{goTag, ete},
		}},
		{"never public", entry.Entry{}, entry.Post{ID: "p", Site: "main"}, nil},
		{"nothing that shows", was, published(), nil},
		{"title", was, with(func(p *entry.Post) { p.Title = "B" }), &entry.Change{
			Entry: changed(func(e *entry.Entry) { e.Title = "B" }), Kind: entry.Indexed,
		}},
		{"slug, language and date", was, with(func(p *entry.Post) { p.Slug, p.Language, p.PublishedAt = "b", "fr", noon().Add(1000) }), &entry.Change{
			Entry: changed(func(e *entry.Entry) { e.Slug, e.Language, e.PublishedAt = "b", "fr", noon().Add(1000) }), Kind: entry.Indexed,
		}},
		{"the same moment elsewhere", was, with(func(p *entry.Post) { p.PublishedAt = noon().In(time.FixedZone("", 3600)) }), nil},
		{"another tag", was, with(func(p *entry.Post) { p.TagNames = []string{"Go", "SQL"} }), &entry.Change{
			Entry: changed(func(e *entry.Entry) { e.Tags = []entry.Tag{goTag, {Slug: "sql", Name: "SQL"}} }), Kind: entry.Indexed,
			Added: []entry.Tag{{Slug: "sql", Name: "SQL"}}, Dropped: []entry.Tag{ete},
		}},
		{"another spelling", was, with(func(p *entry.Post) { p.TagNames = []string{"GO", "Été"} }), &entry.Change{
			Entry: changed(func(e *entry.Entry) { e.Tags = []entry.Tag{{Slug: "go", Name: "GO"}, ete} }), Kind: entry.Indexed,
		}},
		{"repeated and empty names", was, with(func(p *entry.Post) { p.TagNames = []string{"Go", "!", "go", "Été", "ETE"} }), nil},
		{"gone", was, entry.Post{ID: "p", Site: "main"}, &entry.Change{
			Entry: tombstone, Kind: entry.Removed, Dropped: []entry.Tag{goTag, ete},
		}},
		{"gone again", tombstone, entry.Post{ID: "p", Site: "main"}, nil},
		{"back", tombstone, published(), &entry.Change{
			Entry: changed(func(e *entry.Entry) { e.Version = 5 }), Kind: entry.Indexed, Added: []entry.Tag{goTag, ete},
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
		got, err := entry.Select("main", c.text)
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
		sel, err := entry.Select("main", text)
		if err != nil {
			return
		}
		slugs := sel.Slugs()
		if len(slugs) == 0 || len(slugs) > entry.MaxSelected {
			t.Fatalf("Select(%q) has %d tags", text, len(slugs))
		}
		again, err := entry.Select("main", strings.Join(slugs, "+"))
		if err != nil || !cmp.Equal(slugs, again.Slugs()) {
			t.Fatalf("Select(%q) = %q, again %q, %v", text, slugs, again.Slugs(), err)
		}
	})
}
