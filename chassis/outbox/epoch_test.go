package outbox

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// snapshot keeps the tables of the outbox as they are; back puts them back, as
// a dump that is restored into the same database does.
func (d *desk) snapshot(t testing.TB) (back func()) {
	t.Helper()
	for _, table := range []string{"outbox", "outbox_owner"} {
		d.execute(t, `CREATE TABLE `+table+`_dump AS SELECT * FROM `+table)
	}
	restore := `INSERT INTO outbox OVERRIDING SYSTEM VALUE SELECT * FROM outbox_dump`
	if d.db.Dialect() == sqldb.SQLite {
		restore = `INSERT INTO outbox SELECT * FROM outbox_dump`
	}
	made := d.made
	return func() {
		t.Helper()
		d.made = made
		err := d.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			for _, statement := range []string{
				`DELETE FROM outbox`, `DELETE FROM outbox_owner`, restore, `INSERT INTO outbox_owner SELECT * FROM outbox_owner_dump`,
				`UPDATE outbox_owner SET lease_holder = ''`, // a dump is older than any lease
			} {
				if _, err := tx.ExecContext(ctx, statement); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("restore the dump: %v", err)
		}
	}
}

func (d *desk) epoch(t testing.TB) int32 {
	t.Helper()
	epoch, err := New(d.db, "posts").Epoch(t.Context())
	if err != nil {
		t.Fatalf("Epoch: %v", err)
	}
	return epoch
}

func (d *desk) has(t testing.TB, epoch int32) {
	t.Helper()
	if got := d.epoch(t); got != epoch {
		t.Errorf("epoch = %d, want %d", got, epoch)
	}
}

func TestADumpRestoredUnderTheRelayBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, _ := d.relay(t)
		d.write(t, 2)
		round(t, r)
		back := d.snapshot(t)
		d.write(t, 3)
		round(t, r)
		back()
		d.write(t, 2) // the same posts, with other content
		round(t, r)
		d.has(t, 2)
		want := append(run(1, 1, 2), run(2, 3, 4)...)
		same(t, "the feed", places(t, d.db, "pos IS NOT NULL"), want)
		same(t, "sent", places(t, d.db, "stream_seq IS NOT NULL"), want)
		same(t, "in the stream", streamed(t, d.broker), slices.Concat(run(1, 1, 5), run(2, 3, 4)))
		d.write(t, 1)
		round(t, r)
		d.has(t, 2)
	})
}

func TestADumpRestoredUnderAnIdleRelayBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, log := d.relay(t)
		d.write(t, 2)
		round(t, r)
		back := d.snapshot(t)
		d.write(t, 3)
		round(t, r)
		back()
		r.beat(t.Context())
		d.has(t, 2)
		same(t, "beats", log.beats, []mark{{2, 2}})
	})
}

func TestADumpRestoredBetweenRunsIsToldByTheStream(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, log := d.relay(t)
		d.write(t, 2)
		round(t, r)
		log.before = func() error { return errors.New("not now") }
		d.write(t, 1) // placed, but not sent when the dump is made
		if _, err := r.round(t.Context()); err == nil {
			t.Fatal("round = nil, want the error of the stream")
		}
		back := d.snapshot(t)
		log.before = nil
		d.write(t, 2)
		round(t, r)
		back()
		d.write(t, 1)
		heir, _ := d.relay(t)
		heir.begun = true // nothing else tells it
		round(t, heir)
		d.has(t, 2)
		// The third was sent by the lost history, but the stream's end does not say so:
		// it comes again. The fourth got its place before the end was read.
		want := run(1, 1, 4)
		same(t, "sent", places(t, d.db, "stream_seq IS NOT NULL"), want)
		d.write(t, 1)
		round(t, heir)
		want = append(want, mark{2, 5})
		same(t, "the feed", places(t, d.db, "pos IS NOT NULL"), want)
		same(t, "sent", places(t, d.db, "stream_seq IS NOT NULL"), want)
		if all := streamed(t, d.broker); !slices.Equal(all[len(all)-2:], want[3:]) {
			t.Errorf("the stream ends with %v, want %v", all[len(all)-2:], want[3:])
		}
	})
}

func TestANewEpochSendsWhatTheLostHistorySentUnderTheSameID(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, _ := d.relay(t)
		d.write(t, 2)
		round(t, r)
		d.write(t, 2) // without places when the dump is made
		ids := func() []string {
			t.Helper()
			third, fourth := "", ""
			err := d.db.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT (SELECT id FROM outbox WHERE aggregate_id = 'p2'), (SELECT id FROM outbox WHERE aggregate_id = 'p3')`).
				Scan(&third, &fourth)
			if err != nil {
				t.Fatal(err)
			}
			return []string{third, fourth}
		}
		back, before := d.snapshot(t), ids()
		d.write(t, 1)
		round(t, r)
		back()
		round(t, r)
		d.has(t, 2)
		if got := ids(); !slices.Equal(got, before) {
			t.Errorf("ids = %v, want %v still", got, before)
		}
		same(t, "in the stream", streamed(t, d.broker), append(run(1, 1, 5), run(2, 3, 4)...))
		same(t, "sent", places(t, d.db, "stream_seq IS NOT NULL"), append(run(1, 1, 2), run(2, 3, 4)...))
	})
}

func TestAnotherNoticeAtTheSamePlaceBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, _ := d.relay(t)
		d.write(t, 2)
		round(t, r)
		back := d.snapshot(t)
		d.write(t, 1)
		round(t, r)
		back()
		d.write(t, 1)
		heir, _ := d.relay(t)
		heir.begun = true
		round(t, heir)
		d.has(t, 2)
		same(t, "sent", places(t, d.db, "stream_seq IS NOT NULL"), run(1, 1, 3))
		same(t, "in the stream", streamed(t, d.broker), append(run(1, 1, 3), mark{1, 3}))
	})
}

func TestAReadModelThatKnowsMoreBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, log := d.relay(t)
		d.write(t, 2)
		round(t, r)
		server := NewFeedServer(New(d.db, "posts")) // it has seen nothing itself
		ask := func(role identity.Role, after mark, epoch int32) {
			t.Helper()
			ctx := identity.With(t.Context(), identity.Principal{Role: role})
			if _, err := server.ListChanges(ctx, &eventsv1.ListChangesRequest{Owner: "posts", AfterEpoch: after.epoch, AfterPos: after.pos}); err != nil {
				t.Errorf("ListChanges: %v", err)
			}
			d.has(t, epoch)
		}
		ask(identity.Service, mark{1, 2}, 1)
		ask(identity.Operator, mark{1, 3}, 1)
		ask(identity.Service, mark{1, 3}, 2)
		ask(identity.Service, mark{1, 3}, 2)
		ask(identity.Service, mark{4, 1}, 5)
		ask(identity.Service, mark{1 << 30, 1}, 5) // nobody ever had that
		d.write(t, 1)
		round(t, r)
		r.beat(t.Context())
		same(t, "beats", log.beats, []mark{{5, 3}})
		same(t, "in the stream", streamed(t, d.broker), []mark{{1, 1}, {1, 2}, {5, 3}})
	})
}

func TestAForgedEpochMovesNothing(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, _ := d.relay(t)
		d.write(t, 1)
		round(t, r)
		if err := r.out.verify(t.Context(), mark{1 << 30, 1}, "somebody says so"); err != nil {
			t.Fatal(err)
		}
		d.has(t, 1)
	})
}

func TestAServerOfAnotherTimelineBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	d := &desk{db: sqldbtest.Postgres(t), broker: streamtest.NewBroker(t)}
	if err := d.db.Migrate(t.Context(), Migrations()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	r, log := d.relay(t)
	d.write(t, 1)
	round(t, r)
	d.has(t, 1)
	another := func() { d.execute(t, `UPDATE outbox_owner SET timeline = '7/00000001'`) }
	another()
	d.write(t, 1) // while it runs, before the next place
	round(t, r)
	d.has(t, 2)
	another()
	r.beat(t.Context()) // while it has nothing to do
	d.has(t, 3)
	another()
	heir, _ := d.relay(t)
	if err := heir.check(t.Context()); err != nil { // at a start
		t.Fatal(err)
	}
	d.has(t, 4)
	same(t, "the feed", places(t, d.db, "pos IS NOT NULL"), []mark{{1, 1}, {2, 2}})
	same(t, "beats", log.beats, []mark{{3, 2}})
	if is, err := d.db.Timeline(t.Context()); err != nil || strings.Count(is, "/") != 1 || !strings.HasSuffix(is, "/00000001") {
		t.Errorf("Timeline = %q, %v, want the server's number and its first timeline", is, err)
	} else if settled, err := d.db.SettledTimeline(t.Context()); err != nil || settled != is {
		t.Errorf("SettledTimeline = %q, %v, want %q", settled, err, is)
	}
}

func TestAServerThatDoesNotTellItsTimelineIsServed(t *testing.T) {
	t.Parallel()
	address := sqldbtest.PostgresURL(t)
	d := &desk{db: sqldbtest.Open(t, address), broker: streamtest.NewBroker(t)}
	if err := d.db.Migrate(t.Context(), Migrations()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	// What the search path finds first hides the server's own function.
	d.execute(t, `CREATE FUNCTION pg_control_system(out system_identifier bigint) LANGUAGE plpgsql AS
 $$ BEGIN RAISE insufficient_privilege; END $$`)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", q.Get("search_path")+",pg_catalog")
	u.RawQuery = q.Encode()
	hidden := sqldbtest.Open(t, u.String())
	if _, err := hidden.Timeline(t.Context()); !errors.Is(err, sqldb.ErrNoTimeline) {
		t.Fatalf("Timeline = %v, want ErrNoTimeline", err)
	}
	r, _ := newRelay(t, New(sqldbtest.Open(t, u.String()), "posts"), d.broker, telemetry.Discard())
	d.write(t, 2)
	round(t, r)
	same(t, "sent", places(t, d.db, "stream_seq IS NOT NULL"), run(1, 1, 2))
	d.has(t, 1)
}

// shelf is a SQLite database that is opened, closed and copied.
type shelf struct {
	file   string
	broker *streamtest.Broker
}

// day opens the database, writes n notices, has a relay send them and closes it;
// it answers the epoch.
func (s *shelf) day(t testing.TB, from, n int) int32 {
	t.Helper()
	db := sqldbtest.Open(t, "sqlite:"+s.file)
	defer func() {
		if err := db.Close(); err != nil {
			t.Fatalf("close the database: %v", err)
		}
	}()
	if err := db.Migrate(t.Context(), Migrations()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	r, _ := newRelay(t, New(db, "posts"), s.broker, telemetry.Discard())
	write(t, r.out, from, n)
	round(t, r)
	r.leave(t.Context())
	epoch, err := r.out.Epoch(t.Context())
	if err != nil {
		t.Fatalf("Epoch: %v", err)
	}
	return epoch
}

// copyTo copies a file; a closed SQLite database is one.
func copyTo(t testing.TB, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatalf("copy %s: %v", from, err)
	}
}

func TestASQLiteFileThatWasCopiedBackBeginsAnEpoch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		between func(t testing.TB, s *shelf)
		want    int32
	}{
		"nothing happened": {func(testing.TB, *shelf) {}, 1},
		"a copy of an earlier day": {func(t testing.TB, s *shelf) {
			t.Helper()
			copyTo(t, s.file, s.file+".old")
			s.day(t, 1, 0) // nothing was written: only the name tells
			copyTo(t, s.file+".old", s.file)
		}, 2},
		"the file beside it is gone": {func(t testing.TB, s *shelf) {
			t.Helper()
			if err := os.Remove(s.file + ".timeline"); err != nil {
				t.Fatal(err)
			}
		}, 2},
		"the file beside it is torn": {func(t testing.TB, s *shelf) {
			t.Helper()
			if err := os.WriteFile(s.file+".timeline", []byte(`{"id":"0`), 0o600); err != nil {
				t.Fatal(err)
			}
		}, 2},
		"the database is new": {func(t testing.TB, s *shelf) {
			t.Helper()
			if err := os.Remove(s.file); err != nil {
				t.Fatal(err)
			}
		}, 2},
		"the file beside it knows later places": {func(t testing.TB, s *shelf) {
			t.Helper()
			b, err := readBeside(s.file + ".timeline")
			if err != nil {
				t.Fatal(err)
			}
			b.Pos++
			if err := b.write(s.file + ".timeline"); err != nil {
				t.Fatal(err)
			}
		}, 2},
		"a start that broke off before the commit": {func(t testing.TB, s *shelf) {
			t.Helper()
			b, err := readBeside(s.file + ".timeline")
			if err != nil {
				t.Fatal(err)
			}
			b.Next = "next"
			if err := b.write(s.file + ".timeline"); err != nil {
				t.Fatal(err)
			}
		}, 1},
		"a start that broke off after the commit": {func(t testing.TB, s *shelf) {
			t.Helper()
			b, err := readBeside(s.file + ".timeline")
			if err != nil {
				t.Fatal(err)
			}
			b.ID, b.Next = "before", b.ID
			if err := b.write(s.file + ".timeline"); err != nil {
				t.Fatal(err)
			}
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{file: t.TempDir() + "/posts.db", broker: streamtest.NewBroker(t)}
			if epoch := s.day(t, 0, 1); epoch != 1 {
				t.Fatalf("the first day has epoch %d, want 1", epoch)
			}
			c.between(t, s)
			if epoch := s.day(t, 1, 1); epoch != c.want {
				t.Errorf("epoch = %d, want %d", epoch, c.want)
			}
			if epoch := s.day(t, 2, 1); epoch != c.want {
				t.Errorf("epoch = %d the day after, want %d still", epoch, c.want)
			}
		})
	}
}

func TestAnIdleRelayFindsAWipedStream(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, _ := d.relay(t)
		d.write(t, 3)
		round(t, r)
		if err := streamtest.JetStream(t, d.broker.Connect(t, "vandal")).DeleteStream(t.Context(), stream.Name("posts")); err != nil {
			t.Fatalf("delete the stream: %v", err)
		}
		later := time.Now().Add(lookAround)
		r.now = func() time.Time { return later }
		r.beat(t.Context())
		round(t, r)
		same(t, "in the stream", streamed(t, d.broker), run(1, 1, 3))
	})
}
