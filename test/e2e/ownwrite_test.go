package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/parution/parution/test/world"
)

// ownWrite reads each write at once, without asking twice: who wrote sees it.
func ownWrite(t *testing.T, s *world.Site) {
	editor := s.As("editor")
	read := func(p world.Post, path string) world.Answer {
		t.Helper()
		return s.Anyone().With("Parution-At-Least", fmt.Sprintf("%s@%d", p.ID, p.Version)).Get(path)
	}
	p := s.Create(world.M{"title": "Ink", "body": "Wet.", "status": "published"})
	for n := range 5 {
		title := fmt.Sprintf("Ink %d", n)
		a := editor.With("If-Match", p.IfMatch()).Send(http.MethodPatch, p.API(), world.M{"title": title})
		p.Version++
		if want := fmt.Sprintf("%s@%d", p.ID, p.Version); a.Status != http.StatusOK || a.Header.Get("Parution-Version") != want {
			t.Fatalf("PATCH = %d with Parution-Version %q, want 200 with %s", a.Status, a.Header.Get("Parution-Version"), want)
		}
		for _, path := range []string{p.Page(), "/"} {
			if a := read(p, path); a.Status != http.StatusOK || !strings.Contains(a.Text(), title) {
				t.Errorf("GET %s after change %d = %d without %q", path, n, a.Status, title)
			}
		}
	}
	p = editor.Act(p, "withdraw")
	if a := read(p, p.Page()); a.Status != http.StatusGone {
		t.Errorf("GET %s after the withdrawal = %d, want 410", p.Page(), a.Status)
	}
	if a := read(p, "/"); a.Status != http.StatusOK || strings.Contains(a.Text(), p.Page()) {
		t.Errorf("GET / after the withdrawal = %d, want it without the post", a.Status)
	}
	if a := s.Anyone().With("Parution-At-Least", "x").Get("/"); a.Status != http.StatusBadRequest {
		t.Errorf("a Parution-At-Least that cannot be read = %d, want 400", a.Status)
	}
}
