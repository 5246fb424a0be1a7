package outbox_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
)

// execute changes the outbox behind the relay's back.
func (o *office) execute(t testing.TB, statement string) {
	t.Helper()
	err := o.db.InTx(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// holds checks that the stream has exactly n notices, in order.
func (o *office) holds(t testing.TB, n int) {
	t.Helper()
	checkPlaces(t, o.stored(t, n))
	js := streamtest.JetStream(t, o.broker.Connect(t, "counter"))
	info, err := js.Stream(t.Context(), stream.Name(owner))
	if err != nil {
		t.Fatalf("look at the stream: %v", err)
	}
	if got := info.CachedInfo().State.Msgs; got != uint64(n) {
		t.Errorf("the stream has %d messages, want %d", got, n)
	}
}

func TestLostConfirmationsAreFoundInTheStream(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		stop := o.relay(t)
		if err := o.add(t.Context(), posts(0, 5)...); err != nil {
			t.Fatal(err)
		}
		o.allSent(t)
		stop()
		o.execute(t, `UPDATE outbox SET stream_seq = NULL WHERE pos > 2`)
		o.relay(t)
		if err := o.add(t.Context(), posts(5, 2)...); err != nil {
			t.Fatal(err)
		}
		o.allSent(t)
		o.holds(t, 7)
	})
}

func TestAStreamThatWentBackInTimeIsCaughtUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		stop := o.relay(t)
		if err := o.add(t.Context(), posts(0, 3)...); err != nil {
			t.Fatal(err)
		}
		o.allSent(t)
		stop()
		back := o.broker.Save(t)
		o.relay(t)
		if err := o.add(t.Context(), posts(3, 4)...); err != nil {
			t.Fatal(err)
		}
		o.allSent(t)
		back()
		o.broker.Restart(t)
		// The next notice shows that the stream is not where it was.
		if err := o.add(t.Context(), posts(7, 1)...); err != nil {
			t.Fatal(err)
		}
		o.holds(t, 8)
		o.allSent(t)
	})
}

func TestADeletedStreamIsFilledAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.relay(t)
		if err := o.add(t.Context(), posts(0, 4)...); err != nil {
			t.Fatal(err)
		}
		o.allSent(t)
		js := streamtest.JetStream(t, o.broker.Connect(t, "vandal"))
		if err := js.DeleteStream(t.Context(), stream.Name(owner)); err != nil {
			t.Fatalf("delete the stream: %v", err)
		}
		if err := o.add(t.Context(), posts(4, 1)...); err != nil {
			t.Fatal(err)
		}
		o.allSent(t)
		o.holds(t, 5)
	})
}

// A message that nobody of ours sent, under a place that was given: it must
// neither be taken for the end of what was sent, nor have the relay send without
// end what the stream knows already.
func TestAForeignMessageAtTheEndCostsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.relay(t)
		if err := o.add(t.Context(), posts(0, 5)...); err != nil {
			t.Fatal(err)
		}
		o.allSent(t)
		forged := o.stored(t, 2)[1]
		forged.Id = "forged"
		msg, err := stream.Message(t.Context(), forged)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := streamtest.JetStream(t, o.broker.Connect(t, "forger")).PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		if err := o.add(t.Context(), posts(5, 1)...); err != nil {
			t.Fatal(err)
		}
		o.allSent(t)
		if got := o.stored(t, 7); got[6].GetAggregateId() != "p5" {
			t.Errorf("the stream ends with %v, want p5", got[6])
		}
	})
}
