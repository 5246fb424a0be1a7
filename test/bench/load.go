package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// loadCommand sends one prepared request over keep-alive connections for a while
// and prints how many answers it got: load ADDR CONNECTIONS DURATION < request.
// It reads no more of an answer than it must, so that it costs little beside
// the server.
func loadCommand(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: load ADDR CONNECTIONS DURATION < request")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	request, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var count, failed atomic.Int64
	var wg sync.WaitGroup
	until := time.Now().Add(d)
	for range n {
		wg.Go(func() {
			got, err := hammer(args[0], request, until)
			count.Add(got)
			if err != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if f := failed.Load(); f > 0 {
		return fmt.Errorf("%d of %d connections failed", f, n)
	}
	return json.NewEncoder(os.Stdout).Encode(count.Load())
}

func hammer(addr string, request []byte, until time.Time) (n int64, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // nothing more is sent
	r := bufio.NewReaderSize(conn, 64<<10)
	for time.Now().Before(until) {
		if _, err := conn.Write(request); err != nil {
			return n, err
		}
		if err := skipAnswer(r); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

var errAnswer = errors.New("not a 200 with a length")

// skipAnswer reads past one HTTP/1.1 200 answer that has a Content-Length.
func skipAnswer(r *bufio.Reader) error {
	status, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return errAnswer
	}
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errAnswer
	}
	_, err = r.Discard(length)
	return err
}

// load runs the load generator in a process of its own; requests a second.
func load(addr string, request []byte, connections int, d time.Duration) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self, "load", addr, strconv.Itoa(connections), d.String())
	cmd.Stdin, cmd.Stderr = bytes.NewReader(request), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("load %s: %w", addr, err)
	}
	var n float64
	if err := json.Unmarshal(out, &n); err != nil {
		return 0, err
	}
	return n / d.Seconds(), nil
}

// recorded is an answer as it came, to be sent again by the bare server.
type recorded struct {
	Header http.Header
	Body   []byte
}

// bareServer is the mark to reach: net/http that sends the same bytes from
// memory and does nothing else: bare-server ADDR < recorded answer.
func bareServer(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: bare-server ADDR < answer")
	}
	var a recorded
	if err := json.NewDecoder(os.Stdin).Decode(&a); err != nil {
		return err
	}
	a.Header.Del("Date") // net/http writes its own
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		maps.Copy(h, a.Header)
		_, _ = w.Write(a.Body)
	})
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, l.Addr()); err != nil {
		return err
	}
	return (&http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}).Serve(l)
}
