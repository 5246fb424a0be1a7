package browser_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// valid: the Nu HTML checker, which knows the standard to the letter, finds no
// error on any page, and none in what pages are drawn with. What it warns of is in
// the log of a verbose run.
func valid(t *testing.T, s *stage, _ *chromium) {
	archive, java := judge(t, vnuArchive), interpreter(t, "java")
	dir := t.TempDir()
	for _, at := range s.pages {
		if err := os.WriteFile(filepath.Join(dir, at.name+".html"), s.get(t, at).Body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), java, "-jar", archive, "--format", "json", "--stdout", "--exit-zero-always", "--skip-non-html", dir)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run the Nu HTML checker: %v: %s", err, problems.String())
	}
	var found struct {
		Messages []struct {
			Type, URL, Message, Extract string
			LastLine                    int
		} `json:"messages"`
	}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("read what the Nu HTML checker says: %v in %.600s", err, out)
	}
	warnings := make(map[string]int)
	for _, m := range found.Messages {
		if m.Type == "info" {
			warnings[m.Message]++
			continue
		}
		t.Errorf("%s:%d: %s: %s near %q", strings.TrimSuffix(filepath.Base(m.URL), ".html"), m.LastLine, m.Type, m.Message, m.Extract)
	}
	for text, n := range warnings {
		t.Logf("%d times: %s", n, text)
	}
}
