package gateway_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
)

// lastWanted is what render was last asked to show.
func (f *front) lastWanted() []*renderv1.PostVersion {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wanted[len(f.wanted)-1]
}

func TestWhoWroteSeesIt(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/posts/p", "old", "post:p1")
	f.get(t, "/posts/p")
	wrote := f.call(t, http.MethodPost, "/api/v1/posts", `{"title":"A"}`, token("author")).header.Get("Parution-Version")
	if wrote != "p1@1" {
		t.Fatalf("Parution-Version = %q, want p1@1", wrote)
	}
	f.press("main", "/posts/p", "new", "post:p1")
	f.mu.Lock()
	f.sure["main/posts/p"] = f.pages["main/posts/p"]
	f.mu.Unlock()
	if got := f.get(t, "/posts/p"); got.body != "old" {
		t.Fatalf("whoever did not write gets %q, want the page that is here", got.body)
	}
	got := f.get(t, "/posts/p", with("Parution-At-Least", wrote))
	if got.body != "new" || got.header.Get("Cache-Control") != "private, no-cache" || got.header.Get("Etag") == "" {
		t.Errorf("who wrote gets %q %v, want the new page, kept by nobody", got.body, got.header)
	}
	if diff := cmp.Diff([]*renderv1.PostVersion{{Id: "p1", Version: 1}}, f.lastWanted(), protocmp.Transform()); diff != "" {
		t.Errorf("render was asked for (-want +got):\n%s", diff)
	}
	if got := f.get(t, "/posts/p"); got.body != "new" || got.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("all others get %q %v, want the new page", got.body, got.header)
	}
	f.tellOf(t.Context(), t, 1, &renderv1.PostVersion{Id: "p1", Epoch: 1, Version: 1}, "post:p1")
	f.until(t, "/posts/p", func(answer) bool { return f.times("/posts/p") > 2 })
	asked := f.times("/posts/p")
	if got := f.get(t, "/posts/p", with("Parution-At-Least", wrote)); got.body != "new" || f.times("/posts/p") != asked {
		t.Errorf("once render told: %q, asked %d times more, want it from memory", got.body, f.times("/posts/p")-asked)
	}
	f.setDown(true)
	if got := f.get(t, "/posts/p", with("Parution-At-Least", "p1@2")); got.status != http.StatusServiceUnavailable {
		t.Errorf("a version that nobody can show = %d %q, want 503", got.status, got.body)
	}
}

func TestAtLeastThatCannotBeReadIsAProblem(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.press("main", "/", "home", "posts")
	f.get(t, "/")
	got := f.get(t, "/", with("Parution-At-Least", "p1"))
	if p := got.problem(t); got.status != http.StatusBadRequest || len(p.Errors) != 1 || p.Errors[0].Field != "Parution-At-Least" {
		t.Errorf("%d %+v, want 400 that names the field", got.status, p)
	}
}

func TestEveryWriteOfAPostTellsItsVersion(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.call(t, http.MethodPost, "/api/v1/posts", `{"title":"A"}`, token("author"))
	for _, c := range []struct{ method, path, body, want string }{
		{http.MethodPost, "/api/v1/posts/p1:publish", "{}", "p1@2"},
		{http.MethodDelete, "/api/v1/posts/p1", "", "p1@3"},
		{http.MethodGet, "/api/v1/posts/p1", "", ""},
	} {
		if got := f.call(t, c.method, c.path, c.body, token("author")); got.status != http.StatusOK || got.header.Get("Parution-Version") != c.want {
			t.Errorf("%s %s = %d, Parution-Version %q, want %q", c.method, c.path, got.status, got.header.Get("Parution-Version"), c.want)
		}
	}
}
