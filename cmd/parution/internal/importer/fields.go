package importer

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/cmd/parution/internal/importer/frontmatter"
	"github.com/parution/parution/cmd/parution/internal/importer/markup"
)

func asFrontmatter(err error) (*frontmatter.Error, bool) {
	return errors.AsType[*frontmatter.Error](err)
}

// text is the first of the named fields that says something, as one line of
// text, and the line it stands on.
func (it *item) text(names ...string) (string, int) {
	v, ok := it.head.First(names...)
	if !ok {
		return "", 0
	}
	return it.flat(names[0], v), v.Line
}

// flat is a value where a text is expected.
func (it *item) flat(name string, v frontmatter.Value) string {
	switch v.Kind {
	case frontmatter.List:
		var texts []string
		for _, i := range v.Items {
			if i.Scalar() && !i.Empty() {
				texts = append(texts, markup.Flow(i.Text))
			}
		}
		it.warn(v.Line, "front matter", "%s is a list where a text is expected; its entries are joined", name)
		return strings.Join(texts, ", ")
	case frontmatter.Map:
		it.warn(v.Line, "front matter", "%s is a map where a text is expected; left out", name)
		return ""
	case frontmatter.Nil, frontmatter.Text, frontmatter.Number, frontmatter.Bool:
	}
	return strings.TrimSpace(markup.Flow(v.Text))
}

// splitter takes a text apart where a list is expected.
type splitter func(string) []string

// byComma is the way of people: "print, ink".
func byComma(s string) []string { return strings.Split(s, ",") }

// byCommaOrBlank is Jekyll's way, "print ink", with that of people.
func byCommaOrBlank(s string) []string {
	if strings.Contains(s, ",") {
		return byComma(s)
	}
	return strings.Fields(s)
}

func unsplit(s string) []string { return []string{s} }

// names are the entries of a field that holds a list, or a text that is split.
// A field that is there but empty is reported.
func (it *item) names(field, topic string, split splitter) []frontmatter.Value {
	v, ok := it.head.Get(field)
	if !ok {
		return nil
	}
	if v.Empty() {
		it.warn(v.Line, topic, "%s is empty", field)
		return nil
	}
	switch v.Kind {
	case frontmatter.List:
		var out []frontmatter.Value
		for _, i := range v.Items {
			if i.Empty() {
				it.warn(i.Line, topic, "%s has an empty entry; left out", field)
				continue
			}
			out = append(out, i)
		}
		return out
	case frontmatter.Map:
		return []frontmatter.Value{v}
	case frontmatter.Nil, frontmatter.Text, frontmatter.Number, frontmatter.Bool:
	}
	var out []frontmatter.Value
	for _, s := range split(v.Text) {
		if s = markup.Flow(s); s != "" {
			out = append(out, frontmatter.Value{Kind: frontmatter.Text, Text: s, Line: v.Line})
		}
	}
	return out
}

// tags adds the entries of a field to the post's tags, and answers with them.
func (it *item) tags(field string, split splitter) []string {
	var all []string
	for _, v := range it.names(field, "tags", split) {
		if !v.Scalar() {
			it.warn(v.Line, "tags", "%s holds %s where a name is expected; left out", field, v.Kind)
			continue
		}
		name := strings.TrimSpace(markup.Flow(v.Text))
		all = append(all, name)
		switch made := slug.Make(name); {
		case made == "":
			it.warn(v.Line, "tags", "%q has neither letter nor digit; left out", name)
		case has(it.post.Tags, made):
		case len(it.post.Tags) == maxTags:
			it.warn(v.Line, "tags", "%q is beyond the %d tags that a post may have; left out", name, maxTags)
		default:
			it.post.Tags = append(it.post.Tags, it.short(v.Line, "tag", name, maxTagChars))
		}
	}
	return all
}

// has tells whether a name among them leads to that slug.
func has(names []string, made string) bool {
	for _, n := range names {
		if slug.Make(n) == made {
			return true
		}
	}
	return false
}

// short cuts a text to its limit, and says so.
func (it *item) short(line int, field, s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	cut, did := markup.Cut(s, most)
	if did {
		it.warn(line, "limit", "the %s has %d characters; cut to the %d that are possible", field, utf8.RuneCountInString(s), most)
	}
	return cut
}

// author adds a name to the post's authors.
func (it *item) author(line int, name string) {
	name = strings.TrimSpace(markup.Flow(name))
	switch made := slug.Make(name); {
	case made == "":
		it.warn(line, "authors", "%q has neither letter nor digit; left out", name)
	case has(it.post.Authors, made):
	case len(it.post.Authors) == maxAuthors:
		it.warn(line, "authors", "%q is beyond the %d authors that a post may have; left out", name, maxAuthors)
	default:
		it.post.Authors = append(it.post.Authors, it.short(line, "author's name", name, maxAuthorChars))
	}
}

// common fills what all kinds write alike. The name is what the file is called
// without date and extension.
func (r *reader) common(it *item, name string) {
	p := &it.post
	title, line := it.text("title")
	if title == "" {
		title = r.headingTitle(it, name)
	}
	p.Title = it.short(line, "title", markup.Flow(title), maxTitleChars)
	given, line := it.text("slug")
	if p.Slug = slug.Make(given); p.Slug == "" {
		p.Slug = slug.Make(name)
	}
	if p.Slug == "" {
		p.Slug = slug.Make(p.Title)
	}
	if p.Slug == "" {
		p.Slug = "post"
		it.warn(line, "slug", "neither the title nor the file's name makes a slug")
	}
	if v, ok := it.head.First("excerpt", "description", "summary"); ok {
		p.Excerpt = it.short(v.Line, "excerpt", r.scanner.Plain(it.excerptSource(v)), maxTextChars)
	}
	r.moreExcerpt(it)
	r.coverOf(it)
	if v, ok := it.head.First("featured", "pin", "pinned", "sticky"); ok {
		p.Featured = v.True()
	}
	if v, ok := it.head.First("draft"); ok && v.True() {
		p.Published = false
	}
	if v, ok := it.head.First("published"); ok && v.Kind == frontmatter.Bool && !v.True() {
		p.Published = false
	}
	if s, _ := it.text("status"); strings.EqualFold(s, "draft") {
		p.Published = false
	}
	r.languageOf(it)
	it.kinOf()
}

// moreExcerpt is the excerpt that a mark in the text ends, if there is one.
func (r *reader) moreExcerpt(it *item) {
	before, _, marked := strings.Cut(it.body, "<!--more-->")
	if it.post.Excerpt != "" || !marked || it.format != markup.Markdown || strings.Contains(before, "{{") || strings.Contains(before, "{%") {
		return
	}
	it.post.Excerpt, _ = markup.Cut(r.scanner.Plain(before), maxTextChars)
}

// excerptSource keeps the lines of an excerpt: it is Markdown.
func (it *item) excerptSource(v frontmatter.Value) string {
	if v.Scalar() {
		return v.Text
	}
	return it.flat("excerpt", v)
}

// headingTitle is the heading that the text begins with, which then leaves the
// text; or else the file's name.
func (r *reader) headingTitle(it *item, name string) string {
	if it.format == markup.Markdown {
		if title, at, ok := r.scanner.Heading(it.body); ok && title != "" {
			it.bodyLine += strings.Count(it.body[:at.End], "\n")
			it.body = it.body[at.End:]
			return title
		}
	}
	title := strings.Join(strings.FieldsFunc(name, func(c rune) bool { return c == '-' || c == '_' || c == ' ' }), " ")
	if title == "" {
		title = it.base()
	}
	first, size := utf8.DecodeRuneInString(title)
	title = strings.ToUpper(string(first)) + title[size:]
	it.warn(0, "title", "has no title; named %q after its file", title)
	return title
}

// coverOf finds the cover in the many ways that themes name it.
func (r *reader) coverOf(it *item) {
	v, ok := it.head.First("image", "cover", "featured_image", "featuredImage", "feature_image", "images", "thumbnail", "hero", "header")
	for ok && v.Kind == frontmatter.List && len(v.Items) > 0 {
		if name := "images"; it.head.Fields[name].Kind != frontmatter.List {
			it.warn(v.Line, "front matter", "the image is a list where a text is expected; its first entry is taken")
		}
		v = v.Items[0]
	}
	if ok && v.Kind == frontmatter.Map {
		if alt, found := v.First("alt", "description", "image_description"); found && alt.Scalar() {
			it.post.ImageAlt = it.short(alt.Line, "image's description", markup.Flow(alt.Text), maxTextChars)
		}
		if caption, found := v.First("caption", "credit"); found && caption.Scalar() {
			r.caption(it, caption.Text, caption.Line)
		}
		v, ok = v.First("src", "path", "url", "file", "image", "feature", "overlay_image", "teaser")
	}
	if caption, line := it.text("image_caption", "imageCaption", "cover_caption", "featured_image_caption", "feature_image_caption", "caption"); caption != "" {
		r.caption(it, caption, line)
	}
	if alt, line := it.text("image_alt", "imageAlt", "cover_alt", "featured_image_alt", "feature_image_alt", "alt"); alt != "" {
		it.post.ImageAlt = it.short(line, "image's description", alt, maxTextChars)
	}
	if ok && v.Scalar() {
		it.cover, it.coverLine = strings.TrimSpace(v.Text), v.Line
	}
	if it.cover == "" {
		it.post.ImageAlt, it.post.ImageCaption = "", ""
	}
}

// caption is what stands below the cover: a line of Markdown, of which the text
// comes over.
func (r *reader) caption(it *item, source string, line int) {
	it.post.ImageCaption = it.short(line, "image's caption", markup.Flow(r.scanner.Plain(source)), maxCaption)
}

// languageOf settles the language: the post's own, that of the options, that
// of the folder, or what the text looks like.
func (r *reader) languageOf(it *item) {
	own, line := it.text("lang", "language", "locale")
	own = strings.ReplaceAll(own, "_", "-")
	if tag, err := language.Parse(own); own != "" && err == nil {
		it.post.Language = tag.String()
		return
	}
	if own != "" {
		it.warn(line, "language", "%q is no language", own)
	}
	for _, l := range []string{it.post.Language, r.options.Language, r.language} {
		if l != "" {
			it.post.Language = l
			return
		}
	}
	it.post.Language = detect(it.post.Title + " " + it.body)
}

// date settles when the post was published: by the first of the named fields
// that holds a date, or by the fallback with its origin. The second result is
// false if there is no date at all.
func (r *reader) date(it *item, fallback, origin string, fields ...string) bool {
	for _, f := range fields {
		v, ok := it.head.First(f)
		if !ok {
			continue
		}
		s := it.flat(f, v)
		if t, ok := parseDate(s, r.zone); ok {
			it.post.PublishedAt = t
			r.future(it, v.Line)
			return true
		}
		it.warn(v.Line, "date", "%s %q is no date, or not a clear one", f, s)
	}
	t, ok := parseDate(fallback, r.zone)
	if !ok {
		return false
	}
	it.post.PublishedAt = t
	if origin != "" {
		it.warn(0, "date", "dated %s by %s", t.In(r.zone).Format("2006-01-02"), origin)
	}
	r.future(it, 0)
	return true
}

// future keeps a post back whose day has not come.
func (r *reader) future(it *item, line int) {
	if it.post.Published && !r.options.Now.IsZero() && it.post.PublishedAt.After(r.options.Now) {
		it.post.Published = false
		it.warn(line, "date", "dated %s, in the future; comes over as a draft", it.post.PublishedAt.In(r.zone).Format("2006-01-02"))
	}
}

// addTag adds a name that stands in no field.
func (it *item) addTag(name string) {
	if made := slug.Make(name); made != "" && !has(it.post.Tags, made) && len(it.post.Tags) < maxTags {
		it.post.Tags = append(it.post.Tags, it.short(0, "tag", name, maxTagChars))
	}
}
