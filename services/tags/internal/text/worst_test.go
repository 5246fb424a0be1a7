package text

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/parution/parution/services/tags/internal/query"
)

// worst is a site on which every question is as dear as can be: each post has all the
// function words often, and words that begin alike.
func worst(t *testing.T, posts int) *Site {
	t.Helper()
	sites, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sites.Close() })
	r := rand.New(rand.NewPCG(1, 2))
	ix := sites.Of("site")
	for from := 0; from < posts; from += 1000 {
		var batch []Document
		for i := range 1000 {
			var b strings.Builder
			for range 15 {
				fmt.Fprintf(&b, "de la de le ab%x ", r.IntN(30_000))
			}
			batch = append(batch, Document{
				Number: uint32(from + i), Language: "fr", PublishedAt: time.Unix(int64(from+i)*3600, 0),
				Source: &Source{Title: "de la", Body: b.String()},
			})
		}
		if err := ix.Put(batch, Position{Pos: int64(from)}); err != nil {
			t.Fatal(err)
		}
	}
	return ix
}

// TestTheWorstQuestionsAreBounded counts steps, of which each is well below a microsecond
// on a quiet machine: what 32 terms of a query may cost is 32 times that.
func TestTheWorstQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	posts := 5_000
	if n, err := strconv.Atoi(os.Getenv("PARUTION_TEXT_POSTS")); err == nil {
		posts = n // PARUTION_TEXT_POSTS=100000 takes a minute
	}
	ix := worst(t, posts)
	all := roaring.New()
	all.AddRange(0, uint64(posts))
	var terms []query.Node
	for i := range 32 {
		terms = append(terms, query.Word{Text: []string{"a", "ab", "de", "la"}[i%4], Open: true})
	}
	for name, c := range map[string]struct {
		most int
		do   func(b *budget, v *view) error
	}{
		"an open word that begins all words": {2_000_000, func(b *budget, v *view) error {
			_, err := v.match(b, must(t, query.Word{Text: "ab", Open: true}))
			return err
		}},
		"a phrase that all posts have": {2_000_000, func(b *budget, v *view) error {
			_, err := v.match(b, must(t, query.Phrase{Text: "de la de le"}))
			return err
		}},
		"a phrase as long as a query": {8_000_000, func(b *budget, v *view) error {
			_, err := v.match(b, must(t, query.Phrase{Text: strings.Repeat("de la ", 83)}))
			return err
		}},
		"an open word in the text": {2_000_000, func(b *budget, v *view) error {
			_, err := v.match(b, must(t, query.Word{Text: "ab", Open: true, In: query.InBody}))
			return err
		}},
		"the best of everything for 32 words": {10_000_000, func(b *budget, v *view) error {
			_, err := v.score(b, terms, all, 20)
			return err
		}},
		"a word like very many": {2_000_000, func(b *budget, v *view) error {
			_, err := v.correct(b, &ix.sites.typos, "abffffff", 5)
			return err
		}},
		"words that begin alike": {2_000_000, func(b *budget, v *view) error {
			_, err := v.complete(b, "ab", 5)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := ix.view(t.Context(), func(b *budget, v *view) error {
				err := c.do(b, v)
				t.Logf("%d steps", b.steps)
				if b.steps > c.most {
					t.Errorf("%d steps, at most %d wanted", b.steps, c.most)
				}
				if b.steps == 0 {
					t.Error("steps are not counted")
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			// A question that nobody waits for ends: what is done between two looks is bounded.
			if err := ix.view(t.Context(), func(b *budget, v *view) error {
				ctx := &ending{Context: t.Context(), looks: 1}
				b.ctx = ctx
				if err := c.do(b, v); ctx.over > 0 && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("it went on behind its deadline: %v", err)
				}
				if ctx.over > 1 {
					t.Errorf("it looked %d times at a context that had ended", ctx.over)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// ending is a context that ends after some looks at it.
type ending struct {
	context.Context //nolint:containedctx // it is one

	looks, over int
}

func (e *ending) Err() error {
	if e.looks > 0 {
		e.looks--
		return nil
	}
	e.over++
	return context.DeadlineExceeded
}

func must(t *testing.T, term query.Node) lookup {
	t.Helper()
	l, ok := lookupOf(term)
	if !ok {
		t.Fatalf("%+v is no term", term)
	}
	return l
}

func TestRefineLeavesOutWhatSaysNothing(t *testing.T) {
	t.Parallel()
	w := func(s string) query.Node { return query.Word{Text: s} }
	and := func(parts ...query.Node) query.Node { return query.And{Parts: parts} }
	for name, c := range map[string]struct{ node, want query.Node }{
		"function words":         {and(w("la"), w("loi"), w("sur"), w("l'eau")), and(w("loi"), w("l'eau"))},
		"one is left":            {and(w("the"), w("law")), w("law")},
		"nothing else":           {and(w("the"), w("who")), and(w("the"), w("who"))},
		"beside a tag":           {and(w("the"), query.Tag{Name: "x"}), and(w("the"), query.Tag{Name: "x"})},
		"beside a phrase":        {and(w("the"), query.Phrase{Text: "la loi"}), query.Phrase{Text: "la loi"}},
		"asked for in titles":    {and(w("law"), query.Word{Text: "the", In: query.InTitle}), and(w("law"), query.Word{Text: "the", In: query.InTitle})},
		"a word elsewhere":       {and(w("car"), w("insurance")), and(w("car"), w("insurance"))},
		"being typed":            {and(w("loi"), query.Word{Text: "su", Open: true}), and(w("loi"), query.Word{Text: "su", Open: true})},
		"signs":                  {and(w("loi"), w("—")), w("loi")},
		"within others":          {query.Or{Parts: []query.Node{and(w("la"), w("loi")), w("la")}}, query.Or{Parts: []query.Node{w("loi"), w("la")}}},
		"excluded":               {and(w("loi"), query.Not{Part: w("la")}), and(w("loi"), query.Not{Part: w("la")})},
		"nothing at all":         {nil, nil},
		"of the rest some count": {and(w("la"), query.Or{Parts: []query.Node{w("loi")}}), query.Or{Parts: []query.Node{w("loi")}}},
	} {
		if got := Refine(c.node); fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", c.want) {
			t.Errorf("%s: %#v, want %#v", name, got, c.want)
		}
	}
}
