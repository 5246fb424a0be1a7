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

	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

// TestCountsOfManyPosts asks for large parts of a large site, of which the counts
// are made otherwise than of a few posts.
func TestCountsOfManyPosts(t *testing.T) {
	t.Parallel()
	const posts, tags = 6000, 400
	r := rand.New(rand.NewPCG(7, 7))
	zipf := rand.NewZipf(r, 1.1, 3, tags-1)
	m := index.New(&words{})
	m.Put(tagsOf(tags), nil, text.Position{})
	records := make([]index.Record, posts)
	for i := range records {
		n := uint32(i + 1)
		rec := index.Record{
			Number: n, PostID: id(n), Site: "main", Version: 1, Public: true, PublishedAt: noon().Add(-time.Duration(i) * time.Hour),
			Language: []string{"fr", "en", "de"}[min(r.IntN(5), 2)], Authors: []string{fmt.Sprintf("Author %d", zipf.Uint64()/8)},
		}
		for len(rec.Tags) < 4 {
			if tag := "t" + strconv.FormatUint(zipf.Uint64(), 10); !slices.Contains(rec.Tags, tag) {
				rec.Tags = append(rec.Tags, tag)
			}
		}
		records[i] = rec
	}
	m.Put(nil, records, text.Position{Epoch: 1, Pos: 1})
	for name, c := range map[string]struct {
		asks query.Node
		has  func(index.Record) bool
	}{
		"all":            {nil, func(index.Record) bool { return true }},
		"three fifths":   {query.Language{Tag: "de"}, func(r index.Record) bool { return r.Language == "de" }},
		"two fifths":     {query.Not{Part: query.Language{Tag: "de"}}, func(r index.Record) bool { return r.Language != "de" }},
		"but a rare one": {query.Not{Part: query.Tag{Name: "t300"}}, func(r index.Record) bool { return !slices.Contains(r.Tags, "t300") }},
	} {
		got, err := m.Ask(t.Context(), index.Question{Site: "main", Asks: c.asks, Order: index.Newest, Size: 1, Facets: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantTags, wantAuthors, wantLanguages := map[string]int{}, map[string]int{}, map[string]int{}
		for _, rec := range records {
			if !c.has(rec) {
				continue
			}
			wantLanguages[rec.Language]++
			wantAuthors[rec.Authors[0]]++
			for _, tag := range rec.Tags {
				wantTags[tag]++
			}
		}
		check := func(what string, got []index.Count, want map[string]int, size int, key func(index.Count) string) {
			t.Helper()
			var most []int
			for _, n := range want {
				most = append(most, n)
			}
			slices.SortFunc(most, func(a, b int) int { return cmp.Compare(b, a) })
			var counts []int
			for _, c := range got {
				counts = append(counts, c.Posts)
				if want[key(c)] != c.Posts {
					t.Errorf("%s: %s %s has %d posts, want %d", name, what, key(c), c.Posts, want[key(c)])
				}
			}
			if diff := gocmp.Diff(most[:min(size, len(most))], counts); diff != "" {
				t.Errorf("%s: the most frequent %s (-want +got):\n%s", name, what, diff)
			}
		}
		check("tag", got.Tags, wantTags, 30, func(c index.Count) string { return c.Value })
		check("author", got.Authors, wantAuthors, 10, func(c index.Count) string { return c.Name })
		check("language", got.Languages, wantLanguages, 10, func(c index.Count) string { return c.Value })
	}
}
