package importer

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Severity is how bad a problem is.
type Severity uint8

// The severities.
const (
	// Warning: something came over otherwise than it was, or not at all, but its post did.
	Warning Severity = iota
	// Refused: a post or a file did not come over.
	Refused
)

// String is the severity's name.
func (s Severity) String() string {
	if s == Refused {
		return "refused"
	}
	return "warning"
}

// Problem is something that did not come over as it was.
type Problem struct {
	// File is relative to the imported folder, with slashes.
	File string
	// Line is counted from 1; 0 if it concerns the whole file.
	Line     int
	Severity Severity
	// Topic gathers problems of one sort in the report: "missing image".
	Topic string
	// Reason says what is wrong and what was done about it.
	Reason string
}

// String is the problem in one line.
func (p Problem) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	return p.File + ": " + p.Reason
}

// Report says what an import did.
type Report struct {
	// Kind and Path are what was imported.
	Kind Kind
	Path string
	// Posts is how many posts the folder holds, refused ones included.
	Posts int
	// Created, Updated and Unchanged count the posts that came over.
	Created, Updated, Unchanged int
	// Drafts counts those of them that readers do not see.
	Drafts int
	// MediaCopied and MediaExisting count files, each once.
	MediaCopied, MediaExisting int
	// Redirects counts the old paths that lead to posts.
	Redirects int
	// OtherHosts counts images that stay where they are, on other hosts.
	OtherHosts int
	// Notes say what was found out about the folder, such as its old address.
	Notes []string
	// Problems are sorted by file and line.
	Problems []Problem
}

// Refused is how many posts and files did not come over.
func (r *Report) Refused() int { return r.count(Refused) }

// Warnings is how many things came over otherwise than they were.
func (r *Report) Warnings() int { return r.count(Warning) }

func (r *Report) count(s Severity) int {
	n := 0
	for _, p := range r.Problems {
		if p.Severity == s {
			n++
		}
	}
	return n
}

// Changed tells whether the import changed anything on the site.
func (r *Report) Changed() bool { return r.Created+r.Updated+r.MediaCopied > 0 }

// String is the report as Write writes it.
func (r *Report) String() string {
	var b strings.Builder
	_ = r.Write(&b) // a Builder takes everything
	return b.String()
}

// Write writes the report for people to read.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Import of %s (%s): %s\n", r.Path, r.Kind, plural(r.Posts, "post"))
	fmt.Fprintf(&b, "  posts      %d created, %d updated, %d unchanged", r.Created, r.Updated, r.Unchanged)
	if r.Drafts > 0 {
		fmt.Fprintf(&b, "; %s", plural(r.Drafts, "draft"))
	}
	fmt.Fprintf(&b, "\n  media      %d copied, %d already there", r.MediaCopied, r.MediaExisting)
	if r.OtherHosts > 0 {
		fmt.Fprintf(&b, "; %s on other hosts left there", plural(r.OtherHosts, "image"))
	}
	fmt.Fprintf(&b, "\n  redirects  %d from old paths\n  refused    %d\n  warnings   %d\n", r.Redirects, r.Refused(), r.Warnings())
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "%s\n", n)
	}
	if !r.Changed() && r.Unchanged > 0 {
		fmt.Fprintf(&b, "Nothing changed: %s there already, as now.\n", areOrIs(r.Unchanged, "post"))
	}
	r.list(&b, Refused, "Refused")
	r.list(&b, Warning, "Warnings")
	_, err := io.WriteString(w, b.String())
	if err != nil {
		return fmt.Errorf("write the import's report: %w", err)
	}
	return nil
}

// list writes the problems of one severity, by topic.
func (r *Report) list(b *strings.Builder, s Severity, title string) {
	byTopic := make(map[string][]Problem)
	var topics []string
	for _, p := range r.Problems {
		if p.Severity != s {
			continue
		}
		if byTopic[p.Topic] == nil {
			topics = append(topics, p.Topic)
		}
		byTopic[p.Topic] = append(byTopic[p.Topic], p)
	}
	if len(topics) == 0 {
		return
	}
	slices.Sort(topics)
	fmt.Fprintf(b, "\n%s\n", title)
	for _, t := range topics {
		fmt.Fprintf(b, "  %s (%d)\n", t, len(byTopic[t]))
		for _, p := range byTopic[t] {
			fmt.Fprintf(b, "    %s\n", p)
		}
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func areOrIs(n int, noun string) string {
	if n == 1 {
		return "the 1 " + noun + " was"
	}
	return fmt.Sprintf("all %d %ss were", n, noun)
}

// sortProblems orders problems by file and line, and drops repetitions.
func sortProblems(ps []Problem) []Problem {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return slices.Compact(ps)
}
