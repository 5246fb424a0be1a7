package query

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What docs/search.md shows is read as it says: the examples without a problem, those of
// problems with one.
func TestManual(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "search.md"))
	if err != nil {
		t.Fatal(err)
	}
	manual, _, _ := strings.Cut(string(text), "\n## For authors")
	good, bad, ok := strings.Cut(manual, "| you typed | you hear |")
	if !ok {
		t.Fatal("there is no table of problems")
	}
	code := regexp.MustCompile("`([^`]+)`")
	count := 0
	for _, m := range code.FindAllStringSubmatch(good, -1) {
		example := m[1]
		if name, isField := strings.CutSuffix(example, ":"); isField {
			if _, ok := fieldNamed(name); !ok {
				t.Errorf("%q is no field", example)
			}
			continue
		}
		if operator(example) != endToken || example == "+" {
			continue
		}
		count++
		if _, problem := Parse(example, "en"); problem != nil {
			t.Errorf("%q has a problem: %+v", example, *problem)
		}
	}
	table, rest, _ := strings.Cut(bad, "\n\n")
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, m := range code.FindAllStringSubmatch(cells[1], -1) {
			count++
			if n, problem := Parse(m[1], "en"); problem == nil {
				t.Errorf("%q has no problem: %v", m[1], n)
			}
		}
	}
	for _, m := range code.FindAllStringSubmatch(rest, -1) {
		count++
		if _, problem := Parse(m[1], "en"); problem != nil {
			t.Errorf("%q has a problem: %+v", m[1], *problem)
		}
	}
	if count < 40 {
		t.Errorf("%d examples in the manual, want all of them", count)
	}
}
