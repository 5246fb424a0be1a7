package post

import (
	"fmt"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/slug"
)

// The source formats.
const (
	Markdown = "markdown"
	HTML     = "html"
)

// Content is what authors write; each change of it is a revision.
type Content struct {
	Title    string   `json:"title"`
	Body     string   `json:"body"`
	Format   string   `json:"format"`
	Language string   `json:"language"`
	Slug     string   `json:"slug"`
	Tags     []string `json:"tags,omitempty"`
	Authors  []string `json:"authors,omitempty"`
	Featured bool     `json:"featured,omitempty"`
	Excerpt  string   `json:"excerpt,omitempty"`
	Image    string   `json:"image,omitempty"`
	ImageAlt string   `json:"image_alt,omitempty"`
	// ImageCaption is shown below the cover image, as plain text.
	ImageCaption string   `json:"image_caption,omitempty"`
	Aliases      []string `json:"aliases,omitempty"`
	// TranslationKey is shared by the posts of a site that say the same in
	// different languages; empty: no other is known.
	TranslationKey string `json:"translation_key,omitempty"`
}

// Limits bound what a post may hold; each is a setting.
type Limits struct {
	BodyBytes           int
	TitleChars          int
	SlugBytes           int
	Tags                int
	TagChars            int
	Authors             int
	AuthorChars         int
	ExcerptChars        int
	CaptionChars        int
	TranslationKeyChars int
	Aliases             int
	AddressBytes        int
	ExternalIDBytes     int
}

// DefaultLimits are those of the contract.
func DefaultLimits() Limits {
	return Limits{
		BodyBytes: 1 << 20, TitleChars: 300, SlugBytes: slug.MaxBytes, Tags: 30, TagChars: 60, Authors: 20, AuthorChars: 100,
		ExcerptChars: 1000, CaptionChars: 500, TranslationKeyChars: 200, Aliases: 20, AddressBytes: 2000, ExternalIDBytes: 500,
	}
}

// Clean is the content as it is kept: trimmed names, each tag and author once.
func (c Content) Clean() Content {
	c.Title = flow(c.Title)
	c.Excerpt = strings.TrimSpace(c.Excerpt)
	c.Image = strings.TrimSpace(c.Image)
	c.ImageAlt = strings.TrimSpace(c.ImageAlt)
	c.ImageCaption = flow(c.ImageCaption)
	c.TranslationKey = flow(c.TranslationKey)
	c.Tags = unique(c.Tags)
	c.Authors = unique(c.Authors)
	c.Aliases = unique(c.Aliases)
	if c.Format == "" {
		c.Format = Markdown
	}
	if tag, err := language.Parse(c.Language); err == nil {
		c.Language = tag.String()
	}
	return c
}

// flow makes one line of s with single spaces. No-break spaces stay: French
// typography stands on them.
func flow(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }), " ")
}

// unique trims names and drops those that lead to the same address as one before.
func unique(names []string) []string {
	var out []string
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		n = flow(n)
		key := n
		if !strings.HasPrefix(n, "/") {
			if made := slug.Make(n); made != "" {
				key = made
			}
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		out = append(out, n)
	}
	return out
}

// Equal tells whether both say the same.
func (c Content) Equal(d Content) bool { return reflect.DeepEqual(c, d) }

// reads is what somebody who reads the post itself notices: not where it is
// listed, under which address, or that it was translated.
func (c Content) reads() [7]string {
	return [...]string{c.Title, c.Body, c.Format, c.Excerpt, c.Image, c.ImageAlt, c.ImageCaption}
}

// Check refuses content over the limits, each field by name.
func (c Content) Check(l Limits) error {
	if n := len(c.Body); n > l.BodyBytes {
		return fault.TooLarge("body", "has %d bytes; at most %d", n, l.BodyBytes)
	}
	var bad faults
	bad.text("title", c.Title, 1, l.TitleChars)
	bad.text("excerpt", c.Excerpt, 0, l.ExcerptChars)
	bad.text("image_alt", c.ImageAlt, 0, l.ExcerptChars)
	bad.text("image_caption", c.ImageCaption, 0, l.CaptionChars)
	bad.text("translation_key", c.TranslationKey, 0, l.TranslationKeyChars)
	if strings.ContainsRune(c.Body, 0) || !utf8.ValidString(c.Body) {
		bad.add("body", "holds characters that no text has (NUL or invalid UTF-8)")
	}
	if c.Format != Markdown && c.Format != HTML {
		bad.add("format", "is %q; must be %q or %q", clip(c.Format), Markdown, HTML)
	}
	if _, err := language.Parse(c.Language); err != nil || len(c.Language) > 35 {
		bad.add("language", "is %q; must be a language tag such as \"fr\" or \"pt-BR\"", clip(c.Language))
	}
	if c.Slug != "" {
		bad.slug(c.Slug, l.SlugBytes)
	}
	bad.names("tags", c.Tags, l.Tags, l.TagChars)
	bad.names("authors", c.Authors, l.Authors, l.AuthorChars)
	if c.Image != "" {
		bad.address("image", c.Image, l.AddressBytes)
	}
	if len(c.Aliases) > l.Aliases {
		bad.add("aliases", "has %d entries; at most %d", len(c.Aliases), l.Aliases)
	}
	for i, a := range c.Aliases {
		bad.path(fmt.Sprintf("aliases[%d]", i), a, l.AddressBytes)
	}
	return fault.InvalidFields(bad...)
}

// faults gathers what is wrong with several fields.
type faults []fault.Violation

func (f *faults) add(field, format string, args ...any) {
	*f = append(*f, fault.Violation{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (f *faults) text(field, s string, least, most int) {
	switch n := utf8.RuneCountInString(s); {
	case n < least:
		f.add(field, "is missing")
	case n > most:
		f.add(field, "has %d characters; at most %d", n, most)
	case strings.ContainsFunc(s, isControl):
		f.add(field, "holds control characters")
	}
}

// isControl finds what has no place in a line of text, line breaks included
// for all but excerpts, which are flowed anyway.
func isControl(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t'
}

func (f *faults) slug(s string, most int) {
	switch {
	case len(s) > most:
		f.add("slug", "has %d bytes; at most %d", len(s), most)
	case !slug.Valid(s):
		f.add("slug", "is %q; must be lower-case letters and digits joined by \"-\", such as %q", clip(s), slug.Make(s))
	}
}

func (f *faults) names(field string, names []string, most, chars int) {
	if len(names) > most {
		f.add(field, "has %d entries; at most %d", len(names), most)
	}
	for i, n := range names {
		at := fmt.Sprintf("%s[%d]", field, i)
		f.text(at, n, 1, chars)
		if n != "" && slug.Make(n) == "" {
			f.add(at, "is %q; needs a letter or a digit", clip(n))
		}
	}
}

func (f *faults) address(field, s string, most int) {
	u, err := url.Parse(s)
	switch {
	case len(s) > most:
		f.add(field, "has %d bytes; at most %d", len(s), most)
	case err != nil, u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https", u.Scheme != "" && u.Host == "",
		u.Scheme == "" && (!strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//")), strings.ContainsFunc(s, isControl), strings.Contains(s, `\`):
		f.add(field, "is %q; must be an http(s) address or a path", clip(s))
	}
}

func (f *faults) path(field, s string, most int) {
	u, err := url.Parse(s)
	switch {
	case len(s) > most:
		f.add(field, "has %d bytes; at most %d", len(s), most)
	case isOwn(s):
		f.add(field, "is %q, which is one of the site's own addresses", clip(s))
	case path.Clean(s) != s && path.Clean(s)+"/" != s:
		f.add(field, "is %q; the shortest form is %q", clip(s), clip(path.Clean(s)))
	case err != nil, !strings.HasPrefix(s, "/"), s == "/", strings.HasPrefix(s, "//"), u.Path != s, strings.ContainsAny(s, "\\?#\x00"),
		strings.ContainsFunc(s, isControl), strings.Contains(s+"/", "/../"):
		f.add(field, "is %q; must be a path such as \"/2019/05/title.html\"", clip(s))
	}
}

// isOwn tells whether an address is one that the site answers itself: an alias
// there could never be reached. One below /archive, /authors or /search is
// reached where none of the site's own pages is.
func isOwn(s string) bool {
	for _, own := range []string{"/api/", "/assets/", "/media/", "/page/", "/posts/", "/problems/", "/sitemaps/", "/tags/"} {
		if strings.HasPrefix(s+"/", own) {
			return true
		}
	}
	return slices.Contains([]string{
		"/archive", "/atom.xml", "/events", "/favicon.ico", "/feed.json", "/feed.xml", "/healthz", "/robots.txt", "/search", "/sitemap.xml",
	}, s)
}

// clip keeps messages short whatever was sent.
func clip(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// SlugBase is the slug that a post without one begins with.
func (c Content) SlugBase() string {
	if s := slug.Make(c.Title); s != "" {
		return s
	}
	return "post"
}

// FreeSlug is base, or base with the least number from 2 on that is not taken.
func FreeSlug(base string, taken func(string) bool) string {
	if !taken(base) {
		return base
	}
	for n := 2; ; n++ {
		suffix := fmt.Sprintf("-%d", n)
		stem := base
		for len(stem)+len(suffix) > slug.MaxBytes {
			_, size := utf8.DecodeLastRuneInString(stem)
			stem = stem[:len(stem)-size]
		}
		if s := strings.TrimRight(stem, "-") + suffix; !taken(s) {
			return s
		}
	}
}
