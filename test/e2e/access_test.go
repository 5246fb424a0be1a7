package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/test/world"
)

// sites never see each other.
func sites(t *testing.T, s *world.Site) {
	var other *world.Site
	t.Run("other", func(t *testing.T) { // a site is named after its test
		other = s.NewSite(t)
		twoSites(t, s, other)
	})
}

func twoSites(t *testing.T, a, b *world.Site) {
	mine := b.Publish("From b", "Text of b.", "Common", "Only b")
	theirs := a.Publish("From a", "Text of a.", "Common", "Only a")
	for _, path := range []string{"/", "/tags/common", "/feed.xml", "/tags/common/feed.xml", "/api/v1/posts", "/api/v1/tags/common/posts"} {
		b.Shows(path, mine.Slug)
		a.Shows(path, theirs.Slug)
		if text := b.Lacks(path, theirs.Slug).Text(); strings.Contains(text, "Text of a.") {
			t.Errorf("GET %s of b shows the text of a", path)
		}
		a.Lacks(path, mine.Slug)
	}
	a.Lacks("/tags", "Only b")
	b.Lacks("/api/v1/tags", "Only a")
	reader, editor := b.Anyone(), b.As("editor")
	for _, path := range []string{theirs.Page(), theirs.API(), "/api/v1/posts/slug/" + theirs.Slug, "/tags/only-a", "/api/v1/tags/only-a"} {
		if got := reader.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("GET %s of a, asked of b = %d, want 404", path, got.Status)
		}
		if got := editor.Get(path); strings.HasPrefix(path, "/api") && got.Status != http.StatusNotFound {
			t.Errorf("GET %s of a, asked by an editor of b = %d, want 404", path, got.Status)
		}
	}
	for _, c := range []struct {
		method, path string
		in           any
	}{
		{http.MethodPatch, theirs.API(), world.M{"title": "Taken"}},
		{http.MethodPost, theirs.API() + ":withdraw", world.M{}},
		{http.MethodDelete, theirs.API(), nil},
		{http.MethodGet, theirs.API() + "/revisions", nil},
		{http.MethodGet, theirs.API() + "/revisions/1", nil},
		{http.MethodPost, theirs.API() + "/revisions/1:revert", world.M{}},
	} {
		if got := editor.With("If-Match", theirs.IfMatch()).Send(c.method, c.path, c.in); got.Status != http.StatusNotFound {
			t.Errorf("%s %s by an editor of another site = %d, want 404", c.method, c.path, got.Status)
		}
	}
	for _, got := range []world.Answer{
		a.Anyone().WithToken(b.NewToken("owner")).Send(http.MethodPost, "/api/v1/posts", world.M{"title": "x", "body": "x"}),
		a.Anyone().WithToken(b.NewToken("editor")).Get("/api/v1/posts"),
		editor.With("Parution-Site", a.ID).Get("/api/v1/posts?status=draft"),
	} {
		if got.Status != http.StatusUnauthorized && got.Status != http.StatusForbidden {
			t.Errorf("a token of b on a = %d, want 401 or 403: %s", got.Status, got.Body)
		}
	}
	// The same slug and external id on both.
	for _, s := range []*world.Site{a, b} {
		p := s.Create(world.M{"title": "Twin", "body": "Twin of " + s.ID, "external_id": "twin", "status": "published"})
		if p.Slug != "twin" {
			t.Errorf("the slug on %s is %q, want twin", s.ID, p.Slug)
		}
		s.Shows("/posts/twin", "Twin of "+s.ID)
	}
	// A page token of one list is good for no other.
	a.Publish("Second from a", "…")
	var page struct {
		Next string `json:"next_page_token"`
	}
	a.Anyone().Want(http.StatusOK, http.MethodGet, "/api/v1/posts?page_size=1", nil, &page)
	if got := reader.Get("/api/v1/posts?page_size=1&page_token=" + page.Next); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a page token of a on b = %d, want 422", got.Status)
	}
}

func settings(t *testing.T, s *world.Site) {
	s.Publish("A post", "…")
	s.Shows("/", "A post")
	var site struct {
		Version int    `json:"version"`
		Title   string `json:"title"`
		ID      string `json:"id"`
	}
	a := s.Anyone().Want(http.StatusOK, http.MethodGet, "/api/v1/site", nil, &site)
	if site.ID != s.ID || a.Header.Get("Etag") != fmt.Sprintf("%q", fmt.Sprint(site.Version)) {
		t.Errorf("the site is %+v with ETag %s", site, a.Header.Get("Etag"))
	}
	owner := s.As("owner")
	if got := owner.Send(http.MethodPatch, "/api/v1/site", world.M{"title": "Renamed"}); got.Status != http.StatusPreconditionRequired {
		t.Errorf("PATCH /api/v1/site without If-Match = %d, want 428", got.Status)
	}
	owner.With("If-Match", a.Header.Get("Etag")).Want(http.StatusOK, http.MethodPatch, "/api/v1/site",
		world.M{"title": "Renamed", "language": "fr", "social_links": []world.M{{"name": "Fediverse", "url": "https://social.example/@me"}}}, nil)
	s.Shows("/", "Renamed")
	s.Shows("/", "https://social.example/@me")
	s.Shows("/", `<html lang="fr"`)
	s.Shows("/feed.xml", "Renamed")
	if got := owner.With("If-Match", a.Header.Get("Etag")).Send(http.MethodPatch, "/api/v1/site", world.M{"title": "Stale"}); got.Status != http.StatusPreconditionFailed {
		t.Errorf("PATCH /api/v1/site on an old version = %d, want 412", got.Status)
	}
	now := s.Anyone().Get("/api/v1/site").Header.Get("Etag")
	for name, c := range map[string]struct {
		fields world.M
		field  string
		status int
	}{
		"zone":  {world.M{"time_zone": "Mars/Olympus"}, "time_zone", http.StatusUnprocessableEntity},
		"base":  {world.M{"base_url": "javascript:alert(1)"}, "base_url", http.StatusUnprocessableEntity},
		"link":  {world.M{"social_links": []world.M{{"name": "x", "url": "javascript:alert(1)"}}}, "social_links[0].url", http.StatusUnprocessableEntity},
		"pages": {world.M{"posts_per_page": 101}, "posts_per_page", http.StatusUnprocessableEntity},
		"hosts": {world.M{"hosts": []string{"taken.example"}}, "", http.StatusForbidden},
		"id":    {world.M{"id": "other"}, "id", http.StatusUnprocessableEntity},
	} {
		got := owner.With("If-Match", now).Send(http.MethodPatch, "/api/v1/site", c.fields)
		if got.Status != c.status || (c.field != "" && !slices.Contains(got.Problem().Fields(), c.field)) {
			t.Errorf("%s: %d %s, want %d naming %q", name, got.Status, got.Body, c.status, c.field)
		}
	}
	taken := s.Operator().For(t).Send(http.MethodPost, "/api/v1/sites", world.M{"id": s.ID + "-2", "title": "x", "hosts": []string{strings.ToUpper(s.Host)}})
	if taken.Status != http.StatusConflict && taken.Status != http.StatusUnprocessableEntity {
		t.Errorf("a second site for %s = %d, want 409 or 422: %s", s.Host, taken.Status, taken.Body)
	}
}

func roles(t *testing.T, s *world.Site) {
	authors := s.As("author").Create(world.M{"title": "By an author", "body": "…"})
	editors := s.As("editor").Create(world.M{"title": "By an editor", "body": "…"})
	second := s.Anyone().WithToken(s.NewToken("author"))
	clients := map[string]*world.Client{"anyone": s.Anyone(), "author": s.As("author"), "other author": second, "editor": s.As("editor"), "owner": s.As("owner")}
	for _, c := range []struct {
		who, method, path string
		in                any
		status            int
	}{
		{"anyone", http.MethodPost, "/api/v1/posts", world.M{"title": "x", "body": "x"}, http.StatusUnauthorized},
		{"anyone", http.MethodPatch, authors.API(), world.M{"title": "x"}, http.StatusUnauthorized},
		{"anyone", http.MethodDelete, authors.API(), nil, http.StatusUnauthorized},
		{"anyone", http.MethodGet, authors.API(), nil, http.StatusNotFound},
		{"anyone", http.MethodGet, "/api/v1/tokens", nil, http.StatusUnauthorized},
		{"anyone", http.MethodGet, "/api/v1/sites", nil, http.StatusUnauthorized},
		{"anyone", http.MethodPatch, "/api/v1/site", world.M{"title": "x"}, http.StatusUnauthorized},
		{"author", http.MethodPatch, editors.API(), world.M{"title": "x"}, http.StatusForbidden},
		{"author", http.MethodPost, editors.API() + ":publish", world.M{}, http.StatusForbidden},
		{"author", http.MethodDelete, editors.API(), nil, http.StatusForbidden},
		{"author", http.MethodPost, editors.API() + "/revisions/1:revert", world.M{}, http.StatusForbidden},
		{"other author", http.MethodPatch, authors.API(), world.M{"title": "x"}, http.StatusForbidden},
		{"author", http.MethodPatch, authors.API(), world.M{"title": "By the same author"}, http.StatusOK},
		{"author", http.MethodGet, "/api/v1/tokens", nil, http.StatusForbidden},
		{"author", http.MethodPost, "/api/v1/tokens", world.M{"name": "x", "role": "author"}, http.StatusForbidden},
		{"author", http.MethodPatch, "/api/v1/site", world.M{"title": "x"}, http.StatusForbidden},
		{"editor", http.MethodPost, "/api/v1/tokens", world.M{"name": "x", "role": "author"}, http.StatusForbidden},
		{"editor", http.MethodPatch, "/api/v1/site", world.M{"title": "x"}, http.StatusForbidden},
		{"editor", http.MethodPost, authors.API() + ":publish", world.M{}, http.StatusOK},
		{"owner", http.MethodPost, "/api/v1/tokens", world.M{"name": "x", "role": "operator"}, http.StatusForbidden},
		{"owner", http.MethodGet, "/api/v1/sites", nil, http.StatusForbidden},
		{"owner", http.MethodPost, "/api/v1/sites", world.M{"id": "x", "title": "x", "hosts": []string{"x.example"}}, http.StatusForbidden},
		{"owner", http.MethodDelete, editors.API(), nil, http.StatusOK},
	} {
		client := clients[c.who]
		if c.method == http.MethodPatch {
			client = client.With("If-Match", `"1"`)
		}
		a := client.Send(c.method, c.path, c.in)
		if a.Status != c.status {
			t.Errorf("%s: %s %s = %d, want %d: %s", c.who, c.method, c.path, a.Status, c.status, a.Body)
		}
		if p := a.Problem(); c.status >= 400 && p.Status != c.status {
			t.Errorf("%s: %s %s has no problem document: %s %s", c.who, c.method, c.path, a.Header.Get("Content-Type"), a.Body)
		}
		if c.status == http.StatusUnauthorized && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %s %s: WWW-Authenticate = %q", c.who, c.method, c.path, a.Header.Get("WWW-Authenticate"))
		}
	}
}

func tokens(t *testing.T, s *world.Site) {
	type token struct {
		ID        string     `json:"id"`
		Role      string     `json:"role"`
		Name      string     `json:"name"`
		RevokedAt *time.Time `json:"revoked_at"`
	}
	var made struct {
		Token  token  `json:"token"`
		Secret string `json:"secret"`
	}
	owner := s.As("owner")
	owner.Want(http.StatusCreated, http.MethodPost, "/api/v1/tokens", world.M{"name": "laptop", "role": "editor"}, &made)
	if made.Token.Role != "editor" || len(made.Secret) < 32 {
		t.Fatalf("the token is %+v", made.Token)
	}
	user := s.Anyone().WithToken(made.Secret)
	user.Create(world.M{"title": "x", "body": "x"})
	if a := owner.Get("/api/v1/tokens"); strings.Contains(a.Text(), made.Secret) || !strings.Contains(a.Text(), "laptop") {
		t.Errorf("the list of tokens is %s", a.Body)
	}
	owner.Want(http.StatusOK, http.MethodDelete, "/api/v1/tokens/"+made.Token.ID, nil, nil)
	if a := user.Get("/api/v1/posts"); a.Status != http.StatusUnauthorized {
		t.Errorf("a revoked token = %d, want 401 at once", a.Status)
	}
	owner.Want(http.StatusOK, http.MethodDelete, "/api/v1/tokens/"+made.Token.ID, nil, nil)
	for name, header := range map[string]string{
		"unknown": "Bearer prt_" + strings.Repeat("a", 43), "empty": "Bearer ", "basic": "Basic dXNlcjpwYXNz", "long": "Bearer " + strings.Repeat("x", 8000), "strange": "Bearer \xff\xfe",
	} {
		if a := s.Anyone().With("Authorization", header).Get("/api/v1/posts"); a.Status != http.StatusUnauthorized {
			t.Errorf("%s token = %d, want 401", name, a.Status)
		}
	}
	// A token that ends soon is good until then and not after.
	owner.Want(http.StatusCreated, http.MethodPost, "/api/v1/tokens", world.M{"name": "short", "role": "author", "expires_at": time.Now().Add(5 * time.Second).Format(time.RFC3339Nano)}, &made)
	short := s.Anyone().WithToken(made.Secret)
	world.Eventually(t, func() error {
		if a := short.Get("/api/v1/posts"); a.Status != http.StatusUnauthorized {
			return fmt.Errorf("an expired token = %d, want 401", a.Status)
		}
		return nil
	})
	for field, in := range map[string]world.M{
		"expires_at": {"name": "x", "role": "author", "expires_at": "2001-01-01T00:00:00Z"},
		"role":       {"name": "x", "role": "king"},
		"name":       {"role": "author"},
	} {
		if a := owner.Send(http.MethodPost, "/api/v1/tokens", in); a.Status != http.StatusUnprocessableEntity || !slices.Contains(a.Problem().Fields(), field) {
			t.Errorf("a token with a bad %s = %d %s, want 422 naming it", field, a.Status, a.Body)
		}
	}
	if a := owner.Send(http.MethodDelete, "/api/v1/tokens/nothing", nil); a.Status != http.StatusNotFound {
		t.Errorf("revoking an unknown token = %d, want 404", a.Status)
	}
}
