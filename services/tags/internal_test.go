package tags_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// An internal name stays one when its tag is merged into one that readers see.
func TestInternalNamesStayInternal(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		w.change(t, "main", ids.New(), written("Quiet", "Nothing to see.", noon(), "Transport", "#Kryptonym"))
		w.settle(t)
		editor := rpctest.As(t.Context(), identity.Editor)
		if _, err := w.client.MergeTag(editor, &tagsv1.MergeTagRequest{Slug: "internal-kryptonym", Into: "transport"}); err != nil {
			t.Fatal(err)
		}
		w.settle(t)
		for _, c := range []struct {
			who     string
			aliases []string
		}{{"readers", nil}, {"editors", []string{"#Kryptonym"}}} {
			ctx := reader(t.Context(), "main")
			if c.who == "editors" {
				ctx = editor
			}
			got, err := w.client.GetTag(ctx, &tagsv1.GetTagRequest{Slug: "transport"})
			if diff := gocmp.Diff(c.aliases, got.GetTag().GetAliases()); err != nil || diff != "" {
				t.Errorf("aliases for %s: %v (-want +got):\n%s", c.who, err, diff)
			}
		}
		for _, name := range []string{"#Chiffre", "Verkehr"} {
			if _, err := w.client.RenameTag(editor, &tagsv1.RenameTagRequest{Slug: "transport", Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		w.settle(t)
		got, err := w.client.GetTag(reader(t.Context(), "main"), &tagsv1.GetTagRequest{Slug: "verkehr"})
		if diff := gocmp.Diff([]string{"transport"}, got.GetTag().GetFormerSlugs()); err != nil || diff != "" {
			t.Errorf("former addresses of what was internal for a while: %v (-want +got):\n%s", err, diff)
		}
		for q, want := range map[string][]string{"transport": {"Quiet"}, "kryptonym": nil} {
			if diff := gocmp.Diff(want, w.words(t, q)); diff != "" {
				t.Errorf("search for %q (-want +got):\n%s", q, diff)
			}
		}
		for _, typed := range []string{"#kr", "#kryptonym", "kr"} {
			list, err := w.client.ListTags(reader(t.Context(), "main"), &tagsv1.ListTagsRequest{Prefix: typed})
			if err != nil || len(list.GetTags()) > 0 {
				t.Errorf("tags that begin with %q: %v, %v; want none for readers", typed, list.GetTags(), err)
			}
			suggested, err := w.client.Suggest(reader(t.Context(), "main"), &tagsv1.SuggestRequest{Q: typed})
			if err != nil || len(suggested.GetTags()) > 0 {
				t.Errorf("tags proposed for %q: %v, %v; want none for readers", typed, suggested.GetTags(), err)
			}
		}
		for _, q := range []string{`tag:"#kryptonym"`, `tag:#Kryptonym`} {
			if got := w.words(t, q); len(got) > 0 {
				t.Errorf("readers find %v by %s", got, q)
			}
		}
		if list, err := w.client.ListTags(editor, &tagsv1.ListTagsRequest{Prefix: "#kr"}); err != nil || len(list.GetTags()) != 1 {
			t.Errorf("tags that begin with #kr: %v, %v; want Transport for editors", list.GetTags(), err)
		}
		if got, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: "kryptonim"}); err != nil || got.GetDidYouMean() != "" {
			t.Errorf("readers are asked whether they meant %q, %v", got.GetDidYouMean(), err)
		}
	})
}
