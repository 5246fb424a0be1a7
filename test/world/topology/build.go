package topology

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// broker is the NATS server's program.
const broker = "nats-server"

// ProgramsVariable names a folder with the programs to test, as `make build`
// fills one. Without it they are built from the working tree, once for each
// test process.
const ProgramsVariable = "TEST_PROGRAMS"

// programs is the folder of the programs.
var programs = sync.OnceValues(build) //nolint:gochecknoglobals // once for each process

func build() (string, error) {
	if dir := os.Getenv(ProgramsVariable); dir != "" {
		return filepath.Abs(dir)
	}
	s, err := ground()
	if err != nil {
		return "", err
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir, err := s.folder("bin")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-o", dir + "/", "./cmd/parution"}
	for _, name := range services() {
		args = append(args, fmt.Sprintf("./services/%[1]s/cmd/%[1]s", name))
	}
	if err := gocmd(root, args, "CGO_ENABLED=0"); err != nil {
		return "", err
	}
	return dir, nil
}

// brokerProgram is the NATS server's program.
var brokerProgram = sync.OnceValues(buildBroker) //nolint:gochecknoglobals // once for each process

// buildBroker takes what `make tools` made, or builds it from the version pinned
// in tools/nats-server.
func buildBroker() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	made := filepath.Join(root, "bin", "tools", broker)
	if _, err := os.Stat(made); err == nil {
		return made, nil
	}
	s, err := ground()
	if err != nil {
		return "", err
	}
	dir, err := s.folder("broker")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, broker), gocmd(root, []string{"-C", "tools/nats-server", "build", "-o", dir + "/", "tool"}, "CGO_ENABLED=0", "GOWORK=off")
}

func gocmd(dir string, args []string, env ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// Program is the path of a program, such as "parution" or "posts", built if need be.
func Program(name string) (string, error) {
	if name == broker {
		return brokerProgram()
	}
	dir, err := programs()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("there is no program %q", name)
	}
	return path, nil
}
