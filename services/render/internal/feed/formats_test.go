package feed_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"

	"github.com/parution/parution/services/render/internal/feed"
	"github.com/parution/parution/services/render/internal/page"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const pictureOfOurs = "/media/0123456789abcdef0123456789abcdef-1600x1067.jpg"

// carnet is the second of three pages of a tag's feed.
func carnet() feed.Feed {
	full := page.Doc{
		Card: page.Card{
			ID: "0190a000-0000-7000-8000-000000000001", Slug: "où-planter", Title: "Où planter \"l'arbre\" ?", Language: "fr", Excerpt: "Un conseil : regardez le sol.",
			PublishedAt: noon(), UpdatedAt: noon().Add(72 * time.Hour), Image: pictureOfOurs, ImageAlt: "Un arbre",
			Tags: []page.Label{{Slug: "jardin", Name: "Jardin"}, {Slug: "ete", Name: "Été"}}, Authors: []page.Label{{Slug: "zoe", Name: "Zoé"}, {Slug: "max", Name: "Max"}},
		},
		EditedAt: noon().Add(48 * time.Hour), Standfirst: true, Cover: true, ImageCaption: "Photo : Max",
		HTML: `<div class="heading"><h2 id="user-le-sol">Le sol</h2><a class="anchor" href="#user-le-sol" aria-label="Lien vers « Le sol »">#</a></div><p>Voir <a href="/posts/sol">le sol</a><a href="#fn1">1</a>.</p><img src="/media/a.jpg" srcset="/media/a-w480.jpg 480w, /media/a.jpg 800w" alt="">`,
	}
	foreign := page.Doc{
		Card: page.Card{
			ID: "0190a000-0000-7000-8000-000000000002", Slug: "walls", Title: "Walls & <gates>", Language: "en", Excerpt: "On <walls> & gates.",
			PublishedAt: noon().Add(-24 * time.Hour), UpdatedAt: noon().Add(-48 * time.Hour), Image: "https://elsewhere.example/wall.svg",
		},
		HTML: "<p>A wall.</p>",
	}
	arabic := page.Doc{
		Card: page.Card{ID: "0190a000-0000-7000-8000-000000000003", Slug: "b", Title: "بيت", Language: "ar", PublishedAt: noon().Add(-48 * time.Hour)},
		HTML: "<p>بيت</p>",
	}
	large := page.Doc{Card: page.Card{ID: "0190a000-0000-7000-8000-000000000004", Slug: "long", Title: "Long", Language: "fr", Excerpt: "Trop long.", PublishedAt: noon().Add(-72 * time.Hour)}}
	return feed.Feed{
		Site:  &page.Site{Title: "Le Carnet", Description: "Notes d’un jardin", BaseURL: base, Language: "fr", UpdatedAt: noon()},
		Title: "Le Carnet #Jardin", Home: "/tags/jardin", Updated: noon().Add(72 * time.Hour),
		Posts: []page.Doc{full, foreign, arabic, large},
	}
}

// paged names the pages of f as the kind's files.
func paged(f feed.Feed, k feed.Kind) feed.Feed {
	path := "/tags/jardin/" + k.FileName()
	f.First, f.Prev, f.Self, f.Next = path, path, path+"?page=2", path+"?page=3"
	return f
}

func write(t *testing.T, k feed.Kind, f feed.Feed) []byte {
	t.Helper()
	body, err := feed.Write(k, f)
	if err != nil {
		t.Fatalf("write %s: %v", k.FileName(), err)
	}
	return body
}

func TestFeedsAreAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	for _, k := range feed.Kinds() {
		got := write(t, k, paged(carnet(), k))
		file := filepath.Join("testdata", k.FileName()+".golden")
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k.FileName(), diff)
		}
	}
}

// TestReadersUnderstandAllKinds reads the feeds with a reader's library.
func TestReadersUnderstandAllKinds(t *testing.T) {
	t.Parallel()
	for _, k := range feed.Kinds() {
		got, err := gofeed.NewParser().Parse(bytes.NewReader(write(t, k, paged(carnet(), k))))
		if err != nil {
			t.Fatalf("%s: %v", k.FileName(), err)
		}
		const home = base + "/tags/jardin"
		if got.Title != "Le Carnet #Jardin" || got.Description != "Notes d’un jardin" || got.Link != home || got.FeedLink != home+"/"+k.FileName()+"?page=2" || got.Language != "fr" {
			t.Errorf("%s: title %q, description %q, link %s, feed %s, language %s", k.FileName(), got.Title, got.Description, got.Link, got.FeedLink, got.Language)
		}
		if k != feed.JSON && (got.UpdatedParsed == nil || !got.UpdatedParsed.Equal(noon().Add(72*time.Hour))) {
			t.Errorf("%s: updated %v", k.FileName(), got.UpdatedParsed)
		}
		if len(got.Items) != 4 {
			t.Fatalf("%s: %d items, want 4", k.FileName(), len(got.Items))
		}
		checkItem(t, k, got.Items[0])
		for i, it := range got.Items {
			if !strings.HasPrefix(it.GUID, "urn:uuid:0190a000-") || it.PublishedParsed == nil || it.UpdatedParsed == nil || it.UpdatedParsed.Before(*it.PublishedParsed) ||
				!strings.HasPrefix(it.Link, base+"/posts/") {
				t.Errorf("%s: item %d has id %s, published %v, updated %v, link %s", k.FileName(), i, it.GUID, it.PublishedParsed, it.UpdatedParsed, it.Link)
			}
		}
		if text := got.Items[2].Content; !strings.HasPrefix(text, `<div lang="ar" dir="rtl">`) {
			t.Errorf("%s: what is written from right to left is %s", k.FileName(), text)
		}
		if it := got.Items[3]; strings.Contains(it.Content, "<") || it.Description != "Trop long." && it.Content != "Trop long." {
			t.Errorf("%s: a post that is too long is %q, %q", k.FileName(), it.Description, it.Content)
		}
	}
}

func checkItem(t *testing.T, k feed.Kind, it *gofeed.Item) {
	t.Helper()
	if it.Title != "Où planter «\u00a0l’arbre\u00a0»\u202f?" && it.Title != "Où planter «\u202fl’arbre\u202f»\u202f?" {
		t.Errorf("%s: title %q, want it as French sets it", k.FileName(), it.Title)
	}
	if it.Link != base+"/posts/o%C3%B9-planter" || !it.PublishedParsed.Equal(noon()) || !it.UpdatedParsed.Equal(noon().Add(48*time.Hour)) {
		t.Errorf("%s: link %s, published %v, updated %v", k.FileName(), it.Link, it.PublishedParsed, it.UpdatedParsed)
	}
	for _, want := range []string{
		`href="` + base + `/posts/sol"`, `href="` + base + `/posts/o%C3%B9-planter#fn1"`, base + `/media/a-w480.jpg 480w, ` + base + `/media/a.jpg 800w`,
		`<img src="` + base + pictureOfOurs + `" alt="Un arbre" width="1600" height="1067">`, "<figcaption>Photo", "regardez le sol.",
	} {
		if !strings.Contains(it.Content, want) {
			t.Errorf("%s: the text lacks %s:\n%s", k.FileName(), want, it.Content)
		}
	}
	if strings.Contains(it.Content, `"/`) || strings.Contains(it.Content, `"#`) {
		t.Errorf("%s: the text has relative addresses:\n%s", k.FileName(), it.Content)
	}
	var authors []string
	for _, a := range it.Authors {
		authors = append(authors, a.Name)
	}
	wanted := []string{"Zoé", "Max"}
	if k == feed.RSS { // the library reads the first
		wanted = wanted[:1]
	}
	if diff := cmp.Diff(wanted, authors); diff != "" {
		t.Errorf("%s: authors (-want +got):\n%s", k.FileName(), diff)
	}
	if len(it.Categories) != 2 || !strings.EqualFold(it.Categories[0], "jardin") {
		t.Errorf("%s: categories %q", k.FileName(), it.Categories)
	}
}

func TestPagesOfAFeedLeadToEachOther(t *testing.T) {
	t.Parallel()
	for _, k := range feed.Kinds() {
		address := base + "/tags/jardin/" + k.FileName()
		body := string(write(t, k, paged(carnet(), k)))
		if k == feed.JSON {
			if !strings.Contains(body, `"next_url": "`+address+`?page=3"`) {
				t.Errorf("feed.json does not lead on:\n%.600s", body)
			}
			continue
		}
		for rel, href := range map[string]string{"self": address + "?page=2", "first": address, "previous": address, "next": address + "?page=3"} {
			if !strings.Contains(body, `link rel="`+rel+`" type="`+k.MediaType()+`" href="`+href+`"`) {
				t.Errorf("%s has no link %s to %s:\n%.900s", k.FileName(), rel, href, body)
			}
		}
	}
	first, second := paged(carnet(), feed.Atom), paged(carnet(), feed.Atom)
	first.Self, first.Prev = first.First, ""
	one, two := idOf(t, write(t, feed.Atom, first)), idOf(t, write(t, feed.Atom, second))
	if one != two || !strings.HasPrefix(one, "urn:uuid:") {
		t.Errorf("pages of one feed have the ids %q and %q", one, two)
	}
	loop := paged(carnet(), feed.JSON)
	loop.Next = loop.Self
	if body := write(t, feed.JSON, loop); bytes.Contains(body, []byte("next_url")) {
		t.Errorf("feed.json leads to itself:\n%.600s", body)
	}
}

func idOf(t *testing.T, body []byte) string {
	t.Helper()
	var f struct {
		ID string `xml:"http://www.w3.org/2005/Atom id"`
	}
	if err := xml.Unmarshal(body, &f); err != nil {
		t.Fatal(err)
	}
	return f.ID
}

// TestRequiredFields holds what each format demands: RSS 2.0 of channel and
// item, RFC 4287 §4.1.1 and §4.1.2, JSON Feed 1.1; also of a site that has nothing yet.
func TestRequiredFields(t *testing.T) {
	t.Parallel()
	empty := feed.Feed{Site: &page.Site{BaseURL: base}, Home: "/"}
	for name, f := range map[string]feed.Feed{"full": carnet(), "empty": empty} {
		checkRSS(t, name, write(t, feed.RSS, paged(f, feed.RSS)))
		checkAtom(t, name, write(t, feed.Atom, paged(f, feed.Atom)))
		checkJSON(t, name, write(t, feed.JSON, paged(f, feed.JSON)))
	}
}

func checkRSS(t *testing.T, name string, body []byte) {
	t.Helper()
	var d struct {
		Version string `xml:"version,attr"`
		Channel struct {
			Title, Description *string
			Link               []string `xml:"link"`
			Built              string   `xml:"lastBuildDate"`
			Items              []struct {
				Title *string `xml:"title"`
				Date  string  `xml:"pubDate"`
				GUID  struct {
					IsPermaLink string `xml:"isPermaLink,attr"`
				} `xml:"guid"`
			} `xml:"item"`
		} `xml:"channel"`
	}
	if err := xml.Unmarshal(body, &d); err != nil {
		t.Fatalf("%s RSS: %v", name, err)
	}
	c := d.Channel
	_, err := time.Parse(time.RFC1123Z, c.Built)
	if d.Version != "2.0" || len(c.Link) == 0 || !strings.HasPrefix(c.Link[0], base) || err != nil {
		t.Errorf("%s RSS: version %q, link %q, built %v", name, d.Version, c.Link, err)
	}
	for _, it := range c.Items {
		if _, err := time.Parse(time.RFC1123Z, it.Date); it.Title == nil || err != nil || it.GUID.IsPermaLink != "false" {
			t.Errorf("%s RSS: item %+v, %v", name, it, err)
		}
	}
	for _, element := range []string{"<title>", "<link>", "<description>"} {
		if !bytes.Contains(body, []byte(element)) {
			t.Errorf("%s RSS: no %s", name, element)
		}
	}
}

func checkAtom(t *testing.T, name string, body []byte) {
	t.Helper()
	type base struct {
		ID      []string `xml:"http://www.w3.org/2005/Atom id"`
		Title   []string `xml:"http://www.w3.org/2005/Atom title"`
		Updated []string `xml:"http://www.w3.org/2005/Atom updated"`
	}
	var d struct {
		base

		Author []struct {
			Name string `xml:"name"`
		} `xml:"http://www.w3.org/2005/Atom author"`
		Entries []struct {
			base

			Content []struct {
				Type string `xml:"type,attr"`
			} `xml:"http://www.w3.org/2005/Atom content"`
			Language string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
		} `xml:"http://www.w3.org/2005/Atom entry"`
	}
	if err := xml.Unmarshal(body, &d); err != nil {
		t.Fatalf("%s Atom: %v", name, err)
	}
	all := []base{d.base}
	for _, e := range d.Entries {
		all = append(all, e.base)
		if e.Language == "" || len(e.Content) > 1 || len(e.Content) == 1 && e.Content[0].Type != "html" {
			t.Errorf("%s Atom: entry %+v", name, e)
		}
	}
	for _, b := range all {
		if len(b.ID) != 1 || len(b.Title) != 1 || len(b.Updated) != 1 {
			t.Fatalf("%s Atom: %+v, want one of each", name, b)
		}
		if _, err := time.Parse(time.RFC3339, b.Updated[0]); err != nil || !strings.HasPrefix(b.ID[0], "urn:uuid:") {
			t.Errorf("%s Atom: id %s, updated %v", name, b.ID[0], err)
		}
	}
	if len(d.Author) != 1 || d.Author[0].Name == "" {
		t.Errorf("%s Atom: the feed's author is %+v", name, d.Author)
	}
}

func checkJSON(t *testing.T, name string, body []byte) {
	t.Helper()
	var d struct {
		Version string
		Title   *string
		Items   []map[string]any
	}
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatalf("%s JSON: %v", name, err)
	}
	if d.Version != "https://jsonfeed.org/version/1.1" || d.Title == nil || d.Items == nil {
		t.Errorf("%s JSON: version %q, title %v, items %v", name, d.Version, d.Title, d.Items)
	}
	for _, it := range d.Items {
		_, isHTML := it["content_html"]
		_, isText := it["content_text"]
		if id, ok := it["id"].(string); !ok || id == "" || isHTML == isText {
			t.Errorf("%s JSON: item %v", name, it)
		}
	}
}

func TestHostileNamesStayInTheirPlaces(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{"]]>", "\x00\x01\x0b", "\ufffe\uffff", `"'><script>`, "&#0;&amp;", "</feed></rss>", "\xff\xfe", "e\u0301\u202e🖋"} {
		f := carnet()
		f.Title, f.Description, f.Site.Language = hostile, hostile, hostile
		d := &f.Posts[0]
		d.Title, d.Excerpt, d.ImageAlt, d.ImageCaption, d.HTML = hostile, hostile, hostile, hostile, "<p>"+hostile+"</p>"
		d.Tags, d.Authors = []page.Label{{Slug: "x", Name: hostile}}, []page.Label{{Slug: "y", Name: hostile}}
		for _, k := range feed.Kinds() {
			body := write(t, k, paged(f, k))
			if k == feed.JSON {
				if !json.Valid(body) {
					t.Errorf("%q: feed.json is no JSON", hostile)
				}
				continue
			}
			for dec := xml.NewDecoder(bytes.NewReader(body)); ; {
				tok, err := dec.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%q: %s is no XML: %v", hostile, k.FileName(), err)
				}
				if el, ok := tok.(xml.StartElement); ok && el.Name.Local == "script" {
					t.Fatalf("%q: broke out of %s", hostile, k.FileName())
				}
			}
			if _, err := gofeed.NewParser().Parse(bytes.NewReader(body)); err != nil {
				t.Errorf("%q: %s: %v", hostile, k.FileName(), err)
			}
		}
	}
}
