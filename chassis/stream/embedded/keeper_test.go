package embedded

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
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

// TestAFolderThatIsRemovedIsNoticed wipes the store under the running server,
// which goes on as if nothing had happened and refuses what is sent.
func TestAFolderThatIsRemovedIsNoticed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nats")
	k := keep(t, dir)
	nc, err := nats.Connect("", nats.InProcessServer(k), nats.MaxReconnects(-1))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	posts := jetstream.StreamConfig{Name: "POSTS", Subjects: []string{"posts"}}
	if _, err := js.CreateStream(t.Context(), posts); err != nil {
		t.Fatalf("create a stream: %v", err)
	}
	k.examine(t.Context())
	for _, remove := range []string{dir, filepath.Join(dir, "jetstream", "*", "streams", "POSTS")} {
		first := k.server
		k.examine(t.Context())
		if k.server != first {
			t.Fatal("a server that is well was started again")
		}
		found, err := filepath.Glob(remove)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s = %v, %v", remove, found, err)
		}
		again := nc.StatusChanged(nats.CONNECTED)
		if err := os.RemoveAll(found[0]); err != nil {
			t.Fatal(err)
		}
		k.examine(t.Context())
		if k.server == first {
			t.Fatalf("%s is gone and nobody noticed", remove)
		}
		<-again
		if _, err := js.CreateOrUpdateStream(t.Context(), posts); err != nil {
			t.Errorf("create the stream again: %v", err)
		}
	}
}
