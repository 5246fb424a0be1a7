package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/simulation"
	"github.com/parution/parution/chassis/telemetry"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/gateway/internal/cache"
	"github.com/parution/parution/services/gateway/internal/feed"
)

// portal is one gateway of the simulation: the real cache and feed.
type portal struct {
	i     *simulation.Instance
	pages *cache.Cache

	mu sync.Mutex
	// gone is what this gateway heard to be gone, and at which version.
	gone map[string]cache.Version
}

// seeing hears what the feed tells the cache.
type seeing struct {
	*cache.Cache

	f *portal
}

func (s seeing) Drop(site string, keys []string, post cache.Version) int {
	n := s.Cache.Drop(site, keys, post)
	s.f.heard(post)
	return n
}

func (s seeing) Raise(site string, post cache.Version) int {
	n := s.Cache.Raise(site, post)
	s.f.heard(post)
	return n
}

func (s seeing) Begin(epoch int32) {
	s.Cache.Begin(epoch)
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	maps.DeleteFunc(s.f.gone, func(_ string, v cache.Version) bool { return v.Epoch != epoch })
}

func (f *portal) heard(v cache.Version) {
	f.mu.Lock()
	defer f.mu.Unlock()
	was, ok := f.gone[v.Post]
	switch {
	case !v.Gone && ok && was.Version < v.Version: // it is back
		delete(f.gone, v.Post)
	case v.Gone && (!ok || was.Version < v.Version):
		f.gone[v.Post] = v
		f.i.World.Notef("%s hears that %s is gone at (%d, %d)", f.i, v.Post, v.Epoch, v.Version)
	}
}

// plant makes the gateway wrong, to see that it is found.
type plant struct {
	source func(cache.Source) cache.Source
	cache  func(feed.Cache) feed.Cache
}

func startPortal(bad plant) func(i *simulation.Instance) ([]process.Part, error) {
	return func(i *simulation.Instance) ([]process.Part, error) {
		f := &portal{i: i, gone: make(map[string]cache.Version)}
		i.Office = f
		source := f.page
		if bad.source != nil {
			source = bad.source(source)
		}
		f.pages = cache.New(1<<20, source, time.Now)
		var hearing feed.Cache = seeing{f.pages, f}
		if bad.cache != nil {
			hearing = bad.cache(hearing)
		}
		ear, err := feed.New(feed.Deps{
			Live: i.Client.Live(), Cache: hearing, Render: i.Feed(simulation.Render), Posts: i.Feed(simulation.Owner),
			Telemetry: telemetry.Discard(), Now: time.Now,
		})
		if err != nil {
			return nil, err
		}
		return []process.Part{ear.Part(), {Name: "readers", Run: f.readers}}, nil
	}
}

// page asks render for a page: a post's, or the list of all.
func (f *portal) page(ctx context.Context, k cache.Key, etag string, atLeast []cache.Version) (p cache.Page, err error) {
	var copies map[string]simulation.Post
	err = f.i.Call(ctx, simulation.Render, k.Path, func(at *simulation.Instance) (err error) {
		for _, v := range atLeast {
			at.AtLeast(ctx, v.Post, v.Epoch, v.Version)
		}
		copies, err = at.Copies(ctx)
		return err
	})
	if err != nil {
		return cache.Page{}, err
	}
	p = cache.Page{Status: http.StatusOK, ContentType: "text/plain"}
	id, isPost := strings.CutPrefix(k.Path, "/posts/")
	switch post := copies[id]; {
	case !isPost:
		p.Keys = []string{"posts"}
		for _, id := range slices.Sorted(maps.Keys(copies)) {
			if copies[id].Visible() {
				p.Keys = append(p.Keys, "card:"+id)
				p.Body = append(p.Body, show(copies[id])...)
			}
		}
	case post.Visible():
		p.Keys, p.Body = []string{"post:" + id, "path:" + k.Path}, []byte(show(post))
	case post.Status == "withdrawn" || post.Status == "deleted":
		p.Status, p.Keys = http.StatusGone, []string{"path:" + k.Path}
	default:
		p.Status, p.Keys = http.StatusNotFound, []string{"path:" + k.Path}
	}
	p.ETag = strconv.Quote(string(p.Body) + strconv.Itoa(p.Status))
	p.NotModified = p.ETag == etag
	return p, nil
}

func show(p simulation.Post) string {
	return fmt.Sprintf("[%s %d %d %s]", p.ID, p.Epoch, p.Version, p.Title)
}

var shown = regexp.MustCompile(`\[(p\d+|last) (\d+) (\d+) (\w+)\]`)

// get is a page as a reader has it: its status, and the posts on it.
func (f *portal) get(ctx context.Context, path string) (status int, posts map[string]cache.Version, body string, err error) {
	e, err := f.pages.Load(ctx, cache.Key{Site: simulation.Site, Path: path})
	if errors.Is(err, cache.ErrGone) {
		return http.StatusGone, nil, "", nil
	}
	if err != nil {
		return 0, nil, "", err
	}
	w := httptest.NewRecorder()
	e.Respond(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	posts = make(map[string]cache.Version)
	for _, m := range shown.FindAllStringSubmatch(w.Body.String(), -1) {
		epoch, _ := strconv.ParseInt(m[2], 10, 32)   // the pattern has digits only
		version, _ := strconv.ParseInt(m[3], 10, 32) // likewise
		posts[m[1]] = cache.Version{Post: m[1], Epoch: int32(epoch), Version: int32(version)}
	}
	return w.Code, posts, w.Body.String(), nil
}

// readers ask for pages all the time, and must not see what this gateway knew to
// be gone when they asked (I4).
func (f *portal) readers(ctx context.Context, _ func()) error {
	defer f.pages.Wait()
	rng := f.i.World.Rand("readers of " + f.i.String())
	for f.i.World.Pause(ctx, time.Duration(rng.ExpFloat64()*float64(500*time.Millisecond))) == nil {
		path := "/"
		if rng.IntN(3) > 0 {
			path = fmt.Sprintf("/posts/p%d", min(int(rng.ExpFloat64()*3), 11))
		}
		f.mu.Lock()
		gone := maps.Clone(f.gone)
		f.mu.Unlock()
		_, posts, _, err := f.get(ctx, path)
		if err != nil {
			continue // nobody is served, which is not a lie
		}
		for id, v := range posts {
			if g, ok := gone[id]; ok && g.Epoch == v.Epoch && v.Version <= g.Version {
				f.i.World.Fail("I4", "%s serves %s with %s at (%d, %d), which it knew to be gone at (%d, %d)", f.i, path, id, v.Epoch, v.Version, g.Epoch, g.Version)
			}
		}
	}
	return nil
}

// settled tells what readers of this gateway see that is not so.
func (f *portal) settled(ctx context.Context, truth map[string]simulation.Post) error {
	status, posts, body, err := f.get(ctx, "/")
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("%s answers / with %d: %w", f.i, status, err)
	}
	for _, id := range slices.Sorted(maps.Keys(truth)) {
		want := truth[id]
		if v, ok := posts[id]; ok != want.Visible() || ok && v.Version != want.Version {
			return fmt.Errorf("I4: %s lists %q, want %s", f.i, body, want)
		}
		status, shows, body, err := f.get(ctx, "/posts/"+id)
		if err != nil {
			return fmt.Errorf("%s answers nothing for %s: %w", f.i, id, err)
		}
		if v := shows[id]; want.Visible() && (status != http.StatusOK || v.Version != want.Version) || !want.Visible() && status == http.StatusOK {
			return fmt.Errorf("I4: %s answers %d %q, want %s", f.i, status, body, want)
		}
	}
	return nil
}

// options are those of a run with two gateways.
func options(seed uint64, bad plant) simulation.Options {
	return simulation.Options{
		// Who may publish can forge that a post is gone: readers do not see it until its next version.
		Seed: seed, DatabaseBack: seed%4 == 0, Without: []string{"foreign messages", "poison"},
		Setup: func(w *simulation.World) {
			for n := range 2 {
				w.Add(&simulation.Node{Name: fmt.Sprintf("gateway-%d", n+1), Service: "gateway", Start: startPortal(bad)}, simulation.Owner, simulation.Render)
			}
		},
		Facts: func(p simulation.Post) proto.Message {
			return &renderv1.PressFacts{
				Keys: []string{"posts", "card:" + p.ID, "post:" + p.ID, "path:/posts/" + p.ID},
				Post: &renderv1.PostVersion{Id: p.ID, Epoch: p.Epoch, Version: p.Version, Gone: p.Status == "withdrawn" || p.Status == "deleted"},
			}
		},
		PostFacts: func(p simulation.Post) proto.Message {
			facts := &postsv1.PostFacts{}
			if p.Visible() {
				facts.Slug = p.ID
			}
			return facts
		},
		Converged: func(w *simulation.World, truth map[string]simulation.Post) error {
			for _, i := range w.Running("gateway") {
				f, ok := i.Office.(*portal)
				if !ok {
					return errors.New("a gateway serves nothing")
				}
				if err := f.settled(w.Context(), truth); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func simulate(t *testing.T, opts simulation.Options) (result simulation.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { result = simulation.Run(t, opts) })
	return result
}

func environment(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func TestSimulation(t *testing.T) {
	t.Parallel()
	first, last := uint64(1), environment(t, "SEEDS", 100)
	seed := environment(t, "SEED", 0)
	if seed != 0 {
		first, last = seed, seed
	}
	for seed := first; seed <= last; seed++ {
		opts := options(seed, plant{})
		if first == last {
			opts.Live = func(line string) { t.Log(line) }
		}
		if result := simulate(t, opts); result.Err != nil {
			t.Errorf("seed %d: %v\nreplay it: make simulate SEED=%d\n%s", seed, result.Err, seed, result.Tail)
			return
		}
	}
}

// The simulation proves something only if it finds what is wrong.
func TestPlantedBugsOfTheCacheAreFound(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]plant{
		"pages that seem to depend on nothing":  {source: keyless},
		"a feed that says nothing of what goes": {cache: func(c feed.Cache) feed.Cache { return deaf{c} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 30; seed++ {
				err := simulate(t, options(seed, bad)).Err
				if v, ok := errors.AsType[*simulation.ViolationError](err); ok && strings.Contains(v.Error(), "I4") {
					return
				} else if ok {
					t.Logf("seed %d: %v", seed, v)
				}
			}
			t.Error("it was not found as a violation of I4")
		})
	}
}

// keyless answers pages that no drop touches.
func keyless(source cache.Source) cache.Source {
	return func(ctx context.Context, k cache.Key, etag string, atLeast []cache.Version) (cache.Page, error) {
		p, err := source(ctx, k, etag, atLeast)
		p.Keys = nil
		return p, err
	}
}

// deaf passes no drop on.
type deaf struct{ feed.Cache }

func (deaf) Drop(string, []string, cache.Version) int { return 0 }
func (deaf) Raise(string, cache.Version) int          { return 0 }
