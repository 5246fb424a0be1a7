package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/test/bench/blog"
	"github.com/parution/parution/test/bench/sqltext"
)

const (
	// asked is how many questions of a kind are asked, askFor how long at most.
	asked  = 1000
	askFor = 60 * time.Second
	// warm is how many are asked before, which do not count.
	warm = 50
	// findableMost is how many posts the one binary has at most: an import of a
	// million would take hours.
	findableMost = 100_000
)

// searchOptions are what of search is measured.
type searchOptions struct {
	sizes []int
	// on is what answers: "sqlite" and "postgres", the tags service on these; "one",
	// the one binary; "fts5" and "tsvector", the databases themselves; "relevance": judged queries.
	on []string
}

// sizes reads "10k,100k,1m".
func sizes(list string) ([]int, error) {
	var out []int
	for s := range strings.SplitSeq(strings.ToLower(list), ",") {
		text, factor := s, 1
		if digits, ok := strings.CutSuffix(s, "k"); ok {
			text, factor = digits, 1_000
		} else if digits, ok := strings.CutSuffix(s, "m"); ok {
			text, factor = digits, 1_000_000
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of posts, such as 10k or 1m", s)
		}
		out = append(out, n*factor)
	}
	return out, nil
}

// searches measures search and tags at each size, side by side with what
// databases have themselves.
func searches(ctx context.Context, r report, o searchOptions, profiles string) error {
	b := blog.New()
	r.line("\n## Tags and search\n\nMade-up posts of about 150 words, half French and half English, with 5 of %d tags each by Zipf's law, %d authors and ten years; the same posts and questions everywhere. "+
		"Words: two or three of one post, as often as they are used, without stop words; the answer is the first 20 posts, the best first, with snippets, the total and the counts of tags, authors, languages and years. "+
		"Tags: three (all; two of which one, or none), the newest first, with the total and counts. One client, one question after the other, %d of each kind or for %s.",
		blog.Tags, blog.Authors, asked, askFor)
	for _, n := range o.sizes {
		r.line("\n### %s posts", thousands(n))
		for _, part := range []struct {
			engine string
			run    func() error
		}{
			{"sqlite", func() error { return ownOn(ctx, r, b, n, true, profiles) }},
			{"postgres", func() error { return ownOn(ctx, r, b, n, false, profiles) }},
			{"one", func() error { return findable(ctx, r, b, n) }},
		} {
			if !slices.Contains(o.on, part.engine) || part.engine == "one" && n > findableMost {
				continue
			}
			if err := part.run(); err != nil {
				return fmt.Errorf("%s: %w", part.engine, err)
			}
		}
		if err := sqlSearches(ctx, r, b, n, o.on); err != nil {
			return err
		}
	}
	if !slices.Contains(o.on, "relevance") {
		return nil
	}
	return relevances(ctx, r)
}

// took are sorted durations.
type took []time.Duration

// ask asks questions one after the other; to make one takes none of its time.
func ask[Q any](ctx context.Context, next func() Q, answer func(Q) error) (took, error) {
	out := make(took, 0, asked)
	var until time.Time
	for i := range warm + asked {
		if i == warm {
			until = time.Now().Add(askFor)
		}
		q := next()
		start := time.Now()
		if err := answer(q); err != nil {
			return nil, err
		}
		if i >= warm {
			out = append(out, time.Since(start))
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i > warm && time.Now().After(until) {
			break
		}
	}
	slices.Sort(out)
	return out, nil
}

// p is a percentile, in milliseconds.
func (t took) p(part float64) float64 { return percentile(t, part) }

// cells are the cells of a table: p50, p95, p99 and the longest.
func (t took) cells() string {
	return fmt.Sprintf("%.2f | %.2f | %.2f | %.2f", t.p(.5), t.p(.95), t.p(.99), t.p(1))
}

// thousands writes 100,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

const mebi = 1 << 20

// sqlSearches asks the same of SQLite's and PostgreSQL's own full text.
func sqlSearches(ctx context.Context, r report, b *blog.Blog, n int, on []string) error {
	var engines []func(context.Context, string) (*sqltext.Engine, error)
	if slices.Contains(on, "fts5") {
		engines = append(engines, sqltext.SQLite)
	}
	if slices.Contains(on, "tsvector") {
		engines = append(engines, sqltext.Postgres)
	}
	if len(engines) == 0 {
		return nil
	}
	r.line("\nWhat databases have themselves, milliseconds; a question is two statements, one for the counts and one for the page:\n\n" +
		"| engine | loaded, posts/s | MiB on disk | question | p50 | p95 | p99 | longest |\n|---|--:|--:|---|--:|--:|--:|--:|")
	for _, start := range engines {
		if err := sqlSearch(ctx, r, b, n, start); errors.Is(err, sqldbtest.ErrNotInstalled) {
			r.line("| PostgreSQL | not installed | | | | | | |")
		} else if err != nil {
			return err
		}
	}
	return nil
}

func sqlSearch(ctx context.Context, r report, b *blog.Blog, n int, start func(context.Context, string) (*sqltext.Engine, error)) (err error) {
	dir, err := os.MkdirTemp("", "parution-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the temporary folder
	e, err := start(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	began := time.Now()
	if err := e.Load(ctx, b, n); err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	rate := float64(n) / time.Since(began).Seconds()
	size, err := e.Bytes(ctx)
	if err != nil {
		return err
	}
	words, err := ask(ctx, b.Ask(1, n).Words, func(q []string) error { _, err := e.Words(ctx, q); return err })
	if err != nil {
		return fmt.Errorf("%s: words: %w", e.Name, err)
	}
	tags, err := ask(ctx, b.Ask(2, n).Tags, func(q blog.Algebra) error { _, err := e.Tags(ctx, q); return err })
	if err != nil {
		return fmt.Errorf("%s: tags: %w", e.Name, err)
	}
	r.line("| %s | %.0f | %d | 2–3 words | %s |", e.Name, rate, size/mebi, words.cells())
	r.line("| | | | 3 tags | %s |", tags.cells())
	return nil
}
