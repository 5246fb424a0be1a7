package importer

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
	"github.com/parution/parution/cmd/parution/internal/importer/markup"
	"github.com/parution/parution/cmd/parution/internal/importer/shortcode"
)

// hugo reads a folder of Hugo: content, static, assets, and the configuration.
type hugo struct {
	*reader

	config  frontmatter.Value
	content string
	// roots are the folders of content, the longest first.
	roots   []root
	statics []string
}

// scan implements source.
func (h *hugo) scan(ctx context.Context) ([]*item, error) {
	var names []string
	for _, dir := range []string{"", "config/_default/"} {
		for _, name := range []string{"hugo", "config"} {
			for _, ext := range []string{".toml", ".yaml", ".yml", ".json"} {
				names = append(names, dir+name+ext)
			}
		}
	}
	var file string
	h.config, file = h.settings(names...)
	h.address(scalar(h.config, "baseURL"), "")
	h.language = scalar(h.config, "defaultContentLanguage", "languageCode", "locale")
	if v, ok := h.config.First("timeZone"); ok {
		h.timezone(file, v)
	}
	if h.content = path.Clean(scalar(h.config, "contentDir")); h.content == "." {
		h.content = "content"
	}
	h.statics = []string{"static", "assets", h.content}
	if dir := scalar(h.config, "staticDir"); dir != "" {
		h.statics = append([]string{path.Clean(dir)}, h.statics...)
	}
	if err := h.findRoots(ctx); err != nil {
		return nil, err
	}
	for _, r := range h.roots {
		if r.dir != h.content {
			h.statics = append(h.statics, r.dir)
		}
	}
	files, err := h.files(ctx)
	if err != nil {
		return nil, err
	}
	return h.pages(files), nil
}

// pages reads those files that are pages of their own.
func (h *hugo) pages(files []file) []*item {
	bundles := make(map[string]bool)
	for _, f := range files {
		if name, _ := languageInName(stem(f.path)); name == "index" {
			bundles[path.Dir(f.path)] = true
		}
	}
	var items []*item
	for _, f := range files {
		name, lang := languageInName(stem(f.path))
		if name == "_index" || name != "index" && inBundle(bundles, path.Dir(f.path)) {
			continue // a list page, or a part of another page
		}
		it := h.load(f)
		if !it.refused {
			if it.post.Language = lang; lang == "" {
				it.post.Language = h.rootOf(f.path).lang
			}
			h.fill(it, name)
		}
		items = append(items, it)
	}
	return items
}

func inBundle(bundles map[string]bool, dir string) bool {
	for ; dir != "." && dir != "/"; dir = path.Dir(dir) {
		if bundles[dir] {
			return true
		}
	}
	return false
}

// fill understands a page's front matter.
func (h *hugo) fill(it *item, name string) {
	of := h.rootOf(it.file)
	it.kin.seems = besides(strings.TrimPrefix(strings.TrimPrefix(it.dir(), of.dir), "/"), name)
	above := of.dir
	if of.section {
		above = h.content
	}
	section := strings.TrimPrefix(strings.TrimPrefix(it.dir(), above), "/")
	if name == "index" {
		name, section = path.Base(it.dir()), strings.TrimPrefix(path.Dir("/"+section), "/")
	}
	fileDate, short := splitName(name)
	it.post.Published = true
	h.common(it, short)
	if !h.date(it, fileDate, "", "date", "publishDate", "pubDate", "published", "lastmod") {
		it.post.DateGuessed = true
		h.date(it, it.modified.UTC().Format(time.RFC3339), "the time of its file, for nothing else tells")
	}
	if v, ok := it.head.First("expiryDate", "unpublishDate"); ok && it.post.Published {
		if t, ok := parseDate(v.Text, h.zone); ok && !h.options.Now.IsZero() && t.Before(h.options.Now) {
			it.post.Published = false
			it.warn(v.Line, "date", "expired on %s; comes over as a draft", t.Format("2006-01-02"))
		}
	}
	it.tags("categories", byComma)
	it.tags("tags", byComma)
	it.authors(people{}, "authors", "author")
	it.old = h.paths(it, name, section)
	it.also = []string{path.Join("/", above, section, name)}
	it.formerPaths(path.Dir(strings.TrimSuffix(it.old[0], "/")), "aliases")
}

// paths are those that the page had by Hugo's rules.
func (h *hugo) paths(it *item, name, section string) []string {
	if own := scalar(it.head, "url"); own != "" {
		return forms(path.Clean("/"+own), "/"+strings.TrimPrefix(own, "/"))
	}
	given := name
	if s := scalar(it.head, "slug"); s != "" {
		given = s
	}
	first, _, _ := strings.Cut(section, "/")
	var p string
	if template := h.permalink(first); template != "" {
		p = h.fillIn(template, it, name, section)
	} else {
		p = path.Join("/", section, given)
	}
	if l := it.post.Language; l != "" && h.language != "" && !strings.HasPrefix(h.language, l) && !h.rootOf(it.file).section && h.config.Fields["languages"].Kind == frontmatter.Map {
		p = path.Join("/", l, p)
	}
	p = h.below() + strings.ToLower(strings.ReplaceAll(p, " ", "-"))
	if v, ok := h.config.First("uglyURLs"); ok && v.True() {
		return forms(p+".html", p+".html")
	}
	return forms(strings.TrimSuffix(p, "/")+"/", p)
}

// permalink is the configured template for the pages of a section.
func (h *hugo) permalink(section string) string {
	v, _ := h.config.Get("permalinks")
	if page, ok := v.Get("page"); ok && page.Kind == frontmatter.Map {
		v = page
	}
	return scalar(v, section)
}

// fillIn is a permalink for one page.
func (h *hugo) fillIn(template string, it *item, name, section string) string {
	slugged := scalar(it.head, "slug")
	title := strings.ReplaceAll(strings.ToLower(it.post.Title), " ", "-")
	if slugged == "" {
		slugged = title
	}
	first, _, _ := strings.Cut(section, "/")
	d := it.post.PublishedAt.In(h.zone)
	values := map[string]string{
		"year": d.Format("2006"), "month": d.Format("01"), "day": d.Format("02"), "monthname": strings.ToLower(d.Format("January")), "yearday": d.Format("002"),
		"section": first, "sections": section, "title": title, "slug": slugged, "filename": name, "contentbasename": name, "slugorfilename": slugged,
		"slugorcontentbasename": slugged,
	}
	if scalar(it.head, "slug") == "" {
		values["slugorfilename"], values["slugorcontentbasename"] = name, name
	}
	return path.Join("/", placeholder.ReplaceAllStringFunc(template, func(m string) string {
		if v, ok := values[m[1:]]; ok {
			return v
		}
		return m
	}))
}

// carry implements source: shortcodes, and ids of headings.
func (h *hugo) carry(it *item, t markup.Text, code []markup.Range, x *index) markup.Text {
	carried, findings := shortcode.Carry(t, code, shortcode.Env{
		Format:  it.format,
		Address: func(argument string) (string, bool) { return h.linked(it, x, argument) },
		Param: func(name string) (string, bool) {
			v, ok := it.head.Get(name)
			return v.Text, ok && v.Scalar()
		},
	})
	for _, f := range findings {
		it.warn(f.Line, "shortcode", "%s %s", f.Tag, f.Reason)
	}
	if it.format == markup.HTML {
		return carried
	}
	if carried.String() != t.String() {
		code = h.scanner.Code(carried.String(), it.format)
	}
	return carried.Apply(markup.DropKramdown(carried.String(), code))
}

// linked finds what ref and relref lead to.
func (h *hugo) linked(it *item, x *index, argument string) (string, bool) {
	page, fragment, _ := strings.Cut(argument, "#")
	if fragment != "" {
		fragment = "#" + fragment
	}
	if page == "" {
		return fragment, fragment != ""
	}
	for _, base := range []string{path.Join(it.dir(), page), path.Join(h.rootOf(it.file).dir, page), path.Join(h.content, page)} {
		for _, end := range []string{"", ".md", ".markdown"} {
			to := x.byPath[pathKey(strings.TrimSuffix(base, end))]
			if strings.HasSuffix(base, end) && to != nil && len(to.old) > 0 {
				return to.old[0] + fragment, true
			}
		}
	}
	tail := strings.TrimSuffix(path.Base(page), path.Ext(page))
	if tail == "index" {
		tail = path.Base(path.Dir(page))
	}
	if to := x.byTail[strings.ToLower(tail)]; to != nil && len(to.old) > 0 {
		return to.old[0] + fragment, true
	}
	return "", false
}

// candidates implements source.
func (h *hugo) candidates(it *item, p string) []string {
	var out []string
	rest := strings.TrimPrefix(p, "/")
	if rest == p {
		out = append(out, path.Join(it.dir(), p))
		for _, o := range it.old {
			out = append(out, path.Join("static", o, p))
		}
	} else if under, ok := strings.CutPrefix(p, h.below()+"/"); ok {
		rest = under
	}
	for _, s := range h.statics {
		out = append(out, path.Join(s, rest))
	}
	return slices.Clip(out)
}
