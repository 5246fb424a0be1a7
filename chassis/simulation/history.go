package simulation

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"
)

// history is what happened, in order.
type history struct {
	start time.Time
	live  func(line string) // told at once, if anybody wants that

	mu    sync.Mutex
	lines []string
}

func (h *history) add(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	line := fmt.Sprintf("%14.9f %s", time.Since(h.start).Seconds(), text)
	h.lines = append(h.lines, line)
	if h.live != nil {
		h.live(line)
	}
}

// last are the newest n lines.
func (h *history) last(n int) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines[max(0, len(h.lines)-n):], "\n")
}

// sum tells two histories apart. What happens at one moment has no order.
func (h *history) sum() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := fnv.New64a()
	for _, line := range slices.Sorted(slices.Values(h.lines)) {
		_, _ = f.Write([]byte(line + "\n")) // it has no errors
	}
	return f.Sum64()
}
