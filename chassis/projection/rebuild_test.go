package projection_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// generation is how the rebuild stands: generation, phase, rows of older ones.
func (l *library) generation(t testing.TB) string {
	t.Helper()
	return l.list(t, `SELECT generation || rebuild_phase || ' ' || (SELECT count(*) FROM projection_version AS v WHERE v.generation < c.generation)
 FROM projection_cursor AS c`)[0]
}

func TestARebuildMakesTheReadModelAnew(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.follow(t)
		l.stock(t, f, 250, true)
		want := strings.Join(l.copies(t), "\n")
		l.execute(t, `DELETE FROM copy WHERE id < 'p150'`)
		l.execute(t, `UPDATE copy SET title = 'damaged' WHERE id = 'p200'`)
		l.execute(t, `DELETE FROM projection_version WHERE aggregate_id = 'p010'`)
		// What the owner never had is gone afterwards.
		l.execute(t, `INSERT INTO copy (id, version, title) VALUES ('ghost', 3, 'boo')`)
		l.execute(t, `INSERT INTO projection_version (source, aggregate_type, aggregate_id, epoch, version) VALUES ('posts', 'post', 'ghost', 1, 3)`)
		var mu sync.Mutex
		told := make(map[string]bool)
		l.interfere(func(_ int, items items) error {
			mu.Lock()
			defer mu.Unlock()
			for _, i := range items {
				told[i.ID] = told[i.ID] || !i.Mend || i.Notice.GetOccurredAt().AsTime().Year() < 2000
			}
			return nil
		})
		p := l.operator(t)
		if err := errors.Join(p.Rebuild(t.Context()), p.Rebuild(t.Context())); err != nil {
			t.Fatalf("Rebuild: %v", err)
		}
		eventually(t, func() bool { return l.generation(t) == "1 0" })
		if got := strings.Join(l.copies(t), "\n"); got != want {
			t.Errorf("copies after the rebuild:\n%s\nwant:\n%s", got, want)
		}
		mu.Lock()
		for id, isOdd := range told {
			if isOdd {
				t.Errorf("item %s is not to be mended, or is of no time", id)
			}
		}
		mu.Unlock()
		l.interfere(nil)
		// The tombstone stays one, whatever comes late.
		l.tell(t, 250, "ghost", 3)
		l.both(t, f, "p001")
		l.reaches(t, "251")
		if n := len(l.copies(t)); n != 250 {
			t.Errorf("%d copies, want 250", n)
		}
	})
}

// TestAReleaseThatMakesItOtherwiseMakesItAnew also holds that an older release
// beside it neither works on that nor begins a rebuild of its own.
func TestAReleaseThatMakesItOtherwiseMakesItAnew(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		stop := l.followAs(t, telemetry.Discard(), 1)
		l.stock(t, f, 30, true)
		if got := l.generation(t); got != "0 0" {
			t.Errorf("after the first start: generation %s, want 0 0: nothing was made otherwise", got)
		}
		l.execute(t, `UPDATE copy SET title = 'as before'`)
		stop()
		stop = l.followAs(t, telemetry.Discard(), 2)
		eventually(t, func() bool { return l.generation(t) == "1 0" })
		if n := len(l.list(t, `SELECT id FROM copy WHERE title = 'as before'`)); n > 0 {
			t.Errorf("%d copies are as before", n)
		}
		stop()
		older := l.followAs(t, telemetry.Discard(), 1)
		defer older()
		if err := l.operator(t).Rebuild(t.Context()); err != nil {
			t.Fatalf("Rebuild: %v", err)
		}
		l.both(t, f, "p001") // the older one follows all the same
		l.reaches(t, "31")
		if got := l.generation(t); !strings.HasPrefix(got, "2copy") {
			t.Errorf("with an older release alone: generation %s, want the rebuild to wait", got)
		}
		stop = l.followAs(t, telemetry.Discard(), 2)
		defer stop()
		eventually(t, func() bool { return l.generation(t) == "2 0" })
	})
}

// TestARebuildGoesOn stops it in its middle, as a crash does, and has another
// replica go on while posts are written.
func TestARebuildGoesOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		stop := l.follow(t)
		l.stock(t, f, 450, true)
		stop()
		l.execute(t, `DELETE FROM copy`)
		one := l.operator(t)
		if err := one.Rebuild(t.Context()); err != nil {
			t.Fatalf("Rebuild: %v", err)
		}
		crash := errors.New("killed")
		ctx, kill := context.WithCancel(t.Context())
		written := 0
		l.before = func(_ int, items items) error {
			if written += len(items); written > 200 {
				kill()
				return crash
			}
			return nil
		}
		if err := one.Tend(ctx); err == nil {
			t.Error("Tend = nil, want it interrupted")
		}
		if n := len(l.copies(t)); n != 200 {
			t.Errorf("%d copies, want the 200 of the first two batches", n)
		}
		l.before = nil
		l.execute(t, `UPDATE projection_cursor SET worker_until = NULL`) // it has run out by now
		l.follow(t)
		l.both(t, f, "p000", "p449", "new")
		two := l.operator(t)
		if err := two.Tend(t.Context()); err != nil {
			t.Errorf("Tend: %v", err)
		}
		eventually(t, func() bool { return l.generation(t) == "1 0" })
		l.reaches(t, "453")
		if n := len(l.copies(t)); n != 451 {
			t.Errorf("%d copies, want 451", n)
		}
		if _, refreshes := l.did(); refreshes > 40 {
			t.Errorf("%d refreshes, want batches", refreshes)
		}
		compare(t, two)
		if drift := l.drift(t); drift != "0" {
			t.Errorf("%s defects were mended, want none", drift)
		}
	})
}

func TestARebuildPutsAsideWhatItCannotWrite(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.broker.Stop()
		stop := l.follow(t)
		l.enter(f, 1, 1, "a", 1, post{Title: "first"})
		l.enter(f, 1, 2, "bad", 1, post{Title: "bad"})
		l.enter(f, 1, 3, "c", 1, post{Title: "third"})
		l.reaches(t, "3")
		stop()
		heal := l.refuse()
		settled := 0
		p, err := projection.New(l.config(t, func(c *projection.Config[post]) {
			c.Settle = func(context.Context, *sql.Tx) error { settled++; return nil }
		}))
		if err != nil {
			t.Fatal(err)
		}
		l.execute(t, `DELETE FROM copy`)
		if err := errors.Join(p.Rebuild(t.Context()), p.Tend(t.Context())); err != nil {
			t.Fatalf("Rebuild: %v", err)
		}
		if got := l.generation(t); got != "1 0" || settled != 1 {
			t.Errorf("the rebuild is at %q, settled %d times, want it done", got, settled)
		}
		check(t, "copies", l.copies(t), "a@1 first", "c@1 third")
		if dead := l.dead(t); len(dead) != 1 || dead[0].Ref != ref("bad") {
			t.Errorf("dead letters = %+v, want one of bad", dead)
		}
		heal()
		if err := p.Retry(t.Context(), ref("bad")); err != nil {
			t.Errorf("Retry: %v", err)
		}
		check(t, "copies after the retry", l.copies(t), "a@1 first", "bad@1 bad", "c@1 third")
		if dead := l.dead(t); len(dead) != 0 {
			t.Errorf("dead letters = %+v, want none", dead)
		}
	})
}

func TestARebuildWaitsForTheOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.broker.Stop()
		l.follow(t)
		l.stock(t, f, 3, false)
		f.mu.Lock()
		f.away = true
		f.mu.Unlock()
		p := l.operator(t)
		if err := p.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Tend(t.Context()); !errors.Is(err, errAway) {
			t.Errorf("Tend = %v, want the owner's absence", err)
		}
		status, err := p.Status(t.Context())
		if err != nil || !strings.Contains(status.GetProblem(), "away") || status.GetOfOlderGeneration() != 3 || status.GetWatermark() != 0 {
			t.Errorf("Status = %v, %v, want the problem and 3 to do", status, err)
		}
		f.mu.Lock()
		f.away = false
		f.mu.Unlock()
		eventually(t, func() bool { return l.generation(t) == "1 0" })
	})
}

func TestReadModelsAreServed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.enter(f, 1, 1, "a", 1, post{Title: "first"})
		l.enter(f, 1, 2, "b", 1, post{Title: "second"})
		s := projection.NewReadModelServer(l.operator(t))
		got, err := s.ListReadModels(t.Context(), nil)
		if err != nil || len(got.GetReadModels()) != 1 {
			t.Fatalf("ListReadModels = %v, %v, want one", got, err)
		}
		m := got.GetReadModels()[0]
		if m.GetName() != reader || m.GetSource() != owner || m.GetLag() != 2 || m.GetWatermark() != 2 || m.GetFloor() != 0 || m.GetLagSeconds() < 1 {
			t.Errorf("read model = %v, want it 2 behind", m)
		}
		if err := l.operator(t).AtLeast(t.Context(), ref("a"), 0, 1); err != nil {
			t.Errorf("AtLeast: %v", err)
		}
		check(t, "copies", l.copies(t), "a@1 first")
		check(t, "cursor", l.cursor(t), "0")
		if err := l.operator(t).AtLeast(t.Context(), ref("a"), 1, 9); err == nil {
			t.Error("AtLeast of what the owner has not = nil, want an error")
		}
		if _, err := s.RebuildReadModel(t.Context(), rebuildOf("nobody")); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("RebuildReadModel of another owner = %v, want not found", err)
		}
		again, err := s.RebuildReadModel(t.Context(), rebuildOf(owner))
		if err != nil || again.GetReadModel().GetGeneration() != 1 {
			t.Errorf("RebuildReadModel = %v, %v, want generation 1", again, err)
		}
	})
}

// TestAttemptsOutliveAReader counts failures of several readers together.
func TestAttemptsOutliveAReader(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.before = func(int, items) error { return errors.New("boom") }
		f := l.open()
		l.broker.Stop()
		l.enter(f, 1, 1, "bad", 1, post{Title: "bad"})
		for i := range 8 {
			stop := l.follow(t)
			want := fmt.Sprint(i + 1)
			eventually(t, func() bool {
				got := l.list(t, `SELECT CAST(attempts AS text) FROM projection_failure UNION ALL SELECT CAST(attempts AS text) FROM dead_letter`)
				return len(got) == 1 && got[0] >= want
			})
			stop()
		}
		if dead := l.dead(t); len(dead) != 1 || dead[0].Attempts != 8 {
			t.Errorf("dead letters = %+v, want one after 8 attempts", dead)
		}
		check(t, "cursor", l.cursor(t), "1")
	})
}

func rebuildOf(source string) *eventsv1.RebuildReadModelRequest {
	return &eventsv1.RebuildReadModelRequest{Source: source}
}
