package browser_test

import (
	"strings"
	"testing"
)

// keyboard: Tab reaches everything that can be used, in the order of the page, and
// the reader sees where the focus is.
func keyboard(t *testing.T, s *stage, browser *chromium) {
	p := browser.open(t, s.URL, desk(), true)
	p.call("Emulation.setFocusEmulationEnabled", map[string]any{"enabled": true}, nil)
	script := probe(t, "stops")
	for _, scheme := range []string{"light", "dark"} {
		pages := s.pages
		if scheme == "dark" { // the same stops in other colours
			pages = s.some("home", "post", "search-results")
		}
		t.Run(scheme, func(t *testing.T) {
			p.under(t).prefer(scheme, "")
			s.each(t, p, pages, func(t *testing.T, p *tab, at page) { tabThrough(t, p, at, script) })
		})
	}
	t.Run("skip link", func(t *testing.T) { skipLink(t, p.under(t)) })
	t.Run("featured posts", func(t *testing.T) { featuredByKeyboard(t, p.under(t)) })
	t.Run("search", func(t *testing.T) { searchByKeyboard(t, p.under(t)) })
	p.under(t)
}

// stop is a place of the focus.
type stop struct {
	Name  string   `json:"name"`
	Wrong []string `json:"wrong"`
}

// mostStops bounds how often Tab is pressed on a page.
const mostStops = 1500

func tabThrough(t *testing.T, p *tab, at page, script string) {
	t.Helper()
	var count int
	if p.evaluate(script, &count); count == 0 {
		t.Error("nothing to reach")
	}
	found := 0
	for range mostStops {
		p.key("Tab")
		var here *stop
		if p.evaluate(`keyboard.judge()`, &here); here == nil {
			break
		}
		for _, w := range here.Wrong {
			t.Errorf("%s %s", here.Name, w)
		}
		if found++; found == 1 && !strings.Contains(here.Name, "skip") && at.name != "api" {
			t.Errorf("the first stop is %s, want the skip link", here.Name)
		}
	}
	var missed, turned []string
	p.evaluate(`keyboard.missed()`, &missed)
	p.evaluate(`keyboard.turned()`, &turned)
	if len(missed) > 0 {
		t.Errorf("the keyboard does not reach %q (it reached %d of %d)", missed, found, count)
	}
	if len(turned) > 0 {
		t.Errorf("the eye meets things in another order than the keyboard: %q", turned)
	}
}

// skipLink: the first thing that Tab reaches leads past the frame.
func skipLink(t *testing.T, p *tab) {
	p.visit("/tags")
	p.key("Tab")
	p.key("Enter")
	p.eventually("in the page's main part", `location.hash === "#" + document.querySelector("main").id`)
	p.key("Tab")
	var inside bool
	if p.evaluate(`document.querySelector("main").contains(document.activeElement)`, &inside); !inside {
		t.Error("after the skip link, Tab does not go on in the page's main part")
	}
}

// strip finds what pages sideways on the home page: the list of featured posts.
const strip = `[...document.querySelectorAll("main *")].find(e => getComputedStyle(e).scrollSnapType.startsWith("x") && e.scrollWidth > e.clientWidth + 1)`

func featuredByKeyboard(t *testing.T, p *tab) {
	p.visit("/")
	p.eventually("with a strip of featured posts that is longer than the page is wide", `!!(`+strip+`)`)
	// A link out of sight, reached by the keyboard, comes into sight: judged above. The strip's own links turn its pages.
	var turned bool
	p.evaluate(`(() => {
		const strip = `+strip+`;
		const link = [...document.querySelectorAll('a[href^="#"]')].filter(a => strip.querySelector(a.hash) && a.checkVisibility({visibilityProperty: true})).at(-1);
		if (!link) return false;
		link.focus();
		return document.activeElement === link;
	})()`, &turned)
	if !turned {
		t.Fatal("no link turns the pages of the featured posts")
	}
	p.key("Enter")
	p.eventually("turned by Enter on the strip's link", `(`+strip+`).scrollLeft !== 0`)
	p.visit("/")
	var focused bool
	if p.evaluate(`(() => { const s = `+strip+`; s.focus(); return document.activeElement === s; })()`, &focused); !focused {
		t.Skip("the strip is no stop of its own: its links are")
	}
	p.key("ArrowRight")
	p.eventually("moved by the arrow key", `(`+strip+`).scrollLeft !== 0`)
}

// searchByKeyboard: who types into the field and presses Enter, finds.
func searchByKeyboard(t *testing.T, p *tab) {
	p.visit("/")
	var found bool
	p.evaluate(`(() => { const f = document.querySelector("form[action='/search'] input[name=q]"); if (f) f.focus(); return !!f; })()`, &found)
	if !found {
		t.Fatal("the home page has no search field")
	}
	p.call("Input.insertText", map[string]any{"text": "paper"}, nil)
	p.follow(func() { p.key("Enter") })
	if at := p.location(); !strings.HasPrefix(at, "/search?q=paper") {
		t.Errorf("Enter in the search field leads to %s", at)
	}
	p.eventually("with a post that was found", `document.querySelectorAll("main a[href^='/posts/']").length > 0`)
}
