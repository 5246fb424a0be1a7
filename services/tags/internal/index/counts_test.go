package index_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

// crowd is a site with many posts of which any number is found: an index of it, and
// the records that it was made from.
type crowd struct {
	r       *rand.Rand
	memory  *index.Memory
	records naive
	tags    map[string]index.Tag
	draw    *rand.Zipf
}

const crowdTags = 500

func newCrowd() *crowd {
	r := rand.New(rand.NewPCG(3, 9))
	c := &crowd{r: r, memory: index.New(&words{}), records: naive{}, tags: map[string]index.Tag{}, draw: rand.NewZipf(r, 1.1, 4, crowdTags-1)}
	list := tagsOf(crowdTags)
	for i := range list {
		// Some names come in another order than slugs, and some tags are not shown to readers.
		if i%7 == 0 {
			list[i].Name = fmt.Sprintf("Étiquette %d", crowdTags-i)
		}
		list[i].Internal = i%11 == 3
		c.tags[list[i].ID] = list[i]
	}
	c.memory.Put(list, nil, text.Position{})
	return c
}

// put publishes posts in this state, as many at a time as a replica gets.
func (c *crowd) put(records []index.Record) {
	for part := range slices.Chunk(records, 500) {
		c.memory.Put(nil, part, text.Position{Epoch: 1, Pos: int64(len(c.records))})
		for _, rec := range part {
			c.records[rec.Number] = rec
		}
	}
}

func (c *crowd) record(n uint32, version int32) index.Record {
	author := c.draw.Uint64() / 4
	rec := index.Record{
		Number: n, PostID: id(n), Site: "main", Version: version, Public: true, PublishedAt: noon().Add(-time.Duration(c.r.IntN(40_000)) * time.Hour),
		Language: []string{"fr", "en", "de", "pt-br"}[min(c.r.IntN(6), 3)], Authors: []string{fmt.Sprintf("Author %d", author)},
	}
	if c.r.IntN(4) == 0 {
		rec.Authors = []string{fmt.Sprintf("AUTHOR %d", author), fmt.Sprintf("Author %d", author+1)}
	}
	for len(rec.Tags) < 1+c.r.IntN(6) {
		if tag := "t" + strconv.FormatUint(c.draw.Uint64(), 10); !slices.Contains(rec.Tags, tag) {
			rec.Tags = append(rec.Tags, tag)
		}
	}
	return rec
}

// question asks for anything between nothing and all posts.
func (c *crowd) question(deep int) query.Node {
	parts := func() []query.Node {
		out := make([]query.Node, 1+c.r.IntN(3))
		for i := range out {
			out[i] = c.question(deep - 1)
		}
		return out
	}
	if deep > 0 {
		switch c.r.IntN(5) {
		case 0:
			return query.And{Parts: parts()}
		case 1:
			return query.Or{Parts: parts()}
		case 2:
			return query.Not{Part: c.question(deep - 1)}
		}
	}
	switch c.r.IntN(8) {
	case 0:
		return query.Language{Tag: []string{"fr", "de", "pt"}[c.r.IntN(3)]}
	case 1:
		return query.Published{Since: noon().Add(-time.Duration(c.r.IntN(40_000)) * time.Hour)}
	}
	return query.Tag{Name: "t" + strconv.FormatUint(c.draw.Uint64(), 10)}
}

// counts are what a question finds, counted post by post.
func (c *crowd) counts(n query.Node, internal bool) (out index.Found) {
	values := map[string]map[string]int{"tag": {}, "language": {}, "year": {}, "author": {}}
	names := map[string]string{}
	spelt := map[string]int{}
	for _, number := range c.records.ask(n, &words{}) {
		rec := c.records[number]
		out.Total++
		for _, id := range rec.Tags {
			if t := c.tags[id]; internal || !t.Internal {
				values["tag"][id]++
				names[id] = t.Name
			}
		}
		for _, name := range rec.Authors {
			values["author"][slug.Make(name)]++
			spelt[name]++
		}
		values["language"][rec.Language]++
		values["year"][rec.PublishedAt.Format("2006")]++
	}
	for name, n := range spelt {
		key := slug.Make(name)
		if best := names[key]; n > spelt[best] || n == spelt[best] && name < best {
			names[key] = name
		}
	}
	list := func(of string, size int) (list []index.Count) {
		for v, n := range values[of] {
			list = append(list, index.Count{Value: v, Name: cmp.Or(names[v], v), Posts: n})
		}
		slices.SortFunc(list, func(a, b index.Count) int {
			if of == "year" {
				return cmp.Compare(b.Value, a.Value)
			}
			return cmp.Or(cmp.Compare(b.Posts, a.Posts), cmp.Compare(slug.Make(a.Name), slug.Make(b.Name)), cmp.Compare(a.Value, b.Value))
		})
		return list[:min(len(list), size)]
	}
	out.Tags, out.Authors, out.Languages, out.Years = list("tag", 30), list("author", 10), list("language", 10), list("year", 30)
	return out
}

// check asks so many questions, whose answers must be those counted post by post.
func (c *crowd) check(t *testing.T, m *index.Memory, questions int) {
	t.Helper()
	for range questions {
		q := index.Question{Site: "main", Asks: c.question(2), Order: index.Newest, Size: 1, Facets: true, Internal: c.r.IntN(4) == 0}
		got, err := m.Ask(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want := c.counts(q.Asks, q.Internal)
		if !q.Internal && c.asksInternal(q.Asks) {
			continue // readers cannot ask for these; finding nothing by them is another test
		}
		got = index.Found{Total: got.Total, Tags: got.Tags, Authors: got.Authors, Languages: got.Languages, Years: got.Years}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("%v finds %d of %d posts (-counted post by post +got):\n%s", q.Asks, want.Total, len(c.records), diff)
		}
	}
}

func (c *crowd) asksInternal(n query.Node) bool {
	switch n := n.(type) {
	case query.And:
		return slices.ContainsFunc(n.Parts, c.asksInternal)
	case query.Or:
		return slices.ContainsFunc(n.Parts, c.asksInternal)
	case query.Not:
		return c.asksInternal(n.Part)
	case query.Tag:
		return c.tags[n.Name].Internal
	}
	return false
}

// TestCountsAreExact asks for parts of a site of any size, before and after many of its
// posts changed, after most of them are gone, and after a start: however terms are counted,
// the answers are those of counting post by post.
func TestCountsAreExact(t *testing.T) {
	t.Parallel()
	c := newCrowd()
	const posts = 12_000
	var list []index.Record
	for n := range uint32(posts) {
		list = append(list, c.record(n+1, 1))
	}
	c.put(list)
	c.check(t, c.memory, 150)
	// A few posts at a time: what is known of the terms is a little old.
	for range 30 {
		list = list[:0]
		for range 1 + c.r.IntN(40) {
			list = append(list, c.record(uint32(1+c.r.IntN(posts+500)), 2))
		}
		slices.SortFunc(list, func(a, b index.Record) int { return cmp.Compare(a.Number, b.Number) })
		c.put(slices.CompactFunc(list, func(a, b index.Record) bool { return a.Number == b.Number }))
		c.check(t, c.memory, 5)
	}
	path := t.TempDir() + "/index"
	if err := c.memory.Save(path, 1); err != nil {
		t.Fatal(err)
	}
	started := index.New(&words{})
	if err := started.Load(path, 1); err != nil {
		t.Fatal(err)
	}
	c.check(t, started, 50)
	// A rare tag becomes the most frequent, and most posts go.
	list = list[:0]
	for n := range uint32(posts) {
		rec := index.Record{Number: n + 1, PostID: id(n + 1), Site: "main", Version: 3}
		if n%5 == 0 {
			rec = c.record(n+1, 3)
			if rec.Tags[0] = "t499"; slices.Contains(rec.Tags[1:], "t499") {
				rec.Tags = rec.Tags[:1]
			}
		}
		list = append(list, rec)
	}
	c.put(list)
	c.check(t, c.memory, 50)
}

// TestTagsThatGrowAreCounted has tags and authors become frequent by fewer posts than those
// after which terms are put into order again.
func TestTagsThatGrowAreCounted(t *testing.T) {
	t.Parallel()
	m := index.New(&words{})
	m.Put(tagsOf(50), nil, text.Position{})
	var list []index.Record
	add := func(author string, tags ...string) {
		n := uint32(len(list) + 1)
		list = append(list, index.Record{
			Number: n, PostID: id(n), Site: "main", Version: 1, Public: true, PublishedAt: noon(), Language: "fr", Authors: []string{author}, Tags: tags,
		})
	}
	for i := range 2000 { // 40 tags in 20 posts each, another in 3; 19 authors in 15 posts, another in 5
		author, tag := fmt.Sprintf("Author %d", i%20), "t"+strconv.Itoa(i%100)
		if i >= 300 || i >= 100 && i%20 == 19 {
			author = "Everybody"
		}
		switch {
		case i%100 < 40, i < 300 && i%100 == 40:
			add(author, tag)
		default:
			add(author)
		}
	}
	m.Put(nil, list, text.Position{})
	before := len(list)
	for range 30 {
		add("Somebody new", "t40", "t45")
	}
	m.Put(append(tagsOf(1), index.Tag{ID: "new", Site: "main", Slug: "new", Name: "New", Keys: []string{"new"}}), nil, text.Position{})
	for range 25 {
		add("Author 19", "new")
	}
	m.Put(nil, list[before:], text.Position{})
	got, err := m.Ask(t.Context(), index.Question{Site: "main", Order: index.Newest, Size: 1, Facets: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []index.Count{{Value: "t40", Name: "t40", Posts: 33}, {Value: "t45", Name: "t45", Posts: 30}, {Value: "new", Name: "New", Posts: 25}}
	if diff := gocmp.Diff(want, got.Tags[:min(3, len(got.Tags))]); diff != "" {
		t.Errorf("the most frequent tags (-want +got):\n%s", diff)
	}
	want = []index.Count{{Value: "everybody", Name: "Everybody", Posts: 1710}, {Value: "author-19", Name: "Author 19", Posts: 30}, {Value: "somebody-new", Name: "Somebody new", Posts: 30}}
	if diff := gocmp.Diff(want, got.Authors[:min(3, len(got.Authors))]); diff != "" {
		t.Errorf("the most frequent authors (-want +got):\n%s", diff)
	}
}
