package browser_test

import (
	"strings"
	"testing"
)

// still: nothing moves by itself once it is there, also when pictures come late.
func still(t *testing.T, s *stage, browser *chromium) {
	script := probe(t, "shifts")
	for _, of := range sizes() {
		t.Run(of.name, func(t *testing.T) {
			p := browser.open(t, s.URL, of, true)
			// So slow that pictures come after the first paint.
			p.call("Network.emulateNetworkConditions", map[string]any{"offline": false, "latency": 100, "downloadThroughput": 1 << 20, "uploadThroughput": 1 << 20}, nil)
			// Frames, and with them shifts, are made for the tab in front only.
			s.each(t, p, s.pages, func(t *testing.T, p *tab, _ page) {
				var shifts []string
				p.call("Page.bringToFront", nil, nil)
				p.evaluate(script, &shifts)
				for _, x := range shifts {
					t.Errorf("moves by %s", x)
				}
			})
		})
	}
}

// fits: no page is wider than its window, from the smallest telephone to the widest screen.
func fits(t *testing.T, s *stage, browser *chromium) {
	script := probe(t, "overflow")
	p := browser.open(t, s.URL, desk(), true)
	s.each(t, p, s.pages, func(t *testing.T, p *tab, _ page) {
		for _, of := range []size{{"", 320, 640, false}, {"", 390, 844, false}, {"", 768, 1024, false}, {"", 1280, 900, false}, {"", 3840, 2160, false}} {
			p.resize(of)
			var seen struct {
				Over int      `json:"over"`
				Wide []string `json:"wide"`
			}
			if p.evaluate(script, &seen); seen.Over > 0 {
				t.Errorf("is %d px wider than %d px, by %q", seen.Over, of.width, seen.Wide)
			}
		}
		p.resize(desk())
	})
}

// prints: on paper there is what was written, and nothing to press.
func prints(t *testing.T, s *stage, browser *chromium) {
	script := probe(t, "frame")
	p := browser.open(t, s.URL, desk(), true)
	s.each(t, p, s.some("post", "post-fr", "post-rtl"), func(t *testing.T, p *tab, _ page) {
		var screen, paper struct {
			Left  []string `json:"left"`
			Title bool     `json:"title"`
			Text  int      `json:"text"`
		}
		p.prefer("light", "")
		p.evaluate(script, &screen)
		p.prefer("light", "print")
		p.evaluate(script, &paper)
		p.prefer("light", "")
		if len(paper.Left) > 0 {
			t.Errorf("prints %s", strings.Join(paper.Left, "\n"))
		}
		if !paper.Title || paper.Text < screen.Text*9/10 {
			t.Errorf("prints %d of %d characters (with a heading: %t)", paper.Text, screen.Text, paper.Title)
		}
	})
}
