package gateway_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"

	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
)

// long is a page that is worth compressing.
func long() string { return strings.Repeat("<p>A paragraph of the page.</p>\n", 100) }

func TestAPageIsMadeOnceAndServedFromMemory(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/posts/a", long(), "site", "post:1")
	for range 3 {
		if got := f.get(t, "/posts/a"); got.status != http.StatusOK || got.body != long() {
			t.Fatalf("GET /posts/a = %d %.40q", got.status, got.body)
		}
	}
	f.get(t, "/posts/a?utm_source=x&fbclid=y")
	if got := f.times("/posts/a"); got != 1 {
		t.Errorf("render was asked %d times, want 1", got)
	}
}

func TestEncodingsHaveTheirOwnValidators(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/posts/a", long(), "post:1")
	seen := make(map[string]bool)
	for _, c := range []struct {
		accept, want string
		unpack       func(io.Reader) (io.Reader, error)
	}{
		{"", "", nil},
		{"gzip", "gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{"gzip, deflate, br", "br", func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil }},
		{"br;q=0, gzip;q=0.5", "gzip", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	} {
		got := f.get(t, "/posts/a", with("Accept-Encoding", c.accept))
		if e := got.header.Get("Content-Encoding"); e != c.want {
			t.Errorf("Accept-Encoding %q: Content-Encoding = %q, want %q", c.accept, e, c.want)
		}
		if v := got.header.Get("Vary"); v != "Accept-Encoding" {
			t.Errorf("Vary = %q", v)
		}
		body := got.body
		if c.unpack != nil {
			r, err := c.unpack(strings.NewReader(got.body))
			if err != nil {
				t.Fatalf("unpack %s: %v", c.want, err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatalf("unpack %s: %v", c.want, err)
			}
			body = string(text)
		}
		if diff := cmp.Diff(long(), body); diff != "" {
			t.Errorf("Accept-Encoding %q: body differs (-want +got):\n%s", c.accept, diff)
		}
		tag := got.header.Get("Etag")
		seen[tag] = true
		if again := f.get(t, "/posts/a", with("Accept-Encoding", c.accept), with("If-None-Match", `"x", W/`+tag)); again.status != http.StatusNotModified || again.body != "" {
			t.Errorf("If-None-Match %s = %d, want 304", tag, again.status)
		}
	}
	if len(seen) != 3 {
		t.Errorf("validators %v, want 3 different ones", seen)
	}
}

func TestHeadAndDates(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/", long(), "posts")
	get := f.get(t, "/")
	head := f.call(t, http.MethodHead, "/", "")
	if head.body != "" || head.header.Get("Content-Length") != get.header.Get("Content-Length") || head.header.Get("Etag") != get.header.Get("Etag") {
		t.Errorf("HEAD / = %v, want the fields of GET %v", head.header, get.header)
	}
	date := get.header.Get("Last-Modified")
	if got := f.get(t, "/", with("If-Modified-Since", date)); got.status != http.StatusNotModified {
		t.Errorf("If-Modified-Since %s = %d, want 304", date, got.status)
	}
	// A later date proves nothing: a withdrawal makes a list's date go back.
	if got := f.get(t, "/", with("If-Modified-Since", "Sun, 01 Nov 2026 13:00:00 GMT")); got.status != http.StatusOK {
		t.Errorf("If-Modified-Since later = %d, want 200", got.status)
	}
	if got := f.get(t, "/", with("If-Modified-Since", date), with("If-None-Match", `"other"`)); got.status != http.StatusOK {
		t.Errorf("If-None-Match goes first: %d, want 200", got.status)
	}
}

func TestANoticeDropsExactlyWhatItTouches(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/posts/a", "first a", "site", "post:a")
	f.press("main", "/posts/b", "first b", "site", "post:b")
	f.press("other", "/posts/a", "foreign a", "site", "post:a")
	before := f.get(t, "/posts/a")
	f.get(t, "/posts/b")
	f.get(t, "/posts/a", with("Host", "other.example"))
	f.press("main", "/posts/a", "second a", "site", "post:a")
	f.tell(t, 1, "post:a")
	f.await(t, "/posts/a", "second a")
	if after := f.get(t, "/posts/a"); after.header.Get("Etag") == before.header.Get("Etag") {
		t.Errorf("Etag stayed %s", after.header.Get("Etag"))
	}
	f.get(t, "/posts/b")
	f.get(t, "/posts/a", with("Host", "other.example"))
	if n := f.times("/posts/b"); n != 1 {
		t.Errorf("the untouched page was asked for %d times, want 1", n)
	}
	if n := f.times("/posts/a"); n != 3 {
		t.Errorf("the touched page was asked for %d times on two sites, want 3", n)
	}
}

func TestMissedNoticesMakeEveryPageAskedForOnce(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/posts/a", "a", "post:a")
	f.tell(t, 1, "post:x")
	f.get(t, "/posts/a")
	f.press("main", "/posts/a", "changed", "post:a")
	f.tell(t, 5, "post:y") // 2 to 4 were missed
	f.await(t, "/posts/a", "changed")
	// Until the missed notices are here every page is confirmed each time.
	f.until(t, "/posts/a", func(answer) bool {
		asked := f.times("/posts/a")
		for range 3 {
			f.get(t, "/posts/a")
		}
		return f.times("/posts/a") == asked
	})
}

func TestAHeartbeatBeyondTheLastNoticeIsAGap(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/posts/a", "a", "post:a")
	f.tell(t, 1, "post:x")
	f.get(t, "/posts/a")
	f.press("main", "/posts/a", "changed", "post:a")
	f.beat(t, 9)
	f.await(t, "/posts/a", "changed")
}

func TestAWithdrawnPageIsNotServedWhileRenderIsDown(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/posts/a", "a", "post:a")
	f.press("main", "/posts/b", "b", "post:b")
	f.get(t, "/posts/a")
	f.get(t, "/posts/b")
	f.setDown(true)
	f.tell(t, 1, "post:a", "path:/posts/a") // withdrawn
	f.tell(t, 2, "post:b")                  // revised
	f.awaitStatus(t, "/posts/a", http.StatusServiceUnavailable)
	got := f.get(t, "/posts/a")
	if got.header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	if got := f.get(t, "/posts/b"); got.status != http.StatusOK || got.body != "b" {
		t.Errorf("GET /posts/b with render down = %d %q, want the last known page", got.status, got.body)
	}
}

func TestAPageThatRacedWithADropIsNotKept(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/posts/a", "old", "post:a")
	f.mu.Lock()
	f.gate, f.entered = make(chan struct{}), make(chan struct{}, 1)
	gate, entered := f.gate, f.entered
	f.mu.Unlock()
	first := make(chan answer, 1)
	go func() { first <- f.get(t, "/posts/a") }()
	<-entered // render has answered with the old page, but it has not arrived yet
	f.press("main", "/posts/a", "new", "post:a")
	f.tell(t, 1, "post:a")
	f.press("main", "/marker", "m", "m")
	f.mu.Lock()
	f.gate = nil
	f.mu.Unlock()
	f.awaitDrop(t)
	close(gate)
	if got := <-first; got.body != "old" {
		t.Fatalf("the first reader got %q", got.body)
	}
	if got := f.get(t, "/posts/a"); got.body != "new" {
		t.Errorf("GET /posts/a = %q, want the new page", got.body)
	}
}

func TestRedirectsAndGone(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.put("/old.html", &renderv1.GetPageResponse{Status: http.StatusMovedPermanently, Location: "/posts/à-propos", Keys: []string{"path:/old.html"}})
	f.put("/evil", &renderv1.GetPageResponse{Status: http.StatusMovedPermanently, Location: "//evil.example/"})
	f.put("/gone", &renderv1.GetPageResponse{Status: http.StatusGone, ContentType: "text/html", Body: []byte("gone"), Keys: []string{"path:/gone"}})
	for _, c := range []struct {
		path     string
		status   int
		location string
	}{
		{"/old.html", http.StatusMovedPermanently, "/posts/%C3%A0-propos"},
		{"/old.html/", http.StatusMovedPermanently, "/old.html"},
		{"/evil", http.StatusInternalServerError, ""},
		{"/gone", http.StatusGone, ""},
		{"//evil.example/x", http.StatusMovedPermanently, "/evil.example/x"},
		{"/posts/../posts/a?x=1", http.StatusMovedPermanently, "/posts/a?x=1"},
		{"/posts/%61", http.StatusMovedPermanently, "/posts/a"},
		{"/%c3%a9t%c3%a9", http.StatusMovedPermanently, "/%C3%A9t%C3%A9"},
		{"/posts%2fa", http.StatusNotFound, ""},
		{"/posts/a%00", http.StatusNotFound, ""},
		{"/posts/%ff", http.StatusNotFound, ""},
		{`/posts/..%5cevil`, http.StatusNotFound, ""},
		{"/nothing", http.StatusNotFound, ""},
		{"/posts/a?page=0", http.StatusNotFound, ""},
		{"/posts/a?page=01", http.StatusNotFound, ""},
		{"/" + strings.Repeat("x", 3000), http.StatusRequestURITooLong, ""},
		{"/?" + strings.Repeat("a&", 150), http.StatusUnprocessableEntity, ""},
	} {
		got := f.get(t, c.path)
		if got.status != c.status || got.header.Get("Location") != c.location {
			t.Errorf("GET %.60s = %d %q, want %d %q", c.path, got.status, got.header.Get("Location"), c.status, c.location)
		}
		if got.header.Get("Content-Security-Policy") == "" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %.60s lacks its security fields", c.path)
		}
	}
	for range 2 {
		f.get(t, "/gone")
		f.get(t, "/nothing")
	}
	if n := f.times("/gone"); n != 1 {
		t.Errorf("gone was asked for %d times, want 1", n)
	}
	if n := f.times("/nothing"); n != 3 {
		t.Errorf("a 404 was kept: asked for %d times, want 3", n)
	}
}

// What the gateway itself knows to be no page looks like every other address of
// the site where nothing is.
func TestWhatCanBeNoPageIsTheSitesOwnNotFound(t *testing.T) {
	t.Parallel()
	f := start(t)
	addresses := []string{"/posts/%00", "/posts/%ff", "/posts%2fa", "/search?q=x&page=abc", "/feed.xml?page=x", "/posts/a?page=0"}
	for _, path := range addresses {
		got := f.get(t, path)
		if got.status != http.StatusNotFound || got.body != "not here" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("GET %s = %d %q %q, want the site's own page, kept by nobody", path, got.status, got.header.Get("Cache-Control"), got.body)
		}
	}
	f.setDown(true)
	for _, path := range addresses {
		got := f.get(t, path)
		if got.status != http.StatusNotFound || !strings.Contains(got.body, "There is no such page.") || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("without render GET %s = %d %q %q, want the gateway's page", path, got.status, got.header.Get("Cache-Control"), got.body)
		}
	}
}

func TestSitesByHost(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/", "main's", "posts")
	f.press("other", "/", "other's", "posts")
	for host, want := range map[string]string{
		"other.example": "other's", "OTHER.example.:8080": "other's", "localhost": "main's", "x.other.example": "main's",
	} {
		for range 2 {
			if got := f.get(t, "/", with("Host", host)); got.body != want {
				t.Errorf("Host %s = %q, want %q", host, got.body, want)
			}
		}
	}
	if got := f.get(t, "/none", with("Host", "other.example")); got.status != http.StatusNotFound {
		t.Errorf("GET /none = %d", got.status)
	}
	if got := send(t, f.admin.URL, http.MethodGet, "/", "", with("Parution-Site", "other")); got.body != "other's" {
		t.Errorf("an operator's choice of site = %q", got.body)
	}
	if got := f.get(t, "/", with("Parution-Site", "other")); got.body != "main's" {
		t.Errorf("a reader's choice of site = %q, want it ignored", got.body)
	}
}

func TestUnknownHostsAreMisdirected(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.mu.Lock()
	f.sites = f.sites[1:] // nobody answers to every host any more
	f.mu.Unlock()
	if err := f.nc.Publish("live.posts.configured.main.main", nil); err != nil {
		t.Fatal(err)
	}
	f.awaitStatus(t, "/", http.StatusMisdirectedRequest)
	if got := f.get(t, "/api/v1/site"); got.status != http.StatusMisdirectedRequest || got.problem(t).Type != "/problems/misdirected" {
		t.Errorf("GET /api/v1/site = %d %s", got.status, got.body)
	}
}

func TestAssetsNeverChange(t *testing.T) {
	t.Parallel()
	f := start(t)
	for range 2 {
		got := f.get(t, "/assets/site.1234.css?x=1")
		if got.status != http.StatusOK || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
			t.Fatalf("GET asset = %d %v", got.status, got.header)
		}
	}
	if n := f.times("/assets/site.1234.css"); n != 1 {
		t.Errorf("the asset was asked for %d times, want 1", n)
	}
	if got := f.get(t, "/assets/none.css"); got.status != http.StatusNotFound {
		t.Errorf("GET of no asset = %d, want 404", got.status)
	}
}

func TestOnlyReading(t *testing.T) {
	t.Parallel()
	f := start(t)
	if got := f.call(t, http.MethodPost, "/", "x"); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST / = %d %q", got.status, got.header.Get("Allow"))
	}
	if got := f.get(t, "/healthz"); got.status != http.StatusOK || got.header.Get("Content-Security-Policy") == "" {
		t.Errorf("GET /healthz = %d %v", got.status, got.header)
	}
}
