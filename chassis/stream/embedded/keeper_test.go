package embedded

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
)

func keep(t *testing.T, dir string) *Keeper {
	t.Helper()
	k, err := Keep(t.Context(), slog.New(slog.DiscardHandler), dir)
	if err != nil {
		t.Fatalf("Keep: %v", err)
	}
	t.Cleanup(k.Close)
	return k
}

func TestAServerThatStoppedIsStartedAgain(t *testing.T) {
	t.Parallel()
	k := keep(t, filepath.Join(t.TempDir(), "nats"))
	nc, err := nats.Connect("", nats.InProcessServer(k), nats.MaxReconnects(-1))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(nc.Close)
	k.examine(t.Context())
	first := k.server
	again := nc.StatusChanged(nats.CONNECTED)
	first.Stop()
	for range maxIll - 1 {
		k.examine(t.Context())
	}
	if k.server != first {
		t.Error("the server was replaced at once, want some patience")
	}
	k.examine(t.Context())
	if k.server == first {
		t.Fatal("the server was not started again")
	}
	<-again
	k.Close()
	k.examine(t.Context())
	if k.server != nil {
		t.Error("a closed keeper started its server again")
	}
}

func TestAStoreThatCannotBeUsedIsMovedAside(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nats")
	if err := os.WriteFile(dir, []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := keep(t, dir)
	if err := k.health(); err != nil {
		t.Errorf("health = %v, want nil", err)
	}
	aside, err := filepath.Glob(dir + ".broken-*")
	if err != nil || len(aside) != 1 {
		t.Errorf("moved aside: %v, %v, want one", aside, err)
	}
}
