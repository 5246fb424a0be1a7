package stream_test

import (
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/stream/streamtest"
	"github.com/parution/parution/chassis/telemetry"
)

// rig is real embedded JetStream as the conformance suite wants it.
type rig struct{ *streamtest.Broker }

func (r rig) connect(t testing.TB) *nats.Conn {
	t.Helper()
	return r.Connect(t, "test")
}

func (r rig) Log(t testing.TB, owner string) stream.Log {
	t.Helper()
	log, err := stream.NewLog(r.connect(t), owner, 1, telemetry.Discard())
	if err != nil {
		t.Fatalf("NewLog: %v", err)
	}
	return log
}

func (r rig) Source(t testing.TB, owner, reader string) stream.Source {
	t.Helper()
	source, err := stream.NewSource(r.connect(t), owner, reader)
	if err != nil {
		t.Fatalf("NewSource: %v", err)
	}
	return source
}

func (r rig) Live(t testing.TB) stream.Live {
	t.Helper()
	return stream.NewLive(r.connect(t))
}

func (r rig) Delete(t testing.TB, owner string) {
	t.Helper()
	if err := streamtest.JetStream(t, r.connect(t)).DeleteStream(t.Context(), stream.Name(owner)); err != nil {
		t.Fatalf("delete the stream: %v", err)
	}
}

// IsPatient: a minute takes a minute here.
func (rig) IsPatient() bool { return false }

func TestJetStreamConforms(t *testing.T) {
	t.Parallel()
	for _, c := range streamtest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, rig{streamtest.NewBroker(t)})
		})
	}
}
