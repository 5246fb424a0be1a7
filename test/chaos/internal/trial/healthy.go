package trial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parution/parution/test/chaos/internal/checker"
	"github.com/parution/parution/test/chaos/internal/journal"
)

// Specimen is a healthy Parution after some writing.
type Specimen struct {
	URL       string
	Ops       []journal.Op
	State     *checker.State
	Databases checker.Databases
}

// History is what was asked for.
func (s Specimen) History() *checker.History { return checker.NewHistory(s.Ops) }

// Healthy runs authors without faults and hands what came of it to fn, while it
// still serves. It fails if the checker finds anything wrong with it.
func Healthy(ctx context.Context, cfg Config, fn func(Specimen) error) (err error) {
	cfg.Faults = 0
	r, err := launch(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close(nil)) }()
	if _, err := r.disturb(ctx); err != nil {
		return err
	}
	if _, err := r.settle(ctx); err != nil {
		return err
	}
	ops, err := journal.Read(r.journalPath())
	if err != nil {
		return err
	}
	state, list, _, err := r.agree(ctx, checker.NewHistory(ops), time.Now().Add(afterFault))
	if err != nil {
		return err
	}
	if len(list) > 0 {
		return fmt.Errorf("the run without faults is not healthy: %v", list)
	}
	return fn(Specimen{URL: r.t.URL, Ops: ops, State: state, Databases: r.dbs})
}
