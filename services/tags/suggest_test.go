package tags_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/rpc/rpctest"
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

// A tag is suggested with its names in all languages: who shows it knows which one.
func TestASuggestedTagHasItsNames(t *testing.T) {
	t.Parallel()
	w := start(t, sqldbtest.SQLite(t))
	w.change(t, "main", ids.New(), written("Soupe", "Une recette.", noon(), "Tools"))
	w.settle(t)
	names := &tagsv1.DescribeTagRequest{
		Slug: "tools", ExpectedVersion: 1, Tag: &tagsv1.Tag{Names: map[string]string{"fr": "Outillage"}}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"names"}},
	}
	if _, err := w.client.DescribeTag(rpctest.As(t.Context(), identity.Editor), names); err != nil {
		t.Fatalf("DescribeTag: %v", err)
	}
	w.settle(t)
	got, err := w.client.Suggest(reader(t.Context(), "main"), &tagsv1.SuggestRequest{Q: "outill"})
	if err != nil || len(got.GetTags()) != 1 || got.GetTags()[0].GetNames()["fr"] != "Outillage" || got.GetTags()[0].GetCount() != 1 {
		t.Errorf("Suggest = %v, %v; want the tag with its names and its one post", got, err)
	}
}

// What is one thing is suggested once: forms of a word find the same, a tag stands for
// the word that it is called by, and what is joined by signs is completed as people write it.
func TestSuggestionsAreEachAnotherThing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		w.change(t, "main", ids.New(), written("Transport", "Le transport sur transport.data.gouv.fr, un transparent.", noon(), "Transports"))
		w.change(t, "main", ids.New(), written("Les marchés", "Des marchés de transports, un marché, aujourd\u2019hui.", noon()))
		w.change(t, "main", ids.New(), written("Encore des marchés", "Des données.", noon(), "Données ouvertes"))
		w.settle(t)
		for typed, want := range map[string]struct{ queries, tags []string }{
			"transp":           {[]string{"transparent", "transport.data.gouv.fr"}, []string{"Transports"}},
			"marché de transp": {[]string{"marché de transports", "marché de transparent", "marché de transport.data.gouv.fr"}, nil},
			"march":            {[]string{"marchés"}, nil},
			"aujo":             {[]string{"aujourd\u2019hui"}, nil},
			"données ouv":      {nil, []string{"Données ouvertes"}},
		} {
			got, err := w.client.Suggest(reader(t.Context(), "main"), &tagsv1.SuggestRequest{Q: typed})
			if diff := gocmp.Diff(want.queries, got.GetQueries()); err != nil || diff != "" {
				t.Errorf("queries for %q: %v (-want +got):\n%s", typed, err, diff)
			}
			var tags []string
			for _, tag := range got.GetTags() {
				tags = append(tags, tag.GetName())
			}
			if diff := gocmp.Diff(want.tags, tags); diff != "" {
				t.Errorf("tags for %q (-want +got):\n%s", typed, diff)
			}
			for _, q := range got.GetQueries() {
				if found, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: q}); err != nil || found.GetTotal() == 0 && !strings.Contains(typed, " ") {
					t.Errorf("Search(%s), which is suggested for %q, = %v, %v; want posts", q, typed, found, err)
				}
			}
		}
	})
}
