package document_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"github.com/parution/parution/services/render/internal/document"
)

// BenchmarkConvert compares Convert with goldmark alone on the same texts, turn
// by turn, so that both meet the same machine: "×goldmark" is the share of
// goldmark's throughput that is left. The texts are the golden files' sources
// and, where they lie beside the repository, the posts of a real blog.
func BenchmarkConvert(b *testing.B) {
	texts := benchTexts(b)
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	c := document.New()
	var alone, whole time.Duration
	var out bytes.Buffer
	for b.Loop() {
		start := time.Now()
		for _, text := range texts {
			out.Reset()
			if err := md.Convert([]byte(text), &out); err != nil {
				b.Fatal(err)
			}
		}
		middle := time.Now()
		for _, text := range texts {
			if _, err := c.Convert(document.Source{Text: text, Language: "fr"}); err != nil {
				b.Fatal(err)
			}
		}
		alone += middle.Sub(start)
		whole += time.Since(middle)
	}
	total := float64(size) * float64(b.N) / 1e6
	b.ReportMetric(total/alone.Seconds(), "goldmark-MB/s")
	b.ReportMetric(total/whole.Seconds(), "document-MB/s")
	b.ReportMetric(alone.Seconds()/whole.Seconds(), "×goldmark")
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
