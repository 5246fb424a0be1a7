package simulation_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

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

func TestASeedReplaysExactly(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 12; seed++ {
		var first, second []string
		a := run(t, simulation.Options{Seed: seed, Live: func(line string) { first = append(first, line) }})
		b := run(t, simulation.Options{Seed: seed, Live: func(line string) { second = append(second, line) }})
		if a.Sum == b.Sum {
			continue
		}
		slices.Sort(first) // what happens at one moment has no order
		slices.Sort(second)
		for i, line := range first {
			if i >= len(second) || second[i] != line {
				t.Errorf("seed %d, line %d:\n%s\n--- or ---\n%s", seed, i,
					strings.Join(first[max(0, i-8):i+1], "\n"), strings.Join(second[max(0, i-3):min(i+1, len(second))], "\n"))
				break
			}
		}
	}
}
