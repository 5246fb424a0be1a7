package importer

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// today is after all fixtures but those that are meant to be in the future.
func today() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// tree writes files into a new folder; those that end in an image's name without
// content get one.
func tree(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o750); err != nil {
			tb.Fatal(err)
		}
		if text == "" && isMediaPath(name) {
			text = "content of " + name
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// bring imports a folder into a new site.
func bring(tb testing.TB, kind Kind, dir string) (*memory, *Report) {
	tb.Helper()
	site := newMemory()
	report, err := Run(tb.Context(), Options{Kind: kind, Path: dir, Site: site, Now: today()})
	if err != nil {
		tb.Fatalf("Run(%s) = %v", dir, err)
	}
	return site, report
}

// problems are the report's problems as one text, a line each.
func problems(r *Report) string {
	lines := make([]string, 0, len(r.Problems))
	for _, p := range r.Problems {
		lines = append(lines, p.Severity.String()+" "+p.String())
	}
	return strings.Join(lines, "\n")
}

// golden compares a result with its file.
func golden(tb testing.TB, name string, got any) {
	tb.Helper()
	data, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		tb.Fatal(err)
	}
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(data)) + "\n"
	p := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(p)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// Each kind brings its fixture over as the golden file says, and a second
// time changes nothing.
func TestFixtures(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Jekyll, Hugo, Markdown} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("testdata", kind.String())
			site, report := bring(t, kind, dir)
			golden(t, kind.String()+".golden.json", map[string]any{
				"posts": site.posts, "problems": strings.Split(problems(report), "\n"), "media": site.names, "notes": report.Notes,
			})
			before := report
			report, err := Run(t.Context(), Options{Kind: kind, Path: dir, Site: site, Now: today()})
			if err != nil {
				t.Fatal(err)
			}
			if report.Changed() || report.Unchanged != before.Created || report.MediaExisting != before.MediaCopied+before.MediaExisting {
				t.Errorf("a second import did change something:\n%s", report)
			}
			if diff := cmp.Diff(before.Problems, report.Problems); diff != "" {
				t.Errorf("a second import found other problems (-first +second):\n%s", diff)
			}
			if !strings.Contains(report.String(), "Nothing changed") {
				t.Errorf("the second report does not say that nothing changed:\n%s", report)
			}
		})
	}
}
