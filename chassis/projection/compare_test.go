package projection_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/parution/parution/chassis/projection"
)

// stock has the owner hold n posts, which the read model has applied; isLive
// tells whether there is a broker.
func (l *library) stock(t testing.TB, f *feed, n int, isLive bool) {
	t.Helper()
	for i := range n {
		id := fmt.Sprintf("p%03d", i)
		if isLive {
			l.both(t, f, id)
		} else {
			l.enter(f, 1, int64(i+1), id, 1, post{Title: "t"})
		}
	}
	l.reaches(t, fmt.Sprint(n))
}

func (l *library) drift(t testing.TB) string {
	t.Helper()
	return l.list(t, `SELECT CAST(drift_repaired AS text) FROM projection_cursor`)[0]
}

// compare expects a comparison of a read model that is level.
func compare(t testing.TB, p *projection.Projection[post]) {
	t.Helper()
	if isDone, err := p.Compare(t.Context()); err != nil || !isDone {
		t.Fatalf("Compare = %v, %v, want it done", isDone, err)
	}
}

func TestAComparisonMendsWhatDiffers(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]string{
		"another version": `UPDATE projection_version SET version = 0 WHERE aggregate_id = 'p007'`,
		"another state":   `UPDATE projection_version SET public_hash = NULL, version = version WHERE aggregate_id = 'none'`,
		"lost":            `DELETE FROM projection_version WHERE aggregate_id = 'p007'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, l *library) {
				f := l.open()
				l.broker.Stop()
				stop := l.follow(t)
				l.stock(t, f, 120, false)
				stop()
				p := l.operator(t)
				compare(t, p)
				l.execute(t, damage)
				l.execute(t, `DELETE FROM copy WHERE id = 'p007'`)
				if name == "another state" {
					l.own("p007", 1, post{Title: "other"}) // as if the owner's own had changed without a notice
				}
				compare(t, p)
				if n, drift := len(l.copies(t)), l.drift(t); n != 120 || drift != "1" {
					t.Errorf("%d copies and %s mended, want 120 and 1", n, drift)
				}
				compare(t, p)
				if drift := l.drift(t); drift != "1" {
					t.Errorf("%s mended, want no more than 1", drift)
				}
			})
		})
	}
}

// TestUnderWayIsNoDrift compares while posts are written all the time.
func TestUnderWayIsNoDrift(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.follow(t)
		l.stock(t, f, 60, true)
		f.listed = func(int) { l.both(t, f, "p001", "p002", "new") } // between the list and what is held
		p := l.operator(t)
		var writing sync.WaitGroup
		stop := make(chan struct{})
		writing.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					l.both(t, f, fmt.Sprintf("p%03d", i%80))
				}
			}
		})
		compared := 0
		for range 10 {
			isDone, err := p.Compare(t.Context())
			if err != nil {
				t.Errorf("Compare: %v", err)
			}
			if isDone {
				compared++
			}
		}
		close(stop)
		writing.Wait()
		if drift := l.drift(t); drift != "0" || compared == 0 {
			t.Errorf("%s mended in %d comparisons, want none in some", drift, compared)
		}
	})
}

func TestAComparisonWaitsUntilTheReadModelIsLevel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.enter(f, 1, 1, "a", 1, post{Title: "first"})
		if isDone, err := l.operator(t).Compare(t.Context()); err != nil || isDone {
			t.Errorf("Compare = %v, %v, want it postponed", isDone, err)
		}
		check(t, "copies", l.copies(t))
	})
}

// TestADeadLetterIsNoDrift has the read model without a post for a reason.
func TestADeadLetterIsNoDrift(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.refuse()
		f := l.open()
		l.broker.Stop()
		stop := l.follow(t)
		l.enter(f, 1, 1, "bad", 1, post{Title: "bad"})
		l.reaches(t, "1")
		stop()
		compare(t, l.operator(t))
		if drift := l.drift(t); drift != "0" || len(l.copies(t)) != 0 {
			t.Errorf("%s mended, copies %v, want none", drift, l.copies(t))
		}
	})
}

// TestANewEpochIsCompared has the owner come back as it was before: what it has
// lost is gone, what it has otherwise is mended, and none of it is a defect.
func TestANewEpochIsCompared(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.broker.Stop()
		stop := l.follow(t)
		l.enter(f, 1, 1, "a", 1, post{Title: "first"})
		l.enter(f, 1, 2, "a", 2, post{Title: "lost revision"})
		l.enter(f, 1, 3, "b", 1, post{Title: "lost post"})
		l.enter(f, 1, 4, "c", 1, post{Title: "same"})
		l.reaches(t, "4")
		// The last revision of a and all of b were never written to the standby.
		f.mu.Lock()
		f.notices, f.least = f.notices[:1], place{2, 0}
		f.mu.Unlock()
		l.mu.Lock()
		for id, s := range map[string]state{
			"a": {Version: 1, State: post{Title: "first"}}, "b": {}, "c": {Version: 1, State: post{Title: "same"}},
		} {
			s.Ref, s.Epoch, s.PublicHash = ref(id), 2, s.State.hash()
			l.owned[ref(id)] = s
		}
		l.mu.Unlock()
		eventually(t, func() bool {
			return len(l.list(t, `SELECT 'x' FROM projection_cursor WHERE epoch = 2 AND compared_at IS NOT NULL`)) == 1
		})
		stop()
		check(t, "copies", l.copies(t), "a@1 first", "c@1 same")
		if drift := l.drift(t); drift != "0" {
			t.Errorf("%s defects were mended, want none: the owner changed", drift)
		}
		compare(t, l.operator(t))
	})
}
