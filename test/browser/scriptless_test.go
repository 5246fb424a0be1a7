package browser_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// withoutScripts: everything that a reader can do works in a browser that runs no
// scripts, and every page says the same as in one that does.
func withoutScripts(t *testing.T, s *stage, browser *chromium) {
	for _, of := range sizes() {
		t.Run(of.name, func(t *testing.T) {
			with, without := browser.open(t, s.URL, of, true), browser.open(t, s.URL, of, false)
			without.prefer("light", "") // and nothing moves by itself, so that what is clicked is where it was
			s.each(t, without, s.pages, func(t *testing.T, p *tab, at page) {
				const text = `document.querySelector("main").innerText`
				var plain, scripted string
				p.evaluate(text, &plain)
				with.under(t).visit(at.at)
				with.evaluate(text, &scripted)
				if plain != scripted {
					t.Errorf("says without scripts\n%.600s\nand with them\n%.600s", plain, scripted)
				}
			})
			for _, deed := range []struct {
				name string
				do   func(*testing.T, *tab)
			}{
				{"pager", turnPages},
				{"featured posts", turnFeatured},
				{"search", search},
				{"search from a wrong address", searchFromNowhere},
				{"tags", chooseTags},
				{"archive", chooseMonth},
				{"post", readPost},
				{"feeds", func(t *testing.T, p *tab) { findFeeds(t, p, s) }},
			} {
				t.Run(deed.name, func(t *testing.T) {
					deed.do(t, without.under(t))
					for _, c := range without.complaints("status of 404") {
						t.Error(c)
					}
				})
			}
		})
	}
}

// place is the n/m of a pager.
const place = `(document.querySelector("main").innerText.match(/\b\d+\s*\/\s*\d+\b/g) || []).map(s => s.replace(/\s/g, ""))`

func turnPages(t *testing.T, p *tab) {
	p.visit("/")
	var places []string
	p.evaluate(place, &places)
	var pages int
	for _, at := range places {
		_, _ = fmt.Sscanf(at, "1/%d", &pages) // the last one is the pager's; a strip's stands before it, or pages is another number of pages
	}
	if pages < 2 {
		t.Fatalf("the home page says it is %q, want 1/n", places)
	}
	p.follow(func() { p.click(`main a[rel~=next], main nav a[href^="/page/2"]`) })
	if at := p.location(); at != "/page/2" {
		t.Fatalf("the pager leads to %s, want /page/2", at)
	}
	var here bool
	if p.evaluate(`(`+place+`).some(s => s.startsWith("2/"))`, &here); !here {
		t.Error("/page/2 does not say 2/n")
	}
	p.follow(func() { p.click(`main a[rel~=prev], main nav a[href="/"]`) })
	if at := p.location(); at != "/" {
		t.Errorf("back from /page/2 is %s, want /", at)
	}
}

func turnFeatured(t *testing.T, p *tab) {
	p.visit("/")
	p.eventually("with a strip of featured posts", `!!(`+strip+`)`)
	const link = `[...document.querySelectorAll('main a[href^="#"]')].filter(a => (` + strip + `).querySelector(a.hash) && a.checkVisibility({visibilityProperty: true}))`
	var target string
	p.evaluate(`((`+link+`).find(a => (`+strip+`).querySelector(a.hash).offsetLeft !== 0 && a.getClientRects().length) || {hash: ""}).hash`, &target)
	if target == "" {
		t.Fatal("no link turns the pages of the featured posts")
	}
	var top, after float64
	p.click(`main a[href="` + target + `"]`)
	p.evaluate(`scrollY`, &top)
	p.eventually("turned to "+target, `(`+strip+`).scrollLeft !== 0`)
	if p.evaluate(`document.querySelector(`+quoted(target)+`).getBoundingClientRect().top`, &after); after < 0 {
		t.Errorf("the strip is %.0f px above the window after turning", -after)
	}
	var counted bool
	if p.evaluate(`/\b1\s*\/\s*\d+\b/.test(((`+strip+`).closest("section") || (`+strip+`).parentElement).innerText)`, &counted); !counted {
		t.Error("the strip does not say 1/n")
	}
}

func search(t *testing.T, p *tab) {
	p.visit("/")
	searchFor(t, p, "paper")
	var found int
	if p.evaluate(`document.querySelectorAll("main a[href^='/posts/']").length`, &found); found == 0 {
		t.Fatal("a search for paper finds nothing")
	}
	// The tags of what was found narrow it.
	p.follow(func() { p.click(`main a[href*="/search?"][href*="tag="]`) })
	var narrowed int
	if p.evaluate(`document.querySelectorAll("main a[href^='/posts/']").length`, &narrowed); narrowed == 0 {
		t.Errorf("%s finds nothing", p.location())
	}
	p.visit("/search?q=zyzzyva")
	searchFor(t, p, "paper")
}

func searchFromNowhere(t *testing.T, p *tab) {
	p.visit("/nowhere")
	searchFor(t, p, "paper")
}

func searchFor(t *testing.T, p *tab, words string) {
	t.Helper()
	p.click(`form[action="/search"] input[name=q]`)
	p.evaluate(`document.activeElement.select && document.activeElement.select()`, nil)
	p.call("Input.insertText", map[string]any{"text": words}, nil)
	p.follow(func() { p.key("Enter") })
	if at := p.location(); !strings.HasPrefix(at, "/search?") || !strings.Contains(at, "q="+words) {
		t.Fatalf("a search for %q leads to %s", words, at)
	}
	var kept string
	if p.evaluate(`document.querySelector("form[action='/search'] input[name=q]").value`, &kept); kept != words {
		t.Errorf("the field of the answer holds %q, want %q", kept, words)
	}
}

func chooseTags(_ *testing.T, p *tab) {
	p.visit("/")
	p.follow(func() { p.click(`main a[href="/tags/tools"]`) })
	p.eventually("with posts", `document.querySelectorAll("main a[href^='/posts/']").length > 0`)
	p.visit("/tags/proofs+tools")
	p.follow(func() { p.click(`main a[href="/tags/proofs"], main a[href="/tags/tools"]`) })
}

func chooseMonth(_ *testing.T, p *tab) {
	p.visit("/archive")
	p.follow(func() { p.click(`main a[href="/archive/2016/04"]`) })
	p.eventually("with posts", `document.querySelectorAll("main a[href^='/posts/proof-sheet']").length > 0`)
	p.follow(func() { p.click(`main a[href*="page=2"]`) })
	p.eventually("with posts", `document.querySelectorAll("main a[href^='/posts/']").length > 0`)
}

// readPost goes through a post: contents, footnotes, author, neighbours.
func readPost(t *testing.T, p *tab) {
	p.visit("/posts/everything-that-a-page-can-hold")
	const inSight = `(() => { const r = document.querySelector(":target")?.getBoundingClientRect(); return !!r && r.top >= -1 && r.top < innerHeight; })()`
	const contents = `nav a[href^="#"][href$="figures"]`
	var folded bool
	p.evaluate(`![...document.querySelectorAll(`+quoted(contents)+`)].some(a => a.checkVisibility())`, &folded)
	if folded { // on a telephone
		p.click(`nav summary`)
	}
	p.click(contents)
	p.eventually("at the heading that the contents lead to", inSight)
	p.click(`sup a[href*="fn:"]`)
	p.eventually("at the footnote", inSight)
	p.click(`a[href*="fnref"]`)
	p.eventually("back in the text", inSight)
	p.follow(func() { p.click(`main a[href="/authors/nora-whitfield"]`) })
	p.eventually("with posts", `document.querySelectorAll("main a[href^='/posts/']").length > 0`)
	p.visit("/posts/everything-that-a-page-can-hold")
	p.follow(func() { p.click(`main a[rel~=prev], main a[rel~=next]`) })
	var heading string
	if p.evaluate(`document.querySelector("h1").innerText`, &heading); heading == "" || strings.HasPrefix(heading, "Everything") {
		t.Errorf("the neighbour of a post is %q", heading)
	}
}

// findFeeds: each page names feeds in its head and in its text, and they answer.
func findFeeds(t *testing.T, p *tab, s *stage) {
	for _, path := range []string{"/", "/tags/tools", "/authors/nora-whitfield", "/search?q=paper", "/posts/everything-that-a-page-can-hold"} {
		p.visit(path)
		var named, shown []string
		p.evaluate(`[...document.querySelectorAll("link[rel=alternate][type]")].map(l => l.getAttribute("type"))`, &named)
		for _, want := range []string{"application/rss+xml", "application/atom+xml", "application/feed+json"} {
			if !strings.Contains(strings.Join(named, " "), want) {
				t.Errorf("%s names feeds of the types %q, want %s among them", path, named, want)
			}
		}
		p.evaluate(`[...new Set([...document.querySelectorAll("link[rel=alternate][type$=xml], link[rel=alternate][type$=json], a[href*='feed.xml'], a[href*='atom.xml'], a[href*='feed.json']")].map(l => l.href))]`, &shown)
		for _, address := range shown {
			if a := s.Anyone().For(t).Get(strings.TrimPrefix(address, s.URL)); a.Status != http.StatusOK {
				t.Errorf("%s leads to the feed %s, which answers %d", path, address, a.Status)
			}
		}
	}
}
