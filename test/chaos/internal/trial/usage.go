package trial

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parution/parution/test/chaos/internal/checker"
	"github.com/parution/parution/test/chaos/internal/crowd"
)

// Usage is what a program uses.
type Usage struct {
	Program string `json:"program"`
	// Before is at the beginning of the run; 0 where it is not told.
	GoroutinesBefore float64 `json:"goroutines_before"`
	Goroutines       float64 `json:"goroutines"`
	FilesBefore      float64 `json:"files_before"`
	Files            float64 `json:"files"`
	MemoryBefore     float64 `json:"memory_before_bytes"`
	Memory           float64 `json:"memory_bytes"`
}

const (
	// restTimeout is how long a program may take to come to rest after the load.
	restTimeout = 15 * time.Second
	// more is how many goroutines and files a program may have on top of twice
	// what it had: connections that stay open for the next request.
	more = 100
	// mostMemory is what a program may use after the run: the cache of a gateway and its garbage.
	mostMemory = 1 << 30
)

// metrics reads the sums of the series of metrics of a program; none if it does not answer.
func (r *run) metrics(ctx context.Context, program string) map[string]float64 {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.t.OpsURL(program)+"/metrics", http.NoBody)
	if err != nil {
		return nil
	}
	client := http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	out := make(map[string]float64)
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		at := strings.LastIndexByte(lines.Text(), ' ')
		if at < 0 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		name, _, _ := strings.Cut(lines.Text()[:at], "{")
		if n, err := strconv.ParseFloat(lines.Text()[at+1:], 64); err == nil {
			out[name] += n
		}
	}
	return out
}

// usage is what each program uses now.
func (r *run) usage(ctx context.Context) []Usage {
	var out []Usage
	for _, name := range r.t.Programs() {
		m := r.metrics(ctx, name)
		out = append(out, Usage{
			Program: name, Goroutines: m["go_goroutines"] + m["go_goroutine_count"], Files: m["process_open_fds"], Memory: m["process_resident_memory_bytes"],
		})
	}
	return out
}

// resources waits until every program is at rest and compares what it uses with
// what it used before.
func (r *run) resources(ctx context.Context, v *Verdict) []checker.Violation {
	if r.before == nil {
		return nil
	}
	var list []checker.Violation
	for until := time.Now().Add(restTimeout); ; {
		list, v.Resources = nil, r.usage(ctx)
		for i, now := range v.Resources {
			was := r.before[i]
			u := &v.Resources[i]
			u.GoroutinesBefore, u.FilesBefore, u.MemoryBefore = was.Goroutines, was.Files, was.Memory
			if now.Goroutines > 2*was.Goroutines+more || now.Files > 2*was.Files+more || now.Memory > mostMemory {
				list = append(list, checker.Violation{
					Invariant: checker.I8, Where: now.Program,
					What: fmt.Sprintf("has %.0f goroutines (before: %.0f), %.0f files (%.0f) and %.0f MiB (%.0f)",
						now.Goroutines, was.Goroutines, now.Files, was.Files, now.Memory/(1<<20), was.Memory/(1<<20)),
				})
			}
		}
		if len(list) == 0 || time.Now().After(until) || !crowd.Pause(ctx, time.Second) {
			return list
		}
	}
}
