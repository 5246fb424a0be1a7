// Package browser judges the pages in a real Chromium, and by tools that others
// have written for it.
package browser_test

import (
	"embed"
	"net/http"
	"strings"
	"testing"
)

// probes are scripts that look at a page from inside.
//
//go:embed probes/*.js
var probes embed.FS

// probe is the text of one of the scripts.
func probe(t *testing.T, name string) string {
	t.Helper()
	text, err := probes.ReadFile("probes/" + name + ".js")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGates holds every kind of page, in each theme and in both languages of the
// interface, to what the site promises.
func TestGates(t *testing.T) {
	t.Parallel()
	stages := []*stage{newStage(t, "folio", "en"), newStage(t, "gazette", "fr")}
	t.Run("pages", func(t *testing.T) {
		for _, s := range stages {
			t.Run(s.theme, func(t *testing.T) {
				t.Parallel()
				s.pass(t)
			})
		}
	})
	// What measures speed comes last and alone.
	for _, s := range stages {
		t.Run("lighthouse/"+s.theme, func(t *testing.T) { lighthouseScores(t, s) })
	}
}

// pass lets the pages of a stage through each gate.
func (s *stage) pass(t *testing.T) {
	t.Helper()
	browser := start(t)
	for _, gate := range []struct {
		name string
		pass func(*testing.T, *stage, *chromium)
	}{
		{"answers", answers},
		{"valid", valid},
		{"feeds", feeds},
		{"sitemap", sitemap},
		{"accessible", accessible},
		{"keyboard", keyboard},
		{"still", still},
		{"fits", fits},
		{"prints", prints},
		{"light", light},
		{"without scripts", withoutScripts},
		{"pictures", pictures},
	} {
		t.Run(gate.name, func(t *testing.T) { gate.pass(t, s, browser) })
	}
}

// each visits every page in one tab, as a subtest of its kind; with complains of
// what the browser complained of.
func (s *stage) each(t *testing.T, p *tab, pages []page, fn func(t *testing.T, p *tab, at page)) {
	t.Helper()
	for _, at := range pages {
		t.Run(at.name, func(t *testing.T) {
			p.under(t).visit(at.at)
			fn(t, p, at)
			for _, c := range p.complaints(at.expected()) {
				t.Error(c)
			}
		})
	}
	p.under(t)
}

// answers: each page is there, in the language and with the policy that it should have.
func answers(t *testing.T, s *stage, _ *chromium) {
	for _, at := range s.pages {
		a := s.get(t, at)
		if a.Status != at.status {
			t.Errorf("%s: GET %s = %d, want %d", at.name, at.at, a.Status, at.status)
		}
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s has the policy %q, want a strict one", at.name, policy)
		}
		if a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s sets a cookie", at.name)
		}
		if at.status == http.StatusOK && at.name != "api" && a.Header.Get("ETag") == "" {
			t.Errorf("%s has no ETag", at.name)
		}
	}
}
