package theme

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/parution/parution/chassis/picture"
	"github.com/parution/parution/services/render/internal/page"
)

var update = flag.Bool("update", false, "write the golden files")

// paper is a site with one of everything.
type paper struct {
	site  *page.Site
	doc   *page.Doc
	other page.Card
}

func newPaper() *paper {
	at := time.Date(2018, 2, 16, 9, 30, 0, 0, time.UTC)
	shot := picture.Picture{Hash: strings.Repeat("0a", 16), Width: 1600, Height: 1067, Ext: "jpg"}
	card := page.Card{
		ID: "p1", Slug: "où-va-l-eau", Title: "Où va l'eau ?", Language: "fr", Excerpt: "Sous la ville, un fleuve.", Image: shot.Path(), ImageAlt: "Un égout",
		Authors: []page.Label{{Slug: "ada", Name: "Ada"}, {Name: "Invité"}}, Tags: []page.Label{{Slug: "eau", Name: "Eau"}, {Slug: "ville", Name: "Ville"}},
		PublishedAt: at, UpdatedAt: at, Minutes: 4,
	}
	return &paper{
		site: &page.Site{
			Title: "Le Carnet", Description: "Notes d'une ville.", Language: "fr", TimeZone: "Europe/Paris", BaseURL: "https://carnet.example",
			Links: []page.Link{{Name: "Mastodon", URL: "https://piaille.example/@carnet"}, {Name: "Courriel", URL: "mailto:a@carnet.example"}},
		},
		doc: &page.Doc{
			Card: card, State: page.Public, Standfirst: true, Cover: true, ImageCaption: "Photo : Ada", EditedAt: at.AddDate(0, 0, 3), Words: 812, HTML: "<p>x</p>",
		},
		other: page.Card{ID: "p2", Slug: "rain", Title: "Rain", Language: "en-GB", PublishedAt: at, UpdatedAt: at, Minutes: 1},
	}
}

// pages are one page of each kind.
func (p *paper) pages(t *testing.T, th *Theme) map[string][]byte {
	t.Helper()
	cards, pager := []page.Card{p.doc.Card, p.other}, Pager{Number: 2, Pages: 3, Prev: "/tags/eau", Next: "/tags/eau?page=3"}
	eau, ada := page.Label{Slug: "eau", Name: "Eau"}, page.Label{Slug: "ada", Name: "Ada"}
	months := []page.Month{{Year: 2018, Month: time.February, Count: 2}}
	out := make(map[string][]byte)
	for kind, press := range map[string]func() ([]byte, error){
		"home": func() ([]byte, error) {
			return th.Home(p.site, Home{Recent: cards, Pager: Pager{Number: 1, Pages: 3, Next: "/page/2"}})
		},
		"list": func() ([]byte, error) {
			return th.List(p.site, "/page/2", cards, Pager{Number: 2, Pages: 3, Prev: "/", Next: "/page/3"})
		},
		"post": func() ([]byte, error) {
			return th.Post(p.site, Post{Doc: p.doc, Translations: []page.Translation{{Language: "en-GB", Path: "/posts/where", Title: "Where"}, {Language: "ar", Path: "/posts/أين", Title: "أين"}}})
		},
		"tags": func() ([]byte, error) { return th.Tags(p.site, []page.Tagged{{Label: eau, Count: 2}}) },
		"tagged": func() ([]byte, error) {
			return th.Tagged(p.site, "/tags/eau?page=2", Tagged{Tags: []page.Label{eau}, Cards: cards, Total: 22, Pager: pager})
		},
		"archive": func() ([]byte, error) { return th.Archive(p.site, Archive{Months: months, Total: 2}) },
		"period": func() ([]byte, error) {
			return th.Period(p.site, "/archive/2018/02", Period{Year: 2018, Month: time.February, Cards: cards, Total: 2, Months: months})
		},
		"author": func() ([]byte, error) {
			return th.Author(p.site, "/authors/ada", Author{Author: ada, Cards: cards, Total: 2})
		},
		"search": func() ([]byte, error) {
			return th.Search(p.site, "/search?q=l%27eau", Search{Search: page.Search{Text: "l'eau"}, Found: page.Found{Cards: cards, Total: 2}, Feed: "/search/feed.xml?q=l%27eau"})
		},
		"absent": func() ([]byte, error) { return th.NotFound(p.site, Absent{}) },
	} {
		body, err := press()
		if err != nil {
			t.Fatalf("page %s: %v", kind, err)
		}
		out[kind] = body
	}
	return out
}

// TestHeads holds what each kind of page says to programs, in a file that is
// reviewed as code. Assets are left out: they have their hashes.
func TestHeads(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	pages := newPaper().pages(t, folio(t))
	for _, kind := range sortedKeys(pages) {
		got.WriteString("== " + kind + "\n")
		root, err := html.Parse(bytes.NewReader(pages[kind]))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Type == html.ElementNode && n.Parent != nil && n.Parent.Data == "head" {
				got.WriteString(headLine(t, n))
			}
		}
	}
	name := filepath.Join("testdata", "heads.golden")
	if *update {
		if err := os.WriteFile(name, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("heads (-want +got):\n%s", diff)
	}
}

func headLine(t *testing.T, n *html.Node) string {
	t.Helper()
	switch n.Data {
	case "title":
		return "title " + n.FirstChild.Data + "\n"
	case "script":
		if n.FirstChild == nil {
			return ""
		}
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(strings.TrimSpace(n.FirstChild.Data)), "", "  "); err != nil {
			t.Fatal(err)
		}
		return b.String() + "\n"
	}
	line := n.Data
	for _, a := range n.Attr {
		if strings.HasPrefix(a.Val, "/assets/") {
			return ""
		}
		line += " " + a.Key + "=" + a.Val
	}
	return line + "\n"
}

// TestDataSaysWhatIsWritten holds that no name can break out of the data, or
// change what they say.
func TestDataSaysWhatIsWritten(t *testing.T) {
	t.Parallel()
	th := folio(t)
	for _, name := range append(hostile(), "\u2028\u2029", `\u003c/script>`, "</script\n>", "<!--<script>", "]]>") {
		p := newPaper()
		p.site.Title, p.doc.Title, p.doc.Excerpt, p.doc.Language, p.site.Language = name, name, name, "x-none", "x-none"
		p.doc.Authors, p.doc.Tags = []page.Label{{Slug: "a", Name: name}}, []page.Label{{Slug: "a", Name: name}}
		body, err := th.Post(p.site, Post{Doc: p.doc})
		if err != nil {
			t.Fatal(err)
		}
		root, err := html.Parse(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for n := range root.Descendants() {
			if n.Data != "script" || n.FirstChild == nil {
				continue
			}
			var d struct {
				Type     string `json:"@type"`
				Headline string `json:"headline"`
				Author   []struct {
					Name string `json:"name"`
				} `json:"author"`
				Keywords []string `json:"keywords"`
			}
			if err := json.Unmarshal([]byte(n.FirstChild.Data), &d); err != nil {
				t.Errorf("the data of %q: %v", name, err)
			}
			if d.Type != "BlogPosting" {
				continue
			}
			found++
			if d.Headline != name || len(d.Author) != 1 || d.Author[0].Name != name || !slices.Equal(d.Keywords, []string{name}) {
				t.Errorf("the data of %q say %+v", name, d)
			}
		}
		if found != 1 {
			t.Errorf("%q is in %d data, want 1", name, found)
		}
	}
}

func TestPicturesReserveTheirPlace(t *testing.T) {
	t.Parallel()
	p := newPaper()
	pages := p.pages(t, folio(t))
	if got := strings.Count(string(pages["home"]), `fetchpriority="high"`); got != 1 {
		t.Errorf("%d pictures of the first page are fetched first, want that of the first post", got)
	}
	for kind, want := range map[string][]string{
		"post": {`width="1600" height="1067" alt="Un égout"`, `fetchpriority="high"`, "-w480.jpg 480w, ", "1600w"},
		// Also in a list: where the picture is missing, a reader sees what it would show.
		"home": {`width="1600" height="1067" alt="Un égout"`, "-w960.jpg 960w"},
	} {
		text := html.UnescapeString(string(pages[kind]))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %s", kind, w)
			}
		}
	}
	for _, c := range []struct {
		src        string
		is         bool
		width      int
		srcset, to string
	}{
		{"/media/a.jpg", true, 0, "", "https://carnet.example/media/a.jpg"},
		{"https://carnet.example" + p.doc.Image, true, 1600, "w480", "https://carnet.example" + p.doc.Image},
		{"https://other.example" + p.doc.Image, true, 0, "", "https://other.example" + p.doc.Image},
		{"", false, 0, "", ""},
		{"javascript:alert(1)", false, 0, "", ""},
		{"data:image/png;base64,AAAA", false, 0, "", ""},
		{"%zz", false, 0, "", ""},
	} {
		got := newPicture("https://carnet.example", c.src, "alt", nil)
		if (got != nil) != c.is {
			t.Errorf("%q is a picture: %t", c.src, got != nil)
			continue
		}
		if got != nil && (got.Width != c.width || !strings.Contains(got.Srcset, c.srcset) || (c.srcset == "") != (got.Srcset == "") || got.URL != c.to) {
			t.Errorf("%q = %+v", c.src, *got)
		}
	}
}

func TestNamesAreJoinedAsInASentence(t *testing.T) {
	t.Parallel()
	p := newPaper()
	p.doc.Authors = []page.Label{{Slug: "ada", Name: "Ada"}, {Name: "Bo"}, {Slug: "cy", Name: "Cy"}}
	body, err := folio(t).Post(p.site, Post{Doc: p.doc, Translations: []page.Translation{{Language: "en", Path: "/posts/b", Title: "B"}, {Language: "de", Path: "/posts/c", Title: "C"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `<a href="/authors/ada" rel="author">Ada</a>, Bo et <a href="/authors/cy" rel="author">Cy</a></span>`; !strings.Contains(string(body), want) {
		t.Errorf("the page of the post lacks %s", want)
	}
	sp := folio(t).speaker(p.site)
	var got []string
	for _, l := range sp.translations([]page.Translation{{Language: "en", Title: "B"}, {Language: "fr"}, {Language: "de"}, {Language: "?", Title: "D"}}) {
		got = append(got, l.Label)
	}
	if want := []string{"Read in English", "Lire en français", "Deutsch", "D"}; !slices.Equal(got, want) {
		t.Errorf("translations = %q, want %q", got, want)
	}
}

func TestIconsAreChosenByTheAddress(t *testing.T) {
	t.Parallel()
	src, err := gather(ownLayers(Default))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, url, want string }{
		{"Nous", "https://mastodon.social/@a", "mastodon"},
		{"Mastodon", "https://social.example/@a", "mastodon"},
		{"Bluesky", "https://bsky.app/profile/a", "bluesky"},
		{"Code", "https://github.com/a", "github"},
		{"LinkedIn", "https://fr.linkedin.com/in/a", "linkedin"},
		{"Films", "https://www.youtube.com/@a", "youtube"},
		{"Photos", "https://instagram.com/a", "instagram"},
		{"X", "https://x.com/a", "x"},
		{"X", "https://twitter.com/a", "x"},
		{"F", "https://m.facebook.com/a", "facebook"},
		{"Courriel", "mailto:a@b.example", "mail"},
		{"Netflix", "https://netflix.com/a", "link"}, // ends like x.com
		{"x.com", "https://x.com.evil.example/", "link"},
		{"Rien", "%zz", "link"},
	} {
		got := iconOf(page.Link{Name: c.name, URL: c.url})
		if got != c.want || src.icons[got] == "" {
			t.Errorf("the icon of %s is %s (there: %t), want %s", c.url, got, src.icons[got] != "", c.want)
		}
	}
}

func TestCloudWeighsByTheLogarithm(t *testing.T) {
	t.Parallel()
	th := folio(t)
	sp := th.speaker(&page.Site{Language: "fr"})
	got := sp.cloud([]page.Tagged{
		{Label: page.Label{Slug: "z", Name: "zinc"}, Count: 1000},
		{Label: page.Label{Slug: "e", Name: "Été"}, Count: 30},
		{Label: page.Label{Slug: "f", Name: "eau"}, Count: 1},
		{Label: page.Label{Slug: "g", Name: "Estampe"}, Count: 200},
		{Label: page.Label{Slug: "1", Name: "10 ans"}, Count: 4},
	})
	var names []string
	var sizes []int
	for _, tag := range got {
		names, sizes = append(names, tag.Name), append(sizes, tag.Weight)
	}
	if want := []string{"10 ans", "eau", "Estampe", "Été", "zinc"}; !slices.Equal(names, want) {
		t.Errorf("names = %q, want %q", names, want)
	}
	if want := []int{2, 1, 4, 3, 5}; !slices.Equal(sizes, want) {
		t.Errorf("sizes = %d, want %d", sizes, want)
	}
	var letters []string
	for _, g := range groups(got) {
		letters = append(letters, g.Letter)
	}
	if want := []string{"#", "E", "Z"}; !slices.Equal(letters, want) {
		t.Errorf("letters = %q, want %q", letters, want)
	}
}

// TestLargePictureIsShownByACopy holds that nobody fetches an original of many
// megabytes who has no choice: programs that show a preview, browsers without srcset.
func TestLargePictureIsShownByACopy(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{8000: "-w1600.jpg", 2000: "-w1600.jpg", 1700: ".jpg", 900: ".jpg"} {
		p := newPaper()
		shot := picture.Picture{Hash: strings.Repeat("0b", 16), Width: width, Height: width / 8 * 5, Ext: "jpg"}
		p.doc.Image = shot.Path()
		body, err := folio(t).Post(p.site, Post{Doc: p.doc})
		if err != nil {
			t.Fatal(err)
		}
		near := strings.TrimSuffix(shot.Path(), ".jpg") + want
		shown, height := width, width/8*5
		if want != ".jpg" {
			shown, height = 1600, 1000
		}
		for _, w := range []string{
			fmt.Sprintf(`<meta property="og:image" content="https://carnet.example%s">`, near),
			fmt.Sprintf(`<meta property="og:image:width" content="%d">`, shown),
			fmt.Sprintf(`<meta property="og:image:height" content="%d">`, height),
			fmt.Sprintf(`<img src="%s"`, near),
			fmt.Sprintf(`width="%d"`, width),
			fmt.Sprintf(`"url":"https://carnet.example%s"`, near),
		} {
			if !strings.Contains(string(body), w) {
				t.Errorf("the page of a picture of %d pixels lacks %s", width, w)
			}
		}
	}
}

func TestSearchSaysWhatItLooksFor(t *testing.T) {
	t.Parallel()
	a, b, c := page.Label{Slug: "a", Name: "Eau"}, page.Label{Slug: "b", Name: "Ville"}, page.Label{Slug: "c", Name: "Pont"}
	for want, v := range map[string]Search{
		"Recherche":                          {},
		"Recherche\u202f: «\u00a0mot\u00a0»": {Search: page.Search{Text: "mot", Tags: []string{"a"}}, Tags: []page.Label{a}},
		"Articles avec «\u00a0Eau\u00a0» et «\u00a0Ville\u00a0»":   {Search: page.Search{Tags: []string{"a", "b"}}, Tags: []page.Label{a, b}},
		"Articles sans «\u00a0Pont\u00a0»":                         {Search: page.Search{Without: []string{"c"}}, Without: []page.Label{c}},
		"Articles avec «\u00a0Eau\u00a0», sans «\u00a0Pont\u00a0»": {Search: page.Search{Tags: []string{"a"}, Without: []string{"c"}}, Tags: []page.Label{a}, Without: []page.Label{c}},
	} {
		body, err := folio(t).Search(newPaper().site, "/search", v)
		if err != nil {
			t.Fatal(err)
		}
		// The heading stays what it is: the field below must not move while somebody types.
		for _, w := range []string{"<h1>Recherche</h1>", "<title>" + want + " – Le Carnet</title>"} {
			if !strings.Contains(string(body), w) {
				t.Errorf("the page lacks %q", w)
			}
		}
	}
}

func TestSearchLeadsOn(t *testing.T) {
	t.Parallel()
	sp := folio(t).speaker(&page.Site{Language: "en"})
	v := Search{
		Search: page.Search{Text: "a&b", Tags: []string{"x", "y"}, Without: []string{"z"}},
		Tags:   []page.Label{{Slug: "x", Name: "X"}, {Slug: "y", Name: "Y"}}, Without: []page.Label{{Slug: "z", Name: "Z"}},
		Found: page.Found{Facets: []page.Tagged{{Label: page.Label{Slug: "x", Name: "X"}, Count: 2}, {Label: page.Label{Slug: "v", Name: "V"}, Count: 1}}},
	}
	var got []string
	for _, c := range append(sp.chosen(v), sp.narrower(v)...) {
		got = append(got, c.Name+" "+c.Path+" "+c.Without)
	}
	want := []string{
		"X /search?not=z&q=a%26b&tag=y ", "Y /search?not=z&q=a%26b&tag=x ", "Z /search?q=a%26b&tag=x&tag=y ",
		"V /search?not=z&q=a%26b&tag=v&tag=x&tag=y /search?not=v&not=z&q=a%26b&tag=x&tag=y",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}
