package index_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/parution/parution/services/tags/internal/index"
	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

// million fills an index with n posts with 5 of 5,000 Zipf tags each, published
// over ten years, and answers how many bytes of the heap it takes.
func million(b *testing.B, n int) (*index.Memory, *rand.Zipf, uint64) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.1, 5, 4999)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := index.New(&words{})
	m.Put(tagsOf(5000), nil, text.Position{})
	authors := make([]string, 50)
	for i := range authors {
		authors[i] = fmt.Sprintf("Author %d", i)
	}
	for number := uint32(1); number <= uint32(n); {
		var batch []index.Record
		for range 500 {
			rec := index.Record{
				Number: number, PostID: id(number), Site: "main", Version: 1, Public: true, Language: []string{"fr", "en"}[number%2],
				PublishedAt: noon().Add(-time.Duration(r.IntN(10*365*24*60)) * time.Minute), Authors: authors[r.IntN(50):][:1],
			}
			for len(rec.Tags) < 5 {
				if t := "t" + strconv.Itoa(int(zipf.Uint64())); !slices.Contains(rec.Tags, t) {
					rec.Tags = append(rec.Tags, t)
				}
			}
			batch = append(batch, rec)
			number++
		}
		m.Put(nil, batch, text.Position{Epoch: 1, Pos: int64(number)})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return m, zipf, after.HeapAlloc - before.HeapAlloc
}

func size() int {
	if n, err := strconv.Atoi(os.Getenv("POSTS")); err == nil {
		return n
	}
	return 100_000
}

// BenchmarkAlgebra asks for three tags with facets, in five ways, and for large parts; POSTS=1000000
// is the size of the issue.
func BenchmarkAlgebra(b *testing.B) {
	m, zipf, bytes := million(b, size())
	tag := func() query.Node { return query.Tag{Name: "t" + strconv.FormatUint(zipf.Uint64(), 10)} }
	cases := map[string]func() query.Node{
		"and": func() query.Node { return query.And{Parts: []query.Node{tag(), tag(), tag()}} },
		"or":  func() query.Node { return query.Or{Parts: []query.Node{tag(), tag(), tag()}} },
		"not": func() query.Node { return query.And{Parts: []query.Node{tag(), tag(), query.Not{Part: tag()}}} },
		"or without": func() query.Node {
			return query.And{Parts: []query.Node{query.Or{Parts: []query.Node{tag(), tag()}}, query.Not{Part: tag()}}}
		},
		"but":  func() query.Node { return query.Not{Part: query.Or{Parts: []query.Node{tag(), tag(), tag()}}} },
		"half": func() query.Node { return query.Language{Tag: "fr"} },
		"all":  func() query.Node { return nil },
	}
	for name, node := range cases {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				q := index.Question{Site: "main", Asks: node(), Order: index.Newest, Size: 20, Facets: true}
				start := time.Now()
				if _, err := m.Ask(b.Context(), q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(bytes)/float64(size()), "B/post")
		})
	}
}

// BenchmarkSnapshot writes and reads the file that a start begins with.
func BenchmarkSnapshot(b *testing.B) {
	m, _, _ := million(b, size())
	path := b.TempDir() + "/index"
	b.Run("save", func(b *testing.B) {
		for b.Loop() {
			if err := m.Save(path, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			if err := index.New(&words{}).Load(path, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	if s, err := os.Stat(path); err == nil {
		b.Logf("%d bytes per post on disk", int(s.Size())/size())
	}
}

// BenchmarkRelated asks for what goes with a post of which most tags are frequent.
func BenchmarkRelated(b *testing.B) {
	m, _, _ := million(b, size())
	var took []time.Duration
	for number := uint32(1); b.Loop(); number = number%1000 + 1 {
		start := time.Now()
		if _, err := m.Related(b.Context(), "main", number, "fr", text.Source{}, 3); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
