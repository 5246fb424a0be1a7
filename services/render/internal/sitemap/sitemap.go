// Package sitemap writes site maps (sitemaps.org, protocol 0.9), with the
// translations of each page as Google's extension has them.
package sitemap

import (
	"encoding/xml"
	"fmt"
	"time"

	"github.com/parution/parution/services/render/internal/page"
)

const (
	// ContentType is that of a site map.
	ContentType = "application/xml; charset=utf-8"
	// Size is how many addresses a map lists. The protocol allows 50,000 and 50 MiB.
	Size = 10_000

	schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
)

type urlset struct {
	XMLName xml.Name `xml:"urlset"`
	Schema  string   `xml:"xmlns,attr"`
	// The name carries its prefix: encoding/xml would repeat the namespace on every element.
	XHTML string `xml:"xmlns:xhtml,attr,omitempty"`
	URLs  []entry
}

type entry struct {
	XMLName  xml.Name    `xml:"url"`
	Loc      string      `xml:"loc"`
	LastMod  string      `xml:"lastmod,omitempty"`
	Siblings []alternate `xml:"xhtml:link"`
}

type alternate struct {
	Rel      string `xml:"rel,attr"`
	Language string `xml:"hreflang,attr"`
	Href     string `xml:"href,attr"`
}

type index struct {
	XMLName xml.Name `xml:"sitemapindex"`
	Schema  string   `xml:"xmlns,attr"`
	Maps    []part
}

type part struct {
	XMLName xml.Name `xml:"sitemap"`
	Loc     string   `xml:"loc"`
}

// Write is the map of some addresses of a site.
func Write(site *page.Site, list []page.Located) ([]byte, error) {
	doc := urlset{Schema: schema, URLs: make([]entry, len(list))}
	for i, l := range list {
		e := entry{Loc: address(site, l.Path), LastMod: stamp(l.Modified)}
		for _, t := range l.Translations {
			doc.XHTML = "http://www.w3.org/1999/xhtml"
			e.Siblings = append(e.Siblings, alternate{Rel: "alternate", Language: t.Language, Href: address(site, t.Path)})
		}
		doc.URLs[i] = e
	}
	return write(doc)
}

// Index lists the parts of a map that is too long for one.
func Index(site *page.Site, paths []string) ([]byte, error) {
	doc := index{Schema: schema}
	for _, p := range paths {
		doc.Maps = append(doc.Maps, part{Loc: address(site, p)})
	}
	return write(doc)
}

func write(doc any) ([]byte, error) {
	body, err := xml.MarshalIndent(doc, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write the site map: %w", err)
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

func address(site *page.Site, path string) string { return site.Absolute(page.Escape(path)) }

// stamp is a date as the protocol wants it, W3C's profile of ISO 8601.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
