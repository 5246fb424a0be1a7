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

// Who lists posts by the names of their authors must learn by which names posts came to
// a tag that none of them wrote.
func TestServicesLearnFromWhichTagsSplitsLedPosts(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		w.change(t, "main", ids.New(), written("a", "train", noon(), "Verkehr"))
		w.change(t, "main", ids.New(), written("b", "boat", noon(), "Transport"))
		w.change(t, "main", ids.New(), written("c", "garden", noon(), "Jardin"))
		w.settle(t)
		editor := rpctest.As(t.Context(), identity.Editor)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			w.settle(t)
		}
		_, err := w.client.MergeTag(editor, &tagsv1.MergeTagRequest{Slug: "verkehr", Into: "transport"})
		must(err)
		_, err = w.client.SplitTag(editor, &tagsv1.SplitTagRequest{Slug: "transport", Parts: []*tagsv1.SplitTagRequest_Part{{Name: "Rail", Q: "train"}}})
		must(err)
		_, err = w.client.MergeTag(editor, &tagsv1.MergeTagRequest{Slug: "rail", Into: "jardin"})
		must(err)
		service := rpctest.As(t.Context(), identity.Service)
		for slug, want := range map[string][2][]string{
			"jardin":    {{"jardin", "rail"}, {"transport", "verkehr"}},
			"transport": {{"transport", "verkehr"}, nil},
		} {
			got, err := w.client.GetTag(service, &tagsv1.GetTagRequest{Slug: slug, Site: "main"})
			if diff := gocmp.Diff(want, [2][]string{got.GetKeys(), got.GetFurtherKeys()}); err != nil || diff != "" {
				t.Errorf("keys of %s: %v (-want +got):\n%s", slug, err, diff)
			}
		}
		if got, err := w.client.GetTag(editor, &tagsv1.GetTagRequest{Slug: "jardin"}); err != nil || len(got.GetKeys())+len(got.GetFurtherKeys()) > 0 {
			t.Errorf("others are told %v, %v; want no keys", got, err)
		}
	})
}
