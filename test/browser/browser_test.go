// Package browser looks at the demo's pages in a real Chromium.
package browser_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parution/parution/test/world"
)

// leastPosts is how many sample posts the demo has at least.
const leastPosts = 25

// screenshots names a folder for pictures of the pages; none are taken without it.
const screenshots = "PARUTION_SCREENSHOTS"

// facts are what a page is asked for, once its pictures are there.
const facts = `(async () => {
	const images = [...document.images];
	for (const i of images) i.loading = "eager";
	const broken = [];
	await Promise.all(images.map(i => i.complete || new Promise(done => { i.onload = i.onerror = done; })));
	for (const i of images) if (!i.naturalWidth) broken.push(i.currentSrc || i.src);
	const wide = [...document.body.querySelectorAll("*")].filter(e => {
		if (e.getBoundingClientRect().right <= innerWidth + 1 || getComputedStyle(e).position === "absolute") return false;
		for (let p = e.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowX !== "visible") return false;
		return true;
	}).slice(0, 5).map(e => e.outerHTML.slice(0, 120));
	return {
		title: document.title, language: document.documentElement.lang, headings: document.querySelectorAll("h1").length, mains: document.querySelectorAll("main").length,
		overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth), wide, broken, images: images.length,
		mute: images.filter(i => !i.hasAttribute("alt")).map(i => i.src), nameless: [...document.querySelectorAll("a[href], button")].filter(e => !e.textContent.trim() && !e.getAttribute("aria-label") && !e.querySelector("img[alt]:not([alt=''])")).map(e => e.outerHTML.slice(0, 120)),
		scripts: document.scripts.length, styles: document.querySelectorAll("style, [style]").length, sheets: document.styleSheets.length, text: document.querySelector("main").innerText,
	};
})()`

type page struct {
	Title    string   `json:"title"`
	Language string   `json:"language"`
	Headings int      `json:"headings"`
	Mains    int      `json:"mains"`
	Overflow int      `json:"overflow"`
	Wide     []string `json:"wide"`
	Broken   []string `json:"broken"`
	Images   int      `json:"images"`
	Mute     []string `json:"mute"`
	Nameless []string `json:"nameless"`
	Scripts  int      `json:"scripts"`
	Styles   int      `json:"styles"`
	Sheets   int      `json:"sheets"`
	Text     string   `json:"text"`
}

func TestDemo(t *testing.T) {
	t.Parallel()
	browser := start(t)
	w := world.OneBinary(t, world.Options{Args: []string{"--demo"}})
	paths := demoPaths(t, w)
	for _, s := range sizes() {
		t.Run(s.name, func(t *testing.T) {
			with, without := browser.open(t, w.URL, s, true), browser.open(t, w.URL, s, false)
			for _, path := range paths {
				seen := look(t, with, path)
				without.visit(path)
				var text string
				without.evaluate(`document.querySelector("main").innerText`, &text)
				if text != seen.Text {
					t.Errorf("%s says something else without scripts", path)
				}
				picture(t, with, s.name, path)
			}
		})
	}
}

// demoPaths waits until the demo's posts are on the pages and names pages of every kind.
func demoPaths(t *testing.T, w *world.World) []string {
	t.Helper()
	var posts []world.Post
	world.Eventually(t, func() error {
		posts = w.Anyone().List("", 100)
		if len(posts) < leastPosts {
			return fmt.Errorf("the demo has %d posts, want at least %d", len(posts), leastPosts)
		}
		for _, path := range []string{"/", "/page/2", posts[len(posts)-1].Page(), "/tags"} {
			if a := w.Anyone().Get(path); a.Status != http.StatusOK {
				return fmt.Errorf("GET %s = %d", path, a.Status)
			}
		}
		return nil
	})
	paths := []string{"/", "/page/2", "/tags", "/nowhere"}
	if at := strings.Index(w.Anyone().Get("/tags").Text(), `href="/tags/`); at >= 0 {
		rest := w.Anyone().Get("/tags").Text()[at+len(`href="`):]
		path, _, _ := strings.Cut(rest, `"`)
		paths = append(paths, path)
	}
	languages := make(map[string]bool)
	for _, p := range posts {
		languages[p.Language] = true
		paths = append(paths, p.Page())
	}
	if !languages["fr"] || !languages["en"] {
		t.Errorf("the demo's posts are in %v, want French and English", languages)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// look checks one page.
func look(t *testing.T, p *tab, path string) page {
	t.Helper()
	p.visit(path)
	var seen page
	p.evaluate(facts, &seen)
	expected := ""
	if path == "/nowhere" {
		expected = "404"
	}
	for _, c := range p.complaints(expected) {
		t.Errorf("%s: %s", path, c)
	}
	if seen.Headings != 1 || seen.Mains != 1 {
		t.Errorf("%s has %d h1 and %d main, want one each", path, seen.Headings, seen.Mains)
	}
	if seen.Overflow > 0 {
		t.Errorf("%s is %d px wider than the window: %q", path, seen.Overflow, seen.Wide)
	}
	if len(seen.Broken) > 0 || len(seen.Mute) > 0 || len(seen.Nameless) > 0 {
		t.Errorf("%s has broken images %q, images without alt %q, links without a name %q", path, seen.Broken, seen.Mute, seen.Nameless)
	}
	if seen.Scripts != 0 || seen.Styles != 0 || seen.Sheets == 0 {
		t.Errorf("%s has %d scripts, %d inline styles and %d style sheets, want none, none and one", path, seen.Scripts, seen.Styles, seen.Sheets)
	}
	if seen.Title == "" || seen.Language == "" || len(seen.Text) < 20 {
		t.Errorf("%s has the title %q, the language %q and %d bytes of text", path, seen.Title, seen.Language, len(seen.Text))
	}
	return seen
}

// picture keeps a screenshot of the page.
func picture(t *testing.T, p *tab, sizeName, path string) {
	t.Helper()
	dir := os.Getenv(screenshots)
	if dir == "" {
		return
	}
	name := strings.Trim(strings.ReplaceAll(path, "/", "-"), "-")
	if name == "" {
		name = "home"
	}
	if err := os.WriteFile(filepath.Join(dir, name+"-"+sizeName+".png"), p.screenshot(), 0o600); err != nil {
		t.Errorf("keep the screenshot: %v", err)
	}
}
