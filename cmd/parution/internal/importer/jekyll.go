package importer

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
	"github.com/parution/parution/cmd/parution/internal/importer/liquid"
	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

// jekyll reads a folder of Jekyll: _posts, _drafts, _authors, _config.yml.
type jekyll struct {
	*reader

	config frontmatter.Value
	// configured tells whether there is a configuration at all.
	configured bool
	people     people
	// byName holds posts by their file's name without extension, for post_url.
	byName map[string]*item
}

func isPost(p string) bool {
	switch extension(p) {
	case ".md", ".markdown", ".mkd", ".mkdn", ".mkdown", ".html", ".htm":
	default:
		return false
	}
	dirs := strings.Split(path.Dir(p), "/")
	return slices.Contains(dirs, "_posts") || slices.Contains(dirs, "_drafts")
}

// scan implements source.
func (j *jekyll) scan(ctx context.Context) ([]*item, error) {
	var file string
	j.config, file = j.settings("_config.yml", "_config.yaml", "_config.toml")
	j.configured = file != ""
	j.address(scalar(j.config, "url"), scalar(j.config, "baseurl"))
	j.language = scalar(j.config, "lang", "locale", "language")
	if v, ok := j.config.First("timezone"); ok {
		j.timezone(file, v)
	}
	if err := j.authors(ctx); err != nil {
		return nil, err
	}
	files, problems, err := j.folder.list(ctx, ".", isPost)
	if err != nil {
		return nil, err
	}
	j.problems = append(j.problems, problems...)
	j.byName = make(map[string]*item, len(files))
	items := make([]*item, 0, len(files))
	for _, f := range files {
		it := j.load(f)
		if !it.refused {
			j.fill(it)
			if j.byName[it.base()] == nil {
				j.byName[it.base()] = it
			}
		}
		items = append(items, it)
	}
	return items, nil
}

// authors reads who is known: _authors, _data/authors, and the configuration.
func (j *jekyll) authors(ctx context.Context) error {
	j.people = people{names: make(map[string]string)}
	files, problems, err := j.folder.list(ctx, "_authors", func(p string) bool {
		return slices.Contains([]string{".md", ".markdown", ".html", ".yml", ".yaml"}, extension(p))
	})
	if err != nil {
		return err
	}
	j.problems = append(j.problems, problems...)
	j.people.folder(j.reader, files)
	if len(files) > 0 {
		j.people.where = func(id string) string { return "_authors/" + id + ".md" }
	}
	data, file := j.settings("_data/authors.yml", "_data/authors.yaml", "_data/authors.json")
	if file != "" && j.people.where == nil {
		j.people.where = func(id string) string { return id + " in " + file }
	}
	for _, from := range []frontmatter.Value{data, j.config.Fields["authors"]} {
		for id, v := range from.Fields {
			j.people.add(id, v)
		}
	}
	return nil
}

// fill understands a post's front matter.
func (j *jekyll) fill(it *item) {
	fileDate, name := splitName(it.base())
	draft := slices.Contains(strings.Split(it.dir(), "/"), "_drafts")
	it.post.Published = !draft
	if it.bare {
		it.post.Published = false
		it.warn(1, "front matter", "has no front matter, so Jekyll does not publish it; comes over as a draft")
	}
	j.common(it, name)
	dated := j.date(it, fileDate, "", "date")
	if !dated && it.post.Published {
		it.post.Published = false
		it.warn(0, "date", "neither the front matter nor the file's name has a date; comes over as a draft")
	}
	var categories []string
	if before, _, ok := strings.Cut(it.file, "/_posts/"); ok {
		categories = strings.Split(before, "/")
		for _, c := range categories {
			it.addTag(c)
		}
	}
	categories = append(categories, it.tags("category", unsplit)...)
	categories = append(categories, it.tags("categories", byCommaOrBlank)...)
	it.tags("tag", unsplit)
	it.tags("tags", byCommaOrBlank)
	it.authors(j.people, "authors", "author")
	if dated && !draft {
		it.old = j.paths(it, name, fileDate, categories)
	}
	it.formerPaths("", "redirect_from", "aliases", "alias")
}

var placeholder = regexp.MustCompile(`:(\w+)`)

// paths are those that the post had by Jekyll's rules, with the date of its
// front matter and with that of its file, which it may have had before.
func (j *jekyll) paths(it *item, name, fileDate string, categories []string) []string {
	style := scalar(it.head, "permalink")
	own := style != ""
	if !own {
		style = scalar(j.config, "permalink")
	}
	template := style
	switch style {
	case "", "date":
		template = "/:categories/:year/:month/:day/:title.html"
	case "pretty":
		template = "/:categories/:year/:month/:day/:title/"
	case "ordinal":
		template = "/:categories/:year/:y_day/:title.html"
	case "none":
		template = "/:categories/:title.html"
	case "weekdate":
		template = "/:categories/:year/W:week/:short_day/:title.html"
	}
	if given := scalar(it.head, "slug"); given != "" {
		name = given
	}
	dates := []time.Time{it.post.PublishedAt.In(j.zone)}
	if t, ok := parseDate(fileDate, j.zone); ok {
		dates = append(dates, t.In(j.zone))
	}
	var out []string
	for _, d := range dates {
		p := j.below() + fillIn(template, name, categories, d)
		if !j.configured && !own {
			// Nothing tells which of the two usual styles it was.
			plain := strings.TrimSuffix(p, ".html")
			out = appendNew(out, plain+"/", p, plain)
			continue
		}
		out = appendNew(out, forms(p, p)...)
	}
	return out
}

var notInTitle = regexp.MustCompile(`[^\p{L}\p{N}._~!$&'()+,;=@-]+`)

// fillIn is a permalink for one post.
func fillIn(template, name string, categories []string, d time.Time) string {
	title := strings.Trim(notInTitle.ReplaceAllString(name, "-"), "-")
	var in []string
	for _, c := range categories {
		in = appendNew(in, strings.ToLower(c))
	}
	_, week := d.ISOWeek()
	values := map[string]string{
		"categories": strings.Join(in, "/"), "slugified_categories": strings.Join(in, "/"), "collection": "posts", "output_ext": ".html",
		"year": d.Format("2006"), "month": d.Format("01"), "day": d.Format("02"), "short_year": d.Format("06"),
		"i_month": d.Format("1"), "i_day": d.Format("2"), "y_day": d.Format("002"), "short_month": d.Format("Jan"), "long_month": d.Format("January"),
		"hour": d.Format("15"), "minute": d.Format("04"), "second": d.Format("05"), "week": fmt.Sprintf("%02d", week), "short_day": d.Format("Mon"),
		"title": title, "slug": strings.ToLower(title), "name": title,
	}
	filled := placeholder.ReplaceAllStringFunc(template, func(m string) string {
		if v, ok := values[m[1:]]; ok {
			return v
		}
		return m
	})
	slash := strings.HasSuffix(filled, "/")
	if filled = path.Clean("/" + filled); slash && filled != "/" {
		filled += "/"
	}
	return filled
}

// carry implements source: Liquid, then what kramdown adds to Markdown.
func (j *jekyll) carry(it *item, t markup.Text, code []markup.Range, x *index) markup.Text {
	env := liquid.Env{
		Format: it.format,
		Names:  map[string]frontmatter.Value{"page": it.head, "site": j.config},
		Address: func(tag, argument string) (string, bool) {
			return j.linked(x, tag, argument)
		},
	}
	if x.base != nil {
		env.SiteURL = x.base.String()
	}
	carried, findings := liquid.Carry(t, code, env)
	for _, f := range findings {
		it.warn(f.Line, "Liquid", "%s %s", f.Tag, f.Reason)
	}
	if it.format == markup.HTML {
		return carried
	}
	if carried.String() != t.String() {
		code = j.scanner.Code(carried.String(), it.format)
	}
	return carried.Apply(markup.DropKramdown(carried.String(), code))
}

// linked finds what post_url and link lead to.
func (j *jekyll) linked(x *index, tag, argument string) (string, bool) {
	to := x.byFile[strings.TrimPrefix(argument, "/")]
	if tag == "post_url" {
		to = j.byName[path.Base(argument)]
	}
	switch {
	case to != nil && len(to.old) > 0:
		return to.old[0], true
	case to != nil:
		return "/posts/" + to.post.Slug, true
	case tag == "link" && j.folder.has(strings.TrimPrefix(argument, "/")):
		return "/" + strings.TrimPrefix(argument, "/"), true
	}
	return "", false
}

// candidates implements source.
func (j *jekyll) candidates(it *item, p string) []string {
	if !strings.HasPrefix(p, "/") {
		return []string{path.Join(it.dir(), p), p}
	}
	if rest, ok := strings.CutPrefix(p, j.below()+"/"); ok {
		return []string{rest, p}
	}
	return []string{p}
}
