package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/test/bench/blog"
	"github.com/parution/parution/test/world/topology"
)

// The goals of issue 5.
const (
	algebraGoal  = 5.0
	postsGoal    = 2000
	startGoal    = 10 * time.Second
	memoryGoal   = 150.0 // MiB for a million posts
	wordsGoal    = 30.0  // up to 100,000 posts
	wordsGoalBig = 80.0
)

// ownOn measures the tags service with n posts on a database: everything on SQLite, on PostgreSQL what differs.
func ownOn(ctx context.Context, r report, b *blog.Blog, n int, sqlite bool, profiles string) (err error) {
	a, err := openAlone(ctx, b, n, sqlite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	engine := "PostgreSQL"
	if sqlite {
		engine = "SQLite"
	}
	before, err := used()
	if err != nil {
		return err
	}
	var searched time.Duration
	name := fmt.Sprintf("%s-%d-", strings.ToLower(engine), n)
	err = a.profile(ctx, profiles, name+"indexing", func() (err error) {
		searched, err = a.load(ctx)
		return err
	})
	if err != nil {
		return err
	}
	r.line("\nThe tags service by itself on %s: calls over gRPC on loopback; posts come from a stand-in for the posts service by a rebuild.", engine)
	r.table()
	rate := float64(n) / searched.Seconds()
	r.row("indexing, until the last post is found", fmt.Sprintf("%.0f posts/s", rate), fmt.Sprintf("≥ %s posts/s", thousands(postsGoal)), rate >= postsGoal)
	after, err := used()
	if err != nil {
		return err
	}
	r.row("– CPU time for each post, the client's for making them included", after.per(n, before), "", true)
	if err := a.questions(ctx, r, b, profiles, name); err != nil {
		return err
	}
	if !sqlite {
		return nil
	}
	if err := a.memory(ctx, r); err != nil {
		return err
	}
	if err := a.starts(ctx, r); err != nil {
		return err
	}
	return a.worst(ctx, r, b)
}

// questions asks what the databases are asked.
func (a *alone) questions(ctx context.Context, r report, b *blog.Blog, profiles, name string) error {
	asked := asReader(ctx)
	search := func(q *tagsv1.SearchRequest) error {
		got, err := a.tags.Search(asked, q)
		if err == nil && (got.GetTotal() == 0 || got.GetProblem() != nil) {
			err = fmt.Errorf("%v finds nothing: %v", q, got.GetProblem())
		}
		return err
	}
	asker := b.Ask(2, a.n)
	tags, err := a.timed(ctx, profiles, name+"tags", func() *tagsv1.SearchRequest {
		q := asker.Tags()
		return &tagsv1.SearchRequest{Tag: q.All, Any: q.Any, Not: q.Not, PageSize: 20, Order: "newest"}
	}, search)
	if err != nil {
		return err
	}
	r.quantiles("3 tags with counts", tags, algebraGoal)
	goal := wordsGoal
	if a.n > 100_000 {
		goal = wordsGoalBig
	}
	for _, complete := range []bool{true, false} {
		what, file := "2–3 words, first page with snippets", "words"
		if !complete {
			what, file = what+", the last word may go on", "open"
		}
		asker := b.Ask(1, a.n)
		words, err := a.timed(ctx, profiles, name+file, func() *tagsv1.SearchRequest {
			return &tagsv1.SearchRequest{Q: strings.Join(asker.Words(), " "), PageSize: 20, Complete: complete}
		}, search)
		if err != nil {
			return err
		}
		r.quantiles(what, words, goal)
	}
	return nil
}

// timed asks questions and writes a profile of that, if wanted.
func (a *alone) timed(
	ctx context.Context, profiles, name string, next func() *tagsv1.SearchRequest, answer func(*tagsv1.SearchRequest) error,
) (out took, err error) {
	return out, a.profile(ctx, profiles, name, func() error {
		out, err = ask(ctx, next, answer)
		return err
	})
}

// quantiles is a row about durations; the goal is of the 99th percentile.
func (r report) quantiles(what string, t took, goal float64) {
	r.row(what+", p99", fmt.Sprintf("%.2f ms (p50 %.2f, p95 %.2f, longest %.2f)", t.p(.99), t.p(.5), t.p(.95), t.p(1)), fmt.Sprintf("≤ %.0f ms", goal), t.p(.99) <= goal)
}

// memory reports what the index of tags and the process hold.
func (a *alone) memory(ctx context.Context, r report) error {
	index, err := a.heap(ctx, "services/tags/internal/index")
	if err != nil {
		return err
	}
	resident, err := memory(a.Pid(topology.Tags))
	if err != nil {
		return err
	}
	limit := memoryGoal * float64(a.n) / 1e6
	if a.n < 100_000 { // what does not grow with the posts would count
		r.row("memory of the index of tags, by heap profile", fmt.Sprintf("%.1f MiB (process resident %.0f)", index, resident), "", true)
		return nil
	}
	r.row("memory of the index of tags, by heap profile", fmt.Sprintf("%.1f MiB (process resident %.0f)", index, resident), fmt.Sprintf("≤ %.1f MiB", limit), index <= limit)
	return nil
}

// starts measures a start from the saved index, and one without it.
func (a *alone) starts(ctx context.Context, r report) error {
	saved, err := a.restart(ctx, func() error { return nil })
	if err != nil {
		return err
	}
	r.row("start from the saved index until ready", fmt.Sprintf("%.2f s", saved.Seconds()), fmt.Sprintf("≤ %.0f s", startGoal.Seconds()), saved <= startGoal)
	size := int64(0)
	err = filepath.WalkDir(a.IndexDir(topology.Tags), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	rebuilt, err := a.restart(ctx, func() error { return os.RemoveAll(a.IndexDir(topology.Tags)) })
	if err != nil {
		return err
	}
	r.row("start without it (made from the database)", fmt.Sprintf("%.1f s, %.0f posts/s", rebuilt.Seconds(), float64(a.n)/rebuilt.Seconds()), "", true)
	r.row("index on disk", fmt.Sprintf("%d MiB", size/mebi), "", true)
	return nil
}
