// Package feed makes RSS 2.0 feeds of posts: the whole text, with the addresses
// in it made absolute, since a reader's program shows it elsewhere.
package feed

import (
	"encoding/xml"
	"fmt"
	"time"

	"github.com/parution/parution/services/render/internal/page"
)

const (
	// ContentType is that of a feed.
	ContentType = "application/rss+xml; charset=utf-8"
	// Size is how many posts a feed holds, the newest.
	Size = 20
	// MaxText bounds the text of a post, in characters; a longer one comes with its excerpt only.
	MaxText = 256 << 10
	// maxTexts bounds the texts of a feed, in bytes.
	maxTexts = 2 << 20
)

// The names carry their prefixes: encoding/xml would repeat the namespace on
// every element.
type rss struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Atom    string   `xml:"xmlns:atom,attr"`
	Content string   `xml:"xmlns:content,attr"`
	DC      string   `xml:"xmlns:dc,attr"`
	Channel channel  `xml:"channel"`
}

type channel struct {
	Title         string `xml:"title"`
	Link          string `xml:"link"`
	Description   string `xml:"description"`
	Language      string `xml:"language"`
	LastBuildDate string `xml:"lastBuildDate"`
	Generator     string `xml:"generator"`
	Self          self   `xml:"atom:link"`
	Items         []item `xml:"item"`
}

type self struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

type item struct {
	Title       string   `xml:"title"`
	Link        string   `xml:"link"`
	GUID        guid     `xml:"guid"`
	PubDate     string   `xml:"pubDate"`
	Creators    []string `xml:"dc:creator"`
	Categories  []string `xml:"category"`
	Language    string   `xml:"dc:language,omitempty"`
	Description string   `xml:"description"`
	Content     string   `xml:"content:encoded,omitempty"`
}

type guid struct {
	IsPermaLink bool   `xml:"isPermaLink,attr"`
	ID          string `xml:",chardata"`
}

// Feed is what a feed tells.
type Feed struct {
	Site *page.Site
	// Tags are those of a tag's feed; none for the whole site.
	Tags []page.Label
	// Posts are the newest first; one without HTML comes with its excerpt.
	Posts []page.Doc
}

// Updated is the newest change of what the feed tells.
func (f Feed) Updated() time.Time {
	at := f.Site.UpdatedAt
	for _, p := range f.Posts {
		if p.UpdatedAt.After(at) {
			at = p.UpdatedAt
		}
	}
	return at
}

// RSS is the feed as RSS 2.0, the same bytes for the same feed. Whatever XML
// cannot carry is replaced.
func RSS(f Feed) ([]byte, error) {
	slugs := make([]string, len(f.Tags))
	title, link := f.Site.Title, f.Site.BaseURL+"/"
	for i, t := range f.Tags {
		slugs[i] = t.Slug
		title += " #" + t.Name
	}
	if len(slugs) > 0 {
		link = f.Site.BaseURL + page.Escape(page.TagsPath(slugs))
	}
	description := f.Site.Description
	if description == "" {
		description = title // RSS wants one
	}
	doc := rss{
		Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Content: "http://purl.org/rss/1.0/modules/content/",
		DC: "http://purl.org/dc/elements/1.1/",
		Channel: channel{
			Title: title, Link: link, Description: description, Language: f.Site.Language,
			LastBuildDate: stamp(f.Updated()), Generator: "Parution",
			Self: self{Href: f.Site.BaseURL + page.Escape(page.FeedPath(slugs)), Rel: "self", Type: "application/rss+xml"},
		},
	}
	left := maxTexts
	for _, p := range f.Posts {
		it := itemOf(f.Site, p)
		if len(it.Content) > left {
			it.Content = ""
		}
		left -= len(it.Content)
		doc.Channel.Items = append(doc.Channel.Items, it)
	}
	body, err := xml.MarshalIndent(doc, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write the feed: %w", err)
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

func itemOf(s *page.Site, p page.Doc) item {
	link := s.BaseURL + page.Escape(p.Path())
	it := item{
		// The id outlives slugs and addresses: a changed slug is no new post.
		Title: p.Title, Link: link, GUID: guid{ID: "urn:uuid:" + p.ID}, PubDate: stamp(p.PublishedAt),
		Description: p.Excerpt, Content: Absolute(p.HTML, link),
	}
	if p.Language != s.Language {
		it.Language = p.Language
	}
	for _, a := range p.Authors {
		it.Creators = append(it.Creators, a.Name)
	}
	for _, t := range p.Tags {
		it.Categories = append(it.Categories, t.Name)
	}
	return it
}

// stamp is a date as RSS wants it, in UTC.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC1123Z) }
