package e2e_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parution/parution/test/world"
)

func idempotency(t *testing.T, s *world.Site) {
	in := world.M{"title": "Once", "body": "Only once.", "status": "published"}
	editor := s.As("editor").With("Idempotency-Key", "key-1")
	var first, second world.Post
	if a := editor.Want(http.StatusCreated, http.MethodPost, "/api/v1/posts", in, &first); a.Header.Get("Idempotent-Replayed") != "" {
		t.Error("the first answer says that it is replayed")
	}
	if a := editor.Want(http.StatusCreated, http.MethodPost, "/api/v1/posts", in, &second); a.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the second answer says Idempotent-Replayed: %q, want true", a.Header.Get("Idempotent-Replayed"))
	}
	if second.ID != first.ID || second.Version != first.Version {
		t.Errorf("the second answer is %s@%d, want %s@%d", second.ID, second.Version, first.ID, first.Version)
	}
	if a := editor.Send(http.MethodPost, "/api/v1/posts", world.M{"title": "Other", "body": "x"}); a.Status != http.StatusUnprocessableEntity || !slices.Contains(a.Problem().Fields(), "Idempotency-Key") {
		t.Errorf("the same key with another request = %d %s, want 422 naming it", a.Status, a.Body)
	}
	// Another caller's key is another key.
	s.As("owner").With("Idempotency-Key", "key-1").Want(http.StatusCreated, http.MethodPost, "/api/v1/posts", in, &second)
	if second.ID == first.ID {
		t.Error("two callers share a key")
	}
	// Many at once: one effect.
	var wait sync.WaitGroup
	statuses := make([]int, 8)
	racing := s.As("editor").With("Idempotency-Key", "key-2")
	for i := range statuses {
		wait.Go(func() {
			if a, err := racing.Try(t.Context(), http.MethodPost, "/api/v1/posts", world.M{"title": "Race", "body": "x"}); err == nil {
				statuses[i] = a.Status
			}
		})
	}
	wait.Wait()
	for _, status := range statuses {
		if status != http.StatusCreated && status != http.StatusConflict {
			t.Errorf("requests with the same key at once = %v, want 201 or 409", statuses)
			break
		}
	}
	n := 0
	for _, p := range s.As("editor").List("", 100) {
		if p.Title == "Race" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d posts of the same key, want 1", n)
	}
	// A refused request leaves the key unused.
	refused := s.As("editor").With("Idempotency-Key", "key-3")
	refused.Want(http.StatusUnprocessableEntity, http.MethodPost, "/api/v1/posts", world.M{"title": "", "body": "x"}, nil)
	refused.Want(http.StatusCreated, http.MethodPost, "/api/v1/posts", world.M{"title": "Mended", "body": "x"}, nil)
	patch := s.As("editor").With("Idempotency-Key", "key-4").With("If-Match", first.IfMatch())
	patch.Want(http.StatusOK, http.MethodPatch, first.API(), world.M{"title": "Twice"}, &first)
	patch.Want(http.StatusOK, http.MethodPatch, first.API(), world.M{"title": "Twice"}, &second)
	if second.Version != first.Version {
		t.Errorf("a repeated PATCH answers version %d, want %d", second.Version, first.Version)
	}
}

func conditions(t *testing.T, s *world.Site) {
	p := s.Create(world.M{"title": "Conditions", "body": "x"})
	editor := s.As("editor")
	got := editor.Get(p.API())
	if got.Header.Get("Etag") != `"1"` {
		t.Errorf("the ETag of version 1 is %q", got.Header.Get("Etag"))
	}
	if a := editor.With("If-None-Match", `"1"`).Get(p.API()); a.Status != http.StatusNotModified {
		t.Errorf("GET If-None-Match of the current version = %d, want 304", a.Status)
	}
	for _, c := range []struct {
		match  string
		status int
	}{
		{"", http.StatusPreconditionRequired},
		{`"2"`, http.StatusPreconditionFailed},
		{`"0"`, http.StatusBadRequest},
		{`"-1"`, http.StatusBadRequest},
		{`"99999999999"`, http.StatusBadRequest},
		{`W/"1"`, http.StatusBadRequest},
		{`1`, http.StatusBadRequest},
		{`*`, http.StatusBadRequest},
		{`"1", "2"`, http.StatusBadRequest},
		{`"one"`, http.StatusBadRequest},
		{`"1"`, http.StatusOK},
		{`"1"`, http.StatusPreconditionFailed},
	} {
		a := editor.With("If-Match", c.match).Send(http.MethodPatch, p.API(), world.M{"title": "Conditions, revised"})
		if a.Status != c.status {
			t.Errorf("PATCH with If-Match %s = %d, want %d: %s", c.match, a.Status, c.status, a.Body)
		}
		if c.status == http.StatusOK && a.Header.Get("Etag") != `"2"` {
			t.Errorf("the ETag after a change is %q, want \"2\"", a.Header.Get("Etag"))
		}
	}
	for _, verb := range []string{":publish", ":withdraw"} {
		if a := editor.With("If-Match", `"1"`).Send(http.MethodPost, p.API()+verb, world.M{}); a.Status != http.StatusPreconditionFailed {
			t.Errorf("%s on an old version = %d, want 412", verb, a.Status)
		}
	}
	if a := editor.With("If-Match", `"1"`).Send(http.MethodDelete, p.API(), nil); a.Status != http.StatusPreconditionFailed {
		t.Errorf("DELETE of an old version = %d, want 412", a.Status)
	}
	if a := editor.With("If-Match", `"2"`).Send(http.MethodPost, p.API()+":publish", world.M{"expected_version": 7}); a.Status != http.StatusBadRequest {
		t.Errorf("expected_version in the body = %d, want 400", a.Status)
	}
	// Of many changes on the same version one wins.
	now := editor.Act(p, "publish")
	var wait sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		wait.Go(func() {
			a, err := editor.With("If-Match", now.IfMatch()).Try(t.Context(), http.MethodPatch, p.API(), world.M{"title": fmt.Sprintf("Winner %d", i)})
			if err == nil {
				statuses[i] = a.Status
			}
		})
	}
	wait.Wait()
	slices.Sort(statuses)
	want := append([]int{http.StatusOK}, slices.Repeat([]int{http.StatusPreconditionFailed}, 7)...)
	if !slices.Equal(statuses, want) {
		t.Errorf("eight changes of one version = %v, want %v", statuses, want)
	}
}

func external(t *testing.T, s *world.Site) {
	in := world.M{"title": "Imported", "body": "x", "external_id": "old:1", "published_at": "2019-05-04T03:02:01Z", "status": "published"}
	var first, second world.Post
	s.As("editor").Want(http.StatusCreated, http.MethodPost, "/api/v1/posts", in, &first)
	in["title"] = "Imported again"
	s.As("editor").Want(http.StatusOK, http.MethodPost, "/api/v1/posts", in, &second)
	if second.ID != first.ID || second.Version != first.Version || second.Title != "Imported" {
		t.Errorf("a known external_id answers %+v, want the post as it was: %+v", second, first)
	}
	if got := first.PublishedAt.UTC().Format("2006-01-02T15:04:05Z"); got != "2019-05-04T03:02:01Z" {
		t.Errorf("published_at is %s, want the date that was given", got)
	}
	s.Shows(first.Page(), "2019")
}

func lists(t *testing.T, s *world.Site) {
	const posts = 57
	want := make(map[string]bool)
	for i := range posts {
		p := s.Create(world.M{"title": fmt.Sprintf("Post %d", i), "body": "x", "status": "published", "published_at": fmt.Sprintf("2020-01-%02dT00:00:00Z", 1+i%5)})
		want[p.ID] = true
	}
	for _, size := range []int{1, 7, 56, 57, 58, 100} {
		got := s.Anyone().List("", size)
		seen := make(map[string]bool)
		for i, p := range got {
			if seen[p.ID] {
				t.Errorf("pages of %d: %s comes twice", size, p.ID)
			}
			seen[p.ID] = true
			if i > 0 && p.PublishedAt.After(*got[i-1].PublishedAt) {
				t.Errorf("pages of %d: %s is newer than the one before", size, p.ID)
			}
		}
		if len(seen) != posts {
			t.Errorf("pages of %d list %d posts, want %d", size, len(seen), posts)
		}
	}
	// What is written meanwhile neither repeats nor hides what was there.
	var page struct {
		Posts []world.Post `json:"posts"`
		Next  string       `json:"next_page_token"`
	}
	s.Anyone().Want(http.StatusOK, http.MethodGet, "/api/v1/posts?page_size=30", nil, &page)
	first := page.Posts
	s.Publish("Newest", "x")
	page.Posts = nil
	s.Anyone().Want(http.StatusOK, http.MethodGet, "/api/v1/posts?page_size=100&page_token="+page.Next, nil, &page)
	if n := len(first) + len(page.Posts); n != posts {
		t.Errorf("a list during which a post was written has %d posts, want %d", n, posts)
	}
}

func filters(t *testing.T, s *world.Site) {
	a := s.Create(world.M{"title": "A", "body": "x", "tags": []string{"Été", "Mer"}, "authors": []string{"Zoé K."}, "language": "fr", "status": "published"})
	b := s.Create(world.M{"title": "B", "body": "x", "tags": []string{"Mer"}, "authors": []string{"Yann"}, "language": "fr-CA", "featured": true, "status": "published"})
	c := s.Create(world.M{"title": "C", "body": "x", "language": "en", "status": "published"})
	d := s.Create(world.M{"title": "D", "body": "x", "tags": []string{"Mer"}})
	for query, want := range map[string][]world.Post{
		"tag=ete": {a}, "tag=%C3%89t%C3%A9": {a}, "tag=mer": {a, b}, "tag=none": nil, "author=zoe-k": {a}, "author=Yann": {b},
		"language=fr": {a, b}, "language=fr-CA": {b}, "language=en": {c}, "featured=true": {b}, "featured=false": {a, c}, "tag=mer&language=fr&featured=false": {a}, "status=published": {a, b, c},
	} {
		if got := titles(s.Anyone().List(query, 100)); got != titles(want) {
			t.Errorf("GET /api/v1/posts?%s lists %s, want %s", query, got, titles(want))
		}
	}
	for query, want := range map[string][]world.Post{"tag=mer": {a, b, d}, "status=draft": {d}, "status=withdrawn": nil} {
		if got := titles(s.As("author").List(query, 100)); got != titles(want) {
			t.Errorf("with a token, GET /api/v1/posts?%s lists %s, want %s", query, got, titles(want))
		}
	}
}

// titles are sorted: lists of the same moment have no order of their own.
func titles(posts []world.Post) string {
	var out []string
	for _, p := range posts {
		out = append(out, p.Title)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func revisions(t *testing.T, s *world.Site) {
	p := s.Publish("One", "First body.")
	p = s.As("editor").Patch(p, world.M{"title": "Two", "body": "Second body."})
	p = s.As("editor").Patch(p, world.M{"title": "Three", "slug": "three"})
	type revision struct {
		Number int    `json:"number"`
		Title  string `json:"title"`
		Body   string `json:"body"`
		Author string `json:"author"`
	}
	var list struct {
		Revisions []revision `json:"revisions"`
		Next      string     `json:"next_page_token"`
	}
	editor := s.As("editor")
	editor.Want(http.StatusOK, http.MethodGet, p.API()+"/revisions?page_size=2", nil, &list)
	if len(list.Revisions) != 2 || list.Revisions[0].Title != "Three" || list.Revisions[0].Body != "" || list.Revisions[0].Author == "" || list.Next == "" {
		t.Errorf("the newest revisions are %+v", list)
	}
	next := list.Next
	list.Revisions, list.Next = nil, ""
	editor.Want(http.StatusOK, http.MethodGet, p.API()+"/revisions?page_size=2&page_token="+next, nil, &list)
	if len(list.Revisions) != 1 || list.Revisions[0].Title != "One" || list.Next != "" {
		t.Errorf("the last page of revisions is %+v", list)
	}
	var one revision
	editor.Want(http.StatusOK, http.MethodGet, p.API()+"/revisions/1", nil, &one)
	if one.Body != "First body." {
		t.Errorf("revision 1 is %+v", one)
	}
	var back world.Post
	editor.Want(http.StatusOK, http.MethodPost, p.API()+"/revisions/1:revert", world.M{}, &back)
	if back.Title != "One" || back.Body != "First body." || back.Version != p.Version+1 || back.Slug != "three" {
		t.Errorf("reverted: %+v, want the first text as version %d under the present slug", back, p.Version+1)
	}
	s.Shows("/posts/three", "First body.")
	for _, path := range []string{"/revisions/99", "/revisions/0", "/revisions/-1"} {
		if a := editor.Get(p.API() + path); a.Status != http.StatusNotFound && a.Status != http.StatusUnprocessableEntity {
			t.Errorf("GET %s = %d, want 404 or 422", path, a.Status)
		}
	}
}

func picture(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	img.Set(1, 1, color.RGBA{R: 200, A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func media(t *testing.T, s *world.Site) {
	content := picture(t)
	type answer struct {
		URL      string `json:"url"`
		Existing bool   `json:"existing"`
	}
	var out answer
	author := s.As("author").With("Content-Type", "image/png")
	author.Want(http.StatusCreated, http.MethodPost, "/api/v1/media", content, &out)
	if !strings.HasPrefix(out.URL, "/media/") || !strings.HasSuffix(out.URL, ".png") || out.Existing {
		t.Fatalf("the upload answers %+v", out)
	}
	got := s.Anyone().Get(out.URL)
	if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "image/png" || !bytes.Equal(got.Body, content) || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("GET %s = %d %v with %d bytes", out.URL, got.Status, got.Header, len(got.Body))
	}
	if part := s.Anyone().With("Range", "bytes=0-7").Get(out.URL); part.Status != http.StatusPartialContent || !bytes.Equal(part.Body, content[:8]) {
		t.Errorf("GET of 8 bytes = %d with %d bytes", part.Status, len(part.Body))
	}
	var again answer
	a := author.Send(http.MethodPost, "/api/v1/media", content)
	if a.Status/100 != 2 || !strings.Contains(a.Text(), out.URL) {
		t.Errorf("the same upload again = %d %s, want the same address", a.Status, a.Body)
	}
	svg := `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>`
	if a := author.With("Content-Type", "image/svg+xml").Send(http.MethodPost, "/api/v1/media", svg); a.Status == http.StatusCreated {
		if err := jsonInto(a, &again); err != nil {
			t.Fatal(err)
		}
		if csp := s.Anyone().Get(again.URL).Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("an SVG with a script is served with the policy %q", csp)
		}
	} else if a.Status != http.StatusUnprocessableEntity && a.Status != http.StatusUnsupportedMediaType {
		t.Errorf("an SVG with a script = %d, want 201, 415 or 422", a.Status)
	}
	for _, c := range []struct {
		name, kind string
		content    any
		client     *world.Client
		statuses   []int
	}{
		{"HTML as an image", "image/png", "<html><script>alert(1)</script></html>", author, []int{415, 422}},
		{"HTML", "text/html", "<html></html>", author, []int{415, 422}},
		{"nothing", "image/png", nil, author, []int{400, 415, 422}},
		{"too large", "image/png", append(slices.Clone(content), make([]byte, 25<<20)...), author, []int{413}},
		{"without a token", "image/png", content, s.Anyone(), []int{401}},
	} {
		a := c.client.With("Content-Type", c.kind).Send(http.MethodPost, "/api/v1/media", c.content)
		if !slices.Contains(c.statuses, a.Status) || a.Problem().Status != a.Status {
			t.Errorf("%s = %d %s, want one of %v as a problem document", c.name, a.Status, a.Body, c.statuses)
		}
	}
	for _, path := range []string{"/media/", "/media/nothing.png", "/media/../posts.db", "/media/%2e%2e/posts.db", "/media/..%2fposts.db", "/media//etc/passwd"} {
		if a := s.Anyone().Get(path); a.Status == http.StatusOK {
			t.Errorf("GET %s = 200", path)
		}
	}
}
