package tags_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/telemetry"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/tags"
)

// join starts a further replica of w, and answers how to stop it.
func (w *world) join(t *testing.T, dir string) (*world, func()) {
	t.Helper()
	behind := rpctest.Serve(t, func(r grpc.ServiceRegistrar) { postsv1.RegisterPostsServiceServer(r, w.posts) }, nil)
	cfg := tags.Defaults()
	cfg.IndexDir = dir
	health := &process.Health{}
	service, err := tags.New(cfg, tags.Deps{
		DB: w.db, NATS: w.nc, Telemetry: telemetry.Discard(), Now: noon, Posts: behind.ConnOf(t, "tags"), Health: health,
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	front := rpctest.Serve(t, service.Register, service.Writes())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	started := make(chan struct{})
	parts := append(service.Parts(), process.Part{Name: "started", Run: func(_ context.Context, ready func()) error {
		ready()
		close(started)
		return nil
	}})
	go func() { done <- process.Run(ctx, slog.New(slog.DiscardHandler), time.Minute, parts...) }()
	<-started
	if _, checks := health.Report(); checks["index"] != nil {
		t.Errorf("a replica that runs says %v, want that its index is caught up", checks["index"])
	}
	stop := func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run the replica: %v", err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	var wake func()
	if w.db.Dialect() == sqldb.SQLite { // where there is one process, and so one outbox
		wake, w.wake = service.Outbox().Wake, w.service.Outbox().Wake
	}
	return &world{db: w.db, nc: w.nc, posts: w.posts, client: tagsv1.NewTagsServiceClient(front.Conn(t)), wake: wake}, stop
}

// same compares what two replicas answer.
func same(t *testing.T, what string, a, b *world) {
	t.Helper()
	a.settle(t)
	b.settle(t)
	if diff := gocmp.Diff(a.counts(t, "main"), b.counts(t, "main")); diff != "" {
		t.Errorf("%s: tags (-one +other):\n%s", what, diff)
	}
	for _, q := range []string{"word", "number3 ", "-number1", "tag:go word"} {
		if diff := gocmp.Diff(a.words(t, q), b.words(t, q)); diff != "" {
			t.Errorf("%s: search for %q (-one +other):\n%s", what, q, diff)
		}
	}
}

func TestReplicasAnswerAlike(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		names, posts := []string{"Go", "SQL", "Été"}, []string{}
		put := func(from, to int) {
			for i := from; i < to; i++ {
				posts = append(posts, ids.New())
				w.change(t, "main", posts[i], written(fmt.Sprintf("p%02d", i), fmt.Sprintf("word number%d", i), noon().Add(-time.Duration(i)*time.Hour), names[i%3]))
			}
		}
		put(0, 20)
		w.settle(t)
		dir := t.TempDir()
		late, stop := w.join(t, dir) // it reads everything
		same(t, "one that came late", w, late)
		put(20, 30)
		w.change(t, "main", posts[2], nil)
		same(t, "following", w, late)
		stop()

		put(30, 40) // it is away meanwhile
		w.change(t, "main", posts[4], nil)
		w.change(t, "main", posts[5], written("p05", "word again", noon(), "Go"))
		w.settle(t)
		back, stop := w.join(t, dir)
		same(t, "one that was away", w, back)
		stop()

		saved := filepath.Join(dir, "index")
		whole, err := os.ReadFile(saved)
		if err != nil {
			t.Fatalf("there is no snapshot: %v", err)
		}
		for name, damaged := range map[string][]byte{
			"half": whole[:len(whole)/2], "empty": {}, "foreign": []byte("something else"), "one bit": flip(whole),
		} {
			if err := os.WriteFile(saved, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			again, stop := w.join(t, dir)
			same(t, "a snapshot that is damaged: "+name, w, again)
			stop()
		}
		if err := os.RemoveAll(filepath.Join(dir, "text")); err != nil {
			t.Fatal(err)
		}
		again, stop := w.join(t, dir)
		same(t, "without its full text", w, again)
		stop()
	})
}

func flip(whole []byte) []byte {
	out := append([]byte(nil), whole...)
	out[len(out)/2] ^= 4
	return out
}
