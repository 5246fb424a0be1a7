package projection_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/parution/parution/chassis/stream"
)

func TestAFailureIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("boom") },
		"panic": func() error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, l *library) {
				l.before = func(call int, _ items) error {
					if call == 1 {
						return fail()
					}
					check(t, "copies while it is tried again", l.copies(t))
					return nil
				}
				l.follow(t)
				l.change(t, 1, "a", 1, post{Title: "first"})
				l.settled(t)
				check(t, "copies", l.copies(t), "a@1 first")
				check(t, "cursor", l.cursor(t), "1")
				if _, refreshes := l.did(); refreshes != 2 {
					t.Errorf("%d refreshes, want 2", refreshes)
				}
			})
		})
	}
}

func TestAnOwnerThatIsBehindIsAskedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.own("a", 1, post{Title: "first"})
		l.tell(t, 1, "a", 2)
		l.follow(t)
		eventually(t, func() bool { fetched, _ := l.did(); return len(fetched) == 1 })
		l.own("a", 2, post{Title: "second"})
		l.settled(t)
		check(t, "copies", l.copies(t), "a@2 second")
		if _, refreshes := l.did(); refreshes != 1 {
			t.Errorf("%d refreshes, want none with the old state", refreshes)
		}
	})
}

func TestABadItemDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("boom") },
		"panic": func() error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, l *library) {
				// The second try of the bad item waits until the others were looked at.
				looked := make(chan struct{})
				tries := 0
				l.before = func(_ int, items items) error {
					if !slices.ContainsFunc(items, func(i item) bool { return i.ID == "bad" }) {
						return nil
					}
					if len(items) > 1 {
						return fail()
					}
					if tries++; tries == 1 {
						return fail()
					}
					<-looked
					return nil
				}
				var want []string
				for i := range int64(6) {
					id := fmt.Sprintf("p%d", i)
					if i == 2 {
						id = "bad"
					} else {
						want = append(want, id+"@1 t")
					}
					l.change(t, i+1, id, 1, post{Title: "t"})
				}
				l.follow(t)
				eventually(t, func() bool { return len(l.copies(t)) == len(want) })
				check(t, "copies beside the bad one", l.copies(t), want...)
				check(t, "cursor", l.cursor(t), "2", "4", "5", "6")
				close(looked)
				l.settled(t)
				check(t, "all copies", l.copies(t), append([]string{"bad@1 t"}, want...)...)
				check(t, "cursor", l.cursor(t), "6")
			})
		})
	}
}

func TestARestartContinues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		stop := l.follow(t)
		l.change(t, 1, "a", 1, post{Title: "first"})
		l.settled(t)
		stop()
		fetched, _ := l.did()
		l.change(t, 2, "b", 1, post{Title: "other"})
		l.change(t, 3, "a", 2, post{Title: "second"})
		l.follow(t)
		l.settled(t)
		check(t, "copies", l.copies(t), "a@2 second", "b@1 other")
		check(t, "cursor", l.cursor(t), "3")
		all, _ := l.did()
		for _, ids := range all[len(fetched):] {
			if ids != "a b" && ids != "a" && ids != "b" {
				t.Errorf("fetched %q after the restart, want only what changed", ids)
			}
		}
	})
}

func TestWhatAStoppedReaderHadInHandGoesToTheNext(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		inside, release := make(chan struct{}), make(chan struct{})
		l.before = func(call int, _ items) error {
			if call == 1 {
				close(inside)
				<-release
				return context.Canceled // as a statement of an ended context answers
			}
			return nil
		}
		stop := l.follow(t)
		l.change(t, 1, "a", 1, post{Title: "first"})
		<-inside
		for i := range int64(20) { // delivered and not begun
			l.change(t, i+2, fmt.Sprintf("p%02d", i), 1, post{Title: "t"})
		}
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			stop()
		}()
		close(release)
		<-stopped
		l.follow(t)
		l.settled(t)
		check(t, "cursor", l.cursor(t), "21")
	})
}

func TestReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		const n = 150
		l.follow(t)
		l.follow(t)
		for i := range int64(n) {
			l.change(t, i+1, fmt.Sprintf("p%d", i%10), int32(i/10)+1, post{Title: "t"})
		}
		l.settled(t)
		check(t, "cursor", l.cursor(t), fmt.Sprint(n))
		for _, c := range l.copies(t) {
			if c[2:] != fmt.Sprintf("@%d t", n/10) {
				t.Errorf("copy %s, want version %d", c, n/10)
			}
		}
	})
}

// TestAReplicaThatWasSlowDoesNotGoBack has one replica write what it fetched
// after another one wrote what is newer.
func TestAReplicaThatWasSlowDoesNotGoBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		inside, release := make(chan struct{}), make(chan struct{})
		l.asked = func(call int) {
			if call == 1 {
				close(inside)
				<-release
			}
		}
		last := int32(0)
		l.before = func(_ int, items items) error { // one at a time: the cursor is locked
			if v := items[0].Version; v <= last {
				t.Errorf("version %d is written after %d", v, last)
			} else {
				last = v
			}
			return nil
		}
		l.follow(t)
		l.change(t, 1, "a", 1, post{Title: "first"})
		<-inside
		l.follow(t)
		eventually(t, func() bool {
			cons, err := l.js.Consumer(t.Context(), stream.Name(owner), reader)
			return err == nil && cons.CachedInfo().NumWaiting == 2
		})
		// Several, since the slow replica is handed some of them and keeps them.
		for v := range int32(8) {
			l.change(t, int64(v+2), "a", v+2, post{Title: "newer"})
		}
		eventually(t, func() bool { return len(l.copies(t)) == 1 })
		close(release)
		l.settled(t)
		check(t, "copies", l.copies(t), "a@9 newer")
		check(t, "cursor", l.cursor(t), "9")
	})
}

func TestARestartedBrokerIsFoundAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		l.follow(t)
		l.change(t, 1, "a", 1, post{Title: "first"})
		l.settled(t)
		connected := l.js.Conn().StatusChanged(nats.CONNECTED)
		l.broker.Restart(t)
		<-connected
		l.change(t, 2, "a", 2, post{Title: "second"})
		l.settled(t)
		connected = l.js.Conn().StatusChanged(nats.CONNECTED)
		l.broker.Wipe(t)
		l.broker.Restart(t)
		<-connected
		if err := stream.Provision(t.Context(), l.js, owner, 1); err != nil {
			t.Fatalf("Provision: %v", err)
		}
		l.sent = 0
		l.change(t, 3, "a", 3, post{Title: "third"})
		l.settled(t)
		check(t, "copies", l.copies(t), "a@3 third")
		check(t, "cursor", l.cursor(t), "3")
	})
}
