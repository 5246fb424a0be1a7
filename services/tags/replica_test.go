package tags_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
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
		spoil(t, dir)
		mended, stop := w.join(t, dir)
		same(t, "a full text that is damaged inside", w, mended)
		stop()
		if err := os.RemoveAll(filepath.Join(dir, "text")); err != nil {
			t.Fatal(err)
		}
		again, stop := w.join(t, dir)
		same(t, "without its full text", w, again)
		stop()
	})
}

// spoil writes other bytes into the middle of all segments of the full text.
func spoil(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "text", "*", "*.zap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("segments %q, %v", files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for i := len(data) / 5; i < len(data)*4/5; i++ {
			data[i] ^= 0x5a
		}
		if err := os.WriteFile(f, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func flip(whole []byte) []byte {
	out := append([]byte(nil), whole...)
	out[len(out)/2] ^= 4
	return out
}

func TestARestoredDatabaseIsReadAnew(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		kept, lost := ids.New(), ids.New()
		w.change(t, "main", kept, written("kept", "word", noon(), "Go"))
		w.change(t, "main", lost, written("lost", "word", noon(), "SQL"))
		w.settle(t)
		// As a backup would have it that is older than the second post.
		execute(t, db, `DELETE FROM entry WHERE post_id = '`+lost+`'`, `DELETE FROM entry_tag WHERE post_id = '`+lost+`'`,
			`DELETE FROM entry_text WHERE post_id = '`+lost+`'`, `UPDATE outbox_owner SET epoch = epoch + 1`)
		w.service.Outbox().Wake()
		at := &tagsv1.Position{Epoch: 2}
		for {
			got, err := w.client.Search(t.Context(), &tagsv1.SearchRequest{Q: "word", Site: "main", Position: at})
			if err != nil {
				continue // it is made anew; t.Context ends with the test's time
			}
			if len(got.GetPosts()) != 1 || got.GetPosts()[0].GetTitle() != "kept" || got.GetPosition().GetEpoch() != 2 {
				t.Errorf("after that: %v, want what there is", got)
			}
			break
		}
		if got := w.counts(t, "main"); len(got) != 1 {
			t.Errorf("tags = %q, want that of the post that is left", got)
		}
	})
}

func TestAnAuthorFindsTheOwnPostAtOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		for i := range 5 {
			id := ids.New()
			version := w.posts.set("main", id, written(fmt.Sprint("mine ", i), "unheard", noon(), "Go")) // nobody is told
			got, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{
				Q: "unheard ", Tag: []string{"go"}, AtLeast: []string{fmt.Sprintf("%s@%d", id, version)},
			})
			if err != nil || int(got.GetTotal()) != i+1 || len(got.GetBehind()) > 0 {
				t.Errorf("post %d: %v, %v; want it found, and nothing behind", i, got, err)
			}
		}
		for _, bad := range []string{"", "x@1", ids.New(), ids.New() + "@0", ids.New() + "@-1", ids.New() + "@99999999999"} {
			if _, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{AtLeast: []string{bad}}); fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("at least %q: %v, want Invalid", bad, err)
			}
		}
		never := ids.New() + "@3"
		got, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{AtLeast: []string{never}})
		if err != nil || got.GetTotal() != 5 || !slices.Equal(got.GetBehind(), []string{never}) {
			t.Errorf("at least what nobody has: %v, %v; want an answer as it is, and that it does not know %s", got, err, never)
		}
	})
}

func TestRelatedAndProposed(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		id := ids.New()
		w.change(t, "main", id, written("About viaducts", "The viaduct of Garabit carries trains.", noon(), "Bridges", "News"))
		w.change(t, "main", ids.New(), written("Another", "A viaduct in the north.", noon().Add(-time.Hour), "News"))
		w.change(t, "main", ids.New(), written("Sister", "Something else.", noon().Add(-2*time.Hour), "Bridges"))
		for i := range 6 {
			w.change(t, "main", ids.New(), written(fmt.Sprint("noise ", i), "daily business", noon().Add(-3*time.Hour), "News"))
		}
		w.settle(t)
		got, err := w.client.ListRelatedPosts(reader(t.Context(), "main"), &tagsv1.ListRelatedPostsRequest{Id: id, Size: 2})
		if err != nil {
			t.Fatalf("ListRelatedPosts: %v", err)
		}
		var titles []string
		for _, p := range got.GetPosts() {
			titles = append(titles, p.GetTitle())
		}
		slices.Sort(titles)
		if diff := gocmp.Diff([]string{"Another", "Sister"}, titles); diff != "" {
			t.Errorf("related (-want +got):\n%s", diff)
		}
		author := identity.With(t.Context(), identity.Principal{Subject: "a", Role: identity.Author, Site: "main"})
		tags, err := w.client.SuggestTags(author, &tagsv1.SuggestTagsRequest{Title: "Old bridges", Body: "A viaduct near the sea", Language: "en", Tags: []string{"news"}})
		if err != nil || len(tags.GetTags()) == 0 || tags.GetTags()[0].GetSlug() != "bridges" {
			t.Errorf("SuggestTags = %v, %v; want bridges first", tags, err)
		}
		typed, err := w.client.Suggest(reader(t.Context(), "main"), &tagsv1.SuggestRequest{Q: "via"})
		if err != nil || len(typed.GetQueries()) == 0 || len(typed.GetPosts()) != 1 {
			t.Errorf("Suggest = %v, %v; want queries and the post with that title", typed, err)
		}
		if typed, err = w.client.Suggest(reader(t.Context(), "main"), &tagsv1.SuggestRequest{Q: "bri"}); err != nil || len(typed.GetTags()) != 1 {
			t.Errorf("Suggest = %v, %v; want the tag", typed, err)
		}
		if _, err := w.client.ListRelatedPosts(reader(t.Context(), "main"), &tagsv1.ListRelatedPostsRequest{Id: ids.New()}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("related to nothing: %v, want NotFound", err)
		}
	})
}
