package theme

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parution/parution/services/render/internal/page"
)

// folder is an operator's folder of themes.
type folder struct {
	dir string
	// edits makes each writing later than the one before, however fast the test is.
	edits int
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	return &folder{dir: t.TempDir()}
}

func (f *folder) write(t *testing.T, name, text string) {
	t.Helper()
	full := filepath.Join(f.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.edits++
	at := time.Date(2026, 1, 1, 0, 0, f.edits, 0, time.UTC)
	if err := os.Chtimes(full, at, at); err != nil {
		t.Fatal(err)
	}
}

func library(t *testing.T, dir string) *Library {
	t.Helper()
	one, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	l := &Library{
		log: one.log, words: one.words, own: one.own, changes: make(chan struct{}, 1),
		custom: make(map[string]*custom), unknown: make(map[string]bool),
	}
	if err := l.open(dir); err != nil {
		t.Fatal(err)
	}
	return l
}

//nolint:gochecknoglobals // the themes that Parution brings, made once for all tests
var ours = sync.OnceValues(func() (*Library, error) { return NewLibrary("", slog.New(slog.DiscardHandler)) })

func folio(t *testing.T) *Theme {
	t.Helper()
	return library(t, "").For(Default)
}

// home is the first page of a site of one post, in a theme.
func home(t *testing.T, th *Theme) string {
	t.Helper()
	body, err := th.Home(&page.Site{Title: "Site", Language: "fr"}, Home{Recent: []page.Card{{ID: "1", Slug: "a", Title: "Un titre", Language: "fr", Minutes: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// problem is why the newest files of the theme "ours" are not used.
func problem(t *testing.T, l *Library) string {
	t.Helper()
	list := l.List()
	i := slices.IndexFunc(list, func(e Listed) bool { return e.Name == "ours" })
	if i < 0 {
		t.Fatalf("List = %+v, want one called ours", list)
	}
	return list[i].Problem
}

func changed(l *Library) bool {
	select {
	case <-l.Changes():
		return true
	default:
		return false
	}
}

const modelOne = `{"model": 1, "description": "Ours."}`

func TestOurThemesAreThereTheDefaultFirst(t *testing.T) {
	t.Parallel()
	l := library(t, "")
	var names []string
	for _, e := range l.List() {
		names = append(names, e.Name)
		if e.Description == "" || e.Custom || e.Problem != "" {
			t.Errorf("entry %+v", e)
		}
	}
	if want := []string{"folio", "gazette"}; !slices.Equal(names, want) {
		t.Errorf("names = %v, want %v", names, want)
	}
	for _, name := range []string{"", "folio", "nothing", "../folio"} {
		if got := l.For(name); got != l.For(Default) {
			t.Errorf("For(%q) is not the default theme", name)
		}
	}
	if l.For("gazette") == l.For(Default) {
		t.Error("gazette is folio")
	}
}

func TestFolderThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := NewLibrary(filepath.Join(t.TempDir(), "typo"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

func TestOneFileIsATheme(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write(t, "ours/theme.json", modelOne)
	f.write(t, "ours/templates/parts/footer.html", `<footer>{{.T "home"}} of the operator</footer>`)
	l := library(t, f.dir)
	if p := problem(t, l); p != "" {
		t.Fatal(p)
	}
	if got := home(t, l.For("ours")); !strings.Contains(got, "<footer>Accueil of the operator</footer>") || !strings.Contains(got, "Un titre") {
		t.Errorf("the page is\n%s", got)
	}
	if strings.Contains(home(t, l.For(Default)), "of the operator") {
		t.Error("the operator's part is in our theme")
	}
}

func TestFolderOfTheNameOfOursStandsOnIt(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write(t, "gazette/theme.json", modelOne)
	f.write(t, "gazette/templates/parts/footer.html", `<footer>operator</footer>`)
	l := library(t, f.dir)
	got := home(t, l.For("gazette"))
	if !strings.Contains(got, "<footer>operator</footer>") || !strings.Contains(got, l.own["gazette"].manifest.Colour.Light) {
		t.Errorf("the page is\n%s", got)
	}
	if list := l.List(); len(list) != 2 || !list[1].Custom || list[1].Description != "Ours." {
		t.Errorf("List = %+v", list)
	}
}

func TestChangesAreTakenIn(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	l := library(t, f.dir)
	l.Refresh()
	if changed(l) {
		t.Error("nothing changed and there is a signal")
	}
	before := l.Edition()
	f.write(t, "ours/theme.json", modelOne)
	f.write(t, "ours/templates/absent.html", `<h1>first</h1>`)
	l.Refresh()
	first := l.For("ours")
	if !changed(l) || first == l.For(Default) || l.Edition() == before {
		t.Fatal("a new theme is not taken in")
	}
	l.Refresh()
	if changed(l) || l.For("ours") != first {
		t.Error("a theme that did not change was loaded again")
	}
	f.write(t, "ours/templates/absent.html", `<h1>other</h1>`) // as long as before
	l.Refresh()
	if !changed(l) || l.For("ours").Edition() == first.Edition() {
		t.Error("a change of the same size is not taken in")
	}
	if err := os.RemoveAll(filepath.Join(f.dir, "ours")); err != nil {
		t.Fatal(err)
	}
	l.Refresh()
	if !changed(l) || l.For("ours") != l.For(Default) || l.Edition() != before {
		t.Error("a theme that is gone is still there")
	}
}

// TestBrokenThemeLeavesTheLastGoodOne tries what operators do wrong; each time the
// reason is told and readers see the theme as it was.
func TestBrokenThemeLeavesTheLastGoodOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, text, reason string }{
		{"a mistake of writing", "templates/home.html", `{{if}}`, "home"},
		{"an end too few", "templates/parts/card.html", `{{if .Title}}`, "card"},
		{"a field that is not there", "templates/home.html", `{{.Postings}}`, "Postings"},
		{"a field that only some pages have", "templates/parts/footer.html", `{{.Pager.Number}}`, "Pager"},
		{"a field of what may be missing", "templates/post.html", `{{.Newer.Title}}`, "nil pointer"},
		{"a part that is not there", "templates/home.html", `{{template "nobody" .}}`, "nobody"},
		{"a message that is not there", "templates/home.html", `{{.T "hello"}}`, "hello"},
		{"a message without its arguments", "templates/home.html", `{{.T "page-of" 1}}`, "page-of"},
		{"an asset that is not there", "templates/home.html", `{{asset "lost.css"}}`, "lost.css"},
		{"an icon that is not there", "templates/home.html", `{{icon "lost"}}`, "lost"},
		{"a function that is not there", "templates/home.html", `{{safeHTML .Site.Title}}`, "safeHTML"},
		{"text where code goes", "templates/home.html", `<script>{{if .Site.Title}}"{{end}}</script>`, "home"},
		{"a page that does not exist", "templates/hom.html", `x`, "hom.html"},
		{"no end", "templates/home.html", `{{range 99999999}}{{$.Site.URL}}{{end}}`, "more than"},
		{"a file of a strange kind", "assets/run.exe", `x`, "run.exe"},
		{"a style that takes from elsewhere", "assets/site.css", `a{background:url(https://cdn.example/a.png)}`, "cdn.example"},
		{"a style that is not there", "assets/site.css", `@import "lost.css";`, "lost.css"},
		{"a style that imports itself", "assets/more.css", `@import "more.css";`, "more.css"},
		{"a file that is too large", "assets/large.txt", strings.Repeat("a", maxFileBytes+1), "large.txt"},
		{"a newer model", "theme.json", `{"model": 2}`, "model 2"},
		{"no model", "theme.json", `{}`, "model 0"},
		{"no JSON", "theme.json", `{`, "theme.json"},
		{"a colour that is none", "theme.json", `{"model": 1, "colour": {"light": "red;"}}`, "red;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			f.write(t, "ours/theme.json", modelOne)
			f.write(t, "ours/templates/parts/footer.html", `<footer>good</footer>`)
			l := library(t, f.dir)
			good := l.For("ours")
			f.write(t, "ours/"+c.file, c.text)
			l.Refresh()
			if p := problem(t, l); !strings.Contains(p, c.reason) {
				t.Errorf("problem = %q, want one that names %q", p, c.reason)
			}
			if l.For("ours") != good || changed(l) {
				t.Error("the last good state does not serve")
			}
			// A program that starts now has no last good one: readers get ours.
			fresh := library(t, f.dir)
			if fresh.For("ours") != fresh.For(Default) || problem(t, fresh) == "" {
				t.Error("a broken theme serves after a start")
			}
		})
	}
}

// TestThemeThatBrowsersWouldCutIsRefused is one whose templates have what the pages'
// Content-Security-Policy forbids.
func TestThemeThatBrowsersWouldCutIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`<p style="color: red">x</p>`:                                        "style=",
		`<p STYLE='color: red'>x</p>`:                                        "style=",
		`<style>p { color: red }</style>`:                                    "<style>",
		`<script>document.title = "x"</script>`:                              "<script> without src",
		`<script type="module">document.title = "x"</script>`:                "<script> without src",
		`<button onclick="f()">x</button>`:                                   "onclick",
		`<script src="https://cdn.example/x.js"></script>`:                   "https://cdn.example/x.js",
		`<link rel="stylesheet" href="//cdn.example/x.css">`:                 "//cdn.example/x.css",
		`<script type="application/ld+json">{"name": {{.Heading}}}</script>`: "",
		`<script src="{{asset "live.js"}}"></script>`:                        "",
		`<link rel="me" href="https://social.example/@a">`:                   "",
	} {
		f := newFolder(t)
		f.write(t, "ours/theme.json", modelOne)
		f.write(t, "ours/templates/tags.html", "<h1>ours</h1>"+text)
		got := problem(t, library(t, f.dir))
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("the problem of a theme with %s is %q, want one with %q", text, got, want)
		}
	}
}

func TestMendedThemeServes(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write(t, "ours/theme.json", modelOne)
	f.write(t, "ours/templates/absent.html", `{{`)
	l := library(t, f.dir)
	f.write(t, "ours/templates/absent.html", `<h1>{{.Heading}}</h1>`)
	l.Refresh()
	if p := problem(t, l); p != "" || !changed(l) || l.For("ours") == l.For(Default) {
		t.Errorf("problem = %q and the theme does not serve", p)
	}
}

// TestMountedVolume is a folder as Kubernetes mounts it: each name is a link into
// a folder that is exchanged as a whole.
func TestMountedVolume(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	link := func(to, name string) {
		t.Helper()
		full := filepath.Join(f.dir, name)
		_ = os.Remove(full) // the first time it is not there
		if err := os.Symlink(to, full); err != nil {
			t.Fatal(err)
		}
	}
	f.write(t, "..one/ours/theme.json", modelOne)
	f.write(t, "..one/ours/templates/absent.html", `<h1>one</h1>`)
	f.write(t, "..two/ours/theme.json", modelOne)
	f.write(t, "..two/ours/templates/absent.html", `<h1>two</h1>`)
	link("..one", "..data")
	link("..data/ours", "ours")
	l := library(t, f.dir)
	show := func() string {
		body, err := l.For("ours").NotFound(&page.Site{Language: "en"}, Absent{})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if !strings.Contains(show(), "<h1>one</h1>") || len(l.List()) != 3 {
		t.Fatalf("List = %+v; the page is\n%s", l.List(), show())
	}
	link("..two", "..data")
	l.Refresh()
	if !strings.Contains(show(), "<h1>two</h1>") {
		t.Error("the exchanged folder is not taken in")
	}
}

// TestFormerAssetsStay holds that pages which browsers still have find their styles.
func TestFormerAssetsStay(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write(t, "ours/theme.json", modelOne)
	var names []string
	var l *Library
	for i := range generations + 2 {
		f.write(t, "ours/assets/extra.txt", strings.Repeat("a", i+1))
		if l == nil {
			l = library(t, f.dir)
		}
		l.Refresh()
		for _, name := range l.For("ours").AssetNames() {
			if strings.HasPrefix(name, "extra.") {
				names = append(names, name)
			}
		}
	}
	for i, name := range names {
		if _, ok := l.Asset(name); ok != (i > 0) {
			t.Errorf("asset %d of %d is there: %t", i+1, len(names), ok)
		}
	}
}

func TestStylesAreOneFileWithItsAssets(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write(t, "ours/theme.json", modelOne)
	f.write(t, "ours/assets/site.css", "@import \"letters.css\";\nb{c:d}")
	f.write(t, "ours/assets/letters.css", `@font-face{src:url("one.woff2") format("woff2")} i{background:url(#a)}`)
	f.write(t, "ours/assets/one.woff2", "font")
	l := library(t, f.dir)
	if p := problem(t, l); p != "" {
		t.Fatal(p)
	}
	var font, style string
	for _, name := range l.For("ours").AssetNames() {
		switch {
		case strings.HasPrefix(name, "one."):
			font = name
		case strings.HasPrefix(name, "site."):
			style = name
		}
	}
	a, ok := l.Asset(style)
	want := `@font-face{src:url("` + font + `") format("woff2")} i{background:url(#a)}` + "\nb{c:d}"
	if !ok || string(a.Body) != want || !strings.HasPrefix(a.ContentType, "text/css") {
		t.Errorf("the style sheet is %q, want %q", a.Body, want)
	}
	if a, ok := l.Asset(font); !ok || a.ContentType != "font/woff2" {
		t.Errorf("the font is %+v", a)
	}
}

func TestPartLooksByItself(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	synctest.Test(t, func(t *testing.T) {
		l := library(t, f.dir)
		go func() { _ = l.Part().Run(t.Context(), func() {}) }()
		f.write(t, "ours/theme.json", modelOne)
		<-l.Changes()
		if l.For("ours") == l.For(Default) {
			t.Error("there is a signal and no theme")
		}
	})
}

func TestUnknownThemeIsToldOnce(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	l, err := NewLibrary("", slog.New(slog.NewTextHandler(&b, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		l.For("typo")
		l.For("")
	}
	if n := strings.Count(b.String(), "theme=typo"); n != 1 || strings.Count(b.String(), "\n") != 1 {
		t.Errorf("the log is\n%s", b.String())
	}
}

// TestExampleOfTheManualWorks makes a theme of the files that docs/themes.md shows.
func TestExampleOfTheManualWorks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../docs/themes.md")
	if err != nil {
		t.Fatal(err)
	}
	f := newFolder(t)
	files := regexp.MustCompile("(?s)\n`(ours/[a-z./]+)`\n\n```[a-z]+\n(.*?)```\n").FindAllStringSubmatch(string(text), -1)
	for _, m := range files {
		f.write(t, m[1], m[2])
	}
	l := library(t, f.dir)
	if p := problem(t, l); p != "" || len(files) != 3 {
		t.Fatalf("the %d files of the example: %s", len(files), p)
	}
	th := l.For("ours")
	if got := home(t, th); !strings.Contains(got, "12 rue des Lilas") || !strings.Contains(got, `content="#101418"`) {
		t.Errorf("the page is\n%s", got)
	}
	for _, name := range th.AssetNames() {
		if strings.HasPrefix(name, "site.") {
			a, _ := th.Asset(name)
			below, _ := fs.ReadFile(sub("themes/"+Default), "assets/site.css")
			if css := string(a.Body); !strings.Contains(css, "--accent: #0a4b8f") || len(css) < len(below) {
				t.Errorf("the style sheet does not stand on folio's:\n%s", css)
			}
		}
	}
}

// TestPageThatFailsLooksAsInOurs is a mistake that no rehearsal finds: readers get
// the page all the same.
func TestPageThatFailsLooksAsInOurs(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write(t, "ours/theme.json", modelOne)
	f.write(t, "ours/templates/absent.html", `<h1>ours</h1>{{if eq .Site.Title "Rare"}}{{asset "lost"}}{{end}}`)
	var b strings.Builder
	l, err := NewLibrary(f.dir, slog.New(slog.NewTextHandler(&b, nil)))
	if err != nil {
		t.Fatal(err)
	}
	b.Reset()
	for range 2 {
		body, err := l.For("ours").NotFound(&page.Site{Title: "Rare", Language: "en"}, Absent{})
		if err != nil || strings.Contains(string(body), "ours") || !strings.Contains(string(body), "Page not found") {
			t.Errorf("the page is %v\n%s", err, body)
		}
	}
	if strings.Count(b.String(), "page=absent") != 1 {
		t.Errorf("the log is\n%s", b.String())
	}
}
