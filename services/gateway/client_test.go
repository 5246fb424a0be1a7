package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parution/parution/chassis/web"
)

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   string
}

// option changes a request before it is sent.
type option func(*http.Request)

func with(name, value string) option {
	return func(r *http.Request) {
		if name == "Host" {
			r.Host = value
			return
		}
		r.Header.Set(name, value)
	}
}

func token(secret string) option { return with("Authorization", "Bearer "+secret) }

// send sends one request; redirects are not followed and nothing is unpacked.
func send(t testing.TB, base, method, path, body string, options ...option) answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, reader)
	if err != nil {
		t.Fatalf("make the request: %v", err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, o := range options {
		o(r)
	}
	client := http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: read the answer: %v", method, path, err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func (f *front) get(t testing.TB, path string, options ...option) answer {
	t.Helper()
	return send(t, f.public.URL, http.MethodGet, path, "", options...)
}

func (f *front) call(t testing.TB, method, path, body string, options ...option) answer {
	t.Helper()
	return send(t, f.public.URL, method, path, body, options...)
}

// problem reads the body of an error.
func (a answer) problem(t testing.TB) web.Problem {
	t.Helper()
	var p web.Problem
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("Content-Type = %q, want application/problem+json; body %s", got, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("read the problem %q: %v", a.body, err)
	}
	return p
}
