package posts_test

import (
	"bytes"
	"testing"

	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
)

// told is what the notice of a version says about who may know it.
func told(t testing.TB, db *sqldb.DB, id string, version int32) (hash []byte, public bool) {
	t.Helper()
	err := db.Conn(t.Context()).QueryRowContext(t.Context(),
		`SELECT public_hash, public FROM outbox WHERE aggregate_id = $1 AND version = $2`, id, version).Scan(&hash, &public)
	if err != nil {
		t.Fatalf("read the notice of version %d of %s: %v", version, id, err)
	}
	return hash, public
}

func TestEveryIDIsAnswered(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		draft := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "A draft"})
		public := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "A post"})
		if _, err := w.PublishPost(w.ctx, &postsv1.PublishPostRequest{Id: public.GetId()}); err != nil {
			t.Fatalf("PublishPost: %v", err)
		}
		unknown := []string{ids.New(), "no id", "\x00", ""}
		got, err := w.BatchGetPosts(w.peer, &postsv1.BatchGetPostsRequest{Ids: append([]string{draft.GetId(), public.GetId(), public.GetId()}, unknown...)})
		if err != nil {
			t.Fatalf("BatchGetPosts: %v", err)
		}
		states := make(map[string]*postsv1.PostState)
		for _, s := range got.GetStates() {
			states[s.GetId()] = s
			if s.GetEpoch() != 1 {
				t.Errorf("the state of %q is of epoch %d, want 1", s.GetId(), s.GetEpoch())
			}
		}
		if len(got.GetStates()) != 6 || len(states) != 6 {
			t.Errorf("%d states, want one for each of 6 ids", len(got.GetStates()))
		}
		for id, version := range map[string]int32{draft.GetId(): 1, public.GetId(): 2} {
			hash, _ := told(t, db, id, version)
			if s := states[id]; s.GetVersion() != version || !bytes.Equal(s.GetPublicHash(), hash) {
				t.Errorf("state %v, want version %d with the hash of its notice, %x", s, version, hash)
			}
		}
		if len(states[public.GetId()].GetPublicHash()) == 0 || len(states[draft.GetId()].GetPublicHash()) != 0 {
			t.Error("the public post has no hash, or the draft has one")
		}
		for _, id := range unknown {
			if s := states[id]; s == nil || s.GetVersion() != 0 || s.GetSite() != "" || s.GetPost() != nil || len(s.GetPublicHash()) != 0 {
				t.Errorf("the state of the unknown %q is %v, want version 0 and nothing else", id, s)
			}
		}
		sites, err := w.sites.BatchGetSites(w.peer, &postsv1.BatchGetSitesRequest{Ids: []string{"main", "other", "\x00", "main"}})
		if err != nil || len(sites.GetStates()) != 3 {
			t.Fatalf("BatchGetSites = %v, %v, want one state for each of 3 ids", sites, err)
		}
		hash, _ := told(t, db, "main", 1)
		for _, s := range sites.GetStates() {
			known := s.GetId() == "main"
			if s.GetEpoch() != 1 || (s.GetVersion() == 1) != known || (s.GetSite() != nil) != known {
				t.Errorf("state %v, want only main to be known", s)
			}
			if known && (len(hash) == 0 || !bytes.Equal(s.GetPublicHash(), hash)) {
				t.Errorf("public hash = %x, want that of the notice, %x", s.GetPublicHash(), hash)
			}
		}
	})
}

func TestNoticesTellWhetherAnybodyMayKnow(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		p := w.create(w.ctx, t, &postsv1.CreatePostRequest{Title: "A post"})
		if _, err := w.PublishPost(w.ctx, &postsv1.PublishPostRequest{Id: p.GetId()}); err != nil {
			t.Fatalf("PublishPost: %v", err)
		}
		if _, err := w.WithdrawPost(w.ctx, &postsv1.WithdrawPostRequest{Id: p.GetId()}); err != nil {
			t.Fatalf("WithdrawPost: %v", err)
		}
		for version, want := range map[int32]bool{1: false, 2: true, 3: true} {
			if _, public := told(t, db, p.GetId(), version); public != want {
				t.Errorf("the notice of version %d is public: %v, want %v", version, public, want)
			}
		}
		if _, public := told(t, db, "main", 1); !public {
			t.Error("the notice of a site is not public")
		}
	})
}
