package browser_test

import (
	"slices"
	"strings"
	"testing"
)

const (
	// mostBytes is what a first visit may transfer without pictures, headers included.
	mostBytes = 40_000
	// mostRequests is how many answers a first visit may wait for, without a post's own pictures.
	mostRequests = 4
)

// light: a first visit is few requests and few bytes.
func light(t *testing.T, s *stage, browser *chromium) {
	for _, of := range sizes() {
		for _, at := range s.some("home", "post", "post-fr", "tag-described", "search-results") {
			t.Run(of.name+" "+at.name, func(t *testing.T) {
				p := browser.open(t, s.URL, of, true) // with nothing in its cache
				p.visit(at.at)
				p.call("Page.bringToFront", nil, nil) // a tab behind another paints nothing
				p.evaluate(`document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(done))).then(() => 0)`, nil)
				parts := slices.DeleteFunc(p.asked(), func(r request) bool {
					// Live updates begin when the page is complete, and never end.
					return r.Kind == "EventSource" || strings.Contains(r.Address, "/media/")
				})
				sum := 0
				for _, r := range parts {
					sum += r.Bytes
				}
				t.Logf("%d bytes in %d requests", sum, len(parts))
				if sum > mostBytes || sum == 0 || len(parts) > mostRequests {
					t.Errorf("%d bytes in %d requests, want at most %d in %d: %q", sum, len(parts), mostBytes, mostRequests, kinds(parts))
				}
			})
		}
	}
}
