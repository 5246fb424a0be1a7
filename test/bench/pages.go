package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/test/world/topology"
)

const (
	connections = 64
	rounds      = 5
	roundTime   = 4 * time.Second
)

// pages compares a cached post page with a bare net/http server that sends the
// same bytes, in turns.
func pages(ctx context.Context, r report) error {
	s, err := open(ctx, topology.One, topology.Options{})
	if err != nil {
		return err
	}
	defer s.close()
	p := corpus(1)[0]
	if _, err := s.create(ctx, p); err != nil {
		return err
	}
	path := "/posts/" + p.Slug
	if err := s.until(ctx, path, p.Title); err != nil {
		return err
	}
	answer, err := s.fetch(ctx, path, "gzip")
	if err != nil {
		return err
	}
	bare, stop, err := startBare(ctx, answer)
	if err != nil {
		return err
	}
	defer stop()
	ours := strings.TrimPrefix(s.URL, "http://")
	request := func(host string) []byte {
		return []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nAccept-Encoding: gzip\r\n\r\n")
	}
	var ratios, mine, theirs []float64
	for range rounds {
		a, err := load(ours, request(ours), connections, roundTime)
		if err != nil {
			return err
		}
		b, err := load(bare, request(bare), connections, roundTime)
		if err != nil {
			return err
		}
		ratios, mine, theirs = append(ratios, a/b), append(mine, a), append(theirs, b)
	}
	slices.Sort(ratios)
	slices.Sort(mine)
	slices.Sort(theirs)
	r.line("\n## A cached page\n\nOne post page, gzip, %d bytes of body, %d keep-alive connections, %d rounds of %s each in turn with a bare net/http server that sends the same status, headers and body.", len(answer.Body), connections, rounds, roundTime)
	r.table()
	mid := rounds / 2
	r.row("ratio, median", fmt.Sprintf("%.2f (%.2f–%.2f)", ratios[mid], ratios[0], ratios[rounds-1]), "≥ 0.90", ratios[mid] >= 0.9)
	r.line("\nRequests a second, median: ours %.0f, bare %.0f.", mine[mid], theirs[mid])
	return nil
}

// startBare runs the bare server in a process of its own and answers its address.
func startBare(ctx context.Context, a recorded) (addr string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	text, err := json.Marshal(a)
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "bare-server", "127.0.0.1:0")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill() // it has nothing to lose
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("start the bare server: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

// fetch is the answer at path as it goes over the wire.
func (s *server) fetch(ctx context.Context, path, encoding string) (recorded, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		return recorded{}, err
	}
	req.Header.Set("Accept-Encoding", encoding)
	resp, err := s.client.Do(req)
	if err != nil {
		return recorded{}, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		return recorded{}, err
	}
	return recorded{resp.Header, body.Bytes()}, nil
}
