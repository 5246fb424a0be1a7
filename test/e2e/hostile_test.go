package e2e_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/test/world"
)

func jsonInto(a world.Answer, out any) error { return json.Unmarshal(a.Body, out) }

// addresses of every spelling lead to a page of this site or nowhere, and leave
// nothing behind for the next reader.
func addresses(t *testing.T, s *world.Site) {
	p := s.Publish("Plain sight", "Nothing to hide.", "Open")
	s.Shows(p.Page(), "Nothing to hide.")
	want := s.Shows(p.Page(), "/tags/open") // tags follow the post by a step
	s.Shows("/tags/open", "Plain sight")
	s.Shows("/", "Plain sight")
	home := s.Shows("/", "/tags/open") // the list of tags follows the post by a step
	for _, path := range []string{
		p.Page() + "/", "//posts/" + p.Slug, "/posts//" + p.Slug, "/./posts/" + p.Slug, "/x/../posts/" + p.Slug, "/posts/%2e/" + p.Slug, "/" + strings.ToUpper(p.Page()[1:]),
		"/posts/" + strings.ToUpper(p.Slug), "/posts/..%2f" + p.Slug, "/posts%2f" + p.Slug, "//evil.example/", "//evil.example/..", "///evil.example", `/\evil.example`, `/\/evil.example`, "/%5cevil.example",
		"/%2f%2fevil.example", "/%2F/evil.example", "/..//evil.example", "/http://evil.example", "/https:/evil.example", "/%09/evil.example", "/posts/%00", "/%ff", "/posts/%c0%af", "/posts/" + strings.Repeat("a", 3000),
		"/tags/", "/tags/open/", "/tags/OPEN", "/tags/open+", "/tags/+", "/tags/%2b", "/page/1?page=2", "/?page=1", "/?page=99999999999", "/?page=-1", "/?page=x", "/?x=" + strings.Repeat("y", 4000), "/tags/open?page=0", "/tags//evil.example", "/%0d%0aSet-Cookie:x=y",
		"/feed.xml/", "/assets/", "/assets/../posts", "/assets/nothing.css", "/api", "/api/", "/api/v1", "/api/v2/posts", "/healthz/", "/robots.txt/",
	} {
		a := s.Anyone().Get(path)
		switch {
		case a.Status == http.StatusMovedPermanently || a.Status == http.StatusPermanentRedirect || a.Status == http.StatusFound:
			local(t, path, a.Header.Get("Location"))
		case a.Status >= 500:
			t.Errorf("GET %s = %d", path, a.Status)
		}
		if a.Header.Get("Set-Cookie") != "" {
			t.Errorf("GET %s sets a cookie", path)
		}
	}
	for name, value := range map[string]string{
		"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "Forwarded": "host=evil.example", "X-Original-URL": "/tags", "X-Rewrite-Url": "/tags", "X-Host": "evil.example",
		"X-Forwarded-For": "127.0.0.1", "X-Http-Method-Override": "DELETE", "Parution-Principal": "operator", "Grpc-Metadata-Parution-Principal": "operator", "Cookie": "a=b", "Origin": "https://evil.example",
	} {
		for _, path := range []string{"/", p.Page(), "/never-seen-" + strings.ToLower(name), "/tags/open/"} {
			a := s.Anyone().With(name, value).Get(path)
			if strings.Contains(a.Text(), "evil.example") || strings.Contains(a.Header.Get("Location"), "evil.example") {
				t.Errorf("GET %s with %s: %s repeats it", path, name, value)
			}
		}
		if a := s.Anyone().With(name, value).Get("/api/v1/posts?status=draft"); a.Status != http.StatusUnauthorized {
			t.Errorf("GET drafts with %s: %s = %d, want 401", name, value, a.Status)
		}
	}
	for _, name := range []string{"evil.example", s.Host + ".evil.example", s.Host + "@evil.example", "evil.example#" + s.Host, "", "..", "[::1]", strings.Repeat("a", 300) + ".example", s.Host + ":99999"} {
		a, err := s.Anyone().WithHost(name).Try(t.Context(), http.MethodGet, p.Page()+"/", nil)
		if err != nil {
			continue // such a name cannot be sent
		}
		if strings.Contains(a.Header.Get("Location"), "evil") || strings.Contains(a.Text(), "evil.example") {
			t.Errorf("Host: %s is repeated", name)
		}
	}
	for _, name := range []string{strings.ToUpper(s.Host), s.Host + ".", s.Host + ":8080"} {
		if a := s.Anyone().WithHost(name).Get(p.Page()); a.Status != http.StatusOK {
			t.Errorf("Host: %s = %d, want 200", name, a.Status)
		}
	}
	if after := s.Anyone().Get(p.Page()); after.Text() != want.Text() {
		t.Error("the page is another one after all that")
	}
	if after := s.Anyone().Get("/"); after.Text() != home.Text() {
		t.Error("the home page is another one after all that")
	}
}

// local checks that a redirect stays on the site.
func local(t *testing.T, from, to string) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`) || strings.ContainsAny(to, "\r\n\t") {
		t.Errorf("GET %s leads to %q, which is no path of this site", from, to)
	}
}

func methods(t *testing.T, s *world.Site) {
	p := s.Publish("Methods", "x")
	s.Shows(p.Page(), "Methods")
	for _, c := range []struct{ method, path, allow string }{
		{http.MethodPost, "/", "GET"},
		{http.MethodPut, p.Page(), "GET"},
		{http.MethodDelete, p.Page(), "GET"},
		{http.MethodOptions, "/tags", "GET"},
		{"BREW", "/", "GET"},
		{http.MethodPut, "/api/v1/posts", "POST"},
		{http.MethodPost, p.API(), "PATCH"},
		{http.MethodPut, "/api/v1/media", "POST"},
	} {
		a := s.As("editor").Send(c.method, c.path, nil)
		if a.Status != http.StatusMethodNotAllowed || !strings.Contains(a.Header.Get("Allow"), c.allow) {
			t.Errorf("%s %s = %d, Allow %q; want 405 with %s", c.method, c.path, a.Status, a.Header.Get("Allow"), c.allow)
		}
	}
	for _, path := range []string{"/api/v1/nothing", "/api/v1/posts/" + p.ID + ":explode", "/api/v1/posts/" + p.ID + "/nothing", "/api/v2/posts"} {
		a := s.As("editor").Send(http.MethodPost, path, world.M{})
		if (a.Status != http.StatusNotFound && a.Status != http.StatusMethodNotAllowed) || a.Problem().Status != a.Status {
			t.Errorf("POST %s = %d %s, want a 404 or 405 problem document", path, a.Status, a.Body)
		}
	}
	// What is no HTTP is refused, and the next connection is served.
	for _, request := range []string{
		"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "NONSENSE\r\n\r\n", "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"POST /api/v1/posts HTTP/1.1\r\nHost: " + s.Host + "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: " + s.Host + "\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
	} {
		if answer := raw(t, s, request); strings.Contains(answer, "Location: //") || strings.Contains(answer, "Location: http") || strings.HasPrefix(answer, "HTTP/1.1 5") {
			t.Errorf("%.60q is answered with %.200q", request, answer)
		}
	}
	if a := s.Anyone().Get("/"); a.Status != http.StatusOK {
		t.Errorf("GET / after all that = %d", a.Status)
	}
}

// raw sends bytes and reads the beginning of what comes back.
func raw(t *testing.T, s *world.Site, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // the server may have closed it
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(request)); err != nil {
		return "" // refused before it was read
	}
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil {
		return ""
	}
	return string(answer[:n])
}
