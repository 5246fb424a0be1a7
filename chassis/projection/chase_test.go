package projection_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// enter gives the aggregate a state and puts a notice of it into the feed only,
// at one moment.
func (l *library) enter(f *feed, epoch int32, pos int64, id string, version int32, p post) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l.put(f, notice(epoch, pos, id, version), p)
}

// put does so while the feed is locked.
func (l *library) put(f *feed, n *eventsv1.Notice, p post) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := ref(n.GetAggregateId())
	l.owned[id] = state{Ref: id, Epoch: n.GetEpoch(), Version: n.GetVersion(), State: p, PublicHash: p.hash()}
	f.notices = append(f.notices, n)
}

// both revises posts, in the feed and on the stream.
func (l *library) both(t testing.TB, f *feed, ids ...string) {
	t.Helper()
	for _, id := range ids {
		f.mu.Lock()
		l.mu.Lock()
		n := notice(1, f.end().pos+1, id, l.owned[ref(id)].Version+1)
		l.mu.Unlock()
		l.put(f, n, post{Title: fmt.Sprint("t", n.GetVersion())})
		f.mu.Unlock()
		msg, err := stream.Message(t.Context(), n)
		if err == nil {
			_, err = l.js.PublishMsg(t.Context(), msg)
		}
		if err != nil {
			t.Errorf("publish: %v", err)
		}
	}
}

func (l *library) reaches(t testing.TB, cursor ...string) {
	t.Helper()
	eventually(t, func() bool { return slices.Equal(l.cursor(t), cursor) })
}

func TestItFollowsWithoutABroker(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.broker.Stop()
		for i := range int64(230) { // more than two pages
			l.enter(f, 1, i+1, fmt.Sprintf("p%d", i%115), int32(i/115)+1, post{Title: "t"})
		}
		l.follow(t)
		l.reaches(t, "230")
		l.enter(f, 1, 231, "p0", 3, post{Deleted: true})
		l.reaches(t, "231")
		if n := len(l.copies(t)); n != 114 {
			t.Errorf("%d copies, want 114", n)
		}
	})
}

func TestAHoleInTheStreamIsFilledFromTheFeed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.enter(f, 1, 1, "a", 1, post{Title: "first"})
		l.enter(f, 1, 2, "b", 1, post{Title: "lost"})
		l.enter(f, 1, 3, "c", 1, post{Title: "third"})
		l.follow(t)
		l.tell(t, 1, "a", 1)
		l.tell(t, 3, "c", 1)
		l.reaches(t, "3")
		check(t, "copies", l.copies(t), "a@1 first", "b@1 lost", "c@1 third")
	})
}

func TestTheFeedLeadsIntoANewEpoch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.broker.Stop()
		l.enter(f, 1, 1, "a", 1, post{Title: "first"})
		l.enter(f, 1, 2, "a", 2, post{Title: "lost with the database"})
		l.follow(t)
		l.reaches(t, "2")
		// The owner came back as it was, and went another way.
		l.enter(f, 2, 1, "a", 2, post{Title: "another second"})
		l.reaches(t, "1")
		check(t, "copies", l.copies(t), "a@2 another second")
	})
}

func TestWhatFailsFromTheFeedHoldsUpNothingElse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.broker.Stop()
		var isWell sync.Map
		l.before = func(_ int, items items) error {
			if _, ok := isWell.Load("bad"); !ok && slices.ContainsFunc(items, func(i item) bool { return i.ID == "bad" }) {
				return errors.New("boom")
			}
			return nil
		}
		l.enter(f, 1, 1, "a", 1, post{Title: "first"})
		l.enter(f, 1, 2, "bad", 1, post{Title: "bad"})
		l.enter(f, 1, 3, "c", 1, post{Title: "third"})
		l.follow(t)
		l.reaches(t, "1", "3")
		isWell.Store("bad", true)
		l.reaches(t, "3")
		check(t, "copies", l.copies(t), "a@1 first", "bad@1 bad", "c@1 third")
	})
}
