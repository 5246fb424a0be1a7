// Package world gives black-box tests a running Parution: as the one program and
// as a cluster, with clients for its readers and authors. Tests of both see the
// same things happen.
package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/test/world/topology"
)

// What is shown of each log when a test has failed: its first and last complaints,
// each so many bytes of them.
const (
	firstLines = 5
	lastLines  = 10
	lineBytes  = 600
)

// World is a running Parution that belongs to a test: what goes wrong fails that
// test, and all of it is gone when the test ends. Safe for concurrent use.
type World struct {
	*topology.Topology

	t    testing.TB
	http *http.Client
}

// Options change how a world starts.
type Options = topology.Options

// OneBinary is the one program on a new folder, ready.
func OneBinary(t testing.TB, o ...Options) *World {
	t.Helper()
	return launch(t, topology.One, o)
}

// Cluster is every service by itself on a new PostgreSQL and NATS, ready. On a
// machine without PostgreSQL the test ends here: failed if CI is "true", skipped if not.
func Cluster(t testing.TB, o ...Options) *World {
	t.Helper()
	return launch(t, topology.Cluster, o)
}

// Each runs fn as the subtests "one" and "cluster", each with a world of its own.
func Each(t *testing.T, fn func(t *testing.T, w *World), o ...Options) {
	t.Helper()
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		fn(t, OneBinary(t, o...))
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		fn(t, Cluster(t, o...))
	})
}

func launch(t testing.TB, kind topology.Kind, o []Options) *World {
	t.Helper()
	var options Options
	if len(o) > 0 {
		options = o[0]
	}
	started, err := topology.Launch(t.Context(), kind, options)
	if errors.Is(err, sqldbtest.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skipf("NOT TESTED AS A CLUSTER: %v; install it or set %s", err, sqldbtest.URLVariable)
	}
	if err != nil {
		t.Fatalf("start Parution as %s: %v", kind, err)
	}
	w := &World{Topology: started, t: t, http: newHTTP(t)}
	t.Cleanup(w.end)
	if len(options.Hold) == 0 {
		w.AwaitReady()
	}
	return w
}

// end stops everything; after a failure it shows what the programs complained of.
// That goes to standard error and so comes before what the test says, which is
// printed once it has ended: of a long output mostly the end is read.
func (w *World) end() {
	w.t.Helper()
	if w.t.Failed() {
		for _, name := range w.Names() {
			if text := complaints(w.Log(name)); text != "" {
				fmt.Fprintf(os.Stderr, "%s: from the log of %s:\n%s\n", w.t.Name(), name, text)
			}
		}
	}
	if err := w.Close(); err != nil {
		w.t.Errorf("stop Parution: %v", err)
	}
}

// complaints are the lines of a log that are neither news nor details, such as
// warnings and panics.
func complaints(text string) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
		isNews := func(mark string) bool { return strings.Contains(line, mark) }
		return line == "" || slices.ContainsFunc([]string{`"level":"INFO"`, `"level":"DEBUG"`, "[INF]"}, isNews)
	})
	if more := len(lines) - firstLines - lastLines; more > 0 {
		lines = slices.Replace(lines, firstLines, firstLines+more, fmt.Sprintf("… %d more …", more))
	}
	for i, line := range lines {
		lines[i] = line[:min(len(line), lineBytes)]
	}
	return strings.Join(lines, "\n")
}

// Start starts a process that does not run, without waiting until it is ready.
func (w *World) Start(name string) {
	w.t.Helper()
	w.must("start", name, w.Topology.Start(w.t.Context(), name))
}

// Stop asks a process to end and waits until it has (SIGTERM).
func (w *World) Stop(name string) {
	w.t.Helper()
	w.must("stop", name, w.Topology.Stop(name))
}

// Kill ends a process without a warning (SIGKILL).
func (w *World) Kill(name string) {
	w.t.Helper()
	w.must("kill", name, w.Topology.Kill(name))
}

// Pause lets a process stand still (SIGSTOP).
func (w *World) Pause(name string) {
	w.t.Helper()
	w.must("pause", name, w.Topology.Pause(name))
}

// Resume lets a paused process go on (SIGCONT).
func (w *World) Resume(name string) {
	w.t.Helper()
	w.must("resume", name, w.Topology.Resume(name))
}

func (w *World) must(deed, name string, err error) {
	w.t.Helper()
	if errors.Is(err, topology.ErrNotOurs) {
		w.t.Skipf("cannot %s %s: %v", deed, name, err)
	}
	if err != nil {
		w.t.Fatalf("%s %s: %v", deed, name, err)
	}
}

// AwaitReady waits until the named programs are ready, or all without a name.
func (w *World) AwaitReady(names ...string) {
	w.t.Helper()
	if len(names) == 0 {
		names = w.Programs()
	}
	for _, name := range names {
		Eventually(w.t, func() error {
			if err := w.Ended(name); err != nil {
				w.t.Fatal(err) // waiting would not help
			}
			return w.Ready(w.t.Context(), name)
		})
	}
	if w.Pid(w.Front()) != 0 {
		Eventually(w.t, w.front)
	}
}

// front tells whether the readers' port answers.
func (w *World) front() error {
	a, err := w.Anyone().Try(w.t.Context(), http.MethodGet, "/healthz", nil)
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("/healthz answers %d", a.Status)
	}
	return err
}

// Operator is a client that may do everything, on the site that answers to every host.
func (w *World) Operator() *Client {
	w.t.Helper()
	secret, err := w.Topology.Operator(w.t.Context())
	if err != nil {
		w.t.Fatalf("make the operator's token: %v", err)
	}
	return w.Anyone().WithToken(secret)
}

// Anyone is a client without a token, on the site that answers to every host.
func (w *World) Anyone() *Client { return w.client(w.t, w.URL) }

// Run runs the program parution and answers what it wrote to standard output.
func (w *World) Run(args ...string) string {
	w.t.Helper()
	out, err := w.Topology.Run(w.t.Context(), args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// Metric is the sum of the series of a metric at a program's operations port
// whose labels contain all of the given texts: `result="hit"`.
func (w *World) Metric(program, name string, labels ...string) float64 {
	w.t.Helper()
	a := w.client(w.t, w.OpsURL(program)).Get("/metrics")
	if a.Status != http.StatusOK {
		w.t.Fatalf("GET /metrics of %s = %d", program, a.Status)
	}
	sum, err := sumMetric(bytes.NewReader(a.Body), name, labels)
	if err != nil {
		w.t.Fatal(err)
	}
	return sum
}

// limit is how long things may take to come about, on a machine that does much
// else meanwhile.
const limit = 60 * time.Second

// pause is between two looks.
const pause = 20 * time.Millisecond

// Eventually calls fn until it returns nil, at most for 60 s; then its last error
// fails the test.
func Eventually(t testing.TB, fn func() error) {
	t.Helper()
	if err := await(t.Context(), fn); err != nil {
		t.Fatalf("after %s: %v", limit, err)
	}
}

func await(ctx context.Context, fn func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	again := time.NewTicker(pause)
	defer again.Stop()
	for {
		err := fn()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}
