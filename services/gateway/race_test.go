package gateway_test

import (
	"fmt"
	"net/http"
	"testing"

	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
)

// hold makes render take its time from now on: it sends one element for each
// question that it has, and answers what it knew then once release is called.
func (f *front) hold() (entered <-chan struct{}, release func()) {
	gate, in := make(chan struct{}), make(chan struct{})
	f.mu.Lock()
	f.gate, f.entered = gate, in
	f.mu.Unlock()
	return in, func() {
		f.mu.Lock()
		f.gate = nil
		f.mu.Unlock()
		close(gate)
	}
}

// awaitHeard returns once the gateway has heard what posts told before: render's
// and posts' notices are heard in the order in which they come.
func (f *front) awaitHeard(t testing.TB, pos int64) {
	t.Helper()
	asked := f.times("/heard")
	f.tell(t, pos, "heard")
	f.until(t, "/heard", func(answer) bool { return f.times("/heard") > asked })
}

func TestAPostWithdrawnWhileItsPageIsFilledIsNeverServed(t *testing.T) {
	t.Parallel()
	gone := &renderv1.GetPageResponse{Status: http.StatusGone, ContentType: "text/html; charset=utf-8", Body: []byte("gone"), Keys: []string{"path:/posts/p"}}
	for _, who := range []string{"posts", "render"} {
		for name, after := range map[string]func(*front){
			"render knows": func(f *front) { f.put("/posts/p", gone); f.press("main", "/", "without", "posts") },
			"render knows if it must": func(f *front) {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.sure["main/posts/p"] = gone
				f.sure["main/"] = &renderv1.GetPageResponse{Status: http.StatusOK, ContentType: "text/html", Body: []byte("without"), Keys: []string{"posts"}}
			},
			"render does not know": func(*front) {},
			"render fails":         func(f *front) { f.setDown(true) },
		} {
			t.Run(fmt.Sprintf("%s tells, %s", who, name), func(t *testing.T) {
				t.Parallel()
				forceRace(t, who, after)
			})
		}
	}
}

// forceRace withdraws a post while two pages that show it are filled for four
// readers.
func forceRace(t *testing.T, who string, after func(*front)) {
	t.Helper()
	f := start(t)
	f.press("main", "/posts/p", "SECRET", "post:p", "card:p", "site")
	f.press("main", "/", "SECRET too", "card:p", "posts", "site")
	f.press("main", "/heard", "marker", "heard")
	f.get(t, "/heard")
	entered, release := f.hold()
	answers := make(chan answer, 4)
	for range 2 {
		go func() { answers <- f.get(t, "/posts/p") }()
		go func() { answers <- f.get(t, "/") }()
	}
	<-entered
	<-entered
	if who == "posts" {
		f.withdraw(t, 1, "p", 2)
	} else {
		f.tellOf(t.Context(), t, 1, &renderv1.PostVersion{Id: "p", Epoch: 1, Version: 2, Gone: true}, "post:p", "card:p", "posts", "path:/posts/p")
	}
	f.mu.Lock()
	gate, in := f.gate, f.entered
	f.gate = nil
	f.mu.Unlock()
	f.awaitHeard(t, 2)
	f.mu.Lock()
	f.gate, f.entered = gate, in
	f.mu.Unlock()
	after(f)
	release()
	for range 4 {
		refuseSecret(t, <-answers)
	}
	for range 3 {
		for _, path := range []string{"/posts/p", "/"} {
			refuseSecret(t, f.get(t, path))
		}
	}
}

func refuseSecret(t *testing.T, got answer) {
	t.Helper()
	switch {
	case got.status == http.StatusGone, got.status == http.StatusServiceUnavailable:
	case got.status == http.StatusOK && got.body == "without":
	default:
		t.Errorf("answered %d %q, which shows what is gone", got.status, got.body)
	}
}
