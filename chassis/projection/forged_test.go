package projection_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// send publishes any notice.
func (l *library) send(t testing.TB, n *eventsv1.Notice) {
	t.Helper()
	msg, err := stream.Message(t.Context(), n)
	if err == nil {
		_, err = l.js.PublishMsg(t.Context(), msg)
	}
	if err != nil {
		t.Fatalf("publish: %v", err)
	}
	l.sent++
}

// TestWhatIsForgedMovesNothing sends what the owner never said: of an epoch to
// come, of a version that it has not, at a place that it never gave.
func TestWhatIsForgedMovesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.follow(t)
		l.enter(f, 1, 1, "a", 1, post{Title: "first"})
		l.tell(t, 1, "a", 1)
		l.settled(t)
		l.send(t, notice(1, 2, "a", 1))      // the next place, of what is held already
		l.send(t, notice(99, 1, "a", 1))     // an epoch that nobody knows
		l.send(t, notice(1, 2, "a", 7))      // a version that the owner has not
		l.send(t, notice(1, 40, "a", 1))     // a place that it never gave
		l.send(t, notice(1, 3, "nobody", 1)) // an aggregate that it does not know
		l.send(t, notice(1, 2, "nobody", 1)) // the same, at the next place
		beat, err := proto.Marshal(&eventsv1.Heartbeat{Owner: owner, Epoch: 99, Pos: 1})
		if err == nil {
			err = l.js.Conn().Publish(stream.HeartbeatSubject(owner), beat)
		}
		if err != nil {
			t.Fatal(err)
		}
		l.settled(t)
		l.reaches(t, "1") // and nothing above it
		check(t, "epoch", l.list(t, `SELECT CAST(epoch AS text) FROM projection_cursor`), "1")
		check(t, "copies", l.copies(t), "a@1 first")
		if dead := l.dead(t); len(dead) != 0 {
			t.Errorf("dead letters = %+v, want none", dead)
		}
		l.enter(f, 1, 2, "a", 2, post{Title: "second"})
		l.tell(t, 2, "a", 2)
		l.settled(t)
		check(t, "copies", l.copies(t), "a@2 second")
		l.reaches(t, "2")
	})
}

// TestANewEpochIsBelievedFromTheOwner has the stream tell of it.
func TestANewEpochIsBelievedFromTheOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *library) {
		f := l.open()
		l.follow(t)
		l.enter(f, 1, 1, "a", 1, post{Title: "first"})
		l.enter(f, 1, 2, "a", 2, post{Title: "lost"})
		l.tell(t, 1, "a", 1)
		l.tell(t, 2, "a", 2)
		l.settled(t)
		l.enter(f, 2, 3, "a", 2, post{Title: "another second"})
		l.send(t, notice(2, 3, "a", 2))
		eventually(t, func() bool {
			return len(l.list(t, `SELECT 'x' FROM projection_cursor WHERE epoch = 2 AND floor = 3`)) == 1
		})
		l.settled(t)
		check(t, "copies", l.copies(t), "a@2 another second")
		l.send(t, notice(1, 3, "a", 3)) // of the lost timeline
		l.settled(t)
		check(t, "copies", l.copies(t), "a@2 another second")
	})
}
