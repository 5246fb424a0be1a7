package tags_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// What is suggested can be searched for, also within a phrase or parentheses that
// nobody has closed yet.
func TestSuggestedQueriesCanBeRead(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		w.change(t, "main", ids.New(), written("Soupe de courge", "Une recette pour quarante minutes.", noon(), "Cuisine"))
		w.settle(t)
		for typed, want := range map[string][]string{
			"cour": {"courge"}, "soupe cour": {"soupe courge"}, `"soupe de cour`: {`"soupe de courge"`}, "(pain OU cour": {"(pain OU courge)"},
			`recette ("soupe de cour`: {`recette ("soupe de courge")`}, "« soupe de cour": {"« soupe de courge»"}, "soupe) cour": nil,
		} {
			got, err := w.client.Suggest(reader(t.Context(), "main"), &tagsv1.SuggestRequest{Q: typed})
			if diff := gocmp.Diff(want, got.GetQueries()); err != nil || diff != "" {
				t.Errorf("Suggest(%s): %v (-want +got):\n%s", typed, err, diff)
			}
			for _, q := range got.GetQueries() {
				if found, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: q}); err != nil || found.GetTotal() != 1 {
					t.Errorf("Search(%s), which Suggest(%s) proposes, = %v, %v; want the post", q, typed, found, err)
				}
			}
		}
	})
}
