package importer

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
)

// root is a folder of content in one language.
type root struct {
	dir string
	// lang is empty for the folder of the default language.
	lang string
	// section tells that Hugo takes the folder for a section, whose name is in the
	// addresses: nobody told it that it is a language's.
	section bool
}

// findRoots tells where the content is: in the folder for it, and for each
// language in one that the configuration names or that is called like it.
func (h *hugo) findRoots(ctx context.Context) error {
	h.roots = []root{{dir: h.content}}
	var known []string
	if v, ok := h.config.Get("languages"); ok && v.Kind == frontmatter.Map {
		for code, l := range v.Fields {
			lang := languageCode(code)
			if lang == "" {
				continue
			}
			known = append(known, lang)
			if dir := scalar(l, "contentDir"); dir != "" && path.Clean(dir) != h.content {
				h.addRoot(root{dir: path.Clean(dir), lang: lang})
			}
		}
	}
	files, _, err := h.folder.list(ctx, h.content, isPage)
	if err != nil {
		return err
	}
	codes := make(map[string]string)
	for _, f := range files {
		first, _, below := strings.Cut(strings.TrimPrefix(f.path, h.content+"/"), "/")
		if lang := languageCode(first); lang != "" && below {
			codes[first] = lang
		}
	}
	for first, lang := range codes {
		dir := path.Join(h.content, first)
		named := slices.ContainsFunc(h.roots, func(r root) bool { return r.dir == dir })
		// A single folder "it" may be about computers; one of several is a language's.
		if !named && (slices.Contains(known, lang) || len(codes) > 1) {
			h.roots = append(h.roots, root{dir: dir, lang: lang, section: true})
		}
	}
	// The longest first: the one that a file is in comes before those around it.
	slices.SortFunc(h.roots, func(a, b root) int {
		if d := len(b.dir) - len(a.dir); d != 0 {
			return d
		}
		return strings.Compare(a.dir, b.dir)
	})
	return nil
}

// addRoot adds a folder once: one that languages share is no language's, and its
// files say theirs by their names.
func (h *hugo) addRoot(r root) {
	for i, known := range h.roots {
		if known.dir == r.dir {
			h.roots[i].lang = ""
			return
		}
	}
	h.roots = append(h.roots, r)
}

// rootOf is the innermost folder of content that a file is in.
func (h *hugo) rootOf(file string) root {
	for _, r := range h.roots {
		if strings.HasPrefix(file, r.dir+"/") {
			return r
		}
	}
	return root{dir: h.content}
}

// files lists the content in all languages, each file once, by path.
func (h *hugo) files(ctx context.Context) ([]file, error) {
	var out []file
	for _, r := range h.roots {
		if slices.ContainsFunc(h.roots, func(o root) bool { return strings.HasPrefix(r.dir, o.dir+"/") }) {
			continue // listed with the other
		}
		files, problems, err := h.folder.list(ctx, r.dir, isPage)
		if err != nil {
			return nil, err
		}
		h.problems = append(h.problems, problems...)
		out = append(out, files...)
	}
	slices.SortFunc(out, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return out, nil
}

func isPage(p string) bool { return isMarkdown(p) || extension(p) == ".html" }
