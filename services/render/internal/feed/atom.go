package feed

import (
	"encoding/xml"
	"strings"

	"github.com/google/uuid"

	"github.com/parution/parution/services/render/internal/page"
)

const nsAtom = "http://www.w3.org/2005/Atom"

// The order of the fields is free (RFC 4287 §4.1.1).
type atomFeed struct {
	XMLName   xml.Name    `xml:"feed"`
	NS        string      `xml:"xmlns,attr"`
	Language  string      `xml:"xml:lang,attr,omitempty"`
	ID        string      `xml:"id"`
	Title     string      `xml:"title"`
	Subtitle  string      `xml:"subtitle,omitempty"`
	Updated   string      `xml:"updated"`
	Author    atomAuthor  `xml:"author"`
	Generator string      `xml:"generator"`
	Links     []link      `xml:"link"`
	Entries   []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
	URI  string `xml:"uri,omitempty"`
}

type atomEntry struct {
	Language   string         `xml:"xml:lang,attr,omitempty"`
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Links      []link         `xml:"link"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Authors    []atomAuthor   `xml:"author"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary,omitempty"`
	Content    *atomContent   `xml:"content"`
}

type atomCategory struct {
	Term   string `xml:"term,attr"`
	Scheme string `xml:"scheme,attr,omitempty"`
	Label  string `xml:"label,attr,omitempty"`
}

type atomContent struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

func writeAtom(f Feed) ([]byte, error) {
	doc := atomFeed{
		NS: nsAtom, Language: f.Site.Language, ID: f.id(), Title: f.Title, Updated: rfc3339(f.Updated),
		// For posts that name nobody: there must be an author.
		Author:    atomAuthor{Name: nobody(f.Site), URI: f.absolute("/")},
		Generator: "Parution",
		Links:     append(f.links(Atom), link{Rel: "alternate", Type: "text/html", Href: f.absolute(f.Home)}),
	}
	if f.Description != f.Title {
		doc.Subtitle = f.Description
	}
	texts := f.contents()
	for i, p := range f.Posts {
		doc.Entries = append(doc.Entries, f.entry(p, texts[i]))
	}
	return marshal(doc)
}

func (f Feed) entry(p page.Doc, text string) atomEntry {
	e := atomEntry{
		Language: p.Language, ID: id(p), Title: set(p, p.Title), Published: rfc3339(p.PublishedAt), Updated: rfc3339(updated(p)), Summary: set(p, p.Excerpt),
		Links: []link{{Rel: "alternate", Type: "text/html", Href: f.link(p)}},
	}
	if text != "" {
		e.Content = &atomContent{Type: "html", Text: text}
	}
	for _, a := range p.Authors {
		name, address := f.author(a)
		e.Authors = append(e.Authors, atomAuthor{Name: name, URI: address})
	}
	for _, t := range p.Tags {
		e.Categories = append(e.Categories, atomCategory{Term: t.Slug, Scheme: f.absolute("/tags"), Label: t.Name})
	}
	if p.Image != "" {
		cover := link{Rel: "enclosure", Href: f.Site.Absolute(p.Image)}
		if pic, ok := f.picture(p.Image); ok {
			cover.Type = mediaType(pic)
		}
		e.Links = append(e.Links, cover)
	}
	return e
}

// id is that of the feed, one for all of its pages. It does not change when the
// site goes over to HTTPS.
func (f Feed) id() string {
	_, at, _ := strings.Cut(f.absolute(f.Home), "://")
	return "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://"+at)).String()
}

// nobody is who wrote what names no author: the publication.
func nobody(s *page.Site) string {
	if s.Title != "" {
		return s.Title
	}
	_, host, _ := strings.Cut(s.BaseURL, "://")
	return host
}
