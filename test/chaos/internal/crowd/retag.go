package crowd

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/test/chaos/internal/journal"
)

// retag does something to tags as a whole. Their first slugs go on leading to them,
// whatever they are called by now.
func (a *Authors) retag(ctx context.Context, r *rand.Rand, kind journal.Kind) error {
	pool := words()
	op := journal.Op{Kind: kind, Key: fmt.Sprintf("%x-%x", r.Uint64(), r.Uint64()), Of: slug.Make(pool[zipf(r, len(pool))])}
	body := map[string]any{}
	switch kind {
	case journal.Rename:
		op.Into = fmt.Sprintf("Named %d", a.marks.Add(1))
		body["name"] = op.Into
	case journal.Merge:
		op.Into = slug.Make(pool[zipf(r, len(pool))])
		body["into"] = op.Into
	default:
		last := a.last.Load()
		if last == nil {
			return nil // an operation that was never begun
		}
		op.Of = *last
	}
	return a.carryOut(ctx, r, op, body)
}
