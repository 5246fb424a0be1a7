package theme

import (
	"bytes"
	"io/fs"
	"math"
	"reflect"
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

// every presses each kind of page of a site where everything is named name.
func every(t *testing.T, name string) map[string][]byte {
	t.Helper()
	th, err := New()
	if err != nil {
		t.Fatal(err)
	}
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
	add := func(kind string, body []byte, err error) {
		if err != nil {
			t.Fatalf("page %s of %q: %v", kind, name, err)
		}
		pages[kind] = body
	}
	body, err := th.Home(s, Home{Recent: cards, Featured: cards, Tags: tags, Pager: pager})
	add("home", body, err)
	body, err = th.Home(s, Home{})
	add("empty home", body, err)
	body, err = th.List(s, "/page/2", cards, pager)
	add("list", body, err)
	body, err = th.Tagged(s, "/tags/x", Tagged{Tags: []page.Label{l, l}, Cards: cards, Total: 2, Pager: pager})
	add("tagged", body, err)
	body, err = th.Tagged(s, "/tags/x", Tagged{Tags: []page.Label{l}})
	add("empty tagged", body, err)
	body, err = th.Tags(s, tags)
	add("tags", body, err)
	body, err = th.Post(s, Post{Doc: d})
	add("post", body, err)
	body, err = th.NotFound(s, Absent{})
	add("not found", body, err)
	body, err = th.Gone(s, Absent{})
	add("gone", body, err)
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
				for _, a := range n.Attr {
					checkAttribute(t, kind+" of "+name, n.Data, a)
					if a.Key == "id" {
						ids[a.Val]++
					}
				}
			}
			for _, element := range []string{"script", "style", "iframe", "object", "form", "base", "svg"} {
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

func TestFrenchSignsStayWithTheirWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, language, want string }{
		{"Pourquoi ? Parce que ! Voilà ; ainsi : « tout »", "fr", "Pourquoi\u202f? Parce que\u202f! Voilà\u202f; ainsi\u00a0: «\u00a0tout\u00a0»"},
		{"« Tout »", "fr-CA", "«\u00a0Tout\u00a0»"},
		{"Déjà\u202f? 12:30 a:b", "fr", "Déjà\u202f? 12:30 a:b"},
		{"Why ? « All »", "en", "Why ? « All »"},
	} {
		if got := spaced(c.text, c.language); got != c.want {
			t.Errorf("spaced(%q, %s) = %q, want %q", c.text, c.language, got, c.want)
		}
	}
	th, err := New()
	if err != nil {
		t.Fatal(err)
	}
	s := &page.Site{Title: "Site", Language: "en"}
	d := &page.Doc{Card: page.Card{Slug: "a", Title: "Où ?", Language: "fr", Excerpt: "Ici !"}, Standfirst: true}
	post, err := th.Post(s, Post{Doc: d})
	if err != nil {
		t.Fatal(err)
	}
	list, err := th.List(s, "/page/2", []page.Card{d.Card}, Pager{Number: 2, Pages: 2})
	if err != nil {
		t.Fatal(err)
	}
	for where, body := range map[string][]byte{"post": post, "list": list} {
		if !bytes.Contains(body, []byte("Où\u202f?")) || !bytes.Contains(body, []byte("Ici\u202f!")) {
			t.Errorf("the %s breaks lines before a sign", where)
		}
	}
	if d.Title != "Où ?" || d.Excerpt != "Ici !" {
		t.Errorf("the post itself became %q, %q", d.Title, d.Excerpt)
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

func TestBothLanguagesSayEverything(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]texts{"French": french(), "English": english()} {
		v := reflect.ValueOf(x)
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.String && f.Len() == 0 {
				t.Errorf("%s has no %s", name, v.Type().Field(i).Name)
			}
		}
		if slices.Contains(x.months[:], "") {
			t.Errorf("%s lacks a month", name)
		}
	}
}

func TestPageOfWhatIsGoneNamesNoReason(t *testing.T) {
	t.Parallel()
	for _, x := range []texts{french(), english()} {
		for _, reason := range []string{"withdr", "retir", "auteur", "author", "delete", "supprim"} {
			if strings.Contains(strings.ToLower(x.Gone+" "+x.GoneLead), reason) {
				t.Errorf("%q says %q", x.Gone+" "+x.GoneLead, reason)
			}
		}
	}
}

func TestVoice(t *testing.T) {
	t.Parallel()
	night := time.Date(2026, 1, 31, 23, 30, 0, 0, time.UTC)
	for _, c := range []struct{ language, zone, date, none, one, two, list string }{
		{"fr", "Europe/Paris", "1er février 2026", "0 article", "1 article", "2 articles", "a, b et c"},
		{"fr-CA", "America/Montreal", "31 janvier 2026", "0 article", "1 article", "2 articles", "a, b et c"},
		{"en", "UTC", "31 January 2026", "0 posts", "1 post", "2 posts", "a, b and c"},
		{"de", "No/Where", "31 January 2026", "0 posts", "1 post", "2 posts", "a, b and c"},
	} {
		v := newVoice(c.language, c.zone)
		got := []string{v.Date(night), v.Posts(0), v.Posts(1), v.Posts(2), v.List([]string{"a", "b", "c"})}
		if want := []string{c.date, c.none, c.one, c.two, c.list}; !slices.Equal(got, want) {
			t.Errorf("%s in %s = %q, want %q", c.language, c.zone, got, want)
		}
	}
}

// TestInkStandsOutFromPaper holds WCAG 2.2 AA: 4.5 for text, in both schemes.
func TestInkStandsOutFromPaper(t *testing.T) {
	t.Parallel()
	css, err := fs.ReadFile(files, "assets/site.css")
	if err != nil {
		t.Fatal(err)
	}
	schemes := regexp.MustCompile(`:root \{[^}]*\}`).FindAllString(string(css), 2)
	if len(schemes) != 2 {
		t.Fatalf("there are %d colour schemes, want 2", len(schemes))
	}
	for i, scheme := range schemes {
		colours := make(map[string]float64)
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(scheme, -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		for _, ink := range []string{"ink", "soft", "accent"} {
			for _, paper := range []string{"paper", "raised"} {
				light, dark := max(colours[ink], colours[paper]), min(colours[ink], colours[paper])
				if ratio := (light + 0.05) / (dark + 0.05); ratio < 4.5 {
					t.Errorf("scheme %d: contrast of %s on %s = %.2f, want at least 4.5", i, ink, paper, ratio)
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
	err := fs.WalkDir(files, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		for _, bad := range []string{"@import", "url(", "<script", "<style", "expression("} {
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
