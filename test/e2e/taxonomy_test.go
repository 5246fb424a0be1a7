package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/parution/parution/test/world"
)

// operation is what was done to tags, as the API tells it.
type operation struct {
	ID    string   `json:"id"`
	Kind  string   `json:"kind"`
	State string   `json:"state"`
	Into  []string `json:"into"`
	Posts int      `json:"posts"`
	Done  int      `json:"posts_done"`
}

const operationsPath = "/api/v1/tag-operations/"

// operate changes tags as an editor and waits until posts have followed.
func operate(t *testing.T, s *world.Site, path string, in any) operation {
	t.Helper()
	var op operation
	s.As("editor").Want(http.StatusOK, http.MethodPost, path, in, &op)
	return followed(t, s, op)
}

func followed(t *testing.T, s *world.Site, op operation) operation {
	t.Helper()
	if op.ID == "" || op.State == "" {
		t.Fatalf("the operation is %+v", op)
	}
	world.Eventually(t, func() error {
		s.As("editor").Want(http.StatusOK, http.MethodGet, operationsPath+op.ID, nil, &op)
		if op.State == "running" {
			return fmt.Errorf("%s %s: %d of %d posts have followed", op.Kind, op.ID, op.Done, op.Posts)
		}
		return nil
	})
	return op
}

// describeTag changes fields of a tag on its present version.
func describeTag(t *testing.T, s *world.Site, slug string, fields world.M) {
	t.Helper()
	var op operation
	path := "/api/v1/tags/" + slug
	version := s.As("editor").Get(path).Header.Get("Etag")
	s.As("editor").With("If-Match", version).Want(http.StatusOK, http.MethodPatch, path, fields, &op)
	followed(t, s, op)
}

// leads waits until an address redirects to another for good, with its feeds.
func leads(t *testing.T, s *world.Site, from, to string) {
	t.Helper()
	for _, end := range []string{"", "/feed.xml", "/atom.xml", "/feed.json"} {
		world.Eventually(t, func() error {
			a := s.Anyone().Get(from + end)
			if a.Status != http.StatusMovedPermanently || a.Header.Get("Location") != to+end {
				return fmt.Errorf("GET %s = %d to %q, want 301 to %s", from+end, a.Status, a.Header.Get("Location"), to+end)
			}
			return nil
		})
	}
}

// carries waits until a post has these tags for readers.
func carries(t *testing.T, s *world.Site, p world.Post, tags ...string) {
	t.Helper()
	world.Eventually(t, func() error {
		var got world.Post
		s.Anyone().Want(http.StatusOK, http.MethodGet, p.API(), nil, &got)
		if !slices.Equal(got.Tags, tags) {
			return fmt.Errorf("%s carries %q, want %q", p.Slug, got.Tags, tags)
		}
		return nil
	})
}

// counts waits until so many posts are found under a tag: by its count, in its
// list, and by a search.
func counts(t *testing.T, s *world.Site, slug string, want int) {
	t.Helper()
	s.Shows("/api/v1/tags/"+slug, fmt.Sprintf(`"count":%d,`, want))
	s.Shows("/api/v1/tags/"+slug+"/posts", fmt.Sprintf(`"total":%d,`, want))
	s.Shows("/api/v1/search?tag="+slug, fmt.Sprintf(`"total":%d,`, want))
}

// renamed: one command, and everything that shows the tag follows.
func renamed(t *testing.T, s *world.Site) {
	a, b := s.Publish("First ride", "…", "Vélo", "Paris"), s.Publish("Second ride", "…", "Vélo")
	draft := s.Create(world.M{"title": "Third ride", "body": "…", "tags": []string{"Vélo"}})
	s.Shows("/tags/velo", a.Slug)
	s.Shows("/tags/velo/feed.xml", b.Slug)
	s.Shows(a.Page(), "Vélo")
	op := operate(t, s, "/api/v1/tags/velo:rename", world.M{"name": "Bicyclette"})
	if op.Kind != "renamed" || op.Posts != 2 || op.Done != 2 || !slices.Equal(op.Into, []string{"bicyclette"}) {
		t.Errorf("the operation is %+v", op)
	}
	leads(t, s, "/tags/velo", "/tags/bicyclette")
	s.Shows("/tags/bicyclette", a.Slug)
	for _, path := range []string{"/tags/bicyclette", a.Page(), "/tags", "/tags/bicyclette/feed.xml"} {
		s.Shows(path, "Bicyclette")
		s.Lacks(path, "Vélo")
	}
	counts(t, s, "bicyclette", 2)
	s.Shows("/api/v1/tags/velo", `"slug":"bicyclette"`)
	carries(t, s, a, "Bicyclette", "Paris")
	for _, tag := range []string{"bicyclette", "velo", "Vélo"} {
		world.Eventually(t, func() error {
			if got := s.Anyone().List("tag="+url.QueryEscape(tag), 10); len(got) != 2 {
				return fmt.Errorf("tag=%s lists %s", tag, titles(got))
			}
			return nil
		})
	}
	var kept world.Post
	s.As("editor").Want(http.StatusOK, http.MethodGet, draft.API(), nil, &kept)
	if !slices.Equal(kept.Tags, []string{"Vélo"}) {
		t.Errorf("the draft has the tags %q, want its author's words", kept.Tags)
	}
	s.As("editor").Act(draft, "publish")
	counts(t, s, "bicyclette", 3)
	operate(t, s, operationsPath+op.ID+":undo", world.M{})
	leads(t, s, "/tags/bicyclette", "/tags/velo")
	counts(t, s, "velo", 3)
	carries(t, s, a, "Vélo", "Paris")
	s.Shows(a.Page(), "Vélo")
}

// merged: of two tags one, now and later, and two again.
func merged(t *testing.T, s *world.Site) {
	a, b, both := s.Publish("Ink", "…", "Encre"), s.Publish("Tint", "…", "Teinte"), s.Publish("Both", "…", "Encre", "Teinte")
	counts(t, s, "encre", 2)
	counts(t, s, "teinte", 2)
	op := operate(t, s, "/api/v1/tags/teinte:merge", world.M{"into": "encre"})
	leads(t, s, "/tags/teinte", "/tags/encre")
	counts(t, s, "encre", 3)
	carries(t, s, both, "Encre")
	carries(t, s, b, "Encre")
	later := s.Publish("Later", "…", "teinte")
	counts(t, s, "encre", 4)
	carries(t, s, later, "Encre")
	for _, p := range []world.Post{a, b, both, later} {
		s.Shows("/tags/encre", p.Slug)
	}
	if a := s.As("editor").Send(http.MethodPost, "/api/v1/tags/encre:merge", world.M{"into": "nothing"}); a.Status != http.StatusUnprocessableEntity && a.Status != http.StatusNotFound {
		t.Errorf("a merge into nothing = %d: %s", a.Status, a.Body)
	}
	operate(t, s, operationsPath+op.ID+":undo", world.M{})
	counts(t, s, "teinte", 3)
	counts(t, s, "encre", 2)
	carries(t, s, both, "Encre", "Teinte")
	s.Shows("/tags/teinte", later.Slug)
	if a := s.As("editor").Send(http.MethodPost, operationsPath+op.ID+":undo", world.M{}); a.Status != http.StatusConflict && a.Status != http.StatusUnprocessableEntity {
		t.Errorf("undoing twice = %d: %s", a.Status, a.Body)
	}
}

func slugs(list []world.Post) (out []string) {
	for _, p := range list {
		out = append(out, p.Slug)
	}
	return out
}

// split: of one tag several, by what posts say.
func split(t *testing.T, s *world.Site) {
	rails := []world.Post{s.Publish("Night train", "The train leaves at eight.", "Transport"), s.Publish("Day train", "A train by day.", "Transport")}
	road, neither := s.Publish("Road", "The road is long.", "Transport"), s.Publish("Neither", "By boat.", "Transport")
	counts(t, s, "transport", 4)
	s.Shows("/api/v1/search?q=train+tag:transport", `"total":2,`)
	op := operate(t, s, "/api/v1/tags/transport:split", world.M{"parts": []world.M{
		{"name": "Rail", "q": "train"}, {"name": "Roads", "posts": []string{road.ID}},
	}})
	counts(t, s, "rail", 2)
	counts(t, s, "roads", 1)
	counts(t, s, "transport", 1)
	for _, p := range rails {
		carries(t, s, p, "Rail")
		s.Shows("/tags/rail", p.Slug)
	}
	// The list of posts agrees with the tags that posts show, page by page: none of these
	// has the word Rail.
	listed := func(tag string, want ...string) {
		t.Helper()
		for _, who := range []*world.Client{s.Anyone(), s.As("editor")} {
			if got := who.List("tag="+tag, 1); !slices.Equal(slugs(got), want) {
				t.Errorf("tag=%s lists %s, want %s", tag, slugs(got), want)
			}
		}
	}
	listed("rail", rails[1].Slug, rails[0].Slug)
	listed("roads", road.Slug)
	listed("transport", neither.Slug)
	carries(t, s, neither, "Transport")
	s.Lacks("/tags/transport", rails[0].Slug)
	operate(t, s, operationsPath+op.ID+":undo", world.M{})
	counts(t, s, "transport", 4)
	carries(t, s, rails[0], "Transport")
	listed("transport", neither.Slug, road.Slug, rails[1].Slug, rails[0].Slug)
	listed("rail")
	s.Turns("/tags/rail", http.StatusNotFound)
}

// hierarchy: a post is found under the tags above its own.
func hierarchy(t *testing.T, s *world.Site) {
	below, above := s.Publish("Tram lines", "…", "Transport"), s.Publish("A call for bids", "…", "Marchés publics")
	s.Shows("/api/v1/tags/transport", `"count":1,`)
	s.Shows("/api/v1/tags/marches-publics", `"count":1,`)
	describeTag(t, s, "transport", world.M{"parent": "marches-publics", "description": "Trams and *trains*.", "names": world.M{"fr": "Transports"}})
	counts(t, s, "marches-publics", 2)
	counts(t, s, "transport", 1)
	s.Shows("/tags/marches-publics", below.Slug)
	s.Shows("/tags/marches-publics/feed.xml", below.Slug)
	s.Shows("/tags/transport", "<em>trains</em>")
	s.Shows("/tags/transport", "/tags/marches-publics")
	s.Lacks("/tags/transport", above.Slug)
	carries(t, s, below, "Transport")
	if got := s.Anyone().List("tag=marches-publics", 10); len(got) != 2 {
		t.Errorf("tag=marches-publics lists %s, want both", titles(got))
	}
	french := s.Create(world.M{"title": "Les tramways", "body": "…", "language": "fr", "tags": []string{"Transport"}, "status": "published"})
	carries(t, s, french, "Transports")
	s.Shows(french.Page(), "Transports")
	path := "/api/v1/tags/marches-publics"
	version := s.As("editor").Get(path).Header.Get("Etag")
	circle := s.As("editor").With("If-Match", version).Send(http.MethodPatch, path, world.M{"parent": "transport"})
	if circle.Status != http.StatusUnprocessableEntity || !slices.Contains(circle.Problem().Fields(), "parent") {
		t.Errorf("a circle = %d: %s", circle.Status, circle.Body)
	}
}

// internal tags are on nothing that readers see.
func internal(t *testing.T, s *world.Site) {
	p := s.Publish("A quiet post", "Nothing in it.", "Visible", "#kryptonym")
	q := s.Publish("Another quiet post", "Nothing in it either.", "Visible", "Schattenwort")
	s.Shows("/tags/visible", q.Slug)
	s.Shows("/tags/schattenwort", q.Slug)
	describeTag(t, s, "schattenwort", world.M{"internal": true})
	s.Turns("/tags/schattenwort", http.StatusNotFound)
	s.Lacks(q.Page(), "chattenwort")
	s.Lacks("/tags", "chattenwort")
	s.Shows("/search?tag=visible", p.Slug)
	for _, path := range []string{
		"/", p.Page(), q.Page(), "/tags", "/tags/visible", "/tags/visible/feed.xml", "/tags/visible/atom.xml", "/tags/visible/feed.json", "/feed.xml", "/atom.xml",
		"/feed.json", "/archive", "/sitemap.xml", "/search", "/search?tag=visible", "/search?q=quiet", "/nothing-there",
		"/api/v1/tags", "/api/v1/tags?prefix=k", "/api/v1/tags/visible", "/api/v1/tags/visible/posts", "/api/v1/posts", "/api/v1/posts?tag=visible", p.API(), q.API(),
		"/api/v1/posts/slug/" + p.Slug, p.API() + "/related", q.API() + "/related", "/api/v1/search?q=quiet", "/api/v1/search?tag=visible",
		"/api/v1/search:suggest?q=k", "/api/v1/search:suggest?q=scha", "/api/v1/changes", "/api/v1/changes?page_size=1000",
	} {
		world.Eventually(t, func() error { // what was public a moment ago is dropped in a moment
			a := s.Anyone().Get(path)
			if a.Status >= http.StatusInternalServerError || strings.Contains(strings.ToLower(a.Text()), "kryptonym") || strings.Contains(strings.ToLower(a.Text()), "chattenwort") {
				return fmt.Errorf("GET %s = %d tells of an internal tag: %.400s", path, a.Status, a.Body)
			}
			return nil
		})
	}
	for _, path := range []string{"/tags/kryptonym", "/tags/schattenwort", "/tags/kryptonym+visible", "/tags/schattenwort+visible", "/tags/kryptonym/feed.xml", "/api/v1/tags/kryptonym", "/api/v1/tags/schattenwort"} {
		if a := s.Anyone().Get(path); a.Status != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, a.Status)
		}
	}
	for _, query := range []string{"tag=kryptonym", "tag=schattenwort", "any=schattenwort", "q=kryptonym", "q=schattenwort", "q=tag:schattenwort", "q=tag:kryptonym", "q=quiet&tag=kryptonym"} {
		s.Shows("/api/v1/search?"+query, `"total":0,`)
	}
	s.Shows("/api/v1/search?q=quiet&not=schattenwort", `"total":2,`) // leaving out must not tell either
	for _, tag := range []string{"kryptonym", "schattenwort", "%23kryptonym"} {
		if got := s.Anyone().List("tag="+tag, 10); len(got) != 0 {
			t.Errorf("readers list %s by %s", titles(got), tag)
		}
	}
	if a := s.As("editor").Get("/api/v1/tags/schattenwort"); a.Status != http.StatusOK || !strings.Contains(a.Text(), `"internal":true`) {
		t.Errorf("an editor gets %d: %s", a.Status, a.Body)
	}
	var seen world.Post
	s.As("editor").Want(http.StatusOK, http.MethodGet, p.API(), nil, &seen)
	if !slices.Contains(seen.Tags, "#kryptonym") {
		t.Errorf("an editor sees the tags %q", seen.Tags)
	}
}

// foundAtOnce: who has published a post finds it with the first question.
func foundAtOnce(t *testing.T, s *world.Site) {
	s.Publish("Before", "Something to search in.", "Old")
	s.Shows("/search?q=before", "Before")
	s.Shows("/tags/old", "Before")
	for n := range 5 {
		word := fmt.Sprintf("zeppelin%c", 'a'+n)
		p := s.Publish("Over "+word, "An airship.", "New "+word)
		version := fmt.Sprintf("%s@%d", p.ID, p.Version)
		var found struct {
			Total int
			Posts []struct{ ID string }
		}
		s.Anyone().Want(http.StatusOK, http.MethodGet, "/api/v1/search?q="+word+"&at_least="+version, nil, &found)
		if found.Total != 1 || found.Posts[0].ID != p.ID {
			t.Errorf("GET /api/v1/search?q=%s&at_least=%s finds %+v", word, version, found)
		}
		reader := s.Anyone().With("Parution-At-Least", version)
		for _, path := range []string{"/search?q=" + word, "/tags/new-" + word, "/tags/new-" + word + "/feed.xml"} {
			if a := reader.Get(path); a.Status != http.StatusOK || !strings.Contains(a.Text(), p.Slug) {
				t.Errorf("GET %s at least %s = %d without the post", path, version, a.Status)
			}
		}
	}
}

// badQuestions are answered with a message or with nothing, and never with a 5xx.
func badQuestions(t *testing.T, s *world.Site) {
	s.Publish("Calm sea", "A calm sea.", "Calm")
	s.Shows("/search?q=calm", "/posts/calm-sea")
	words := make([]string, 1000)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", i)
	}
	for name, query := range map[string]string{
		"an open quote": "q=" + url.QueryEscape(`"calm sea`), "quotes alone": "q=" + url.QueryEscape(`"""`), "10,000 characters": "q=" + strings.Repeat("x", 10000),
		"10,000 characters in words": "q=" + url.QueryEscape(strings.Repeat("calm ", 2000)), "1,000 terms": "q=" + url.QueryEscape(strings.Join(words, " ")),
		"1,000 terms of OR": "q=" + url.QueryEscape(strings.Join(words, " OR ")), "operators alone": "q=" + url.QueryEscape("OR AND NOT - OR"), "a minus": "q=-",
		"parentheses": "q=" + url.QueryEscape("((((((((calm"), "closing ones": "q=" + url.QueryEscape("calm))))"), "nested": "q=" + url.QueryEscape(strings.Repeat("(", 200)+"a"+strings.Repeat(")", 200)),
		"control characters": "q=%00%01%02calm%1b%5B31m", "a half rune": "q=%ff%fe", "a lonely surrogate": "q=%ED%A0%80", "an unknown tag": "q=tag:nothing", "an unknown tag as parameter": "tag=nothing",
		"an unknown field": "q=" + url.QueryEscape("colour:red"), "a bad date": "q=" + url.QueryEscape("avant:someday"), "a date that is none": "since=2020-13-45", "since and until crossed": "since=2021&until=2020",
		"contradiction": "q=" + url.QueryEscape("tag:calm -tag:calm"), "contradicting parameters": "tag=calm&not=calm", "11 tags": "tag=" + strings.Join(words[:11], "&tag="), "stars": "q=" + url.QueryEscape("* ** ?*~^"),
		"only stop words": "q=" + url.QueryEscape("the of and le la de"), "wild words": "q=" + url.QueryEscape("c* a* b* s*"), "far page": "q=calm&page=99999", "no page": "q=calm&page=-1", "a page of letters": "q=calm&page=abc",
		"emoji and right to left": "q=" + url.QueryEscape("🚲 שלום مرحبا"), "an unknown order": "q=calm&order=worst", "a bad author": "author=%00", "a bad language": "language=zz-zz-zz-zz", "a slug of dots": "tag=../../etc/passwd",
		"script": "q=" + url.QueryEscape(`<script>alert(1)</script>`), "SQL": "q=" + url.QueryEscape(`'; DROP TABLE entry; --`),
	} {
		for _, path := range []string{"/search?", "/api/v1/search?", "/api/v1/search:suggest?"} {
			a := s.Anyone().Get(path + query)
			if a.Status >= http.StatusInternalServerError {
				t.Errorf("%s: GET %.80s = %d: %.300s", name, path+query, a.Status, a.Body)
			}
			if path == "/search?" && a.Status == http.StatusOK {
				harmless(t, name, a.Body)
			}
		}
	}
	var problem struct {
		Errors []struct {
			Field, Code    string
			Offset, Length *int
		}
	}
	s.Anyone().Want(http.StatusUnprocessableEntity, http.MethodGet, "/api/v1/search?q="+url.QueryEscape(`sea "calm`), nil, &problem)
	if len(problem.Errors) != 1 || problem.Errors[0].Field != "q" || problem.Errors[0].Code != "unbalanced_quote" || problem.Errors[0].Offset == nil || *problem.Errors[0].Offset != 4 {
		t.Errorf("an open quote is told as %+v, want its place", problem.Errors)
	}
	s.Shows("/search?q=calm", "/posts/calm-sea")
}
