package outbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/outbox"
	"github.com/parution/parution/chassis/stream"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

func TestFeedPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		server := outbox.NewFeedServer(o.out)
		watermark := func() *eventsv1.GetWatermarkResponse {
			w, err := server.GetWatermark(t.Context(), &eventsv1.GetWatermarkRequest{Owner: owner})
			if err != nil {
				t.Fatalf("GetWatermark: %v", err)
			}
			return w
		}
		if w := watermark(); w.GetEpoch() != 1 || w.GetPos() != 0 {
			t.Errorf("watermark of nothing = %v, want (1, 0)", w)
		}
		if got := o.feed(t, 7); len(got) != 0 {
			t.Errorf("the feed of nothing has %d notices", len(got))
		}
		if err := o.add(t.Context(), posts(0, 20)...); err != nil {
			t.Fatal(err)
		}
		if got := o.feed(t, 7); len(got) != 0 {
			t.Errorf("%d notices without a place are in the feed", len(got))
		}
		o.relay(t)
		o.allSent(t)
		whole := o.feed(t, 1000)
		checkPlaces(t, whole)
		if len(whole) != 20 || watermark().GetPos() != 20 {
			t.Errorf("%d notices with watermark %v, want 20", len(whole), watermark())
		}
		for _, size := range []int32{1, 7, 20} {
			if diff := gocmp.Diff(whole, o.feed(t, size), protocmp.Transform()); diff != "" {
				t.Errorf("pages of %d (-whole +pages):\n%s", size, diff)
			}
		}
		if epoch, err := o.out.Epoch(t.Context()); err != nil || epoch != 1 {
			t.Errorf("Epoch = %d, %v, want 1", epoch, err)
		}
	})
}

func TestFeedGoesOnWithoutABroker(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		o.broker.Stop()
		o.relay(t)
		if err := o.add(t.Context(), posts(0, 3)...); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return len(o.feed(t, 10)) == 3 })
		checkPlaces(t, o.feed(t, 10))
	})
}

func TestFeedRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		server := outbox.NewFeedServer(o.out)
		list := func(owner string, size int32) error {
			_, err := server.ListChanges(t.Context(), &eventsv1.ListChangesRequest{Owner: owner, PageSize: size})
			return err
		}
		for name, c := range map[string]struct {
			err  error
			want fault.Kind
		}{
			"another owner": {list("tags", 1), fault.KindNotFound},
			"no owner":      {list("", 1), fault.KindNotFound},
			"less than 0":   {list(owner, -1), fault.KindInvalid},
			"too many":      {list(owner, 1001), fault.KindInvalid},
		} {
			if fault.KindOf(c.err) != c.want {
				t.Errorf("%s: %v, want kind %v", name, c.err, c.want)
			}
		}
		if _, err := server.GetWatermark(t.Context(), &eventsv1.GetWatermarkRequest{Owner: "tags"}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("watermark of another owner = %v, want not found", err)
		}
	})
}

func TestUnsentIsAMetric(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		tel, err := telemetry.Start(t.Context(), telemetry.Config{Service: owner})
		if err != nil {
			t.Fatalf("Start: %v", err)
		}
		t.Cleanup(func() { _ = tel.Stop(context.WithoutCancel(t.Context())) }) // nothing is exported
		o.broker.Stop()
		o.relayOf(t, o.out, tel)
		if err := o.add(t.Context(), posts(0, 3)...); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		tel.Metrics.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		if want := `parution_outbox_unsent{owner="posts"} 3`; !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("no line %s in /metrics", want)
		}
	})
}

func TestHeartbeatTellsTheWatermark(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		nc := o.broker.Connect(t, "listener")
		beats := make(chan *nats.Msg, 1)
		if _, err := nc.ChanSubscribe(stream.HeartbeatSubject(owner), beats); err != nil {
			t.Fatal(err)
		}
		if err := o.add(t.Context(), posts(0, 2)...); err != nil {
			t.Fatal(err)
		}
		o.relay(t)
		var beat eventsv1.Heartbeat
		if err := proto.Unmarshal((<-beats).Data, &beat); err != nil {
			t.Fatalf("read the heartbeat: %v", err)
		}
		if beat.GetOwner() != owner || beat.GetEpoch() != 1 || beat.GetPos() != 2 {
			t.Errorf("heartbeat = %v, want (1, 2) of %s", &beat, owner)
		}
	})
}
