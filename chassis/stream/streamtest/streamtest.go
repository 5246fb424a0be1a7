// Package streamtest gives tests a real broker: nats-server with JetStream in
// the test's own process, without a socket, in a temporary folder.
package streamtest

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/embedded"
)

// Start runs a broker for the test and answers a connection to it. Both end
// with the test.
func Start(t testing.TB) *nats.Conn {
	t.Helper()
	return NewBroker(t).Connect(t, "test")
}

// JetStream is the JetStream behind nc.
func JetStream(t testing.TB, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatalf("open JetStream: %v", err)
	}
	return js
}

// Broker is a broker that a test can stop, start again and wipe. Safe for
// concurrent use.
type Broker struct {
	dir string

	mu     sync.Mutex
	server *embedded.Server // nil while stopped
}

// NewBroker runs a broker until the test ends.
func NewBroker(t testing.TB) *Broker {
	t.Helper()
	b := &Broker{dir: filepath.Join(t.TempDir(), "nats")}
	b.Restart(t)
	t.Cleanup(b.Stop)
	return b
}

// Connect answers a connection that finds the broker again after a restart; it
// is closed when the test ends. It does not wait for a stopped broker.
func (b *Broker) Connect(t testing.TB, name string) *nats.Conn {
	t.Helper()
	nc, err := stream.Connect(t.Context(), slog.New(slog.DiscardHandler), stream.Config{Name: name, InProcess: b})
	if err != nil {
		t.Fatalf("connect to the test's broker: %v", err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// InProcessConn implements nats.InProcessConnProvider.
func (b *Broker) InProcessConn() (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server == nil {
		return nil, errors.New("the test's broker is stopped")
	}
	return b.server.InProcessConn()
}

// Stop stops the broker; its streams stay on disk.
func (b *Broker) Stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server != nil {
		b.server.Stop()
		b.server = nil
	}
}

// Restart stops the broker if it runs and starts it on what it has stored.
func (b *Broker) Restart(t testing.TB) {
	t.Helper()
	b.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	server, err := embedded.Start(t.Context(), slog.New(slog.DiscardHandler), b.dir)
	if err != nil {
		t.Fatalf("start the test's broker: %v", err)
	}
	b.server = server
}

// Wipe stops the broker and removes all that it has stored.
func (b *Broker) Wipe(t testing.TB) {
	t.Helper()
	b.Stop()
	if err := os.RemoveAll(b.dir); err != nil {
		t.Fatalf("wipe the test's broker: %v", err)
	}
}

// Save stops the broker, keeps a copy of all that it has stored, and starts it
// again; back stops it and puts the copy in place of what is there then.
func (b *Broker) Save(t testing.TB) (back func()) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "nats")
	b.Stop()
	if err := os.CopyFS(copied, os.DirFS(b.dir)); err != nil {
		t.Fatalf("copy what the test's broker stored: %v", err)
	}
	b.Restart(t)
	return func() {
		b.Wipe(t)
		if err := os.CopyFS(b.dir, os.DirFS(copied)); err != nil {
			t.Fatalf("put back what the test's broker stored: %v", err)
		}
	}
}
