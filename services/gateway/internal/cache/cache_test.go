package cache

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parution/parution/chassis/fault"
)

// press is a source whose pages depend on the key "k" and on their own path.
func press(calls *atomic.Int64, size int) Source {
	return func(_ context.Context, k Key, etag string, _ []Version) (Page, error) {
		calls.Add(1)
		if etag == `"v"` {
			return Page{NotModified: true}, nil
		}
		return Page{
			Status: http.StatusOK, ContentType: "text/html", Body: []byte(strings.Repeat("x", size)), ETag: `"v"`,
			Keys: []string{"k", "post:" + k.Path},
		}, nil
	}
}

func load(t *testing.T, c *Cache, path string) *Entry {
	t.Helper()
	e, err := c.Load(t.Context(), Key{Site: "main", Path: path})
	if err != nil {
		t.Fatalf("Load(%s) = %v", path, err)
	}
	return e
}

func TestBytesAreBounded(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	const limit = 1 << 20
	c := New(limit, press(&calls, 10<<10), time.Now)
	c.SetTrust(Live)
	load(t, c, "/hot")
	for i := range 500 {
		load(t, c, fmt.Sprintf("/%d", i)).variant([]string{"br"})
		load(t, c, "/hot")
		if _, bytes := c.Size(); bytes > limit {
			t.Fatalf("%d bytes after %d pages, at most %d", bytes, i, limit)
		}
	}
	if got := c.Count(Miss); got != 501 {
		t.Errorf("%d misses: the page that is read all the time was not kept", got)
	}
	c.Drop("main", []string{"k", "path:/"}, Version{})
	if n, bytes := c.Size(); n != 0 || bytes != 0 || len(c.index) != 0 || c.order.Len() != 0 {
		t.Errorf("after dropping all: %d pages, %d bytes, %d keys", n, bytes, len(c.index))
	}
}

func TestAPageLargerThanItsShareIsNotKept(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	c := New(1<<20, press(&calls, 200<<10), time.Now)
	c.SetTrust(Live)
	load(t, c, "/large")
	if n, _ := c.Size(); n != 0 {
		t.Errorf("%d pages kept, want 0", n)
	}
}

func TestWhileSilentEveryHitIsConfirmed(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	c := New(1<<20, press(&calls, 100), time.Now)
	c.SetTrust(Live)
	load(t, c, "/a")
	c.SetTrust(Deaf)
	load(t, c, "/a")
	load(t, c, "/a")
	if got := calls.Load(); got != 3 {
		t.Errorf("asked %d times, want 3", got)
	}
	if got := c.Count(Revalidated); got != 2 {
		t.Errorf("confirmed %d times, want 2", got)
	}
	c.SetTrust(Live)
	load(t, c, "/a")
	c.Distrust()
	load(t, c, "/a")
	load(t, c, "/a")
	if got := calls.Load(); got != 4 {
		t.Errorf("asked %d times after a gap, want 4", got)
	}
}

func TestASourceThatFailsIsLeftAloneForAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		var down atomic.Bool
		var later atomic.Int64
		up := press(&calls, 100)
		c := New(1<<20, func(ctx context.Context, k Key, etag string, _ []Version) (Page, error) {
			if down.Load() {
				calls.Add(1)
				<-ctx.Done()
				return Page{}, fault.Unavailable("down")
			}
			return up(ctx, k, etag, nil)
		}, func() time.Time { return time.Now().Add(time.Duration(later.Load())) })
		c.SetTrust(Live)
		load(t, c, "/a")
		load(t, c, "/b")
		down.Store(true)
		c.Distrust()
		begin := time.Now()
		for range 10 {
			load(t, c, "/a")
			load(t, c, "/b")
		}
		if got := calls.Load(); got != 3 {
			t.Errorf("asked %d times, want 3: once for all pages a second", got)
		}
		if waited := time.Since(begin); waited != askTimeout {
			t.Errorf("readers waited %s, want %s once", waited, askTimeout)
		}
		if got := c.Count(Stale); got != 20 {
			t.Errorf("%d stale answers, want 20", got)
		}
		later.Store(int64(staleIfError)) // a day has passed
		if _, err := c.Load(t.Context(), Key{Site: "main", Path: "/a"}); fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("Load after a day = %v, want unavailable", err)
		}
		down.Store(false)
		later.Add(int64(2 * retryAfter))
		load(t, c, "/a")
		if e := c.Fresh(Key{Site: "main", Path: "/a"}); e != nil {
			t.Error("the page is trusted although nobody said for a minute that the feed is live")
		}
		c.SetTrust(Live)
		if e := c.Fresh(Key{Site: "main", Path: "/a"}); e == nil {
			t.Error("the page is not trusted again")
		}
	})
}

func TestWhoComesAfterADropGetsWhatWasMadeAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		gate := make(chan struct{})
		c := New(1<<20, func(context.Context, Key, string, []Version) (Page, error) {
			n := calls.Add(1)
			if n == 1 {
				<-gate
			}
			return Page{Status: http.StatusOK, Body: fmt.Append(nil, n), Keys: []string{"k"}}, nil
		}, time.Now)
		c.SetTrust(Live)
		bodies := make(chan string, 2)
		ask := func() {
			e, err := c.Load(t.Context(), Key{Site: "main", Path: "/a"})
			if err != nil {
				bodies <- err.Error()
				return
			}
			bodies <- string(e.page.Body)
		}
		go ask()
		synctest.Wait()
		c.Drop("main", []string{"k"}, Version{})
		go ask()
		synctest.Wait()
		close(gate)
		synctest.Wait()
		got := []string{<-bodies, <-bodies}
		if (got[0] != "1" || got[1] != "2") && (got[0] != "2" || got[1] != "1") {
			t.Errorf("answers %v, want 1 for who came first and 2 for who came after the drop", got)
		}
		if e := c.Fresh(Key{Site: "main", Path: "/a"}); e == nil || string(e.page.Body) != "2" {
			t.Error("the second page was not kept")
		}
	})
}

func TestOneFillForAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		gate := make(chan struct{})
		c := New(1<<20, func(context.Context, Key, string, []Version) (Page, error) {
			calls.Add(1)
			<-gate
			return Page{Status: http.StatusNotFound, Body: []byte("no")}, nil
		}, time.Now)
		c.SetTrust(Live)
		for range 50 {
			go func() { _, _ = c.Load(t.Context(), Key{Site: "main", Path: "/a"}) }()
		}
		synctest.Wait()
		close(gate)
		synctest.Wait()
		if got := calls.Load(); got != 1 {
			t.Errorf("asked %d times, want 1", got)
		}
		if n, _ := c.Size(); n != 0 {
			t.Errorf("%d pages kept, want no 404", n)
		}
	})
}

func TestADropThatIsForgottenStillCounts(t *testing.T) {
	t.Parallel()
	l := newDropLog()
	l.seq++
	l.add(dep{"main", "old"})
	start := l.seq
	l.seq++
	l.add(dep{"main", "k"})
	if !l.since(start, "main", []string{"k"}) || l.since(start, "main", []string{"old"}) || l.since(start, "other", []string{"k"}) {
		t.Error("since does not tell what was dropped")
	}
	for i := range remembered {
		l.seq++
		l.add(dep{"main", fmt.Sprint(i)})
	}
	if !l.since(start, "main", []string{"k"}) {
		t.Error("a drop that is no longer remembered does not count")
	}
	if len(l.latest) > remembered {
		t.Errorf("%d drops remembered, at most %d", len(l.latest), remembered)
	}
}

func TestNegotiate(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]encoding{
		"": identity, "identity": identity, "deflate": identity, "gzip": gz, "GZIP": gz, "br": br, "gzip, br": br, "br;q=0.5, gzip": gz,
		"br;q=0": identity, "br; q=0.000, gzip;q=0.001": gz, "*": gz, "*;q=0": identity, "gzip;q=1.0,br;q=0.9": gz, "zstd, br, gzip": br, ";;,=": identity,
	} {
		if got := negotiate([]string{accept}); got != want {
			t.Errorf("negotiate(%q) = %s, want %s", accept, got.name(), want.name())
		}
	}
}

func TestAnyTag(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `"b", "a"`: true, `*`: true, `"b"`: false, ``: false, `a`: false, `"a`: false, `"x,y", W/"a"`: true, `"b" "a"`: true,
	} {
		if got := anyTag([]string{line}, `"a"`); got != want {
			t.Errorf("anyTag(%s) = %t, want %t", line, got, want)
		}
	}
}
