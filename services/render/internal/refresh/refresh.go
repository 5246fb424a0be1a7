// Package refresh keeps render's read models in step with posts and tags: it
// asks the owner for what changed, makes documents of it, and tells which pages
// that touches.
package refresh

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/parution/parution/chassis/projection"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store"
)

// model is what a refresh writes.
type model interface {
	// Move moves the press clock and locks out other refreshes.
	Move(ctx context.Context) (int64, error)
	Touch(ctx context.Context, site string, keys page.Keys, clock int64) error
	// Remember mends how often was told of aggregates.
	Remember(ctx context.Context, aggregates []string) error
	Tell(ctx context.Context, tx *sql.Tx, notices ...store.Notice) error
}

// change is what one item touched.
type change struct {
	site, aggregate string
	keys            page.Keys
	// post is the post that changed; nil if it was something else.
	post *renderv1.PostVersion
	// event is what readers see happen to the post, and card the post as they know it.
	event string
	card  *page.Card
}

// run applies items in tx: apply writes them and says, item by item, what they
// touched. What is touched goes to the pages once and to the outbox item by item,
// each with the trace of its own change.
//
// The refreshes of all read models wait for each other's transactions, so that
// the number of statements here bounds how many posts a second can be published.
func run[S any](
	ctx context.Context, tx *sql.Tx, m model, items []projection.Item[S],
	apply func(ctx context.Context, items []projection.Item[S]) ([]change, error),
) error {
	clock, err := m.Move(ctx)
	if err != nil {
		return err
	}
	changes, err := apply(ctx, items)
	if err != nil {
		return fmt.Errorf("refresh %d items, the first %s %s: %w", len(items), items[0].Type, items[0].ID, err)
	}
	// Also of what is as it should be: its next notice would be one that was told already.
	if err := m.Remember(ctx, mended(items)); err != nil {
		return err
	}
	touched := make(map[string]page.Keys)
	var notices []store.Notice
	for i, c := range changes {
		if len(c.keys) == 0 {
			continue
		}
		if touched[c.site] == nil {
			touched[c.site] = make(page.Keys)
		}
		touched[c.site].Merge(c.keys)
		cause := trace.SpanFromContext(items[i].Context) //nolint:contextcheck // each item has a trace of its own
		notices = append(notices, store.Notice{
			Site: c.site, Aggregate: c.aggregate, Keys: c.keys, CausedAt: causedAt(items[i]), Cause: cause, Post: c.post,
			Event: c.event, Card: c.card,
		})
	}
	if err := m.Tell(ctx, tx, notices...); err != nil {
		return err
	}
	for site, keys := range touched {
		if err := m.Touch(ctx, site, keys, clock); err != nil {
			return err
		}
	}
	return nil
}

// mended are the aggregates of those items that a rebuild looks at.
func mended[S any](items []projection.Item[S]) []string {
	var out []string
	for _, item := range items {
		if item.Mend {
			out = append(out, aggregateOf(item.Ref))
		}
	}
	return out
}

// aggregateOf names what is told of for ref. A post has two: itself and its
// entry, of which each owner's read model tells by itself.
func aggregateOf(ref projection.Ref) string {
	switch ref.Type {
	case TypeEntry:
		return "entry-" + ref.ID
	case TypeTag:
		return "tag-" + ref.ID
	}
	return ref.ID
}

// settle ends a rebuild or a repair in tx: count puts right what was made from
// many items and says, by site, what that touched.
func settle(ctx context.Context, tx *sql.Tx, m model, count func(context.Context) (map[string]page.Keys, error)) error {
	clock, err := m.Move(ctx)
	if err != nil {
		return err
	}
	touched, err := count(ctx)
	if err != nil {
		return err
	}
	sites := slices.Sorted(maps.Keys(touched))
	if err := m.Remember(ctx, sites); err != nil {
		return err
	}
	for _, site := range sites {
		n := store.Notice{Site: site, Aggregate: site, Keys: touched[site], CausedAt: time.Now()}
		if err := m.Tell(ctx, tx, n); err != nil {
			return err
		}
		if err := m.Touch(ctx, site, touched[site], clock); err != nil {
			return err
		}
	}
	return nil
}

func causedAt[S any](item projection.Item[S]) time.Time {
	return item.Notice.GetOccurredAt().AsTime()
}
