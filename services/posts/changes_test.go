package posts_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/posts"
)

// background runs parts until the test ends.
func background(t *testing.T, parts ...process.Part) {
	t.Helper()
	for _, p := range parts {
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx, func() {}) }()
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
		})
	}
}

// follow reads n changes from after on, waiting for them.
func (w *world) follow(ctx context.Context, t *testing.T, after string, size int32, n int) (list []*postsv1.Change, next string) {
	t.Helper()
	for len(list) < n {
		out, err := w.changes.ListChanges(ctx, &postsv1.ListChangesRequest{After: after, PageSize: size, Wait: 25})
		if err != nil {
			t.Fatalf("ListChanges(%q): %v", after, err)
		}
		if len(out.GetChanges()) == 0 {
			t.Fatalf("no change within 25 s after %v", list)
		}
		list, after = append(list, out.GetChanges()...), out.GetNext()
	}
	return list, after
}

// short is a change as tests compare it.
func short(list []*postsv1.Change) []string {
	var out []string
	for _, c := range list {
		text := fmt.Sprintf("%s %d %s", c.GetType(), c.GetVersion(), c.GetKind())
		if f := c.GetFacts(); f != nil {
			text += " " + f.GetSlug()
		}
		out = append(out, text)
	}
	return out
}

func wantChanges(t *testing.T, got []*postsv1.Change, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, short(got)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	for i := 1; i < len(got); i++ {
		a, b := got[i-1], got[i]
		if a.GetEpoch() > b.GetEpoch() || a.GetEpoch() == b.GetEpoch() && a.GetPosition() >= b.GetPosition() {
			t.Errorf("change %d is at (%d, %d), the next at (%d, %d)", i, a.GetEpoch(), a.GetPosition(), b.GetEpoch(), b.GetPosition())
		}
	}
}

func TestChangesAreForWhoMayKnowOfThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		background(t, w.relay, w.watch)
		shown := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Shown", Status: "published", Tags: []string{"Été"}, Language: "fr"})
		draft := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Hidden"})
		gone := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Gone", Status: "published"})
		if _, err := w.WithdrawPost(w.ctx, &postsv1.WithdrawPostRequest{Id: gone.GetId()}); err != nil {
			t.Fatalf("WithdrawPost: %v", err)
		}
		all, next := w.follow(w.ctx, t, "", 2, 5)
		wantChanges(t, all, "site 1 configured", "post 1 published shown", "post 1 created", "post 1 published gone", "post 2 withdrawn")
		if all[2].GetAggregateId() != draft.GetId() {
			t.Errorf("the third change is of %s, want the draft %s", all[2].GetAggregateId(), draft.GetId())
		}
		f := all[1].GetFacts()
		if f.GetTitle() != "Shown" || f.GetLanguage() != "fr" || !cmp.Equal(f.GetTags(), []string{"Été"}) || !f.GetPublishedAt().AsTime().Equal(now()) || all[1].GetAggregateId() != shown.GetId() {
			t.Errorf("facts = %v of %s", f, all[1].GetAggregateId())
		}
		readers, _ := w.follow(w.public, t, "", 2, 4)
		wantChanges(t, readers, "site 1 configured", "post 1 published shown", "post 1 published", "post 2 withdrawn")
		// Nothing is told twice, and there is a way on from the end.
		end, err := w.changes.ListChanges(w.ctx, &postsv1.ListChangesRequest{After: next})
		if err != nil || len(end.GetChanges()) != 0 || end.GetMore() || end.GetNext() == "" || end.GetEpoch() != 1 {
			t.Errorf("behind the end: %v, %v", end, err)
		}
		// The other site has nothing of this one.
		other := identity.With(t.Context(), identity.Principal{Subject: "o", Role: identity.Owner, Site: "other"})
		if out, err := w.changes.ListChanges(other, &postsv1.ListChangesRequest{}); err != nil || len(out.GetChanges()) != 0 {
			t.Errorf("changes of another site: %v, %v", out, err)
		}
		_, err = w.changes.ListChanges(other, &postsv1.ListChangesRequest{After: next})
		wantKind(t, err, fault.KindInvalid, "after")
	})
}

func TestWorkOnAWithdrawnPostIsNotForReaders(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		background(t, w.relay, w.watch)
		id := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Shown", Status: "published"}).GetId()
		for _, step := range []func() error{
			func() error {
				_, err := w.WithdrawPost(w.ctx, &postsv1.WithdrawPostRequest{Id: id})
				return err
			},
			func() error {
				_, err := w.RevisePost(w.ctx, &postsv1.RevisePostRequest{
					Id: id, Post: &postsv1.Post{Title: "Reworked"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"title"}}, ExpectedVersion: 2,
				})
				return err
			},
			func() error {
				_, err := w.SchedulePost(w.ctx, &postsv1.SchedulePostRequest{Id: id, At: timestamppb.New(now().Add(time.Hour))})
				return err
			},
			func() error { // no longer scheduled
				_, err := w.WithdrawPost(w.ctx, &postsv1.WithdrawPostRequest{Id: id})
				return err
			},
			func() error {
				_, err := w.DeletePost(w.ctx, &postsv1.DeletePostRequest{Id: id})
				return err
			},
		} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		all, _ := w.follow(w.ctx, t, "", 0, 7)
		wantChanges(t, all, "site 1 configured", "post 1 published shown", "post 2 withdrawn", "post 3 revised", "post 4 scheduled", "post 5 held", "post 6 deleted")
		readersLearn := func() {
			t.Helper()
			readers, err := w.changes.ListChanges(w.public, &postsv1.ListChangesRequest{})
			if err != nil {
				t.Fatalf("ListChanges: %v", err)
			}
			wantChanges(t, readers.GetChanges(), "site 1 configured", "post 1 published", "post 2 withdrawn", "post 6 deleted")
		}
		readersLearn()
		// The same of notices that were written before they told it.
		execute(t, db, `UPDATE outbox SET public = FALSE`)
		execute(t, db, migration(t, db, "posts", "0002_public_notices.sql"))
		readersLearn()
	})
}

// migration is the text of one of the service's migrations.
func migration(t *testing.T, db *sqldb.DB, set, file string) string {
	t.Helper()
	for _, m := range posts.Migrations() {
		if m.Name != set {
			continue
		}
		text, err := fs.ReadFile(m.FS, string(db.Dialect())+"/"+file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	t.Fatalf("there are no migrations of %s", set)
	return ""
}

func execute(t *testing.T, db *sqldb.DB, statement string) {
	t.Helper()
	err := db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestChangesInPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		background(t, w.relay, w.watch)
		for i := range 7 {
			w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: fmt.Sprintf("Post %d", i), Status: "published"})
		}
		w.follow(w.ctx, t, "", 0, 8) // all have their places
		for _, size := range []int32{1, 3, 4, 8, 1000} {
			var pages, changes int
			for after, more := "", true; more; pages++ {
				out, err := w.changes.ListChanges(w.public, &postsv1.ListChangesRequest{After: after, PageSize: size})
				if err != nil {
					t.Fatalf("ListChanges: %v", err)
				}
				changes += len(out.GetChanges())
				after, more = out.GetNext(), out.GetMore()
			}
			if want := (8 + int(size) - 1) / int(size); changes != 8 || pages != want {
				t.Errorf("pages of %d: %d changes on %d pages, want 8 on %d", size, changes, pages, want)
			}
		}
		now, err := w.changes.ListChanges(w.ctx, &postsv1.ListChangesRequest{After: "now"})
		if err != nil || len(now.GetChanges()) != 0 {
			t.Fatalf("from now: %v, %v", now, err)
		}
		w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Next", Status: "published"})
		got, _ := w.follow(w.ctx, t, now.GetNext(), 0, 1)
		wantChanges(t, got, "post 1 published next")
	})
}

func TestChangesThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, tt := range []struct {
			name, field string
			in          *postsv1.ListChangesRequest
		}{
			{"made up", "after", &postsv1.ListChangesRequest{After: "made up"}},
			{"base64 of nothing", "after", &postsv1.ListChangesRequest{After: "e30"}},
			{"too many", "page_size", &postsv1.ListChangesRequest{PageSize: 1001}},
			{"negative", "page_size", &postsv1.ListChangesRequest{PageSize: -1}},
			{"too long", "wait", &postsv1.ListChangesRequest{Wait: 26}},
			{"backwards", "wait", &postsv1.ListChangesRequest{Wait: -1}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				_, err := w.changes.ListChanges(w.public, tt.in)
				wantKind(t, err, fault.KindInvalid, tt.field)
			})
		}
	})
}

func TestWaitingEndsInTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		background(t, w.relay, w.watch)
		w.follow(w.ctx, t, "", 0, 1)
		// Less time than asked for: an empty answer comes before the deadline does.
		ctx, cancel := context.WithTimeout(w.ctx, 1500*time.Millisecond)
		defer cancel()
		out, err := w.changes.ListChanges(ctx, &postsv1.ListChangesRequest{After: "now", Wait: 25})
		if err != nil || len(out.GetChanges()) != 0 || out.GetNext() == "" {
			t.Errorf("waiting without a change: %v, %v; want an empty answer with next", out, err)
		}
	})
}

func TestWaitersAreBounded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		background(t, w.relay, w.watch)
		w.follow(w.ctx, t, "", 0, 1)
		refused, woken := make(chan struct{}), make(chan error)
		const most, all = maxWaiting, 5
		for range all {
			go func() {
				out, err := w.changes.ListChanges(w.public, &postsv1.ListChangesRequest{After: "now", Wait: 25})
				if err == nil && len(out.GetChanges()) != 1 {
					err = fmt.Errorf("got %v, want the published post", out)
				}
				if fault.KindOf(err) == fault.KindExhausted {
					refused <- struct{}{}
					return
				}
				woken <- err
			}()
		}
		for range all - most {
			<-refused
		}
		// A draft is nothing for readers; what is published wakes all.
		w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Hidden"})
		w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "Shown", Status: "published"})
		for range most {
			if err := <-woken; err != nil {
				t.Errorf("a waiting call: %v", err)
			}
		}
	})
}

func TestStoppingEndsWaiting(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		background(t, w.relay, w.watch)
		w.follow(w.ctx, t, "", 0, 1)
		stopping := make(chan struct{})
		got := make(chan error, 1)
		ctx := process.WithStopping(rpctest.As(t.Context(), identity.Public), stopping)
		go func() {
			_, err := w.direct.ListChanges(ctx, &postsv1.ListChangesRequest{After: "now", Wait: 25})
			got <- err
		}()
		close(stopping)
		if err := <-got; err != nil {
			t.Errorf("a waiting call of a server that stops: %v", err)
		}
	})
}
