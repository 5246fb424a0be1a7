package simulation_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/simulation"
)

// number is what the environment says, or otherwise.
func number(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func run(t *testing.T, opts simulation.Options) (result simulation.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { result = simulation.Run(t, opts) })
	return result
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	if seed := number(t, "SEED", 0); seed != 0 {
		result := run(t, simulation.Options{Seed: seed, DatabaseBack: seed%2 == 0, Live: func(line string) { t.Log(line) }})
		if result.Err != nil {
			t.Errorf("seed %d: %v", seed, result.Err)
		}
		return
	}
	for seed := range number(t, "SEEDS", 200) {
		seed++
		result := run(t, simulation.Options{Seed: seed, DatabaseBack: seed%2 == 0})
		if result.Err != nil {
			t.Errorf("seed %d: %v\nreplay it: make simulate SEED=%d\n%s", seed, result.Err, seed, result.Tail)
			return
		}
	}
}

// TestASeedReplaysItsPlan compares what comes from the seed: faults and writes,
// and their times. What they set off runs on several processors; goroutines that
// are woken at one moment take turns as they like.
func TestASeedReplaysItsPlan(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 12; seed++ {
		first, second := plan(t, seed), plan(t, seed)
		if len(first) == 0 {
			t.Errorf("seed %d plans nothing", seed)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("seed %d (-first +second):\n%s", seed, diff)
		}
	}
}

// plan are the lines of a history that tell of faults and writes, in the order
// of time.
func plan(t *testing.T, seed uint64) (lines []string) {
	t.Helper()
	run(t, simulation.Options{Seed: seed, Live: func(line string) {
		if strings.Contains(line, " nemesis: ") || strings.Contains(line, " author: ") {
			lines = append(lines, line)
		}
	}})
	slices.Sort(lines) // what happens at one moment has no order
	return lines
}
