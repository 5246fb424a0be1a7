package projection_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/parution/parution/chassis/fault"
)

// TestWhatNobodyHasIsAskedForOnce has readers ask for what was never written.
func TestWhatNobodyHasIsAskedForOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.open()
		l.own("a", 2, post{Title: "second"})
		l.own("gone", 0, post{})
		p := l.operator(t)
		for _, id := range []string{"nobody", "a", "gone"} {
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					if err := p.AtLeast(t.Context(), ref(id), 1, 9); fault.KindOf(err) != fault.KindNotFound {
						t.Errorf("AtLeast of %s = %v, want not found", id, err)
					}
				})
			}
			all.Wait()
			if err := p.AtLeast(t.Context(), ref(id), 0, 10); fault.KindOf(err) != fault.KindNotFound {
				t.Errorf("AtLeast of %s later = %v, want not found", id, err)
			}
		}
		check(t, "questions", l.questions(), "nobody", "a", "gone")
		// A transaction would have made the cursor's row.
		check(t, "cursor", l.list(t, `SELECT source FROM projection_cursor`))
		check(t, "copies", l.copies(t))
		if err := p.AtLeast(t.Context(), ref("a"), 1, 2); err != nil {
			t.Errorf("AtLeast of what there is: %v", err)
		}
		check(t, "copies", l.copies(t), "a@2 second")
	})
}

func (l *library) questions() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.fetched...)
}

// TestOnlySoManyAskTheOwner holds eight questions; the ninth is not asked.
func TestOnlySoManyAskTheOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.open()
		arrived, release := make(chan struct{}, 100), make(chan struct{})
		l.asked = func(int) { arrived <- struct{}{}; <-release }
		p := l.operator(t)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() { _ = p.AtLeast(t.Context(), ref(fmt.Sprint(i)), 1, 1) })
		}
		for range 8 {
			<-arrived
		}
		if err := p.AtLeast(t.Context(), ref("ninth"), 1, 1); fault.KindOf(err) != fault.KindExhausted {
			t.Errorf("AtLeast of the ninth = %v, want exhausted", err)
		}
		close(release)
		all.Wait()
		if err := p.AtLeast(t.Context(), ref("ninth"), 1, 1); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("AtLeast of the ninth then = %v, want not found", err)
		}
	})
}
