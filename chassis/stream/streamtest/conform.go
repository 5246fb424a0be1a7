package streamtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

const (
	owner  = "posts"
	reader = "tags"
)

// Rig is a broker of some kind with what stands on it. Each call of Log, Source
// and Live gives one with a connection of its own, as a process has.
type Rig interface {
	Log(t testing.TB, owner string) stream.Log
	Source(t testing.TB, owner, reader string) stream.Source
	Live(t testing.TB) stream.Live
	// Stop keeps what is stored, Restart starts the broker on it.
	Stop()
	Restart(t testing.TB)
	// Wipe removes what a stopped broker stored; Save copies it, and back, with the
	// broker stopped, puts the copy in its place.
	Wipe(t testing.TB)
	Save(t testing.TB) (back func())
	Delete(t testing.TB, owner string)
	// IsPatient tells that waiting for a minute costs nothing.
	IsPatient() bool
}

// Case is something that every broker has to do.
type Case struct {
	Name string
	Run  func(t *testing.T, rig Rig)
}

// Cases is what a relay, a projection and a cache rely on. Run each on an empty
// broker that runs.
func Cases() []Case {
	return []Case{
		{"a new stream ends at nothing", newStream},
		{"notices are stored in order", inOrder},
		{"a publish behind another end is refused", refusesOtherEnd},
		{"a notice that comes twice is stored once", storesOnce},
		{"a stream that is deleted is a new one", deletedIsNew},
		{"a broker that is wiped has new streams", wipedIsNew},
		{"a broker that went back ends earlier", backEndsEarlier},
		{"without a connection all say so", away},
		{"what is given back comes again", givenBack},
		{"what is not settled comes again", notSettled},
		{"what is settled does not come again", settled},
		{"replicas share the notices", shared},
		{"a deleted stream ends a subscription", deletedEnds},
		{"heartbeats reach readers and caches", beats},
		{"caches have copies in order", copies},
		{"caches are told of lost connections", changes},
	}
}

// say is a notice at a place.
func say(pos int64) stream.Outgoing {
	return stream.Outgoing{MessageID: fmt.Sprintf("n%d", pos), Notice: &eventsv1.Notice{
		Id: fmt.Sprintf("n%d", pos), Owner: owner, Epoch: 1, Pos: pos, Site: "main", AggregateType: "post",
		AggregateId: fmt.Sprintf("p%d", pos), Version: 1, Kind: "published", OccurredAt: timestamppb.New(time.Unix(1_700_000_000, 0)),
	}}
}

func says(from, to int64) (out []stream.Outgoing) {
	for pos := from; pos <= to; pos++ {
		out = append(out, say(pos))
	}
	return out
}

func open(t testing.TB, log stream.Log) stream.End {
	t.Helper()
	var end stream.End
	until(t, "the stream opens", func() (err error) {
		end, err = log.Open(t.Context())
		return err
	})
	return end
}

// until looks again until f has no error; the test's own deadline is the limit.
func until(t testing.TB, what string, f func() error) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("%s: %v", what, err)
		}
	}
}

func publish(t testing.TB, log stream.Log, behind uint64, notices ...stream.Outgoing) {
	t.Helper()
	got, err := log.Publish(t.Context(), behind, notices)
	if err != nil {
		t.Fatalf("Publish behind %d: %v", behind, err)
	}
	want := make([]uint64, len(notices))
	for i := range want {
		want[i] = behind + uint64(i) + 1
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("sequences (-want +got):\n%s", diff)
	}
}

func newStream(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	end := open(t, log)
	if end.Incarnation == "" || end.Sequence != 0 || end.Last != nil {
		t.Errorf("end = %+v, want an incarnation and nothing stored", end)
	}
	if again := open(t, rig.Log(t, owner)); again.Incarnation != end.Incarnation {
		t.Errorf("the second to open it found incarnation %q, want %q", again.Incarnation, end.Incarnation)
	}
}

func inOrder(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	open(t, log)
	publish(t, log, 0, says(1, 70)...)
	publish(t, log, 70, say(71))
	if end := open(t, log); end.Sequence != 71 || end.Last.GetPos() != 71 {
		t.Errorf("end = %d with %v, want 71", end.Sequence, end.Last)
	}
	follow(t, rig, func(f *follower) {
		for pos := int64(1); pos <= 71; pos++ {
			d := f.next(t)
			if got := place(t, d); got != pos {
				t.Errorf("place %d came as number %d", got, pos)
			}
			d.Ack()
		}
	})
}

func refusesOtherEnd(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	open(t, log)
	publish(t, log, 0, says(1, 2)...)
	for behind, notices := range map[uint64][]stream.Outgoing{1: says(7, 7), 3: says(7, 9)} {
		got, err := log.Publish(t.Context(), behind, notices)
		if diff := cmp.Diff(make([]uint64, len(notices)), got); !stream.Moved(err) || diff != "" {
			t.Errorf("behind %d of 2: %v, %v, want it refused as moved", behind, got, err)
		}
	}
	if end := open(t, log); end.Sequence != 2 {
		t.Errorf("it ends with %d, want 2: what is refused leaves nothing", end.Sequence)
	}
}

func storesOnce(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	open(t, log)
	publish(t, log, 0, says(1, 3)...)
	// Servers look at the id or at the end first: both answers say that it is there.
	got, err := log.Publish(t.Context(), 2, []stream.Outgoing{say(3)})
	if !stream.Moved(err) && (err != nil || got[0] != 3) {
		t.Errorf("the second time: %v, %v, want number 3 or a refusal", got, err)
	}
	got, err = log.Publish(t.Context(), 3, []stream.Outgoing{say(3)})
	if err != nil || got[0] != 3 {
		t.Errorf("the third time: %v, %v, want number 3", got, err)
	}
	if end := open(t, log); end.Sequence != 3 {
		t.Errorf("it ends with %d, want 3", end.Sequence)
	}
}

func deletedIsNew(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	was := open(t, log)
	publish(t, log, 0, says(1, 3)...)
	rig.Delete(t, owner)
	if _, err := log.Publish(t.Context(), 3, []stream.Outgoing{say(4)}); err == nil {
		t.Error("a publish into nothing was confirmed")
	}
	isNew(t, log, was)
}

func wipedIsNew(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	was := open(t, log)
	publish(t, log, 0, says(1, 3)...)
	rig.Stop()
	rig.Wipe(t)
	rig.Restart(t)
	isNew(t, log, was)
}

func isNew(t testing.TB, log stream.Log, was stream.End) {
	t.Helper()
	end := open(t, log)
	if end.Incarnation == was.Incarnation || end.Sequence != 0 || end.Last != nil {
		t.Errorf("end = %+v, want another incarnation than %q and nothing stored", end, was.Incarnation)
	}
	publish(t, log, 0, says(1, 3)...) // the ids are not known any more
}

func backEndsEarlier(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	was := open(t, log)
	publish(t, log, 0, says(1, 2)...)
	back := rig.Save(t)
	if end := open(t, log); end.Sequence != 2 {
		t.Fatalf("it ends with %d after it was copied, want 2", end.Sequence)
	}
	publish(t, log, 2, says(3, 5)...)
	rig.Stop()
	back()
	rig.Restart(t)
	end := open(t, log)
	if end.Incarnation != was.Incarnation || end.Sequence != 2 || end.Last.GetPos() != 2 {
		t.Errorf("end = %+v, want that of the copy", end)
	}
	if _, err := log.Publish(t.Context(), 5, []stream.Outgoing{say(6)}); !stream.Moved(err) {
		t.Errorf("a publish behind what it was: %v, want it refused as moved", err)
	}
	publish(t, log, 2, says(3, 5)...)
}

func away(t *testing.T, rig Rig) {
	log, source, live := rig.Log(t, owner), rig.Source(t, owner, reader), rig.Live(t)
	open(t, log)
	until(t, "they connect", func() error { return connected(source, live, true) })
	rig.Stop()
	until(t, "they notice", func() error { return connected(source, live, false) })
	until(t, "Open says so", func() error {
		if _, err := log.Open(t.Context()); err == nil {
			return errors.New("it opened")
		}
		return nil
	})
	if err := source.Consume(t.Context(), nil); err == nil {
		t.Error("Consume = nil, want an error")
	}
	if err := log.Beat(t.Context(), &eventsv1.Heartbeat{Owner: owner}); err == nil {
		t.Error("Beat = nil, want an error")
	}
	rig.Restart(t)
	until(t, "they connect again", func() error { return connected(source, live, true) })
	open(t, log)
}

func connected(source stream.Source, live stream.Live, want bool) error {
	if source.Connected() != want || live.Connected() != want {
		return fmt.Errorf("connected: %v and %v, want %v", source.Connected(), live.Connected(), want)
	}
	return nil
}

// follower is a running Consume.
type follower struct {
	into chan stream.Delivery
	stop func() error
}

func consume(t testing.TB, source stream.Source) *follower {
	t.Helper()
	until(t, "the source connects", func() error {
		if !source.Connected() {
			return stream.ErrAway
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	f, ended := &follower{into: make(chan stream.Delivery, 1)}, make(chan error, 1)
	go func() { ended <- source.Consume(ctx, f.into) }()
	f.stop = func() error {
		cancel()
		return <-ended
	}
	return f
}

// follow runs a reader of the stream while fn does.
func follow(t testing.TB, rig Rig, fn func(f *follower)) {
	t.Helper()
	f := consume(t, rig.Source(t, owner, reader))
	fn(f)
	if err := f.stop(); err == nil {
		t.Error("Consume ended with nil, want the context's error")
	}
}

func (f *follower) next(t testing.TB) stream.Delivery {
	t.Helper()
	select {
	case d := <-f.into:
		return d
	case <-t.Context().Done():
		t.Fatal("nothing came")
		return nil
	}
}

func place(t testing.TB, d stream.Delivery) int64 {
	t.Helper()
	_, n, err := d.Notice(t.Context())
	if err != nil {
		t.Fatalf("read the notice: %v", err)
	}
	if want := "parution.posts.published.main." + n.GetAggregateId(); d.Subject() != want {
		t.Errorf("subject %s, want %s", d.Subject(), want)
	}
	return n.GetPos()
}
