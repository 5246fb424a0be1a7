package document_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/parution/parution/services/render/internal/document"
)

// BenchmarkConvert compares Convert with bare goldmark (GFM and nothing else) on
// the same texts, one after the other, so that both meet the same machine:
// "×goldmark" is the share of goldmark's throughput that is left, the median of
// all turns. The texts are the golden files' sources and, where they lie beside
// the repository, the posts of a real blog.
func BenchmarkConvert(b *testing.B) {
	texts := benchTexts(b)
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	c := document.New()
	var alone, whole time.Duration
	var shares []float64
	var out bytes.Buffer
	for b.Loop() {
		var bare, ours time.Duration
		for _, text := range texts {
			start := time.Now()
			out.Reset()
			if err := md.Convert([]byte(text), &out); err != nil {
				b.Fatal(err)
			}
			middle := time.Now()
			if _, err := c.Convert(document.Source{Text: text, Language: "fr"}); err != nil {
				b.Fatal(err)
			}
			bare += middle.Sub(start)
			ours += time.Since(middle)
		}
		alone, whole = alone+bare, whole+ours
		shares = append(shares, bare.Seconds()/ours.Seconds())
	}
	slices.Sort(shares)
	total := float64(size) * float64(b.N) / 1e6
	b.ReportMetric(total/alone.Seconds(), "goldmark-MB/s")
	b.ReportMetric(total/whole.Seconds(), "document-MB/s")
	b.ReportMetric(shares[len(shares)/2], "×goldmark")
}

func benchTexts(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.md")
	if err != nil {
		tb.Fatal(err)
	}
	if dir := corpusDir(); dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, "*.md"))
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, more...)
	}
	texts := make([]string, 0, len(files))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// corpusDir is where real posts lie beside the repository, or "".
func corpusDir() string {
	dir, err := filepath.Abs(".")
	if err != nil {
		return ""
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		posts := filepath.Join(dir, "shared", "corpus", "beta-blog", "_posts")
		if _, err := os.Stat(posts); err == nil {
			return posts
		}
	}
	return ""
}
