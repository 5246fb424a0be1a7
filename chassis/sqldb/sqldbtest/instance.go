package sqldbtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// startTimeout is what a server may take to accept connections; after Kill it recovers first.
	startTimeout = 60 * time.Second
	// startPause is between two looks whether it does.
	startPause = 20 * time.Millisecond
	// portTries is how often another process may take the port that was free.
	portTries = 5
)

// ErrNotInstalled says that there are no PostgreSQL binaries on this machine.
var ErrNotInstalled = errors.New("no PostgreSQL binaries in PATH or /usr/lib/postgresql")

// Instance is a PostgreSQL server of our own, on 127.0.0.1, that keeps what it
// commits (fsync is on). It ends with this process at the latest. Not safe for
// concurrent use.
type Instance struct {
	bin, dir, password string
	port               int
	remove             bool
	settings           []string
	run                *run
	guard              *exec.Cmd
	hold               io.WriteCloser // the guard's standard input
}

// run is one life of the server.
type run struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once cmd was waited for
}

// Start makes a new server in dir, which must exist and be empty, and waits
// until it answers. As root it runs as the user postgres or nobody, who gets dir;
// temporary folders above it are made passable. Stop it; dir is left to the caller.
// Settings as "name=value" stand above those that suit tests.
func Start(ctx context.Context, dir string, settings ...string) (*Instance, error) {
	return start(ctx, dir, false, settings...)
}

func start(ctx context.Context, dir string, remove bool, settings ...string) (*Instance, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	i := &Instance{bin: bin, dir: dir, password: rand.Text(), remove: remove, settings: settings}
	if err := errors.Join(i.watch(ctx), i.initialise(ctx)); err != nil {
		return nil, errors.Join(err, i.unwatch())
	}
	for range portTries {
		if i.port, err = freePort(ctx); err != nil {
			return nil, err
		}
		if err = i.launch(ctx); err == nil || !i.portTaken() {
			break
		}
	}
	return i, err
}

// URL is where the server listens, as its superuser.
func (i *Instance) URL() string {
	return fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%d/postgres?sslmode=disable", i.password, i.port)
}

// Stop shuts the server down in order; a stopped one stays so.
func (i *Instance) Stop() error { return i.end(os.Interrupt) }

// Kill ends the server and all its processes without a warning, as a crash of
// the machine does. Where there is no /proc its processes end a moment later.
func (i *Instance) Kill() error {
	if i.run == nil {
		return nil
	}
	children := childrenOf(i.run.cmd.Process.Pid)
	err := i.end(os.Kill)
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended with the server
	}
	return err
}

// childrenOf lists the processes that pid has started.
func childrenOf(pid int) []int {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	var children []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state parent …", where the name may hold anything.
		_, rest, _ := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ")
		if fields := strings.Fields(rest); len(fields) < 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			children = append(children, child)
		}
	}
	return children
}

// Restart starts a stopped or killed server again, on the same data and port,
// and waits until it answers.
func (i *Instance) Restart(ctx context.Context) error {
	if i.run != nil {
		return errors.New("PostgreSQL runs already")
	}
	return i.launch(ctx)
}

// binaries is the folder of the newest server that is installed.
func binaries() (string, error) {
	if name, err := exec.LookPath("postgres"); err == nil {
		// Debian's initdb finds its files beside the real binary only.
		if target, err := filepath.EvalSymlinks(name); err == nil {
			name = target
		}
		if dir := filepath.Dir(name); runnable(filepath.Join(dir, "initdb")) {
			return dir, nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	slices.SortFunc(found, func(a, b string) int { return release(b) - release(a) })
	for _, dir := range found {
		if runnable(filepath.Join(dir, "postgres")) && runnable(filepath.Join(dir, "initdb")) {
			return dir, nil
		}
	}
	return "", ErrNotInstalled
}

func release(dir string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	if err != nil {
		return 0
	}
	return n
}

func runnable(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }() // nothing was accepted
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("find a free port: listening on %s", l.Addr())
	}
	return addr.Port, nil
}

// initialise makes the data folder. Superuser access needs the password, since
// others may use this machine too.
func (i *Instance) initialise(ctx context.Context) error {
	secret := filepath.Join(i.dir, "password")
	if err := os.WriteFile(secret, []byte(i.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the password: %w", err)
	}
	attr, err := i.attributes()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(i.bin, "initdb"), "-D", i.data(), "-U", "postgres",
		"-A", "password", "--pwfile", secret, "-E", "UTF8", "--locale=C", "--no-sync")
	cmd.SysProcAttr, cmd.Dir = attr, i.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func (i *Instance) data() string    { return filepath.Join(i.dir, "data") }
func (i *Instance) logFile() string { return filepath.Join(i.dir, "log") }

// attributes put a process into a group of its own, so that Ctrl-C at a
// terminal does not reach it, and take root's rights, which PostgreSQL refuses.
func (i *Instance) attributes() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		for _, file := range []string{i.dir, filepath.Join(i.dir, "password")} {
			if err := os.Chown(file, int(uid), int(gid)); err != nil {
				return nil, fmt.Errorf("give %s to %s: %w", file, name, err)
			}
		}
		return attr, passable(filepath.Dir(i.dir))
	}
	return nil, errors.New("PostgreSQL does not run as root and there is no user postgres or nobody")
}

// passable lets other users through the temporary folders down to dir, which
// testing and os.MkdirTemp close to them.
func passable(dir string) error {
	for temp := filepath.Clean(os.TempDir()); strings.HasPrefix(dir, temp+"/"); dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("open the way to the server's folder: %w", err)
		}
		if err := os.Chmod(dir, info.Mode().Perm()|0o011); err != nil {
			return fmt.Errorf("open the way to the server's folder: %w", err)
		}
	}
	return nil
}

// launch starts the server and its guard and waits until it answers.
func (i *Instance) launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if err := i.spawn(ctx); err != nil {
			return err
		}
		err := i.answers(ctx)
		if err == nil {
			return nil
		}
		stopped := i.Kill()
		// What a killed server left behind holds its memory for a moment.
		if ctx.Err() != nil || !i.logged("is still in use") {
			return errors.Join(err, stopped, errors.New(i.log()))
		}
		if !pause(ctx) {
			return errors.Join(err, stopped)
		}
	}
}

func (i *Instance) spawn(ctx context.Context) (err error) {
	if err := i.watch(ctx); err != nil {
		return err
	}
	attr, err := i.attributes()
	if err != nil {
		return err
	}
	log, err := os.Create(i.logFile())
	if err != nil {
		return fmt.Errorf("create the log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	// Not CommandContext: the server outlives the call.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(i.bin, "postgres"), "-D", i.data(), "-p", strconv.Itoa(i.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=300",
		"-c", "shared_buffers=32MB", "-c", "fsync=on", "-c", "max_wal_size=256MB")
	for _, s := range i.settings {
		cmd.Args = append(cmd.Args, "-c", s)
	}
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = attr, i.dir, log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	r := &run{cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(r.exited)
		_ = cmd.Wait() // how a killed server ends is no news
	}()
	i.run = r
	return nil
}

// answers waits until the server does or has ended.
func (i *Instance) answers(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, i.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-i.run.exited:
			return fmt.Errorf("postgres ended: %w", err)
		default:
		}
		if !pause(ctx) {
			return fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}

func pause(ctx context.Context) bool {
	t := time.NewTimer(startPause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (i *Instance) end(how os.Signal) error {
	r := i.run
	if r == nil {
		return nil
	}
	i.run = nil
	var err error
	if err = r.cmd.Process.Signal(how); errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-r.exited
	return errors.Join(err, i.unwatch())
}

func (i *Instance) portTaken() bool {
	return i.logged("could not bind") || i.logged("could not create any TCP/IP sockets")
}

func (i *Instance) logged(text string) bool { return bytes.Contains([]byte(i.log()), []byte(text)) }

func (i *Instance) log() string {
	text, err := os.ReadFile(i.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}
