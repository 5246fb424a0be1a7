// Package operations tells operators how the read models of all services stand,
// and passes on what is to be done about them.
package operations

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/parution/parution/chassis/fault"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	operationsv1 "github.com/parution/parution/proto/gen/parution/operations/v1"
)

// timeout is less than what a read may take: the others are told of all the same.
const timeout = 1500 * time.Millisecond

// Reader is a service with read models.
type Reader struct {
	Name string
	Conn grpc.ClientConnInterface
}

// Server implements OperationsService by asking the services.
type Server struct {
	operationsv1.UnimplementedOperationsServiceServer

	readers []reader
}

type reader struct {
	name   string
	models eventsv1.ReadModelServiceClient
}

// New makes a server that asks these services.
func New(readers ...Reader) *Server {
	s := &Server{}
	for _, r := range readers {
		s.readers = append(s.readers, reader{r.Name, eventsv1.NewReadModelServiceClient(r.Conn)})
	}
	return s
}

// ListReadModels implements operationsv1.OperationsServiceServer.
func (s *Server) ListReadModels(ctx context.Context, _ *operationsv1.ListReadModelsRequest) (*operationsv1.ListReadModelsResponse, error) {
	list, unanswered := ask(ctx, s.readers, func(ctx context.Context, r reader) ([]*eventsv1.ReadModel, error) {
		out, err := r.models.ListReadModels(ctx, &eventsv1.ListReadModelsRequest{})
		return out.GetReadModels(), err
	})
	slices.SortFunc(list, func(a, b *eventsv1.ReadModel) int {
		return cmp.Or(strings.Compare(a.GetName(), b.GetName()), strings.Compare(a.GetSource(), b.GetSource()))
	})
	return &operationsv1.ListReadModelsResponse{ReadModels: list, Unanswered: unanswered}, nil
}

// ListDeadLetters implements operationsv1.OperationsServiceServer.
func (s *Server) ListDeadLetters(ctx context.Context, _ *operationsv1.ListDeadLettersRequest) (*operationsv1.ListDeadLettersResponse, error) {
	list, unanswered := ask(ctx, s.readers, func(ctx context.Context, r reader) ([]*eventsv1.DeadLetter, error) {
		out, err := r.models.ListDeadLetters(ctx, &eventsv1.ListDeadLettersRequest{})
		return out.GetDeadLetters(), err
	})
	slices.SortStableFunc(list, func(a, b *eventsv1.DeadLetter) int {
		return a.GetParkedAt().AsTime().Compare(b.GetParkedAt().AsTime())
	})
	return &operationsv1.ListDeadLettersResponse{DeadLetters: list, Unanswered: unanswered}, nil
}

// ask asks all readers at once.
func ask[T any](ctx context.Context, readers []reader, call func(context.Context, reader) ([]T, error)) ([]T, []*operationsv1.Unanswered) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	lists, errs := make([][]T, len(readers)), make([]error, len(readers))
	var all sync.WaitGroup
	for i, r := range readers {
		all.Go(func() { lists[i], errs[i] = call(ctx, r) })
	}
	all.Wait()
	var unanswered []*operationsv1.Unanswered
	for i, err := range errs {
		if err != nil {
			unanswered = append(unanswered, &operationsv1.Unanswered{Name: readers[i].name, Problem: fault.TextOf(err)})
		}
	}
	return slices.Concat(lists...), unanswered
}

// RebuildReadModel implements operationsv1.OperationsServiceServer.
func (s *Server) RebuildReadModel(ctx context.Context, r *operationsv1.RebuildReadModelRequest) (*operationsv1.RebuildReadModelResponse, error) {
	models, err := s.named(r.GetName())
	if err != nil {
		return nil, err
	}
	out, err := models.RebuildReadModel(ctx, &eventsv1.RebuildReadModelRequest{Source: r.GetSource()})
	if err != nil {
		return nil, fmt.Errorf("rebuild: %w", err)
	}
	return &operationsv1.RebuildReadModelResponse{ReadModel: out.GetReadModel()}, nil
}

// RetryDeadLetter implements operationsv1.OperationsServiceServer.
func (s *Server) RetryDeadLetter(ctx context.Context, r *operationsv1.RetryDeadLetterRequest) (*operationsv1.RetryDeadLetterResponse, error) {
	models, err := s.named(r.GetName())
	if err != nil {
		return nil, err
	}
	_, err = models.RetryDeadLetter(ctx, &eventsv1.RetryDeadLetterRequest{Source: r.GetSource(), AggregateType: r.GetType(), AggregateId: r.GetId()})
	if err != nil {
		return nil, fmt.Errorf("retry: %w", err)
	}
	return &operationsv1.RetryDeadLetterResponse{}, nil
}

// DropDeadLetter implements operationsv1.OperationsServiceServer.
func (s *Server) DropDeadLetter(ctx context.Context, r *operationsv1.DropDeadLetterRequest) (*operationsv1.DropDeadLetterResponse, error) {
	models, err := s.named(r.GetName())
	if err != nil {
		return nil, err
	}
	_, err = models.DropDeadLetter(ctx, &eventsv1.DropDeadLetterRequest{Source: r.GetSource(), AggregateType: r.GetType(), AggregateId: r.GetId()})
	if err != nil {
		return nil, fmt.Errorf("drop: %w", err)
	}
	return &operationsv1.DropDeadLetterResponse{}, nil
}

// named is the service of that name.
func (s *Server) named(name string) (eventsv1.ReadModelServiceClient, error) {
	var names []string
	for _, r := range s.readers {
		if r.name == name {
			return r.models, nil
		}
		names = append(names, r.name)
	}
	return nil, fault.NotFound("no service %q has read models; these have: %s", name, strings.Join(names, ", "))
}
