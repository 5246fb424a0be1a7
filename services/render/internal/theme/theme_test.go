package theme

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/parution/parution/services/render/internal/page"
)

// hostile are names that people could give to things.
func hostile() []string {
	return []string{
		`"><script>alert(1)</script>`, `</title><script>alert(1)</script>`, `' onmouseover='alert(1)`, `javascript:alert(1)`,
		`<img src=x onerror=alert(1)>`, `{{constructor}}`, "a\u202eb", `--><svg/onload=alert(1)>`, `&lt;script&gt;`,
	}
}

// every presses each kind of page, in each theme of ours, of a site where everything
// is named name.
func every(t *testing.T, name string) map[string][]byte {
	t.Helper()
	out := make(map[string][]byte)
	for look, th := range library(t, "").own {
		for kind, body := range everyOf(t, th, name) {
			out[look+" "+kind] = body
		}
	}
	return out
}

func everyOf(t *testing.T, th *Theme, name string) map[string][]byte {
	t.Helper()
	s := &page.Site{
		Title: name, Description: name, Language: name, TimeZone: name, BaseURL: "https://example.org",
		Links: []page.Link{{Name: name, URL: name}},
	}
	l := page.Label{Slug: name, Name: name}
	c := page.Card{ID: name, Slug: name, Title: name, Language: "en", Excerpt: name, Image: name, ImageAlt: name, Tags: []page.Label{l}, Authors: []page.Label{l}}
	d := &page.Doc{Card: c, Standfirst: true, Cover: true, HTML: "<p>Text</p>"}
	for range 3 {
		d.Contents = append(d.Contents, page.Heading{Level: 2, ID: name, Text: name, Children: []page.Heading{{Level: 3, ID: name, Text: name}}})
	}
	cards, tags := []page.Card{c, c}, []page.Tagged{{Label: l, Count: 2}}
	pager := Pager{Number: 2, Pages: 3, Prev: "/", Next: "/page/3"}
	pages := make(map[string][]byte)
	m := []page.Month{{Year: 2018, Month: time.February, Count: 2}, {Year: 2018, Month: time.January, Count: 1}}
	q := page.Search{Text: name, Tags: []string{name}, Without: []string{"x"}}
	beside := Post{Doc: d, Newer: &c, Older: &c, Related: cards, Translations: []page.Translation{{Language: name, Path: name, Title: name}}}
	for kind, press := range map[string]func() ([]byte, error){
		"home": func() ([]byte, error) {
			return th.Home(s, Home{Recent: cards, Featured: cards, Tags: tags, Pager: pager})
		},
		"empty home": func() ([]byte, error) { return th.Home(s, Home{}) },
		"list":       func() ([]byte, error) { return th.List(s, "/page/2", cards, pager) },
		"tagged": func() ([]byte, error) {
			return th.Tagged(s, "/tags/x", Tagged{Tags: []page.Label{l, l}, Cards: cards, Total: 2, Pager: pager})
		},
		"empty tagged": func() ([]byte, error) { return th.Tagged(s, "/tags/x", Tagged{Tags: []page.Label{l}}) },
		"tags":         func() ([]byte, error) { return th.Tags(s, tags) },
		"archive":      func() ([]byte, error) { return th.Archive(s, Archive{Months: m, Total: 3}) },
		"period": func() ([]byte, error) {
			return th.Period(s, "/archive/2018/02", Period{Year: 2018, Month: 2, Cards: cards, Total: 2, Months: m, Pager: pager})
		},
		"author": func() ([]byte, error) {
			return th.Author(s, "/authors/x", Author{Author: l, Cards: cards, Total: 2, Pager: pager})
		},
		"search": func() ([]byte, error) {
			return th.Search(s, "/search?q=x", Search{Search: q, Tags: []page.Label{l}, Without: []page.Label{l}, Found: page.Found{Cards: cards, Total: 2, Facets: tags}, Pager: pager, Feed: "/search/feed.xml?q=x"})
		},
		"empty search": func() ([]byte, error) { return th.Search(s, "/search", Search{}) },
		"post":         func() ([]byte, error) { return th.Post(s, beside) },
		"not found":    func() ([]byte, error) { return th.NotFound(s, Absent{Recent: cards}) },
		"gone":         func() ([]byte, error) { return th.Gone(s, Absent{}) },
	} {
		body, err := press()
		if err != nil {
			t.Fatalf("page %s of %q: %v", kind, name, err)
		}
		pages[kind] = body
	}
	return pages
}

func TestPagesHaveNothingInlineAndOneHeading(t *testing.T) {
	t.Parallel()
	for _, name := range append(hostile(), "Plain") {
		for kind, body := range every(t, name) {
			root, err := html.Parse(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			count := make(map[string]int)
			ids := make(map[string]int)
			for n := range root.Descendants() {
				if n.Type != html.ElementNode {
					continue
				}
				count[n.Data]++
				checkElement(t, kind+" of "+name, n)
				for _, a := range n.Attr {
					checkAttribute(t, kind+" of "+name, n.Data, a)
					if a.Key == "id" {
						ids[a.Val]++
					}
				}
			}
			for _, element := range []string{"style", "iframe", "object", "base", "use", "foreignObject"} {
				if count[element] > 0 {
					t.Errorf("%s of %q has a %s", kind, name, element)
				}
			}
			if count["h1"] != 1 || count["main"] != 1 || count["title"] != 1 {
				t.Errorf("%s of %q has %d h1, %d main, %d title; want one of each", kind, name, count["h1"], count["main"], count["title"])
			}
			for id, n := range ids {
				if n > 1 {
					t.Errorf("%s of %q has id %q %d times", kind, name, id, n)
				}
			}
		}
	}
}

// checkElement holds that a script is data or a file of ours, and that a form searches.
func checkElement(t *testing.T, where string, n *html.Node) {
	t.Helper()
	attr := make(map[string]string)
	for _, a := range n.Attr {
		attr[a.Key] = a.Val
	}
	switch n.Data {
	case "script":
		if attr["type"] == "application/ld+json" {
			var v any
			if err := json.Unmarshal([]byte(n.FirstChild.Data), &v); err != nil {
				t.Errorf("%s: its data is no JSON: %v", where, err)
			}
			return
		}
		if n.FirstChild != nil || attr["type"] != "module" || !strings.HasPrefix(attr["src"], "/assets/") {
			t.Errorf("%s has a script", where)
		}
	case "form":
		if attr["action"] != "/search" || attr["method"] != "get" {
			t.Errorf("%s has a form that leads to %s by %s", where, attr["action"], attr["method"])
		}
	case "svg":
		if !strings.HasPrefix(attr["class"], "icon") || attr["aria-hidden"] != "true" {
			t.Errorf("%s has a drawing that is no icon", where)
		}
	}
}

func checkAttribute(t *testing.T, where, element string, a html.Attribute) {
	t.Helper()
	value := strings.ToLower(strings.TrimSpace(a.Val))
	switch {
	case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
		t.Errorf("%s: <%s> has %s", where, element, a.Key)
	case (a.Key == "href" || a.Key == "src") && strings.HasPrefix(value, "javascript:"):
		t.Errorf("%s: <%s %s=%q>", where, element, a.Key, a.Val)
	case a.Key == "src" && strings.Contains(value, "//"), element == "link" && a.Key == "href" && strings.Contains(value, "//") && !strings.HasPrefix(value, "https://example.org/"):
		t.Errorf("%s: <%s %s=%q> is from another host", where, element, a.Key, a.Val)
	}
}

// TestKindOfPageIsNoComponent holds that no style of a part of a page applies to
// all of it.
func TestKindOfPageIsNoComponent(t *testing.T) {
	t.Parallel()
	for kind, body := range every(t, "Plain") {
		root, err := html.Parse(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var whole []string
		parts := make(map[string]bool)
		for n := range root.Descendants() {
			for _, a := range n.Attr {
				switch {
				case a.Key == "class" && n.Data == "body":
					whole = strings.Fields(a.Val)
				case a.Key == "class":
					for class := range strings.FieldsSeq(a.Val) {
						parts[class] = true
					}
				}
			}
		}
		for _, class := range whole {
			if parts[class] || !strings.HasPrefix(class, "page-") {
				t.Errorf("%s: the body has class %s", kind, class)
			}
		}
	}
}

// TestTextsAreSetInTheirLanguage holds that what people write passes typography,
// by the language of the post and not of the page.
func TestTextsAreSetInTheirLanguage(t *testing.T) {
	t.Parallel()
	th := folio(t)
	s := &page.Site{Title: "L'atelier !", Description: "Ici !", Language: "fr"}
	d := &page.Doc{
		Card:       page.Card{Slug: "a", Title: "Where ?", Language: "en", Excerpt: "It's \"here\"", Image: "/a.jpg", ImageAlt: "It's \"alt\""},
		Standfirst: true, Cover: true, ImageCaption: "It's \"below\"",
	}
	for range 3 {
		d.Contents = append(d.Contents, page.Heading{Level: 2, ID: "h", Text: "It's \"inside\""})
	}
	older := &page.Card{Slug: "b", Title: "Où ?", Language: "fr"}
	post, err := th.Post(s, Post{Doc: d, Older: older, Translations: []page.Translation{{Language: "fr", Path: "/posts/c", Title: "Quoi ?"}}})
	if err != nil {
		t.Fatal(err)
	}
	text := html.UnescapeString(string(post))
	for _, want := range []string{"L’atelier\u202f!", "Ici\u202f!", "Where ?", "It’s “here”", "It’s “alt”", "It’s “below”", "It’s “inside”", "Où\u202f?", "Quoi\u202f?"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of the post lacks %q", want)
		}
	}
	list, err := th.List(s, "/page/2", []page.Card{d.Card, *older}, Pager{Number: 2, Pages: 2})
	if err != nil {
		t.Fatal(err)
	}
	text = html.UnescapeString(string(list))
	for _, want := range []string{"Where ?", "It’s “here”", "Où\u202f?"} {
		if !strings.Contains(text, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	if d.Excerpt != "It's \"here\"" || older.Title != "Où ?" {
		t.Errorf("the posts themselves became %q, %q", d.Excerpt, older.Title)
	}
}

func TestHeadingsLeaveOutNoLevel(t *testing.T) {
	t.Parallel()
	for kind, body := range every(t, "Plain") {
		root, err := html.Parse(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for n := range root.Descendants() {
			if n.Type != html.ElementNode || len(n.Data) != 2 || n.Data[0] != 'h' || n.Data[1] < '1' || n.Data[1] > '6' {
				continue
			}
			level := int(n.Data[1] - '0')
			if level > last+1 {
				t.Errorf("%s: h%d follows h%d", kind, level, last)
			}
			last = level
		}
	}
}

func TestPageOfWhatIsGoneNamesNoReason(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"fr", "en"} {
		w := speaking(t, language, "UTC")
		text := strings.ToLower(w.say("gone") + " " + w.say("gone-lead") + " " + w.say("live-gone"))
		for _, reason := range []string{"withdr", "retir", "auteur", "author", "delete", "supprim"} {
			if strings.Contains(text, reason) {
				t.Errorf("%q says %q", text, reason)
			}
		}
	}
}

func speaking(t *testing.T, tag, zone string) *Words {
	t.Helper()
	c, err := ownCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	w, _ := c.words(parseTag(tag), loc)
	return w
}

func TestWords(t *testing.T) {
	t.Parallel()
	night := time.Date(2026, 1, 31, 23, 30, 0, 0, time.UTC)
	for _, c := range []struct{ language, zone, date, none, one, two, many, list string }{
		{"fr", "Europe/Paris", "1er février 2026", "0 article", "1 article", "2 articles", "12\u00a0345 articles", "a, b et c"},
		{"fr-CA", "America/Montreal", "31 janvier 2026", "0 article", "1 article", "2 articles", "12\u00a0345 articles", "a, b et c"},
		{"en", "UTC", "January 31, 2026", "0 posts", "1 post", "2 posts", "12,345 posts", "a, b and c"},
		{"en-GB", "UTC", "31 January 2026", "0 posts", "1 post", "2 posts", "12,345 posts", "a, b and c"},
		{"en-US", "UTC", "January 31, 2026", "0 posts", "1 post", "2 posts", "12,345 posts", "a, b and c"},
		{"de", "No/Where", "January 31, 2026", "0 posts", "1 post", "2 posts", "12,345 posts", "a, b and c"},
	} {
		w := speaking(t, c.language, c.zone)
		got := []string{w.date(night), w.say("posts", 0), w.say("posts", 1), w.say("posts", 2), w.say("posts", 12345), w.join([]string{"a", "b", "c"})}
		if want := []string{c.date, c.none, c.one, c.two, c.many, c.list}; !slices.Equal(got, want) {
			t.Errorf("%s in %s = %q, want %q", c.language, c.zone, got, want)
		}
	}
}

// TestInkStandsOutFromPaper holds WCAG 2.2 AA: 4.5 for text, in both schemes.
func TestInkStandsOutFromPaper(t *testing.T) {
	t.Parallel()
	for _, name := range ownNames() {
		css, err := fs.ReadFile(files, "themes/"+name+"/assets/site.css")
		if err != nil {
			t.Fatal(err)
		}
		standsOut(t, name, string(css))
	}
}

func standsOut(t *testing.T, name, css string) {
	t.Helper()
	schemes := regexp.MustCompile(`:root \{[^}]*\}`).FindAllString(css, 2)
	if len(schemes) != 2 {
		t.Fatalf("%s has %d colour schemes, want 2", name, len(schemes))
	}
	for i, scheme := range schemes {
		colours := make(map[string]float64)
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(scheme, -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		for paper, inks := range map[string][]string{
			"paper":  {"ink", "soft", "accent"},
			"raised": {"ink", "soft", "accent"},
			"tint":   {"ink", "accent"},
			"code":   {"ink", "code-note", "code-word", "code-text", "code-value", "code-name", "code-type"},
		} {
			for _, ink := range inks {
				light, dark := max(colours[ink], colours[paper]), min(colours[ink], colours[paper])
				if ratio := (light + 0.05) / (dark + 0.05); ratio < 4.5 || colours[ink] == 0 && colours[paper] == 0 {
					t.Errorf("%s, scheme %d: contrast of %s on %s = %.2f, want at least 4.5", name, i, ink, paper, ratio)
				}
			}
		}
	}
}

// luminance is the relative luminance of sRGB, as WCAG defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestStylesComeFromHereAlone(t *testing.T) {
	t.Parallel()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".css" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		for _, bad := range []string{"url(http", "//", "<script", "<style", "expression("} {
			if bytes.Contains(text, []byte(bad)) {
				t.Errorf("%s has %s", name, bad)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
