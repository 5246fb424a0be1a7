package feed_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/typography"
	"github.com/parution/parution/services/render/internal/feed"
	"github.com/parution/parution/services/render/internal/page"
)

const base = "https://example.org"

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func post(title, html string) page.Doc {
	return page.Doc{
		Card: page.Card{
			ID: "0190a000-0000-7000-8000-000000000001", Slug: "a-post", Title: title, Language: "en", Excerpt: title, PublishedAt: noon(), UpdatedAt: noon(),
			Tags: []page.Label{{Slug: "t", Name: title}}, Authors: []page.Label{{Slug: "a", Name: title}},
		},
		HTML: html,
	}
}

func rss(t *testing.T, posts ...page.Doc) []byte {
	t.Helper()
	body, err := feed.Write(feed.RSS, feed.Feed{
		Site: &page.Site{Title: "S", BaseURL: base, Language: "en", UpdatedAt: noon()}, Self: "/feed.xml", First: "/feed.xml", Home: "/", Posts: posts,
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// parsed is what a reader's program sees.
type parsed struct {
	Channel struct {
		Items []struct {
			Title   string `xml:"title"`
			Link    string `xml:"link"`
			Creator string `xml:"http://purl.org/dc/elements/1.1/ creator"`
			Content string `xml:"http://purl.org/rss/1.0/modules/content/ encoded"`
		} `xml:"item"`
	} `xml:"channel"`
}

func TestFeedCarriesWhateverIsInAPost(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"]]><script>alert(1)</script>", "<![CDATA[", "&lt;&amp;&", `"'><`, "\x00\x01\x0b", "\ufffe\uffff", "</item></channel></rss>", "<?xml?>", "<!-- -- -->", "é 🖋 \u202e",
	} {
		body := rss(t, post(hostile, "<p>"+hostile+"</p>"))
		d := xml.NewDecoder(bytes.NewReader(body))
		depth := 0
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%q: the feed is no XML: %v", hostile, err)
			}
			switch tok := tok.(type) {
			case xml.StartElement:
				depth++
				if tok.Name.Local == "script" {
					t.Fatalf("%q: broke out", hostile)
				}
			case xml.EndElement:
				depth--
			}
		}
		var p parsed
		if err := xml.Unmarshal(body, &p); err != nil || depth != 0 || len(p.Channel.Items) != 1 {
			t.Fatalf("%q: %d items, %v", hostile, len(p.Channel.Items), err)
		}
		it := p.Channel.Items[0]
		title, clean := strings.Map(inXML, typography.Text(hostile, "en")), strings.Map(inXML, hostile)
		if it.Title != title || it.Creator != clean {
			t.Errorf("title, creator = %q, %q; want %q, %q", it.Title, it.Creator, title, clean)
		}
	}
}

// inXML replaces what XML 1.0 has no way to write.
func inXML(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
		return '\ufffd'
	}
	return r
}

func TestAbsolute(t *testing.T) {
	t.Parallel()
	const at = base + "/posts/a-post"
	for in, want := range map[string]string{
		``:                                    ``,
		`<p>Plain &amp; simple &lt;b&gt;</p>`: `<p>Plain &amp; simple &lt;b&gt;</p>`,
		`<a href="/posts/b">b</a>`:            `<a href="` + base + `/posts/b">b</a>`,
		`<a href="#user-fn1">1</a>`:           `<a href="` + at + `#user-fn1">1</a>`,
		`<img src="i.png" alt="&quot;">`:      `<img src="` + base + `/posts/i.png" alt="&#34;">`,
		`<a href="//other.example/x">`:        `<a href="https://other.example/x">`,
		`<a href="https://other.example/?a=1&amp;b=2" rel="ugc">x</a>`: `<a href="https://other.example/?a=1&amp;b=2" rel="ugc">x</a>`,
		`<a href="mailto:a@example.org">m</a><br>`:                     `<a href="mailto:a@example.org">m</a><br>`,
		`<video src="/media/v.mp4" poster="/media/p.png"></video>`:     `<video src="` + base + `/media/v.mp4" poster="` + base + `/media/p.png"></video>`,
		`<pre><code>&lt;a href="/x"&gt;</code></pre>`:                  `<pre><code>&lt;a href="/x"&gt;</code></pre>`,
	} {
		if got := feed.Absolute(in, at); got != want {
			t.Errorf("Absolute(%s)\n = %s\nwant %s", in, got, want)
		}
	}
}

func TestFeedIsBounded(t *testing.T) {
	t.Parallel()
	long := post("Long", "<p>"+strings.Repeat("words ", 30_000)+"</p>")
	posts := make([]page.Doc, feed.Size)
	for i := range posts {
		posts[i] = long
	}
	body := rss(t, posts...)
	var p parsed
	if err := xml.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	if len(body) > 3<<20 || len(p.Channel.Items) != feed.Size || p.Channel.Items[0].Content == "" || p.Channel.Items[feed.Size-1].Content != "" {
		t.Errorf("the feed has %d bytes and %d items", len(body), len(p.Channel.Items))
	}
}

func TestSameFeedHasTheSameBytes(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(string(rss(t, post("A", "<p>a</p>"))), string(rss(t, post("A", "<p>a</p>")))); diff != "" {
		t.Error(diff)
	}
}
