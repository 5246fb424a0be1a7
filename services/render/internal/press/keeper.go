package press

import (
	"context"
	"log/slog"
	"time"

	"github.com/parution/parution/chassis/process"
	"github.com/parution/parution/services/render/internal/page"
	"github.com/parution/parution/services/render/internal/store"
)

const (
	// waiting is how many pages wait to be stored; what comes on top is dropped
	// and pressed again when it is asked for.
	waiting = 256
	// together is how many are stored in one transaction.
	together = 64
	// storeTimeout bounds one transaction.
	storeTimeout = 10 * time.Second
)

// keeping stores pages.
type keeping interface {
	Keep(ctx context.Context, pages map[store.Address]page.Kept) error
}

type pressed struct {
	at   store.Address
	page page.Kept
}

// Keeper stores pressed pages in the background: a reader does not wait for the
// disk, and many pages cost one transaction.
type Keeper struct {
	store keeping
	queue chan pressed
	log   *slog.Logger
}

// NewKeeper makes a keeper; run its Part.
func NewKeeper(st keeping, log *slog.Logger) *Keeper {
	return &Keeper{store: st, queue: make(chan pressed, waiting), log: log}
}

// Keep has a page stored soon. It does not wait.
func (k *Keeper) Keep(site string, route page.Route, p page.Kept) {
	select {
	case k.queue <- pressed{store.Address{Site: site, Path: route.Path, Number: route.Number}, p}:
	default: // the disk is slower than the press
	}
}

// Part stores pages until it is stopped, and then those that wait.
func (k *Keeper) Part() process.Part {
	return process.Part{Name: "keeper of pages", Run: func(ctx context.Context, ready func()) error {
		ready()
		for {
			select {
			case first := <-k.queue:
				k.save(ctx, first)
			case <-ctx.Done():
				for len(k.queue) > 0 {
					k.save(ctx, <-k.queue)
				}
				return nil
			}
		}
	}}
}

func (k *Keeper) save(ctx context.Context, first pressed) {
	batch := map[store.Address]page.Kept{first.at: first.page}
	for len(batch) < together && len(k.queue) > 0 {
		next := <-k.queue
		batch[next.at] = next.page
	}
	// Also while stopping: what was pressed is worth its place.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := k.store.Keep(ctx, batch); err != nil {
		k.log.WarnContext(ctx, "pages were not stored and will be pressed again", "pages", len(batch), "error", err)
	}
}
