// Package trial runs Parution under faults and says whether it kept its promises.
package trial

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/parution/parution/test/chaos/internal/checker"
	"github.com/parution/parution/test/chaos/internal/journal"
	"github.com/parution/parution/test/chaos/internal/nemesis"
)

// Verdict is what a run found, as docs/chaos.md explains it.
type Verdict struct {
	Pass    bool      `json:"pass"`
	Commit  string    `json:"commit"`
	Command string    `json:"command"`
	Profile string    `json:"profile"`
	Seed    uint64    `json:"seed"`
	Began   time.Time `json:"began"`
	Seconds float64   `json:"seconds"`
	Machine string    `json:"machine"`
	// SelfTest is how many planted defects the checker caught before the run.
	SelfTest string `json:"self_test,omitempty"`

	Operations    map[journal.Kind]map[journal.Outcome]int `json:"operations"`
	OpsPerSecond  float64                                  `json:"operations_per_second"`
	Faults        []nemesis.Record                         `json:"faults"`
	Invariants    map[checker.Invariant]Held               `json:"invariants"`
	Convergence   Convergence                              `json:"convergence"`
	Availability  Availability                             `json:"availability"`
	DriftRepaired int                                      `json:"drift_repaired"`
	DeadLetters   int                                      `json:"dead_letters"`
	Resources     []Usage                                  `json:"resources"`
	// Kept is the folder with logs and data after a failure.
	Kept string `json:"kept,omitempty"`
}

// Held is how a promise was kept.
type Held struct {
	Promise    string              `json:"promise"`
	Held       bool                `json:"held"`
	Violations []checker.Violation `json:"violations"`
	// More is how many violations are left out.
	More int `json:"more,omitempty"`
}

// Convergence is how long after a fault everything agreed again, in seconds.
type Convergence struct {
	// P50 and Max are over faults, of the read models' catching up.
	Faults int     `json:"faults"`
	P50    float64 `json:"p50_seconds"`
	Max    float64 `json:"max_seconds"`
	// Last is after the last fault, of all databases and all pages; Limit is what it may take.
	Last  float64 `json:"last_seconds"`
	Limit float64 `json:"limit_seconds"`
}

// Availability is the share of requests that were served.
type Availability struct {
	// Reads is of all, Cached of those pages that a running gateway had served before.
	Reads      float64 `json:"reads"`
	ReadsTotal int     `json:"reads_total"`
	Cached     float64 `json:"cached_reads"`
	// CachedTotal leaves out the time in which a gateway itself was disturbed.
	CachedTotal  int     `json:"cached_reads_total"`
	CachedFailed int     `json:"cached_reads_failed"`
	Writes       float64 `json:"writes"`
	WritesTotal  int64   `json:"writes_total"`
	// OwnLate is how many authors saw their own change only when they read again.
	OwnLate int `json:"own_writes_late"`
}

// mostShown is how many violations of one promise a verdict lists.
const mostShown = 25

// judge sorts violations by promise.
func (v *Verdict) judge(list []checker.Violation) {
	v.Invariants = make(map[checker.Invariant]Held)
	v.Pass = true
	for inv, promise := range checker.Invariants() {
		h := Held{Promise: promise, Held: true, Violations: []checker.Violation{}}
		for _, one := range list {
			if one.Invariant != inv {
				continue
			}
			h.Held, v.Pass = false, false
			if len(h.Violations) == mostShown {
				h.More++
				continue
			}
			h.Violations = append(h.Violations, one)
		}
		v.Invariants[inv] = h
	}
}

// Write writes the verdict to a file.
func (v *Verdict) Write(path string) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write the verdict: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the verdict: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the verdict: %w", err)
	}
	return nil
}

// spread is the median and the greatest of durations, in seconds.
func spread(list []time.Duration) (p50, longest float64) {
	if len(list) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return round(sorted[len(sorted)/2].Seconds()), round(sorted[len(sorted)-1].Seconds())
}

func round(seconds float64) float64 { return float64(int(seconds*1000)) / 1000 }

// share is a part of a whole, 1 of nothing.
func share(part, whole int64) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}
