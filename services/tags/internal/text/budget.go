package text

import "context"

// budget counts the steps of one call, and ends it with its context.
type budget struct {
	ctx   context.Context //nolint:containedctx // it lives as long as the call
	steps int
	next  int
}

// between is how many steps there are between two looks at the context: well below a
// millisecond's.
const between = 2048

func newBudget(ctx context.Context) *budget { return &budget{ctx: ctx} }

// spend counts steps: an error is the context's.
func (b *budget) spend(steps int) error {
	b.steps += steps
	if b.steps < b.next {
		return nil
	}
	b.next = b.steps + between
	return b.ctx.Err()
}
