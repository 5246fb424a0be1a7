// Package refresh keeps render's read models in step with posts and tags: it
// asks the owner for what changed, makes documents of it, and tells which pages
// that touches.
package refresh

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/projection"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store"
)

// model is what a refresh writes.
type model interface {
	// Move moves the press clock and locks out other refreshes.
	Move(ctx context.Context) (int64, error)
	Touch(ctx context.Context, site string, keys page.Keys, clock int64) error
	Tell(ctx context.Context, tx *sql.Tx, n store.Notice) error
}

// change is what one item touched.
type change struct {
	site, aggregate string
	keys            page.Keys
}

// run applies items in tx: apply writes one and says what it touched. What is
// touched goes to the pages once and to the outbox item by item, each with the
// trace of its own change.
func run[S any](
	ctx context.Context, tx *sql.Tx, m model, items []projection.Item[S],
	apply func(ctx context.Context, item projection.Item[S]) (change, error),
) error {
	clock, err := m.Move(ctx)
	if err != nil {
		return err
	}
	touched := make(map[string]page.Keys)
	for _, item := range items {
		// ctx stays the transaction's: only the span is the item's.
		ctx := trace.ContextWithSpan(ctx, trace.SpanFromContext(item.Context)) //nolint:contextcheck // it is inherited
		c, err := apply(ctx, item)
		if err != nil {
			return fmt.Errorf("refresh %s %s: %w", item.Type, item.ID, err)
		}
		if len(c.keys) == 0 {
			continue
		}
		if touched[c.site] == nil {
			touched[c.site] = make(page.Keys)
		}
		touched[c.site].Merge(c.keys)
		n := store.Notice{Site: c.site, Aggregate: c.aggregate, Keys: c.keys, CausedAt: causedAt(item)}
		if err := m.Tell(ctx, tx, n); err != nil {
			return err
		}
	}
	for site, keys := range touched {
		if err := m.Touch(ctx, site, keys, clock); err != nil {
			return err
		}
	}
	return nil
}

func causedAt[S any](item projection.Item[S]) time.Time {
	return item.Notice.GetOccurredAt().AsTime()
}
