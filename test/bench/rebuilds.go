package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/parution/parution/test/world/topology"
)

const (
	// readEvery paces the readers of a rebuild: 50 pages a second.
	readEvery = 20 * time.Millisecond
	// inFlight is how many pages are asked for at once: one that is late does not
	// slow the others down.
	inFlight = 16
	// catchUp is how long the read models may take to follow the import.
	catchUp = 5 * time.Minute
	// rebuildGoal is for 10,000 posts.
	rebuildGoal = 60 * time.Second
	// profiledRebuild is how much of a rebuild a profile shows.
	profiledRebuild = 5 * time.Second
)

// models are rebuilt in this order.
var models = [...]struct{ name, source string }{{"tags", "posts"}, {"render", "posts"}, {"render", "tags"}} //nolint:gochecknoglobals // a constant list

// rebuilds imports count posts into the one binary, and makes its read models
// anew, one after the other, while readers ask for pages at a steady rate.
func rebuilds(ctx context.Context, r report, count int, profiles string) error {
	dir, err := os.MkdirTemp("", "parution-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the temporary folder
	posts, data := corpus(count), filepath.Join(dir, "data")
	imported, err := importInto(ctx, filepath.Join(dir, "posts"), data, posts)
	if err != nil {
		return err
	}
	o := topology.Options{Data: data}
	if profiles != "" {
		o.Env = []string{"PARUTION_PROFILES=true"}
	}
	s, err := open(ctx, topology.One, o)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.waitFor(ctx, catchUp, func() error { return s.followed(ctx) }); err != nil {
		return err
	}
	r.line("\n## Rebuilds, topology one\n\n%d posts of about 1,170 words, imported at %.0f posts/s, without a change meanwhile; each read model from the request until it is whole, while readers ask for %d pages a second, half of them posts, the others the home page, a tag, the list of tags and the feed.",
		count, float64(count)/imported.Seconds(), time.Second/readEvery)
	r.table()
	for _, m := range models {
		if err := s.rebuild(ctx, r, m.name, m.source, posts, profiles); err != nil {
			return fmt.Errorf("rebuild %s of %s: %w", m.name, m.source, err)
		}
	}
	return nil
}

// rebuild rebuilds one read model and reports how long that took, and how
// readers fared.
func (s *server) rebuild(ctx context.Context, r report, name, source string, posts []item, profiles string) error {
	before, err := used()
	if err != nil {
		return err
	}
	if profiles != "" {
		profiles = filepath.Join(profiles, name+"-"+source)
		if err := os.MkdirAll(profiles, 0o700); err != nil {
			return err
		}
	}
	readers := s.read(ctx, posts)
	wait := s.profile(ctx, profiles, profiledRebuild)
	start := time.Now()
	err = s.rebuilt(ctx, name, source)
	took := time.Since(start)
	reads := readers()
	if err != nil {
		return err
	}
	if err := wait(); err != nil {
		return err
	}
	after, err := used()
	if err != nil {
		return err
	}
	slices.Sort(reads.took)
	r.row(name+" from "+source, fmt.Sprintf("%.1f s", took.Seconds()), fmt.Sprintf("≤ %.0f s", rebuildGoal.Seconds()), took <= rebuildGoal)
	r.row("– failed reads", fmt.Sprintf("%d of %d (median %.1f ms, p99 %.1f)", reads.failed, len(reads.took), percentile(reads.took, .5), percentile(reads.took, .99)), "0", reads.failed == 0)
	r.row("– CPU time for each post", after.per(len(posts), before), "", true)
	if reads.failed > 0 {
		_, _ = fmt.Fprintln(os.Stderr, "the first failed read:", reads.first) // the figures stand
	}
	return nil
}

// readModel is a read model's state, as operators see it.
type readModel struct {
	Name              string `json:"name"`
	Source            string `json:"source"`
	WatermarkEpoch    int    `json:"watermark_epoch"`
	Lag               string `json:"lag"`
	Generation        int    `json:"generation"`
	Aggregates        string `json:"aggregates"`
	OfOlderGeneration string `json:"of_older_generation"`
	Rebuilding        bool   `json:"rebuilding"`
	Problem           string `json:"problem"`
}

// readModels answers the read models' states.
func (s *server) readModels(ctx context.Context) ([]readModel, error) {
	var list struct {
		ReadModels []readModel `json:"read_models"`
	}
	err := s.operate(ctx, http.MethodGet, "/api/v1/read-models", &list)
	return list.ReadModels, err
}

// followed tells whether every read model has applied all that its owner told.
func (s *server) followed(ctx context.Context) error {
	list, err := s.readModels(ctx)
	if err == nil && len(list) < len(models) {
		err = fmt.Errorf("%d of %d read models answer", len(list), len(models))
	}
	for _, m := range list {
		if err == nil && (m.WatermarkEpoch == 0 || number(m.Lag) > 0) {
			err = fmt.Errorf("%s from %s is %s notices behind", m.Name, m.Source, m.Lag)
		}
	}
	return err
}

// rebuilt asks for a rebuild and waits until it is done.
func (s *server) rebuilt(ctx context.Context, name, source string) error {
	var begun readModel
	if err := s.operate(ctx, http.MethodPost, "/api/v1/read-models/"+name+"/"+source+":rebuild", &begun); err != nil {
		return err
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		list, err := s.readModels(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(m readModel) bool { return m.Name == name && m.Source == source })
		if i < 0 {
			continue // its service did not answer
		}
		if m := list[i]; m.Generation >= begun.Generation && number(m.OfOlderGeneration) == 0 && !m.Rebuilding && m.Problem == "" {
			return nil
		}
		if time.Since(begin) > catchUp {
			return fmt.Errorf("not done after %s: %+v", catchUp, list[i])
		}
	}
}

func number(text string) int {
	n, _ := strconv.Atoi(text) // int64 is text in JSON, and absent if 0
	return n
}

// operate calls the API as an operator.
func (s *server) operate(ctx context.Context, method, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.secret)
	body, status, err := s.do(req)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s: %d %s", path, status, body)
	}
	return json.Unmarshal(body, out)
}

// reads is what readers got.
type reads struct {
	took   []time.Duration
	failed int
	first  error
}

// read has readers ask for pages at a steady rate until stop is called.
func (s *server) read(ctx context.Context, posts []item) (stop func() reads) {
	ctx, cancel := context.WithCancel(ctx)
	var out reads
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(readEvery)
		defer tick.Stop()
		slots := make(chan struct{}, inFlight)
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				start := time.Now()
				err := s.reads(context.WithoutCancel(ctx), pathOf(posts, i))
				mu.Lock()
				defer mu.Unlock()
				out.took = append(out.took, time.Since(start))
				if err != nil {
					if out.failed++; out.failed == 1 {
						out.first = err
					}
				}
			})
		}
	})
	return func() reads {
		cancel()
		wg.Wait()
		return out
	}
}

// pathOf is the page that the ith reader asks for.
func pathOf(posts []item, i int) string {
	p := posts[i*7919%len(posts)] // a prime: spread over all of them
	switch i % 8 {
	case 0:
		return "/"
	case 1:
		return "/tags/" + p.Tags[0]
	case 2:
		return "/feed.xml"
	case 3:
		return "/tags"
	default:
		return "/posts/" + p.Slug
	}
}

// reads reads the page at path; anything but a whole 200 is an error.
func (s *server) reads(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d", path, resp.StatusCode)
	}
	return nil
}
