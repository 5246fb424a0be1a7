// Package feed writes feeds of posts as RSS 2.0, Atom (RFC 4287) and JSON Feed
// 1.1: the whole text, with the addresses in it made absolute, since a reader's
// program shows it elsewhere. Whatever a format cannot carry is replaced.
package feed

import (
	"fmt"
	"time"

	"github.com/parution/parution/chassis/typography"
	"github.com/parution/parution/services/render/internal/page"
)

const (
	// Size is how many posts one page of a feed holds.
	Size = 20
	// MaxText bounds the text of a post, in characters; a longer one comes with its excerpt only.
	MaxText = 256 << 10
	// maxTexts bounds the texts of one page of a feed, in bytes.
	maxTexts = 2 << 20
)

// Kind is a format.
type Kind int32

// The kinds of feed.
const (
	RSS Kind = iota + 1
	Atom
	JSON
)

// Kinds are all of them, the one for readers who cannot choose first.
func Kinds() []Kind { return []Kind{RSS, Atom, JSON} }

// KindOf is the kind of feed that has a file name; false if there is none.
func KindOf(fileName string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.FileName() == fileName {
			return k, true
		}
	}
	return 0, false
}

// FileName is the last part of the path of a feed.
func (k Kind) FileName() string {
	switch k {
	case RSS:
		return "feed.xml"
	case Atom:
		return "atom.xml"
	case JSON:
		return "feed.json"
	}
	return ""
}

// MediaType is that of the feed, as links to it tell it.
func (k Kind) MediaType() string {
	switch k {
	case RSS:
		return "application/rss+xml"
	case Atom:
		return "application/atom+xml"
	case JSON:
		return "application/feed+json"
	}
	return ""
}

// ContentType is that of an answer with the feed.
func (k Kind) ContentType() string {
	if k == JSON {
		return k.MediaType() // JSON is always UTF-8
	}
	return k.MediaType() + "; charset=utf-8"
}

// Feed is what a page of a feed tells. Addresses are paths of the site with
// their queries, escaped.
type Feed struct {
	Site *page.Site
	// Title is the feed's; empty: the site's.
	Title string
	// Description may be empty: the site's, or else the title.
	Description string
	// Self is this page of the feed, Home the web page that shows the same posts:
	// the first one of a list, whichever page of the feed this is.
	Self, Home string
	// First is the first page of the feed; Prev, with newer posts, and Next, with
	// older ones, are empty where there is none.
	First, Prev, Next string
	// Updated is when anything that the feed tells last changed; zero: the newest
	// change of the site and the posts.
	Updated time.Time
	// Posts are newest first; one without HTML comes with its excerpt only.
	Posts []page.Doc
}

// Write is the feed as a kind, the same bytes for the same feed.
func Write(k Kind, f Feed) ([]byte, error) {
	f = f.complete()
	var (
		body []byte
		err  error
	)
	switch k {
	case RSS:
		body, err = writeRSS(f)
	case Atom:
		body, err = writeAtom(f)
	case JSON:
		body, err = writeJSON(f)
	default:
		return nil, fmt.Errorf("there is no kind %d of feed", k)
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", k.FileName(), err)
	}
	return body, nil
}

// complete fills in what was left out.
func (f Feed) complete() Feed {
	if f.Title == "" {
		f.Title = f.Site.Title
	}
	if f.Description == "" {
		f.Description = f.Site.Description
	}
	if f.Description == "" {
		f.Description = f.Title // RSS wants one
	}
	if f.Updated.IsZero() {
		f.Updated = f.Site.UpdatedAt
		for _, p := range f.Posts {
			if at := updated(p); at.After(f.Updated) {
				f.Updated = at
			}
		}
	}
	return f
}

// absolute is the address of one of the feed's paths; empty for none.
func (f Feed) absolute(path string) string {
	if path == "" {
		return ""
	}
	return f.Site.Absolute(path)
}

// link is the address of a post.
func (f Feed) link(p page.Doc) string { return f.Site.Absolute(page.Escape(p.Path())) }

// id outlives slugs and addresses: a changed slug is no new post.
func id(p page.Doc) string { return "urn:uuid:" + p.ID }

// set is a plain text of the post as its language sets it.
func set(p page.Doc, text string) string { return typography.Text(text, p.Language) }

// updated is when the post's text last changed; a post is never older than its
// publication.
func updated(p page.Doc) time.Time {
	at := p.EditedAt
	if at.IsZero() {
		at = p.UpdatedAt
	}
	if at.Before(p.PublishedAt) {
		return p.PublishedAt
	}
	return at
}

// author is how formats that want an address beside the name have it.
func (f Feed) author(a page.Label) (name, address string) {
	if a.Slug != "" {
		address = f.Site.Absolute(page.Escape("/authors/" + a.Slug))
	}
	return a.Name, address
}
