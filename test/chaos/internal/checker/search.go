package checker

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	searchPath = "/api/v1/search"
	// searchPage is how many posts are asked for at once, maxFacets how many tags an
	// answer counts.
	searchPage, maxFacets = 100, 30
	// some is how many of a kind are searched for.
	some = 3
)

// searchAll asks a gateway what searches find. Each question is asked once for every
// replica behind the gateway, one after the other: it asks them in turn, so that each
// answers each.
func searchAll(ctx context.Context, f *Findings, s *State, front Front, deadline time.Time) (right time.Time) {
	for _, w := range s.searches() {
		for range max(1, front.Behind) {
			if at := settle(ctx, f, front.Name, front.Fetch, w, deadline); at.After(right) {
				right = at
			}
		}
	}
	return right
}

// searches are a handful of questions of each kind, and what each must find.
func (s *State) searches() []want {
	all := s.published()
	var out []want
	ask := func(query url.Values, finds func(Post) bool) {
		out = append(out, s.search(query, slices.DeleteFunc(slices.Clone(all), func(p Post) bool { return !finds(p) }))...)
	}
	ask(url.Values{}, func(Post) bool { return true })
	for _, q := range s.combinations() {
		ask(q.query, func(p Post) bool { return q.finds(s.called(p.Tags)) })
	}
	for _, word := range s.former() {
		ask(url.Values{"tag": {word}}, func(p Post) bool { return slices.Contains(s.called(p.Tags), s.called([]string{word})[0]) })
	}
	for _, mark := range s.marks() {
		// in quotation marks: it is not read as a form of another
		ask(url.Values{"q": {`"` + mark + `"`}, "complete": {"true"}}, func(p Post) bool { return markOf(p.Body) == mark })
	}
	return out
}

// combination is a question by tags.
type combination struct {
	query url.Values
	finds func(tags []string) bool
}

// combinations are of the most frequent tags.
func (s *State) combinations() []combination {
	counts := s.tagCounts()
	tags := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	if len(tags) < some {
		return nil
	}
	a, b, c := tags[0], tags[1], tags[2]
	has := func(list []string, tag string) bool { return slices.Contains(list, tag) }
	return []combination{
		{url.Values{"tag": {a}}, func(l []string) bool { return has(l, a) }},
		{url.Values{"tag": {tags[len(tags)-1]}}, func(l []string) bool { return has(l, tags[len(tags)-1]) }},
		{url.Values{"tag": {a, b}}, func(l []string) bool { return has(l, a) && has(l, b) }},
		{url.Values{"tag": {a}, "not": {b}}, func(l []string) bool { return has(l, a) && !has(l, b) }},
		{url.Values{"any": {a, b}, "not": {c}}, func(l []string) bool { return (has(l, a) || has(l, b)) && !has(l, c) }},
		{url.Values{"not": {a, c}}, func(l []string) bool { return !has(l, a) && !has(l, c) }},
	}
}

// former are words that lead to a tag of another name today.
func (s *State) former() []string {
	var out []string
	for _, word := range slices.Sorted(maps.Keys(s.Names)) {
		if now := s.called([]string{word}); len(out) < some && now[0] != word && now[0] != circle {
			out = append(out, word)
		}
	}
	return out
}

// marks are of texts: of the newest, which are found, and of some that are gone.
func (s *State) marks() []string {
	var out []string
	for _, p := range s.published() {
		if mark := markOf(p.Body); mark != "" && len(out) < some {
			out = append(out, mark)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.Posts)) {
		if p := s.Posts[id]; p.WasPublic && !p.Public() && markOf(p.Body) != "" && len(out) < 2*some {
			out = append(out, markOf(p.Body))
		}
	}
	return out
}

// answer is what a search finds.
type answer struct {
	Posts []struct {
		ID string `json:"id"`
	} `json:"posts"`
	Total  int `json:"total"`
	Facets []struct {
		Slug  string `json:"slug"`
		Count int    `json:"count"`
	} `json:"facets"`
}

// search is a question on all its pages: it must find these posts, the newest first.
func (s *State) search(query url.Values, posts []Post) []want {
	counts := make(map[string]int)
	for _, p := range posts {
		for _, t := range s.called(p.Tags) {
			counts[t]++
		}
	}
	query.Set("order", "newest")
	query.Set("page_size", strconv.Itoa(searchPage))
	var out []want
	for skip := 0; skip == 0 || skip < len(posts); skip += searchPage {
		part := posts[skip:min(len(posts), skip+searchPage)]
		query.Set("skip", strconv.Itoa(skip))
		out = append(out, want{searchPath + "?" + query.Encode(), func(f *Findings, where string, p Page) {
			var got answer
			if err := json.Unmarshal([]byte(p.Body), &got); err != nil || p.Status != http.StatusOK {
				f.Add(I3, where, "", "is no answer: %d %v", p.Status, err)
				return
			}
			if got.Total != len(posts) {
				f.Add(I3, where, "", "finds %d posts, there are %d", got.Total, len(posts))
			}
			s.sameFound(f, where, part, got)
			sameFacets(f, where, counts, got)
		}})
	}
	return out
}

// sameFound compares a page of what is found. Posts of one moment may change places.
func (s *State) sameFound(f *Findings, where string, posts []Post, got answer) {
	seen, at := make(map[string]bool), make([]time.Time, len(got.Posts))
	for i, g := range got.Posts {
		p, known := s.Posts[g.ID]
		at[i] = p.PublishedAt
		switch {
		case known && !p.Public():
			f.Add(I4, where, g.ID, "is found, and is %s", p.Status)
		case !known || seen[g.ID]:
			f.Add(I3, where, g.ID, "is found, twice or without being there")
		}
		seen[g.ID] = true
	}
	same := slices.EqualFunc(at, posts, func(t time.Time, p Post) bool { return t.Equal(p.PublishedAt) })
	for _, p := range posts {
		if !seen[p.ID] && !same {
			f.Add(I1, where, p.ID, "is not found")
		}
	}
	if !same {
		f.Add(I3, where, "", "finds %v, not the posts in their order", got.Posts)
	}
}

// sameFacets compares how many of the posts found are under each tag. Of more tags than
// an answer has it counts the most frequent.
func sameFacets(f *Findings, where string, counts map[string]int, got answer) {
	if n := min(maxFacets, len(counts)); len(got.Facets) != n {
		f.Add(I3, where, "", "counts %d tags, want %d", len(got.Facets), n)
	}
	for _, t := range got.Facets {
		if counts[t.Slug] != t.Count {
			f.Add(I3, where, "", "counts %d posts with tag %s, there are %d", t.Count, t.Slug, counts[t.Slug])
		}
	}
}
