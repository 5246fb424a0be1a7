package projection_test

import (
	"context"
	"sync"
	"testing"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/telemetry"
)

// operator is a projection that is asked and does not run.
func (l *library) operator(t testing.TB) *projection.Projection[post] {
	t.Helper()
	p, err := projection.New(l.config(t, func(*projection.Config[post]) {}))
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return p
}

func (l *library) config(t testing.TB, change func(*projection.Config[post])) projection.Config[post] {
	t.Helper()
	cfg := projection.Config[post]{
		Name: reader, Owner: owner, DB: l.db, Source: l.source(t, "operator"),
		Fetch: l.fetch, Refresh: l.refresh, Telemetry: telemetry.Discard(), Feed: l.feed,
	}
	change(&cfg)
	return cfg
}

func (l *library) dead(t testing.TB) []projection.DeadLetter {
	t.Helper()
	dead, err := l.operator(t).Dead(t.Context())
	if err != nil {
		t.Fatalf("Dead: %v", err)
	}
	return dead
}

// refuse has refreshes of "bad" fail for good until the answer is called.
func (l *library) refuse() (heal func()) {
	var mu sync.Mutex
	isBad := true
	l.before = func(_ int, items items) error {
		mu.Lock()
		defer mu.Unlock()
		for _, i := range items {
			if i.ID == "bad" && isBad {
				return fault.Invalid("title", "must not be bad")
			}
		}
		return nil
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		isBad = false
	}
}

func TestWhatCannotBeAppliedIsPutAside(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		heal := l.refuse()
		l.change(t, 1, "a", 1, post{Title: "first"})
		l.change(t, 2, "bad", 1, post{Title: "bad"})
		l.change(t, 3, "c", 1, post{Title: "third"})
		l.follow(t)
		l.settled(t)
		check(t, "copies", l.copies(t), "a@1 first", "c@1 third")
		check(t, "cursor", l.cursor(t), "3")
		dead := l.dead(t)
		if len(dead) != 1 || dead[0].Ref != ref("bad") || dead[0].Notice.GetPos() != 2 || dead[0].Reason == "" {
			t.Fatalf("dead letters = %+v, want one of bad with a reason", dead)
		}
		operator := l.operator(t)
		if err := operator.Retry(t.Context(), ref("bad")); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("Retry = %v, want the same refusal", err)
		}
		heal()
		if err := operator.Retry(t.Context(), ref("bad")); err != nil {
			t.Errorf("Retry = %v, want nil", err)
		}
		check(t, "copies after the retry", l.copies(t), "a@1 first", "bad@1 bad", "c@1 third")
		if dead := l.dead(t); len(dead) != 0 {
			t.Errorf("dead letters = %+v, want none", dead)
		}
	})
}

func TestANewerChangeEndsADeadLetter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		heal := l.refuse()
		l.follow(t)
		l.change(t, 1, "bad", 1, post{Title: "bad"})
		l.settled(t)
		if n := len(l.dead(t)); n != 1 {
			t.Fatalf("%d dead letters, want 1", n)
		}
		heal()
		l.change(t, 2, "bad", 2, post{Title: "good"})
		l.settled(t)
		check(t, "copies", l.copies(t), "bad@2 good")
		if dead := l.dead(t); len(dead) != 0 {
			t.Errorf("dead letters = %+v, want none", dead)
		}
	})
}

func TestDeadLettersAreDropped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.refuse()
		f := l.open()
		l.broker.Stop()
		l.enter(f, 1, 1, "bad", 1, post{Title: "bad"})
		l.enter(f, 1, 2, "c", 1, post{Title: "third"})
		l.follow(t)
		l.reaches(t, "2")
		if n := len(l.dead(t)); n != 1 {
			t.Fatalf("%d dead letters, want 1", n)
		}
		operator := l.operator(t)
		drop := func(ctx context.Context) error { return operator.Drop(ctx, ref("bad")) }
		if err := drop(t.Context()); err != nil {
			t.Errorf("Drop = %v, want nil", err)
		}
		if err := drop(t.Context()); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("Drop again = %v, want not found", err)
		}
		if err := operator.Retry(t.Context(), ref("bad")); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("Retry = %v, want not found", err)
		}
	})
}

// TestARetryOfWhatTheOwnerDoesNotKnow applies nothing, and says so.
func TestARetryOfWhatTheOwnerDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, held := range map[string]bool{"nothing is held": false, "an older version is held": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, l *library) {
				pos := int64(1)
				l.follow(t)
				if held {
					l.change(t, pos, "bad", 1, post{Title: "good"})
					l.settled(t)
					pos++
				}
				l.mu.Lock()
				l.refuse()
				l.mu.Unlock()
				l.change(t, pos, "bad", int32(pos), post{Title: "bad"})
				l.settled(t)
				if n := len(l.dead(t)); n != 1 {
					t.Fatalf("%d dead letters, want 1", n)
				}
				copies := l.copies(t)
				l.mu.Lock()
				delete(l.owned, ref("bad"))
				l.mu.Unlock()
				if err := l.operator(t).Retry(t.Context(), ref("bad")); fault.KindOf(err) != fault.KindNotFound {
					t.Errorf("Retry = %v, want not found", err)
				}
				if isAside := len(l.dead(t)) == 1; isAside != held {
					t.Errorf("it is aside: %t, want %t", isAside, held)
				}
				check(t, "copies", l.copies(t), copies...)
			})
		})
	}
}
