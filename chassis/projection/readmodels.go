package projection

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/parution/parution/chassis/fault"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
)

// Model is a projection, whatever its states are.
type Model interface {
	Names() (name, source string)
	Status(ctx context.Context) (*eventsv1.ReadModel, error)
	Dead(ctx context.Context) ([]DeadLetter, error)
	Retry(ctx context.Context, ref Ref) error
	Drop(ctx context.Context, ref Ref) error
	Rebuild(ctx context.Context) error
}

// ReadModelServer serves the read models of a service to operators. Safe for
// concurrent use.
type ReadModelServer struct {
	eventsv1.UnimplementedReadModelServiceServer

	models []Model
}

// NewReadModelServer serves these read models, one for each owner.
func NewReadModelServer(models ...Model) *ReadModelServer { return &ReadModelServer{models: models} }

func (s *ReadModelServer) model(source string) (Model, error) {
	for _, m := range s.models {
		if _, of := m.Names(); of == source {
			return m, nil
		}
	}
	return nil, fault.NotFound("no read model of %q here", source)
}

// ListReadModels implements eventsv1.ReadModelServiceServer.
func (s *ReadModelServer) ListReadModels(ctx context.Context, _ *eventsv1.ListReadModelsRequest) (*eventsv1.ListReadModelsResponse, error) {
	out := &eventsv1.ListReadModelsResponse{ReadModels: make([]*eventsv1.ReadModel, len(s.models))}
	errs := make([]error, len(s.models))
	var all sync.WaitGroup // an owner that does not answer must not take the others' time
	for i, m := range s.models {
		all.Go(func() { out.ReadModels[i], errs[i] = m.Status(ctx) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

// ListDeadLetters implements eventsv1.ReadModelServiceServer.
func (s *ReadModelServer) ListDeadLetters(ctx context.Context, _ *eventsv1.ListDeadLettersRequest) (*eventsv1.ListDeadLettersResponse, error) {
	out := &eventsv1.ListDeadLettersResponse{}
	for _, m := range s.models {
		dead, err := m.Dead(ctx)
		if err != nil {
			return nil, err
		}
		name, source := m.Names()
		for _, d := range dead {
			out.DeadLetters = append(out.DeadLetters, &eventsv1.DeadLetter{
				Name: name, Source: source, Notice: d.Notice, Attempts: d.Attempts, Reason: d.Reason, ParkedAt: timestamppb.New(d.ParkedAt),
			})
		}
	}
	slices.SortStableFunc(out.GetDeadLetters(), func(a, b *eventsv1.DeadLetter) int {
		return cmp.Compare(a.GetParkedAt().AsTime().UnixMicro(), b.GetParkedAt().AsTime().UnixMicro())
	})
	return out, nil
}

// RetryDeadLetter implements eventsv1.ReadModelServiceServer.
func (s *ReadModelServer) RetryDeadLetter(ctx context.Context, r *eventsv1.RetryDeadLetterRequest) (*eventsv1.RetryDeadLetterResponse, error) {
	m, err := s.model(r.GetSource())
	if err != nil {
		return nil, err
	}
	return &eventsv1.RetryDeadLetterResponse{}, m.Retry(ctx, Ref{r.GetAggregateType(), r.GetAggregateId()})
}

// DropDeadLetter implements eventsv1.ReadModelServiceServer.
func (s *ReadModelServer) DropDeadLetter(ctx context.Context, r *eventsv1.DropDeadLetterRequest) (*eventsv1.DropDeadLetterResponse, error) {
	m, err := s.model(r.GetSource())
	if err != nil {
		return nil, err
	}
	return &eventsv1.DropDeadLetterResponse{}, m.Drop(ctx, Ref{r.GetAggregateType(), r.GetAggregateId()})
}

// RebuildReadModel implements eventsv1.ReadModelServiceServer.
func (s *ReadModelServer) RebuildReadModel(ctx context.Context, r *eventsv1.RebuildReadModelRequest) (*eventsv1.RebuildReadModelResponse, error) {
	m, err := s.model(r.GetSource())
	if err != nil {
		return nil, err
	}
	if err := m.Rebuild(ctx); err != nil {
		return nil, err
	}
	status, err := m.Status(ctx)
	return &eventsv1.RebuildReadModelResponse{ReadModel: status}, err
}
