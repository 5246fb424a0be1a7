package sqldbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// guard ends a server whose starter died without stopping it: its standard
// input ends with the process that holds the other end. A line says that all is
// well. What is being started then may take a few tries.
const guard = `read -r _ && exit 0
n=0
while [ $n -lt 100 ]; do
  n=$((n+1))
  if read -r pid <"$1/data/postmaster.pid"; then kill -QUIT "$pid"; elif [ "$2" = keep ] || rm -rf "$1"; then exit 0; fi
  sleep 0.1
done 2>/dev/null`

// watch starts the guard if there is none.
func (i *Instance) watch(ctx context.Context) error {
	if i.guard != nil {
		return nil
	}
	action := "keep"
	if i.remove {
		action = "remove"
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", "-c", guard, "guard", i.dir, action)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	hold, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("prepare the guard: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the guard: %w", err)
	}
	i.guard, i.hold = cmd, hold
	return nil
}

// unwatch sends the guard home.
func (i *Instance) unwatch() error {
	if i.guard == nil {
		return nil
	}
	_, told := io.WriteString(i.hold, "stopped\n")
	err := errors.Join(told, i.hold.Close(), i.guard.Wait())
	i.guard, i.hold = nil, nil
	return err
}
