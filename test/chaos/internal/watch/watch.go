// Package watch looks at the databases while everything goes on: how fast read
// models catch up after a fault, and that none of them ever goes back.
package watch

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/parution/parution/test/chaos/internal/checker"
)

const (
	// lookEvery is how often read models are looked at.
	lookEvery = 500 * time.Millisecond
	// pollEvery is how often it is asked whether they have caught up.
	pollEvery = 50 * time.Millisecond
)

// Watch looks. Make it with New. Safe for concurrent use.
type Watch struct {
	dbs  checker.Databases
	back checker.Findings

	mu     sync.Mutex
	seen   map[string]map[checker.Key]checker.Place
	caught []time.Duration
	blind  bool
}

// New looks at dbs.
func New(dbs checker.Databases) *Watch {
	return &Watch{dbs: dbs, seen: map[string]map[checker.Key]checker.Place{checker.Tags: {}, checker.Render: {}}}
}

// Run looks until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, reader := range []string{checker.Tags, checker.Render} {
			w.look(ctx, reader)
		}
	}
}

// look compares what a read model has now with what it had before. A database
// that does not answer has nothing to say.
func (w *Watch) look(ctx context.Context, reader string) {
	now, err := versions(ctx, w.dbs[reader])
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.blind {
		return
	}
	for k, place := range now {
		if place.Less(w.seen[reader][k]) {
			w.back.Add(checker.I2, reader, k.ID, "went back from %v to %v of %s", w.seen[reader][k], place, k.Source)
		}
	}
	maps.Copy(w.seen[reader], now) // what is missing now may come back older
}

func versions(ctx context.Context, db *sql.DB) (map[checker.Key]checker.Place, error) {
	rows, err := db.QueryContext(ctx, "SELECT source, aggregate_type, aggregate_id, epoch, version FROM projection_version")
	if err != nil {
		return nil, fmt.Errorf("read the versions: %w", err)
	}
	defer rows.Close()
	out := make(map[checker.Key]checker.Place)
	for rows.Next() {
		var (
			k checker.Key
			p checker.Place
		)
		if err := rows.Scan(&k.Source, &k.Type, &k.ID, &p.Epoch, &p.Version); err != nil {
			return nil, fmt.Errorf("read the versions: %w", err)
		}
		out[k] = p
	}
	return out, rows.Err()
}

// Blind looks away while a database is set back, and begins anew after it.
func (w *Watch) Blind(yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blind = yes
	for reader := range w.seen {
		w.seen[reader] = make(map[checker.Key]checker.Place)
	}
}

// Back is what has gone back.
func (w *Watch) Back() []checker.Violation { return w.back.List() }

// CaughtUp waits until the read models have everything that the owner of posts
// had when it was called, and remembers how long after healed that was. It gives
// up when ctx ends.
func (w *Watch) CaughtUp(ctx context.Context, healed time.Time) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var last sql.NullInt64
	known := false
	for {
		if !known {
			known = w.dbs[checker.Posts].QueryRowContext(ctx, "SELECT max(n) FROM outbox").Scan(&last) == nil
		}
		if known && w.have(ctx, last.Int64) {
			w.mu.Lock()
			w.caught = append(w.caught, time.Since(healed))
			w.mu.Unlock()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// have tells whether both read models have all rows up to n.
func (w *Watch) have(ctx context.Context, n int64) bool {
	var waiting int
	var epoch, pos sql.NullInt64
	posts := w.dbs[checker.Posts]
	if err := posts.QueryRowContext(ctx, "SELECT count(*) FROM outbox WHERE n <= $1 AND pos IS NULL", n).Scan(&waiting); err != nil || waiting > 0 {
		return false
	}
	err := posts.QueryRowContext(ctx, "SELECT epoch, pos FROM outbox WHERE n <= $1 AND pos IS NOT NULL ORDER BY epoch DESC, pos DESC LIMIT 1", n).Scan(&epoch, &pos)
	if err != nil {
		return false
	}
	for _, reader := range []string{checker.Tags, checker.Render} {
		var atEpoch, floor int64
		err := w.dbs[reader].QueryRowContext(ctx, "SELECT epoch, floor FROM projection_cursor WHERE source = 'posts'").Scan(&atEpoch, &floor)
		if err != nil || atEpoch < epoch.Int64 || atEpoch == epoch.Int64 && floor < pos.Int64 {
			return false
		}
	}
	return true
}

// Caught is how long read models took to catch up after each fault for which
// they could do so before the next.
func (w *Watch) Caught() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]time.Duration(nil), w.caught...)
}
