package outbox

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
)

// A notice that was sent again in a new epoch stands in the stream behind those
// that come after it in the outbox: they are taken for lost, and the broker knows
// them already (simulation, seed 54).
func TestWhatTheStreamKnowsIsNotSentWithoutEnd(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		r, _ := d.relay(t)
		d.write(t, 3)
		round(t, r)
		first, err := r.out.rows(t.Context(), after, 0, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		msg, err := stream.Message(t.Context(), first[0].notice)
		if err != nil {
			t.Fatal(err)
		}
		js := streamtest.JetStream(t, d.broker.Connect(t, "another relay"))
		if _, err := js.PublishMsg(t.Context(), msg, jetstream.WithMsgID(first[0].notice.GetId()+".2")); err != nil {
			t.Fatal(err)
		}
		r.at.known = false
		d.write(t, 2)
		round(t, r)
		want := append(append(run(1, 1, 3), mark{1, 1}), run(1, 4, 5)...)
		same(t, "in the stream", streamed(t, d.broker), want)
		d.write(t, 1)
		round(t, r)
		same(t, "in the stream", streamed(t, d.broker), append(want, mark{1, 6}))
		same(t, "sent", places(t, d.db, "stream_seq IS NOT NULL"), run(1, 1, 6))
	})
}
