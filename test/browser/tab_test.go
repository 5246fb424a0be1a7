package browser_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parution/parution/test/world"
)

// tab is one page in the browser, as wide as a telephone or a desk.
type tab struct {
	t       *testing.T
	browser *chromium
	session string
	profile string
	loaded  chan struct{}

	mu        sync.Mutex
	origin    string
	complains []string
	requests  []*request
}

// request is something that a page has loaded.
type request struct {
	ID      string
	Address string
	Kind    string // Document, Stylesheet, Script, Image, Font, Fetch, EventSource, Other
	Bytes   int    // as they came over the wire, with the header
}

// size is a window's.
type size struct {
	name          string
	width, height int
	mobile        bool
}

func phone() size { return size{"phone", 390, 844, true} }

func desk() size { return size{"desk", 1280, 900, false} }

func sizes() []size { return []size{phone(), desk()} }

// open opens a tab that may load from origin only. It is closed with the test.
func (c *chromium) open(t *testing.T, origin string, s size, withScripts bool) *tab {
	t.Helper()
	p := &tab{t: t, browser: c, origin: origin}
	// A context of its own: what another tab has in its cache is not in this one's.
	var profile struct {
		ID string `json:"browserContextId"`
	}
	p.browserCall("Target.createBrowserContext", nil, &profile)
	t.Cleanup(func() {
		// The test's context has ended by now; a browser that is gone has no tabs either.
		_ = c.call(context.WithoutCancel(t.Context()), "", "Target.disposeBrowserContext", map[string]any{"browserContextId": profile.ID}, nil)
	})
	p.profile = profile.ID
	return p.beside(s, withScripts)
}

// beside opens another tab of the same reader: it shares what the browser keeps.
func (p *tab) beside(s size, withScripts bool) *tab {
	p.t.Helper()
	c := p.browser
	p = &tab{t: p.t, browser: c, origin: p.origin, profile: p.profile, loaded: make(chan struct{}, 1)}
	var target struct {
		ID string `json:"targetId"`
	}
	p.browserCall("Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": p.profile}, &target)
	var attached struct {
		Session string `json:"sessionId"`
	}
	p.browserCall("Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached)
	p.session = attached.Session
	c.mu.Lock()
	c.hear[p.session] = p.notice
	c.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Network", "Log", "Audits"} {
		p.call(domain+".enable", nil, nil)
	}
	p.resize(s)
	p.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": !withScripts}, nil)
	return p
}

// under lets failures go to another test, a subtest of the one that opened the tab.
func (p *tab) under(t *testing.T) *tab {
	t.Helper()
	p.t = t
	return p
}

func (p *tab) resize(s size) {
	p.t.Helper()
	p.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": s.width, "height": s.height, "deviceScaleFactor": 1, "mobile": s.mobile}, nil)
}

// prefer sets what the reader has chosen: the colour scheme, and a medium unless
// that is the screen. Nothing moves.
func (p *tab) prefer(scheme, medium string) {
	p.t.Helper()
	p.call("Emulation.setEmulatedMedia", map[string]any{"media": medium, "features": []map[string]string{
		{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"},
	}}, nil)
}

func (p *tab) browserCall(method string, params, out any) {
	p.t.Helper()
	if err := p.browser.call(p.t.Context(), "", method, params, out); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) call(method string, params, out any) {
	p.t.Helper()
	if err := p.browser.call(p.t.Context(), p.session, method, params, out); err != nil {
		p.t.Fatal(err)
	}
}

// notice listens to what goes on in the tab: whatever is wrong is remembered.
func (p *tab) notice(method string, params json.RawMessage) {
	switch method {
	case "Page.loadEventFired":
		select {
		case p.loaded <- struct{}{}:
		default:
		}
	case "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
		p.complain("%s: %.600s", method, params)
	case "Audits.issueAdded":
		// That pictures further down load when they are needed is what we want.
		if !strings.Contains(string(params), "LazyLoadImageIssue") {
			p.complain("%s: %.600s", method, params)
		}
	case "Log.entryAdded":
		var e struct {
			Entry struct {
				Source, Level, Text, URL string
			} `json:"entry"`
		}
		if err := json.Unmarshal(params, &e); err != nil || e.Entry.Level == "error" || e.Entry.Level == "warning" || e.Entry.Source == "security" {
			p.complain("%s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case "Network.requestWillBeSent":
		p.began(params)
	case "Network.loadingFinished":
		p.finished(params)
	case "Network.loadingFailed":
		var f struct {
			Canceled bool `json:"canceled"`
		}
		if err := json.Unmarshal(params, &f); err != nil || !f.Canceled { // whoever goes on to the next page cancels
			p.complain("%s: %.300s", method, params)
		}
	}
}

func (p *tab) began(params json.RawMessage) {
	var r struct {
		ID      string `json:"requestId"`
		Type    string `json:"type"`
		Request struct {
			URL string `json:"url"`
		} `json:"request"`
	}
	if err := json.Unmarshal(params, &r); err != nil || !p.allowed(r.Request.URL) {
		p.complain("a request to %s, which is another host", r.Request.URL)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !strings.HasPrefix(r.Request.URL, "data:") {
		p.requests = append(p.requests, &request{ID: r.ID, Address: r.Request.URL, Kind: r.Type})
	}
}

func (p *tab) finished(params json.RawMessage) {
	var f struct {
		ID    string  `json:"requestId"`
		Bytes float64 `json:"encodedDataLength"`
	}
	if err := json.Unmarshal(params, &f); err != nil {
		p.complain("no message: %.300s", params)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if r.ID == f.ID {
			r.Bytes = int(f.Bytes)
		}
	}
}

// asked is what was requested since the last call, and is complete.
func (p *tab) asked() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []request
	for _, r := range p.requests {
		out = append(out, *r)
	}
	p.requests = nil
	return out
}

func (p *tab) allowed(address string) bool {
	u, err := url.Parse(address)
	p.mu.Lock()
	defer p.mu.Unlock()
	return err == nil && (u.Scheme+"://"+u.Host == p.origin || u.Scheme == "data")
}

func (p *tab) complain(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complains = append(p.complains, fmt.Sprintf(format, args...))
}

// complaints are what was wrong since the last call. One that holds expected is not.
func (p *tab) complaints(expected string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, c := range p.complains {
		if expected == "" || !strings.Contains(c, expected) {
			out = append(out, c)
		}
	}
	p.complains = nil
	return out
}

// visit goes to a path of the tab's origin, or to an address, whose origin then is
// the tab's, and waits until all of it is there.
func (p *tab) visit(path string) {
	p.t.Helper()
	if u, err := url.Parse(path); err == nil && u.IsAbs() {
		p.mu.Lock()
		p.origin = u.Scheme + "://" + u.Host
		p.mu.Unlock()
		path = strings.TrimPrefix(path, p.origin)
	}
	p.follow(func() {
		var out struct {
			ErrorText string `json:"errorText"`
		}
		p.call("Page.navigate", map[string]any{"url": p.origin + path}, &out)
		if out.ErrorText != "" {
			p.t.Fatalf("go to %s: %s", path, out.ErrorText)
		}
	})
}

// follow does something that opens another page, and waits until all of that is there.
func (p *tab) follow(fn func()) {
	p.t.Helper()
	select { // of a page before
	case <-p.loaded:
	default:
	}
	fn()
	late := time.NewTimer(answerTimeout)
	defer late.Stop()
	select {
	case <-p.loaded:
	case <-late.C:
		p.t.Fatalf("no page is loaded within %s; this one is %s", answerTimeout, p.location())
	}
}

// location is the path of the page, with query and fragment.
func (p *tab) location() string {
	p.t.Helper()
	var out string
	p.evaluate(`location.pathname + location.search + location.hash`, &out)
	return out
}

// evaluate runs an expression in the page and reads its value, which may be a promise's.
func (p *tab) evaluate(expression string, out any) {
	p.t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	p.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if answer.Exception != nil {
		p.t.Fatalf("evaluate %.80s: %s %s", expression, answer.Exception.Text, answer.Exception.Exception.Description)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(answer.Result.Value, out); err != nil {
		p.t.Fatalf("evaluate %.80s: %v in %s", expression, err, answer.Result.Value)
	}
}

// eventually waits until an expression is true.
func (p *tab) eventually(what, expression string) {
	p.t.Helper()
	world.Eventually(p.t, func() error {
		var ok bool
		if p.evaluate(expression, &ok); !ok {
			return fmt.Errorf("%s: not %s", p.location(), what)
		}
		return nil
	})
}

// key presses a key and lets it go: "Tab", "Enter", "ArrowRight".
func (p *tab) key(name string) {
	p.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, "ArrowRight": 39, "ArrowLeft": 37, "ArrowDown": 40, "ArrowUp": 38, "Escape": 27}
	press := map[string]any{"type": "rawKeyDown", "key": name, "code": name, "windowsVirtualKeyCode": codes[name]}
	if name == "Enter" {
		press["type"], press["text"] = "keyDown", "\r"
	}
	p.call("Input.dispatchKeyEvent", press, nil)
	p.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": name, "code": name, "windowsVirtualKeyCode": codes[name]}, nil)
}

// click clicks into the middle of the first visible element that fits a selector.
func (p *tab) click(selector string) {
	p.t.Helper()
	var at []float64
	p.evaluate(`(() => {
		const e = [...document.querySelectorAll(`+quoted(selector)+`)].find(e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length);
		if (!e) return [];
		e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.getClientRects()[0];
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, &at)
	if len(at) != 2 {
		p.t.Fatalf("%s has nothing to click that is %s", p.location(), selector)
	}
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		p.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1}, nil)
	}
}

// quoted is a text as JavaScript has it.
func quoted(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(out)
}

// screenshot is a picture of the page from its top, as PNG, not higher than most.
func (p *tab) screenshot(most int) []byte {
	p.t.Helper()
	var answer struct {
		Data string `json:"data"`
	}
	// A tab behind another paints no pictures.
	p.call("Page.bringToFront", nil, nil)
	var seen []int
	p.evaluate(`(async () => {
		for (const i of document.images) i.loading = "eager";
		await Promise.allSettled([...document.images].map(i => i.decode()));
		return [innerWidth, document.documentElement.scrollHeight];
	})()`, &seen)
	clip := map[string]any{"x": 0, "y": 0, "width": seen[0], "height": min(most, seen[1]), "scale": 1}
	p.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true, "clip": clip}, &answer)
	picture, err := base64.StdEncoding.DecodeString(answer.Data)
	if err != nil {
		p.t.Fatalf("read the screenshot: %v", err)
	}
	return picture
}

// complained tells whether something was wrong that holds a text, since the last call of complaints.
func (p *tab) complained(of string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.complains, func(c string) bool { return strings.Contains(c, of) })
}

// kinds are those of the requests, in order.
func kinds(list []request) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.Kind+" "+r.Address)
	}
	return out
}
