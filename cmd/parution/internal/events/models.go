package events

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/parution/parution/cmd/parution/internal/client"
	"github.com/parution/parution/cmd/parution/internal/terminal"
	eventsv1 "github.com/parution/parution/proto/gen/parution/events/v1"
	operationsv1 "github.com/parution/parution/proto/gen/parution/operations/v1"
)

const (
	modelsPath = "/api/v1/read-models"
	// refresh is how often a rebuild is looked at.
	refresh = 500 * time.Millisecond
)

// Lag writes how far each read model is. Services that do not answer are an
// error after all others were told of.
func Lag(ctx context.Context, api API, o terminal.Output, asJSON bool) error {
	list, err := models(ctx, api)
	if err != nil {
		return err
	}
	if asJSON {
		err = o.JSON(list, true)
	} else {
		err = table(o, list.GetReadModels())
	}
	return errors.Join(err, unanswered(list.GetUnanswered()))
}

func models(ctx context.Context, api API) (*operationsv1.ListReadModelsResponse, error) {
	var out operationsv1.ListReadModelsResponse
	_, err := api.Call(ctx, http.MethodGet, modelsPath, nil, &out)
	return &out, err
}

func table(o terminal.Output, list []*eventsv1.ReadModel) error {
	w := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "READ MODEL\tSOURCE\tEPOCH\tFLOOR\tWATERMARK\tLAG\tSECONDS\tDEAD\tGENERATION\tREBUILD") // flushed below
	for _, m := range list {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\t%.1f\t%d\t%d\t%s\n", terminal.Plain(m.GetName()), terminal.Plain(m.GetSource()), m.GetEpoch(), m.GetFloor(),
			known(m, m.GetWatermark()), known(m, m.GetLag()), m.GetLagSeconds(), m.GetDeadLetters(), m.GetGeneration(), rebuilding(m))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	for _, m := range list {
		if m.GetProblem() != "" {
			o.Note("%s of %s: %s", terminal.Plain(m.GetName()), terminal.Plain(m.GetSource()), terminal.Plain(m.GetProblem()))
		}
	}
	return nil
}

// known is a number that the owner tells; without its answer nobody knows it.
func known(m *eventsv1.ReadModel, n int64) string {
	if m.GetWatermarkEpoch() == 0 {
		return "?"
	}
	return fmt.Sprint(n)
}

// rebuilding is how far a rebuild is; "-" if none runs.
func rebuilding(m *eventsv1.ReadModel) string {
	if m.GetOfOlderGeneration() == 0 && !m.GetRebuilding() {
		return "-"
	}
	return fmt.Sprintf("%d %%", 100*done(m)/max(1, m.GetAggregates()))
}

// done counts the aggregates that a rebuild has dealt with.
func done(m *eventsv1.ReadModel) int64 { return max(0, m.GetAggregates()-m.GetOfOlderGeneration()) }

// Rebuild rebuilds a read model from what its source owns.
type Rebuild struct {
	API API
	terminal.Output

	Name, Source string
	// Wait waits for the end, and Progress is told of the way.
	Wait     bool
	Progress terminal.Progress
	// Pause waits and tells whether to go on.
	Pause func(ctx context.Context, d time.Duration) bool
}

// Run begins the rebuild, and with Wait returns when it has ended.
func (r *Rebuild) Run(ctx context.Context) error {
	var now eventsv1.ReadModel
	path := modelsPath + "/" + url.PathEscape(r.Name) + "/" + url.PathEscape(r.Source) + ":rebuild"
	if _, err := r.API.Call(ctx, http.MethodPost, path, &operationsv1.RebuildReadModelRequest{}, &now); err != nil {
		return err
	}
	if !r.Wait {
		r.Say("rebuilding %s of %s: generation %d; parution events lag shows how far it is", r.Name, r.Source, now.GetGeneration())
		return nil
	}
	m, err := r.watch(ctx, &now)
	if err != nil {
		return err
	}
	r.Say("rebuilt %s of %s: generation %d, %d aggregates", r.Name, r.Source, m.GetGeneration(), m.GetAggregates())
	return nil
}

func (r *Rebuild) watch(ctx context.Context, m *eventsv1.ReadModel) (*eventsv1.ReadModel, error) {
	defer r.Progress.End()
	wanted, problem := m.GetGeneration(), ""
	for {
		r.Progress.Step(int(done(m)), int(m.GetAggregates()))
		if m.GetGeneration() >= wanted && m.GetOfOlderGeneration() == 0 && !m.GetRebuilding() && m.GetProblem() == "" {
			return m, nil
		}
		if p := m.GetProblem(); p != "" && p != problem {
			r.Note("it does not get on: %s", terminal.Plain(p))
			problem = p
		}
		if !r.Pause(ctx, refresh) {
			return nil, fmt.Errorf("%w; the rebuild goes on: parution events lag shows how far it is", context.Cause(ctx))
		}
		next, err := r.look(ctx)
		if err != nil && (isRefusal(err) || ctx.Err() != nil) {
			return nil, err
		}
		if next != nil {
			m = next
		}
	}
}

// look is nil without an error if the service does not answer now.
func (r *Rebuild) look(ctx context.Context) (*eventsv1.ReadModel, error) {
	list, err := models(ctx, r.API)
	if err != nil {
		return nil, err
	}
	for _, m := range list.GetReadModels() {
		if m.GetName() == r.Name && m.GetSource() == r.Source {
			return m, nil
		}
	}
	return nil, nil //nolint:nilnil // it did not answer
}

var _ API = (*client.Client)(nil)
