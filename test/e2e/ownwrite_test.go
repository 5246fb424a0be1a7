package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/parution/parution/test/world"
)

// ownWrite reads each write at once, without asking twice: who wrote sees it.
// What waits for it has a limit, and the page is a little old after it; a machine
// that does much else may come to that now and then, and not every time.
func ownWrite(t *testing.T, s *world.Site) {
	editor := s.As("editor")
	read := func(p world.Post, path string) world.Answer {
		t.Helper()
		return s.Anyone().With("Parution-At-Least", fmt.Sprintf("%s@%d", p.ID, p.Version)).Get(path)
	}
	late := 0
	reads := func(p world.Post, path string, status int, text string, has bool) {
		t.Helper()
		again := false
		world.Eventually(t, func() error {
			a := read(p, path)
			if a.Status == status && strings.Contains(a.Text(), text) == has {
				return nil
			}
			if !again {
				again = true
				late++
			}
			return fmt.Errorf("GET %s after version %d = %d, want %d, with %q: %t", path, p.Version, a.Status, status, text, has)
		})
	}
	p := s.Create(world.M{"title": "Ink", "body": "Wet.", "status": "published"})
	const changes = 5
	for n := range changes {
		title := fmt.Sprintf("Ink %d", n)
		a := editor.With("If-Match", p.IfMatch()).Send(http.MethodPatch, p.API(), world.M{"title": title})
		p.Version++
		if want := fmt.Sprintf("%s@%d", p.ID, p.Version); a.Status != http.StatusOK || a.Header.Get("Parution-Version") != want {
			t.Fatalf("PATCH = %d with Parution-Version %q, want 200 with %s", a.Status, a.Header.Get("Parution-Version"), want)
		}
		for _, path := range []string{p.Page(), "/"} {
			reads(p, path, http.StatusOK, title, true)
		}
	}
	p = editor.Act(p, "withdraw")
	reads(p, p.Page(), http.StatusGone, p.Body, false)
	reads(p, "/", http.StatusOK, p.Page(), false)
	if late > changes {
		t.Errorf("%d of %d pages did not show at once what was written", late, 2*changes+2)
	}
	if a := s.Anyone().With("Parution-At-Least", "x").Get("/"); a.Status != http.StatusBadRequest {
		t.Errorf("a Parution-At-Least that cannot be read = %d, want 400", a.Status)
	}
}
