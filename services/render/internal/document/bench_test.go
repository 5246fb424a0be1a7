package document_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/parution/parution/services/render/internal/document"
)

// BenchmarkConvert compares Convert with bare goldmark (GFM and nothing else) on
// the same texts, one after the other, so that both meet the same machine:
// "×goldmark" is the share of goldmark's throughput that is left, by the fastest
// turn of each text on either side, as other work on the machine makes the rest.
// The texts are the golden files' sources and, where they lie beside the
// repository, the posts of a real blog. 2026-11-23: 0.57, goal 0.5.
func BenchmarkConvert(b *testing.B) {
	texts := benchTexts(b)
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	alone, whole := make([]time.Duration, len(texts)), make([]time.Duration, len(texts))
	var out bytes.Buffer
	first := true
	for b.Loop() {
		c := document.New() // remembers no code of the last turn
		for i, text := range texts {
			start := time.Now()
			out.Reset()
			if err := md.Convert([]byte(text), &out); err != nil {
				b.Fatal(err)
			}
			middle := time.Now()
			if _, err := c.Convert(document.Source{Text: text, Language: "fr"}); err != nil {
				b.Fatal(err)
			}
			bare, ours := middle.Sub(start), time.Since(middle)
			if first {
				alone[i], whole[i] = bare, ours
			}
			alone[i], whole[i] = min(alone[i], bare), min(whole[i], ours)
		}
		first = false
	}
	var size, bare, ours float64
	for i, text := range texts {
		size, bare, ours = size+float64(len(text))/1e6, bare+alone[i].Seconds(), ours+whole[i].Seconds()
	}
	b.ReportMetric(size/bare, "goldmark-MB/s")
	b.ReportMetric(size/ours, "document-MB/s")
	b.ReportMetric(bare/ours, "×goldmark")
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
