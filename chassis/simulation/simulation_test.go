package simulation_test

import (
	"os"
	"strconv"
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
		result := run(t, simulation.Options{Seed: seed, Live: func(line string) { t.Log(line) }})
		if result.Err != nil {
			t.Errorf("seed %d: %v", seed, result.Err)
		}
		return
	}
	for seed := range number(t, "SEEDS", 200) {
		seed++
		result := run(t, simulation.Options{Seed: seed})
		if result.Err != nil {
			t.Errorf("seed %d: %v\nreplay it: make simulate SEED=%d\n%s", seed, result.Err, seed, result.Tail)
			return
		}
	}
}
