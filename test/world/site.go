package world

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Site is a publication with a host name of its own: tests that share a world do
// not see each other. Safe for concurrent use.
type Site struct {
	*World

	ID, Host string

	t      testing.TB
	mu     sync.Mutex
	tokens map[string]string
}

// Post is a post as the API tells it.
type Post struct {
	ID          string     `json:"id"`
	Version     int        `json:"version"`
	Slug        string     `json:"slug"`
	Title       string     `json:"title"`
	Body        string     `json:"body"`
	Format      string     `json:"format"`
	Language    string     `json:"language"`
	Status      string     `json:"status"`
	Tags        []string   `json:"tags"`
	Authors     []string   `json:"authors"`
	Featured    bool       `json:"featured"`
	Excerpt     string     `json:"excerpt"`
	Image       string     `json:"image"`
	ImageAlt    string     `json:"image_alt"`
	Aliases     []string   `json:"aliases"`
	ExternalID  string     `json:"external_id"`
	URL         string     `json:"url"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	PublishedAt *time.Time `json:"published_at"`
}

// Page is the path of the post's page.
func (p Post) Page() string { return "/posts/" + p.Slug }

// API is the path of the post in the API.
func (p Post) API() string { return "/api/v1/posts/" + p.ID }

// IfMatch is the value of If-Match for a change of this version.
func (p Post) IfMatch() string { return strconv.Quote(strconv.Itoa(p.Version)) }

// M is a JSON object.
type M = map[string]any

// NewSite adds a site for the test t, named after it, and waits until it answers.
func (w *World) NewSite(t testing.TB) *Site {
	t.Helper()
	id := siteID(t.Name())
	s := &Site{World: w, ID: id, Host: id + ".example", t: t, tokens: make(map[string]string)}
	a := w.Operator().For(t).Send(http.MethodPost, "/api/v1/sites", M{"id": s.ID, "title": "Site " + id, "language": "en", "hosts": []string{s.Host}})
	if a.Status/100 != 2 {
		t.Fatalf("add the site %s = %d: %s", id, a.Status, a.Body)
	}
	Eventually(t, s.answers)
	return s
}

// answers tells whether the gateway knows the site and render has it: its home
// page carries its name.
func (s *Site) answers() error {
	a, err := s.Anyone().Try(s.t.Context(), http.MethodGet, "/", nil)
	if err == nil && (a.Status != http.StatusOK || !strings.Contains(a.Text(), "Site "+s.ID)) {
		err = fmt.Errorf("the home page of %s answers %d: %.200s", s.Host, a.Status, a.Body)
	}
	return err
}

// siteID is a name of at most 40 characters, unique among the tests of a world.
func siteID(name string) string {
	_, name, _ = strings.Cut(name, "/")
	id := []byte(strings.ToLower(name))
	for i, b := range id {
		if (b < 'a' || b > 'z') && (b < '0' || b > '9') {
			id[i] = '-'
		}
	}
	if len(id) > 40 {
		id = id[len(id)-40:]
	}
	return strings.Trim(string(id), "-")
}

// Anyone is a client without a token, on this site.
func (s *Site) Anyone() *Client { return s.client(s.t, s.URL).WithHost(s.Host) }

// As is a client with a token of that role: "author", "editor", "owner". Each
// call with the same role has the same token.
func (s *Site) As(role string) *Client {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens[role] == "" {
		s.tokens[role] = s.NewToken(role)
	}
	return s.Anyone().WithToken(s.tokens[role])
}

// NewToken makes a token of that role.
func (s *Site) NewToken(role string) string {
	s.t.Helper()
	var out struct {
		Secret string `json:"secret"`
	}
	a := s.Operator().For(s.t).WithHost(s.Host).Send(http.MethodPost, "/api/v1/tokens", M{"name": "test " + role, "role": role})
	if a.Status/100 != 2 {
		s.t.Fatalf("make a token with the role %s = %d: %s", role, a.Status, a.Body)
	}
	decode(s.t, a, &out)
	return out.Secret
}

// Create writes a post as an editor: a draft unless fields say otherwise.
func (s *Site) Create(fields M) Post {
	s.t.Helper()
	return s.As("editor").Create(fields)
}

// Publish writes a post that readers see at once.
func (s *Site) Publish(title, body string, tags ...string) Post {
	s.t.Helper()
	return s.Create(M{"title": title, "body": body, "tags": tags, "status": "published"})
}

// Create writes a post.
func (c *Client) Create(fields M) Post {
	c.t.Helper()
	var p Post
	c.Want(http.StatusCreated, http.MethodPost, "/api/v1/posts", fields, &p)
	return p
}

// Act does something with a post: "publish", "withdraw".
func (c *Client) Act(p Post, verb string) Post {
	c.t.Helper()
	var out Post
	c.Want(http.StatusOK, http.MethodPost, p.API()+":"+verb, M{}, &out)
	return out
}

// Patch changes fields of a post.
func (c *Client) Patch(p Post, fields M) Post {
	c.t.Helper()
	var out Post
	c.With("If-Match", p.IfMatch()).Want(http.StatusOK, http.MethodPatch, p.API(), fields, &out)
	return out
}

// List reads all pages of a list of posts: size at a time, query as further
// parameters.
func (c *Client) List(query string, size int) []Post {
	c.t.Helper()
	var all []Post
	for token := ""; ; {
		v := url.Values{"page_size": {strconv.Itoa(size)}}
		if token != "" {
			v.Set("page_token", token)
		}
		path := "/api/v1/posts?" + v.Encode()
		if query != "" {
			path += "&" + query
		}
		var page struct {
			Posts []Post `json:"posts"`
			Next  string `json:"next_page_token"`
		}
		c.Want(http.StatusOK, http.MethodGet, path, nil, &page)
		if len(page.Posts) > size {
			c.t.Fatalf("GET %s has %d posts, want at most %d", path, len(page.Posts), size)
		}
		all = append(all, page.Posts...)
		if token = page.Next; token == "" {
			return all
		}
	}
}

// Shows waits until a page answers 200 and holds text.
func (s *Site) Shows(path, text string) Answer {
	s.t.Helper()
	return s.Answers(path, http.StatusOK, text)
}

// Answers waits until a page answers with status and holds text.
func (s *Site) Answers(path string, status int, text string) Answer {
	s.t.Helper()
	return s.until(path, func(a Answer) error {
		if a.Status != status || !strings.Contains(a.Text(), text) {
			return fmt.Errorf("GET %s = %d without %q, want %d with it: %.600s", path, a.Status, text, status, a.Body)
		}
		return nil
	})
}

// Lacks waits until a page answers 200 without text.
func (s *Site) Lacks(path, text string) Answer {
	s.t.Helper()
	return s.until(path, func(a Answer) error {
		if a.Status != http.StatusOK || strings.Contains(a.Text(), text) {
			return fmt.Errorf("GET %s = %d with %q, want 200 without it", path, a.Status, text)
		}
		return nil
	})
}

// Turns waits until a page answers with status.
func (s *Site) Turns(path string, status int) Answer {
	s.t.Helper()
	return s.Answers(path, status, "")
}

func (s *Site) until(path string, fn func(Answer) error) Answer {
	s.t.Helper()
	var last Answer
	reader := s.Anyone()
	Eventually(s.t, func() error {
		a, err := reader.Try(s.t.Context(), http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		last = a
		return fn(a)
	})
	return last
}
