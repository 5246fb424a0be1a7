package page

import (
	"cmp"
	"slices"
	"time"
)

// keywordWeight is that of a word that two texts share: as much as a tag of eight to
// fifteen posts. Words count the same however frequent they are, since they are the
// rarest of their texts already.
const keywordWeight = 1.0 / 4

// Candidate is a post that may be related to another, since both are about something.
type Candidate struct {
	Place

	// Subjects are ids of tags, and keywords.
	Subjects []string
}

// Related picks the size candidates that have most in common with a post that
// was published at and is about tags, given as how many posts are found under
// each, and keywords, which count nothing: of as much in common the one that is nearer in time.
func Related(at time.Time, subjects map[string]int, candidates []Candidate, size int) []string {
	score := func(c Candidate) (sum float64) {
		for _, subject := range c.Subjects {
			count, shared := subjects[subject]
			switch {
			case !shared:
			case IsKeyword(subject):
				sum += keywordWeight
			default:
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
