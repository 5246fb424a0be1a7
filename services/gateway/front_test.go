package gateway_test

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/telemetry"
	"github.com/parution/parution/chassis/web"
)

func TestRefusedTokensSayWhy(t *testing.T) {
	t.Parallel()
	f := start(t)
	for authorization, want := range map[string]string{
		"Basic eDp5":          "send Bearer, not Basic",
		"basic eDp5":          "send Bearer, not Basic",
		"prt_secret":          "send Bearer and the token: Authorization: Bearer …",
		"prt_secret x":        "send Bearer and the token: Authorization: Bearer …",
		"Bearer":              "the token is not valid",
		"Bearer nobody":       "the token is not valid",
		"Bearer expired":      "the token has expired",
		"bearer author@other": "the token is of another site than this host's",
	} {
		got := f.get(t, "/api/v1/site", with("Authorization", authorization))
		if p := got.problem(t); got.status != http.StatusUnauthorized || p.Detail != want {
			t.Errorf("%s = %d %q, want 401 %q", authorization, got.status, p.Detail, want)
		}
	}
}

func TestStrictTransportOnlyOverHTTPS(t *testing.T) {
	t.Parallel()
	b := newBehind()
	b.sites[1].BaseUrl = "HTTPS://other.example"
	f := startBefore(t, telemetry.Discard(), b)
	f.press("main", "/", "main's", "posts")
	f.press("other", "/", "other's", "posts")
	const want = "max-age=31536000"
	for _, path := range []string{"/", "/", "/none", "/healthz", "/api/v1/site", "/api/v1/", "/assets/site.1234.css", "/problems/invalid"} {
		if got := f.get(t, path).header.Values("Strict-Transport-Security"); got != nil {
			t.Errorf("GET %s of a site over HTTP: %q", path, got)
		}
		if got := f.get(t, path, with("Host", "other.example")).header.Values("Strict-Transport-Security"); !slices.Equal(got, []string{want}) {
			t.Errorf("GET %s of a site over HTTPS: %q, want %q", path, got, want)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.TLS = &tls.ConnectionState{}
		w := httptest.NewRecorder()
		f.service.Handler().ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security"); got != want {
			t.Errorf("GET %s over TLS: %q, want %q", path, got, want)
		}
	}
}

func TestProblemsAreExplained(t *testing.T) {
	t.Parallel()
	f := start(t)
	page := f.get(t, "/api/v1/").body
	for _, k := range web.ProblemKinds() {
		got := f.get(t, "/problems/"+k.Name)
		var out struct {
			Type, Description string
			Status            int
		}
		if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != http.StatusOK || out.Type != "/problems/"+k.Name || out.Status != k.Status || out.Description != k.Text {
			t.Errorf("GET /problems/%s = %d %s", k.Name, got.status, got.body)
		}
		shown := f.get(t, "/problems/"+k.Name, with("Accept", "text/html,*/*;q=0.8"))
		if !strings.HasPrefix(shown.header.Get("Content-Type"), "text/html") || !strings.Contains(shown.body, "<h1>"+k.Name+"</h1>") {
			t.Errorf("the page of %s is %v %s", k.Name, shown.header, shown.body)
		}
		if !strings.Contains(page, `href="/problems/`+k.Name+`"`) {
			t.Errorf("the API's page does not list %s", k.Name)
		}
	}
	if got := f.get(t, "/problems/none"); got.status != http.StatusNotFound {
		t.Errorf("GET /problems/none = %d, want 404", got.status)
	}
	// What the gateway says by itself is explained too.
	for _, c := range [][2]string{{http.MethodPut, "/api/v1/posts"}, {http.MethodPost, "/api/v1/media"}} {
		kind := f.call(t, c[0], c[1], "x", token("author"), with("Content-Type", "text/plain")).problem(t).Type
		if got := f.get(t, kind); got.status != http.StatusOK {
			t.Errorf("GET %s = %d, want an explanation", kind, got.status)
		}
	}
}

func TestUnknownVerbsNameTheKnown(t *testing.T) {
	t.Parallel()
	f := start(t)
	for path, want := range map[string]string{
		"/api/v1/posts/p1:withdrow":             "there is no such verb; what is here takes :publish, :schedule, :withdraw",
		"/api/v1/posts/p1:":                     "there is no such verb; what is here takes :publish, :schedule, :withdraw",
		"/api/v1/posts/p1/revisions/1:undelete": "there is no such verb; what is here takes :revert",
	} {
		got := f.call(t, http.MethodPost, path, "{}", token("author"))
		if p := got.problem(t); got.status != http.StatusNotFound || p.Detail != want {
			t.Errorf("POST %s = %d %q, want 404 %q", path, got.status, p.Detail, want)
		}
	}
}

func TestReferencePage(t *testing.T) {
	t.Parallel()
	f := start(t)
	page := f.get(t, "/api/v1/").body
	found := func(pattern string) []string {
		var out []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(page, -1) {
			out = append(out, m[1])
		}
		return out
	}
	if diff := cmp.Diff([]string{"Posts", "Changes", "Sites", "Tags", "Render", "Accounts", "Media", "Operations", "messages", "problems"}, found(`<section id="(\w+)">`)); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"CreatePost", "ListPosts", "ListRevisions", "GetPost", "GetPostBySlug", "GetRevision", "RevisePost",
		"PublishPost", "SchedulePost", "WithdrawPost", "RevertPost", "DeletePost",
	}, found(`<article id="PostsService_(\w+)">`)); diff != "" {
		t.Errorf("calls of posts (-want +got):\n%s", diff)
	}
	for _, summary := range found(`<p class="summary">(.)`) {
		if summary != strings.ToUpper(summary) {
			t.Errorf("a summary begins with %q", summary)
		}
	}
	if calls, lines := len(found(`<span class="(method)">`)), found(`<code>(curl [^<]*\$SITE/api/v1/[^<]*)</code>`); len(lines) != calls {
		t.Errorf("%d lines to try %d calls with: %q", len(lines), calls, lines)
	}
	for _, name := range found(`href="#([\w-]+)"`) {
		if !strings.Contains(page, `id="`+name+`"`) {
			t.Errorf("a link leads to #%s, which is not on the page", name)
		}
	}
	for _, want := range []string{
		`<code>title</code> (required)`, `<code>at</code> (required)`, `<code>name</code> (required)`,
		`<a href="#message-Post">Post</a>`, `list of <a href="#message-Heading">Heading</a>`, `<link rel="icon"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestIcons(t *testing.T) {
	t.Parallel()
	f := start(t)
	got := f.get(t, "/favicon.ico")
	if got.status != http.StatusMovedPermanently {
		t.Fatalf("GET /favicon.ico = %d", got.status)
	}
	if icon := f.get(t, got.header.Get("Location")); icon.status != http.StatusOK || icon.header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("GET %s = %d %v", got.header.Get("Location"), icon.status, icon.header)
	}
	if n := f.times("/favicon.ico"); n != 0 {
		t.Errorf("render was asked %d times", n)
	}
}
