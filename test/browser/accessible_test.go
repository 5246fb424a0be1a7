package browser_test

import (
	"os"
	"testing"
)

// accessible: axe-core finds nothing on any page, on a telephone and at a desk, by
// day and by night.
func accessible(t *testing.T, s *stage, browser *chromium) {
	axe, err := os.ReadFile(judge(t, axeScript))
	if err != nil {
		t.Fatal(err)
	}
	run := probe(t, "axe")
	for _, of := range sizes() {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(of.name+" "+scheme, func(t *testing.T) {
				p := browser.open(t, s.URL, of, true)
				p.prefer(scheme, "")
				s.each(t, p, s.pages, func(t *testing.T, p *tab, _ page) {
					var violations []string
					p.evaluate(string(axe)+";0", nil)
					p.evaluate(run, &violations)
					for _, v := range violations {
						t.Error(v)
					}
				})
			})
		}
	}
}
