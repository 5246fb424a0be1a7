package e2e_test

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/andybalholm/brotli"
	"golang.org/x/net/html"

	"github.com/parution/parution/test/world"
)

// hardened are headers that every answer to a browser carries.
func hardened(t *testing.T, what string, h http.Header) {
	t.Helper()
	if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src") || strings.Contains(csp, "unsafe-inline") || strings.Contains(csp, "unsafe-eval") {
		t.Errorf("%s: Content-Security-Policy = %q", what, csp)
	}
	if got := h.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("%s: X-Content-Type-Options = %q, want nosniff", what, got)
	}
	if h.Get("Set-Cookie") != "" {
		t.Errorf("%s sets a cookie", what)
	}
}

func headers(t *testing.T, s *world.Site) {
	p := s.Publish("Headers", "Some text.", "Wires")
	s.Shows(p.Page(), "Some text.")
	s.Shows("/", "Headers")
	s.Shows("/", "/tags/wires") // its tag follows a post by a step
	s.Shows("/tags", "/tags/wires")
	s.Shows("/tags/wires", "Headers")
	s.Shows("/feed.xml", "Headers")
	for _, path := range []string{"/", p.Page(), "/tags", "/tags/wires", "/feed.xml"} {
		a := s.Anyone().Get(path)
		hardened(t, "GET "+path, a.Header)
		tag := a.Header.Get("Etag")
		if len(tag) < 3 || strings.HasPrefix(tag, "W/") {
			t.Errorf("GET %s: ETag = %q, want a strong one", path, tag)
		}
		head := s.Anyone().Send(http.MethodHead, path, nil)
		if head.Status != http.StatusOK || len(head.Body) != 0 {
			t.Errorf("HEAD %s = %d with %d bytes, want 200 without", path, head.Status, len(head.Body))
		}
		for _, name := range []string{"Etag", "Content-Type", "Content-Length", "Last-Modified", "Vary", "Cache-Control"} {
			if got, want := head.Header.Get(name), a.Header.Get(name); got != want {
				t.Errorf("HEAD %s: %s = %q, GET has %q", path, name, got, want)
			}
		}
		for _, match := range []string{tag, `"x", ` + tag, "W/" + tag, "*"} {
			if got := s.Anyone().With("If-None-Match", match).Get(path); got.Status != http.StatusNotModified || len(got.Body) != 0 || got.Header.Get("Etag") != tag {
				t.Errorf("GET %s If-None-Match: %s = %d with %d bytes and ETag %q, want 304", path, match, got.Status, len(got.Body), got.Header.Get("Etag"))
			}
		}
		if got := s.Anyone().With("If-None-Match", `"something-else"`).Get(path); got.Status != http.StatusOK {
			t.Errorf("GET %s with another ETag = %d, want 200", path, got.Status)
		}
	}
	for path, status := range map[string]int{"/nowhere": http.StatusNotFound, "/tags/nothing": http.StatusNotFound, "/posts/nothing": http.StatusNotFound} {
		a := s.Anyone().Get(path)
		hardened(t, "GET "+path, a.Header)
		if a.Status != status || !strings.Contains(a.Text(), "<h1") {
			t.Errorf("GET %s = %d, want %d with a page", path, a.Status, status)
		}
	}
}

// variants of a page are the same text, each with its own ETag.
func variants(t *testing.T, s *world.Site) {
	p := s.Publish("Variants", strings.Repeat("The same words again and again. ", 200))
	plain := s.Shows(p.Page(), "again and again")
	seen := map[string]string{plain.Header.Get("Etag"): "identity"}
	for _, c := range []struct {
		accept, encoding string
		open             func(io.Reader) (io.Reader, error)
	}{
		{"gzip", "gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{"br", "br", func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil }},
		{"gzip;q=0, br;q=0", "", nil},
		{"zzz", "", nil},
	} {
		a := s.Anyone().With("Accept-Encoding", c.accept).Get(p.Page())
		if got := a.Header.Get("Content-Encoding"); got != c.encoding {
			t.Errorf("Accept-Encoding %s: Content-Encoding = %q, want %q", c.accept, got, c.encoding)
			continue
		}
		if !strings.Contains(a.Header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("Accept-Encoding %s: Vary = %q", c.accept, a.Header.Get("Vary"))
		}
		text := a.Body
		if c.open != nil {
			if other, ok := seen[a.Header.Get("Etag")]; ok {
				t.Errorf("%s has the ETag of %s", c.encoding, other)
			}
			seen[a.Header.Get("Etag")] = c.encoding
			if len(a.Body) >= len(plain.Body) {
				t.Errorf("%s has %d bytes, the page %d", c.encoding, len(a.Body), len(plain.Body))
			}
			r, err := c.open(bytes.NewReader(a.Body))
			if err != nil {
				t.Fatalf("%s: %v", c.encoding, err)
			}
			if text, err = io.ReadAll(r); err != nil {
				t.Fatalf("%s: %v", c.encoding, err)
			}
		}
		if !bytes.Equal(text, plain.Body) {
			t.Errorf("Accept-Encoding %s: another text than the plain page", c.accept)
		}
		head := s.Anyone().With("Accept-Encoding", c.accept).Send(http.MethodHead, p.Page(), nil)
		if head.Header.Get("Content-Length") != fmt.Sprint(len(a.Body)) {
			t.Errorf("HEAD with %s: Content-Length = %s, want %d", c.accept, head.Header.Get("Content-Length"), len(a.Body))
		}
	}
}

type rss struct {
	Version string `xml:"version,attr"`
	Channel struct {
		Title string `xml:"title"`
		Links []struct {
			Href string `xml:"href,attr"`
			Rel  string `xml:"rel,attr"`
			Text string `xml:",chardata"`
		} `xml:"link"`
		Items []struct {
			Title      string   `xml:"title"`
			Link       string   `xml:"link"`
			GUID       string   `xml:"guid"`
			PubDate    string   `xml:"pubDate"`
			Categories []string `xml:"category"`
			Content    string   `xml:"http://purl.org/rss/1.0/modules/content/ encoded"`
		} `xml:"item"`
	} `xml:"channel"`
}

func feed(t *testing.T, s *world.Site) {
	s.Create(world.M{"title": "5 < 6 & \"quotes\" ]]> é", "body": "A ]]> B & <b>bold</b>\n\n```\n]]>\n```", "tags": []string{"R&D"}, "status": "published"})
	s.Publish("Second", "Two.", "Plain")
	s.Shows("/feed.xml", "Second")
	s.Shows("/feed.xml", "5 &lt; 6")
	a := s.Shows("/feed.xml", ">R&amp;D</category>") // tags follow the post by a step
	if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/rss+xml") {
		t.Errorf("Content-Type = %q", kind)
	}
	var f rss
	if err := xml.Unmarshal(a.Body, &f); err != nil {
		t.Fatalf("the feed is not XML: %v\n%s", err, a.Body)
	}
	if f.Version != "2.0" || len(f.Channel.Items) != 2 {
		t.Fatalf("the feed is version %q with %d items, want 2.0 with 2", f.Version, len(f.Channel.Items))
	}
	if f.Channel.Items[0].Title != "Second" || f.Channel.Items[1].Title != "5 < 6 & “quotes” ]]> é" {
		t.Errorf("items are %q and %q, want the newest first", f.Channel.Items[0].Title, f.Channel.Items[1].Title)
	}
	item := f.Channel.Items[1]
	if !strings.Contains(item.Content, "]]&gt;") || item.Link == "" || item.GUID == "" || item.PubDate == "" || len(item.Categories) != 1 || item.Categories[0] != "R&D" {
		t.Errorf("the item is %+v", item)
	}
	s.Shows("/tags/plain/feed.xml", "Second")
	s.Lacks("/tags/plain/feed.xml", "quotes")
	if got := s.Anyone().Get("/tags/nothing/feed.xml"); got.Status != http.StatusNotFound {
		t.Errorf("GET /tags/nothing/feed.xml = %d, want 404", got.Status)
	}
}

func preview(t *testing.T, s *world.Site) {
	var doc struct {
		HTML     string `json:"html"`
		Excerpt  string `json:"excerpt"`
		Words    int    `json:"words"`
		Minutes  int    `json:"reading_minutes"`
		Contents []struct {
			Text string `json:"text"`
			ID   string `json:"id"`
		} `json:"contents"`
	}
	s.As("author").Want(http.StatusOK, http.MethodPost, "/api/v1/render", world.M{"body": "Hello *you* <script>alert(1)</script>\n\n## Part\n\nText."}, &doc)
	if !strings.Contains(doc.HTML, "<em>you</em>") || strings.Contains(doc.HTML, "<script") || doc.Minutes < 1 || doc.Words < 3 || len(doc.Contents) != 1 || doc.Contents[0].Text != "Part" {
		t.Errorf("the preview is %+v", doc)
	}
	if a := s.Anyone().Send(http.MethodPost, "/api/v1/render", world.M{"body": "x"}); a.Status != http.StatusUnauthorized {
		t.Errorf("a preview without a token = %d, want 401", a.Status)
	}
}

// unsafe text of an author does no harm to a reader.
func unsafe(t *testing.T, s *world.Site) {
	p := s.Create(world.M{
		"title": "<script>alert(1)</script>", "excerpt": "</p><script>alert(2)</script>", "tags": []string{"<img src=x onerror=alert(3)>"},
		"authors": []string{"\"><script>alert(4)</script>"}, "status": "published", "image": "/media/x.png", "image_alt": "\" onload=\"alert(5)",
		"body": "<script>alert(6)</script>\n\n[a](javascript:alert(7)) <a href=\"java\tscript:alert(8)\">b</a> ![x](data:text/html,alert(9))\n\n<img src=x onerror=alert(10)>\n\n<style>body{display:none}</style>\n\n<iframe src=\"https://evil.example\"></iframe>\n\n<p style=\"position:fixed\" onclick=\"alert(11)\">text</p>\n\n<form action=\"https://evil.example\"><input name=\"p\"></form>",
	})
	page := s.Shows(p.Page(), "text")
	s.Shows("/", p.Slug)
	for _, path := range []string{p.Page(), "/", "/tags"} {
		harmless(t, path, s.Anyone().Get(path).Body)
	}
	var f rss
	if err := xml.Unmarshal(s.Shows("/feed.xml", p.Slug).Body, &f); err != nil || len(f.Channel.Items) != 1 {
		t.Fatalf("the feed: %v with %d items", err, len(f.Channel.Items))
	}
	harmless(t, "/feed.xml", []byte(f.Channel.Items[0].Content))
	hardened(t, "the page", page.Header)
}

// harmless checks what a browser would make of a text, whatever it looks like.
func harmless(t *testing.T, path string, text []byte) {
	t.Helper()
	tokens := html.NewTokenizer(bytes.NewReader(text))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
		default:
			continue
		}
		tag := tokens.Token()
		switch tag.Data {
		case "script", "form":
			if !ours(tag) {
				t.Errorf("GET %s has the element %s", path, tag)
			}
		case "style", "iframe", "object", "embed", "base":
			t.Errorf("GET %s has the element %s", path, tag)
		}
		for _, a := range tag.Attr {
			address := strings.ToLower(strings.Join(strings.FieldsFunc(a.Val, unicode.IsControl), ""))
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(address, "javascript:") || strings.HasPrefix(address, "data:") {
				t.Errorf("GET %s has the attribute %s", path, tag)
			}
		}
	}
}

// ours tells whether a script or a form is one that our pages bring: the script
// of our own origin, data for search engines, and what searches.
func ours(tag html.Token) bool {
	attributes := make(map[string]string, len(tag.Attr))
	for _, a := range tag.Attr {
		attributes[a.Key] = a.Val
	}
	switch {
	case tag.Data == "form":
		return attributes["action"] == "/search" && attributes["method"] == "get"
	case attributes["type"] == "application/ld+json":
		return attributes["src"] == ""
	}
	return attributes["type"] == "module" && strings.HasPrefix(attributes["src"], "/assets/live.") && len(tag.Attr) == 2
}

func openAPI(t *testing.T, s *world.Site) {
	var doc struct {
		OpenAPI string         `json:"openapi"`
		Paths   map[string]any `json:"paths"`
	}
	s.Anyone().Want(http.StatusOK, http.MethodGet, "/api/v1/openapi.json", nil, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.") {
		t.Errorf("openapi = %q, want 3.x", doc.OpenAPI)
	}
	for _, path := range []string{"/api/v1/posts", "/api/v1/posts/{id}", "/api/v1/posts/{id}:publish", "/api/v1/tags", "/api/v1/site", "/api/v1/render", "/api/v1/tokens", "/api/v1/media"} {
		if doc.Paths[path] == nil {
			t.Errorf("the OpenAPI document lacks %s", path)
		}
	}
	for _, internal := range []string{"BatchGetPosts", "GetPage", "Authenticate"} {
		if strings.Contains(s.Anyone().Get("/api/v1/openapi.json").Text(), internal) {
			t.Errorf("the OpenAPI document tells of %s, which is not public", internal)
		}
	}
	a := s.Anyone().Get("/api/v1/")
	hardened(t, "GET /api/v1/", a.Header)
	if a.Status != http.StatusOK || !strings.Contains(a.Text(), "/api/v1/posts") {
		t.Errorf("GET /api/v1/ = %d, want a page that lists the calls", a.Status)
	}
	if a := s.Anyone().Get("/robots.txt"); a.Status != http.StatusOK || !strings.Contains(a.Text(), "User-agent") {
		t.Errorf("GET /robots.txt = %d %q", a.Status, a.Body)
	}
	if a := s.Anyone().Get("/healthz"); a.Status != http.StatusOK {
		t.Errorf("GET /healthz = %d, want 200", a.Status)
	}
	for _, path := range []string{"/metrics", "/readyz", "/debug/pprof"} {
		if a := s.Anyone().Get(path); a.Status != http.StatusNotFound {
			t.Errorf("GET %s on the public port = %d, want 404", path, a.Status)
		}
	}
}
