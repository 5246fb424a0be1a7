package world

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	// clientTimeout bounds one request.
	clientTimeout = 20 * time.Second
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 64 << 20
)

var errUnavailable = errors.New("unavailable")

// Client sends requests as one person to one site. It follows no redirect and
// undoes no compression. Its With methods answer a changed copy. Safe for
// concurrent use.
type Client struct {
	t      testing.TB
	http   *http.Client
	base   string
	host   string
	header http.Header
}

// newHTTP is what the clients of a world share: connections are few.
func newHTTP(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{
		DialContext:        (&net.Dialer{Timeout: clientTimeout}).DialContext,
		DisableCompression: true, MaxIdleConnsPerHost: 16,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: clientTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// client is one without a token, at base.
func (w *World) client(t testing.TB, base string) *Client {
	t.Helper()
	return &Client{t: t, http: w.http, base: base, header: make(http.Header)}
}

// For is the client with the failures going to t, for subtests.
func (c *Client) For(t testing.TB) *Client {
	t.Helper()
	d := *c
	d.t = t
	return &d
}

// WithHost sends requests to the site of that host name.
func (c *Client) WithHost(host string) *Client {
	d := *c
	d.host = host
	return &d
}

// WithToken sends a token; none if it is empty.
func (c *Client) WithToken(secret string) *Client {
	if secret == "" {
		return c.With("Authorization", "")
	}
	return c.With("Authorization", "Bearer "+secret)
}

// With sends a header; an empty value takes it away.
func (c *Client) With(name, value string) *Client {
	d := *c
	d.header = maps.Clone(c.header)
	d.header.Del(name)
	if value != "" {
		d.header.Set(name, value)
	}
	return &d
}

// Answer is what a request was answered with.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Try sends a request. in is nil for no body, []byte or string as it is, and
// anything else as JSON. An error is one of the connection: every status is an answer.
func (c *Client) Try(ctx context.Context, method, path string, in any) (Answer, error) {
	body, isJSON, err := encode(in)
	if err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return Answer{}, fmt.Errorf("make the request: %w", err)
	}
	req.Header = maps.Clone(c.header)
	if isJSON && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.host != "" {
		req.Host = c.host
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer: %w", err)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: answer}, nil
}

func encode(in any) (body io.Reader, isJSON bool, err error) {
	switch in := in.(type) {
	case nil:
		return http.NoBody, false, nil
	case []byte:
		return bytes.NewReader(in), true, nil
	case string:
		return strings.NewReader(in), true, nil
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, false, fmt.Errorf("write the request: %w", err)
	}
	return bytes.NewReader(text), true, nil
}

// Send is Try without its error: that fails the test. What reads is sent again,
// for a while, after a 503 that says when to: on a machine that does much else a
// service may answer too late.
func (c *Client) Send(method, path string, in any) Answer {
	c.t.Helper()
	var last Answer
	err := await(c.t.Context(), func() error {
		a, err := c.Try(c.t.Context(), method, path, in)
		if err != nil {
			c.t.Fatalf("%s %s: %v", method, path, err)
		}
		last = a
		if reads := method == http.MethodGet || method == http.MethodHead; reads && a.Status == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != "" {
			return errUnavailable
		}
		return nil
	})
	if err != nil {
		c.t.Logf("%s %s: %v for %s", method, path, err, limit)
	}
	return last
}

// Get reads a path.
func (c *Client) Get(path string) Answer {
	c.t.Helper()
	return c.Send(http.MethodGet, path, nil)
}

// Want sends a request, fails the test if the status is another, and decodes the
// JSON answer into out unless that is nil.
func (c *Client) Want(status int, method, path string, in, out any) Answer {
	c.t.Helper()
	a := c.Send(method, path, in)
	if a.Status != status {
		c.t.Fatalf("%s %s = %d, want %d: %.600s", method, path, a.Status, status, a.Body)
	}
	if out != nil {
		decode(c.t, a, out)
	}
	return a
}

func decode(t testing.TB, a Answer, out any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, out); err != nil {
		t.Fatalf("read the answer: %v in %.600s", err, a.Body)
	}
}

// Text is the body.
func (a Answer) Text() string { return string(a.Body) }

// Problem is the body of an error answer (RFC 9457); the zero value if it is none.
func (a Answer) Problem() Problem {
	var p Problem
	if a.Header.Get("Content-Type") != "application/problem+json" || json.Unmarshal(a.Body, &p) != nil {
		return Problem{}
	}
	return p
}

// Problem is an error as the API tells it.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Field  string `json:"field"`
		Detail string `json:"detail"`
	} `json:"errors"`
}

// Fields are the refused fields.
func (p Problem) Fields() []string {
	var out []string
	for _, e := range p.Errors {
		out = append(out, e.Field)
	}
	return out
}
