package checker

import (
	"context"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Page is an answer to a reader.
type Page struct {
	Status int
	Body   string
}

// Fetch gets a path of a site.
type Fetch func(ctx context.Context, path string) (Page, error)

const (
	fetchTimeout = 10 * time.Second
	maxPage      = 16 << 20
	// again is how long to wait before a page that is wrong is looked at again.
	again = 150 * time.Millisecond
	// hands is how many pages are looked at at once.
	hands = 6
)

// Over fetches from base by HTTP.
func Over(base string) Fetch {
	client := &http.Client{
		Timeout: fetchTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: hands},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, path string) (Page, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, http.NoBody)
		if err != nil {
			return Page{}, fmt.Errorf("ask for %s: %w", path, err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return Page{}, fmt.Errorf("ask for %s: %w", path, err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
		if err != nil {
			return Page{}, fmt.Errorf("read %s: %w", path, err)
		}
		return Page{Status: resp.StatusCode, Body: string(text)}, nil
	}
}

// want is a page and what it must be.
type want struct {
	path  string
	check func(f *Findings, where string, p Page)
}

// crawl looks at every page. One that is wrong is looked at again until it is
// right or until the deadline; the answer is when the last of them became right.
func crawl(ctx context.Context, f *Findings, s *State, setBack bool, name string, fetch Fetch, deadline time.Time) (right time.Time) {
	var mu sync.Mutex
	var all sync.WaitGroup
	queue := make(chan want)
	for range hands {
		all.Go(func() {
			for w := range queue {
				at := settle(ctx, f, name, fetch, w, deadline)
				mu.Lock()
				if at.After(right) {
					right = at
				}
				mu.Unlock()
			}
		})
	}
	for _, w := range wants(s, setBack) {
		queue <- w
	}
	close(queue)
	all.Wait()
	return right
}

// settle looks at one page until it is right; when that was, if it was not at once.
func settle(ctx context.Context, f *Findings, name string, fetch Fetch, w want, deadline time.Time) time.Time {
	var right time.Time
	for {
		var now Findings
		p, err := fetch(ctx, w.path)
		if err != nil {
			now.Add(I3, name+w.path, "", "does not answer: %v", err)
		} else {
			w.check(&now, name+w.path, p)
		}
		list := now.List()
		if len(list) == 0 {
			return right
		}
		right = time.Now()
		if right.After(deadline) || ctx.Err() != nil {
			f.mu.Lock()
			f.list = append(f.list, list...)
			f.mu.Unlock()
			return right
		}
		timer := time.NewTimer(again)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// wants lists all pages of the site and what each must show.
func wants(s *State, setBack bool) []want {
	list := s.published()
	var out []want
	shown := make(map[string]Post, len(s.Posts))
	for _, p := range s.Posts {
		if p.Slug != "" {
			shown["/posts/"+p.Slug] = p
		}
	}
	onlyPublic := func(f *Findings, where string, p Page) {
		for _, path := range links(p.Body) {
			if !strings.HasPrefix(path, "/posts/") {
				continue
			}
			if post, ok := shown[path]; !ok || !post.Public() {
				f.Add(I4, where, post.ID, "leads to %s, which is %s", path, post.Status)
			}
		}
	}
	lists := func(path string, list []Post, number string) {
		size := max(1, s.SitePage)
		last := max(1, (len(list)+size-1)/size)
		for n := 1; n <= last; n++ {
			part := list[(n-1)*size : min(len(list), n*size)]
			at := path
			if n > 1 {
				at = strings.TrimSuffix(path, "/") + number + strconv.Itoa(n)
			}
			out = append(out, want{at, func(f *Findings, where string, p Page) {
				sameList(f, where, part, cards(p.Body), p.Status, shown)
				onlyPublic(f, where, p)
				if place := between(p.Body, `<span class="place"`, "</span>"); last > 1 && !strings.HasSuffix(place, fmt.Sprintf(">%d/%d", n, last)) {
					f.Add(I3, where, "", "its pager says %q, want %d/%d", place, n, last)
				}
			}})
		}
		beyond := strings.TrimSuffix(path, "/") + number + strconv.Itoa(last+1)
		if path == "/" {
			out = append(out, want{beyond, statusIs(http.StatusNotFound, I3, "")})
		}
	}
	lists("/", list, "/page/")
	out = append(out, want{"/feed.xml", func(f *Findings, where string, p Page) { sameFeed(f, where, list, p, shown) }})
	counts := s.tagCounts()
	for slug := range counts {
		var tagged []Post
		for _, p := range list {
			if slices.Contains(s.called(p.Tags), slug) {
				tagged = append(tagged, p)
			}
		}
		lists("/tags/"+slug, tagged, "?page=")
		out = append(out, want{"/tags/" + slug + "/feed.xml", func(f *Findings, where string, p Page) { sameFeed(f, where, tagged, p, shown) }})
	}
	out = append(out, want{"/tags", func(f *Findings, where string, p Page) { sameCounts(f, where, counts, p) }})
	for path, p := range shown {
		out = append(out, want{path, postPage(p, s.called(p.Tags), setBack, onlyPublic)})
	}
	return append(out, want{"/sitemap.xml", func(f *Findings, where string, p Page) { sitemap(f, where, list, p, shown) }})
}

func statusIs(status int, inv Invariant, post string) func(*Findings, string, Page) {
	return func(f *Findings, where string, p Page) {
		if p.Status != status {
			f.Add(inv, where, post, "answers %d, want %d", p.Status, status)
		}
	}
}

// postPage is what the page of a post must be; called are its tags.
func postPage(p Post, called []string, setBack bool, onlyPublic func(*Findings, string, Page)) func(*Findings, string, Page) {
	switch {
	case !p.Public() && p.WasPublic:
		return statusIs(http.StatusGone, I4, p.ID)
	case !p.Public() && setBack: // readers may be told that it was there once
		return func(f *Findings, where string, got Page) {
			if got.Status != http.StatusGone {
				statusIs(http.StatusNotFound, I4, p.ID)(f, where, got)
			}
		}
	case !p.Public():
		return statusIs(http.StatusNotFound, I4, p.ID)
	}
	return func(f *Findings, where string, got Page) {
		if got.Status != http.StatusOK {
			f.Add(I1, where, p.ID, "answers %d, the post is published", got.Status)
			return
		}
		title := between(got.Body, "<h1>", "</h1>")
		if html.UnescapeString(title) != p.Title || markOf(plain(got.Body)) != markOf(p.Body) {
			f.Add(I3, where, p.ID, "shows %q with %s, the post is %q with %s", title, markOf(plain(got.Body)), p.Title, markOf(p.Body))
		}
		var tags []string
		if _, foot, ok := strings.Cut(got.Body, `<footer>`); ok {
			for _, path := range links(between(foot, `<ul class="labels"`, "</ul>")) {
				tags = append(tags, strings.TrimPrefix(path, "/tags/"))
			}
		}
		slices.Sort(tags)
		if !slices.Equal(tags, called) {
			f.Add(I3, where, p.ID, "shows the tags %q, the post has %q", tags, called)
		}
		onlyPublic(f, where, got)
	}
}

type card struct{ path, title string }

var (
	cardList = regexp.MustCompile(`(?s)<ol class="cards" data-live="posts">(.*?)</ol>`)
	cardLink = regexp.MustCompile(`<h[23]><a href="(/posts/[^"]+)"[^>]*>([^<]*)</a>`)
	anyLink  = regexp.MustCompile(`<a [^>]*href="(/[^"#]*)"`)
	tagCount = regexp.MustCompile(`<a [^>]*href="/tags/([^"]+)"[^>]*>[^<]*<span class="count"[^>]*>(\d+)</span>`)
)

// cards are the posts of a list, in its order.
func cards(body string) []card {
	var out []card
	if m := cardList.FindStringSubmatch(body); m != nil {
		for _, l := range cardLink.FindAllStringSubmatch(m[1], -1) {
			out = append(out, card{l[1], html.UnescapeString(l[2])})
		}
	}
	return out
}

// links are the paths within the site that a page leads to.
func links(body string) []string {
	var out []string
	for _, m := range anyLink.FindAllStringSubmatch(body, -1) {
		out = append(out, html.UnescapeString(m[1]))
	}
	return out
}

func between(s, from, to string) string {
	_, rest, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	inner, _, _ := strings.Cut(rest, to)
	return inner
}

// sameList compares a list with the posts that it must show, in their order.
func sameList(f *Findings, where string, posts []Post, got []card, status int, shown map[string]Post) {
	if status != http.StatusOK {
		f.Add(I3, where, "", "answers %d, want 200", status)
		return
	}
	var want []card
	for _, p := range posts {
		want = append(want, card{"/posts/" + p.Slug, p.Title})
	}
	if slices.Equal(want, got) {
		return
	}
	named := false
	for _, p := range posts {
		if !slices.ContainsFunc(got, func(c card) bool { return c.path == "/posts/"+p.Slug }) {
			f.Add(I1, where, p.ID, "does not list %s", p.Slug)
			named = true
		}
	}
	for _, c := range got {
		if p := shown[c.path]; !p.Public() {
			f.Add(I4, where, p.ID, "lists %s, which is %s", c.path, p.Status)
			named = true
		}
	}
	if !named {
		f.Add(I3, where, "", "lists %v, want %v", got, want)
	}
}

// sameCounts compares the page of all tags with the counts.
func sameCounts(f *Findings, where string, counts map[string]int, p Page) {
	got := make(map[string]int)
	for _, m := range tagCount.FindAllStringSubmatch(p.Body, -1) {
		got[m[1]], _ = strconv.Atoi(m[2]) // the expression lets only digits through
	}
	for slug := range both(counts, got) {
		if got[slug] != counts[slug] {
			f.Add(I3, where, "", "counts %d posts with tag %s, there are %d", got[slug], slug, counts[slug])
		}
	}
}

// feedSize is how many posts a feed has.
const feedSize = 20

// sameFeed compares a feed with the newest of the posts.
func sameFeed(f *Findings, where string, list []Post, p Page, shown map[string]Post) {
	var feed struct {
		Items []struct {
			Title   string `xml:"title"`
			Link    string `xml:"link"`
			Content string `xml:"encoded"`
		} `xml:"channel>item"`
	}
	if err := xml.Unmarshal([]byte(p.Body), &feed); err != nil || p.Status != http.StatusOK {
		f.Add(I3, where, "", "is no feed: %d %v", p.Status, err)
		return
	}
	var got []card
	for _, i := range feed.Items {
		u, err := url.Parse(i.Link)
		if err != nil {
			f.Add(I3, where, "", "has the link %q", i.Link)
			return
		}
		got = append(got, card{u.Path, i.Title})
		if post := shown[u.Path]; post.Public() && markOf(plain(i.Content)) != markOf(post.Body) {
			f.Add(I3, where, post.ID, "has the text of %s, the post has %s", markOf(plain(i.Content)), markOf(post.Body))
		}
	}
	sameList(f, where, list[:min(len(list), feedSize)], got, p.Status, shown)
}

// sitemap compares the site map, if there is one.
func sitemap(f *Findings, where string, list []Post, p Page, shown map[string]Post) {
	if p.Status == http.StatusNotFound {
		return
	}
	var m struct {
		URLs []struct {
			Loc string `xml:"loc"`
		} `xml:"url"`
	}
	if err := xml.Unmarshal([]byte(p.Body), &m); err != nil || p.Status != http.StatusOK {
		f.Add(I3, where, "", "is no site map: %d %v", p.Status, err)
		return
	}
	there := make(map[string]bool)
	for _, l := range m.URLs {
		u, err := url.Parse(l.Loc)
		if err != nil {
			f.Add(I3, where, "", "has the address %q", l.Loc)
			return
		}
		there[u.Path] = true
		if post, ok := shown[u.Path]; ok && !post.Public() {
			f.Add(I4, where, post.ID, "leads to %s, which is %s", u.Path, post.Status)
		}
	}
	for _, post := range list {
		if !there["/posts/"+post.Slug] {
			f.Add(I1, where, post.ID, "does not lead to %s", post.Slug)
		}
	}
}

// OneAtATime lets only one question at a time through.
func OneAtATime(fetch Fetch) Fetch {
	var mu sync.Mutex
	return func(ctx context.Context, path string) (Page, error) {
		mu.Lock()
		defer mu.Unlock()
		return fetch(ctx, path)
	}
}
