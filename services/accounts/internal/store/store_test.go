package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/accounts/internal/store"
	"github.com/parution/parution/services/accounts/internal/token"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 123456000, time.UTC) }

func open(t *testing.T, db *sqldb.DB) *store.Store {
	t.Helper()
	if err := db.Migrate(t.Context(), store.Migrations()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return store.New(db)
}

func create(t *testing.T, s *store.Store, n token.NewToken, now time.Time) token.Snapshot {
	t.Helper()
	n.ID, n.ByOperator = ids.New(), true
	tok, err := token.New(n, now)
	if err != nil {
		t.Fatalf("make a token: %v", err)
	}
	created, err := s.Create(t.Context(), tok, token.Secret(n.ID).Hash())
	if err != nil || !created {
		t.Fatalf("Create = %v, %v, want true", created, err)
	}
	return tok.Snapshot()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		end := noon().Add(time.Hour)
		want := create(t, s, token.NewToken{Site: "main", Name: "été", Role: token.Editor, ExpiresAt: &end}, noon())
		got, err := s.Find(t.Context(), token.Secret(want.ID).Hash())
		if err != nil {
			t.Fatalf("Find: %v", err)
		}
		if diff := cmp.Diff(want, got.Snapshot()); diff != "" {
			t.Errorf("Find (-want +got):\n%s", diff)
		}
		for _, get := range []func(context.Context) (*token.Token, error){
			func(ctx context.Context) (*token.Token, error) { return s.Get(ctx, ids.New()) },
			func(ctx context.Context) (*token.Token, error) {
				return s.Find(ctx, token.Secret("another").Hash())
			},
			func(ctx context.Context) (*token.Token, error) { return s.Revoke(ctx, ids.New(), noon()) },
		} {
			if _, err := get(t.Context()); fault.KindOf(err) != fault.KindNotFound {
				t.Errorf("an unknown token answers %v, want NotFound", err)
			}
		}
	})
}

func TestCreateKeepsASecretForOne(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		first := create(t, s, token.NewToken{Site: "main", Name: "first"}, noon())
		second := token.Restore(token.Snapshot{ID: ids.New(), Site: "main", Name: "second", Role: token.Author, CreatedAt: noon()})
		created, err := s.Create(t.Context(), second, token.Secret(first.ID).Hash())
		if err != nil || created {
			t.Fatalf("Create with a known secret = %v, %v, want false", created, err)
		}
		got, err := s.Find(t.Context(), token.Secret(first.ID).Hash())
		if err != nil || got.Snapshot().Name != "first" {
			t.Errorf("Find = %+v, %v, want the first", got, err)
		}
	})
}

func TestRevokeAndTouch(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		id := create(t, s, token.NewToken{Site: "main", Name: "a"}, noon()).ID
		for _, now := range []time.Time{noon().Add(time.Minute), noon().Add(time.Hour)} {
			got, err := s.Revoke(t.Context(), id, now)
			if err != nil {
				t.Fatalf("Revoke: %v", err)
			}
			if at := got.Snapshot().RevokedAt; at == nil || !at.Equal(noon().Add(time.Minute)) {
				t.Errorf("revoked at %v, want the first time", at)
			}
		}
		uses := []struct{ after, want time.Duration }{{0, 0}, {59 * time.Second, 0}, {61 * time.Second, 61 * time.Second}}
		for _, u := range uses {
			now := noon().Add(u.after)
			if err := s.Touch(t.Context(), id, now, now.Add(-time.Minute)); err != nil {
				t.Fatalf("Touch: %v", err)
			}
			got, err := s.Get(t.Context(), id)
			if err != nil {
				t.Fatalf("Get: %v", err)
			}
			if last := got.Snapshot().LastUsedAt; last == nil || !last.Equal(noon().Add(u.want)) {
				t.Errorf("after a use at +%v the last is %v, want +%v", u.after, last, u.want)
			}
		}
	})
}

func TestListPages(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		var want []string
		for i := range 25 {
			// Pairs share a time, so that the id decides within them.
			now := noon().Add(time.Duration(i/2) * time.Millisecond)
			n := token.NewToken{Site: "main", Name: fmt.Sprint(i)}
			if i == 7 {
				n.Role = token.Operator
			}
			want = append([]string{create(t, s, n, now).ID}, want...)
			create(t, s, token.NewToken{Site: "other", Name: "x"}, now)
		}
		if diff := cmp.Diff(want, all(t, s, true)); diff != "" {
			t.Errorf("an operator's list (-want +got):\n%s", diff)
		}
		withoutOperators := append(append([]string{}, want[:17]...), want[18:]...)
		if diff := cmp.Diff(withoutOperators, all(t, s, false)); diff != "" {
			t.Errorf("an owner's list (-want +got):\n%s", diff)
		}
	})
}

func all(t *testing.T, s *store.Store, operators bool) []string {
	t.Helper()
	var out []string
	before := token.Place{}
	for {
		page, err := s.List(t.Context(), "main", operators, before, 10)
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		for _, tok := range page {
			snap := tok.Snapshot()
			out = append(out, snap.ID)
			before = token.Place{At: snap.CreatedAt, ID: snap.ID}
		}
		if len(page) < 10 {
			return out
		}
	}
}
