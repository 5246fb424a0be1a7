// Package markup finds things in Markdown and HTML source without changing
// anything else in it: code, links, images, tags. What is found is replaced by
// edits, and every line remembers where it stood in the file.
package markup

import (
	"slices"
	"sort"
	"strings"
)

// Range is a part of a text, in bytes: Start is in it, End is not.
type Range struct{ Start, End int }

// in tells whether the position lies in one of the sorted ranges.
func in(ranges []Range, at int) bool {
	i := sort.Search(len(ranges), func(i int) bool { return ranges[i].End > at })
	return i < len(ranges) && ranges[i].Start <= at
}

// Inside tells whether the position lies in one of the ranges, which are
// sorted and do not overlap.
func Inside(ranges []Range, at int) bool { return in(ranges, at) }

// Text is a text whose lines know their number in the file. Not changed once made.
type Text struct {
	s      string
	starts []int // where each line begins
	lines  []int // its number in the file
}

// NewText is a text that begins on that line of the file.
func NewText(s string, first int) Text {
	t := Text{s: s, starts: starts(s)}
	t.lines = make([]int, len(t.starts))
	for i := range t.lines {
		t.lines[i] = first + i
	}
	return t
}

func starts(s string) []int {
	out := make([]int, 1, 1+strings.Count(s, "\n"))
	for i := range len(s) {
		if s[i] == '\n' {
			out = append(out, i+1)
		}
	}
	return out
}

// String is the text itself.
func (t Text) String() string { return t.s }

// Line is the line of the file that the position stands on.
func (t Text) Line(at int) int {
	i := sort.SearchInts(t.starts, at+1) - 1
	if i < 0 {
		return 0
	}
	return t.lines[i]
}

// Edit replaces a part of a text.
type Edit struct {
	Range
	New string
}

// Apply is the text after the edits, in any order. Of edits that overlap the
// one that begins first holds; of two that begin together, the longer.
func (t Text) Apply(edits []Edit) Text {
	edits = tidy(edits)
	if len(edits) == 0 {
		return t
	}
	var b strings.Builder
	lines := []int{t.Line(0)}
	copied := func(from, to int) {
		b.WriteString(t.s[from:to])
		i := sort.SearchInts(t.starts, from+1)
		for ; i < len(t.starts) && t.starts[i] <= to; i++ {
			lines = append(lines, t.lines[i])
		}
	}
	at := 0
	for _, e := range edits {
		copied(at, e.Start)
		b.WriteString(e.New)
		for range strings.Count(e.New, "\n") {
			lines = append(lines, t.Line(e.Start))
		}
		at = e.End
		// A line that begins with an edit bears the number of what follows it.
		if out := b.String(); (out == "" || out[len(out)-1] == '\n') && e.New == "" {
			lines[len(lines)-1] = t.Line(at)
		}
	}
	copied(at, len(t.s))
	s := b.String()
	return Text{s: s, starts: starts(s), lines: lines}
}

// tidy sorts edits and drops those that overlap an earlier one.
func tidy(edits []Edit) []Edit {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
	out, end := edits[:0], 0
	for _, e := range edits {
		if e.Start < end {
			continue
		}
		out, end = append(out, e), max(end, e.End)
	}
	return out
}

// Splice is the part of s from start to end with the edits applied that lie in it.
func Splice(s string, r Range, edits []Edit) string {
	var b strings.Builder
	at := r.Start
	for _, e := range tidy(edits) {
		if e.Start < at || e.End > r.End {
			continue
		}
		b.WriteString(s[at:e.Start])
		b.WriteString(e.New)
		at = e.End
	}
	b.WriteString(s[at:r.End])
	return b.String()
}

// WholeLine widens a range to its line, line break included, if nothing but
// blanks stands beside it there. A tag that leaves a blank line behind would
// end the HTML block or the list around it.
func WholeLine(s string, r Range) Range {
	start, end := r.Start, r.End
	for start > 0 && (s[start-1] == ' ' || s[start-1] == '\t') {
		start--
	}
	for end < len(s) && (s[end] == ' ' || s[end] == '\t') {
		end++
	}
	switch {
	case start > 0 && s[start-1] != '\n':
		return r
	case end < len(s) && s[end] == '\n':
		return Range{start, end + 1}
	case end == len(s):
		return Range{start, end}
	}
	return r
}
