package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/test/bench/blog"
	"github.com/parution/parution/test/world/topology"
)

// foundGoal is from publishing until search and tag pages show it, in milliseconds.
const foundGoal = 100.0

// findable imports n posts into the one binary, and publishes one after the other
// until readers find each.
func findable(ctx context.Context, r report, b *blog.Blog, n int) (err error) {
	dir, err := os.MkdirTemp("", "parution-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the temporary folder
	source, data := filepath.Join(dir, "posts"), filepath.Join(dir, "data")
	if err := writeBlog(source, b, n); err != nil {
		return err
	}
	if _, err := topology.Program(topology.Parution); err != nil { // it is built before it is timed
		return err
	}
	start := time.Now()
	if err := importFrom(ctx, source, data); err != nil {
		return err
	}
	imported := time.Since(start)
	s, err := open(ctx, topology.One, topology.Options{Data: data})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.waitFor(ctx, loading, func() error { return s.followed(ctx) }); err != nil {
		return err
	}
	returned, found, listed, err := s.publishAndFind(ctx, b, n)
	if err != nil {
		return err
	}
	resident, err := memory(s.Pid(topology.Parution))
	if err != nil {
		return err
	}
	r.line("\nThe one binary with these posts (imported at %.0f posts/s; resident %.0f MiB): %d posts published over the API one at a time; from the request until a reader's next request, repeated without a pause, shows the title: first /search for a word of its text, then the page of its most frequent tag.",
		float64(n)/imported.Seconds(), resident, singles)
	r.table()
	r.row("request returns, p99", fmt.Sprintf("%.1f ms (p50 %.1f)", returned.p(.99), returned.p(.5)), "", true)
	r.row("found by search, p99", fmt.Sprintf("%.1f ms (p50 %.1f)", found.p(.99), found.p(.5)), fmt.Sprintf("≤ %.0f ms", foundGoal), found.p(.99) <= foundGoal)
	r.row("and on its tag's page, p99", fmt.Sprintf("%.1f ms (p50 %.1f)", listed.p(.99), listed.p(.5)), fmt.Sprintf("≤ %.0f ms", foundGoal), listed.p(.99) <= foundGoal)
	return nil
}

// publishAndFind publishes one post after the other; how long it took until the
// request returned, search found it and its tag's page listed it.
func (s *server) publishAndFind(ctx context.Context, b *blog.Blog, n int) (returned, found, listed took, err error) {
	tags := b.TagList()
	for i := range singles {
		p := b.Post(n+i, n+singles)
		word := fmt.Sprintf("zx%dq", 1000+i) // nobody else has it
		// The tag's page is the longest: one of the twenty most frequent tags.
		tag := tags[i%20]
		item := item{Title: fmt.Sprintf("%s %s", p.Title, word), Slug: "found-" + word, Body: p.Body + " " + word, Tags: append([]string{tag.Name}, p.Tags[1:]...)}
		start := time.Now()
		d, err := s.create(ctx, item)
		if err != nil {
			return nil, nil, nil, err
		}
		returned = append(returned, d)
		if err := s.seen(ctx, "/search?q="+word, "/"+item.Slug, start); err != nil {
			return nil, nil, nil, err
		}
		found = append(found, time.Since(start))
		if err := s.seen(ctx, "/tags/"+slug.Make(tag.Name), "/"+item.Slug, start); err != nil {
			return nil, nil, nil, err
		}
		listed = append(listed, time.Since(start))
	}
	for _, t := range []took{returned, found, listed} {
		slices.Sort(t)
	}
	return returned, found, listed, nil
}

// seen asks for a page without a pause until it shows text.
func (s *server) seen(ctx context.Context, path, text string, since time.Time) error {
	for {
		err := s.shows(ctx, path, text)
		if err == nil {
			return nil
		}
		if time.Since(since) > patience {
			return fmt.Errorf("after %s: %w", patience, err)
		}
	}
}

// writeBlog writes the first of posts as Markdown files.
func writeBlog(dir string, b *blog.Blog, n int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i := range n {
		p := b.Post(i, n)
		text := fmt.Sprintf("---\ntitle: %q\ndate: %s\nlanguage: %s\nauthors: [%s]\ntags: [%s]\n---\n\n%s\n",
			p.Title, p.PublishedAt.Format(time.RFC3339), p.Language, p.Author, strings.Join(p.Tags, ", "), p.Body)
		if err := os.WriteFile(filepath.Join(dir, p.Slug+".md"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
