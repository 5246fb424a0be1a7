package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parution/parution/chassis/fault"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/test/bench/blog"
)

// budget is what no question may exceed, in milliseconds.
const budget = 1000.0

// worst asks what was built to be slow; each three times.
func (a *alone) worst(ctx context.Context, r report, b *blog.Blog) error {
	r.line("\nThe worst questions that we could build, the longest of three each; none may take more than its budget or fail for another reason:")
	r.line("\n| question | ms | answer |\n|---|--:|---|")
	longest := 0.0
	for _, w := range worstOf(b) {
		slowest, answer := time.Duration(0), ""
		for range 3 {
			start := time.Now()
			got, err := a.tags.Search(asReader(ctx), w.request)
			slowest = max(slowest, time.Since(start))
			switch {
			case err == nil:
				answer = fmt.Sprintf("%s posts", thousands(int(got.GetTotal())))
			case fault.KindOf(err) == fault.KindInvalid:
				answer = "refused: " + err.Error()
			default:
				answer = "**error**: " + err.Error()
			}
		}
		ms := float64(slowest.Microseconds()) / 1000
		longest = max(longest, ms)
		r.line("| %s | %.1f | %s |", w.name, ms, answer)
	}
	r.table()
	r.row("the longest", fmt.Sprintf("%.0f ms", longest), fmt.Sprintf("≤ %.0f ms", budget), longest <= budget)
	return nil
}

type hardship struct {
	name    string
	request *tagsv1.SearchRequest
}

func worstOf(b *blog.Blog) []hardship {
	words := slices.Concat(b.TopWords("fr", 40), b.TopWords("en", 40))
	var starts, near, phrases []string
	for c := 'a'; c <= 'z'; c++ {
		starts = append(starts, string(c)+"*")
	}
	for _, w := range words {
		near = append(near, w[:len(w)-1]+"zq")
	}
	for i := range 16 {
		phrases = append(phrases, fmt.Sprintf("%q", words[i]+" "+words[i+1]))
	}
	asks := func(name, q string) hardship { return hardship{name, &tagsv1.SearchRequest{Q: q, PageSize: 20}} }
	tags := b.TagList()
	slugs := make([]string, 10)
	for i := range slugs {
		slugs[i] = tags[i].Slug
	}
	return []hardship{
		asks("everything", ""),
		asks("the three most frequent words", strings.Join(words[:3], " ")),
		asks("any of 32 frequent words", fit(words, " OR ", 32)),
		asks("none of 31 frequent words", words[0]+" -"+fit(words[1:], " -", 31)),
		asks("any of 26 beginnings of one letter", fit(starts, " OR ", 26)),
		asks("all of 26 beginnings of one letter", fit(starts, " ", 26)),
		asks("any of 16 phrases of frequent words", fit(phrases, " OR ", 16)),
		asks("16 words that nobody wrote, nearly as others", fit(near, " ", 16)),
		asks("nested 8 deep", strings.Repeat("(", 8)+words[0]+" OR "+strings.Join(words[1:9], ") OR ")+")"),
		{"any of 10 frequent tags, none of another, with words that may go on, the last page that may be skipped to", &tagsv1.SearchRequest{
			Any: slugs[:9], Not: slugs[9:], Q: words[0] + " OR " + words[1] + " OR c*", PageSize: 100, Skip: 10_000,
		}},
		asks("10,000 characters", strings.Repeat("marché ", 1430)),
		asks("1,000 terms", strings.Repeat("a ", 1000)),
		asks("operators alone", `OR -( "" ) -- * :`),
	}
}

// fit joins at most n of parts, as many as a question may have characters.
func fit(parts []string, by string, n int) string {
	const most = 480
	q := parts[0]
	for _, p := range parts[1:min(n, len(parts))] {
		if len([]rune(q+by+p)) > most {
			break
		}
		q += by + p
	}
	return q
}
