package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/identity"
)

func TestWritingAPost(t *testing.T) {
	t.Parallel()
	f := start(t)
	made := f.call(t, http.MethodPost, "/api/v1/posts", `{"title":"A","tags":["x"],"external_id":"e"}`, token("author"))
	if made.status != http.StatusCreated || made.header.Get("Location") != "/api/v1/posts/p1" || made.header.Get("Etag") != `"1"` {
		t.Fatalf("POST = %d %v %s", made.status, made.header, made.body)
	}
	var post map[string]any
	if err := json.Unmarshal([]byte(made.body), &post); err != nil {
		t.Fatalf("read %s: %v", made.body, err)
	}
	if diff := cmp.Diff([]any{"A", float64(1), false, nil}, []any{post["title"], post["version"], post["featured"], post["published_at"]}); diff != "" {
		t.Errorf("post (-want +got):\n%s", diff)
	}
	if got := f.call(t, http.MethodPost, "/api/v1/posts", `{"title":"A","external_id":"e"}`, token("author")); got.status != http.StatusOK {
		t.Errorf("POST of a known external_id = %d, want 200", got.status)
	}
	for _, c := range []struct {
		match  []option
		status int
		field  string
	}{
		{nil, http.StatusPreconditionRequired, ""},
		{[]option{with("If-Match", `"9"`)}, http.StatusPreconditionFailed, ""},
		{[]option{with("If-Match", `W/"1"`)}, http.StatusBadRequest, "If-Match"},
		{[]option{with("If-Match", `*`)}, http.StatusBadRequest, "If-Match"},
		{[]option{with("If-Match", `1`)}, http.StatusBadRequest, "If-Match"},
		{[]option{with("If-Match", `"1", "2"`)}, http.StatusBadRequest, "If-Match"},
	} {
		got := f.call(t, http.MethodPatch, "/api/v1/posts/p1", `{"title":"B"}`, append(c.match, token("author"))...)
		p := got.problem(t)
		if got.status != c.status || (c.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != c.field)) {
			t.Errorf("PATCH = %d %+v, want %d naming %q", got.status, p, c.status, c.field)
		}
	}
	revised := f.call(t, http.MethodPatch, "/api/v1/posts/p1", `{"title":"B","excerpt":"e","body":"b"}`, token("author"), with("If-Match", `"1"`))
	if revised.status != http.StatusOK || revised.header.Get("Etag") != `"2"` {
		t.Fatalf("PATCH = %d %s", revised.status, revised.body)
	}
	if got := f.masks[len(f.masks)-1]; got != "body,excerpt,title" {
		t.Errorf("update mask = %s, want it sorted", got)
	}
	if got := f.call(t, http.MethodPost, "/api/v1/posts/p1:publish", "", token("author")); got.status != http.StatusOK || got.header.Get("Etag") != `"3"` {
		t.Errorf("publish without If-Match = %d %s", got.status, got.body)
	}
	if got := f.call(t, http.MethodPost, "/api/v1/posts/p1:publish", "{}", token("author"), with("If-Match", `"1"`)); got.status != http.StatusPreconditionFailed {
		t.Errorf("publish with a stale If-Match = %d", got.status)
	}
}

func TestBadRequestsAreRefusedByName(t *testing.T) {
	t.Parallel()
	f := start(t)
	deep := strings.Repeat(`{"a":`, 80) + "1" + strings.Repeat("}", 80)
	for name, c := range map[string]struct {
		method, path, body string
		options            []option
		status             int
		field              string
	}{
		"no JSON":            {"POST", "/api/v1/posts", `{"title":`, nil, 400, ""},
		"broken JSON":        {"POST", "/api/v1/posts", `{"title" 1}`, nil, 400, ""},
		"two values":         {"POST", "/api/v1/posts", `{} {}`, nil, 400, ""},
		"a list":             {"POST", "/api/v1/posts", `[]`, nil, 400, ""},
		"not UTF-8":          {"POST", "/api/v1/posts", "{\"title\":\"\xff\"}", nil, 400, ""},
		"half a surrogate":   {"POST", "/api/v1/posts", `{"title":"\ud800"}`, nil, 400, ""},
		"too deep":           {"POST", "/api/v1/posts", deep, nil, 400, ""},
		"unknown field":      {"POST", "/api/v1/posts", `{"titel":"x"}`, nil, 422, "titel"},
		"camel case":         {"POST", "/api/v1/posts", `{"title":"x","externalId":"x"}`, nil, 422, "externalId"},
		"twice":              {"POST", "/api/v1/posts", `{"title":"x","title":"y"}`, nil, 422, "title"},
		"number for text":    {"POST", "/api/v1/posts", `{"title":7}`, nil, 422, "title"},
		"text for list":      {"POST", "/api/v1/posts", `{"title":"x","tags":"y"}`, nil, 422, "tags"},
		"number in list":     {"POST", "/api/v1/posts", `{"title":"x","tags":["a",7]}`, nil, 422, "tags[1]"},
		"text for bool":      {"POST", "/api/v1/posts", `{"title":"x","featured":"yes"}`, nil, 422, "featured"},
		"impossible date":    {"POST", "/api/v1/posts", `{"title":"x","published_at":"2026-02-30T00:00:00Z"}`, nil, 422, "published_at"},
		"date without zone":  {"POST", "/api/v1/posts", `{"title":"x","published_at":"2026-02-20"}`, nil, 422, "published_at"},
		"service's refusal":  {"POST", "/api/v1/posts", `{"title":""}`, nil, 422, "title"},
		"version in body":    {"POST", "/api/v1/posts/p1:publish", `{"expected_version":3}`, nil, 400, "expected_version"},
		"id in body":         {"POST", "/api/v1/posts/p1:publish", `{"id":"p2"}`, nil, 422, "id"},
		"version in query":   {"DELETE", "/api/v1/posts/p1?expected_version=3", "", nil, 400, "expected_version"},
		"nested":             {"PATCH", "/api/v1/site", `{"social_links":[{"name":"x","link":"y"}]}`, nil, 422, "social_links[0].link"},
		"32 bits":            {"PATCH", "/api/v1/site", `{"posts_per_page":4294967296}`, nil, 422, "posts_per_page"},
		"a fraction":         {"PATCH", "/api/v1/site", `{"posts_per_page":1.5}`, nil, 422, "posts_per_page"},
		"no content type":    {"POST", "/api/v1/posts", `{"title":"x"}`, []option{with("Content-Type", "text/plain")}, 415, "Content-Type"},
		"form":               {"POST", "/api/v1/posts", `title=x`, []option{with("Content-Type", "application/x-www-form-urlencoded")}, 415, "Content-Type"},
		"method override":    {"POST", "/api/v1/posts/p1", ``, []option{with("X-HTTP-Method-Override", "GET")}, 405, ""},
		"too large":          {"POST", "/api/v1/posts", `{"title":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 413, "request"},
		"unknown parameter":  {"GET", "/api/v1/posts?colour=red", "", nil, 422, "colour"},
		"parameter on write": {"POST", "/api/v1/posts?title=x", `{"title":"x"}`, nil, 422, "title"},
		"parameter twice":    {"GET", "/api/v1/posts?tag=a&tag=b", "", nil, 422, "tag"},
		"no number":          {"GET", "/api/v1/posts?page_size=ten", "", nil, 422, "page_size"},
		"large page":         {"GET", "/api/v1/posts?page_size=101", "", nil, 422, "page_size"},
		"negative page":      {"GET", "/api/v1/posts?page_size=-1", "", nil, 422, "page_size"},
		"no bool":            {"GET", "/api/v1/posts?featured=2", "", nil, 422, "featured"},
		"query not UTF-8":    {"GET", "/api/v1/posts?tag=%ff", "", nil, 400, ""},
		"broken query":       {"GET", "/api/v1/posts?tag=%zz", "", nil, 400, ""},
		"many parameters":    {"GET", "/api/v1/posts?" + strings.Repeat("tag=a&", 101), "", nil, 422, "query"},
		"number in path":     {"GET", "/api/v1/posts/p1/revisions/x", "", nil, 422, "number"},
		"path not UTF-8":     {"GET", "/api/v1/posts/%ff", "", nil, 400, "id"},
		"body on GET":        {"GET", "/api/v1/posts", `{}`, nil, 400, ""},
		"unknown call":       {"GET", "/api/v1/pots", "", nil, 404, ""},
		"unknown version":    {"GET", "/api/v2/posts", "", nil, 404, ""},
		"trailing slash":     {"GET", "/api/v1/posts/", "", nil, 404, ""},
		"wrong method":       {"PUT", "/api/v1/posts/p1", `{}`, nil, 405, ""},
		"odd method":         {"BREW", "/api/v1/posts", "", nil, 405, ""},
		"odd key":            {"POST", "/api/v1/posts", `{"title":"x"}`, []option{with("Idempotency-Key", "é")}, 400, "Idempotency-Key"},
		"no such verb":       {"POST", "/api/v1/posts/p1:withdrow", "{}", nil, 404, ""},
		"no verbs here":      {"POST", "/api/v1/posts/slug/a:b", "{}", nil, 405, ""},
		"no such post":       {"GET", "/api/v1/posts/none", "", nil, 404, ""},
		"bad token":          {"GET", "/api/v1/posts", "", []option{token("nobody")}, 401, ""},
		"bad scheme":         {"GET", "/api/v1/posts", "", []option{with("Authorization", "Basic eDp5")}, 401, ""},
		"service's role":     {"GET", "/api/v1/posts", "", []option{token("service")}, 401, ""},
		"may not":            {"POST", "/api/v1/sites", `{"id":"x"}`, nil, 403, ""},
		"media of no kind":   {"POST", "/api/v1/media", "x", nil, 415, "Content-Type"},
		"media read":         {"GET", "/api/v1/media", "", nil, 405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			options := append([]option{token("author")}, c.options...)
			got := f.call(t, c.method, c.path, c.body, options...)
			p := got.problem(t)
			if got.status != c.status || p.Status != c.status {
				t.Fatalf("%s %.60s = %d %s, want %d", c.method, c.path, got.status, got.body, c.status)
			}
			if c.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != c.field) {
				t.Errorf("names %+v, want %q; %s", p.Errors, c.field, p.Detail)
			}
			if c.status == http.StatusMethodNotAllowed && got.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if c.status == http.StatusUnauthorized && got.header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
			if got.header.Get("Content-Security-Policy") == "" {
				t.Error("no Content-Security-Policy")
			}
		})
	}
}

func TestAnonymousWritesAreAskedForAToken(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, c := range [][2]string{{"POST", "/api/v1/posts"}, {"PATCH", "/api/v1/posts/p1"}, {"POST", "/api/v1/media"}} {
		if got := f.call(t, c[0], c[1], `{"title":"x"}`); got.status != http.StatusUnauthorized {
			t.Errorf("%s %s without a token = %d, want 401", c[0], c[1], got.status)
		}
	}
}

func TestWhoCalls(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, c := range map[string]struct {
		base    string
		options []option
		want    identity.Principal
	}{
		"anyone":             {f.public.URL, nil, identity.Principal{Role: identity.Public, Site: "main"}},
		"another host":       {f.public.URL, []option{with("Host", "other.example")}, identity.Principal{Role: identity.Public, Site: "other"}},
		"an author":          {f.public.URL, []option{token("author")}, identity.Principal{Subject: "t-author", Name: "author", Role: identity.Author, Site: "main"}},
		"an operator's site": {f.public.URL, []option{token("operator"), with("Parution-Site", "other")}, identity.Principal{Subject: "t-operator", Name: "operator", Role: identity.Operator, Site: "other"}},
		"own site named":     {f.public.URL, []option{token("author"), with("Parution-Site", "main")}, identity.Principal{Subject: "t-author", Name: "author", Role: identity.Author, Site: "main"}},
		"local":              {f.admin.URL, nil, identity.Principal{Subject: "local", Name: "local", Role: identity.Operator, Site: "main"}},
		"local elsewhere":    {f.admin.URL, []option{with("Parution-Site", "other")}, identity.Principal{Subject: "local", Name: "local", Role: identity.Operator, Site: "other"}},
		"a claim in headers": {
			f.public.URL,
			[]option{
				with("Parution-Principal", "x"), with("Grpc-Metadata-Parution-Principal", "x"),
				with("X-Forwarded-Host", "other.example"), with("Forwarded", "host=other.example"),
			},
			identity.Principal{Role: identity.Public, Site: "main"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := send(t, c.base, http.MethodGet, "/api/v1/site", "", c.options...); got.status != http.StatusOK {
				t.Fatalf("GET /api/v1/site = %d %s", got.status, got.body)
			}
			got, md := f.lastCaller(t)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("caller (-want +got):\n%s", diff)
			}
			if len(md.Get("authorization")) > 0 || len(md.Get("parution-principal")) != 1 {
				t.Errorf("metadata %v passes on what the client sent", md)
			}
		})
	}
	for name, c := range map[string]struct {
		options []option
		status  int
	}{
		"an author names another site":    {[]option{token("author"), with("Parution-Site", "other")}, http.StatusForbidden},
		"an operator names no site":       {[]option{token("operator"), with("Parution-Site", "none")}, http.StatusNotFound},
		"an author names no site":         {[]option{token("author"), with("Parution-Site", "none")}, http.StatusForbidden},
		"another site's token":            {[]option{token("author@other")}, http.StatusUnauthorized},
		"another site's token by name":    {[]option{token("author@other"), with("Parution-Site", "other")}, http.StatusForbidden},
		"anyone names another site":       {[]option{with("Parution-Site", "other")}, http.StatusForbidden},
		"two identities are no identity ": {[]option{func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer a", "Bearer b"} }}, http.StatusBadRequest},
	} {
		if got := f.get(t, "/api/v1/site", c.options...); got.status != c.status {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.body, c.status)
		}
	}
}

func TestReadsSayHowLongTheyHold(t *testing.T) {
	t.Parallel()
	f := start(t)
	open := f.get(t, "/api/v1/site")
	if open.header.Get("Cache-Control") != "no-cache" || open.header.Get("Etag") != `"3"` {
		t.Errorf("anyone's read: %v", open.header)
	}
	if got := f.get(t, "/api/v1/site", with("If-None-Match", `W/"3"`)); got.status != http.StatusNotModified || got.body != "" {
		t.Errorf("If-None-Match = %d %q", got.status, got.body)
	}
	if got := f.get(t, "/api/v1/site", token("owner")); got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("an owner's read: %v", got.header)
	}
	if got := f.call(t, http.MethodHead, "/api/v1/site", ""); got.status != http.StatusOK || got.body != "" || got.header.Get("Etag") == "" {
		t.Errorf("HEAD = %d %v", got.status, got.header)
	}
}

func TestIdempotencyKeyIsPassedOn(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.call(t, http.MethodPost, "/api/v1/posts", `{"title":"A"}`, token("author"), with("Idempotency-Key", "k-1"))
	if _, md := f.lastCaller(t); cmp.Diff([]string{"k-1"}, md.Get("idempotency-key")) != "" {
		t.Errorf("metadata %v, want idempotency-key k-1", md)
	}
}

func TestThemes(t *testing.T) {
	t.Parallel()
	f := start(t)
	got := f.call(t, http.MethodGet, "/api/v1/themes", "", token("author"))
	if got.status != http.StatusOK || !strings.Contains(got.body, `"name":"own"`) || !strings.Contains(got.body, `"custom":true`) {
		t.Errorf("GET /api/v1/themes = %d %s, want the themes", got.status, got.body)
	}
	if got := f.call(t, http.MethodGet, "/api/v1/themes", ""); got.status != http.StatusUnauthorized {
		t.Errorf("GET /api/v1/themes without a token = %d, want 401", got.status)
	}
}

func TestMedia(t *testing.T) {
	t.Parallel()
	f := start(t)
	png := picture(t, 3, 2)
	svg := `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
	up := func(mime, body string) answer {
		return f.call(t, http.MethodPost, "/api/v1/media", body, token("author"), with("Content-Type", mime))
	}
	got := up("image/png", png)
	var out struct {
		URL      string
		Existing bool
	}
	if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != http.StatusCreated || out.Existing {
		t.Fatalf("upload = %d %s", got.status, got.body)
	}
	if again := up("image/png", png); again.status != http.StatusOK || !strings.Contains(again.body, `"existing":true`) || !strings.Contains(again.body, out.URL) {
		t.Errorf("second upload = %d %s", again.status, again.body)
	}
	file := f.get(t, out.URL)
	if file.body != png || file.header.Get("Content-Type") != "image/png" || file.header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
		t.Errorf("GET %s = %d %v", out.URL, file.status, file.header)
	}
	if part := f.get(t, out.URL, with("Range", "bytes=1-3")); part.status != http.StatusPartialContent || part.body != "PNG" {
		t.Errorf("Range = %d %q", part.status, part.body)
	}
	drawing := up("image/svg+xml", svg)
	if err := json.Unmarshal([]byte(drawing.body), &out); err != nil {
		t.Fatalf("upload of a drawing = %d %s", drawing.status, drawing.body)
	}
	if got := f.get(t, out.URL); !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") || got.header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("GET drawing: %v", got.header)
	}
	for name, c := range map[string]struct {
		mime, body string
		status     int
	}{
		"HTML as PNG":      {"image/png", "<html><script>alert(1)</script>", http.StatusUnprocessableEntity},
		"GIF as PNG":       {"image/png", "GIF89a....", http.StatusUnprocessableEntity},
		"HTML as drawing":  {"image/svg+xml", "<html><svg/></html>", http.StatusUnprocessableEntity},
		"entities":         {"image/svg+xml", `<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>`, http.StatusUnprocessableEntity},
		"HTML":             {"text/html", "<html>", http.StatusUnsupportedMediaType},
		"more than 25 MiB": {"image/png", png + strings.Repeat("x", 26<<20), http.StatusRequestEntityTooLarge},
	} {
		if got := up(c.mime, c.body); got.status != c.status {
			t.Errorf("%s = %d %s, want %d", name, got.status, got.body, c.status)
		}
	}
	for _, path := range []string{"/media/", "/media/../../etc/passwd", "/media/..%2f..%2fetc%2fpasswd", "/media/x.html", "/media/" + strings.Repeat("0", 32) + ".png"} {
		if got := f.get(t, path); got.status == http.StatusOK {
			t.Errorf("GET %s = 200", path)
		}
	}
}

func TestDescription(t *testing.T) {
	t.Parallel()
	f := start(t)
	got := f.get(t, "/api/v1/openapi.json")
	var doc struct {
		OpenAPI    string `json:"openapi"`
		Paths      map[string]map[string]any
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil || got.status != http.StatusOK {
		t.Fatalf("GET openapi.json = %d: %v", got.status, err)
	}
	for _, c := range [][2]string{
		{"/api/v1/posts", "post"},
		{"/api/v1/posts/{id}", "patch"},
		{"/api/v1/posts/{id}:publish", "post"},
		{"/api/v1/site", "get"},
		{"/api/v1/tags/{slug}", "get"},
		{"/api/v1/render", "post"},
		{"/api/v1/tokens", "post"},
		{"/api/v1/media", "post"},
	} {
		if doc.Paths[c[0]][c[1]] == nil {
			t.Errorf("%s %s is not described", c[1], c[0])
		}
	}
	for _, wrong := range []string{"expectedVersion", "expected_version", "publishedAt", "pageSize", "google.rpc.Status"} {
		if strings.Contains(got.body, `"`+wrong+`"`) {
			t.Errorf("the description says %s", wrong)
		}
	}
	if again := f.get(t, "/api/v1/openapi.json", with("If-None-Match", got.header.Get("Etag"))); again.status != http.StatusNotModified {
		t.Errorf("If-None-Match = %d", again.status)
	}
	if other := start(t).get(t, "/api/v1/openapi.json"); other.body != got.body {
		t.Error("the description is not the same each time")
	}
	page := f.get(t, "/api/v1/")
	if page.status != http.StatusOK || !strings.Contains(page.body, "/api/v1/posts/{id}:publish") || strings.Contains(page.body, "<script") {
		t.Errorf("GET /api/v1/ = %d", page.status)
	}
	if style := f.get(t, "/api/v1/reference.css"); style.status != http.StatusOK || style.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("GET reference.css = %d %v", style.status, style.header)
	}
}
