package tags_test

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// What a program says by parameters means what the same words of a query mean.
func TestParametersNarrowASearch(t *testing.T) {
	t.Parallel()
	w := start(t, sqldbtest.SQLite(t))
	for _, p := range []struct {
		title, language, author string
		at                      time.Time
		tags                    []string
	}{
		{"may", "fr", "Étienne Morvan", noon(), []string{"Go"}},
		{"april", "en", "Nora Whitfield", noon().AddDate(0, -1, 0), []string{"SQL"}},
		{"last year", "fr-CA", "Nora Whitfield", noon().AddDate(-1, 0, 0), []string{"Rust"}},
		{"long ago", "en", "Tom Hargreave", time.Date(1066, 10, 14, 9, 0, 0, 0, time.UTC), nil},
	} {
		post := written(p.title, "words", p.at, p.tags...)
		post.Language, post.Authors = p.language, []string{p.author}
		w.change(t, "main", ids.New(), post)
	}
	w.settle(t)
	for name, c := range map[string]struct {
		ask  *tagsv1.SearchRequest
		want []string
	}{
		"since a year":              {&tagsv1.SearchRequest{Since: "2026"}, []string{"may", "april"}},
		"since a month":             {&tagsv1.SearchRequest{Since: "2026-05"}, []string{"may"}},
		"since that day":            {&tagsv1.SearchRequest{Since: "2026-05-04"}, []string{"may"}},
		"since the day after":       {&tagsv1.SearchRequest{Since: "2026-05-05"}, nil},
		"until a year":              {&tagsv1.SearchRequest{Until: "2026"}, []string{"last year", "long ago"}},
		"until that day":            {&tagsv1.SearchRequest{Until: "2026-05-04"}, []string{"april", "last year", "long ago"}},
		"a year":                    {&tagsv1.SearchRequest{Since: "2025", Until: "2026"}, []string{"last year"}},
		"a year that ends before":   {&tagsv1.SearchRequest{Since: "2026", Until: "2025"}, nil},
		"since the first year":      {&tagsv1.SearchRequest{Since: "0001"}, []string{"may", "april", "last year", "long ago"}},
		"until the first year":      {&tagsv1.SearchRequest{Until: "0001"}, nil},
		"one of two authors":        {&tagsv1.SearchRequest{Author: []string{"etienne-morvan", "Tom Hargreave"}}, []string{"may", "long ago"}},
		"a language and its kinds":  {&tagsv1.SearchRequest{Language: []string{"fr"}}, []string{"may", "last year"}},
		"a kind of a language":      {&tagsv1.SearchRequest{Language: []string{"fr-ca"}}, []string{"last year"}},
		"one of two tags":           {&tagsv1.SearchRequest{Any: []string{"go", "rust"}}, []string{"may", "last year"}},
		"all of it with words":      {&tagsv1.SearchRequest{Q: "words", Any: []string{"go", "rust"}, Language: []string{"fr"}, Author: []string{"whitfield"}, Until: "2026"}, []string{"last year"}},
		"two languages at once":     {&tagsv1.SearchRequest{Q: "langue:en", Language: []string{"fr"}}, nil},
		"an author that nobody is":  {&tagsv1.SearchRequest{Author: []string{"nobody"}}, nil},
		"a language of no post":     {&tagsv1.SearchRequest{Language: []string{"tlh"}}, nil},
		"part of a language's name": {&tagsv1.SearchRequest{Language: []string{"f"}}, nil},
	} {
		c.ask.Order = "newest"
		if diff := gocmp.Diff(c.want, w.search(t, c.ask)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, bad := range []string{"yesterday", "2026-13", "2026-02-30", "26", " 2026", "2026-1-1", "99999"} {
		for field, ask := range map[string]*tagsv1.SearchRequest{"since": {Since: bad}, "until": {Until: bad}} {
			_, err := w.client.Search(reader(t.Context(), "main"), ask)
			if v := fault.ViolationsOf(err); len(v) != 1 || v[0].Field != field {
				t.Errorf("%s %q = %v, want that refused", field, bad, err)
			}
		}
	}
}
