package relevance

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/parution/parution/test/world"
	"github.com/parution/parution/test/world/topology"
)

// The floors that issue and README.md name.
const (
	leastRecall = 0.9
	leastNDCG   = 0.8
)

// posts are how many the sites of the sets have.
const (
	demoPosts   = 31
	corpusPosts = 132
)

func TestDemo(t *testing.T) {
	t.Parallel()
	set, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	hold(t, world.OneBinary(t, world.Options{Args: []string{"--demo"}}), set, demoPosts)
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	set, err := Corpus()
	if err != nil {
		t.Fatal(err)
	}
	root, err := topology.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "..", "shared", "corpus", "beta-blog")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("NOT MEASURED ON THE REAL BLOG: %v", err)
	}
	w := world.OneBinary(t)
	token, err := w.Topology.Operator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.Run("import", "jekyll", dir, "--server", w.URL, "--token", token)
	hold(t, w, set, corpusPosts)
}

// hold measures a set and holds the answers to the floors, once all posts are found.
func hold(t *testing.T, w *world.World, set Set, posts int) {
	t.Helper()
	s := Server{URL: w.URL}
	world.Eventually(t, func() error {
		total, err := s.Total(t.Context())
		if err == nil && total != posts {
			err = fmt.Errorf("%d posts are found, want %d", total, posts)
		}
		return err
	})
	report, err := Measure(t.Context(), s, set)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s\n%s", report.Table(), report.Misses())
	if all := report.All(); all.Recall < leastRecall || all.NDCG < leastNDCG {
		t.Errorf("recall@10 = %.3f, nDCG@10 = %.3f; want at least %.1f and %.1f", all.Recall, all.NDCG, leastRecall, leastNDCG)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	grades := map[string]int{"a": 3, "b": 2, "c": 1}
	for name, tt := range map[string]struct {
		grades       map[string]int
		found        []string
		recall, ndcg float64
	}{
		"best order":        {grades, []string{"a", "b", "c"}, 1, 1},
		"others behind":     {grades, []string{"a", "b", "c", "x", "y"}, 1, 1},
		"one is missing":    {grades, []string{"a", "b"}, 2.0 / 3, (7 + 3/math.Log2(3)) / (7 + 3/math.Log2(3) + 1/math.Log2(4))},
		"worst order":       {grades, []string{"c", "b", "a"}, 1, (1 + 3/math.Log2(3) + 7/math.Log2(4)) / (7 + 3/math.Log2(3) + 1/math.Log2(4))},
		"nothing":           {grades, nil, 0, 0},
		"beyond ten":        {grades, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "a"}, 0, 0},
		"rightly nothing":   {nil, nil, 1, 1},
		"something instead": {nil, []string{"x"}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recall, ndcg := judge(tt.grades, tt.found)
			if math.Abs(recall-tt.recall) > 1e-9 || math.Abs(ndcg-tt.ndcg) > 1e-9 {
				t.Errorf("judge(%v) = %v, %v; want %v, %v", tt.found, recall, ndcg, tt.recall, tt.ndcg)
			}
		})
	}
}

// What the README promises of the sets: enough queries of every kind.
func TestSets(t *testing.T) {
	t.Parallel()
	demo, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	corpus, err := Corpus()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(demo.Queries) + len(corpus.Queries); n < 60 {
		t.Errorf("%d queries, want at least 60", n)
	}
	for _, set := range []Set{demo, corpus} {
		kinds := make(map[string]int)
		texts := make(map[string]bool)
		for _, q := range set.Queries {
			kinds[q.Kind]++
			if texts[q.Text] || len(q.Grades) > depth {
				t.Errorf("%s: %q is there twice, or has more than %d answers", set.Name, q.Text, depth)
			}
			texts[q.Text] = true
			if (q.Kind == "typos") != (q.Meant != "") {
				t.Errorf("%s: %q: what was meant is said of typos", set.Name, q.Text)
			}
		}
		for _, kind := range []string{"accents", "elisions", "plurals", "typos", "stop words", "phrases", "prefixes", "author", "date", "tag algebra", "English", "mixed"} {
			if kinds[kind] < 2 {
				t.Errorf("%s: %d queries for %s, want at least 2", set.Name, kinds[kind], kind)
			}
		}
	}
}
