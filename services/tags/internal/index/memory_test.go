package index_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

// words stands for the full text: a post has the words of its title, and the
// score is how often.
type words struct {
	text.Index

	docs map[uint32]string
	// slow: words that are looked for until there is no time left.
	slow string
	// scoring is called before the best are chosen.
	scoring func() error
}

func (w *words) Of(string) (text.Index, error) { return w, nil }

func (w *words) Remove(string) error { return nil }

func (w *words) Match(ctx context.Context, term query.Node) (*roaring.Bitmap, error) {
	word, _ := term.(query.Word)
	if word.Text == w.slow {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	out := roaring.New()
	for n, doc := range w.docs {
		for f := range strings.FieldsSeq(doc) {
			if f == word.Text || word.Open && strings.HasPrefix(f, word.Text) {
				out.Add(n)
			}
		}
	}
	return out, nil
}

func (w *words) Terms(context.Context, string, text.Source, int) ([]text.Term, error) {
	return nil, nil
}

func (w *words) Score(_ context.Context, terms []query.Node, within *roaring.Bitmap, size int) ([]text.Hit, error) {
	if w.scoring != nil {
		if err := w.scoring(); err != nil {
			return nil, err
		}
	}
	var hits []text.Hit
	for _, n := range within.ToArray() {
		score := 0
		for _, t := range terms {
			if word, ok := t.(query.Word); ok {
				score += strings.Count(w.docs[n], word.Text)
			}
		}
		hits = append(hits, text.Hit{Number: n, Score: float64(score)})
	}
	slices.SortFunc(hits, func(a, b text.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Number, a.Number)) })
	return hits[:min(len(hits), size)], nil
}

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

func id(n uint32) string { return fmt.Sprintf("01900000-0000-7000-8000-%012x", n) }

// naive is the same index, computed post by post.
type naive map[uint32]index.Record

func (v naive) finds(r index.Record, n query.Node, w *words) bool {
	switch n := n.(type) {
	case nil:
		return true
	case query.And:
		return !slices.ContainsFunc(n.Parts, func(p query.Node) bool { return !v.finds(r, p, w) })
	case query.Or:
		return slices.ContainsFunc(n.Parts, func(p query.Node) bool { return v.finds(r, p, w) })
	case query.Not:
		return !v.finds(r, n.Part, w)
	case query.Tag:
		return slices.Contains(r.Tags, n.Name)
	case query.Author:
		return slices.Contains(r.Authors, n.Name)
	case query.Language:
		return r.Language == n.Tag || strings.HasPrefix(r.Language, n.Tag+"-")
	case query.Published:
		return (n.Since.IsZero() || !r.PublishedAt.Before(n.Since)) && (n.Until.IsZero() || r.PublishedAt.Before(n.Until))
	case query.Word:
		return slices.Contains(strings.Fields(w.docs[r.Number]), n.Text)
	}
	return false
}

func (v naive) ask(n query.Node, w *words) (out []uint32) {
	for number, r := range v {
		if r.Public && r.Site == "main" && v.finds(r, n, w) {
			out = append(out, number)
		}
	}
	slices.SortFunc(out, func(a, b uint32) int {
		return cmp.Or(v[b].PublishedAt.Compare(v[a].PublishedAt), cmp.Compare(b, a))
	})
	return out
}

func (v naive) count(found []uint32) map[string]int {
	out := make(map[string]int)
	for _, n := range found {
		for _, t := range v[n].Tags {
			out[t]++
		}
	}
	return out
}

func tagsOf(n int) (out []index.Tag) {
	for i := range n {
		name := fmt.Sprintf("t%d", i)
		out = append(out, index.Tag{ID: name, Site: "main", Slug: name, Name: name, Keys: []string{name}})
	}
	return out
}

func randomRecord(r *rand.Rand, n uint32, version int32) index.Record {
	rec := index.Record{Number: n, PostID: id(n), Site: "main", Version: version}
	if r.IntN(5) == 0 {
		return rec
	}
	rec.Public, rec.PublishedAt = true, noon().Add(-time.Duration(r.IntN(3*365*24))*time.Hour)
	rec.Language = []string{"fr", "en", "fr-ca"}[r.IntN(3)]
	rec.Authors = []string{fmt.Sprintf("a%d", r.IntN(4))}
	for range r.IntN(5) {
		if t := fmt.Sprintf("t%d", r.IntN(1+r.IntN(20))); !slices.Contains(rec.Tags, t) {
			rec.Tags = append(rec.Tags, t)
		}
	}
	if r.IntN(20) == 0 {
		rec.Site = "other"
	}
	return rec
}

func randomNode(r *rand.Rand, depth int) query.Node {
	parts := func() (out []query.Node) {
		for range 1 + r.IntN(3) {
			out = append(out, randomNode(r, depth-1))
		}
		return out
	}
	if depth > 0 {
		switch r.IntN(4) {
		case 0:
			return query.And{Parts: parts()}
		case 1:
			return query.Or{Parts: parts()}
		case 2:
			return query.Not{Part: randomNode(r, depth-1)}
		}
	}
	switch r.IntN(6) {
	case 0:
		return query.Author{Name: fmt.Sprintf("a%d", r.IntN(5))}
	case 1:
		return query.Language{Tag: []string{"fr", "en", "fr-ca", "de"}[r.IntN(4)]}
	case 2:
		since := noon().Add(-time.Duration(r.IntN(4*365*24)) * time.Hour)
		return query.Published{Since: since, Until: since.Add(time.Duration(r.IntN(400*24)) * time.Hour)}
	case 3:
		return query.Word{Text: fmt.Sprintf("w%d", r.IntN(6))}
	}
	return query.Tag{Name: fmt.Sprintf("t%d", r.IntN(21))}
}

// pages lists all that a question finds, page by page.
func pages(t *testing.T, m *index.Memory, q index.Question) (out []uint32, first index.Found) {
	t.Helper()
	for page := 0; ; page++ {
		f, err := m.Ask(t.Context(), q)
		if err != nil {
			t.Fatalf("Ask(%+v): %v", q, err)
		}
		if page == 0 {
			first = f
		}
		for _, p := range f.Posts {
			out = append(out, p.Number)
		}
		if f.Next == nil {
			return out, first
		}
		q.After = *f.Next
	}
}

// TestAlgebra compares what is found with what a look at every post finds, while
// posts come, change and go, and once more after a snapshot.
func TestAlgebra(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 5))
			w, all := &words{docs: make(map[uint32]string)}, make(naive)
			m := index.New(w)
			m.Put(tagsOf(20), nil, text.Position{Epoch: 1})
			posts := uint32(40)
			if seed == 5 { // months matter only where many are found
				posts = 9000
			}
			for round := range 3 {
				var batch []index.Record
				for range posts {
					n := uint32(r.IntN(int(posts))) * 3
					rec := randomRecord(r, n, int32(round))
					all[n], batch = rec, append(batch, rec)
					w.docs[n] = fmt.Sprintf("w%d w%d", r.IntN(5), r.IntN(5))
				}
				m.Put(nil, batch, text.Position{Epoch: 1, Pos: int64(round)})
				if round == 2 {
					path := t.TempDir() + "/index"
					if err := m.Save(path, 7); err != nil {
						t.Fatalf("Save: %v", err)
					}
					m = index.New(w)
					if err := m.Load(path, 7); err != nil {
						t.Fatalf("Load: %v", err)
					}
				}
				for range 2400 / max(posts, 60) {
					compare(t, m, all, w, randomNode(r, 3), 1+r.IntN(30))
				}
				compare(t, m, all, w, nil, 7+int(posts)/12)
			}
		})
	}
}

func compare(t *testing.T, m *index.Memory, all naive, w *words, n query.Node, size int) {
	t.Helper()
	want := all.ask(n, w)
	got, first := pages(t, m, index.Question{Site: "main", Asks: n, Order: index.Newest, Size: size, Facets: true})
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatalf("%+v (-want +got):\n%s", n, diff)
	}
	if first.Total != len(want) {
		t.Errorf("%+v: total %d, want %d", n, first.Total, len(want))
	}
	counts := all.count(want)
	for _, c := range first.Tags {
		if counts[c.Value] != c.Posts {
			t.Errorf("%+v: %d posts have %s, want %d", n, c.Posts, c.Value, counts[c.Value])
		}
	}
	if len(first.Tags) != len(counts) {
		t.Errorf("%+v: %d tags, want %d", n, len(first.Tags), len(counts))
	}
	skip := len(want) / 2
	part, err := m.Ask(t.Context(), index.Question{Site: "main", Asks: n, Order: index.Newest, Size: 5, Skip: skip})
	if err != nil {
		t.Fatalf("Ask with skip: %v", err)
	}
	for i, p := range part.Posts {
		if p.Number != want[skip+i] {
			t.Errorf("%+v: post %d is %d, want %d", n, skip+i, p.Number, want[skip+i])
		}
	}
	best, _ := pages(t, m, index.Question{Site: "main", Asks: n, Order: index.Best, Size: size})
	slices.Sort(best)
	slices.Sort(want)
	if diff := gocmp.Diff(want, best); diff != "" {
		t.Errorf("%+v, the best first, page by page (-want +got):\n%s", n, diff)
	}
}

// TestAWordThatTakesTooLongIsLeftOut: the answer says so, and is one.
func TestAWordThatTakesTooLongIsLeftOut(t *testing.T) {
	t.Parallel()
	w := &words{docs: map[uint32]string{1: "w1", 2: "w2"}, slow: "slow"}
	m := index.New(w)
	m.Put(tagsOf(1), []index.Record{
		{Number: 1, PostID: id(1), Site: "main", Version: 1, Public: true, PublishedAt: noon(), Tags: []string{"t0"}},
		{Number: 2, PostID: id(2), Site: "main", Version: 1, Public: true, PublishedAt: noon()},
	}, text.Position{Epoch: 1})
	for _, c := range []struct {
		asks query.Node
		want int
	}{
		{query.And{Parts: []query.Node{query.Word{Text: "slow"}, query.Tag{Name: "t0"}}}, 1},
		{query.And{Parts: []query.Node{query.Not{Part: query.Word{Text: "slow"}}, query.Word{Text: "w2"}}}, 1},
		{query.Or{Parts: []query.Node{query.Word{Text: "slow"}, query.Word{Text: "w1"}}}, 1},
		{query.Word{Text: "slow"}, 0},
	} {
		got, err := m.Ask(t.Context(), index.Question{Site: "main", Asks: c.asks, Size: 5})
		if err != nil || got.Total != c.want || !slices.Equal(got.Ignored, []string{"slow"}) {
			t.Errorf("Ask(%+v) = %+v, %v; want %d posts and that the word was left out", c.asks, got, err, c.want)
		}
	}
}

// A name that is a former address of another tag leads to its own tag, whichever of
// the two was told of first, and whatever becomes of the other.
func TestANameIsStrongerThanAFormerAddress(t *testing.T) {
	t.Parallel()
	former := index.Tag{ID: id(1), Site: "main", Slug: "bicyclette", Name: "Bicyclette", Keys: []string{"bicyclette"}, Addresses: []string{"bicyclette", "velo"}}
	named := index.Tag{ID: id(2), Site: "main", Slug: "velos", Name: "Vélos", Keys: []string{"velo", "velos"}, Addresses: []string{"velos"}}
	again := former
	again.Keys = []string{"bicyclette", "bike"}
	for _, told := range [][]index.Tag{{former, named}, {named, former}, {named, former, again}, {former, named, again}} {
		m := index.New(&words{})
		for _, one := range told {
			m.Put([]index.Tag{one}, nil, text.Position{})
		}
		if got, ok := m.Tag("main", "Vélo", true); !ok || got.ID != named.ID {
			t.Errorf("told of %v: the name leads to %+v, %t", told, got, ok)
		}
		m.Put([]index.Tag{{ID: named.ID, Site: "main", Gone: true}}, nil, text.Position{})
		if got, ok := m.Tag("main", "velo", true); !ok || got.ID != former.ID {
			t.Errorf("told of %v: without the name the address leads to %+v, %t", told, got, ok)
		}
	}
}

// A post that is withdrawn while the best are chosen is not shown, and no trouble,
// if there is no time to choose.
func TestAPostThatIsWithdrawnMeanwhileIsNotShown(t *testing.T) {
	t.Parallel()
	w := &words{docs: map[uint32]string{1: "mot", 2: "mot"}}
	m := index.New(w)
	record := func(n uint32, body string) index.Record {
		return index.Record{Number: n, PostID: id(n), Site: "main", Version: 1, Public: true, PublishedAt: noon(), Text: text.Source{Body: body}}
	}
	m.Put(nil, []index.Record{record(1, "mot"), record(2, "mot")}, text.Position{})
	w.scoring = func() error {
		m.Put(nil, []index.Record{{Number: 2, PostID: id(2), Site: "main", Version: 2}}, text.Position{})
		return context.DeadlineExceeded
	}
	found, err := m.Ask(t.Context(), index.Question{Site: "main", Asks: query.Word{Text: "mot"}, Order: index.Best, Size: 10})
	if err != nil || len(found.Posts) != 1 || found.Posts[0].Number != 1 {
		t.Errorf("found %+v, %v, want post 1 alone", found.Posts, err)
	}
}
