package theme

import (
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"github.com/parution/parution/services/render/internal/page"
)

const schemaOrg = "https://schema.org"

// thing is a document of schema.org, or a part of one.
type thing map[string]any

// describe adds what every page that can be found says of itself.
func (sp *speaker) describe(f *Frame, kind string, cover *Picture) {
	h, s := &f.Head, f.Site
	if h.Canonical == "" {
		h.Robots = "noindex"
		return
	}
	title := f.Heading
	if title == "" {
		title = s.Title
	}
	h.Meta = append(h.Meta,
		Meta{Property: "og:type", Content: kind}, Meta{Property: "og:url", Content: h.Canonical},
		Meta{Property: "og:title", Content: title}, Meta{Property: "og:site_name", Content: s.Title},
	)
	if h.Description != "" {
		h.Meta = append(h.Meta, Meta{Property: "og:description", Content: h.Description})
	}
	card := "summary"
	if cover != nil {
		card = "summary_large_image"
		h.Meta = append(h.Meta, Meta{Property: "og:image", Content: cover.shared.url})
		if cover.shared.width > 0 {
			h.Meta = append(h.Meta, Meta{Property: "og:image:width", Content: strconv.Itoa(cover.shared.width)}, Meta{Property: "og:image:height", Content: strconv.Itoa(cover.shared.height)})
		}
		if cover.Alt != "" {
			h.Meta = append(h.Meta, Meta{Property: "og:image:alt", Content: cover.Alt})
		}
	}
	h.Meta = append(h.Meta, Meta{Name: "twitter:card", Content: card})
}

// locale adds the language as Open Graph writes it.
func (f *Frame) locale(property string, tag language.Tag) {
	base, confidence := tag.Base()
	region, _ := tag.Region()
	if confidence == language.No || len(region.String()) != 2 {
		return
	}
	f.Head.Meta = append(f.Head.Meta, Meta{Property: property, Content: base.String() + "_" + region.String()})
}

// trail adds the way to a page; the site is its first step.
func (sp *speaker) trail(f *Frame, path string, between ...Entry) {
	f.Crumbs = append([]Entry{{Name: f.Site.Title, Path: "/"}}, between...)
	f.Crumbs = append(f.Crumbs, Entry{Name: f.Heading, Path: path, Current: true})
	if f.Head.Canonical == "" {
		return
	}
	steps := make([]thing, len(f.Crumbs))
	for i, c := range f.Crumbs {
		steps[i] = thing{"@type": "ListItem", "position": i + 1, "name": c.Name, "item": absolute(sp.site.BaseURL, c.Path)}
	}
	f.Head.Data = append(f.Head.Data, thing{"@context": schemaOrg, "@type": "BreadcrumbList", "itemListElement": steps})
}

// website is the document of the first page.
func (sp *speaker) website(f *Frame) thing {
	out := thing{
		"@context": schemaOrg, "@type": "WebSite", "name": f.Site.Title, "url": f.Site.URL,
		"potentialAction": thing{
			"@type": "SearchAction", "query-input": "required name=search_term_string",
			"target": thing{"@type": "EntryPoint", "urlTemplate": sp.site.BaseURL + searchPath + "?q={search_term_string}"},
		},
	}
	if tag := newTongue(parseTag(sp.site.Language)).Tag; tag != "" {
		out["inLanguage"] = tag
	}
	if f.Site.Description != "" {
		out["description"] = f.Site.Description
	}
	var same []string
	for _, p := range f.Follow.Links {
		if strings.HasPrefix(p.URL, "http://") || strings.HasPrefix(p.URL, "https://") {
			same = append(same, p.URL)
		}
	}
	if len(same) > 0 {
		out["publisher"] = thing{"@type": "Organization", "name": f.Site.Title, "url": f.Site.URL, "sameAs": same}
	}
	return out
}

// posting is the document of a post.
func (sp *speaker) posting(d *page.Doc, c *Card, picture *Picture) thing {
	out := thing{
		"@context": schemaOrg, "@type": "BlogPosting", "headline": c.Title, "url": c.URL, "mainEntityOfPage": c.URL,
		"datePublished": c.Published.Stamp, "dateModified": c.stamp(d.Modified()),
		"isPartOf":  thing{"@type": "Blog", "name": sp.site.Title, "url": sp.site.BaseURL + "/"},
		"publisher": thing{"@type": "Organization", "name": sp.site.Title, "url": sp.site.BaseURL + "/"},
	}
	if tag := newTongue(parseTag(d.Language)).Tag; tag != "" {
		out["inLanguage"] = tag
	}
	if c.Excerpt != "" {
		out["description"] = c.Excerpt
	}
	if d.Words > 0 {
		out["wordCount"] = d.Words
	}
	if picture != nil {
		image := thing{"@type": "ImageObject", "url": picture.shared.url}
		if picture.shared.width > 0 {
			image["width"], image["height"] = picture.shared.width, picture.shared.height
		}
		out["image"] = image
	}
	authors := make([]thing, 0, len(c.Authors))
	for _, a := range c.Authors {
		one := thing{"@type": "Person", "name": a.Name}
		if a.Path != "" {
			one["url"] = absolute(sp.site.BaseURL, a.Path)
		}
		authors = append(authors, one)
	}
	if len(authors) > 0 {
		out["author"] = authors
	}
	words := make([]string, 0, len(c.Tags))
	for _, l := range c.Tags {
		words = append(words, l.Name)
	}
	if len(words) > 0 {
		out["keywords"] = words
	}
	return out
}

// article adds the times, authors and tags of a post for Open Graph.
func (sp *speaker) article(f *Frame, d *page.Doc, c *Card) {
	f.locale("og:locale", parseTag(d.Language))
	add := func(property, content string) {
		f.Head.Meta = append(f.Head.Meta, Meta{Property: property, Content: content})
	}
	add("article:published_time", c.Published.Stamp)
	add("article:modified_time", c.stamp(d.Modified()))
	for _, a := range c.Authors {
		if a.Path != "" {
			add("article:author", absolute(sp.site.BaseURL, a.Path))
		}
	}
	for _, l := range c.Tags {
		add("article:tag", l.Name)
	}
}

// alternates adds the translations of a post, itself among them. The one in the
// site's language is for readers of any other; without it, this one.
func (sp *speaker) alternates(f *Frame, d *page.Doc, list []page.Translation) {
	if len(list) == 0 {
		return
	}
	own := newTongue(parseTag(d.Language)).Tag
	home := newTongue(parseTag(sp.site.Language)).Tag
	rest, seen := f.Head.Canonical, map[string]bool{"": true}
	add := func(tag, address string) {
		if seen[tag] {
			return
		}
		seen[tag] = true
		f.Head.Alternates = append(f.Head.Alternates, Alternate{Lang: tag, URL: address})
		if tag == home {
			rest = address
		}
	}
	add(own, f.Head.Canonical)
	for _, l := range list {
		tag := parseTag(l.Language)
		add(newTongue(tag).Tag, sp.site.BaseURL+page.Escape(l.Path))
		f.locale("og:locale:alternate", tag)
	}
	f.Head.Alternates = append(f.Head.Alternates, Alternate{Lang: "x-default", URL: rest})
}
