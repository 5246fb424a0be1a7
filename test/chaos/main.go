// Command chaos runs Parution as real processes under faults that are drawn from
// a seed, and says by itself whether it kept its promises. docs/chaos.md is its
// manual. The exit code is 0 only if it did.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/parution/parution/test/chaos/internal/plant"
	"github.com/parution/parution/test/chaos/internal/trial"
	"github.com/parution/parution/test/world/topology"
)

// options are the command's flags.
type options struct {
	cfg               trial.Config
	profile           string
	out               string
	untested, rolling bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, parse()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func parse() options {
	var o options
	flag.StringVar(&o.profile, "profile", "one", "what runs: one (the one binary) or cluster (two replicas of every service)")
	flag.Uint64Var(&o.cfg.Seed, "seed", 1, "what everything is drawn from")
	flag.IntVar(&o.cfg.Ops, "ops", 5000, "how many operations authors do")
	flag.IntVar(&o.cfg.Faults, "faults", 0, "how many faults there are; 0: one for each 250 operations, from 8 to 60")
	flag.IntVar(&o.cfg.Authors, "authors", 8, "how many authors write at once")
	flag.Float64Var(&o.cfg.Rate, "rate", 80, "most operations a second")
	flag.Float64Var(&o.cfg.Reads, "reads", 40, "pages read a second")
	flag.BoolVar(&o.cfg.Restore, "restore", false, "let the database be set back to an older copy once")
	flag.StringVar(&o.out, "out", "", "file of the verdict; empty: bin/chaos/PROFILE-SEED.json")
	flag.BoolVar(&o.rolling, "rolling", false, "instead: restart every program of a cluster, one after the other, under reads (default 200 a second)")
	flag.DurationVar(&o.cfg.Ahead, "ahead", 8*time.Second, "how far ahead posts are scheduled at most")
	flag.BoolVar(&o.untested, "without-self-test", false, "believe the checker without testing it first; such a run proves nothing")
	flag.Parse()
	if o.cfg.Faults == 0 {
		o.cfg.Faults = min(60, max(8, o.cfg.Ops/250))
	}
	return o
}

var (
	errFailed = errors.New("promises were broken; the verdict names them")
	errVoid   = errors.New("the checker does not find what was planted: the run is void")
)

// selfTest plants defects; the result in a few words.
func (o options) selfTest(ctx context.Context) (string, error) {
	if o.untested {
		return "skipped", nil
	}
	o.cfg.Log("testing the checker")
	result, err := plant.SelfTest(ctx, o.cfg.Folder+"-self-test", o.cfg.Log)
	if err != nil {
		return "", fmt.Errorf("test the checker: %w", err)
	}
	o.cfg.Log("the checker caught %s planted defects", result)
	if len(result.Missed) > 0 {
		return "", fmt.Errorf("%w: %s", errVoid, strings.Join(result.Missed, "; "))
	}
	return result.String(), nil
}

func run(ctx context.Context, o options) error {
	root, err := topology.Root()
	if err != nil {
		return err
	}
	o.cfg.Kind = topology.Kind(o.profile)
	if o.cfg.Kind != topology.One && o.cfg.Kind != topology.Cluster {
		return fmt.Errorf("there is no profile %q: one or cluster", o.profile)
	}
	if o.cfg.Ops < 1 {
		return fmt.Errorf("a run of %d operations proves nothing", o.cfg.Ops)
	}
	name := fmt.Sprintf("%s-%d", o.profile, o.cfg.Seed)
	o.cfg.Folder = filepath.Join(root, "bin", "chaos", name)
	if o.out == "" {
		o.out = o.cfg.Folder + ".json"
	}
	began := time.Now()
	o.cfg.Log = func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	if o.rolling {
		return o.roll(ctx)
	}
	tested, err := o.selfTest(ctx)
	if err != nil {
		return err
	}
	v, err := trial.Run(ctx, o.cfg)
	if err != nil {
		return err
	}
	v.SelfTest = tested
	v.Commit, v.Machine = commit(ctx, root), fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	v.Command = "go run ./test/chaos " + strings.Join(os.Args[1:], " ")
	if err := v.Write(o.out); err != nil {
		return err
	}
	if err := show(v); err != nil {
		return err
	}
	if !v.Pass {
		return fmt.Errorf("%w: %s, logs and data: %s", errFailed, o.out, v.Kept)
	}
	return nil
}

// The load of a rolling restart.
const (
	rollingPosts = 200
	rollingReads = 220
)

var errRequests = errors.New("requests failed during the rolling restart")

// roll restarts a cluster under reads.
func (o options) roll(ctx context.Context) error {
	o.cfg.Folder += "-rolling"
	o.cfg.Ops, o.cfg.Reads = min(o.cfg.Ops, rollingPosts), max(o.cfg.Reads, rollingReads)
	rolled, err := trial.Rolling(ctx, o.cfg)
	if err != nil {
		return err
	}
	if err := show(rolled); err != nil {
		return err
	}
	if rolled.Failed > 0 {
		return fmt.Errorf("%w: %d of %d; logs: %s", errRequests, rolled.Failed, rolled.Requests, o.cfg.Folder)
	}
	return nil
}

// show prints what was found.
func show(found any) error {
	text, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return fmt.Errorf("write what was found: %w", err)
	}
	_, err = fmt.Fprintln(os.Stdout, string(text))
	return err
}

// commit is the repository's, with a mark if files were changed since.
func commit(ctx context.Context, root string) string {
	out, err := exec.CommandContext(ctx, "git", "-C", root, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
