package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// usage is the CPU time that processes have used, in milliseconds, by program.
type usage map[string]float64

// client is this process in a usage.
const client = "client"

// used reads what this process and all that it started have used. Where there is
// no /proc it is this process alone.
func used() (usage, error) {
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return nil, fmt.Errorf("read this process's CPU time: %w", err)
	}
	u := usage{client: float64(time.Duration(self.Utime.Nano()+self.Stime.Nano()).Microseconds()) / 1000}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	stats := make(map[int]processStat)
	for _, file := range files {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file))) // the pattern says so
		if s, err := readStat(pid); err == nil {                  // otherwise it has ended
			stats[pid] = s
		}
	}
	for pid, s := range stats {
		if pid != os.Getpid() && descends(stats, pid) {
			u[s.name] += s.ms
		}
	}
	return u, nil
}

// descends tells whether this process started pid, itself or by another.
func descends(stats map[int]processStat, pid int) bool {
	for range len(stats) { // a process id that was given again could close a ring
		s, ok := stats[pid]
		if !ok {
			return false
		}
		if pid == os.Getpid() {
			return true
		}
		pid = s.parent
	}
	return false
}

// per describes the growth since before, divided by n: "9.1 ms (client 1.0, …)".
func (u usage) per(n int, before usage) string {
	var total float64
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(u)) {
		ms := (u[name] - before[name]) / float64(n)
		if total += ms; ms >= .01 {
			parts = append(parts, fmt.Sprintf("%s %.2f", name, ms))
		}
	}
	return fmt.Sprintf("%.2f ms (%s)", total, strings.Join(parts, ", "))
}

// profile has every program write a CPU profile of the next seconds into a file
// of dir; wait until they are there with what it answers.
func (s *server) profile(ctx context.Context, dir string, d time.Duration) (wait func() error) {
	if dir == "" {
		return func() error { return nil }
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(s.Programs()))
	for _, name := range s.Programs() {
		wg.Go(func() {
			address := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", s.OpsURL(name), int(d.Seconds()))
			if err := download(ctx, address, filepath.Join(dir, string(s.Kind)+"-"+name+".prof")); err != nil {
				errs <- fmt.Errorf("profile of %s: %w", name, err)
			}
		})
	}
	return func() error {
		wg.Wait()
		close(errs)
		return <-errs
	}
}

func download(ctx context.Context, address, file string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := plainClient().Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", address, resp.StatusCode)
	}
	return os.WriteFile(file, body, 0o600)
}
