package topology

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clientTimeout bounds one question to an operations port.
const clientTimeout = 5 * time.Second

// cluster is where the parts of a cluster are.
type cluster struct {
	*Topology

	scratch  *scratch
	env      []string
	standIns map[string]string
	nats     string
	// natsFrom is where the programs look for NATS.
	natsFrom string
	replicas int
}

// prepareCluster makes keys and databases and readies every service.
func (t *Topology) prepareCluster(ctx context.Context, s *scratch, o Options) error {
	t.names = []string{Postgres, NATS}
	if err := t.keys(ctx); err != nil {
		return err
	}
	t.elsewhere = o.Databases
	var err error
	if t.database, err = newDatabase(ctx, filepath.Join(t.dir, "postgres")); err != nil {
		return err
	}
	if slices.Contains(o.Hold, Postgres) {
		if err := t.database.stop(); err != nil {
			return err
		}
	}
	c := cluster{Topology: t, scratch: s, env: environment(o.Env...), standIns: o.StandIns, replicas: max(1, o.Replicas)}
	addrs, err := freeAddresses(2*len(services())*c.replicas + 1)
	if err != nil {
		return err
	}
	c.nats, c.natsFrom = addrs[0], addrs[0]
	if o.NATSFrom != "" {
		c.natsFrom = o.NATSFrom
	}
	t.nats = c.nats
	addrs = addrs[1:]
	for _, service := range services() {
		for n := range c.replicas {
			name := Replica(service, n+1)
			t.names = append(t.names, name)
			c.grpc[name], t.ops[name] = addrs[0], addrs[1]
			addrs = addrs[2:]
			if service == Gateway {
				t.URLs = append(t.URLs, "http://"+c.grpc[name])
			}
		}
	}
	t.URL = t.URLs[0]
	return c.children(o)
}

// Replica is the name of the nth process of a service, from 1: "posts", "posts-2".
func Replica(service string, n int) string {
	if n == 1 {
		return service
	}
	return service + "-" + strconv.Itoa(n)
}

// at lists where the replicas of a service are.
func (c cluster) at(service string) string {
	if addr := c.standIns[service]; addr != "" {
		return addr
	}
	list := make([]string, c.replicas)
	for i := range list {
		list[i] = c.grpc[Replica(service, i+1)]
	}
	return strings.Join(list, ",")
}

func (t *Topology) keys(ctx context.Context) error {
	if _, err := t.Run(ctx, "keys", filepath.Join(t.dir, "keys")); err != nil {
		return err
	}
	t.secret = "prt_" + rand.Text() + rand.Text()
	if err := os.WriteFile(filepath.Join(t.dir, "operator"), []byte(t.secret+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the operator's token: %w", err)
	}
	return nil
}

func (c cluster) children(o Options) error {
	host, port, err := net.SplitHostPort(c.nats)
	if err != nil {
		return fmt.Errorf("address of NATS: %w", err)
	}
	if err := c.add(NATS, broker, "--addr", host, "--port", port, "--jetstream", "--store_dir", c.NATSDir()); err != nil {
		return err
	}
	media, err := c.Folder("media")
	if err != nil {
		return err
	}
	more := map[string][]string{
		Accounts: {"--bootstrap-token-file", filepath.Join(c.dir, "operator")},
		Posts:    {"--base-url", c.URL, "--tags-addr", c.at(Tags)},
		Tags:     {"--posts-addr", c.at(Posts)},
		Render:   {"--posts-addr", c.at(Posts), "--tags-addr", c.at(Tags), "--base-url", c.URL},
		Gateway: {
			"--posts-addr", c.at(Posts), "--tags-addr", c.at(Tags), "--render-addr", c.at(Render),
			"--accounts-addr", c.at(Accounts), "--media-dir", media,
		},
	}
	for _, service := range services() {
		args := append([]string{
			"--identity-key-file", c.KeyFile(service), "--trusted-keys-file", filepath.Join(c.dir, "keys", "trusted"),
		}, o.ServiceArgs...)
		if service != Accounts { // tells nobody anything
			args = append(args, "--nats-url", "nats://"+c.natsFrom)
		}
		if service != Gateway { // keeps nothing
			args = append(args, "--database-url", c.DatabaseURL(service))
		}
		for n := range c.replicas {
			name := Replica(service, n+1)
			own := append([]string{"--listen", c.grpc[name], "--ops-listen", c.ops[name]}, args...)
			if service == Tags {
				own = append(own, "--index-dir", c.IndexDir(name))
			}
			if err := c.add(name, service, append(own, more[service]...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c cluster) add(name, program string, args ...string) error {
	path, err := Program(program)
	if err != nil {
		return err
	}
	c.Topology.children[name] = &child{
		name: name, path: path, log: filepath.Join(c.dir, name+".log"), scratch: c.scratch, env: c.env, args: args,
	}
	return nil
}
