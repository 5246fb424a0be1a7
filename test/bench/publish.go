package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/parution/parution/test/world/topology"
)

const (
	loaded  = 1000
	singles = 200
	writers = 8
)

// profiled is how much of the load a profile shows.
const profiled = 3 * time.Second

// publish loads 1,000 posts with 8 writers, and then publishes one at a time.
// CPU profiles of the load go to the folder profiles, if it is named.
func publish(ctx context.Context, r report, kind topology.Kind, profiles string) error {
	var o topology.Options
	if profiles != "" {
		o.Env = []string{"PARUTION_PROFILES=true"}
	}
	s, err := open(ctx, kind, o)
	if err != nil {
		return err
	}
	defer s.close()
	posts := corpus(loaded + singles)
	before, err := used()
	if err != nil {
		return err
	}
	wait := s.profile(ctx, profiles, profiled)
	accepted, upToDate, err := s.write(ctx, posts[:loaded])
	if err != nil {
		return err
	}
	after, err := used()
	if err := errors.Join(err, wait()); err != nil {
		return err
	}
	returned, visible, err := s.oneByOne(ctx, posts[loaded:])
	if err != nil {
		return err
	}
	r.line("\n## Publishing, topology %s\n\n%d posts of about 1,170 words by %d writers, then %d one at a time; visible: a reader's next request for the home page, repeated without a pause, shows the title.", kind, loaded, writers, singles)
	r.table()
	limit := 50.0
	if kind == topology.Cluster {
		limit = 100
	}
	r.row("8 writers until pages and tags are up to date", fmt.Sprintf("%.0f posts/s (accepted at %.0f)", upToDate, accepted), "≥ 300 posts/s", upToDate >= 300)
	r.row("request returns, median", fmt.Sprintf("%.1f ms (p99 %.1f)", percentile(returned, .5), percentile(returned, .99)), "≤ 6 ms", percentile(returned, .5) <= 6)
	r.row("visible on the home page, p99", fmt.Sprintf("%.1f ms (median %.1f)", percentile(visible, .99), percentile(visible, .5)), fmt.Sprintf("≤ %.0f ms", limit), percentile(visible, .99) <= limit)
	r.line("\nCPU time for each post of the load, until all is up to date: %s.", after.per(loaded, before))
	return nil
}

// write publishes posts with several writers; posts a second until they were
// accepted, and until the last page and every tag's count were up to date.
func (s *server) write(ctx context.Context, posts []item) (accepted, upToDate float64, err error) {
	start := time.Now()
	queue := make(chan item)
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for p := range queue {
				if _, err := s.create(ctx, p); err != nil {
					errs[w] = err
				}
			}
		})
	}
	want := make(map[string]int)
	for _, p := range posts {
		for _, t := range p.Tags {
			want[t]++
		}
		queue <- p
	}
	close(queue)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return 0, 0, err
	}
	accepted = float64(len(posts)) / time.Since(start).Seconds()
	for tag, n := range want {
		if err := s.wait(ctx, func() error { return s.counts(ctx, tag, n) }); err != nil {
			return 0, 0, err
		}
	}
	for _, p := range posts[len(posts)-writers:] {
		if err := s.until(ctx, "/posts/"+p.Slug, p.Title); err != nil {
			return 0, 0, err
		}
	}
	return accepted, float64(len(posts)) / time.Since(start).Seconds(), nil
}

func (s *server) counts(ctx context.Context, tag string, want int) error {
	n, err := s.tagged(ctx, tag)
	if err == nil && n != want {
		err = fmt.Errorf("tag %s counts %d posts, want %d", tag, n, want)
	}
	return err
}

func (s *server) oneByOne(ctx context.Context, posts []item) (returned, visible []time.Duration, err error) {
	for _, p := range posts {
		start := time.Now()
		d, err := s.create(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		for s.shows(ctx, "/", p.Title) != nil {
			if time.Since(start) > patience {
				return nil, nil, fmt.Errorf("%s is not on the home page after %s", p.Slug, patience)
			}
		}
		returned, visible = append(returned, d), append(visible, time.Since(start))
	}
	slices.Sort(returned)
	slices.Sort(visible)
	return returned, visible, nil
}
