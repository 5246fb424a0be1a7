package feed

import (
	"bytes"
	"encoding/json"

	"github.com/parution/parution/services/render/internal/page"
)

type jsonFeed struct {
	Version     string     `json:"version"`
	Title       string     `json:"title"`
	HomePageURL string     `json:"home_page_url"`
	FeedURL     string     `json:"feed_url"`
	Description string     `json:"description,omitempty"`
	NextURL     string     `json:"next_url,omitempty"`
	Language    string     `json:"language,omitempty"`
	Items       []jsonItem `json:"items"`
}

type jsonItem struct {
	ID            string       `json:"id"`
	URL           string       `json:"url"`
	Title         string       `json:"title,omitempty"`
	ContentHTML   string       `json:"content_html,omitempty"`
	ContentText   *string      `json:"content_text,omitempty"`
	Summary       string       `json:"summary,omitempty"`
	Image         string       `json:"image,omitempty"`
	DatePublished string       `json:"date_published"`
	DateModified  string       `json:"date_modified"`
	Authors       []jsonAuthor `json:"authors,omitempty"`
	Tags          []string     `json:"tags,omitempty"`
	Language      string       `json:"language,omitempty"`
}

type jsonAuthor struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

func writeJSON(f Feed) ([]byte, error) {
	doc := jsonFeed{
		Version: "https://jsonfeed.org/version/1.1", Title: f.Title, HomePageURL: f.absolute(f.Home), FeedURL: f.absolute(f.Self),
		Language: f.Site.Language, Items: make([]jsonItem, 0, len(f.Posts)),
	}
	if f.Next != f.Self { // a loop would keep a reader's program busy for ever
		doc.NextURL = f.absolute(f.Next)
	}
	if f.Description != f.Title {
		doc.Description = f.Description
	}
	texts := f.contents()
	for i, p := range f.Posts {
		doc.Items = append(doc.Items, f.jsonItem(p, texts[i]))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // nobody puts it into a page as it is
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (f Feed) jsonItem(p page.Doc, text string) jsonItem {
	it := jsonItem{
		ID: id(p), URL: f.link(p), Title: set(p, p.Title), ContentHTML: text, Summary: set(p, p.Excerpt), DatePublished: rfc3339(p.PublishedAt),
		DateModified: rfc3339(updated(p)), Language: p.Language,
	}
	if text == "" { // one of the two must be there
		it.ContentText = &it.Summary
	}
	if p.Image != "" {
		it.Image = f.Site.Absolute(p.Image)
	}
	for _, a := range p.Authors {
		name, address := f.author(a)
		it.Authors = append(it.Authors, jsonAuthor{Name: name, URL: address})
	}
	for _, t := range p.Tags {
		it.Tags = append(it.Tags, t.Name)
	}
	return it
}
