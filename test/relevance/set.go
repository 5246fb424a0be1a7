// Package relevance measures how well a running Parution answers what people look
// for: queries with judged answers over posts that are known. README.md says how the
// judgements were made.
package relevance

import (
	_ "embed" // for the queries
	"fmt"
	"strings"
)

var (
	//go:embed demo.txt
	demoText string
	//go:embed corpus.txt
	corpusText string
)

// Set is queries over the posts of one site.
type Set struct {
	Name    string
	Queries []Query
}

// Query is what somebody looks for.
type Query struct {
	// Kind is what the query tries: "accents", "typos" and so on.
	Kind, Text string
	// Meant is how a misspelt query should have been typed; empty for others.
	Meant string
	// Grades are of the posts that answer, by slug: 3 is what was looked for, 2 says a
	// good deal about it, 1 something. Empty: nothing answers, and nothing must be found.
	Grades map[string]int
}

// Demo is the queries over the posts of `parution serve --demo`.
func Demo() (Set, error) { return read("demo", demoText) }

// Corpus is the queries over the real blog that lies beside the repository where it is
// developed.
func Corpus() (Set, error) { return read("corpus", corpusText) }

// read reads the form that README.md describes.
func read(name, text string) (Set, error) {
	s := Set{Name: name}
	kind := ""
	for n, line := range strings.Split(text, "\n") {
		sign, rest, _ := strings.Cut(line, " ")
		var q *Query
		if len(s.Queries) > 0 {
			q = &s.Queries[len(s.Queries)-1]
		}
		switch {
		case line == "", sign == "#":
		case sign == "=" && rest != "":
			kind = rest
		case sign == "?" && rest != "" && kind != "":
			s.Queries = append(s.Queries, Query{Kind: kind, Text: rest, Grades: make(map[string]int)})
		case sign == "~" && rest != "" && q != nil:
			q.Meant = rest
		case (sign == "1" || sign == "2" || sign == "3") && rest != "" && q != nil && q.Grades[rest] == 0:
			q.Grades[rest] = int(sign[0] - '0')
		default:
			return Set{}, fmt.Errorf("%s.txt:%d: cannot read %q", name, n+1, line)
		}
	}
	return s, nil
}
