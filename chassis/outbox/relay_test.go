package outbox

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
)

func TestOneRelayWorksAndTheOthersStandBy(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		first, _ := d.relay(t)
		second, _ := d.relay(t)
		// Its start is over: on SQLite a new process is the only one.
		if err := second.check(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.write(t, 2)
		if wait := round(t, first); wait != 0 {
			t.Errorf("the first relay stands by for %v, want that it works", wait)
		}
		if wait := round(t, second); wait != 0 {
			t.Errorf("the second relay looks again in %v, want not before something happens", wait)
		}
		d.write(t, 1)
		if wait := round(t, second); wait <= 0 || wait > leaseFor {
			t.Errorf("the second relay stands by for %v, want until the lease ends", wait)
		}
		same(t, "placed without the lease", places(t, d.db, "pos IS NOT NULL"), run(1, 1, 2))
		first.leave(t.Context())
		if wait := round(t, second); wait != 0 {
			t.Errorf("the second relay stands by for %v after the first one left, want that it works", wait)
		}
		same(t, "sent", places(t, d.db, "stream_seq IS NOT NULL"), run(1, 1, 3))
		// It died. Its heir gives it a moment first, in case that it only had nothing to do.
		d.expire(t)
		d.write(t, 1)
		third, _ := d.relay(t)
		third.begun = true
		if wait := round(t, third); wait != courtesy {
			t.Errorf("the third relay waits %v for one that may be there, want %v", wait, courtesy)
		}
		if wait := round(t, third); wait != 0 {
			t.Errorf("the third relay stands by for %v, want that it works", wait)
		}
		same(t, "in the stream", streamed(t, d.broker), run(1, 1, 4))
	})
}

func TestAHolderThatSleepsPastItsLeaseDoesNoHarm(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		sleeper, log := d.relay(t)
		heir, _ := d.relay(t)
		heir.begun = true
		d.write(t, 10)
		asleep := false
		log.before = func() error {
			if asleep {
				return nil
			}
			asleep = true
			d.write(t, 5)
			d.expire(t)
			round(t, heir) // it waits a moment
			round(t, heir)
			d.write(t, 5)
			return nil
		}
		for round(t, sleeper) > 0 {
			d.expire(t)
		}
		round(t, heir)
		same(t, "in the stream", streamed(t, d.broker), run(1, 1, 20))
		same(t, "sent", places(t, d.db, "stream_seq IS NOT NULL"), run(1, 1, 20))
	})
}

func TestAnIdleRelayWritesNothing(t *testing.T) {
	t.Parallel()
	url := sqldbtest.SQLiteURL(t)
	db := sqldbtest.Open(t, url)
	if err := db.Migrate(t.Context(), Migrations()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	r, _ := newRelay(t, New(db, "posts"), streamtest.NewBroker(t), telemetry.Discard())
	write(t, r.out, 0, 3)
	round(t, r)
	r.beat(t.Context())
	read := func() string {
		t.Helper()
		text, err := os.ReadFile(strings.TrimPrefix(url, "sqlite:") + "-wal")
		if err != nil {
			t.Fatalf("read the database's log: %v", err)
		}
		return string(text)
	}
	before, later := read(), time.Now()
	r.now = func() time.Time { later = later.Add(time.Minute); return later }
	for range 5 {
		r.turn(t.Context())
		r.beat(t.Context())
		r.sweep(t.Context())
	}
	if read() != before {
		t.Error("a relay without work has written to the database")
	}
}

func TestHeartbeatsTellWhatWasSent(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, log := d.relay(t)
		other, heard := d.relay(t)
		d.write(t, 3)
		round(t, r)
		r.beat(t.Context())
		other.begun = true
		other.beat(t.Context())
		same(t, "beats of who has no lease", heard.beats, nil)
		log.before = func() error { return errors.New("the disk is full") }
		d.write(t, 2)
		if _, err := r.round(t.Context()); err == nil {
			t.Fatal("round = nil, want the error of the stream")
		}
		r.beat(t.Context())
		r.beat(t.Context()) // nothing moved: silence is the message
		log.before = nil
		round(t, r)
		r.beat(t.Context())
		same(t, "beats", log.beats, []mark{{1, 3}, {1, 3}, {1, 5}})
		d.expire(t)
		other.beat(t.Context())
		same(t, "beats while nobody has the lease", heard.beats, []mark{{1, 5}})
	})
}

func TestARelayWhoseStreamRefusesIsDegraded(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		tel, err := telemetry.Start(t.Context(), telemetry.Config{Service: "posts"})
		if err != nil {
			t.Fatalf("Start: %v", err)
		}
		t.Cleanup(func() { _ = tel.Stop(context.WithoutCancel(t.Context())) }) // nothing is exported
		r, log := newRelay(t, New(d.db, "posts"), d.broker, tel)
		metric := func(want string) {
			t.Helper()
			w := httptest.NewRecorder()
			tel.Metrics.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
			if want = `parution_relay_degraded{owner="posts"} ` + want; !strings.Contains(w.Body.String(), want+"\n") {
				t.Errorf("no line %s in /metrics", want)
			}
		}
		now := time.Now()
		r.now = func() time.Time { now = now.Add(time.Minute); return now }
		log.before = func() error { return errors.New("the stream is read-only") }
		d.write(t, 1)
		metric("0")
		for range maxFailures {
			if wait, _ := r.turn(t.Context()); wait <= 0 {
				t.Error("a turn that failed is not tried again")
			}
		}
		metric("1")
		r.stuck = mark{} // as if this were the first to wait
		r.beat(t.Context())
		same(t, "beats of a degraded relay", log.beats, nil)
		// Another one may have more luck, and finds the lease free.
		other, _ := d.relay(t)
		other.begun = true
		if wait := round(t, other); wait != 0 {
			t.Errorf("another relay stands by for %v, want that it works", wait)
		}
		other.leave(t.Context())
		// Without the stream the feed goes on.
		d.write(t, 1)
		r.retry = now.Add(time.Hour)
		r.turn(t.Context())
		same(t, "placed", places(t, d.db, "pos IS NOT NULL"), run(1, 1, 2))
		log.before, r.retry = nil, time.Time{}
		r.turn(t.Context())
		metric("0")
		r.beat(t.Context())
		same(t, "beats", log.beats, run(1, 2, 2))
	})
}

func TestAWriteElsewhereWakesTheRelay(t *testing.T) {
	t.Parallel()
	url := sqldbtest.PostgresURL(t)
	here, there := sqldbtest.Open(t, url), sqldbtest.Open(t, url)
	if err := here.Migrate(t.Context(), Migrations()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	broker := streamtest.NewBroker(t)
	r, _ := newRelay(t, New(here, "posts"), broker, telemetry.Discard())
	elsewhere, _ := newRelay(t, New(there, "posts"), broker, telemetry.Discard())
	r.poll = time.Hour // it must not come by itself
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = r.run(ctx, func() {}) })
	running.Go(func() { elsewhere.tell(ctx) })
	for i := range 3 {
		write(t, elsewhere.out, i, 1)
		for len(places(t, there, "stream_seq IS NOT NULL")) != i+1 {
			if !stream.Wait(t.Context(), 5*time.Millisecond) {
				t.Fatal("the relay was not woken")
			}
		}
	}
}
