package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/test/world"
)

// listings are where a published post with the tag "Récits" is shown.
func listings() []string {
	return []string{"/", "/tags/recits", "/feed.xml", "/tags/recits/feed.xml", "/api/v1/posts", "/api/v1/tags/recits/posts"}
}

// tale is a post that is unlike any other.
func tale(status string) world.M {
	return world.M{
		"title": "Le phare d’Ouessant", "body": "Une *lumière* dans la nuit.\n\n## Le gardien\n\nIl veille.", "tags": []string{"Récits", "Mer"},
		"authors": []string{"Anne Le Goff"}, "language": "fr", "status": status,
	}
}

func publish(t *testing.T, s *world.Site) {
	p := s.Create(tale("draft"))
	if p.Status != "draft" || p.Version != 1 || p.Slug != "le-phare-d-ouessant" {
		t.Errorf("created %+v, want a draft at version 1 with the slug le-phare-d-ouessant", p)
	}
	p = s.As("editor").Act(p, "publish")
	if p.Status != "published" || p.Version != 2 || p.PublishedAt == nil {
		t.Errorf("published %+v, want published at version 2 with its date", p)
	}
	s.Shows(p.Page(), "<em>lumière</em>")
	page := s.Shows(p.Page(), "/tags/recits").Text() // tags follow the post by a step
	for _, want := range []string{"Le phare d’Ouessant", "Le gardien", "Anne Le Goff", "/tags/recits", "/tags/mer"} {
		if !strings.Contains(page, want) {
			t.Errorf("the post's page lacks %q", want)
		}
	}
	for _, path := range listings() {
		s.Shows(path, p.Slug)
	}
	s.Shows("/tags", "Récits")
	var tag struct {
		Name  string `json:"name"`
		Count int    `json:"count"`
	}
	s.Anyone().Want(http.StatusOK, http.MethodGet, "/api/v1/tags/recits", nil, &tag)
	if tag.Name != "Récits" || tag.Count != 1 {
		t.Errorf("the tag is %+v, want Récits with 1 post", tag)
	}
	var got world.Post
	s.Anyone().Want(http.StatusOK, http.MethodGet, "/api/v1/posts/slug/"+p.Slug, nil, &got)
	if got.ID != p.ID {
		t.Errorf("the slug leads to %s, want %s", got.ID, p.ID)
	}
	again := s.As("editor").Act(p, "publish")
	if again.Version != p.Version {
		t.Errorf("publishing a published post makes version %d, want it to stay %d", again.Version, p.Version)
	}
}

func revise(t *testing.T, s *world.Site) {
	p := s.Publish("Fog at sea", "The first text.", "Weather")
	before := s.Shows(p.Page(), "The first text.").Header.Get("Etag")
	home := s.Shows("/", "Fog at sea").Header.Get("Etag")
	p = s.As("editor").Patch(p, world.M{"body": "The second text."})
	after := s.Shows(p.Page(), "The second text.")
	if tag := after.Header.Get("Etag"); tag == before || tag == "" {
		t.Errorf("the ETag of a revised page is %q, before it was %q", tag, before)
	}
	if strings.Contains(after.Text(), "The first text.") {
		t.Error("the revised page still has the old text")
	}
	p = s.As("editor").Patch(p, world.M{"title": "Sunshine at sea", "tags": []string{"Summer"}})
	s.Shows("/", "Sunshine at sea")
	s.Shows("/feed.xml", "Sunshine at sea")
	s.Shows("/tags/summer", "Sunshine at sea")
	s.Turns("/tags/weather", http.StatusNotFound)
	s.Lacks("/tags", "Weather")
	if tag := s.Shows("/", "Sunshine at sea").Header.Get("Etag"); tag == home {
		t.Error("the home page shows another title with the same ETag")
	}
	same := s.As("editor").Patch(p, world.M{"title": p.Title})
	if same.Version != p.Version {
		t.Errorf("a change that changes nothing makes version %d, want %d", same.Version, p.Version)
	}
}

// unrelated pages keep their ETag and stay in the cache when a post changes.
func unrelated(t *testing.T, s *world.Site) {
	other := s.Publish("Still waters", "They run deep.", "Quiet")
	p := s.Create(world.M{"title": "Rapids", "body": "The first text.", "excerpt": "They rush.", "tags": []string{"Loud"}, "status": "published"})
	// Both posts are everywhere, tags included, before anything is remembered.
	for _, path := range []string{"/", "/tags"} {
		s.Shows(path, "/tags/loud")
		s.Shows(path, "/tags/quiet")
	}
	s.Shows("/tags/loud", "Rapids")
	s.Shows("/", "Rapids")
	s.Shows(p.Page(), "The first text.")
	paths := []string{other.Page(), "/tags/quiet", "/"}
	tags := make(map[string]string)
	round := 0
	// A page may show a change before the gateway has heard of it. What it hears
	// late spoils a round; if changes dropped more than they should, all rounds.
	world.Eventually(t, func() error {
		if err := fromMemory(s, paths, tags); err != nil {
			return err
		}
		round++
		text := fmt.Sprintf("Text number %d.", round)
		p = s.As("editor").Patch(p, world.M{"body": text})
		s.Shows(p.Page(), text)
		// What the notice dropped it has dropped by now: these are the same pages from memory.
		after := make(map[string]string)
		err := fromMemory(s, paths, after)
		if diff := cmp.Diff(tags, after); diff != "" {
			t.Errorf("ETags after another post changed (-before +after):\n%s", diff)
		}
		return err
	})
}

// fromMemory reads pages, notes their ETags, and tells which were not in memory.
func fromMemory(s *world.Site, paths []string, tags map[string]string) (err error) {
	misses := func() float64 {
		const requests = "parution_gateway_cache_requests_total"
		return s.Metric(s.Front(), requests) - s.Metric(s.Front(), requests, `result="hit"`)
	}
	for _, path := range paths {
		before := misses()
		tags[path] = s.Anyone().Get(path).Header.Get("Etag")
		if misses() != before {
			err = errors.Join(err, fmt.Errorf("%s was not served from memory", path))
		}
	}
	return err
}

func move(t *testing.T, s *world.Site) {
	p := s.Publish("Old name", "Same text.", "Roads")
	s.Shows(p.Page(), "Same text.")
	old := p
	p = s.As("editor").Patch(p, world.M{"slug": "new-name"})
	a := s.Turns(old.Page(), http.StatusMovedPermanently)
	if to := a.Header.Get("Location"); to != "/posts/new-name" {
		t.Errorf("the old slug leads to %q, want /posts/new-name", to)
	}
	s.Shows("/posts/new-name", "Same text.")
	for _, path := range []string{"/", "/tags/roads", "/feed.xml"} {
		s.Shows(path, "/posts/new-name")
	}
	var got world.Post
	s.Anyone().Want(http.StatusOK, http.MethodGet, "/api/v1/posts/slug/"+old.Slug, nil, &got)
	if got.ID != p.ID || got.Slug != "new-name" {
		t.Errorf("the old slug finds %s with slug %s, want %s with new-name", got.ID, got.Slug, p.ID)
	}
	// The slug is free for nobody else as long as it leads somewhere, and comes back to its post.
	s.As("editor").Patch(p, world.M{"slug": old.Slug})
	s.Shows(old.Page(), "Same text.")
	if to := s.Turns("/posts/new-name", http.StatusMovedPermanently).Header.Get("Location"); to != old.Page() {
		t.Errorf("the former slug leads to %q, want %q", to, old.Page())
	}
}

// gone checks that nothing shows p any more.
func gone(t *testing.T, s *world.Site, p world.Post) {
	t.Helper()
	a := s.Turns(p.Page(), http.StatusGone)
	if strings.Contains(a.Text(), p.Body) {
		t.Errorf("the page of a post that is gone holds its text")
	}
	for _, path := range []string{"/", "/feed.xml", "/api/v1/posts", "/api/v1/tags", "/tags"} {
		s.Lacks(path, p.Slug)
		s.Lacks(path, p.Tags[0])
	}
	s.Turns("/tags/"+strings.ToLower(p.Tags[0]), http.StatusNotFound)
	reader := s.Anyone()
	for _, path := range []string{p.API(), "/api/v1/posts/slug/" + p.Slug, "/api/v1/tags/" + strings.ToLower(p.Tags[0])} {
		if a := reader.Get(path); a.Status != http.StatusNotFound {
			t.Errorf("GET %s without a token = %d, want 404", path, a.Status)
		}
	}
}

func withdraw(t *testing.T, s *world.Site) {
	p := s.Publish("Unripe", "It was too early.", "Haste")
	for _, path := range []string{"/", "/tags/haste", "/feed.xml"} {
		s.Shows(path, p.Slug)
	}
	s.Shows(p.Page(), "It was too early.")
	w := s.As("editor").Act(p, "withdraw")
	if w.Status != "withdrawn" || w.Version != p.Version+1 {
		t.Errorf("withdrawn: %s at version %d, want withdrawn at %d", w.Status, w.Version, p.Version+1)
	}
	gone(t, s, p)
	s.As("editor").Want(http.StatusOK, http.MethodGet, p.API(), nil, nil)
	s.As("editor").Act(p, "publish")
	s.Shows(p.Page(), "It was too early.")
	for _, path := range []string{"/", "/tags/haste", "/feed.xml"} {
		s.Shows(path, p.Slug)
	}
}

func remove(t *testing.T, s *world.Site) {
	p := s.Publish("Regrets", "Never mind.", "Remorse")
	s.Shows("/tags/remorse", p.Slug)
	s.Shows(p.Page(), "Never mind.")
	var out struct {
		ID      string `json:"id"`
		Version int    `json:"version"`
	}
	s.As("editor").Want(http.StatusOK, http.MethodDelete, p.API(), nil, &out)
	if out.ID != p.ID || out.Version != p.Version+1 {
		t.Errorf("the deletion answers %+v, want %s at version %d", out, p.ID, p.Version+1)
	}
	gone(t, s, p)
	for _, c := range []struct{ method, path string }{
		{http.MethodGet, p.API()}, {http.MethodDelete, p.API()}, {http.MethodPost, p.API() + ":publish"}, {http.MethodGet, p.API() + "/revisions"},
	} {
		if a := s.As("editor").Send(c.method, c.path, nil); a.Status != http.StatusNotFound {
			t.Errorf("%s %s of a deleted post = %d, want 404", c.method, c.path, a.Status)
		}
	}
}

// draft is visible nowhere, whatever happens around it.
func draft(t *testing.T, s *world.Site) {
	p := s.Create(world.M{"title": "Secret plans", "body": "Hush.", "tags": []string{"Shared", "Hidden"}, "featured": true, "slug": "secret-plans", "aliases": []string{"/old/secret.html"}})
	p = s.As("editor").Patch(p, world.M{"excerpt": "Hush, hush."})
	// A notice after the draft's own: once this one shows, the draft's was worked on.
	s.Publish("Public plans", "Listen.", "Shared")
	s.Shows("/", "Public plans")
	s.Shows("/tags/shared", "Public plans")
	reader := s.Anyone()
	for _, path := range []string{"/", "/tags", "/tags/shared", "/feed.xml", "/tags/shared/feed.xml", "/api/v1/posts", "/api/v1/posts?featured=true", "/api/v1/tags", "/api/v1/tags/shared/posts"} {
		a := reader.Get(path)
		for _, secret := range []string{"Secret plans", "secret-plans", "Hush", "Hidden"} {
			if strings.Contains(a.Text(), secret) {
				t.Errorf("GET %s tells %q of a draft", path, secret)
			}
		}
	}
	for _, path := range []string{p.Page(), "/old/secret.html", "/tags/hidden", p.API(), "/api/v1/posts/slug/secret-plans", "/api/v1/tags/hidden"} {
		if a := reader.Get(path); a.Status != http.StatusNotFound || strings.Contains(a.Text(), "Secret plans") {
			t.Errorf("GET %s of a draft = %d, want 404", path, a.Status)
		}
	}
	for _, path := range []string{"/api/v1/posts?status=draft", p.API() + "/revisions"} {
		if a := reader.Get(path); a.Status != http.StatusUnauthorized {
			t.Errorf("GET %s without a token = %d, want 401", path, a.Status)
		}
	}
	if tag := s.Shows("/api/v1/tags/shared", `"count":1`); tag.Status != http.StatusOK {
		t.Errorf("a draft counts for its tag: %s", tag.Body)
	}
	if got := s.As("author").List("status=draft", 10); len(got) != 1 || got[0].ID != p.ID {
		t.Errorf("a token lists %d drafts, want the one", len(got))
	}
	s.As("editor").Act(p, "publish")
	s.Shows("/tags/hidden", "Secret plans")
	if to := s.Turns("/old/secret.html", http.StatusMovedPermanently).Header.Get("Location"); to != p.Page() {
		t.Errorf("the alias leads to %q, want %q", to, p.Page())
	}
}

func alias(t *testing.T, s *world.Site) {
	p := s.Create(world.M{"title": "Moved here", "body": "At last.", "aliases": []string{"/2019/05/moved here.html", "/été/"}, "status": "published"})
	s.Shows(p.Page(), "At last.")
	for _, path := range []string{"/2019/05/moved%20here.html", "/%C3%A9t%C3%A9"} {
		if to := s.Turns(path, http.StatusMovedPermanently).Header.Get("Location"); to != p.Page() {
			t.Errorf("GET %s leads to %q, want %q", path, to, p.Page())
		}
	}
	s.As("editor").Act(p, "withdraw")
	s.Turns("/2019/05/moved%20here.html", http.StatusGone)
}

func tags(t *testing.T, s *world.Site) {
	both := s.Publish("Both", "…", "Éclair", "Straße")
	one := s.Publish("Only one", "…", "éclair")
	s.Shows("/tags/eclair", both.Slug)
	s.Shows("/tags/eclair", one.Slug)
	s.Shows("/tags/eclair+strasse", both.Slug)
	s.Lacks("/tags/eclair+strasse", one.Slug)
	for _, other := range []string{"/tags/strasse+eclair", "/tags/eclair+eclair+strasse", "/tags/%C3%89clair+strasse"} {
		if to := s.Turns(other, http.StatusMovedPermanently).Header.Get("Location"); to != "/tags/eclair+strasse" {
			t.Errorf("GET %s leads to %q, want /tags/eclair+strasse", other, to)
		}
	}
	s.Shows("/api/v1/tags/eclair+strasse/posts", `"total":1`)
	s.Shows("/api/v1/tags/eclair", `"count":2`)
	if a := s.Anyone().Get("/tags/nothing"); a.Status != http.StatusNotFound {
		t.Errorf("GET /tags/nothing = %d, want 404", a.Status)
	}
	for i := range 12 {
		s.Publish(fmt.Sprintf("Many %02d", i), "…", "Many")
	}
	s.Shows("/api/v1/tags/many", `"count":12`)
	var titles []string
	for i := range 12 {
		titles = append(titles, fmt.Sprintf("Many %02d", i))
	}
	onOnePage(t, s, titles, "/tags/many", "/tags/many?page=2")
	s.Turns("/tags/many?page=3", http.StatusNotFound)
}

func featured(t *testing.T, s *world.Site) {
	p := s.Create(world.M{"title": "Look here", "body": "…", "featured": true, "status": "published"})
	s.Shows("/api/v1/posts?featured=true", p.Slug)
	section := func(text string) string {
		_, after, _ := strings.Cut(text, `id="featured"`)
		return after
	}
	world.Eventually(t, func() error {
		if a := s.Anyone().Get("/"); !strings.Contains(section(a.Text()), "Look here") {
			return fmt.Errorf("the home page does not feature the post")
		}
		return nil
	})
	s.As("editor").Patch(p, world.M{"featured": false})
	s.Lacks("/", `id="featured"`)
	s.Shows("/", "Look here")
}

// onOnePage waits until each text is on one of the pages and on no other: pages
// follow posts one by one, and each page by itself.
func onOnePage(t *testing.T, s *world.Site, texts []string, paths ...string) {
	t.Helper()
	world.Eventually(t, func() error {
		var pages []string
		for _, path := range paths {
			pages = append(pages, s.Anyone().Get(path).Text())
		}
		for _, text := range texts {
			n := 0
			for _, page := range pages {
				if strings.Contains(page, text) {
					n++
				}
			}
			if n != 1 {
				return fmt.Errorf("%q is on %d of the pages %q, want 1", text, n, paths)
			}
		}
		return nil
	})
}

func pager(t *testing.T, s *world.Site) {
	var links []string
	for i := range 23 {
		links = append(links, `href="`+s.Publish(fmt.Sprintf("Post number %02d", i), "…").Page()+`"`)
	}
	onOnePage(t, s, links, "/", "/page/2", "/page/3")
	s.Shows("/page/3", "Post number 00")
	s.Shows("/page/2", "Post number 12")
	s.Shows("/", "Post number 22")
	s.Turns("/page/4", http.StatusNotFound)
	if to := s.Turns("/page/1", http.StatusMovedPermanently).Header.Get("Location"); to != "/" {
		t.Errorf("/page/1 leads to %q, want /", to)
	}
	for _, path := range []string{"/page/0", "/page/-1", "/page/02", "/page/x", "/page/99999999999999999999"} {
		if a := s.Anyone().Get(path); a.Status != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, a.Status)
		}
	}
}
