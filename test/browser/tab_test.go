package browser_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// tab is one page in the browser, as wide as a telephone or a desk.
type tab struct {
	t       *testing.T
	browser *chromium
	session string
	origin  string
	loaded  chan struct{}

	mu        sync.Mutex
	complains []string
}

// size is a window's.
type size struct {
	name          string
	width, height int
	mobile        bool
}

func sizes() []size {
	return []size{{"phone", 390, 844, true}, {"desk", 1280, 900, false}}
}

// open opens a tab that may load from origin only.
func (c *chromium) open(t *testing.T, origin string, s size, withScripts bool) *tab {
	t.Helper()
	p := &tab{t: t, browser: c, origin: origin, loaded: make(chan struct{}, 1)}
	var target struct {
		ID string `json:"targetId"`
	}
	p.browserCall("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		Session string `json:"sessionId"`
	}
	p.browserCall("Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached)
	p.session = attached.Session
	c.mu.Lock()
	c.hear[p.session] = p.notice
	c.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		p.call(domain+".enable", nil, nil)
	}
	p.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": s.width, "height": s.height, "deviceScaleFactor": 1, "mobile": s.mobile}, nil)
	p.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": !withScripts}, nil)
	return p
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
		p.complain("%s: %.300s", method, params)
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
		var r struct {
			Request struct {
				URL string `json:"url"`
			} `json:"request"`
		}
		if err := json.Unmarshal(params, &r); err != nil || !p.allowed(r.Request.URL) {
			p.complain("a request to %s, which is another host", r.Request.URL)
		}
	case "Network.loadingFailed":
		p.complain("%s: %.300s", method, params)
	}
}

func (p *tab) allowed(address string) bool {
	u, err := url.Parse(address)
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

// visit goes to a path and waits until all of it is there.
func (p *tab) visit(path string) {
	p.t.Helper()
	select { // of a page before
	case <-p.loaded:
	default:
	}
	var out struct {
		ErrorText string `json:"errorText"`
	}
	p.call("Page.navigate", map[string]any{"url": p.origin + path}, &out)
	if out.ErrorText != "" {
		p.t.Fatalf("go to %s: %s", path, out.ErrorText)
	}
	late := time.NewTimer(answerTimeout)
	defer late.Stop()
	select {
	case <-p.loaded:
	case <-late.C:
		p.t.Fatalf("%s is not loaded within %s", path, answerTimeout)
	}
}

// evaluate runs an expression in the page and reads its value, which may be a promise's.
func (p *tab) evaluate(expression string, out any) {
	p.t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	p.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if answer.Exception != nil {
		p.t.Fatalf("evaluate %.80s: %s", expression, answer.Exception.Text)
	}
	if err := json.Unmarshal(answer.Result.Value, out); err != nil {
		p.t.Fatalf("evaluate %.80s: %v in %s", expression, err, answer.Result.Value)
	}
}

// screenshot is a picture of the whole page, as PNG.
func (p *tab) screenshot() []byte {
	p.t.Helper()
	var answer struct {
		Data string `json:"data"`
	}
	// A tab behind another paints no pictures.
	p.call("Page.bringToFront", nil, nil)
	var painted bool
	p.evaluate(`Promise.all([...document.images].map(i => i.decode())).then(() => true)`, &painted)
	p.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &answer)
	picture, err := base64.StdEncoding.DecodeString(answer.Data)
	if err != nil {
		p.t.Fatalf("read the screenshot: %v", err)
	}
	return picture
}
