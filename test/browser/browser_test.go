package browser_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/parution/parution/test/world"
)

// facts are what a page is asked for, once its pictures are there.
type facts struct {
	Title    string   `json:"title"`
	Language string   `json:"language"`
	Headings int      `json:"headings"`
	Mains    int      `json:"mains"`
	Broken   []string `json:"broken"`
	Mute     []string `json:"mute"`
	Sizeless []string `json:"sizeless"`
	Nameless []string `json:"nameless"`
	Inline   []string `json:"inline"`
	Sheets   int      `json:"sheets"`
	Text     string   `json:"text"`
}

// TestDemo reads each of the demo's posts as people do who try the program out: in
// the order of the pager, on a telephone and at a desk.
func TestDemo(t *testing.T) {
	t.Parallel()
	browser := start(t)
	w := world.OneBinary(t, world.Options{Args: []string{"--demo"}})
	paths := demoPaths(t, w)
	overflow, look := probe(t, "overflow"), probe(t, "facts")
	p := browser.open(t, w.URL, desk(), true)
	for _, path := range paths {
		p.resize(desk())
		p.visit(path)
		var seen facts
		p.evaluate(look, &seen)
		judgeFacts(t, path, seen)
		for _, of := range []size{{"phone", 390, 844, false}, desk()} { // a mobile browser would zoom out instead
			var wide struct {
				Over int      `json:"over"`
				Wide []string `json:"wide"`
			}
			p.resize(of)
			if p.evaluate(overflow, &wide); wide.Over > 0 {
				t.Errorf("%s is %d px wider than the window of a %s: %q", path, wide.Over, of.name, wide.Wide)
			}
		}
		for _, c := range p.complaints("") {
			t.Errorf("%s: %s", path, c)
		}
	}
}

// demoPaths waits until the demo's posts are on the pages and names all of them.
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
	paths := []string{"/", "/page/2", "/tags"}
	languages := make(map[string]bool)
	for _, p := range posts {
		languages[p.Language] = true
		paths = append(paths, p.Page())
	}
	if !languages["fr"] || !languages["en"] {
		t.Errorf("the demo's posts are in %v, want French and English", languages)
	}
	return paths
}

// judgeFacts checks one page.
func judgeFacts(t *testing.T, path string, seen facts) {
	t.Helper()
	if seen.Headings != 1 || seen.Mains != 1 {
		t.Errorf("%s has %d h1 and %d main, want one each", path, seen.Headings, seen.Mains)
	}
	if len(seen.Broken) > 0 || len(seen.Mute) > 0 || len(seen.Sizeless) > 0 || len(seen.Nameless) > 0 {
		t.Errorf("%s has broken images %q, images without alt %q, without width and height %q, links without a name %q",
			path, seen.Broken, seen.Mute, seen.Sizeless, seen.Nameless)
	}
	if len(seen.Inline) > 0 || seen.Sheets == 0 {
		t.Errorf("%s has inline scripts or styles %q and %d style sheets, want none and some", path, seen.Inline, seen.Sheets)
	}
	if seen.Title == "" || seen.Language == "" || len(seen.Text) < 20 {
		t.Errorf("%s has the title %q, the language %q and %d bytes of text", path, seen.Title, seen.Language, len(seen.Text))
	}
}
