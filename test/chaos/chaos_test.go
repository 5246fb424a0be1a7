package main_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/test/chaos/internal/plant"
	"github.com/parution/parution/test/chaos/internal/trial"
	"github.com/parution/parution/test/world/topology"
)

// The checker must find every planted defect; otherwise what it says is void.
func TestTheCheckerFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	result, err := plant.SelfTest(t.Context(), t.TempDir(), t.Logf)
	if err != nil {
		t.Fatalf("self-test: %v", err)
	}
	for _, missed := range result.Missed {
		t.Errorf("not found: %s", missed)
	}
	if result.Planted < 12 {
		t.Errorf("%d defects were planted, want at least 12", result.Planted)
	}
}

// A short run on each topology keeps every promise. After a failure the same run
// is: make chaos PROFILE=… SEED=1 OPS=… FAULTS=8.
func TestSmoke(t *testing.T) {
	for _, c := range []struct {
		kind topology.Kind
		ops  int
	}{{topology.One, 2000}, {topology.Cluster, 700}} {
		t.Run(string(c.kind), func(t *testing.T) {
			folder := t.TempDir()
			v, err := trial.Run(t.Context(), trial.Config{
				Kind: c.kind, Seed: 1, Ops: c.ops, Faults: 8, Authors: 8, Rate: 100, Reads: 30, Ahead: 4 * time.Second, Folder: folder, Log: t.Logf,
			})
			if errors.Is(err, sqldbtest.ErrNotInstalled) && os.Getenv("CI") != "true" {
				t.Skipf("NOT TESTED AS A CLUSTER: %v", err)
			}
			if err != nil {
				t.Fatalf("the run itself: %v", err)
			}
			for inv, held := range v.Invariants {
				for _, violation := range held.Violations {
					t.Errorf("%s: %v %q", inv, violation, violation.History)
				}
			}
			t.Logf("converged %.1f s after the last fault (limit %.0f), %d operations of %v, reads %.4f, cached reads %.4f, writes %.4f; journal of %s",
				v.Convergence.Last, v.Convergence.Limit, c.ops, v.Operations, v.Availability.Reads, v.Availability.Cached, v.Availability.Writes, filepath.Base(folder))
		})
	}
}

// Every process of a cluster is restarted, one after the other, and no reader
// notices.
func TestRollingRestart(t *testing.T) {
	rolled, err := trial.Rolling(t.Context(), trial.Config{
		Seed: 1, Ops: 60, Authors: 4, Rate: 100, Reads: 100, Ahead: 2 * time.Second, Folder: t.TempDir(), Log: t.Logf,
	})
	if errors.Is(err, sqldbtest.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skipf("NOT TESTED AS A CLUSTER: %v", err)
	}
	if err != nil {
		t.Fatalf("the restart itself: %v", err)
	}
	if rolled.Failed > 0 {
		t.Errorf("%d of %d requests failed: %q", rolled.Failed, rolled.Requests, rolled.Problems)
	}
	t.Logf("%d requests, %.0f a second, p99 %.1f ms, while %v were restarted", rolled.Requests, rolled.Rate, rolled.P99, rolled.Programs)
}
