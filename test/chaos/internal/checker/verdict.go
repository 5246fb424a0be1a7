package checker

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Invariant is one of the promises of docs/events.md that a run is held to.
type Invariant string

// The invariants.
const (
	I1  Invariant = "I1"  // every acknowledged write is in the owner's database and in all read models
	I2  Invariant = "I2"  // no read model ever goes back
	I3  Invariant = "I3"  // every read model and page equals what a fresh computation gives
	I4  Invariant = "I4"  // nothing withdrawn or deleted is visible, none comes back
	I5  Invariant = "I5"  // authors read their own writes
	I6  Invariant = "I6"  // one request, one effect; a refused one, none
	I7  Invariant = "I7"  // cached reads keep being answered
	I8  Invariant = "I8"  // memory, goroutines and files return to where they were
	I9  Invariant = "I9"  // positions have no gap
	I10 Invariant = "I10" // dead letters are exactly those that were planted
)

// Invariants lists them with what each promises.
func Invariants() map[Invariant]string {
	return map[Invariant]string{
		I1: "every acknowledged write is in the owner's database and in all read models in time",
		I2: "no read model ever goes back in (epoch, version)", I3: "every read model and page equals a fresh computation",
		I4: "nothing withdrawn or deleted is visible, none comes back", I5: "authors read their own writes",
		I6: "an unknown result and the same key have exactly one effect, a refused request none",
		I7: "cached reads are answered while anything but the gateway is down", I8: "memory, goroutines and files return to where they were",
		I9: "positions have no gap", I10: "dead letters are exactly the planted ones",
	}
}

// Violation is something that must not be.
type Violation struct {
	Invariant Invariant `json:"invariant"`
	Where     string    `json:"where"`
	Post      string    `json:"post,omitempty"`
	What      string    `json:"what"`
	// History is what was asked of the post and what its owner noted, around the end.
	History []string `json:"history,omitempty"`
}

// String is the violation in one line.
func (v Violation) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s: %s %s", v.Invariant, v.Where, v.Post, v.What))
}

// Findings gathers violations. Safe for concurrent use; the zero value is empty.
type Findings struct {
	mu   sync.Mutex
	list []Violation
}

// Add adds a violation.
func (f *Findings) Add(inv Invariant, where, post, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, Violation{Invariant: inv, Where: where, Post: post, What: fmt.Sprintf(format, args...)})
}

// List is all of them, by invariant and post.
func (f *Findings) List() []Violation {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := slices.Clone(f.list)
	slices.SortStableFunc(out, func(a, b Violation) int {
		if c := strings.Compare(string(a.Invariant), string(b.Invariant)); c != 0 {
			return c
		}
		return strings.Compare(a.Post+a.Where, b.Post+b.Where)
	})
	return out
}
