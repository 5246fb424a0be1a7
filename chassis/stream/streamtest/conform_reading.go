package streamtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/parution/parution/chassis/stream"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

func givenBack(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	open(t, log)
	publish(t, log, 0, say(1))
	follow(t, rig, func(f *follower) {
		for i, wait := range []time.Duration{0, 50 * time.Millisecond} {
			d := f.next(t)
			if got := d.Delivered(); got != uint64(i)+1 {
				t.Errorf("delivered %d times, want %d", got, i+1)
			}
			d.Nak(wait)
		}
		d := f.next(t)
		if got := d.Delivered(); got != 3 {
			t.Errorf("delivered %d times, want 3", got)
		}
		d.Ack()
	})
}

func notSettled(t *testing.T, rig Rig) {
	if !rig.IsPatient() {
		t.Skip("it takes half a minute here")
	}
	log := rig.Log(t, owner)
	open(t, log)
	publish(t, log, 0, say(1))
	first := consume(t, rig.Source(t, owner, reader))
	if got := first.next(t).Delivered(); got != 1 {
		t.Errorf("delivered %d times, want 1", got)
	}
	d := first.next(t)
	if got := d.Delivered(); got != 2 {
		t.Errorf("delivered %d times, want 2", got)
	}
	d.Ack()
	_ = first.stop() // its error is the context's
}

func settled(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	open(t, log)
	publish(t, log, 0, says(1, 3)...)
	follow(t, rig, func(f *follower) {
		for pos := range int64(3) {
			d := f.next(t)
			if pos == 1 {
				d.Drop()
				continue
			}
			d.Ack()
		}
		// What is told once more after a connection is new would come before this one.
		publish(t, log, 3, say(4))
		d := f.next(t)
		if got := place(t, d); got != 4 {
			t.Errorf("place %d came, want 4", got)
		}
		d.Ack()
	})
}

func shared(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	open(t, log)
	a, b := consume(t, rig.Source(t, owner, reader)), consume(t, rig.Source(t, owner, reader))
	const n = 40
	publish(t, log, 0, says(1, n)...)
	seen := make(map[int64]int)
	for range n {
		var d stream.Delivery
		select {
		case d = <-a.into:
		case d = <-b.into:
		case <-t.Context().Done():
			t.Fatalf("only %d came", len(seen))
		}
		seen[place(t, d)]++
		d.Ack()
	}
	if len(seen) != n {
		t.Errorf("%d notices came in %d deliveries, want each once", len(seen), n)
	}
	_, _ = a.stop(), b.stop() // the context's errors
	other := consume(t, rig.Source(t, owner, "render"))
	if got := place(t, other.next(t)); got != 1 {
		t.Errorf("another reader begins with %d, want 1", got)
	}
	_ = other.stop() // the context's error
}

func deletedEnds(t *testing.T, rig Rig) {
	log := rig.Log(t, owner)
	open(t, log)
	source := rig.Source(t, owner, reader)
	f := consume(t, source)
	publish(t, log, 0, say(1))
	f.next(t).Ack()
	rig.Delete(t, owner)
	open(t, log)
	publish(t, log, 0, say(2))
	// It may have ended by itself: only another Consume follows the new stream.
	if err := f.stop(); err == nil {
		t.Error("Consume of a deleted stream ended with nil")
	}
	f = consume(t, source)
	if got := place(t, f.next(t)); got != 2 {
		t.Errorf("place %d came, want 2", got)
	}
	_ = f.stop() // the context's error
}

func beats(t *testing.T, rig Rig) {
	log, source, live := rig.Log(t, owner), rig.Source(t, owner, reader), rig.Live(t)
	open(t, log)
	until(t, "they connect", func() error { return connected(source, live, true) })
	heard, told := make(chan *eventsv1.Heartbeat, 1), make(chan stream.Told, 1)
	stopHearing, err := source.Heartbeats(heard)
	if err != nil {
		t.Fatalf("Heartbeats: %v", err)
	}
	defer stopHearing()
	stopListening, err := live.Listen(told, owner)
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	defer stopListening()
	if err := live.Confirm(t.Context()); err != nil {
		t.Fatalf("Confirm: %v", err)
	}
	until(t, "both hear it", func() error {
		// The reader's subscription is confirmed by nobody.
		if err := log.Beat(t.Context(), &eventsv1.Heartbeat{Owner: owner, Epoch: 1, Pos: 7}); err != nil {
			return err
		}
		if len(heard) == 0 || len(told) == 0 {
			return errors.New("nothing came")
		}
		return nil
	})
	if beat := <-heard; beat.GetPos() != 7 || beat.GetOwner() != owner {
		t.Errorf("the reader heard %v, want 7 of %s", beat, owner)
	}
	if it := <-told; it.Owner != owner || it.Beat.GetPos() != 7 || it.Notice != nil || it.Subject != stream.HeartbeatSubject(owner) {
		t.Errorf("the cache heard %+v, want the heartbeat of %s", it, owner)
	}
}

func copies(t *testing.T, rig Rig) {
	log, live := rig.Log(t, owner), rig.Live(t)
	open(t, log)
	until(t, "it connects", func() error {
		if !live.Connected() {
			return stream.ErrAway
		}
		return nil
	})
	told := make(chan stream.Told, 100)
	stop, err := live.Listen(told, owner, "tags")
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	defer stop()
	if err := live.Confirm(t.Context()); err != nil {
		t.Fatalf("Confirm: %v", err)
	}
	publish(t, log, 0, says(1, 20)...)
	for pos := int64(1); pos <= 20; pos++ {
		select {
		case it := <-told:
			if it.Owner != owner || it.Notice.GetPos() != pos || it.Beat != nil || it.Context == nil ||
				it.Subject != fmt.Sprintf("live.posts.published.main.p%d", pos) {
				t.Errorf("copy %d is %+v", pos, it)
			}
		case <-t.Context().Done():
			t.Fatalf("copy %d did not come", pos)
		}
	}
}

func changes(t *testing.T, rig Rig) {
	live := rig.Live(t)
	until(t, "it connects", func() error {
		if !live.Connected() {
			return stream.ErrAway
		}
		return nil
	})
	told := make(chan bool, 8)
	stop := live.Changes(told)
	defer stop()
	rig.Stop()
	if is := <-told; is {
		t.Error("told of a connection, want of its end")
	}
	rig.Restart(t)
	if is := <-told; !is {
		t.Error("told of no connection, want of a new one")
	}
	if !live.Connected() {
		t.Error("Connected = false after it was told of")
	}
}
