package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/test/world"
	"github.com/parution/parution/test/world/topology"
)

// TestLive: open pages follow what authors do, and nobody's place in the text moves.
func TestLive(t *testing.T) {
	t.Parallel()
	browser := start(t)
	w := world.OneBinary(t)
	for _, c := range []struct {
		name string
		pass func(*testing.T, *liveStage, *chromium)
	}{
		{"a post appears", postAppears},
		{"a post is edited and withdrawn in lists", postChangesInLists},
		{"who has scrolled stays", whoHasScrolledStays},
		{"an open post offers its new version", openPostIsEdited},
		{"an open post that is withdrawn says so", openPostIsWithdrawn},
		{"tabs share a connection", tabsShareAConnection},
		{"in the background", inTheBackground},
		{"the server comes back", serverComesBack},
	} {
		s := &liveStage{World: w, author: w.Operator()}
		t.Run(c.name, func(t *testing.T) {
			s.author = s.author.For(t)
			c.pass(t, s, browser)
		})
	}
}

// liveStage is a site and who writes on it.
type liveStage struct {
	*world.World

	author *world.Client
}

func (s *liveStage) publish(title string) world.Post {
	return s.author.Create(world.M{"title": title, "body": "Words.\n\n" + strings.Repeat("And more words of them.\n\n", 40), "language": "en", "status": "published", "tags": []string{"live"}})
}

// stays marks the page, so that it can be seen that it was not loaded again.
func stays(p *tab) { p.evaluate(`window.mark = "the same"`, nil) }

func stayed(p *tab) {
	p.t.Helper()
	var same bool
	if p.evaluate(`window.mark === "the same"`, &same); !same {
		p.t.Error("the page was loaded again")
	}
}

// mostScriptBytes is what the script may weigh, compressed.
const mostScriptBytes = 4 << 10

const (
	items = `[...document.querySelectorAll("[data-live=posts] > li")]`
	said  = `document.querySelector("[role=status].live")`
)

func quiet(p *tab, expected string) {
	p.t.Helper()
	for _, c := range p.complaints(expected) {
		p.t.Error(c)
	}
}

func postAppears(t *testing.T, s *liveStage, browser *chromium) {
	p := browser.open(t, s.URL, desk(), true)
	p.visit("/") // an empty site
	stays(p)
	first := s.publish("The very first")
	p.eventually("with the first post", items+`.some(li => li.dataset.post === `+quoted(first.ID)+`)`)
	for i := range 3 {
		begin := time.Now()
		post := s.publish(fmt.Sprint("Another ", i))
		p.eventually("with the new post first", items+`[0].dataset.post === `+quoted(post.ID))
		t.Logf("visible in an open page %s after the author began to write it", time.Since(begin).Round(time.Millisecond))
	}
	var heard string
	if p.evaluate(said+`.textContent`, &heard); !strings.Contains(heard, "(1)") {
		t.Errorf("who listens to the page hears %q", heard)
	}
	var posts, bytes int
	if p.evaluate(items+`.length`, &posts); posts != 4 {
		t.Errorf("the list has %d posts, want 4", posts)
	}
	p.evaluate(`performance.getEntriesByType("resource").find(r => r.name.includes("/assets/live.")).encodedBodySize`, &bytes)
	if bytes == 0 || bytes > mostScriptBytes {
		t.Errorf("the script has %d bytes, want at most %d", bytes, mostScriptBytes)
	}
	stayed(p)
	quiet(p, "")
}

func postChangesInLists(t *testing.T, s *liveStage, browser *chromium) {
	edited, withdrawn := s.publish("To be edited"), s.publish("To be withdrawn")
	p := browser.open(t, s.URL, desk(), true)
	tag := p.beside(desk(), true)
	tag.visit("/tags/live")
	tag.eventually("with both", items+`.length > 1`)
	p.visit("/")
	p.eventually("with both", items+`.some(li => li.dataset.post === `+quoted(withdrawn.ID)+`)`)
	stays(p)
	item := items + `.find(li => li.dataset.post === ` + quoted(edited.ID) + `)`
	p.evaluate(item+`.querySelector("a").focus()`, nil)
	s.author.Patch(edited, world.M{"title": "Edited"})
	p.eventually("with the new title", item+`.innerText.includes("Edited")`)
	p.eventually("with the focus where it was", item+`.contains(document.activeElement)`)
	s.author.Act(withdrawn, "withdraw")
	for _, at := range []*tab{p, tag} {
		at.eventually("marked", items+`.find(li => li.dataset.post === `+quoted(withdrawn.ID)+`)?.classList.contains("live-gone") !== false`)
	}
	news := s.publish("For the tag")
	tag.eventually("with the new post", items+`.some(li => li.dataset.post === `+quoted(news.ID)+`)`)
	stayed(p)
	quiet(p, "")
	quiet(tag, "")
}

// top is where an item is in the window.
func top(p *tab, of string) (y float64) {
	p.t.Helper()
	p.evaluate(of+`.getBoundingClientRect().top`, &y)
	return y
}

func whoHasScrolledStays(t *testing.T, s *liveStage, browser *chromium) {
	var read world.Post
	for i := range 10 {
		if post := s.publish(fmt.Sprint("Long list ", i)); i == 4 {
			read = post
		}
	}
	p := browser.open(t, s.URL, size{"", 500, 300, false}, true)
	p.visit("/")
	item := items + `.find(li => li.dataset.post === ` + quoted(read.ID) + `)`
	p.eventually("with what is read", `!!`+item)
	stays(p)
	p.evaluate(item+`.scrollIntoView({behavior: "instant"})`, nil)
	before := top(p, item)
	news := s.publish("Over the top")
	p.eventually("offering the new post", `!!`+said+`.querySelector("button")?.checkVisibility()`)
	s.author.Patch(s.author.List("", 3)[1], world.M{"title": strings.Repeat("A much longer title above ", 11)})
	p.eventually("with the longer title", items+`.some(li => li.innerText.includes("longer title above"))`)
	if after := top(p, item); after-before > 1 || before-after > 1 {
		t.Errorf("what is read went from %.1f to %.1f", before, after)
	}
	p.click(".live button")
	p.eventually("with the new post and the focus on it", items+`[0].dataset.post === `+quoted(news.ID)+` && `+items+`[0].contains(document.activeElement)`)
	p.eventually("at the top of the list", items+`[0].getBoundingClientRect().top >= -1`)
	stayed(p)
	quiet(p, "")
}

func openPostIsEdited(t *testing.T, s *liveStage, browser *chromium) {
	body := func(first string) string {
		return first + strings.Repeat("\n\n## A heading of many\n\n"+strings.Repeat("Words under it. ", 60), 8)
	}
	post := s.author.Create(world.M{"title": "Open", "body": body("As it was."), "language": "en", "status": "published"})
	p := browser.open(t, s.URL, phone(), true)
	world.Eventually(t, func() error {
		if a := s.Anyone().Get(post.Page()); a.Status != 200 {
			return fmt.Errorf("GET %s = %d", post.Page(), a.Status)
		}
		return nil
	})
	p.visit(post.Page())
	stays(p)
	heading := `document.querySelectorAll("main .prose h2")[4]`
	p.evaluate(heading+`.scrollIntoView({behavior: "instant"})`, nil)
	before := top(p, heading)
	s.author.Patch(post, world.M{"body": body("As it is now, " + strings.Repeat("which takes much more to say, ", 80)), "slug": "open-again"})
	p.eventually("offering the new version", `!!`+said+`.querySelector("button")?.checkVisibility()`)
	var still bool
	if p.evaluate(`document.querySelector("main").innerText.includes("As it was.")`, &still); !still || top(p, heading) != before {
		t.Errorf("before the reader wanted it: the old text %t, the heading at %.1f instead of %.1f", still, top(p, heading), before)
	}
	p.click(".live button")
	p.eventually("the new version", `document.querySelector("main").innerText.includes("As it is now")`)
	if after := top(p, heading); after-before > 1 || before-after > 1 {
		t.Errorf("the heading went from %.1f to %.1f", before, after)
	}
	if at := p.location(); at != "/posts/open-again" {
		t.Errorf("the address is %s, want the new one", at)
	}
	stayed(p)
	quiet(p, "")
}

func openPostIsWithdrawn(t *testing.T, s *liveStage, browser *chromium) {
	post := s.publish("Soon withdrawn")
	p := browser.open(t, s.URL, phone(), true)
	world.Eventually(t, func() error {
		if a := s.Anyone().Get(post.Page()); a.Status != 200 {
			return fmt.Errorf("GET %s = %d", post.Page(), a.Status)
		}
		return nil
	})
	p.visit(post.Page())
	p.evaluate(`scrollTo({top: 400, behavior: "instant"})`, nil)
	paragraph := `document.querySelectorAll("main .prose p")[6]`
	before := top(p, paragraph)
	s.author.Act(post, "withdraw")
	p.eventually("saying that it is gone", said+`.innerText === document.body.dataset.liveGone && document.querySelector("main article").classList.contains("live-gone")`)
	if after := top(p, paragraph); after != before {
		t.Errorf("the text went from %.1f to %.1f", before, after)
	}
	quiet(p, "")
}

func (s *liveStage) readers() float64 { return s.Metric(topology.Parution, "parution_live_readers") }

func tabsShareAConnection(t *testing.T, s *liveStage, browser *chromium) {
	first := browser.open(t, s.URL, desk(), true)
	tabs := []*tab{first}
	for range 7 { // more than a browser has connections to a host
		tabs = append(tabs, first.beside(desk(), true))
	}
	for _, p := range tabs {
		p.visit("/")
	}
	post := s.publish("For all tabs")
	for i, p := range tabs {
		p.eventually(fmt.Sprintf("with the new post in tab %d", i), items+`.some(li => li.dataset.post === `+quoted(post.ID)+`)`)
	}
	world.Eventually(t, func() error {
		if n := s.readers(); n != 1 {
			return fmt.Errorf("%.0f readers listen, want 1", n)
		}
		return nil
	})
	tabs[len(tabs)-1].visit("/tags") // a page that listens to nothing: another tab takes over
	post = s.publish("After the first one left")
	for i, p := range tabs[:len(tabs)-1] {
		p.eventually(fmt.Sprintf("with the new post in tab %d", i), items+`.some(li => li.dataset.post === `+quoted(post.ID)+`)`)
	}
	for _, p := range tabs {
		quiet(p, "")
	}
}

func inTheBackground(t *testing.T, s *liveStage, browser *chromium) {
	p := browser.open(t, s.URL, desk(), true)
	p.visit("/")
	other := p.beside(desk(), true)
	other.visit("/tags")
	other.call("Page.bringToFront", nil, nil)
	p.eventually("in the background", `document.hidden`)
	post := s.publish("Nobody looks")
	p.eventually("with the new post", items+`.some(li => li.dataset.post === `+quoted(post.ID)+`)`)
	quiet(p, "")
}

func serverComesBack(t *testing.T, s *liveStage, browser *chromium) {
	p := browser.open(t, s.URL, desk(), true)
	p.visit("/")
	stays(p)
	s.publish("Before the end")
	p.eventually("with the new post", items+`[0].innerText.includes("Before the end")`)
	s.Kill(topology.Parution)
	s.Start(topology.Parution)
	s.AwaitReady()
	post := s.publish("After the end")
	p.eventually("with the post of afterwards", items+`.some(li => li.dataset.post === `+quoted(post.ID)+`)`)
	var shown bool
	if p.evaluate(said+`.classList.contains("shown")`, &shown); shown {
		t.Error("the reader is told of the broken connection")
	}
	stayed(p)
	quiet(p, "net::ERR") // what the browser notes itself of a server that is away
}
