package press_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestPagesAreAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	sample(t, f)
	english(t, f)
	for _, c := range []struct {
		file, site, path string
		number, status   int
	}{
		{"home.html", main, "/", 0, page.StatusOK},
		{"page-2.html", main, "/page/2", 0, page.StatusOK},
		{"post.html", main, "/posts/la-casse", 0, page.StatusOK},
		{"post-foreign.html", main, "/posts/garden-walls", 0, page.StatusOK},
		{"tags.html", main, "/tags", 0, page.StatusOK},
		{"tag.html", main, "/tags/notes", 2, page.StatusOK},
		{"tags-combined.html", main, "/tags/outils+typographie", 0, page.StatusOK},
		{"feed.xml", main, "/feed.xml", 0, page.StatusOK},
		{"tag-feed.xml", main, "/tags/jardin/feed.xml", 0, page.StatusOK},
		{"404.html", main, "/nowhere", 0, page.StatusNotFound},
		{"410.html", main, "/posts/retire", 0, page.StatusGone},
		{"en-home.html", "notes", "/", 0, page.StatusOK},
		{"en-404.html", "notes", "/posts/la-casse", 0, page.StatusNotFound},
	} {
		t.Run(c.file, func(t *testing.T) {
			p := f.get(t, c.site, c.path, c.number)
			if p.Status != c.status {
				t.Fatalf("status of %s = %d, want %d", c.path, p.Status, c.status)
			}
			golden(t, c.file, []byte("keys: "+strings.Join(p.Keys, " ")+"\n"+p.ContentType+"\n\n"+string(p.Body)))
			if dir := os.Getenv("PAGES_DIR"); dir != "" { // for looking at them in a browser
				write(t, filepath.Join(dir, c.file), p.Body)
			}
		})
	}
}

// english is another site of the same installation, without a post.
func english(t *testing.T, f *fixture) {
	t.Helper()
	f.site(t, &page.Site{ID: "notes", Title: "Empty <Notes>", Language: "en-GB", TimeZone: "Nowhere/Land", UpdatedAt: noon()})
}

// hashed is an address of an asset: the hash of its content changes far more often
// than what pages are.
var hashed = regexp.MustCompile(`(/assets/[a-z0-9-]+)\.[0-9a-f]{12}\.`)

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	got = hashed.ReplaceAll(got, []byte("$1.HASH."))
	file := filepath.Join("testdata", name+".golden")
	if *update {
		write(t, file, got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

func write(t *testing.T, file string, body []byte) {
	t.Helper()
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
}
