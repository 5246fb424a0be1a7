package press_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

// BenchmarkPress presses pages of sites of different sizes, again each time. On a
// site every post has two of 50 tags, one of five authors, and a day of its own.
func BenchmarkPress(b *testing.B) {
	sizes := []int{10_000}
	if os.Getenv("PARUTION_BIG_BENCH") != "" { // filling it takes minutes
		sizes = append(sizes, 100_000)
	}
	for _, size := range sizes {
		b.Run(fmt.Sprintf("posts=%d", size), func(b *testing.B) {
			f := setUp(b, sqldbtest.SQLite(b))
			fill(b, f, size)
			benchPages(b, f, size)
		})
	}
}

func benchPages(b *testing.B, f *fixture, size int) {
	b.Helper()
	for _, c := range []struct {
		name, path string
		number     int
	}{
		{"home", "/", 0},
		{"page 50", "/page/50", 0},
		{"last page", fmt.Sprintf("/page/%d", size/4), 0},
		{"post", fmt.Sprintf("/posts/note-%d", size/2), 0},
		{"tag", "/tags/tag-1", 0},
		{"two tags", "/tags/tag-1+tag-2", 0},
		{"all tags", "/tags", 0},
		{"author", "/authors/author-1", 0},
		{"archive", "/archive", 0},
		{"year", "/archive/2025", 0},
		{"month", "/archive/2025/12", 0},
		{"feed", "/feed.xml", 0},
		{"site map", "/sitemap.xml", 0},
		{"nowhere", "/nowhere", 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			if status := f.get(b, main, c.path, c.number).Status; status != page.StatusOK && c.name != "nowhere" {
				b.Fatalf("%s = %d", c.path, status)
			}
			for b.Loop() {
				f.get(b, main, c.path, c.number)
			}
		})
	}
}

// BenchmarkChange changes the text and the title of a post of a site with 10,000.
func BenchmarkChange(b *testing.B) {
	f := setUp(b, sqldbtest.SQLite(b))
	fill(b, f, 10_000)
	n := 0
	for b.Loop() {
		n++
		d := tagged(1 + n%10_000)
		d.Title = fmt.Sprintf("Change %d", n)
		f.save(b, d)
	}
}

// BenchmarkKept answers stored pages.
func BenchmarkKept(b *testing.B) {
	f := setUp(b, sqldbtest.SQLite(b))
	fill(b, f, 100)
	f.get(b, main, "/", 0)
	f.flush(b)
	for b.Loop() {
		f.get(b, main, "/", 0)
	}
}

// BenchmarkFill writes posts, their tags and twelve keywords of each, a hundred at once.
func BenchmarkFill(b *testing.B) {
	f := setUp(b, sqldbtest.SQLite(b))
	r := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(r, 1.1, 8, 50_000)
	f.entryFor = func(d *page.Doc) page.Entry {
		e := entryOf(d)
		for range 12 {
			e.Keywords = append(e.Keywords, fmt.Sprint("word", zipf.Uint64()))
		}
		return e
	}
	n := 0
	for b.Loop() {
		fillFrom(b, f, n+1, n+100)
		n += 100
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "posts/s")
}

func tagged(n int) *page.Doc {
	d := plain(n)
	d.PublishedAt = noon().AddDate(0, 0, -n%7300)
	d.Tags = nil
	for _, t := range []int{n % 50, (n + 1) % 50} {
		d.Tags = append(d.Tags, label(fmt.Sprintf("tag-%d", t), fmt.Sprintf("Tag %d", t)))
	}
	d.Authors = []page.Label{label(fmt.Sprintf("author-%d", n%5), fmt.Sprintf("Author %d", n%5))}
	return d
}

func fill(b *testing.B, f *fixture, posts int) {
	b.Helper()
	for n := 1; n <= posts; n += 100 {
		fillFrom(b, f, n, min(n+99, posts))
	}
}

func fillFrom(b *testing.B, f *fixture, from, to int) {
	b.Helper()
	var docs []*page.Doc
	for n := from; n <= to; n++ {
		docs = append(docs, tagged(n))
	}
	f.saveAll(b, docs)
}
