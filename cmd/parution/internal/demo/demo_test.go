package demo_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parution/parution/cmd/parution/internal/demo"
)

var (
	slugForm  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	postLink  = regexp.MustCompile(`\]\(/posts/([^)#\s]+)`)
	anyTarget = regexp.MustCompile(`\]\(([^)\s]+)`)
	imageRef  = regexp.MustCompile(`(?:!\[([^\]]*)\]\(|<img src=")media/([^)"\s]+)`)
	// code is taken out before anything is said about prose.
	fencedCode = regexp.MustCompile("(?ms)^ *(```+|~~~+).*?^ *(```+|~~~+) *$")
	inlineCode = regexp.MustCompile("``.+?``|`[^`\n]+`")
	note       = regexp.MustCompile(`\[\^([^\]]+)\](:?)`)
	// loose is a sign that French sets apart, after a breakable or no space.
	loose = regexp.MustCompile(`[\p{L}\p{N}»)] ?[;!?]|[\p{L}\p{N})] [:»%€]|« |[^\x{a0}\x{202f}]»|«[^\x{a0}\x{202f}]`)
)

func load(t *testing.T) ([]demo.Post, map[string][]byte) {
	t.Helper()
	posts, err := demo.Posts()
	if err != nil {
		t.Fatalf("Posts() = %v", err)
	}
	media, err := demo.Media()
	if err != nil {
		t.Fatalf("Media() = %v", err)
	}
	return posts, media
}

// prose is the body without its code.
func prose(body string) string {
	return inlineCode.ReplaceAllString(fencedCode.ReplaceAllString(body, ""), "")
}

func words(body string) int { return len(strings.Fields(prose(body))) }

func TestPostsAreComplete(t *testing.T) {
	t.Parallel()
	posts, _ := load(t)
	first := time.Date(2024, 9, 1, 0, 0, 0, 0, time.UTC)
	end := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, p := range posts {
		t.Run(p.Slug, func(t *testing.T) {
			t.Parallel()
			if !slugForm.MatchString(p.Slug) {
				t.Errorf("slug = %q, want lower-case words joined by -", p.Slug)
			}
			if p.Title == "" || strings.TrimSpace(p.Body) == "" {
				t.Error("title or body is empty")
			}
			if p.Language != "fr" && p.Language != "en" {
				t.Errorf("language = %q, want fr or en", p.Language)
			}
			if n := len(p.Tags); n < 3 || n > 5 {
				t.Errorf("tags = %d, want 3 to 5", n)
			}
			if len(p.Authors) == 0 {
				t.Error("no author")
			}
			if p.PublishedAt.Before(first) || !p.PublishedAt.Before(end) {
				t.Errorf("published at %v, want from %v to before %v", p.PublishedAt, first, end)
			}
			if (p.Image == "") != (p.ImageAlt == "") {
				t.Errorf("image = %q with alt %q, want both or none", p.Image, p.ImageAlt)
			}
			if n := utf8.RuneCountInString(p.ImageCaption); n > 200 || n > 0 && p.Image == "" {
				t.Errorf("caption = %d characters, want at most 200 and an image above it", n)
			}
			if n := utf8.RuneCountInString(p.Excerpt); n > 280 {
				t.Errorf("excerpt = %d characters, want at most 280", n)
			}
		})
	}
}

func TestPostsAreVaried(t *testing.T) {
	t.Parallel()
	posts, _ := load(t)
	slugs := make(map[string]bool)
	titles := make(map[string]bool)
	languages := make(map[string]int)
	tags := make(map[string]string)
	authors := make(map[string]bool)
	var featured, excerpts, covers, long int
	for _, p := range posts {
		if slugs[p.Slug] || titles[p.Title] {
			t.Errorf("slug %q or title %q is there twice", p.Slug, p.Title)
		}
		slugs[p.Slug], titles[p.Title] = true, true
		languages[p.Language]++
		for _, tag := range p.Tags {
			if l, ok := tags[tag]; ok && l != p.Language {
				t.Errorf("%s: tag %q is used in both languages", p.Slug, tag)
			}
			tags[tag] = p.Language
		}
		for _, a := range p.Authors {
			authors[a] = true
		}
		featured += count(p.Featured)
		excerpts += count(p.Excerpt != "")
		covers += count(p.Image != "")
		long += count(words(p.Body) >= 1000)
	}
	if languages["fr"] < 16 || languages["en"] < 12 {
		t.Errorf("posts by language = %v, want at least 16 fr and 12 en", languages)
	}
	if len(tags) > 18 || len(authors) != 4 {
		t.Errorf("%d tags %v and authors %v, want at most 18 and 4", len(tags), slices.Sorted(maps.Keys(tags)), authors)
	}
	if featured < 7 || featured > len(posts)/2 || long < 6 {
		t.Errorf("featured = %d, long = %d, want at least 7, not too many, and at least 6", featured, long)
	}
	if span := posts[len(posts)-1].PublishedAt.Sub(posts[0].PublishedAt); span < 2*365*24*time.Hour {
		t.Errorf("the sample spans %v, want two years", span)
	}
	if n := len(posts); excerpts < n/3 || excerpts > n*2/3 || covers < n/2 || covers == n {
		t.Errorf("of %d posts, %d have an excerpt and %d a cover; want about half and two thirds", n, excerpts, covers)
	}
}

// What the sample is to show off must be in it.
func TestPostsShowWhatThereIs(t *testing.T) {
	t.Parallel()
	posts, media := load(t)
	translations := make(map[string]map[string]bool)
	code := make(map[string]bool)
	var captions, photographs, notes, tables, nested int
	for _, p := range posts {
		if p.TranslationKey != "" {
			if translations[p.TranslationKey] == nil {
				translations[p.TranslationKey] = make(map[string]bool)
			}
			if translations[p.TranslationKey][p.Language] {
				t.Errorf("%s: there is a translation of %s to that language already", p.Slug, p.TranslationKey)
			}
			translations[p.TranslationKey][p.Language] = true
		}
		captions += count(p.ImageCaption != "")
		photographs += count(path.Ext(p.Image) == ".jpg")
		notes += count(note.MatchString(prose(p.Body)))
		tables += count(strings.Contains(p.Body, "\n|:"))
		nested += count(regexp.MustCompile(`(?m)^(- |\d+\. ).*\n {2,}(- |\d+\. )`).MatchString(p.Body))
		for _, m := range regexp.MustCompile("(?m)^ *```([a-z]+)").FindAllStringSubmatch(p.Body, -1) {
			code[m[1]] = true
		}
	}
	for key, languages := range translations {
		if len(languages) < 2 {
			t.Errorf("%s is in %v only", key, languages)
		}
	}
	if len(translations) < 1 || len(code) < 3 || captions < 1 || photographs < 1 || notes < 1 || tables < 1 || nested < 1 {
		t.Errorf("%d pairs, code in %v, %d captions, %d photographs, %d posts with notes, %d with tables, %d with nested lists; want some of each",
			len(translations), slices.Sorted(maps.Keys(code)), captions, photographs, notes, tables, nested)
	}
	for name, data := range media {
		if path.Ext(name) != ".jpg" {
			continue
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(data)); err != nil || c.Width < 1800 {
			t.Errorf("%s is %d pixels wide, %v; want enough for copies", name, c.Width, err)
		}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestLinksResolve(t *testing.T) {
	t.Parallel()
	posts, _ := load(t)
	known := make(map[string]bool)
	for _, p := range posts {
		known[p.Slug] = true
	}
	var links int
	for _, p := range posts {
		body := prose(p.Body)
		for _, m := range postLink.FindAllStringSubmatch(body, -1) {
			links++
			if !known[m[1]] || m[1] == p.Slug {
				t.Errorf("%s: link to /posts/%s, want another post of the sample", p.Slug, m[1])
			}
		}
		for _, m := range anyTarget.FindAllStringSubmatch(body, -1) {
			if !okTarget(m[1]) {
				t.Errorf("%s: link to %s, want a post, an image, an anchor or example.org", p.Slug, m[1])
			}
		}
	}
	if links < len(posts) {
		t.Errorf("links between posts = %d, want at least one a post", links)
	}
}

func okTarget(target string) bool {
	for _, prefix := range []string{"/posts/", demo.MediaPrefix, "#", "https://example.org/"} {
		if strings.HasPrefix(target, prefix) {
			return true
		}
	}
	return false
}

func TestFootnotesHaveBothEnds(t *testing.T) {
	t.Parallel()
	posts, _ := load(t)
	for _, p := range posts {
		refs, defs := make(map[string]bool), make(map[string]bool)
		for _, m := range note.FindAllStringSubmatch(prose(p.Body), -1) {
			if m[2] == ":" {
				defs[m[1]] = true
			} else {
				refs[m[1]] = true
			}
		}
		if !maps.Equal(refs, defs) {
			t.Errorf("%s: footnotes called %v, given %v", p.Slug, refs, defs)
		}
	}
}

func TestImagesExistAndAreUsed(t *testing.T) {
	t.Parallel()
	posts, media := load(t)
	used := make(map[string]bool)
	for _, p := range posts {
		if p.Image != "" {
			used[strings.TrimPrefix(p.Image, demo.MediaPrefix)] = true
			if !strings.HasPrefix(p.Image, demo.MediaPrefix) {
				t.Errorf("%s: cover = %q, want %s…", p.Slug, p.Image, demo.MediaPrefix)
			}
		}
		for _, m := range imageRef.FindAllStringSubmatch(prose(p.Body), -1) {
			used[m[2]] = true
			if strings.HasPrefix(m[0], "!") && m[1] == "" {
				t.Errorf("%s: image %s has no alt text", p.Slug, m[2])
			}
		}
	}
	for name := range used {
		if media[name] == nil {
			t.Errorf("image %q is shown but not there", name)
		}
	}
	for name, data := range media {
		if !used[name] {
			t.Errorf("image %q is there but never shown", name)
		}
		if err := checkImage(name, data); err != nil {
			t.Errorf("image %q: %v", name, err)
		}
	}
}

// checkImage wants an SVG that is inert, or a PNG or a JPEG that is small.
func checkImage(name string, data []byte) error {
	switch path.Ext(name) {
	case ".svg":
		return checkSVG(data)
	case ".png":
		if len(data) > 60<<10 {
			return errors.New("is larger than 60 KiB")
		}
		_, err := png.Decode(bytes.NewReader(data))
		return err
	}
	if path.Ext(name) == ".jpg" {
		if len(data) > 200<<10 {
			return errors.New("is larger than 200 KiB")
		}
		_, err := jpeg.Decode(bytes.NewReader(data))
		return err
	}
	return errors.New("is neither SVG nor PNG nor JPEG")
}

// checkSVG refuses what could run, reach another host or lack a font.
func checkSVG(data []byte) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	root := true
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		attrs := make(map[string]string)
		for _, a := range e.Attr {
			attrs[a.Name.Local] = a.Value
			if a.Name.Local == "href" || a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
				return errors.New("has attribute " + a.Name.Local)
			}
		}
		if root && (attrs["width"] == "" || attrs["height"] == "" || attrs["viewBox"] == "") {
			return errors.New("has no width, height or viewBox")
		}
		root = false
		switch e.Name.Local {
		case "script", "style", "text", "image", "foreignObject", "use", "a":
			return errors.New("has element " + e.Name.Local)
		}
	}
}

func TestTypography(t *testing.T) {
	t.Parallel()
	posts, _ := load(t)
	for _, p := range posts {
		for name, text := range map[string]string{"title": p.Title, "excerpt": p.Excerpt, "alt": p.ImageAlt, "body": withoutMarkup(p.Body)} {
			if i := strings.IndexRune(text, '\''); i >= 0 {
				t.Errorf("%s: %s has a straight apostrophe: %q", p.Slug, name, around(text, i))
			}
			if p.Language != "fr" {
				continue
			}
			for _, at := range loose.FindAllStringIndex(text, -1) {
				t.Errorf("%s: %s has a breakable or missing space: %q", p.Slug, name, around(text, at[0]))
			}
		}
	}
}

// withoutMarkup takes out code, link targets, HTML and the lines that rule a
// table, which are not set in type.
func withoutMarkup(body string) string {
	body = regexp.MustCompile(`(?m)^\|[-: |]+$|https?://\S+|<[^>\n]+>|\]\(\S+`).ReplaceAllString(prose(body), "")
	return strings.ReplaceAll(body, `\`, "")
}

// around quotes the text at a place, so that it can be found in the file.
func around(text string, i int) string {
	from, to := max(0, i-20), min(len(text), i+20)
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text[from:to])
}
