package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/parution/parution/test/world/topology"
)

const (
	settle = 8 * time.Second
	idle   = 10 * time.Second
)

// imports brings 1,000 Markdown files into a fresh data folder, and then looks
// at a server on it: its start, its memory and its idle CPU.
func imports(ctx context.Context, r report) error {
	dir, err := os.MkdirTemp("", "parution-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the temporary folder
	source, data := filepath.Join(dir, "posts"), filepath.Join(dir, "data")
	took, err := importInto(ctx, source, data, corpus(loaded))
	if err != nil {
		return err
	}
	rate := loaded / took.Seconds()
	cold, err := coldStart(ctx, data)
	if err != nil {
		return err
	}
	rest, err := atRest(ctx, data)
	if err != nil {
		return err
	}
	r.line("\n## Import, start, rest\n\n%d Markdown files into SQLite, process start to end; then the server on that data: from its start to the first byte of the home page; memory and CPU over %s, %s after the start; memory again after each of the %d pages was read once.", loaded, idle, settle, loaded)
	r.table()
	r.row("import", fmt.Sprintf("%.0f posts/s", rate), "≥ 300 posts/s", rate >= 300)
	r.row("cold start to first page", fmt.Sprintf("%.0f ms", float64(cold.Milliseconds())), "≤ 1,000 ms", cold <= time.Second)
	r.row("idle memory", fmt.Sprintf("%.0f MiB (%.0f with every page in the cache)", rest.memory, rest.full), "≤ 100 MiB", rest.memory <= 100)
	r.row("idle CPU of one core", fmt.Sprintf("%.1f %%", rest.cpu), "≤ 1 %", rest.cpu <= 1)
	return nil
}

// importInto writes posts as files into the folder source and imports them into
// the data folder; how long the import took.
func importInto(ctx context.Context, source, data string, posts []item) (time.Duration, error) {
	if err := writeFiles(source, posts); err != nil {
		return 0, err
	}
	start := time.Now()
	err := importFrom(ctx, source, data)
	return time.Since(start), err
}

// importFrom imports the files of the folder source.
func importFrom(ctx context.Context, source, data string) error {
	cmd, err := topology.Command(ctx, "import", "markdown", source, "--data", data)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("import: %w\n%s", err, out)
	}
	return nil
}

func writeFiles(dir string, posts []item) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i, p := range posts {
		text := fmt.Sprintf("---\ntitle: %q\ndate: 2024-01-01T%02d:%02d:00Z\ntags: [%s]\n---\n%s", p.Title, i/60%24, i%60, strings.Join(p.Tags, ", "), p.Body)
		if err := os.WriteFile(filepath.Join(dir, p.Slug+".md"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// coldStart measures from the start of the process to a page.
func coldStart(ctx context.Context, data string) (time.Duration, error) {
	start := time.Now()
	t, err := topology.Launch(ctx, topology.One, topology.Options{Data: data})
	if err != nil {
		return 0, err
	}
	s := &server{Topology: t, client: plainClient()}
	defer s.close()
	if err := s.until(ctx, "/", "<html"); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}

// rest is what a server takes that has nothing to do: MiB, and percent of a core.
type rest struct{ memory, full, cpu float64 }

// atRest looks at a server on data.
func atRest(ctx context.Context, data string) (out rest, err error) {
	t, err := topology.Launch(ctx, topology.One, topology.Options{Data: data})
	if err != nil {
		return out, err
	}
	s := &server{Topology: t, client: plainClient()}
	defer s.close()
	if err := s.until(ctx, "/", "<html"); err != nil {
		return out, err
	}
	if err := s.levelled(ctx); err != nil {
		return out, err
	}
	pause(ctx, settle)
	pid := t.Pid(topology.Parution)
	before, err := readStat(pid)
	if err != nil {
		return out, err
	}
	pause(ctx, idle)
	after, err := readStat(pid)
	if err != nil {
		return out, err
	}
	out.cpu = (after.ms - before.ms) / idle.Seconds() / 10
	if out.memory, err = memory(pid); err != nil {
		return out, err
	}
	for _, p := range corpus(loaded) {
		if err := s.shows(ctx, "/posts/"+p.Slug, "<html"); err != nil {
			return out, err
		}
	}
	out.full, err = memory(pid)
	return out, err
}

// levelled waits until all that the import left to do is done.
func (s *server) levelled(ctx context.Context) error {
	want := make(map[string]int)
	for _, p := range corpus(loaded) {
		for _, tag := range p.Tags {
			want[tag]++
		}
	}
	for tag, n := range want {
		if err := s.wait(ctx, func() error { return s.counts(ctx, tag, n) }); err != nil {
			return err
		}
	}
	return nil
}

// pause lets a server rest: a benchmark of idleness has to wait.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
