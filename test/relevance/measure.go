package relevance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// depth is how many answers count: those of a first page that people look at.
const depth = 10

// patience bounds one request, most how many bytes of an answer are read.
const (
	patience = 10 * time.Second
	most     = 4 << 20
)

// Server is a running Parution whose site has the posts of a set.
type Server struct {
	// URL is without a final "/".
	URL string
	// Host is the site's name; empty: the URL's.
	Host string
}

// Report is how well the queries of a set were answered.
type Report struct {
	Set     string
	Results []Result
}

// Result is how well one query was answered.
type Result struct {
	Query

	// Found are the slugs of the first ten answers, the best first.
	Found []string
	// Followed is what was suggested for a query that found nothing, and asked instead,
	// as people do.
	Followed string
	// Recall is the part of the posts that answer that is among the first ten (of ten,
	// where more answer), NDCG how near to the best order the first ten are.
	Recall, NDCG float64
}

// Score is the means of some results.
type Score struct {
	Kind         string
	Queries      int
	Recall, NDCG float64
}

// Measure asks a server all queries of a set.
func Measure(ctx context.Context, s Server, set Set) (Report, error) {
	r := Report{Set: set.Name}
	client := http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	for _, q := range set.Queries {
		a, err := s.search(ctx, &client, q.Text)
		if err != nil {
			return Report{}, err
		}
		result := Result{Query: q}
		if len(a.Posts) == 0 && a.DidYouMean != "" {
			result.Followed = a.DidYouMean
			if a, err = s.search(ctx, &client, a.DidYouMean); err != nil {
				return Report{}, err
			}
		}
		for _, p := range a.Posts {
			result.Found = append(result.Found, p.Slug)
		}
		result.Recall, result.NDCG = judge(q.Grades, result.Found)
		r.Results = append(r.Results, result)
	}
	return r, nil
}

// Total is how many posts the site has.
func (s Server) Total(ctx context.Context) (int, error) {
	client := http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	a, err := s.search(ctx, &client, "")
	return a.Total, err
}

type answer struct {
	Posts []struct {
		Slug string `json:"slug"`
	} `json:"posts"`
	Total      int    `json:"total"`
	DidYouMean string `json:"did_you_mean"`
}

func (s Server) search(ctx context.Context, client *http.Client, q string) (a answer, err error) {
	address := s.URL + "/api/v1/search?page_size=" + strconv.Itoa(depth) + "&q=" + url.QueryEscape(q)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return a, fmt.Errorf("ask for %q: %w", q, err)
	}
	req.Host = s.Host
	resp, err := client.Do(req)
	if err != nil {
		return a, fmt.Errorf("ask for %q: %w", q, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return a, fmt.Errorf("ask for %q: %w", q, err)
	}
	if resp.StatusCode != http.StatusOK {
		return a, fmt.Errorf("ask for %q: %s: %.300s", q, resp.Status, body)
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return a, fmt.Errorf("ask for %q: %w", q, err)
	}
	return a, nil
}

// judge gives recall and normalised discounted cumulative gain of the first ten. Where
// nothing answers, nothing found is perfect and anything found is a failure.
func judge(grades map[string]int, found []string) (recall, ndcg float64) {
	found = found[:min(depth, len(found))]
	if len(grades) == 0 {
		if len(found) == 0 {
			return 1, 1
		}
		return 0, 0
	}
	hits, gain := 0, 0.0
	for i, slug := range found {
		if g := grades[slug]; g > 0 {
			hits++
			gain += discounted(g, i)
		}
	}
	best := 0.0
	order := make([]int, 0, len(grades))
	for _, g := range grades {
		order = append(order, g)
	}
	slices.Sort(order)
	slices.Reverse(order)
	for i, g := range order[:min(depth, len(order))] {
		best += discounted(g, i)
	}
	return float64(hits) / float64(min(depth, len(grades))), gain / best
}

// discounted is what a post of a grade is worth at a place, from 0.
func discounted(grade, place int) float64 {
	return (math.Exp2(float64(grade)) - 1) / math.Log2(float64(place)+2)
}

// All is the score of all queries.
func (r Report) All() Score { return mean("all", r.Results) }

// Kinds are the scores of each kind of query, in the order of the set.
func (r Report) Kinds() []Score {
	var out []Score
	for _, result := range r.Results {
		if slices.ContainsFunc(out, func(s Score) bool { return s.Kind == result.Kind }) {
			continue
		}
		var same []Result
		for _, other := range r.Results {
			if other.Kind == result.Kind {
				same = append(same, other)
			}
		}
		out = append(out, mean(result.Kind, same))
	}
	return out
}

func mean(kind string, results []Result) Score {
	s := Score{Kind: kind, Queries: len(results)}
	for _, r := range results {
		s.Recall += r.Recall / float64(len(results))
		s.NDCG += r.NDCG / float64(len(results))
	}
	return s
}

// Table is the scores as a table in Markdown.
func (r Report) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | queries | recall@10 | nDCG@10 |\n|---|--:|--:|--:|\n", r.Set)
	for _, s := range append(r.Kinds(), r.All()) {
		fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f |\n", s.Kind, s.Queries, s.Recall, s.NDCG)
	}
	return b.String()
}

// Misses tells of each query that was answered less than perfectly, worst first, what was
// found with its grade and what was not.
func (r Report) Misses() string {
	worst := slices.Clone(r.Results)
	slices.SortStableFunc(worst, func(a, b Result) int {
		switch {
		case a.NDCG < b.NDCG:
			return -1
		case a.NDCG > b.NDCG:
			return 1
		}
		return 0
	})
	var b strings.Builder
	for _, m := range worst {
		if m.NDCG > 0.9999 {
			break
		}
		fmt.Fprintf(&b, "%s: %q (asked %q, meant %q): recall %.2f, nDCG %.2f\n", m.Kind, m.Text, m.Followed, m.Meant, m.Recall, m.NDCG)
		for _, slug := range m.Found {
			fmt.Fprintf(&b, "    %d %s\n", m.Grades[slug], slug)
		}
		for slug, g := range m.Grades {
			if !slices.Contains(m.Found, slug) {
				fmt.Fprintf(&b, "    missing: %d %s\n", g, slug)
			}
		}
	}
	return b.String()
}
