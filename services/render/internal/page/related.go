package page

import (
	"cmp"
	"slices"
	"time"
)

// Candidate is a post that may be related to another, since both carry a tag.
type Candidate struct {
	Place

	// Tags are slugs.
	Tags []string
}

// Related picks the size candidates that have most in common with a post that
// was published at and carries tags, given as how often each is carried: of as
// much in common the one that is nearer in time.
func Related(at time.Time, tags map[string]int, candidates []Candidate, size int) []string {
	score := func(c Candidate) (sum float64) {
		for _, slug := range c.Tags {
			if count, shared := tags[slug]; shared {
				sum += Weight(count)
			}
		}
		return sum
	}
	scores := make(map[string]float64, len(candidates))
	for _, c := range candidates {
		scores[c.PostID] = score(c)
	}
	sorted := slices.SortedFunc(slices.Values(candidates), func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(scores[b.PostID], scores[a.PostID]), cmp.Compare(a.At.Sub(at).Abs(), b.At.Sub(at).Abs()), cmp.Compare(a.PostID, b.PostID))
	})
	var ids []string
	for _, c := range sorted[:min(size, len(sorted))] {
		ids = append(ids, c.PostID)
	}
	return ids
}
