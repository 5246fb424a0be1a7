package browser_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parution/parution/test/world"
	"github.com/parution/parution/test/world/topology"
)

// TestSearch: what readers do to find something, on a French site.
func TestSearch(t *testing.T) {
	t.Parallel()
	browser := start(t)
	s := newLibrary(t)
	for _, c := range []struct {
		name string
		pass func(*testing.T, *library, *chromium)
	}{
		{"a typo leads to what was meant", typoLeadsOn},
		{"what cannot be read is shown", problemIsShown},
		{"two tags, and one of them again", tagsAreCombined},
		{"facets narrow and widen", facetsNarrow},
		{"refined while it is typed", refinedWhileTyped},
		{"typed or sent, one page", typedOrSent},
		{"completed while it is typed", completedWhileTyped},
		{"the server is away", searchWhileAway},
		{"a tag is renamed", tagIsRenamed},
	} {
		t.Run(c.name, func(t *testing.T) {
			on := *s
			on.author = s.author.For(t)
			c.pass(t, &on, browser)
		})
	}
}

// library is a site with posts to be found.
type library struct {
	*world.World

	author *world.Client
}

func newLibrary(t *testing.T) *library {
	t.Helper()
	w := world.OneBinary(t)
	s := &library{World: w, author: w.Operator()}
	s.change("/api/v1/site", world.M{"language": "fr", "base_url": w.URL, "title": "La Bibliothèque"}, nil)
	for i, p := range []struct {
		title, body, author string
		tags                []string
	}{
		{"Le marché public sans peine", "Un marché public se prépare longtemps avant la première réunion.", "Charlotte Bayard", []string{"Marchés publics", "Transport"}},
		{"Acheter un tramway", "Une commune achète un tramway comme on achète un piano : rarement, et à plusieurs.", "Charlotte Bayard", []string{"Marchés publics", "Transport"}},
		{"Les horaires ouverts", "Les horaires des trains sont des données, et les données se partagent.", "Ada Mercier", []string{"Transport", "Données"}},
		{"Compter ce que l’on achète", "Publier les dépenses, c’est rendre le marché lisible.", "Ada Mercier", []string{"Marchés publics", "Données"}},
		{"L’imprimerie du quartier", "Une imprimerie, trois presses à bras et beaucoup d’encre.", "Ada Mercier", []string{"Ateliers"}},
	} {
		s.author.Create(world.M{
			"title": p.title, "body": p.body, "language": "fr", "status": "published", "tags": p.tags, "authors": []string{p.author},
			"published_at": fmt.Sprintf("20%d-04-03T08:00:00Z", 18+i),
		})
	}
	world.Eventually(t, func() error {
		for path, text := range map[string]string{"/tags/ateliers": "imprimerie du quartier", "/search?q=imprimerie": "/posts/l-imprimerie-du-quartier", "/tags/donnees+marches-publics": "Compter"} {
			if a := s.Anyone().Get(path); a.Status != http.StatusOK || !strings.Contains(a.Text(), text) {
				return fmt.Errorf("GET %s = %d without %q", path, a.Status, text)
			}
		}
		return nil
	})
	return s
}

// change patches what has a version.
func (s *library) change(path string, fields world.M, out any) {
	var now struct {
		Version int `json:"version"`
	}
	s.author.Want(http.StatusOK, http.MethodGet, path, nil, &now)
	s.author.With("If-Match", strconv.Quote(strconv.Itoa(now.Version))).Want(http.StatusOK, http.MethodPatch, path, fields, out)
}

const (
	// posts are the paths of the posts that a page lists.
	listed = `[...document.querySelectorAll("main [data-live=posts] > li :is(h2, h3) a")].map(a => a.getAttribute("href"))`
	field  = `document.querySelector("form[action='/search'] input[name=q]")`
)

func found(p *tab) (paths []string) {
	p.t.Helper()
	p.evaluate(listed, &paths)
	return paths
}

// text is what an element says to who sees the page.
func text(p *tab, selector string) (out string) {
	p.t.Helper()
	p.evaluate(`document.querySelector(`+quoted(selector)+`)?.innerText ?? ""`, &out)
	return out
}

// typed puts the focus into the search field and types.
func typed(p *tab, words string) {
	p.t.Helper()
	p.call("Emulation.setFocusEmulationEnabled", map[string]any{"enabled": true}, nil)
	p.evaluate(field+`.focus()`, nil)
	p.call("Input.insertText", map[string]any{"text": words}, nil)
}

func typoLeadsOn(t *testing.T, s *library, browser *chromium) {
	for _, scripts := range []bool{false, true} {
		p := browser.open(t, s.URL, phone(), scripts)
		p.visit("/")
		typed(p, "tramwya")
		p.follow(func() { p.key("Enter") })
		if said := text(p, ".meant"); !strings.HasPrefix(said, "Vouliez-vous dire") || !strings.Contains(said, "tramway") {
			t.Fatalf("a typo is answered with %q", said)
		}
		p.follow(func() { p.click(".meant a") })
		if got := found(p); !slices.Contains(got, "/posts/acheter-un-tramway") {
			t.Errorf("what was meant, %s, finds %q", p.location(), got)
		}
		var marked bool
		if p.evaluate(`[...document.querySelectorAll("main [data-live=posts] mark")].some(m => /tramway/i.test(m.innerText))`, &marked); !marked {
			t.Error("what was looked for is not marked in what was found")
		}
		quiet(p, "")
	}
}

func problemIsShown(t *testing.T, s *library, browser *chromium) {
	p := browser.open(t, s.URL, desk(), false)
	p.visit("/search?q=tramway+OU")
	var described string
	p.evaluate(`document.getElementById(`+field+`.getAttribute("aria-describedby"))?.innerText ?? ""`, &described)
	if described == "" || !strings.Contains(described, "tramway OU") {
		t.Errorf("who hears the page hears of the field %q", described)
	}
	var kept string
	if p.evaluate(field+`.value`, &kept); kept != "tramway OU" {
		t.Errorf("the field holds %q", kept)
	}
	quiet(p, "status of 400")
}

func tagsAreCombined(t *testing.T, s *library, browser *chromium) {
	p := browser.open(t, s.URL, phone(), false)
	p.visit("/tags/transport")
	alone := found(p)
	p.follow(func() { p.click(`main a[href="/tags/marches-publics+transport"]`) })
	both := found(p)
	if len(alone) != 3 || len(both) != 2 {
		t.Errorf("a tag has %q, with another one %q; want 3 and 2", alone, both)
	}
	var feed string
	p.evaluate(`document.querySelector("main a[type='application/atom+xml']").getAttribute("href")`, &feed)
	a := s.Anyone().For(t).Get(feed)
	for _, path := range both {
		if a.Status != http.StatusOK || !strings.Contains(a.Text(), path) {
			t.Errorf("the feed %s = %d without %s", feed, a.Status, path)
		}
	}
	if n := strings.Count(a.Text(), "<entry"); n != len(both) {
		t.Errorf("the feed of two tags has %d posts, want %d", n, len(both))
	}
	p.follow(func() { p.click(`main .chosen a[href="/tags/marches-publics"]`) })
	if got := found(p); len(got) != 3 {
		t.Errorf("without one of the tags there are %q", got)
	}
	// all that carry it, but not the other
	p.follow(func() { p.click(`main a.exclude[href*="not=transport"]`) })
	if got := found(p); !slices.Equal(got, []string{"/posts/compter-ce-que-l-on-achete"}) {
		t.Errorf("%s has %q", p.location(), got)
	}
	quiet(p, "")
}

func facetsNarrow(t *testing.T, s *library, browser *chromium) {
	p := browser.open(t, s.URL, desk(), false)
	p.visit("/search?q=achète+OU+horaires+OU+marché")
	all := len(found(p))
	for _, narrower := range []string{".facet-authors a", ".facet-years a", ".facet-tags a:not(.exclude)"} {
		p.visit("/search?q=achète+OU+horaires+OU+marché")
		p.follow(func() { p.click("main " + narrower) })
		some := len(found(p))
		if some == 0 || some >= all {
			t.Errorf("%s narrows %d posts to %d", narrower, all, some)
		}
		p.follow(func() { p.click("main .chosen a") })
		if again := len(found(p)); again != all {
			t.Errorf("taken away again, %s leaves %d of %d posts", narrower, again, all)
		}
	}
	p.follow(func() { p.click(`.orders a[href*="order=newest"]`) })
	if got := found(p); len(got) == 0 || got[0] != "/posts/compter-ce-que-l-on-achete" {
		t.Errorf("the newest first is %q", got)
	}
	quiet(p, "")
}

// mostSearchScript is what the script of search boxes may weigh, compressed.
const mostSearchScript = 3 << 10

func refinedWhileTyped(t *testing.T, s *library, browser *chromium) {
	p := browser.open(t, s.URL, desk(), true)
	p.visit("/search")
	stays(p)
	typed(p, "tramw")
	p.eventually("with what was found", `(`+listed+`).includes("/posts/acheter-un-tramway")`)
	if at := p.location(); at != "/search?q=tramw" {
		t.Errorf("the address is %s", at)
	}
	p.eventually("told to who hears the page", `document.querySelector("form [role=status]").textContent.includes("résultat")`)
	typed(p, "ay imprimerie")
	p.eventually("with nothing found", `(`+listed+`).length === 0 && !!document.querySelector("main .empty")?.checkVisibility()`)
	var caret []int
	p.evaluate(`(e => [document.activeElement === e ? 1 : 0, e.selectionStart, e.value.length])(`+field+`)`, &caret)
	if caret[0] != 1 || caret[1] != caret[2] || caret[2] != len("tramway imprimerie") {
		t.Errorf("focus, caret and length are %v", caret)
	}
	p.evaluate(field+`.select()`, nil)
	p.call("Input.insertText", map[string]any{"text": "horaires"}, nil)
	p.eventually("with what is found now", `(`+listed+`).join() === "/posts/les-horaires-ouverts"`)
	var bytes int
	p.evaluate(`performance.getEntriesByType("resource").find(r => r.name.includes("/assets/search.")).encodedBodySize`, &bytes)
	if bytes == 0 || bytes > mostSearchScript {
		t.Errorf("the script has %d bytes, want at most %d", bytes, mostSearchScript)
	}
	// Who has gone on to what was found reads it in peace.
	p.evaluate(field+`.select()`, nil)
	p.call("Input.insertText", map[string]any{"text": "imprimerie"}, nil)
	p.evaluate(`document.querySelector("main [data-live=posts] a").focus()`, nil)
	p.eventually("answered", `performance.getEntriesByType("resource").some(r => r.name.includes("?q=imprimerie") && r.responseEnd > 0)`)
	p.evaluate(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => 0)`, nil)
	if got := found(p); !slices.Equal(got, []string{"/posts/les-horaires-ouverts"}) {
		t.Errorf("under the reader's focus the list became %q", got)
	}
	stayed(p)
	quiet(p, "")
}

// typedOrSent: what is found while it is typed stands where it does after Enter.
func typedOrSent(t *testing.T, s *library, browser *chromium) {
	const where = `["form", ".results", ".facets"].map(name => {
		const box = document.querySelector("main .finder " + name)?.getBoundingClientRect();
		return box ? [name, box.left, box.width].map(n => n.toFixed?.(0) ?? n).join(" ") : name + " is not there";
	})`
	for _, words := range []string{"marché", "imprimerie OU", "zzzz"} {
		p := browser.open(t, s.URL, desk(), true)
		p.visit("/search")
		stays(p)
		typed(p, words)
		p.eventually("answered", `location.search !== ""`)
		quiet(p, "") // also while what is typed cannot be read
		var typed, sent []string
		p.evaluate(where, &typed)
		stayed(p)
		p.follow(func() { p.key("Enter") })
		p.evaluate(where, &sent)
		if !slices.Equal(typed, sent) {
			t.Errorf("%q: typed, the page is laid out as %q, sent as %q", words, typed, sent)
		}
		quiet(p, "status of 400")
	}
}

func completedWhileTyped(t *testing.T, s *library, browser *chromium) {
	axe, err := os.ReadFile(judge(t, axeScript))
	if err != nil {
		t.Fatal(err)
	}
	p := browser.open(t, s.URL, desk(), true)
	p.visit("/")
	typed(p, "Transp")
	const (
		list   = `document.querySelector("[role=listbox]")`
		option = `[...` + list + `.querySelectorAll("[role=option]")].findIndex(o => o.textContent.startsWith("Transport #"))`
		active = `document.getElementById(` + field + `.getAttribute("aria-activedescendant"))`
	)
	p.eventually("with a list of completions", `!!`+list+` && `+list+`.checkVisibility() && `+option+` >= 0`)
	var n int
	p.evaluate(option, &n)
	for range n + 1 {
		p.key("ArrowDown")
	}
	p.eventually("at the tag", active+`?.textContent.startsWith("Transport #") && `+active+`.getAttribute("aria-selected") === "true"`)
	var violations []string
	p.evaluate(string(axe)+";0", nil)
	p.evaluate(probe(t, "axe"), &violations)
	for _, v := range violations {
		t.Error(v)
	}
	p.key("Escape")
	var kept string
	p.eventually("closed", `!`+list+`.checkVisibility() && `+field+`.getAttribute("aria-expanded") === "false"`)
	if p.evaluate(field+`.value`, &kept); kept != "Transp" {
		t.Errorf("after Escape the field holds %q", kept)
	}
	for range n + 1 {
		p.key("ArrowDown")
	}
	p.follow(func() { p.key("Enter") })
	if at := p.location(); at != "/tags/transport" {
		t.Errorf("the completion leads to %s", at)
	}
	// The masthead's field of wide pages does the same.
	typed(p, "imprim")
	p.eventually("with a list of completions", `!!`+list+`?.checkVisibility()`)
	p.follow(func() { p.key("Enter") })
	if at := p.location(); at != "/search?q=imprim" {
		t.Errorf("Enter without a choice leads to %s", at)
	}
	quiet(p, "")
}

func searchWhileAway(t *testing.T, s *library, browser *chromium) {
	p := browser.open(t, s.URL, desk(), true)
	p.visit("/search")
	stays(p)
	typed(p, "horaires")
	p.eventually("with what was found", `(`+listed+`).join() === "/posts/les-horaires-ouverts"`)
	s.Kill(topology.Parution)
	p.evaluate(field+`.select()`, nil)
	p.call("Input.insertText", map[string]any{"text": "imprimer"}, nil)
	world.Eventually(t, func() error {
		if !p.complained("?q=imprimer") {
			return errors.New("nobody has been asked")
		}
		return nil
	})
	if got := found(p); len(got) != 1 {
		t.Errorf("with the server away the page lists %q", got)
	}
	s.Start(topology.Parution)
	s.AwaitReady()
	world.Eventually(t, func() error {
		if a := s.Anyone().Get("/search?q=imprimerie"); a.Status != http.StatusOK || !strings.Contains(a.Text(), "/posts/l-imprimerie") {
			return fmt.Errorf("the search answers %d", a.Status)
		}
		return nil
	})
	typed(p, "ie")
	p.eventually("with what is found now", `(`+listed+`).join() === "/posts/l-imprimerie-du-quartier"`)
	stayed(p)
	quiet(p, "net::ERR") // what the browser notes itself of a server that is away
}

// tagIsRenamed: an open page of the tag follows, and its old address leads on, feeds too.
func tagIsRenamed(t *testing.T, s *library, browser *chromium) {
	p := browser.open(t, s.URL, desk(), true)
	p.visit("/tags/ateliers")
	stays(p)
	s.change("/api/v1/tags/ateliers", world.M{"description": "Là où l’on *fabrique*.", "colour": "#f4d03f"}, nil)
	p.eventually("saying what the tag is about", `document.querySelector("main .subject em")?.innerText === "fabrique" && document.querySelector("main .subject .swatch circle").getAttribute("fill") === "#f4d03f"`)
	s.author.Want(http.StatusOK, http.MethodPost, "/api/v1/tags/ateliers:rename", world.M{"name": "Manufactures"}, nil)
	p.eventually("under its new name and address", `document.querySelector("main h1").innerText.trim() === "Manufactures" && location.pathname === "/tags/manufactures"`)
	if got := found(p); !slices.Equal(got, []string{"/posts/l-imprimerie-du-quartier"}) {
		t.Errorf("the renamed tag has %q", got)
	}
	stayed(p)
	for old, now := range map[string]string{
		"/tags/ateliers": "/tags/manufactures", "/tags/ateliers/feed.xml": "/tags/manufactures/feed.xml", "/tags/ateliers+transport": "/tags/manufactures+transport",
	} {
		a := s.Anyone().For(t).Get(old)
		if to := a.Header.Get("Location"); a.Status != http.StatusMovedPermanently || !strings.HasSuffix(to, now) {
			t.Errorf("GET %s = %d to %q, want 301 to %s", old, a.Status, to, now)
		}
	}
	p.visit("/posts/l-imprimerie-du-quartier")
	if said := text(p, ".labels"); !strings.Contains(said, "Manufactures") {
		t.Errorf("its post is labelled %q", said)
	}
	quiet(p, "")
}
