package outbox

import (
	"context"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// FeedServer serves the change feed of one or several owners over gRPC,
// straight from their databases.
type FeedServer struct {
	eventsv1.UnimplementedFeedServiceServer

	owners map[string]*Outbox
}

// NewFeedServer serves the feeds of these outboxes.
func NewFeedServer(owners ...*Outbox) *FeedServer {
	s := &FeedServer{owners: make(map[string]*Outbox, len(owners))}
	for _, o := range owners {
		s.owners[o.owner] = o
	}
	return s
}

func (s *FeedServer) outbox(owner string) (*Outbox, error) {
	if o, ok := s.owners[owner]; ok {
		return o, nil
	}
	return nil, fault.NotFound("no feed of owner %q here", owner)
}

// ListChanges implements eventsv1.FeedServiceServer.
func (s *FeedServer) ListChanges(ctx context.Context, r *eventsv1.ListChangesRequest) (*eventsv1.ListChangesResponse, error) {
	o, err := s.outbox(r.GetOwner())
	if err != nil {
		return nil, err
	}
	size, err := pageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	if err := o.believe(ctx, mark{r.GetAfterEpoch(), r.GetAfterPos()}); err != nil {
		return nil, err
	}
	rows, err := o.rows(ctx, after, r.GetAfterEpoch(), r.GetAfterPos(), size)
	if err != nil {
		return nil, err
	}
	out := &eventsv1.ListChangesResponse{Notices: make([]*eventsv1.Notice, len(rows))}
	for i, row := range rows {
		out.Notices[i] = row.notice
	}
	return out, nil
}

func pageSize(asked int32) (int, error) {
	switch {
	case asked < 0 || asked > 1000:
		return 0, fault.Invalid("page_size", "must be between 0 and 1000, not %d", asked)
	case asked == 0:
		return 100, nil
	}
	return int(asked), nil
}

// believe begins a new epoch if a read model has applied what the database does
// not know: it went back in time. Only services are believed.
func (o *Outbox) believe(ctx context.Context, applied mark) error {
	if identity.From(ctx).Role != identity.Service {
		return nil
	}
	newest, err := o.watermark(ctx)
	if err != nil || !newest.before(applied) {
		return err
	}
	return o.verify(ctx, applied, "a read model has applied later notices")
}

// GetWatermark implements eventsv1.FeedServiceServer.
func (s *FeedServer) GetWatermark(ctx context.Context, r *eventsv1.GetWatermarkRequest) (*eventsv1.GetWatermarkResponse, error) {
	o, err := s.outbox(r.GetOwner())
	if err != nil {
		return nil, err
	}
	w, err := o.watermark(ctx)
	if err != nil {
		return nil, err
	}
	return &eventsv1.GetWatermarkResponse{Epoch: w.epoch, Pos: w.pos}, nil
}
