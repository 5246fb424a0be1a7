package projection

import "context"

// Compare compares now; false if the read model is not level with its owner.
func (p *Projection[S]) Compare(ctx context.Context) (isDone bool, err error) { return p.compare(ctx) }

// Tend does what is due, as the part does every few seconds.
func (p *Projection[S]) Tend(ctx context.Context) error { return p.tend(ctx, true) }
