package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parution/parution/test/world/topology"
)

const (
	listeners = 10_000
	// told is how many posts are published while they listen.
	told = 20
	// heartbeats is long enough for each reader to be written to.
	heartbeats = 25 * time.Second
)

// listenCommand opens connections that listen for events, says so, and prints for
// each of a number of events when each connection had it, in Unix microseconds:
// listen ADDR CONNECTIONS EVENTS.
func listenCommand(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: listen ADDR CONNECTIONS EVENTS")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	events, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	var open, done sync.WaitGroup
	open.Add(n)
	slots := make(chan struct{}, 64)
	times, errs := make([][]int64, n), make([]error, n)
	for i := range n {
		done.Go(func() {
			slots <- struct{}{}
			times[i], errs[i] = hear(args[0], events, func() {
				<-slots
				open.Done()
			})
		})
	}
	open.Wait()
	if _, err := fmt.Fprintln(os.Stdout, "listening"); err != nil {
		return err
	}
	done.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(times)
}

// hear listens for events and answers when each came.
func hear(addr string, events int, listening func()) ([]int64, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		listening()
		return nil, err
	}
	defer func() { _ = conn.Close() }() // nothing more is read
	_, err = conn.Write([]byte("GET /events HTTP/1.1\r\nHost: bench\r\n\r\n"))
	r := bufio.NewReaderSize(conn, 512)
	var times []int64
	for begun := false; err == nil && len(times) < events; {
		var line []byte
		line, err = r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			err = nil
		}
		switch {
		case !begun && bytes.HasPrefix(line, []byte("id: ")):
			begun = true
			listening()
		case bytes.HasPrefix(line, []byte("event: post")):
			times = append(times, time.Now().UnixMicro())
		}
	}
	return times, err
}

// readers measures what readers cost that listen for changes and how soon they are told.
func readers(ctx context.Context, r report, kind topology.Kind) error {
	s, err := open(ctx, kind, topology.Options{})
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.until(ctx, "/", "<html"); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	pid, settled := s.Pid(s.Front()), 8*time.Second
	pause(ctx, settled)
	before, err := memory(pid)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "listen", strings.TrimPrefix(s.URL, "http://"), strconv.Itoa(listeners), strconv.Itoa(told))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(out)
	if _, err := lines.ReadString('\n'); err != nil {
		return fmt.Errorf("open %d connections: %w", listeners, err)
	}
	idle, err := s.listened(ctx, pid)
	if err != nil {
		return err
	}
	accepted, err := s.tell(ctx)
	if err != nil {
		return err
	}
	var times [][]int64
	if err := errors.Join(json.NewDecoder(lines).Decode(&times), cmd.Wait()); err != nil {
		return err
	}
	waits := delays(accepted, times)
	after, err := memory(pid)
	if err != nil {
		return err
	}
	r.line("\n## Live readers, topology %s\n\n%d connections that listen for events (HTTP/1.1, loopback) at process %s: memory %s after the last was opened, so that each was written to once, and CPU over that time; then %d posts published one at a time, from the answer that accepted each until each reader had its event.", kind, listeners, s.Front(), heartbeats, told)
	r.table()
	r.row("memory with them", fmt.Sprintf("%.0f MiB (%.0f before, %.0f after the events)", idle.memory, before, after), "≤ 300 MiB", idle.memory <= 300)
	r.row("memory for each", fmt.Sprintf("%.1f KiB", (idle.memory-before)*1024/listeners), "", true)
	r.row("idle CPU of one core", fmt.Sprintf("%.1f %%", idle.cpu), "", true)
	r.row("told, median of all", fmt.Sprintf("%.0f ms (p99 %.0f, last %.0f)", percentile(waits, .5), percentile(waits, .99), percentile(waits, 1)), "≤ 1,000 ms", percentile(waits, 1) <= 1000)
	return nil
}

// listened looks at a process while readers listen.
func (s *server) listened(ctx context.Context, pid int) (out rest, err error) {
	before, err := readStat(pid)
	if err != nil {
		return out, err
	}
	pause(ctx, heartbeats)
	after, err := readStat(pid)
	if err != nil {
		return out, err
	}
	out.cpu = (after.ms - before.ms) / heartbeats.Seconds() / 10
	out.memory, err = memory(pid)
	return out, err
}

// tell publishes posts, so far apart that each is told by itself, and answers when each was accepted.
func (s *server) tell(ctx context.Context) (accepted []time.Time, err error) {
	for _, p := range corpus(told) {
		if _, err := s.create(ctx, p); err != nil {
			return nil, err
		}
		accepted = append(accepted, time.Now())
		pause(ctx, time.Second)
	}
	return accepted, nil
}

// delays are how long each reader waited for each event, sorted.
func delays(accepted []time.Time, times [][]int64) []time.Duration {
	var out []time.Duration
	for _, reader := range times {
		for i, at := range reader {
			out = append(out, max(0, time.UnixMicro(at).Sub(accepted[i])))
		}
	}
	slices.Sort(out)
	return out
}
