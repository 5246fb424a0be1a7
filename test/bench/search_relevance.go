package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parution/parution/test/relevance"
	"github.com/parution/parution/test/world/topology"
)

// The floors of relevance.
const (
	leastRecall = 0.9
	leastNDCG   = 0.8
)

// The posts of the sites that relevance is measured on.
const (
	demoPosts   = 31
	corpusPosts = 132
)

// relevances prints how well judged queries are answered, over the sample posts
// and, where it is there, the real blog.
func relevances(ctx context.Context, r report) error {
	r.line("\n### Relevance\n\nJudged queries of [test/relevance](../../test/relevance/README.md), asked of the one binary.")
	demo, err := relevance.Demo()
	if err != nil {
		return err
	}
	if err := relevant(ctx, r, demo, demoPosts, "", "--demo"); err != nil {
		return err
	}
	corpus, err := relevance.Corpus()
	if err != nil {
		return err
	}
	root, err := topology.Root()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "..", "shared", "corpus", "beta-blog")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		r.line("\nThe real blog is not here: not measured.")
		return nil
	} else if err != nil {
		return err
	}
	return relevant(ctx, r, corpus, corpusPosts, dir)
}

// relevant measures one set on a new server, with the posts of a Jekyll site if named.
func relevant(ctx context.Context, r report, set relevance.Set, posts int, jekyll string, args ...string) (err error) {
	s, err := open(ctx, topology.One, topology.Options{Args: args})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if jekyll != "" {
		if _, err := s.Run(ctx, "import", "jekyll", jekyll, "--server", s.URL, "--token", s.secret); err != nil {
			return err
		}
	}
	asked := relevance.Server{URL: s.URL}
	err = s.wait(ctx, func() error {
		total, err := asked.Total(ctx)
		if err == nil && total != posts {
			err = fmt.Errorf("%d posts are found, want %d", total, posts)
		}
		return err
	})
	if err != nil {
		return err
	}
	result, err := relevance.Measure(ctx, asked, set)
	if err != nil {
		return err
	}
	r.line("\n%s", result.Table())
	all := result.All()
	r.table()
	r.row(set.Name+", recall@10", fmt.Sprintf("%.3f", all.Recall), fmt.Sprintf("≥ %.1f", leastRecall), all.Recall >= leastRecall)
	r.row(set.Name+", nDCG@10", fmt.Sprintf("%.3f", all.NDCG), fmt.Sprintf("≥ %.1f", leastNDCG), all.NDCG >= leastNDCG)
	return nil
}
