package feed

import (
	"encoding/xml"
	"strings"
	"time"

	"github.com/parution/parution/services/render/internal/page"
)

// The names carry their prefixes: encoding/xml would repeat the namespace on
// every element.
type rss struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Atom    string   `xml:"xmlns:atom,attr"`
	Content string   `xml:"xmlns:content,attr"`
	DC      string   `xml:"xmlns:dc,attr"`
	Media   string   `xml:"xmlns:media,attr"`
	Channel channel  `xml:"channel"`
}

type channel struct {
	Title         string `xml:"title"`
	Link          string `xml:"link"`
	Description   string `xml:"description"`
	Language      string `xml:"language,omitempty"`
	LastBuildDate string `xml:"lastBuildDate"`
	Generator     string `xml:"generator"`
	Links         []link `xml:"atom:link"`
	Items         []item `xml:"item"`
}

// link is one of Atom's, which RSS uses too.
type link struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type item struct {
	Title       string   `xml:"title"`
	Link        string   `xml:"link"`
	GUID        guid     `xml:"guid"`
	PubDate     string   `xml:"pubDate"`
	Updated     string   `xml:"atom:updated"`
	Creators    []string `xml:"dc:creator"`
	Categories  []string `xml:"category"`
	Language    string   `xml:"dc:language,omitempty"`
	Description string   `xml:"description"`
	Content     string   `xml:"content:encoded,omitempty"`
	Media       *media   `xml:"media:content"`
}

type guid struct {
	IsPermaLink bool   `xml:"isPermaLink,attr"`
	ID          string `xml:",chardata"`
}

// media is a picture of the post. An enclosure would have to tell its length in
// bytes, which nobody here knows.
type media struct {
	URL         string `xml:"url,attr"`
	Medium      string `xml:"medium,attr"`
	Type        string `xml:"type,attr,omitempty"`
	Width       int    `xml:"width,attr,omitempty"`
	Height      int    `xml:"height,attr,omitempty"`
	Description string `xml:"media:description,omitempty"`
}

func writeRSS(f Feed) ([]byte, error) {
	doc := rss{
		Version: "2.0", Atom: nsAtom, Content: "http://purl.org/rss/1.0/modules/content/", DC: "http://purl.org/dc/elements/1.1/",
		Media: "http://search.yahoo.com/mrss/",
		Channel: channel{
			Title: f.Title, Link: f.absolute(f.Home), Description: f.Description, Language: f.Site.Language,
			LastBuildDate: rfc822(f.Updated), Generator: "Parution", Links: f.links(RSS),
		},
	}
	texts := f.contents()
	for i, p := range f.Posts {
		doc.Channel.Items = append(doc.Channel.Items, f.item(p, texts[i]))
	}
	return marshal(doc)
}

func (f Feed) item(p page.Doc, text string) item {
	it := item{
		Title: set(p, p.Title), Link: f.link(p), GUID: guid{ID: id(p)}, PubDate: rfc822(p.PublishedAt), Updated: rfc3339(updated(p)),
		Description: asHTML(set(p, p.Excerpt)), Content: text,
	}
	if p.Language != f.Site.Language {
		it.Language = p.Language
	}
	for _, a := range p.Authors {
		it.Creators = append(it.Creators, a.Name)
	}
	for _, t := range p.Tags {
		it.Categories = append(it.Categories, t.Name)
	}
	if p.Image != "" {
		it.Media = &media{URL: f.Site.Absolute(p.Image), Medium: "image", Description: set(p, p.ImageAlt)}
		if pic, ok := f.picture(p.Image); ok {
			it.Media.Type, it.Media.Width, it.Media.Height = mediaType(pic), pic.Width, pic.Height
		}
	}
	return it
}

// links are those from one page of the feed to the others (RFC 5005 §3).
func (f Feed) links(k Kind) []link {
	var out []link
	for _, l := range []struct{ rel, path string }{{"self", f.Self}, {"first", f.First}, {"previous", f.Prev}, {"next", f.Next}} {
		if l.path != "" {
			out = append(out, link{Rel: l.rel, Type: k.MediaType(), Href: f.absolute(l.path)})
		}
	}
	return out
}

func marshal(doc any) ([]byte, error) {
	body, err := xml.MarshalIndent(doc, "", " ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

// asHTML is a plain text as readers' programs want a description: they take it
// for HTML.
func asHTML(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// rfc822 is a date as RSS wants it, in UTC.
func rfc822(t time.Time) string { return t.UTC().Format(time.RFC1123Z) }

// rfc3339 is a date as Atom and JSON Feed want it, in UTC.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
