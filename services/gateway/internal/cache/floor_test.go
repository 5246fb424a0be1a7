package cache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
)

// question is what a source was asked.
type question struct {
	path    string
	etag    string
	atLeast []Version
	answer  chan<- func() (Page, error)
}

// desk is a source whose answers the test gives.
type desk chan question

func (d desk) ask(ctx context.Context, k Key, etag string, atLeast []Version) (Page, error) {
	answer := make(chan func() (Page, error), 1)
	d <- question{k.Path, etag, atLeast, answer}
	select {
	case f := <-answer:
		return f()
	case <-ctx.Done():
		return Page{}, fault.Unavailable("nobody answers")
	}
}

func (q question) page(status int, body string, keys ...string) {
	q.answer <- func() (Page, error) {
		return Page{Status: status, Body: []byte(body), ETag: `"` + body + `"`, Keys: keys}, nil
	}
}

func (q question) notModified() {
	q.answer <- func() (Page, error) { return Page{NotModified: true}, nil }
}

func (q question) fails() {
	q.answer <- func() (Page, error) { return Page{}, fault.Unavailable("down") }
}

// got is what a reader got.
type got struct {
	body string
	err  error
}

func read(t *testing.T, c *Cache, path string, wanted ...Version) <-chan got {
	t.Helper()
	out := make(chan got, 1)
	go func() {
		var e *Entry
		var err error
		if k := (Key{Site: "main", Path: path}); len(wanted) > 0 {
			e, err = c.LoadAtLeast(t.Context(), k, wanted)
		} else {
			e, err = c.Load(t.Context(), k)
		}
		if err != nil {
			out <- got{"", err}
			return
		}
		out <- got{string(e.page.Body), nil}
	}()
	return out
}

func want(t *testing.T, reader <-chan got, body string) {
	t.Helper()
	if g := <-reader; g.err != nil || g.body != body {
		t.Errorf("read %q, %v; want %q", g.body, g.err, body)
	}
}

// atDesk runs test with a live cache whose source is the test itself.
func atDesk(t *testing.T, test func(*testing.T, *Cache, desk)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := make(desk)
		c := New(1<<20, d.ask, time.Now)
		c.SetTrust(Live)
		test(t, c, d)
		c.Wait()
	})
}

// fill has path read and answers with a page.
func (d desk) fill(t *testing.T, c *Cache, path, body string, keys ...string) {
	t.Helper()
	r := read(t, c, path)
	(<-d).page(http.StatusOK, body, keys...)
	want(t, r, body)
}

func gone(post string, version int32) Version {
	return Version{Post: post, Epoch: 1, Version: version, Gone: true}
}

func TestWhatIsGoneIsNotServedWhenNobodyAnswers(t *testing.T) {
	atDesk(t, func(t *testing.T, c *Cache, d desk) {
		d.fill(t, c, "/posts/p", "p", "post:p", "site")
		d.fill(t, c, "/", "home", "card:p", "posts")
		d.fill(t, c, "/posts/q", "q", "post:q", "site")
		if n := c.Raise("main", gone("p", 2)); n != 2 {
			t.Errorf("%d pages dropped, want 2", n)
		}
		for _, path := range []string{"/posts/p", "/"} {
			r := read(t, c, path)
			(<-d).fails()
			if g := <-r; fault.KindOf(g.err) != fault.KindUnavailable {
				t.Errorf("%s = %q, %v; want unavailable", path, g.body, g.err)
			}
		}
		c.Drop("main", []string{"post:q", "path:/x"}, Version{Post: "q", Epoch: 1, Version: 3})
		time.Sleep(2 * retryAfter) //nolint:forbidigo // virtual time
		r := read(t, c, "/posts/q")
		(<-d).fails()
		want(t, r, "q") // changed, not gone
	})
}

func TestAPostThatGoesWhileItsPageIsMadeIsNotServed(t *testing.T) {
	for name, tell := range map[string]func(*Cache){
		"posts tells":  func(c *Cache) { c.Raise("main", gone("p", 2)) },
		"render tells": func(c *Cache) { c.Drop("main", []string{"post:p", "card:p"}, gone("p", 2)) },
	} {
		t.Run(name, func(t *testing.T) {
			atDesk(t, func(t *testing.T, c *Cache, d desk) {
				whole, second, list := read(t, c, "/posts/p"), read(t, c, "/posts/p"), read(t, c, "/")
				synctest.Wait()
				first, other := <-d, <-d
				tell(c)
				for _, q := range []question{first, other} {
					q.page(http.StatusOK, "old", "post:p", "card:p", "posts")
				}
				for range 2 { // each is asked for again, as it must be now
					q := <-d
					if diff := cmp.Diff([]Version{gone("p", 2)}, q.atLeast); diff != "" {
						t.Errorf("at least (-want +got):\n%s", diff)
					}
					if q.path == "/" {
						q.page(http.StatusOK, "without p", "posts")
					} else {
						q.page(http.StatusGone, "gone", "path:/posts/p")
					}
				}
				want(t, whole, "gone")
				want(t, second, "gone")
				want(t, list, "without p")
				want(t, read(t, c, "/posts/p"), "gone") // kept
				want(t, read(t, c, "/"), "without p")
			})
		})
	}
}

func TestASourceThatDoesNotKnowOfWhatIsGoneIsNotBelieved(t *testing.T) {
	atDesk(t, func(t *testing.T, c *Cache, d desk) {
		c.Raise("main", gone("p", 2))
		whole := read(t, c, "/posts/p")
		for range 2 {
			(<-d).page(http.StatusOK, "old", "site", "card:p", "post:p")
		}
		if g := <-whole; !errors.Is(g.err, ErrGone) {
			t.Errorf("the post's page = %q, %v; want gone", g.body, g.err)
		}
		list := read(t, c, "/")
		for range 2 {
			(<-d).page(http.StatusOK, "old", "card:p")
		}
		if g := <-list; fault.KindOf(g.err) != fault.KindUnavailable {
			t.Errorf("a list = %q, %v; want unavailable", g.body, g.err)
		}
		list = read(t, c, "/")
		(<-d).page(http.StatusOK, "old", "card:p")
		(<-d).fails()
		if g := <-list; fault.KindOf(g.err) != fault.KindUnavailable {
			t.Errorf("a list whose source fails then = %q, %v; want unavailable", g.body, g.err)
		}
		if n, _ := c.Size(); n != 0 {
			t.Errorf("%d pages kept, want none", n)
		}
		c.Raise("main", Version{Post: "p", Epoch: 1, Version: 1}) // late
		list = read(t, c, "/")
		for range 2 {
			(<-d).page(http.StatusOK, "old", "card:p")
		}
		if g := <-list; g.err == nil {
			t.Errorf("an older version brought the post back: %q", g.body)
		}
		c.Raise("main", Version{Post: "p", Epoch: 1, Version: 3}) // published again
		d.fill(t, c, "/", "back", "card:p")
	})
}

func TestAConfirmedPageThatShowsWhatIsGoneIsNotServed(t *testing.T) {
	atDesk(t, func(t *testing.T, c *Cache, d desk) {
		d.fill(t, c, "/", "old", "card:p")
		c.SetTrust(Deaf)
		r := read(t, c, "/")
		q := <-d
		c.Raise("main", gone("p", 2))
		q.notModified()
		if q = <-d; q.etag != "" || len(q.atLeast) != 1 {
			t.Errorf("asked again with ETag %s at least %v", q.etag, q.atLeast)
		}
		q.page(http.StatusOK, "new", "posts")
		want(t, r, "new")
	})
}

func TestFloorsOfAnotherEpochDoNotCount(t *testing.T) {
	atDesk(t, func(t *testing.T, c *Cache, d desk) {
		c.Begin(1)
		c.Raise("main", gone("p", 7))
		c.Begin(2) // posts was put back to when p was there
		d.fill(t, c, "/posts/p", "p", "post:p")
		c.Raise("main", gone("p", 8))                                         // late
		c.Raise("main", Version{Post: "p", Epoch: 9, Version: 1, Gone: true}) // forged
		want(t, read(t, c, "/posts/p"), "p")
		c.Raise("main", Version{Post: "p", Epoch: 2, Version: 2, Gone: true})
		if n, _ := c.Size(); n != 0 {
			t.Error("the post is still there")
		}
	})
}

func TestFloorsAreBounded(t *testing.T) {
	t.Parallel()
	m := newFloors()
	for i := range floors + 10 {
		m.raise(gone(fmt.Sprint(i), 1), false, 0)
		m.raise(gone("busy", 1), false, 0)
	}
	if len(m.byID) != floors || m.order.Len() != floors || m.byID["busy"] == nil || m.byID["0"] != nil {
		t.Errorf("%d floors, %d in order", len(m.byID), m.order.Len())
	}
}

func TestAtLeast(t *testing.T) {
	atDesk(t, func(t *testing.T, c *Cache, d desk) {
		d.fill(t, c, "/", "1", "card:p")
		wanted := Version{Post: "p", Version: 2}
		r := read(t, c, "/", wanted) // nothing is known of p
		q := <-d
		if diff := cmp.Diff([]Version{wanted}, q.atLeast); diff != "" || q.etag != `"1"` {
			t.Errorf("asked with ETag %s, at least (-want +got):\n%s", q.etag, diff)
		}
		q.page(http.StatusOK, "2", "card:p")
		want(t, r, "2")
		want(t, read(t, c, "/"), "2") // for all

		c.Begin(1)
		c.Raise("main", Version{Post: "p", Epoch: 1, Version: 2}) // which does not say what render knows
		r = read(t, c, "/", wanted)
		(<-d).notModified()
		want(t, r, "2")

		c.Drop("main", nil, Version{Post: "p", Epoch: 1, Version: 2})
		r = read(t, c, "/", wanted) // made before that
		(<-d).notModified()
		want(t, r, "2")
		want(t, read(t, c, "/", wanted), "2") // made after it

		two := []Version{wanted, {Post: "q", Version: 1}}
		r = read(t, c, "/", two...)
		(<-d).fails()
		if g := <-r; fault.KindOf(g.err) != fault.KindUnavailable {
			t.Errorf("read %q, %v; want unavailable rather than an old page", g.body, g.err)
		}
		r = read(t, c, "/", Version{Post: "p", Version: 3})
		(<-d).page(http.StatusOK, "3", "card:p")
		want(t, r, "3")
		c.SetTrust(Deaf)
		r = read(t, c, "/", wanted)
		(<-d).notModified()
		want(t, r, "3")
	})
}

// TestThoseWhoAskForMoreAreLimited leaves the others alone.
func TestThoseWhoAskForMoreAreLimited(t *testing.T) {
	atDesk(t, func(t *testing.T, c *Cache, d desk) {
		d.fill(t, c, "/", "1", "card:p")
		wanted := Version{Post: "p", Version: 2}
		var readers []<-chan got
		var asked []question
		for range maxAtLeast {
			readers = append(readers, read(t, c, "/", wanted))
			asked = append(asked, <-d)
		}
		if g := <-read(t, c, "/", wanted); fault.KindOf(g.err) != fault.KindUnavailable {
			t.Errorf("one more read %q, %v; want unavailable", g.body, g.err)
		}
		want(t, read(t, c, "/"), "1")
		other := read(t, c, "/other")
		(<-d).page(http.StatusOK, "other", "card:q")
		want(t, other, "other")
		for i, q := range asked {
			q.page(http.StatusOK, "2", "card:p")
			want(t, readers[i], "2")
		}
		last := read(t, c, "/", Version{Post: "q", Version: 1})
		(<-d).page(http.StatusOK, "3", "card:p")
		want(t, last, "3")
	})
}

func TestWhileBehindPagesAreServedAndConfirmed(t *testing.T) {
	atDesk(t, func(t *testing.T, c *Cache, d desk) {
		d.fill(t, c, "/", "1", "posts")
		d.fill(t, c, "/b", "b", "card:b")
		time.Sleep(time.Hour) //nolint:forbidigo // virtual time
		c.SetTrust(Live)
		c.SetTrust(Behind)
		want(t, read(t, c, "/"), "1")
		want(t, read(t, c, "/"), "1")
		q := <-d
		q.page(http.StatusOK, "2", "posts")
		c.Wait()
		want(t, read(t, c, "/"), "2") // and again one flight
		(<-d).notModified()
		c.Wait()

		c.Drop("main", []string{"card:b"}, Version{Post: "b", Epoch: 1, Version: 2})
		r := read(t, c, "/b") // touched: nobody gets it as it was
		(<-d).page(http.StatusOK, "b2", "card:b")
		want(t, r, "b2")

		time.Sleep(staleWhileRevalidate + time.Second) //nolint:forbidigo // virtual time
		r = read(t, c, "/")
		(<-d).page(http.StatusOK, "3", "posts")
		want(t, r, "3")

		c.Distrust() // what was missed will never be told
		r = read(t, c, "/")
		(<-d).page(http.StatusOK, "4", "posts")
		want(t, r, "4")
	})
}

func TestADayBeginsWhenAPageWasLastKnownToBeCurrent(t *testing.T) {
	for name, end := range map[string]func(*Cache){
		"dropped":    func(c *Cache) { c.Drop("main", []string{"posts"}, Version{}) },
		"distrusted": func(c *Cache) { c.Distrust() },
		"silent":     func(c *Cache) { c.SetTrust(Deaf) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var later, down atomic.Int64
			c := New(1<<20, func(context.Context, Key, string, []Version) (Page, error) {
				if down.Load() != 0 {
					return Page{}, fault.Unavailable("down")
				}
				return Page{Status: http.StatusOK, Body: []byte("1"), Keys: []string{"posts"}}, nil
			}, func() time.Time { return time.Unix(0, later.Load()) })
			c.SetTrust(Live)
			load(t, c, "/")
			later.Add(int64(3 * 24 * time.Hour))
			c.SetTrust(Live)
			down.Store(1)
			end(c)
			later.Add(int64(staleIfError - time.Second))
			load(t, c, "/")
			later.Add(int64(2 * time.Second))
			if _, err := c.Load(t.Context(), Key{Site: "main", Path: "/"}); fault.KindOf(err) != fault.KindUnavailable {
				t.Errorf("Load after a day = %v, want unavailable", err)
			}
		})
	}
}

// A post that was withdrawn and published again is shown although the notice of
// its publication has not come: the source says what it had.
func TestWhatTheSourceHadOutranksAnOldWord(t *testing.T) {
	atDesk(t, func(t *testing.T, c *Cache, d desk) {
		c.Begin(1)
		c.Raise("main", gone("p", 2))
		had := func(q question, body string, v Version) {
			q.answer <- func() (Page, error) {
				return Page{Status: http.StatusOK, Body: []byte(body), ETag: `"` + body + `"`, Keys: []string{"post:p"}, Had: []Version{v}}, nil
			}
		}
		r := read(t, c, "/p", Version{Post: "p", Version: 3}) // its author
		had(<-d, "3", Version{Post: "p", Epoch: 1, Version: 3})
		want(t, r, "3")
		want(t, read(t, c, "/p"), "3") // and anybody

		c.Raise("main", gone("p", 4))
		r = read(t, c, "/p") // a source that is behind is asked twice
		had(<-d, "3", Version{Post: "p", Epoch: 1, Version: 3})
		had(<-d, "3", Version{Post: "p", Epoch: 1, Version: 3})
		if g := <-r; !errors.Is(g.err, ErrGone) {
			t.Errorf("read %q, %v of a post that is gone; want ErrGone", g.body, g.err)
		}
	})
}

func TestAPageThatWasDroppedWhileItWasMadeIsBetterThanNone(t *testing.T) {
	for name, c := range map[string]struct {
		post Version
		want string
	}{
		"it changed":                        {Version{Post: "p", Epoch: 1, Version: 2}, "p"},
		"it may have vanished, nobody says": {Version{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			atDesk(t, func(t *testing.T, ca *Cache, d desk) {
				first := read(t, ca, "/posts/p")
				q := <-d
				ca.Drop("main", []string{"post:p", "path:/posts/p"}, c.post)
				q.page(http.StatusOK, "p", "post:p", "path:/posts/p")
				want(t, first, "p")
				second := read(t, ca, "/posts/p")
				(<-d).fails() // it is asked for again
				if g := <-second; g.body != c.want || (g.err == nil) != (c.want != "") {
					t.Errorf("read %q, %v; want %q", g.body, g.err, c.want)
				}
			})
		})
	}
}

func TestAListIsAskedForWithoutAllThatIsGone(t *testing.T) {
	atDesk(t, func(t *testing.T, c *Cache, d desk) {
		d.fill(t, c, "/", "p, q and r", "card:p", "card:q", "card:r", "posts")
		c.Raise("main", gone("p", 2))
		c.Raise("main", gone("q", 5))
		r := read(t, c, "/")
		(<-d).page(http.StatusOK, "p, q and r", "card:p", "card:q", "card:r", "posts") // it has not heard
		q := <-d
		if diff := cmp.Diff([]Version{gone("p", 2), gone("q", 5)}, q.atLeast); diff != "" {
			t.Errorf("at least (-want +got):\n%s", diff)
		}
		q.page(http.StatusOK, "r", "card:r", "posts")
		want(t, r, "r")
	})
}
