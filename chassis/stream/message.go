package stream

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// Message wraps a notice for the wire: the protobuf body, CloudEvents
// attributes as headers (CloudEvents 1.0, NATS binding) and the trace that ctx
// is in.
func Message(ctx context.Context, n *eventsv1.Notice) (*nats.Msg, error) {
	body, err := proto.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("marshal notice %s: %w", n.GetId(), err)
	}
	msg := nats.NewMsg(Subject(n))
	msg.Data = body
	h := msg.Header
	h.Set("ce-specversion", "1.0")
	h.Set("ce-id", n.GetId())
	h.Set("ce-source", "/parution/"+n.GetOwner())
	h.Set("ce-type", "parution."+n.GetOwner()+"."+n.GetKind())
	h.Set("ce-subject", n.GetAggregateType()+"/"+n.GetAggregateId())
	h.Set("ce-time", n.GetOccurredAt().AsTime().Format("2006-01-02T15:04:05.999999Z07:00"))
	h.Set("content-type", "application/protobuf")
	propagation.TraceContext{}.Inject(ctx, carrier(h))
	return msg, nil
}

// Notice reads a message; the context carries the sender's trace.
func Notice(ctx context.Context, header nats.Header, data []byte) (context.Context, *eventsv1.Notice, error) {
	n := &eventsv1.Notice{}
	if err := proto.Unmarshal(data, n); err != nil {
		return ctx, nil, fmt.Errorf("read a notice: %w", err)
	}
	return propagation.TraceContext{}.Extract(ctx, carrier(header)), n, nil
}

// carrier lets propagators read and write message headers; unlike HTTP's their
// names are case-sensitive.
type carrier nats.Header

func (c carrier) Get(key string) string { return nats.Header(c).Get(key) }
func (c carrier) Set(key, value string) { nats.Header(c).Set(key, value) }
func (c carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for k := range c {
		keys = append(keys, k)
	}
	return keys
}
