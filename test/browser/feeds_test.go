package browser_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/parution/parution/test/world"
)

// feeds: those of the site, a tag, an author and a search, in each format, are read
// by a library that is not ours, with everything that the formats ask for.
func feeds(t *testing.T, s *stage, _ *chromium) {
	for _, below := range []string{"", "/tags/tools", "/tags/proofs+tools", "/authors/nora-whitfield", "/search"} {
		ids := make(map[string]string)
		for _, name := range []string{"feed.xml", "atom.xml", "feed.json"} {
			path := below + "/" + name
			if below == "/search" {
				path += "?q=paper"
			}
			t.Run(path, func(t *testing.T) {
				f := fetchFeed(t, s, path)
				if f == nil {
					return
				}
				for _, item := range f.Items {
					ids[item.Title] += " " + item.GUID
				}
			})
		}
		for title, of := range ids { // one identity, whatever the format
			if seen := strings.Fields(of); len(seen) == 3 && (seen[0] != seen[1] || seen[1] != seen[2]) {
				t.Errorf("%s/…: %q has the ids %q", below, title, seen)
			}
		}
	}
}

func fetchFeed(t *testing.T, s *stage, path string) *gofeed.Feed {
	t.Helper()
	reader := s.Anyone().For(t)
	a := reader.Get(path)
	if a.Status != http.StatusOK {
		t.Errorf("GET %s = %d", path, a.Status)
		return nil
	}
	if !strings.Contains(path, ".json") {
		wellFormed(t, a)
	}
	f, err := gofeed.NewParser().Parse(bytes.NewReader(a.Body))
	if err != nil {
		t.Errorf("parse %s: %v", path, err)
		return nil
	}
	if f.Title == "" || f.Link == "" || f.FeedLink == "" || f.Language == "" || len(f.Items) == 0 {
		t.Errorf("the feed has the title %q, the link %q, its own address %q, the language %q and %d items", f.Title, f.Link, f.FeedLink, f.Language, len(f.Items))
	}
	for _, item := range f.Items {
		u, err := url.Parse(item.Link)
		if item.Title == "" || err != nil || !u.IsAbs() || item.GUID == "" || item.PublishedParsed == nil || item.Content == "" {
			t.Errorf("the item %q has the link %q, the id %q, the date %v and %d bytes of text", item.Title, item.Link, item.GUID, item.PublishedParsed, len(item.Content))
		}
		if strings.Contains(item.Content, `="/`) {
			t.Errorf("the text of %q has addresses that only work on the site", item.Title)
		}
	}
	conditional(t, reader, path, a)
	return f
}

// conditional: who has the feed already gets 304, by either of its two signs.
func conditional(t *testing.T, reader *world.Client, path string, a world.Answer) {
	t.Helper()
	tag, modified := a.Header.Get("ETag"), a.Header.Get("Last-Modified")
	if tag == "" || modified == "" {
		t.Errorf("%s has the ETag %q and the Last-Modified %q, want both", path, tag, modified)
		return
	}
	for name, value := range map[string]string{"If-None-Match": tag, "If-Modified-Since": modified} {
		if again := reader.With(name, value).Get(path); again.Status != http.StatusNotModified {
			t.Errorf("GET %s with %s = %d, want 304", path, name, again.Status)
		}
	}
}

func wellFormed(t *testing.T, a world.Answer) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(a.Body))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("no well-formed XML: %v", err)
			return
		}
	}
}

// sitemap: what search engines are told is there, is there, once, and says when it changed.
func sitemap(t *testing.T, s *stage, _ *chromium) {
	reader := s.Anyone().For(t)
	robots := reader.Get("/robots.txt")
	if !strings.Contains(robots.Text(), "Sitemap: "+s.URL+"/sitemap.xml") {
		t.Errorf("robots.txt does not name the sitemap: %d %q", robots.Status, robots.Body)
	}
	a := reader.Get("/sitemap.xml")
	if a.Status != http.StatusOK {
		t.Fatalf("GET /sitemap.xml = %d", a.Status)
	}
	wellFormed(t, a)
	var set struct {
		XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []struct {
			Loc     string `xml:"loc"`
			LastMod string `xml:"lastmod"`
		} `xml:"url"`
	}
	if err := xml.Unmarshal(a.Body, &set); err != nil {
		t.Fatalf("read the sitemap: %v", err)
	}
	seen := make(map[string]bool)
	posts := 0
	for _, u := range set.URLs {
		path, own := strings.CutPrefix(u.Loc, s.URL)
		if !own || seen[u.Loc] {
			t.Errorf("the sitemap has %s twice, or not of this site", u.Loc)
			continue
		}
		seen[u.Loc] = true
		if err := dated(u.LastMod); u.LastMod != "" && err != nil {
			t.Errorf("%s was changed at %q: %v", u.Loc, u.LastMod, err)
		}
		if strings.HasPrefix(path, "/posts/") {
			if posts++; u.LastMod == "" {
				t.Errorf("%s does not say when it changed", u.Loc)
			}
		}
		if got := reader.Get(path); got.Status != http.StatusOK || strings.Contains(got.Text(), "noindex") {
			t.Errorf("the sitemap has %s, which answers %d, or wants not to be found", u.Loc, got.Status)
		}
	}
	if want := len(reader.List("", 100)); posts != want {
		t.Errorf("the sitemap has %d posts, want %d", posts, want)
	}
}

// dated tells whether a text is a date as the sitemap's rules have it (W3C).
func dated(text string) error {
	if _, err := time.Parse(time.RFC3339, text); err == nil {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return fmt.Errorf("no date: %w", err)
	}
	return nil
}
