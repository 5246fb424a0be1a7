package press_test

import (
	"fmt"
	"testing"

	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

// BenchmarkPress presses pages of a site with 10,000 posts, every one with two of
// 50 tags, again each time.
func BenchmarkPress(b *testing.B) {
	f := setUp(b, sqldbtest.SQLite(b))
	fill(b, f, 10_000)
	for _, c := range []struct {
		name, path string
		number     int
	}{
		{"home", "/", 0},
		{"last page", "/page/2500", 0},
		{"post", "/posts/note-5000", 0},
		{"tag", "/tags/tag-1", 0},
		{"two tags", "/tags/tag-1+tag-2", 0},
		{"all tags", "/tags", 0},
		{"feed", "/feed.xml", 0},
		{"nowhere", "/nowhere", 0},
	} {
		b.Run(c.name, func(b *testing.B) {
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

func tagged(n int) *page.Doc {
	d := plain(n)
	for _, t := range []int{n % 50, (n + 1) % 50} {
		d.Tags = append(d.Tags, label(fmt.Sprintf("tag-%d", t), fmt.Sprintf("Tag %d", t)))
	}
	return d
}

func fill(b *testing.B, f *fixture, posts int) {
	b.Helper()
	for n := 1; n <= posts; n++ {
		f.save(b, tagged(n))
	}
}
