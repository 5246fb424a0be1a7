package deploy_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// refused is the exit code of a program whose settings are wrong.
const refused = 2

// limit ends a program that did not refuse what it should have.
const limit = time.Minute

// TestPrograms builds the services' programs and shows them what the pods of the
// overlay would.
func TestPrograms(t *testing.T) {
	t.Parallel()
	bin := programs(t)
	m := build(t, dev)
	for _, w := range m.workloads {
		if w.own == "" {
			continue
		}
		for _, c := range w.containers() {
			env := m.environment(c)
			t.Run(w.name+" accepted", func(t *testing.T) {
				t.Parallel()
				bin.accepts(t, w.own, elsewhere(t, env), c.Args)
			})
			t.Run(w.name+" known", func(t *testing.T) {
				t.Parallel()
				bin.knows(t, w.own, env)
			})
		}
	}
	i := slices.IndexFunc(m.workloads, func(w workload) bool { return w.own == "gateway" })
	gateway := m.environment(m.workloads[i].containers()[0])
	for name, change := range map[string]struct{ setting, value, want string }{
		"unknown name": {"PARUTION_POST_ADDR", "posts:7001", "unknown setting"},
		"no number":    {"PARUTION_CACHE_BYTES", "256Mi", "256Mi"},
		"too little":   {"PARUTION_CACHE_BYTES", "1", "cache-bytes"},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			t.Parallel()
			env := elsewhere(t, gateway)
			env[change.setting] = change.value
			if said := bin.run(t, "gateway", env); !strings.Contains(said, change.want) {
				t.Errorf("the gateway said %q; want %q in it", said, change.want)
			}
		})
	}
}

// accepts starts a program as its pod would, except that no file is mounted. It
// must get as far as to miss one: then all names, values and flags were
// understood and nothing that is required is missing. A Job would wait for its
// database instead; without its argument it asks for the keys first, which Jobs
// are not given.
func (b binaries) accepts(tb testing.TB, name string, env map[string]string, all []string) {
	tb.Helper()
	args := slices.DeleteFunc(slices.Clone(all), func(arg string) bool { return arg == "migrate" })
	said := b.run(tb, name, env, args...)
	wantsKeys := len(args) < len(all) && strings.Contains(said, "--identity-key-file")
	if !wantsKeys && !strings.Contains(said, "no such file or directory") {
		tb.Errorf("%s does not accept its settings: %s", name, said)
	}
}

// knows compares with what --help lists.
func (b binaries) knows(tb testing.TB, name string, env map[string]string) {
	tb.Helper()
	known := make(map[string]bool)
	for _, match := range regexp.MustCompile(`\$(PARUTION_[A-Z0-9_]+)\)`).FindAllStringSubmatch(b.help(tb, name), -1) {
		known[match[1]] = true
	}
	for setting := range env {
		if strings.HasPrefix(setting, "PARUTION_") && !known[setting] {
			tb.Errorf("%s does not know %s", name, setting)
		}
	}
}

// elsewhere is env with the folders of the pod somewhere below a folder where
// nothing is: what this machine has at such a path does not matter.
func elsewhere(tb testing.TB, env map[string]string) map[string]string {
	tb.Helper()
	empty := tb.TempDir()
	out := make(map[string]string, len(env))
	for name, value := range env {
		out[name] = path.ReplaceAllStringFunc(value, func(match string) string {
			before, file, _ := strings.Cut(match, "/")
			return before + filepath.Join(empty, file)
		})
	}
	return out
}

// binaries is the folder of the services' programs.
type binaries string

// programs builds the programs of the working tree.
func programs(tb testing.TB) binaries {
	tb.Helper()
	dir := tb.TempDir()
	for _, name := range folders(tb, "services/*/cmd/*") {
		cmd := exec.CommandContext(tb.Context(), "go", "-C", filepath.Join(root, "services", name), "build", "-o", filepath.Join(dir, name), "./cmd/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			tb.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	return binaries(dir)
}

// help is what --help of a program prints.
func (b binaries) help(tb testing.TB, name string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), filepath.Join(string(b), name), "--help")
	cmd.Env = []string{} // nothing of the person who runs the tests
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s --help: %v\n%s", name, err, out)
	}
	return string(out)
}

// run is what a program says that refuses to start.
func (b binaries) run(tb testing.TB, name string, env map[string]string, args ...string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(string(b), name), args...)
	cmd.Env = []string{}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != refused {
		tb.Errorf("%s ended with %v; want the exit code %d", name, err, refused)
	}
	return string(out)
}
