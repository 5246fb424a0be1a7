package importer

import (
	"context"
	"path"
	"strings"
	"time"

	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

// plain reads any folder of Markdown files, with or without front matter.
type plain struct{ *reader }

func isMarkdown(p string) bool {
	switch extension(p) {
	case ".md", ".markdown", ".mkd":
		return true
	}
	return false
}

// scan implements source.
func (m *plain) scan(ctx context.Context) ([]*item, error) {
	files, problems, err := m.folder.list(ctx, ".", isMarkdown)
	if err != nil {
		return nil, err
	}
	m.problems = append(m.problems, problems...)
	among := make(map[string]int)
	for _, f := range files {
		bare, _ := languageInName(stem(f.path))
		among[besides(path.Dir(f.path), bare)]++
	}
	items := make([]*item, 0, len(files))
	for _, f := range files {
		it := m.load(f)
		if !it.refused {
			m.fill(it, among)
		}
		items = append(items, it)
	}
	return items, nil
}

// fill understands a file. among counts the files that have the same name but for
// a language: one alone, "react.ts", has none.
func (m *plain) fill(it *item, among map[string]int) {
	fileDate, name := splitName(it.base())
	if bare, lang := languageInName(it.base()); among[besides(it.dir(), bare)] > 1 {
		it.post.Language, it.kin.seems = lang, besides(it.dir(), bare)
	}
	if l := strings.ToLower(name); (l == "index" || l == "readme") && it.dir() != "." {
		name = path.Base(it.dir())
	}
	it.post.Published = true
	m.common(it, name)
	if !m.date(it, fileDate, "", "date", "published_at", "publishDate", "published", "created_at", "created") {
		it.post.DateGuessed = true
		m.date(it, it.modified.UTC().Format(time.RFC3339), "the time of its file, for nothing else tells")
	}
	it.tags("categories", byComma)
	it.tags("tags", byComma)
	it.authors(people{}, "authors", "author")
	it.formerPaths(it.dir(), "aliases", "redirect_from", "alias")
	it.also = []string{"/" + strings.TrimSuffix(it.file, path.Ext(it.file))}
}

// carry implements source: Markdown has no language of its own.
func (*plain) carry(_ *item, t markup.Text, _ []markup.Range, _ *index) markup.Text { return t }

// candidates implements source.
func (*plain) candidates(it *item, p string) []string {
	if strings.HasPrefix(p, "/") {
		return []string{p}
	}
	return []string{path.Join(it.dir(), p), p}
}
