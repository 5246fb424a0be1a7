package text_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

// blog makes posts with words as frequent as in a language, the same for a seed.
type blog struct {
	words []string
	zipf  *rand.Zipf
	r     *rand.Rand
}

func newBlog(seed uint64) *blog {
	r := rand.New(rand.NewPCG(seed, 1))
	syllables := strings.Fields("ma la re ti son pu bli ca mar ché ser vi ce nu mé ri que ac ces si bi li té do nné es tion pro jet a gent ou ver te lo gi ciel li bre")
	known := map[string]bool{}
	b := blog{r: r}
	for len(b.words) < 30_000 {
		var w strings.Builder
		for range 1 + r.IntN(5) {
			w.WriteString(syllables[r.IntN(len(syllables))])
		}
		if !known[w.String()] {
			known[w.String()] = true
			b.words = append(b.words, w.String())
		}
	}
	b.zipf = rand.NewZipf(r, 1.15, 8, uint64(len(b.words)-1))
	return &b
}

func (b *blog) word() string { return b.words[b.zipf.Uint64()] }

func (b *blog) sentence(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = b.word()
	}
	return strings.Join(words, " ")
}

func (b *blog) post(number int) text.Document {
	return text.Document{
		Number: uint32(number), Language: []string{"fr", "en"}[number%2],
		PublishedAt: time.Unix(1_400_000_000+int64(number)*300, 0),
		Source: &text.Source{
			Title: b.sentence(6), Headings: []string{b.sentence(4)}, Body: b.sentence(70) + ".\n" + b.sentence(70) + ".",
			Labels: []string{b.word(), b.word()}, Authors: []string{"Éric Bayard"},
		},
	}
}

// questions are 2 or 3 words, as frequent as in texts but for the most frequent, which
// are function words there.
func (b *blog) questions(n int) [][]query.Node {
	all := make([][]query.Node, n)
	for i := range all {
		for len(all[i]) < 2+i%2 {
			if z := b.zipf.Uint64(); z > 40 {
				all[i] = append(all[i], query.Word{Text: b.words[z]})
			}
		}
	}
	return all
}

func typed(n query.Node) string {
	w, _ := n.(query.Word)
	return w.Text
}

// filled is an index with PARUTION_TEXT_POSTS posts (10,000), made once.
func filled(b *testing.B) (text.Index, *blog, int) {
	b.Helper()
	posts := 10_000
	if n, err := strconv.Atoi(os.Getenv("PARUTION_TEXT_POSTS")); err == nil {
		posts = n
	}
	dir := os.Getenv("PARUTION_TEXT_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	sites, err := text.Open(text.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = sites.Close() })
	ix := sites.Of("site")
	made := newBlog(1)
	at, err := ix.Position()
	if err != nil {
		b.Fatal(err)
	}
	if int(at.Pos) != posts {
		fill(b, ix, made, posts)
	}
	return ix, made, posts
}

func fill(b *testing.B, ix text.Index, made *blog, posts int) {
	b.Helper()
	for from := 1; from <= posts; from += 500 {
		to := min(from+499, posts)
		batch := make([]text.Document, 0, 500)
		for i := from; i <= to; i++ {
			batch = append(batch, made.post(i))
		}
		if err := ix.Put(batch, text.Position{Epoch: 1, Pos: int64(to)}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	sites, err := text.Open(text.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	made := newBlog(1)
	var batches [][]text.Document
	for i := range 20 {
		var batch []text.Document
		for j := range 500 {
			batch = append(batch, made.post(i*500+j))
		}
		batches = append(batches, batch)
	}
	var before syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	n := 0
	for b.Loop() {
		if err := sites.Of("site").Put(batches[n%len(batches)], text.Position{Pos: int64(n)}); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if err := sites.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n*500)/b.Elapsed().Seconds(), "posts/s")
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(used.Utime.Nano()+used.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano())/float64(n*500)/1000, "cpu-µs/post")
}

// BenchmarkQuestions are first pages: all hits as a set, the best 20, with and without
// their snippets.
func BenchmarkQuestions(b *testing.B) {
	ix, made, posts := filled(b)
	questions := made.questions(500)
	sources := sync.OnceValue(func() []*text.Source {
		all := make([]*text.Source, 20)
		for i := range all {
			all[i] = made.post(i).Source
		}
		return all
	})()
	ask := func(b *testing.B, terms []query.Node) []text.Hit {
		b.Helper()
		found, err := ix.Match(b.Context(), terms[0])
		for _, t := range terms[1:] {
			more, err := ix.Match(b.Context(), t)
			if err != nil {
				b.Fatal(err)
			}
			found.And(more)
		}
		if err != nil {
			b.Fatal(err)
		}
		hits, err := ix.Score(b.Context(), terms, found, 20)
		if err != nil {
			b.Fatal(err)
		}
		return hits
	}
	phrase := func(q []query.Node) []query.Node {
		words := make([]string, len(q))
		for i, w := range q {
			words[i] = typed(w)
		}
		return []query.Node{query.Phrase{Text: strings.Join(words, " ")}}
	}
	open := func(n int) func(q []query.Node) []query.Node {
		return func(q []query.Node) []query.Node {
			last, _ := q[len(q)-1].(query.Word)
			return append(slices.Clone(q[:len(q)-1]), query.Word{Text: string([]rune(last.Text)[:min(n, len([]rune(last.Text)))]), Open: true})
		}
	}
	for name, as := range map[string]func([]query.Node) []query.Node{
		"words": nil, "phrase": phrase, "open2": open(2), "open3": open(3), "open4": open(4), "snippets": nil,
		"frequent": func([]query.Node) []query.Node {
			return []query.Node{query.Word{Text: made.words[0]}, query.Word{Text: made.words[1]}, query.Word{Text: made.words[2]}}
		},
	} {
		b.Run(fmt.Sprintf("%d/%s", posts, name), func(b *testing.B) {
			took := make([]time.Duration, 0, 1000)
			for i := 0; b.Loop(); i++ {
				q := questions[i%len(questions)]
				if as != nil {
					q = as(q)
				}
				start := time.Now()
				ask(b, q)
				if name == "snippets" {
					for _, s := range sources {
						text.Cut(*s, "fr", q)
					}
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
		})
	}
	b.Run(fmt.Sprintf("%d/correct", posts), func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := ix.Correct(b.Context(), "q"+typed(questions[i%len(questions)][0])+"x", 5); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(fmt.Sprintf("%d/complete", posts), func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			word := []rune(typed(questions[i%len(questions)][0]))
			if _, err := ix.Complete(b.Context(), string(word[:1+i%3%len(word)]), 5); err != nil {
				b.Fatal(err)
			}
		}
	})
}
