package topology

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// clientTimeout bounds one question to an operations port.
const clientTimeout = 5 * time.Second

// cluster is where the parts of a cluster are.
type cluster struct {
	*Topology

	scratch *scratch
	env     []string
	grpc    map[string]string
	nats    string
}

// prepareCluster makes keys and databases and readies every service.
func (t *Topology) prepareCluster(ctx context.Context, s *scratch, o Options) error {
	t.names = append([]string{Postgres, NATS}, services()...)
	if err := t.keys(ctx); err != nil {
		return err
	}
	var err error
	if t.database, err = newDatabase(ctx, filepath.Join(t.dir, "postgres")); err != nil {
		return err
	}
	if slices.Contains(o.Hold, Postgres) {
		if err := t.database.stop(); err != nil {
			return err
		}
	}
	addrs, err := freeAddresses(2*len(services()) + 1)
	if err != nil {
		return err
	}
	c := cluster{Topology: t, scratch: s, env: environment(o.Env...), grpc: make(map[string]string), nats: addrs[0]}
	for i, name := range services() {
		c.grpc[name], t.ops[name] = addrs[1+2*i], addrs[2+2*i]
	}
	t.URL = "http://" + c.grpc[Gateway]
	return c.children()
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

func (c cluster) children() error {
	host, port, err := net.SplitHostPort(c.nats)
	if err != nil {
		return fmt.Errorf("address of NATS: %w", err)
	}
	if err := c.add(NATS, broker, "--addr", host, "--port", port, "--jetstream", "--store_dir", filepath.Join(c.dir, "nats")); err != nil {
		return err
	}
	media, err := c.Folder("media")
	if err != nil {
		return err
	}
	more := map[string][]string{
		Accounts: {"--bootstrap-token-file", filepath.Join(c.dir, "operator")},
		Posts:    {"--base-url", c.URL},
		Tags:     {"--posts-addr", c.grpc[Posts]},
		Render:   {"--posts-addr", c.grpc[Posts], "--tags-addr", c.grpc[Tags], "--base-url", c.URL},
		Gateway: {
			"--posts-addr", c.grpc[Posts], "--tags-addr", c.grpc[Tags], "--render-addr", c.grpc[Render],
			"--accounts-addr", c.grpc[Accounts], "--media-dir", media,
		},
	}
	for _, name := range services() {
		args := []string{
			"--listen", c.grpc[name], "--ops-listen", c.ops[name],
			"--identity-key-file", filepath.Join(c.dir, "keys", name+".key"), "--trusted-keys-file", filepath.Join(c.dir, "keys", "trusted"),
		}
		if name != Accounts { // tells nobody anything
			args = append(args, "--nats-url", "nats://"+c.nats)
		}
		if name != Gateway { // keeps nothing
			args = append(args, "--database-url", c.database.url(name))
		}
		if err := c.add(name, name, append(args, more[name]...)...); err != nil {
			return err
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
