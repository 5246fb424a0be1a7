package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/parution/parution/test/world/topology"
)

// patience bounds every wait that says nothing else.
const patience = 60 * time.Second

// server is a running Parution and a client that may write.
type server struct {
	*topology.Topology

	client *http.Client
	secret string
}

// open starts a topology and waits until it answers.
func open(ctx context.Context, kind topology.Kind, o topology.Options) (*server, error) {
	t, err := topology.Launch(ctx, kind, o)
	if err != nil {
		return nil, err
	}
	s := &server{Topology: t, client: plainClient()}
	for _, name := range t.Programs() {
		if err := s.wait(ctx, func() error { return t.Ready(ctx, name) }); err != nil {
			return nil, err
		}
	}
	if s.secret, err = t.Operator(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *server) close() {
	if err := s.Close(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "stopping:", err) // the figures stand
	}
}

// wait calls fn until it succeeds.
func (s *server) wait(ctx context.Context, fn func() error) error {
	return s.waitFor(ctx, patience, fn)
}

func (s *server) waitFor(ctx context.Context, patience time.Duration, fn func() error) error {
	return lookEvery(ctx, 2*time.Millisecond, patience, fn)
}

// lookEvery calls fn at a steady pace until it succeeds.
func lookEvery(ctx context.Context, pace, patience time.Duration, fn func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		err := fn()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s: %w", patience, err)
		case <-tick.C:
		}
	}
}

// create publishes p and answers how long the request took.
func (s *server) create(ctx context.Context, p item) (time.Duration, error) {
	text, err := json.Marshal(map[string]any{
		"title": p.Title, "slug": p.Slug, "body": p.Body, "tags": p.Tags, "language": "fr", "status": "published",
	})
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1/posts", bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.secret)
	req.Header.Set("Content-Type", "application/json")
	start := time.Now()
	body, status, err := s.do(req)
	if err != nil {
		return 0, err
	}
	if status != http.StatusCreated {
		return 0, fmt.Errorf("create %s: %d %s", p.Slug, status, body)
	}
	return time.Since(start), nil
}

func (s *server) do(req *http.Request) ([]byte, int, error) {
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	body, err := io.ReadAll(resp.Body)
	return body, resp.StatusCode, err
}

// shows tells whether the page at path holds text.
func (s *server) shows(ctx context.Context, path, text string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		return err
	}
	body, status, err := s.do(req)
	if err != nil {
		return err
	}
	if !strings.Contains(string(body), text) {
		return fmt.Errorf("%s (%d) does not show %q", path, status, text)
	}
	return nil
}

func (s *server) until(ctx context.Context, path, text string) error {
	return s.wait(ctx, func() error { return s.shows(ctx, path, text) })
}

// tagged is how many published posts carry the tag, as the index knows it.
func (s *server) tagged(ctx context.Context, tag string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/tags/"+tag, nil)
	if err != nil {
		return 0, err
	}
	body, _, err := s.do(req)
	if err != nil {
		return 0, err
	}
	var out struct {
		Count int `json:"count"`
	}
	return out.Count, json.Unmarshal(body, &out)
}

// plainClient keeps its connections and asks for no compression.
func plainClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
}
