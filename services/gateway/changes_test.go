package gateway_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/chassis/telemetry"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	"github.com/parution/parution/services/gateway"
)

// ListChanges implements ChangesService: who waits gets an answer when the gate opens.
func (b *behind) ListChanges(ctx context.Context, r *postsv1.ListChangesRequest) (*postsv1.ListChangesResponse, error) {
	b.note(ctx)
	if r.GetWait() > 0 && b.waits != nil {
		b.waits <- struct{}{}
		select {
		case <-b.come:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &postsv1.ListChangesResponse{
		Changes: []*postsv1.Change{{Id: "n1", Type: "post", AggregateId: "p1", Version: 2, Epoch: 1, Position: 7, Kind: "published", Facts: &postsv1.ChangeFacts{Slug: "a"}}},
		Next:    "t" + r.GetAfter(), Epoch: 1,
	}, nil
}

// ListReadModels implements ReadModelService.
func (b *behind) ListReadModels(ctx context.Context, _ *eventsv1.ListReadModelsRequest) (*eventsv1.ListReadModelsResponse, error) {
	b.note(ctx)
	return &eventsv1.ListReadModelsResponse{ReadModels: []*eventsv1.ReadModel{{Name: "tags", Source: "posts", Floor: 5}}}, nil
}

// ListDeadLetters implements ReadModelService.
func (b *behind) ListDeadLetters(context.Context, *eventsv1.ListDeadLettersRequest) (*eventsv1.ListDeadLettersResponse, error) {
	return nil, fault.Unavailable("the database is down")
}

// RetryDeadLetter implements ReadModelService.
func (b *behind) RetryDeadLetter(ctx context.Context, r *eventsv1.RetryDeadLetterRequest) (*eventsv1.RetryDeadLetterResponse, error) {
	b.note(ctx)
	if diff := cmp.Diff([]string{"posts", "post", "p1"}, []string{r.GetSource(), r.GetAggregateType(), r.GetAggregateId()}); diff != "" {
		return nil, fault.NotFound("there is no such dead letter")
	}
	return &eventsv1.RetryDeadLetterResponse{}, nil
}

func TestChangesOverHTTP(t *testing.T) {
	t.Parallel()
	f := start(t)
	got := f.call(t, http.MethodGet, "/api/v1/changes?after=x&page_size=1000&wait=25", "")
	if got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Etag") != "" {
		t.Fatalf("GET = %d %v %s", got.status, got.header, got.body)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
		t.Fatalf("read %s: %v", got.body, err)
	}
	want := map[string]any{
		"changes": []any{map[string]any{
			"id": "n1", "type": "post", "aggregate_id": "p1", "version": 2.0, "epoch": 1.0, "position": "7", "kind": "published", "occurred_at": nil,
			"facts": map[string]any{"slug": "a", "title": "", "language": "", "tags": []any{}, "published_at": nil},
		}}, "next": "tx", "more": false, "epoch": 1.0,
	}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if p, _ := f.lastCaller(t); p.Role != identity.Public || p.Site != "main" {
		t.Errorf("the caller is %+v, want a reader of main", p)
	}
	if got := f.call(t, http.MethodGet, "/api/v1/changes?page_size=1001", ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("page_size=1001 = %d, want 422", got.status)
	}
}

func TestWaitingCallsTakeFewPlaces(t *testing.T) {
	t.Parallel()
	b := newBehind()
	b.waits, b.come = make(chan struct{}, 1), make(chan struct{})
	cfg := gateway.Defaults()
	cfg.MaxInFlight = 4 // one of them may wait
	f := startAs(t, telemetry.Discard(), b, cfg)
	var first sync.WaitGroup
	first.Go(func() {
		if got := f.call(t, http.MethodGet, "/api/v1/changes?wait=25", ""); got.status != http.StatusOK {
			t.Errorf("the call that waits = %d %s", got.status, got.body)
		}
	})
	<-b.waits
	if got := f.call(t, http.MethodGet, "/api/v1/changes?wait=25", ""); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("one too many = %d %v, want 429 with Retry-After", got.status, got.header)
	}
	if got := f.call(t, http.MethodGet, "/api/v1/changes", ""); got.status != http.StatusOK {
		t.Errorf("without waiting = %d, want 200", got.status)
	}
	close(b.come)
	first.Wait()
}

func TestAStoppingServerAnswersWhoWaits(t *testing.T) {
	t.Parallel()
	b := newBehind()
	b.waits, b.come = make(chan struct{}, 1), make(chan struct{})
	f := startBefore(t, telemetry.Discard(), b)
	stopping := make(chan struct{})
	go func() {
		<-b.waits
		close(stopping)
	}()
	r := httptest.NewRequestWithContext(process.WithStopping(t.Context(), stopping), http.MethodGet, "/api/v1/changes?wait=25", http.NoBody)
	got := f.serve(r)
	if got.Code != http.StatusOK {
		t.Errorf("GET = %d %s, want what there is", got.Code, got.Body)
	}
}

func TestOperationsAreForOperators(t *testing.T) {
	t.Parallel()
	f := start(t)
	const retry = "/api/v1/dead-letters/tags/posts/post/p1:retry"
	for role, want := range map[string]int{"owner": http.StatusForbidden, "operator": http.StatusOK} {
		for _, c := range []struct{ method, path string }{
			{http.MethodGet, "/api/v1/read-models"}, {http.MethodGet, "/api/v1/dead-letters"}, {http.MethodPost, retry},
		} {
			if got := f.call(t, c.method, c.path, "", token(role)); got.status != want {
				t.Errorf("%s %s of an %s = %d %s, want %d", c.method, c.path, role, got.status, got.body, want)
			}
		}
	}
	if got := f.call(t, http.MethodGet, "/api/v1/read-models", ""); got.status != http.StatusUnauthorized {
		t.Errorf("read models of anybody = %d, want 401", got.status)
	}
	for _, c := range []struct{ method, path string }{
		{http.MethodPost, "/api/v1/dead-letters/tags/posts/post/p2:retry"},
		{http.MethodPost, "/api/v1/dead-letters/none/posts/post/p1:retry"},
		{http.MethodDelete, "/api/v1/dead-letters/none/posts/post/p1"},
		{http.MethodPost, "/api/v1/read-models/none/posts:rebuild"},
	} {
		if got := f.call(t, c.method, c.path, "", token("operator")); got.status != http.StatusNotFound {
			t.Errorf("%s %s = %d %s, want 404", c.method, c.path, got.status, got.body)
		}
	}
	var letters struct {
		Unanswered []struct{ Name, Problem string }
	}
	got := f.call(t, http.MethodGet, "/api/v1/dead-letters", "", token("operator"))
	if err := json.Unmarshal([]byte(got.body), &letters); err != nil || len(letters.Unanswered) != 2 || letters.Unanswered[1].Name != "tags" || letters.Unanswered[1].Problem != "the database is down" {
		t.Errorf("dead letters = %s, %v; want both services unanswered", got.body, err)
	}
}
