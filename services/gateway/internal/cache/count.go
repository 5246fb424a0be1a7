package cache

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Result is what became of a request for a page.
type Result int

// The results.
const (
	Hit         Result = iota // served as it is
	Miss                      // made by the source
	Revalidated               // confirmed by the source
	Shared                    // somebody else asked at the same time
	Stale                     // served before or without being confirmed
	Failed                    // not served
	results
)

// String is the result's name in the metrics.
func (r Result) String() string {
	switch r {
	case Hit:
		return "hit"
	case Miss:
		return "miss"
	case Revalidated:
		return "revalidated"
	case Shared:
		return "shared"
	case Stale:
		return "stale"
	case Failed, results:
	}
	return "error"
}

func (c *Cache) count(r Result, err error) {
	if err != nil {
		r = Failed
	}
	c.counts[r].Add(1)
}

// Count tells how many requests had result r.
func (c *Cache) Count(r Result) int64 { return c.counts[r].Load() }

// Observe registers the cache's metrics. Requests only raise plain counters:
// the meter reads them when it is asked.
func (c *Cache) Observe(meter metric.Meter) error {
	requests, err := meter.Int64ObservableCounter("parution_gateway_cache_requests_total",
		metric.WithDescription("Requests for pages by what became of them."))
	if err != nil {
		return fmt.Errorf("register parution_gateway_cache_requests_total: %w", err)
	}
	size, err := meter.Int64ObservableGauge("parution_gateway_cache_bytes",
		metric.WithDescription("Memory that finished pages take."))
	if err != nil {
		return fmt.Errorf("register parution_gateway_cache_bytes: %w", err)
	}
	pages, err := meter.Int64ObservableGauge("parution_gateway_cache_pages",
		metric.WithDescription("Finished pages in memory."))
	if err != nil {
		return fmt.Errorf("register parution_gateway_cache_pages: %w", err)
	}
	var attributes [results]metric.MeasurementOption
	for r := range results {
		attributes[r] = metric.WithAttributeSet(attribute.NewSet(attribute.String("result", r.String())))
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for r := range results {
			o.ObserveInt64(requests, c.counts[r].Load(), attributes[r])
		}
		n, bytes := c.Size()
		o.ObserveInt64(size, bytes)
		o.ObserveInt64(pages, int64(n))
		return nil
	}, requests, size, pages)
	if err != nil {
		return fmt.Errorf("observe the cache: %w", err)
	}
	return nil
}
