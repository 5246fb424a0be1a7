// Command bench measures what docs/bench reports: each figure beside its goal,
// as a ratio or a distribution of one run on one machine. Everything that it
// measures it starts itself, on loopback.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/parution/parution/test/world/topology"
)

func main() {
	// The program is its own reference server and load generator, so that each has a process.
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "bare-server":
			os.Exit(code(bareServer(os.Args[2:])))
		case "load":
			os.Exit(code(loadCommand(os.Args[2:])))
		case "listen":
			os.Exit(code(listenCommand(os.Args[2:])))
		}
	}
	only := flag.String("only", "", "run only this part: pages, publish, readers, import, rebuild, search")
	kinds := flag.String("topologies", "one,cluster", "topologies to publish on")
	out := flag.String("out", "", "write the report to this file too")
	profiles := flag.String("profiles", "", "write CPU profiles of publishing and rebuilding to this folder; costs some of the speed")
	sized := flag.String("sizes", "10k,100k", "how many posts search is measured with")
	on := flag.String("on", "sqlite,postgres,one,fts5,tsvector,relevance", "what search is measured on: the tags service on a database, the one binary, the databases' own full text (fts5, tsvector), judged queries")
	count := flag.Int("rebuilt", 10_000, "how many posts the read models are rebuilt from")
	flag.Parse()
	searched, err := sizes(*sized)
	if err != nil {
		os.Exit(code(err))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(code(run(ctx, *only, strings.Split(*kinds, ","), *out, *profiles, *count, searchOptions{searched, strings.Split(*on, ",")})))
}

func code(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "error:", err)
	return 1
}

// report is Markdown that grows while it is measured.
type report struct{ w io.Writer }

func (r report) line(format string, args ...any) {
	_, _ = fmt.Fprintf(r.w, format+"\n", args...) // a report that cannot be written shows at once
}

// row is a figure beside its goal.
func (r report) row(what, got, goal string, reached bool) {
	verdict := "reached"
	if !reached {
		verdict = "**short**"
	}
	r.line("| %s | %s | %s | %s |", what, got, goal, verdict)
}

func (r report) table() {
	r.line("")
	r.line("| figure | measured | goal | |\n|---|--:|--:|---|")
}

func run(ctx context.Context, only string, kinds []string, out, profiles string, count int, search searchOptions) error {
	r := report{os.Stdout}
	if out != "" {
		f, err := os.Create(out)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // written line by line
		r.w = io.MultiWriter(os.Stdout, f)
	}
	r.line("# Bench, %s", time.Now().Format("2006-01-02 15:04"))
	r.line("")
	r.line("Command: `go run ./test/bench %s`. %s", strings.Join(os.Args[1:], " "), machine())
	parts := []struct {
		name string
		run  func(context.Context, report) error
	}{
		{"pages", pages},
		{"publish", func(ctx context.Context, r report) error {
			for _, k := range kinds {
				if err := publish(ctx, r, topology.Kind(k), profiles); err != nil {
					return fmt.Errorf("%s: %w", k, err)
				}
			}
			return nil
		}},
		{"readers", func(ctx context.Context, r report) error {
			for _, k := range kinds {
				if err := readers(ctx, r, topology.Kind(k)); err != nil {
					return fmt.Errorf("%s: %w", k, err)
				}
			}
			return nil
		}},
		{"import", imports},
		{"rebuild", func(ctx context.Context, r report) error { return rebuilds(ctx, r, count, profiles) }},
		{"search", func(ctx context.Context, r report) error { return searches(ctx, r, search, profiles) }},
	}
	for _, p := range parts {
		if only != "" && only != p.name {
			continue
		}
		if err := p.run(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// median and percentile of sorted durations, in milliseconds.
func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := min(len(sorted)-1, int(float64(len(sorted))*p))
	return float64(sorted[i].Microseconds()) / 1000
}
