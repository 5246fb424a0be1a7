// Package topology starts Parution as an operator does: as the one program, or
// as every service with a PostgreSQL and a NATS of their own. Its processes are
// real ones that can be killed, paused and started again; they end with the
// process that started them at the latest.
package topology

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Kind is a way to run Parution.
type Kind string

// The kinds.
const (
	One     Kind = "one"     // everything in one process
	Cluster Kind = "cluster" // every service by itself
)

// The names of the processes: of One the first, of Cluster all others.
const (
	Parution = "parution"
	Posts    = "posts"
	Tags     = "tags"
	Render   = "render"
	Accounts = "accounts"
	Gateway  = "gateway"
	NATS     = "nats"
	Postgres = "postgres"
)

// services are the programs of a cluster, callees before callers.
func services() []string { return []string{Accounts, Posts, Tags, Render, Gateway} }

// ErrNotOurs says that a server cannot be stopped because somebody else runs it.
var ErrNotOurs = errors.New("the PostgreSQL server of TEST_POSTGRES_URL is not ours to stop")

// Options change how a topology starts. The zero value is the usual one.
type Options struct {
	// Env are variables for every program: "NAME=value".
	Env []string
	// Args are further arguments of the one program's serve, such as --demo.
	Args []string
	// Hold names processes that are not started; Start does so later.
	Hold []string
	// Data is a folder to serve by the one program; empty: a new one.
	Data string
	// Replicas is how many processes a cluster has of each service; 0 is one.
	Replicas int
	// NATSFrom is the address at which a cluster's programs look for NATS, for
	// something that stands between; empty: where NATS is.
	NATSFrom string
	// ServiceArgs are further arguments of every program of a cluster.
	ServiceArgs []string
	// StandIns are addresses at which something else speaks for a service of a
	// cluster, which is then held, as a rule.
	StandIns map[string]string
	// Databases are those that services of a cluster keep elsewhere than in its
	// PostgreSQL, as their setting has it.
	Databases map[string]string
}

// Topology is a running Parution. Make it with Launch and Close it. Safe for
// concurrent use.
type Topology struct {
	Kind Kind
	// URL is where readers and API clients go, without a final "/".
	URL string
	// URLs are those of all gateways, URL first.
	URLs []string
	// Data is the data folder of the one program; empty in a cluster.
	Data string

	dir       string
	names     []string // in the order of start
	grpc      map[string]string
	ops       map[string]string
	children  map[string]*child
	database  *database
	elsewhere map[string]string // databases that are not in it, by service
	secret    string
	nats      string

	mu       sync.Mutex
	operator string
}

// Launch builds the programs if need be and starts what o does not hold. It does
// not wait until they are ready. A machine without PostgreSQL is sqldbtest.ErrNotInstalled.
func Launch(ctx context.Context, kind Kind, o Options) (_ *Topology, err error) {
	if _, err := programs(); err != nil {
		return nil, err
	}
	s, err := ground()
	if err != nil {
		return nil, err
	}
	dir, err := s.folder(string(kind))
	if err != nil {
		return nil, err
	}
	t := &Topology{Kind: kind, dir: dir, ops: make(map[string]string), grpc: make(map[string]string), children: make(map[string]*child)}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	if kind == One {
		err = t.prepareOne(s, o)
	} else {
		err = t.prepareCluster(ctx, s, o)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range t.names {
		if slices.Contains(o.Hold, name) || name == Postgres {
			continue
		}
		if err := t.Start(ctx, name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Names are the processes, in the order of their start.
func (t *Topology) Names() []string { return slices.Clone(t.names) }

// Programs are those processes that are Parution's own.
func (t *Topology) Programs() []string {
	return slices.DeleteFunc(t.Names(), func(n string) bool { return n == NATS || n == Postgres })
}

// Front is the process that readers reach.
func (t *Topology) Front() string { return t.names[len(t.names)-1] }

// OpsURL is the operations port of a program, without a final "/".
func (t *Topology) OpsURL(name string) string { return "http://" + t.ops[name] }

// Addr is where a program of a cluster listens: "host:port".
func (t *Topology) Addr(name string) string { return t.grpc[name] }

// KeyFile is the private key of a service of a cluster.
func (t *Topology) KeyFile(service string) string {
	return filepath.Join(t.dir, "keys", service+".key")
}

// IndexDir is the folder in which a process of tags in a cluster keeps its index.
func (t *Topology) IndexDir(name string) string { return filepath.Join(t.dir, name+"-index") }

// Pid is the process id of a running program, otherwise 0.
func (t *Topology) Pid(name string) int {
	if c := t.children[name]; c != nil {
		return c.pid()
	}
	return 0
}

// Ended tells how a process that nobody stopped has ended; nil if it has not.
func (t *Topology) Ended(name string) error {
	if c := t.children[name]; c != nil {
		return c.ended()
	}
	return nil
}

// Start starts a process that does not run. It does not wait until it is ready,
// except for PostgreSQL.
func (t *Topology) Start(ctx context.Context, name string) error {
	if name == Postgres && t.database != nil {
		return t.database.start(ctx)
	}
	c, err := t.child(name)
	if err != nil {
		return err
	}
	return c.start()
}

// Stop asks a process to end (SIGTERM) and waits until it has.
func (t *Topology) Stop(name string) error {
	if name == Postgres && t.database != nil {
		return t.database.stop()
	}
	c, err := t.child(name)
	if err != nil {
		return err
	}
	return c.stop()
}

// Kill ends a process without a warning (SIGKILL).
func (t *Topology) Kill(name string) error {
	if name == Postgres && t.database != nil {
		return t.database.kill()
	}
	c, err := t.child(name)
	if err != nil {
		return err
	}
	return c.kill()
}

// Pause lets a process stand still (SIGSTOP) until Resume.
func (t *Topology) Pause(name string) error { return t.signal(name, syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (t *Topology) Resume(name string) error { return t.signal(name, syscall.SIGCONT) }

func (t *Topology) signal(name string, sig syscall.Signal) error {
	c, err := t.child(name)
	if err != nil {
		return err
	}
	return c.signal(sig)
}

func (t *Topology) child(name string) (*child, error) {
	c := t.children[name]
	if c == nil {
		return nil, fmt.Errorf("%s has no process %q", t.Kind, name)
	}
	return c, nil
}

// Ready asks the operations port of a program; nil if it is ready, otherwise
// what it waits for.
func (t *Topology) Ready(ctx context.Context, name string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.OpsURL(name)+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", name, err)
	}
	client := http.Client{Timeout: clientTimeout}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", name, err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		return fmt.Errorf("ask %s: %w", name, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready: %s", name, strings.TrimSpace(body.String()))
	}
	return nil
}

// Operator is the secret of a token that may do everything. The programs must be ready.
func (t *Topology) Operator(ctx context.Context) (string, error) {
	if t.Kind == Cluster {
		return t.secret, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.operator == "" {
		out, err := t.Run(ctx, "token", "create", "tests", "--role", "operator", "--data", t.Data)
		if err != nil {
			return "", err
		}
		t.operator = strings.TrimSpace(out)
	}
	return t.operator, nil
}

// Run runs the program parution with args and answers what it wrote to standard
// output. The error of a failed run holds what it wrote to standard error.
func (t *Topology) Run(ctx context.Context, args ...string) (string, error) {
	cmd, err := Command(ctx, args...)
	if err != nil {
		return "", err
	}
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("parution %s: %w\n%s", strings.Join(args, " "), err, problems.String())
	}
	return out.String(), nil
}

// Command is the program parution with args, ready to start. It is killed when
// ctx ends.
func Command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	path, err := Program(Parution)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environment()
	return cmd, nil
}

// Log is what a process has written so far.
func (t *Topology) Log(name string) string {
	c := t.children[name]
	if c == nil {
		return ""
	}
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Dir is the folder of everything that the processes write.
func (t *Topology) Dir() string { return t.dir }

// NATSAddr is where a cluster's NATS listens: "host:port".
func (t *Topology) NATSAddr() string { return t.nats }

// NATSDir is the folder where NATS keeps its streams.
func (t *Topology) NATSDir() string {
	if t.Kind == One {
		return filepath.Join(t.Data, "nats")
	}
	return filepath.Join(t.dir, "nats")
}

// PostgresDir is the folder of a cluster's own PostgreSQL.
func (t *Topology) PostgresDir() string { return filepath.Join(t.dir, "postgres", "data") }

// DatabaseURL is the database of a service, as its setting has it.
func (t *Topology) DatabaseURL(service string) string {
	if t.Kind == One {
		return "sqlite:" + filepath.Join(t.Data, service+".db")
	}
	if url := t.elsewhere[service]; url != "" {
		return url
	}
	return t.database.url(service)
}

// Close stops everything and removes its folders. A program that did not stop in
// order, or that had ended by itself, is an error.
func (t *Topology) Close() error {
	var wait sync.WaitGroup
	errs := make([]error, len(t.names))
	for i, name := range t.names {
		if c := t.children[name]; c != nil && name != NATS {
			wait.Go(func() { errs[i] = c.stop() })
		}
	}
	wait.Wait()
	if c := t.children[NATS]; c != nil {
		errs = append(errs, c.stop())
	}
	if t.database != nil {
		errs = append(errs, t.database.close())
	}
	return errors.Join(append(errs, os.RemoveAll(t.dir))...)
}

// Folder is a new folder that lives as long as the topology.
func (t *Topology) Folder(name string) (string, error) {
	dir := filepath.Join(t.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("create a folder: %w", err)
	}
	return dir, nil
}
