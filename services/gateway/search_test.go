package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/parution/parution/chassis/telemetry"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/gateway"
)

func TestASearchIsAskedForEachTime(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/search", long(), "site", "card:1")
	for range 2 {
		got := f.get(t, "/search?q=two+words&tag=b&tag=a&tag=b&not=c&page=2&utm_source=x", with("Accept-Encoding", "gzip"))
		if got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-cache" || got.header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("GET /search?… = %d %v", got.status, got.header)
		}
		tag := got.header.Get("Etag")
		again := f.get(t, "/search?q=two+words&tag=a&tag=b&not=c&page=2", with("Accept-Encoding", "gzip"), with("If-None-Match", tag))
		if again.status != http.StatusNotModified || again.body != "" {
			t.Errorf("the same search with If-None-Match = %d", again.status)
		}
	}
	const asked = `/search two words ["a" "b"] ["c"] page 2`
	if diff := cmp.Diff([]string{asked, asked, asked, asked}, f.searches()); diff != "" {
		t.Errorf("render was asked (-want +got):\n%s", diff)
	}
	head := f.call(t, http.MethodHead, "/search?q=x", "")
	if head.status != http.StatusOK || head.body != "" || head.header.Get("Content-Length") == "" {
		t.Errorf("HEAD /search?q=x = %d %v", head.status, head.header)
	}
}

func TestAnEmptySearchIsTheForm(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/search", "the form", "site")
	for _, query := range []string{"", "?q=", "?order=newest", "?order=best&q=", "?q=+%20&tag=&not=", "?utm_source=x", "?q=%00%0a"} {
		if got := f.get(t, "/search"+query); got.status != http.StatusOK || got.body != "the form" {
			t.Errorf("GET /search%s = %d %q", query, got.status, got.body)
		}
	}
	if got := f.searches(); len(got) != 0 || f.times("/search") != 1 {
		t.Errorf("render was asked %d times, and for %q; want once, for nothing", f.times("/search"), got)
	}
	f.press("main", "/search", "what is found", "site")
	if got := f.get(t, "/search?q=x"); got.body != "what is found" {
		t.Errorf("GET /search?q=x after the form = %q", got.body)
	}
	if got := f.get(t, "/search"); got.body != "the form" {
		t.Errorf("GET /search after a search = %q", got.body)
	}
}

func TestWhatIsTypedIsTidied(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/search", "found", "site")
	for query, want := range map[string]string{
		"q=%C3%A9t%C3%A9+":                   `/search été [] [] page 0`,
		"q=a%ff%00b&q=c":                     `/search a b [] [] page 0`,
		"q=&q=second":                        `/search second [] [] page 0`,
		"q=%22quoted%22+AND+%26%3D%3B":       `/search "quoted" AND &=; [] [] page 0`,
		"tag=%20a+b%20&tag=":                 `/search  ["a b"] [] page 0`,
		"q=100%&tag=x":                       `/search  ["x"] [] page 0`, // no escape: left out
		"q=" + strings.Repeat("%C3%A9", 500): "/search " + strings.Repeat("é", 500) + " [] [] page 0",
		// too long to be looked for: the page of the search says so
		"q=" + strings.Repeat("%C3%A9", 2000): "/search " + strings.Repeat("é", 2000) + " [] [] page 0",
	} {
		before := len(f.searches())
		if got := f.get(t, "/search?"+query); got.status != http.StatusOK {
			t.Errorf("GET /search?%s = %d", query, got.status)
		}
		if got := f.searches(); len(got) != before+1 || got[before] != want {
			t.Errorf("GET /search?%s asks %q, want %q", query, got[before:], want)
		}
	}
}

func TestASearchThatAsksForTooMuch(t *testing.T) {
	t.Parallel()
	f := start(t)
	many := strings.Repeat("&tag=x", 100)
	for query, want := range map[string]struct {
		status int
		text   string
	}{
		"since=" + strings.Repeat("x", 501):                                 {http.StatusBadRequest, "date"},
		"not=" + strings.Repeat("x", 501):                                   {http.StatusBadRequest, "too long"},
		"tag=a&tag=b&tag=c&tag=d&tag=e&tag=f&tag=g&tag=h&tag=i&tag=j&tag=k": {http.StatusBadRequest, "10 tags"},
		"q=x" + many: {http.StatusUnprocessableEntity, "too many parameters"},
	} {
		got := f.get(t, "/search?"+query)
		if got.status != want.status || !strings.Contains(got.body, want.text) || !strings.Contains(got.body, "<h1>") {
			t.Errorf("GET /search?%.40s = %d %s", query, got.status, got.body)
		}
	}
	got := f.get(t, "/search?tag="+strings.Repeat("x", 501), with("Host", "other.example"))
	if !strings.Contains(got.body, `lang="fr"`) || !strings.Contains(got.body, "trop long") || !strings.Contains(got.body, `href="/search"`) {
		t.Errorf("in French: %s", got.body)
	}
	if got := f.get(t, "/search?q=x&page=0"); got.status != http.StatusNotFound {
		t.Errorf("page 0 = %d, want 404", got.status)
	}
	if got := f.searches(); len(got) != 0 {
		t.Errorf("render was asked for %q", got)
	}
}

// All that a search goes by reaches render, in one order however it was asked.
func TestASearchGoesByMoreThanTags(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/search", "found", "site")
	const query = "/search?author=b&author=a&any=y&any=x&language=fr&since=2019&until=2020-05&order=newest&q=mur"
	if got := f.get(t, query, with("Parution-At-Least", "p-1@7")); got.status != http.StatusOK || !strings.Contains(got.header.Get("Cache-Control"), "private") {
		t.Fatalf("GET %s = %d %v", query, got.status, got.header)
	}
	want := &renderv1.Search{Text: "mur", Any: []string{"x", "y"}, Authors: []string{"a", "b"}, Languages: []string{"fr"}, Since: "2019", Until: "2020-05", Order: "newest"}
	asked := f.lastAsked()
	if diff := cmp.Diff(want, asked.GetSearch(), protocmp.Transform()); diff != "" {
		t.Errorf("render was asked for (-want +got):\n%s", diff)
	}
	if v := asked.GetAtLeast(); len(v) != 1 || v[0].GetId() != "p-1" || v[0].GetVersion() != 7 {
		t.Errorf("render was asked for what knows %v, want version 7 of p-1", v)
	}
}

func TestAQueryThatCannotBeReadIsAPage(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.put("/search", &renderv1.GetPageResponse{Status: http.StatusBadRequest, ContentType: "text/html; charset=utf-8", Body: []byte("what is wrong"), Fleeting: true})
	if got := f.get(t, "/search?q=%22a"); got.status != http.StatusBadRequest || got.body != "what is wrong" || got.header.Get("Etag") != "" {
		t.Errorf("a query that cannot be read = %d %q %v", got.status, got.body, got.header)
	}
}

// While a query is being typed it cannot be read now and then. A script that says so gets
// the page without an error for the browser to note, and its status beside it.
func TestWhatIsTypedSoFarIsNoError(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.put("/search", &renderv1.GetPageResponse{Status: http.StatusBadRequest, ContentType: "text/html; charset=utf-8", Body: []byte("what is wrong"), Fleeting: true})
	got := f.get(t, "/search?q=%22a", with("Parution-Typing", "1"))
	if got.status != http.StatusOK || got.body != "what is wrong" || got.header.Get("Parution-Status") != "400" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("while it is typed a query that cannot be read = %d %q %v", got.status, got.body, got.header)
	}
	if got := f.get(t, "/search?q=%22a"); got.status != http.StatusBadRequest || got.header.Get("Parution-Status") != "" {
		t.Errorf("the page itself = %d %v", got.status, got.header)
	}
	if got := f.get(t, "/search?since="+strings.Repeat("x", 501), with("Parution-Typing", "1")); got.status != http.StatusBadRequest {
		t.Errorf("what no form sends = %d", got.status)
	}
	f.press("main", "/search", "what is found", "site")
	if got := f.get(t, "/search?q=a", with("Parution-Typing", "1")); got.status != http.StatusOK || got.body != "what is found" || got.header.Get("Parution-Status") != "" {
		t.Errorf("while it is typed a query that can be read = %d %q %v", got.status, got.body, got.header)
	}
}

func TestAFleetingPageIsAskedForEachTime(t *testing.T) {
	t.Parallel()
	f := start(t)
	fleeting := &renderv1.GetPageResponse{Status: http.StatusOK, ContentType: "text/html; charset=utf-8", Body: []byte("nothing"), Keys: []string{"tag:a"}, Fleeting: true}
	f.put("/tags/a+b", fleeting)
	for range 3 {
		if got := f.get(t, "/tags/a+b"); got.status != http.StatusOK || got.body != "nothing" {
			t.Fatalf("GET /tags/a+b = %d %q", got.status, got.body)
		}
	}
	if n := f.times("/tags/a+b"); n != 3 {
		t.Errorf("render was asked %d times for a page that nobody keeps, want 3", n)
	}
}

func TestABoxGoesOnFromWhatIsTyped(t *testing.T) {
	t.Parallel()
	f := start(t)
	got := f.get(t, "/search/suggest?q=+tran%00")
	const want = `["tran",["transport public","Transport","L’heure des transports de nuit` + "\u202f" + `?"],["","#transport",""],["/search?q=transport+public","/tags/transport","/posts/nuit"]]`
	if got.status != http.StatusOK || got.body != want || !strings.HasPrefix(got.header.Get("Content-Type"), "application/x-suggestions+json") {
		t.Errorf("GET /search/suggest = %d %v %s, want %s", got.status, got.header, got.body, want)
	}
	for query, want := range map[string]string{"": `["",[],[],[]]`, "?q=": `["",[],[],[]]`, "?q=away": `["away",[],[],[]]`, "?q=" + strings.Repeat("x", 101): ""} {
		got := f.get(t, "/search/suggest"+query)
		if got.status != http.StatusOK || want != "" && got.body != want || strings.Contains(got.body, "null") {
			t.Errorf("GET /search/suggest%s = %d %s, want %s", query, got.status, got.body, want)
		}
		if query == "?q=away" && got.header.Get("Cache-Control") != "no-store" {
			t.Error("that nobody answered is kept")
		}
	}
	if got := f.call(t, http.MethodPost, "/search/suggest?q=a", ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST /search/suggest = %d", got.status)
	}
}

func TestSearchesDoNotTakeThePlaceOfReading(t *testing.T) {
	t.Parallel()
	b := newBehind()
	cfg := gateway.Defaults()
	cfg.MaxInFlight = 32 // four search or wait, one of them searches
	f := startAs(t, telemetry.Discard(), b, cfg)
	f.press("main", "/search", "found", "site")
	f.press("main", "/posts/a", "a post", "post:a")
	f.press("main", "/tags/a", "a tag", "tag:a")
	f.press("main", "/tags/a+b", "two tags", "tag:a", "tag:b")
	f.press("main", "/tags/a+b/feed.xml", "two tags", "tag:a", "tag:b")
	gate, entered := make(chan struct{}), make(chan struct{}, 8)
	b.mu.Lock()
	b.gate, b.entered = gate, entered
	b.mu.Unlock()
	statuses := make(chan int, 8)
	for i := range 8 {
		go func() { statuses <- f.get(t, "/search?q="+url.QueryEscape(strings.Repeat("x", i+1))).status }()
	}
	<-entered // one searches
	// Three wait once the other four are refused.
	for range 4 {
		if status := <-statuses; status != http.StatusServiceUnavailable {
			t.Errorf("a search among too many is %d", status)
		}
	}
	for _, path := range []string{"/api/v1/search?q=y", "/api/v1/search:suggest?q=y", "/api/v1/tags/a+b/posts", "/api/v1/posts/p1/related"} {
		crowded := f.get(t, path)
		if crowded.status != http.StatusServiceUnavailable || crowded.header.Get("Retry-After") == "" || !strings.Contains(crowded.body, "try again") {
			t.Errorf("%s among too many: %d %v %s", path, crowded.status, crowded.header, crowded.body)
		}
	}
	b.mu.Lock()
	b.gate = nil
	b.mu.Unlock()
	for path, want := range map[string]int{"/posts/a": 200, "/tags/a": 200, "/tags/a+b": 503, "/tags/a%2Bb": 301, "/tags/a+b/feed.xml": 503} {
		if got := f.get(t, path); got.status != want {
			t.Errorf("%s meanwhile: %d %s, want %d", path, got.status, got.body, want)
		}
	}
	close(gate)
	for range 4 {
		<-statuses
	}
}

func TestProgramsSearch(t *testing.T) {
	t.Parallel()
	f := start(t)
	got := f.get(t, "/api/v1/search?q=two+words&tag=a&tag=b&not=c&page_size=5&page_token=next")
	var told struct {
		Posts []struct {
			Title string `json:"title"`
		} `json:"posts"`
		Next   string `json:"next_page_token"`
		Total  int    `json:"total"`
		Facets []struct {
			Slug  string `json:"slug"`
			Count int    `json:"count"`
		} `json:"facets"`
	}
	if err := json.Unmarshal([]byte(got.body), &told); err != nil || got.status != http.StatusOK {
		t.Fatalf("GET /api/v1/search = %d %s", got.status, got.body)
	}
	if told.Posts[0].Title != "A" || told.Total != 7 || told.Next != "more" || told.Facets[0].Count != 3 {
		t.Errorf("GET /api/v1/search = %s", got.body)
	}
	if diff := cmp.Diff([]string{`two words ["a" "b"] ["c"] 5 next`}, f.searches()); diff != "" {
		t.Errorf("tags was asked (-want +got):\n%s", diff)
	}
	for query, status := range map[string]int{
		"q=a&q=b": 422, "size=3": 422, "page_size=101": 422, "skip=x": 422, "q=%ff": 400, "tag=a&tag=%ff": 400, "q=%zz": 400,
		strings.Repeat("tag=a&", 11): 422, strings.Repeat("tag=a&", 101): 422,
	} {
		got := f.get(t, "/api/v1/search?"+query)
		if got.status != status || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("GET /api/v1/search?%.30s = %d %s, want %d", query, got.status, got.body, status)
		}
	}
}

func TestFeedsAreForEverybody(t *testing.T) {
	t.Parallel()
	f := start(t)
	for path, kind := range map[string]string{
		"/feed.xml": "application/rss+xml; charset=utf-8", "/tags/a/atom.xml": "application/atom+xml; charset=utf-8", "/authors/x/feed.json": "application/feed+json",
		"/search/feed.xml": "application/rss+xml; charset=utf-8",
	} {
		f.press("main", path, long(), "posts")
		f.mu.Lock()
		page := f.pages["main"+path]
		page.ContentType = kind
		f.mu.Unlock()
		got := f.get(t, path+"?page=2&q=x", with("Accept-Encoding", "br"))
		if got.status != http.StatusOK || got.header.Get("Content-Type") != kind || got.header.Get("Access-Control-Allow-Origin") != "*" ||
			got.header.Get("Content-Encoding") != "br" || got.header.Get("Last-Modified") == "" {
			t.Errorf("GET %s = %d %v", path, got.status, got.header)
		}
		if again := f.get(t, path+"?page=2&q=x", with("If-Modified-Since", got.header.Get("Last-Modified"))); again.status != http.StatusNotModified {
			t.Errorf("GET %s with If-Modified-Since = %d, want 304", path, again.status)
		}
	}
	if diff := cmp.Diff([]string{`/search/feed.xml x [] [] page 2`, `/search/feed.xml x [] [] page 2`}, f.searches()); diff != "" {
		t.Errorf("searches (-want +got):\n%s", diff)
	}
	f.press("main", "/posts/a", "a post", "post:a")
	if got := f.get(t, "/posts/a"); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("other sites may read pages")
	}
}

func TestRobotsComeFromRender(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, path := range []string{"/robots.txt", "/sitemap.xml", "/sitemaps/2.xml"} {
		f.put(path, &renderv1.GetPageResponse{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: []byte(path), Etag: `"x"`})
		if got := f.get(t, path); got.status != http.StatusOK || got.body != path {
			t.Errorf("GET %s = %d %q", path, got.status, got.body)
		}
	}
}
