package browser_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The files of npm's packages that judge the pages.
const (
	axeScript   = "axe-core/axe.min.js"
	vnuArchive  = "vnu-jar/build/dist/vnu.jar"
	lighthouse  = "lighthouse/cli/index.js"
	nodeModules = "tools/node_modules"
)

// judge is the path of a file of npm's packages. Where they are not installed the
// test is skipped, or failed if CI is "true".
func judge(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(nodeModules, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		absent(t, "NOT JUDGED: "+name+" is not installed; `make browser` does so where npm is")
	}
	return path
}

// interpreter is what runs a judge: java or node.
func interpreter(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		absent(t, "NOT JUDGED: no "+name+" in PATH")
	}
	return path
}

// absent ends a test that cannot run on this machine: loudly, and failed if CI is "true".
func absent(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}
