package checker

import (
	"context"
	"time"

	"github.com/parution/parution/test/chaos/internal/journal"
)

// Front is a gateway: its name and how to ask it.
type Front struct {
	Name  string
	Fetch Fetch
	// Behind is how many replicas of tags answer its searches in turn.
	Behind int
}

// CheckData holds the databases against the history. planted are the aggregates
// whose dead letters are expected.
func CheckData(s *State, h *History, planted []string, now time.Time) []Violation {
	var f Findings
	checkOwner(&f, s, h, now)
	checkFeeds(&f, s)
	checkVersions(&f, s)
	checkModels(&f, s, len(h.Lost) > 0)
	checkDead(&f, s, planted)
	for _, op := range h.Ops {
		if op.Stale != "" {
			f.Add(I5, "op", op.Post, "op %d (%s): %s", op.N, op.Kind, op.Stale)
		}
	}
	return withHistory(f.List(), s, h)
}

// CheckPages looks at every page of every gateway, and at what every replica behind it
// finds; what is wrong is looked at again until the deadline. right is when the last page became right, zero if
// all were at once.
func CheckPages(ctx context.Context, s *State, h *History, fronts []Front, deadline time.Time) (_ []Violation, right time.Time) {
	var f Findings
	for _, front := range fronts {
		if at := crawl(ctx, &f, s, len(h.Lost) > 0, front.Name, front.Fetch, deadline); at.After(right) {
			right = at
		}
		if at := searchAll(ctx, &f, s, front, deadline); at.After(right) {
			right = at
		}
	}
	return withHistory(f.List(), s, h), right
}

// histories is how many violations come with the history of their post: more
// tell nothing new.
const histories = 20

func withHistory(list []Violation, s *State, h *History) []Violation {
	for i := range list[:min(len(list), histories)] {
		if list[i].Post != "" {
			list[i].History = h.about(s, list[i].Post)
		}
	}
	return list
}

// Settled tells whether no scheduled post is still to come.
func Settled(s *State) bool {
	for _, p := range s.Posts {
		if p.Status == "scheduled" {
			return false
		}
	}
	return true
}

// Counts are how many operations there were, by kind and outcome.
func Counts(ops []journal.Op) map[journal.Kind]map[journal.Outcome]int {
	out := make(map[journal.Kind]map[journal.Outcome]int)
	for _, op := range ops {
		if out[op.Kind] == nil {
			out[op.Kind] = make(map[journal.Outcome]int)
		}
		out[op.Kind][op.Outcome]++
	}
	return out
}
