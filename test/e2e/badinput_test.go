package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/parution/parution/test/world"
)

// bad is a request that must be refused: with a status, with the field that is
// wrong, and without any effect.
type bad struct {
	name string
	// method and path; "POST /api/v1/posts" if empty. {id} stands for a post's id.
	method, path string
	// body is sent as it is if it is text.
	body any
	// kind is the Content-Type; JSON if empty.
	kind   string
	status int
	// or is another status that will do.
	or int
	// field must be among the refused ones, unless empty.
	field string
	// says must be in the detail or that of the field.
	says string
}

const postsPath = "/api/v1/posts"

// with is a sound post with one field changed.
func with(field string, value any) world.M {
	return world.M{"title": "Sound", "body": "Sound.", field: value}
}

// many is a list of n different names.
func many(n int) []string {
	var out []string
	for i := range n {
		out = append(out, "n"+strings.Repeat("x", i))
	}
	return out
}

func badInput(t *testing.T, s *world.Site) {
	p := s.Publish("Unharmed", "As it was.", "Calm")
	s.Shows("/", "Unharmed")
	before := titles(s.As("editor").List("", 100))
	seen := make(map[string]bool)
	for _, c := range slices.Concat(badPosts(), badJSON(), badQueries(), badPaths(), badChanges()) {
		if seen[c.name] {
			t.Errorf("two cases are called %q", c.name)
		}
		seen[c.name] = true
		t.Run(c.name, func(t *testing.T) { c.check(t, s.As("editor").For(t), p) })
	}
	if after := titles(s.As("editor").List("", 100)); after != before {
		t.Errorf("refused requests left %s, want %s", after, before)
	}
	if got := s.Anyone().Get(p.API()); !strings.Contains(got.Text(), `"version":1`) {
		t.Errorf("refused requests changed a post: %s", got.Body)
	}
}

func (c bad) check(t *testing.T, client *world.Client, p world.Post) {
	t.Helper()
	if c.method == "" {
		c.method = http.MethodPost
	}
	if c.path == "" {
		c.path = postsPath
	}
	path := strings.ReplaceAll(c.path, "{id}", p.ID)
	if c.kind != "" {
		client = client.With("Content-Type", c.kind)
	}
	if c.method == http.MethodPatch {
		client = client.With("If-Match", p.IfMatch())
	}
	a := client.Send(c.method, path, c.body)
	if a.Status != c.status && (c.or == 0 || a.Status != c.or) {
		t.Fatalf("%s %.80s = %d, want %d: %.400s", c.method, path, a.Status, c.status, a.Body)
	}
	problem := a.Problem()
	if problem.Status != a.Status || problem.Type == "" || problem.Title == "" || problem.Detail == "" {
		t.Errorf("no whole problem document: %s %.400s", a.Header.Get("Content-Type"), a.Body)
	}
	if c.field != "" && !slices.Contains(problem.Fields(), c.field) {
		t.Errorf("the refused fields are %q, want %q among them", problem.Fields(), c.field)
	}
	if !strings.Contains(a.Text(), c.says) {
		t.Errorf("the answer does not say %q: %.400s", c.says, a.Body)
	}
	if len(a.Body) > 4096 {
		t.Errorf("the answer has %d bytes: it repeats what was sent", len(a.Body))
	}
}

const (
	malformed = http.StatusBadRequest
	invalid   = http.StatusUnprocessableEntity
	tooLarge  = http.StatusRequestEntityTooLarge
	notFound  = http.StatusNotFound
)

func badPosts() []bad {
	return []bad{
		{name: "no title", body: world.M{"body": "x"}, status: invalid, field: "title"},
		{name: "blank title", body: with("title", " \t "), status: invalid, field: "title"},
		{name: "title of 301", body: with("title", strings.Repeat("é", 301)), status: invalid, field: "title", says: "300"},
		{name: "title with NUL", body: with("title", "a\x00b"), status: invalid, field: "title"},
		{name: "title with escape", body: with("title", "a\x1bb"), status: invalid, field: "title"},
		{name: "body over 1 MiB", body: with("body", strings.Repeat("x", 1<<20+1)), status: tooLarge, field: "body", says: "1048576"},
		{name: "body with NUL", body: with("body", "a\x00b"), status: invalid, field: "body"},
		{name: "unknown format", body: with("format", "docx"), status: invalid, field: "format"},
		{name: "language no tag", body: with("language", "français"), status: invalid, field: "language"},
		{name: "language too long", body: with("language", "fr-"+strings.Repeat("abcdefgh-", 20)+"x"), status: invalid, field: "language"},
		{name: "slug with slash", body: with("slug", "a/b"), status: invalid, field: "slug"},
		{name: "slug with dots", body: with("slug", ".."), status: invalid, field: "slug"},
		{name: "slug in capitals", body: with("slug", "Capital"), status: invalid, field: "slug"},
		{name: "slug of 201 bytes", body: with("slug", strings.Repeat("a", 201)), status: invalid, field: "slug", says: "200"},
		{name: "31 tags", body: with("tags", many(31)), status: invalid, field: "tags", says: "30"},
		{name: "tag of 61", body: with("tags", []string{strings.Repeat("é", 61)}), status: invalid, field: "tags[0]", says: "60"},
		{name: "empty tag", body: with("tags", []string{"a", ""}), status: invalid, field: "tags[1]"},
		{name: "tag without letters", body: with("tags", []string{"!!!"}), status: invalid, field: "tags[0]"},
		{name: "21 authors", body: with("authors", many(21)), status: invalid, field: "authors", says: "20"},
		{name: "author of 101", body: with("authors", []string{strings.Repeat("x", 101)}), status: invalid, field: "authors[0]", says: "100"},
		{name: "excerpt of 1001", body: with("excerpt", strings.Repeat("x", 1001)), status: invalid, field: "excerpt", says: "1000"},
		{name: "image javascript", body: with("image", "javascript:alert(1)"), status: invalid, field: "image"},
		{name: "image other host", body: with("image", "//evil.example/x.png"), status: invalid, field: "image"},
		{name: "alias relative", body: with("aliases", []string{"old/path"}), status: invalid, field: "aliases[0]"},
		{name: "alias root", body: with("aliases", []string{"/"}), status: invalid, field: "aliases[0]"},
		{name: "alias other host", body: with("aliases", []string{"//evil.example"}), status: invalid, field: "aliases[0]"},
		{name: "alias climbs", body: with("aliases", []string{"/a/../b"}), status: invalid, field: "aliases[0]"},
		{name: "alias with query", body: with("aliases", []string{"/a?b=c"}), status: invalid, field: "aliases[0]"},
		{name: "21 aliases", body: with("aliases", manyPaths(21)), status: invalid, field: "aliases", says: "20"},
		{name: "external id too long", body: with("external_id", strings.Repeat("x", 501)), status: invalid, field: "external_id", says: "500"},
		{name: "status deleted", body: with("status", "deleted"), status: invalid, field: "status"},
		{name: "status unknown", body: with("status", "hidden"), status: invalid, field: "status"},
		{name: "impossible date", body: with("published_at", "2026-02-30T00:00:00Z"), status: invalid, field: "published_at"},
		{name: "date no date", body: with("published_at", "yesterday"), status: invalid, field: "published_at"},
		{name: "date in year 99999", body: with("published_at", "99999-01-01T00:00:00Z"), status: invalid, field: "published_at"},
		{name: "date in year 1", body: with("published_at", "0001-01-01T00:00:00Z"), status: invalid, field: "published_at"},
		{name: "published in the future", body: world.M{"title": "x", "body": "x", "status": "published", "published_at": "2999-01-01T00:00:00Z"}, status: invalid, field: "published_at"},
		{name: "two faults at once", body: world.M{"title": "", "body": "x", "format": "docx"}, status: invalid, field: "format"},
	}
}

func manyPaths(n int) []string {
	out := many(n)
	for i := range out {
		out[i] = "/" + out[i]
	}
	return out
}

func badJSON() []bad {
	return []bad{
		{name: "no JSON", body: "hello", status: malformed},
		{name: "empty body", body: "", status: invalid, field: "title"},
		{name: "cut JSON", body: `{"title":"x","bo`, status: malformed},
		{name: "two documents", body: `{"title":"x"}{"title":"y"}`, status: malformed},
		{name: "a list", body: `[]`, status: malformed},
		{name: "null", body: `null`, status: malformed},
		{name: "invalid UTF-8", body: "{\"title\":\"\xff\xfe\",\"body\":\"x\"}", status: malformed, says: "UTF-8"},
		{name: "half a surrogate", body: `{"title":"\ud800","body":"x"}`, status: malformed},
		{name: "unknown field", body: with("titel", "x"), status: invalid, field: "titel"},
		{name: "camel case", body: with("publishedAt", "2020-01-01T00:00:00Z"), status: invalid, field: "publishedAt"},
		{name: "output only field", body: with("version", 7), status: invalid, field: "version"},
		{name: "field twice", body: `{"title":"x","title":"y","body":"x"}`, status: invalid, field: "title"},
		{name: "number as title", body: with("title", 5), status: invalid, field: "title"},
		{name: "text as tags", body: with("tags", "a, b"), status: invalid, field: "tags"},
		{name: "number as tag", body: with("tags", []any{1}), status: invalid, field: "tags[0]"},
		{name: "null as tag", body: with("tags", []any{nil}), status: invalid, field: "tags[0]"},
		{name: "text as featured", body: with("featured", "yes"), status: invalid, field: "featured"},
		{name: "object as body", body: with("body", world.M{}), status: invalid, field: "body"},
		{name: "number as date", body: with("published_at", 1580515200), status: invalid, field: "published_at"},
		{name: "nested too deep", body: `{"title":"x","body":"x","tags":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, status: malformed},
		{name: "text/plain", body: `{"title":"x","body":"x"}`, kind: "text/plain", status: http.StatusUnsupportedMediaType},
		{name: "form", body: "title=x&body=x", kind: "application/x-www-form-urlencoded", status: http.StatusUnsupportedMediaType},
		{name: "request of 3 MiB", body: with("body", strings.Repeat("x", 3<<20)), status: tooLarge, says: "at most"},
	}
}

func badQueries() []bad {
	get := http.MethodGet
	return []bad{
		{name: "page size 101", method: get, path: postsPath + "?page_size=101", status: invalid, field: "page_size", says: "100"},
		{name: "page size -1", method: get, path: postsPath + "?page_size=-1", status: invalid, field: "page_size"},
		{name: "page size text", method: get, path: postsPath + "?page_size=ten", status: invalid, field: "page_size"},
		{name: "page size huge", method: get, path: postsPath + "?page_size=99999999999", status: invalid, field: "page_size"},
		{name: "page token made up", method: get, path: postsPath + "?page_token=abc", status: invalid, field: "page_token"},
		{name: "page token no base64", method: get, path: postsPath + "?page_token=%21%21", status: invalid, field: "page_token"},
		{name: "tags page size 101", method: get, path: "/api/v1/tags?page_size=101", status: invalid, field: "page_size"},
		{name: "tags page token", method: get, path: "/api/v1/tags?page_token=abc", status: invalid, field: "page_token"},
		{name: "tagged page token", method: get, path: "/api/v1/tags/calm/posts?page_token=abc", status: invalid, field: "page_token"},
		{name: "revisions page token", method: get, path: postsPath + "/{id}/revisions?page_token=abc", status: invalid, field: "page_token"},
		{name: "unknown parameter", method: get, path: postsPath + "?stauts=draft", status: invalid, field: "stauts"},
		{name: "parameter twice", method: get, path: postsPath + "?tag=a&tag=b", status: invalid, field: "tag"},
		{name: "featured maybe", method: get, path: postsPath + "?featured=maybe", status: invalid, field: "featured"},
		{name: "list status unknown", method: get, path: postsPath + "?status=deleted", status: invalid, field: "status"},
		{name: "list language no tag", method: get, path: postsPath + "?language=%21", status: invalid, field: "language"},
		{name: "query not UTF-8", method: get, path: postsPath + "?tag=%ff", status: malformed},
		{name: "query bad escape", method: get, path: postsPath + "?tag=%zz", status: malformed},
		{name: "101 parameters", method: get, path: postsPath + "?" + strings.Repeat("tag=a&", 100) + "tag=a", status: invalid, says: "100"},
		{name: "version in the query", method: get, path: postsPath + "/{id}?expected_version=1", status: malformed},
	}
}

func badPaths() []bad {
	get := http.MethodGet
	return []bad{
		{name: "unknown id", method: get, path: postsPath + "/0198c0de-0000-7000-8000-000000000000", status: notFound},
		{name: "id no id", method: get, path: postsPath + "/42", status: notFound},
		{name: "id climbs", method: get, path: postsPath + "/%2e%2e%2f%2e%2e%2fetc", status: notFound},
		{name: "id with NUL", method: get, path: postsPath + "/%00", status: notFound},
		{name: "id of 5000", method: get, path: postsPath + "/" + strings.Repeat("a", 5000), status: notFound},
		{name: "unknown slug", method: get, path: postsPath + "/slug/nothing", status: notFound},
		{name: "slug not UTF-8", method: get, path: postsPath + "/slug/%ff", status: malformed},
		{name: "slug with NUL", method: get, path: postsPath + "/slug/a%00b", status: notFound, or: malformed},
		{name: "tag path with NUL", method: get, path: "/api/v1/tags/a%00b", status: notFound, or: malformed},
		{name: "unknown tag", method: get, path: "/api/v1/tags/nothing", status: notFound},
		{name: "revision no number", method: get, path: postsPath + "/{id}/revisions/one", status: invalid, field: "number"},
		{name: "revision out of range", method: get, path: postsPath + "/{id}/revisions/99999999999", status: invalid, field: "number"},
		{name: "unknown revision", method: get, path: postsPath + "/{id}/revisions/99", status: notFound},
		{name: "unknown call", method: get, path: "/api/v1/everything", status: notFound},
	}
}

func badChanges() []bad {
	patch := http.MethodPatch
	return []bad{
		{name: "change nothing", method: patch, path: postsPath + "/{id}", body: `{}`, status: invalid},
		{name: "change unknown field", method: patch, path: postsPath + "/{id}", body: world.M{"colour": "red"}, status: invalid, field: "colour"},
		{name: "change id", method: patch, path: postsPath + "/{id}", body: world.M{"id": "x"}, status: invalid, field: "id"},
		{name: "change version", method: patch, path: postsPath + "/{id}", body: world.M{"version": 9}, status: invalid, field: "version"},
		{name: "change status", method: patch, path: postsPath + "/{id}", body: world.M{"status": "draft"}, status: invalid, field: "status"},
		{name: "change external id", method: patch, path: postsPath + "/{id}", body: world.M{"external_id": "x"}, status: invalid, field: "external_id"},
		{name: "empty title", method: patch, path: postsPath + "/{id}", body: world.M{"title": ""}, status: invalid, field: "title"},
		{name: "empty slug", method: patch, path: postsPath + "/{id}", body: world.M{"slug": ""}, status: invalid, field: "slug"},
		{name: "publication in the future", method: patch, path: postsPath + "/{id}", body: world.M{"published_at": "2999-01-01T00:00:00Z"}, status: invalid, field: "published_at"},
		{name: "publication without a date", method: patch, path: postsPath + "/{id}", body: world.M{"published_at": nil}, status: invalid, field: "published_at"},
		{name: "change unknown post", method: patch, path: postsPath + "/0198c0de-0000-7000-8000-000000000000", body: world.M{"title": "x"}, status: notFound},
		{name: "preview format", path: "/api/v1/render", body: world.M{"body": "x", "format": "docx"}, status: invalid, field: "format"},
		{name: "preview over 1 MiB", path: "/api/v1/render", body: world.M{"body": strings.Repeat("x", 1<<20+1)}, status: tooLarge, field: "body"},
	}
}
