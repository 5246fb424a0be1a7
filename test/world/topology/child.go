package topology

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is what a program may take to stop in order.
const stopTimeout = 40 * time.Second

// child is a program that is started, ended and started again with the same
// settings. Safe for concurrent use.
type child struct {
	name, path, log string
	args, env       []string
	scratch         *scratch

	mu   sync.Mutex
	life *life // nil while it does not run
}

// life is one run of a child.
type life struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once err is known
	err    error
}

func (c *child) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life != nil && c.life.runs() {
		return fmt.Errorf("%s runs already", c.name)
	}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", c.name, err)
	}
	cmd := exec.Command(c.path, c.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the test, which then stops it
	err = cmd.Start()
	if closed := log.Close(); err == nil {
		err = closed // the program has its own descriptor
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	l := &life{cmd: cmd, exited: make(chan struct{})}
	told := c.scratch.began(cmd.Process.Pid)
	go func() {
		defer close(l.exited)
		l.err = errors.Join(cmd.Wait(), c.scratch.ended(cmd.Process.Pid))
	}()
	c.life = l
	return told
}

func (l *life) runs() bool {
	select {
	case <-l.exited:
		return false
	default:
		return true
	}
}

// signal sends sig to the running program.
func (c *child) signal(sig os.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil {
		return fmt.Errorf("%s does not run", c.name)
	}
	if err := c.life.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal %s: %w", c.name, err)
	}
	return nil
}

// kill ends the program without a warning.
func (c *child) kill() error {
	if err := c.signal(os.Kill); err != nil {
		return err
	}
	l := c.leave()
	<-l.exited
	return nil
}

// stop asks the program to end and waits for it. A program that fails, or that
// ended before it was asked, is an error.
func (c *child) stop() error {
	l := c.leave()
	if l == nil {
		return nil
	}
	if !l.runs() {
		return fmt.Errorf("%s had ended by itself: %w", c.name, l.result())
	}
	if err := errors.Join(l.cmd.Process.Signal(syscall.SIGCONT), l.cmd.Process.Signal(syscall.SIGTERM)); err != nil {
		return fmt.Errorf("stop %s: %w", c.name, err)
	}
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	select {
	case <-l.exited:
	case <-late.C:
		err := l.cmd.Process.Kill()
		<-l.exited
		return errors.Join(fmt.Errorf("%s did not stop within %s", c.name, stopTimeout), err)
	}
	if l.err != nil {
		return fmt.Errorf("stop %s: %w", c.name, l.err)
	}
	return nil
}

func (l *life) result() error {
	if l.err != nil {
		return l.err
	}
	return errors.New("exit status 0")
}

func (c *child) leave() *life {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.life
	c.life = nil
	return l
}

// pid is the running program's, or 0.
func (c *child) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil {
		return 0
	}
	return c.life.cmd.Process.Pid
}

// ended tells how the program ended by itself; nil if it did not.
func (c *child) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil || c.life.runs() {
		return nil
	}
	return fmt.Errorf("%s ended by itself: %w", c.name, c.life.result())
}

// environment is that of this process without the settings that a person may
// have made for a Parution of their own, and with more.
func environment(more ...string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "PARUTION_") && !strings.HasPrefix(entry, "OTEL_") {
			env = append(env, entry)
		}
	}
	return append(env, more...)
}
