package document_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"github.com/parution/parution/services/render/internal/document"
)

// BenchmarkConvert compares Convert with goldmark alone on the same texts, in
// one run: "go test -bench Convert". The texts are the golden files' sources.
func BenchmarkConvert(b *testing.B) {
	texts := benchTexts(b)
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	b.Run("goldmark", func(b *testing.B) {
		md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote),
			goldmark.WithParserOptions(parser.WithAutoHeadingID()))
		b.SetBytes(int64(size))
		b.ReportAllocs()
		var out bytes.Buffer
		for b.Loop() {
			for _, text := range texts {
				out.Reset()
				if err := md.Convert([]byte(text), &out); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("document", func(b *testing.B) {
		c := document.New()
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for _, text := range texts {
				if _, err := c.Convert(document.Source{Text: text, Language: "fr"}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
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
