package topology

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// guard ends the processes and removes the folder of a test process that died
// without doing so: its standard input ends with that process. It is told each
// process that begins ("+ pid") and ends ("- pid").
const guard = `trap '' HUP INT TERM
pids=
while read -r sign pid; do
	rest=
	for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done
	pids=$rest
	[ "$sign" = + ] && pids="$pids $pid"
done
for p in $pids; do kill -KILL "$p" 2>/dev/null; done
rm -rf "$1" 2>/dev/null || { sleep 2; rm -rf "$1"; }`

// scratch is a temporary folder and the processes that were started in it. They
// end with this process at the latest. Safe for concurrent use.
type scratch struct {
	dir string

	mu   sync.Mutex
	hold io.WriteCloser
}

// ground is the scratch of this process. Building the programs takes seconds, so
// the tests of a process share them.
var ground = sync.OnceValues(newScratch) //nolint:gochecknoglobals // one for each process

func newScratch() (_ *scratch, err error) {
	dir, err := os.MkdirTemp("", "parution-test-")
	if err != nil {
		return nil, fmt.Errorf("create the scratch folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	cmd := exec.Command("/bin/sh", "-c", guard, "guard", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the guard: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the guard: %w", err)
	}
	return &scratch{dir: dir, hold: hold}, nil
}

// folder makes a new folder.
func (s *scratch) folder(name string) (string, error) {
	dir, err := os.MkdirTemp(s.dir, name+"-")
	if err != nil {
		return "", fmt.Errorf("create a folder: %w", err)
	}
	return dir, nil
}

func (s *scratch) began(pid int) error { return s.tell("+", pid) }
func (s *scratch) ended(pid int) error { return s.tell("-", pid) }

func (s *scratch) tell(sign string, pid int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := fmt.Fprintf(s.hold, "%s %d\n", sign, pid); err != nil {
		return fmt.Errorf("tell the guard: %w", err)
	}
	return nil
}

// Root is the repository: the folder with go.work above the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.work")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no go.work in %s or above", dir)
		}
	}
}
