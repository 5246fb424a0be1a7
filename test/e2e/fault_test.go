package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parution/parution/test/world"
	"github.com/parution/parution/test/world/topology"
)

// Without its database a service waits and says so; it serves once the database is there.
func TestDatabaseDownAtStart(t *testing.T) {
	t.Parallel()
	w := world.Cluster(t, world.Options{Hold: []string{topology.Postgres}})
	for _, name := range []string{topology.Accounts, topology.Posts, topology.Tags, topology.Render} {
		world.Eventually(t, func() error { return waitsFor(w, name, "database") })
	}
	w.Start(topology.Postgres)
	w.AwaitReady()
	works(t, w, "after PostgreSQL")
}

// waitsFor tells whether a program is up, not ready, and names check as the reason.
func waitsFor(w *world.World, name, check string) error {
	if err := w.Ended(name); err != nil {
		return err
	}
	resp, err := http.Get(w.OpsURL(name) + "/readyz") //nolint:forbidigo // one request to a server of the test's own
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var report struct {
		Status string `json:"status"`
		Checks map[string]struct {
			OK     bool   `json:"ok"`
			Detail string `json:"detail"`
		} `json:"checks"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&report); err != nil {
		return fmt.Errorf("/readyz of %s: %w", name, err)
	}
	c, ok := report.Checks[check]
	if resp.StatusCode != http.StatusServiceUnavailable || !ok || c.OK || c.Detail == "" {
		return fmt.Errorf("/readyz of %s = %d %+v, want 503 with a reason for %q", name, resp.StatusCode, report, check)
	}
	alive, err := http.Get(w.OpsURL(name) + "/healthz") //nolint:forbidigo // one request to a server of the test's own
	if err != nil {
		return err
	}
	defer alive.Body.Close()
	if alive.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz of %s = %d while it waits, want 200", name, alive.StatusCode)
	}
	return nil
}

// works publishes a post and waits until it is everywhere.
func works(t *testing.T, w *world.World, title string) {
	t.Helper()
	p := w.Operator().Create(world.M{"title": title, "body": "x", "tags": []string{"Works"}, "status": "published"})
	shown(t, w, []world.Post{p})
}

// shown waits until every post is once on the list's pages, on its tag's page and on its own.
func shown(t *testing.T, w *world.World, posts []world.Post) {
	t.Helper()
	reader := w.Anyone()
	world.Eventually(t, func() error {
		if err := onePageEach(t, w, posts); err != nil {
			return err
		}
		for _, p := range posts {
			a, err := reader.Try(t.Context(), http.MethodGet, p.Page(), nil)
			if err != nil {
				return err
			}
			if a.Status != http.StatusOK || !strings.Contains(a.Text(), p.Title) {
				return fmt.Errorf("GET %s = %d without its title", p.Page(), a.Status)
			}
		}
		return tagged(t, w, posts)
	})
}

// tagged tells whether the index lists every post under its tag, once.
func tagged(t *testing.T, w *world.World, posts []world.Post) error {
	t.Helper()
	counts := make(map[string]int)
	for _, p := range posts {
		for _, tag := range p.Tags {
			counts[strings.ToLower(tag)]++
		}
	}
	for tag, want := range counts {
		a, err := w.Anyone().Try(t.Context(), http.MethodGet, "/api/v1/tags/"+tag, nil)
		if err != nil {
			return err
		}
		var got struct {
			Count int `json:"count"`
		}
		if err := json.Unmarshal(a.Body, &got); err != nil || got.Count != want {
			return fmt.Errorf("GET /api/v1/tags/%s = %d %s, want %d posts", tag, a.Status, a.Body, want)
		}
	}
	for tag := range counts {
		if a, err := w.Anyone().Try(t.Context(), http.MethodGet, "/tags/"+tag, nil); err != nil || a.Status != http.StatusOK {
			return fmt.Errorf("GET /tags/%s = %d: %w", tag, a.Status, err)
		}
	}
	return nil
}

// Without a broker everything is ready, writes are taken, and everything that
// follows comes over the owners' feeds; once it is there, over it.
func TestBrokerDownAtStart(t *testing.T) {
	t.Parallel()
	w := world.Cluster(t, world.Options{Hold: []string{topology.NATS}})
	w.AwaitReady()
	for _, name := range []string{topology.Posts, topology.Tags, topology.Render, topology.Gateway} {
		world.Eventually(t, func() error {
			if !strings.Contains(w.Log(name), "waiting for NATS") {
				return fmt.Errorf("the log of %s does not say that it waits for NATS", name)
			}
			return nil
		})
	}
	p := w.Operator().Create(world.M{"title": "Before NATS", "body": "x", "tags": []string{"Early"}, "status": "published"})
	gone := w.Operator().Create(world.M{"title": "Not for long", "body": "x", "tags": []string{"Early"}, "status": "published"})
	shown(t, w, []world.Post{p, gone})
	w.Operator().Act(gone, "withdraw")
	shown(t, w, []world.Post{p})
	w.Start(topology.NATS)
	last := w.Operator().Create(world.M{"title": "With NATS", "body": "x", "tags": []string{"Early"}, "status": "published"})
	shown(t, w, []world.Post{p, last})
}

// A broker that goes away while posts are published, in order or not, loses nothing.
func TestBrokerAway(t *testing.T) {
	t.Parallel()
	w := world.Cluster(t)
	var posts []world.Post
	publish := func(n int) {
		for range n {
			posts = append(posts, w.Operator().Create(world.M{
				"title": fmt.Sprintf("Post %d", len(posts)), "body": "x", "tags": []string{"Broker"}, "status": "published",
			}))
		}
	}
	publish(5)
	shown(t, w, posts)
	w.Stop(topology.NATS)
	publish(10)
	w.Start(topology.NATS)
	shown(t, w, posts)
	w.Kill(topology.NATS)
	publish(10)
	late := w.Operator().Patch(posts[0], world.M{"title": "Revised without a broker"})
	posts[0] = late
	gone := posts[1]
	w.Operator().Act(gone, "withdraw")
	posts = append(posts[:1:1], posts[2:]...)
	w.Start(topology.NATS)
	shown(t, w, posts)
	world.Eventually(t, func() error {
		if a := w.Anyone().Get(gone.Page()); a.Status != http.StatusGone {
			return fmt.Errorf("GET %s, withdrawn without a broker = %d, want 410", gone.Page(), a.Status)
		}
		return nil
	})
}

// writer publishes one post after the other, each until it is acknowledged:
// always with the same key, so that each is there once.
type writer struct {
	client *world.Client
	acked  atomic.Int64

	mu     sync.Mutex
	posts  []world.Post
	failed []string
}

func (r *writer) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		r.publish(ctx, n)
	}
}

// publish goes on until the post is acknowledged, also after ctx has ended: a
// request whose answer got lost may have had its effect.
func (r *writer) publish(ctx context.Context, n int) {
	client := r.client.With("Idempotency-Key", fmt.Sprintf("post-%d", n))
	in := world.M{"title": fmt.Sprintf("Storm %d", n), "body": "x", "tags": []string{"Storm"}, "status": "published"}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for ; ; <-again.C {
		a, err := client.Try(context.WithoutCancel(ctx), http.MethodPost, postsPath, in)
		switch {
		case err != nil || a.Status >= http.StatusInternalServerError || a.Status == http.StatusConflict:
			continue // down, overloaded, or still at it
		case a.Status != http.StatusCreated:
			r.fail(fmt.Sprintf("POST of post %d = %d %s", n, a.Status, a.Body))
			return
		}
		var p world.Post
		if err := json.Unmarshal(a.Body, &p); err != nil {
			r.fail(err.Error())
			return
		}
		r.mu.Lock()
		r.posts = append(r.posts, p)
		r.mu.Unlock()
		r.acked.Add(1)
		return
	}
}

func (r *writer) fail(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, what)
}

// Each process dies while posts are published, and comes back: every post that
// was acknowledged is on every page, once, and none that was not.
func TestKillEach(t *testing.T) {
	t.Parallel()
	world.Each(t, func(t *testing.T, w *world.World) {
		r := &writer{client: w.Operator()}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var done sync.WaitGroup
		done.Go(func() { r.run(ctx) })
		progress := func() {
			t.Helper()
			target := r.acked.Load() + 5
			world.Eventually(t, func() error {
				if n := r.acked.Load(); n < target {
					return fmt.Errorf("%d posts are acknowledged, want %d", n, target)
				}
				return nil
			})
		}
		for _, name := range w.Names() {
			progress()
			w.Kill(name)
			w.Start(name)
			w.AwaitReady()
		}
		progress()
		cancel()
		done.Wait()
		for _, what := range r.failed {
			t.Error(what)
		}
		if got := w.Anyone().List("", 100); len(got) != len(r.posts) {
			t.Errorf("%d posts are there, %d were acknowledged", len(got), len(r.posts))
		}
		t.Logf("%d posts through %d kills", len(r.posts), len(w.Names()))
		shown(t, w, r.posts)
	})
}

// A process that stands still and goes on is as good as before.
func TestPauseEach(t *testing.T) {
	t.Parallel()
	w := world.Cluster(t)
	works(t, w, "Before all")
	var posts []world.Post
	for _, name := range []string{topology.Tags, topology.Render, topology.NATS} {
		w.Pause(name)
		posts = append(posts, w.Operator().Create(world.M{"title": "While " + name + " stands still", "body": "x", "tags": []string{"Pause"}, "status": "published"}))
		w.Resume(name)
	}
	shown(t, w, posts)
}
