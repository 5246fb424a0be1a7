package tags_test

import (
	"testing"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// The names of tags and authors are proposed as words are, where nothing is found under
// what was typed: with what stands around them, and what is proposed finds something.
func TestWhoMistypesANameIsAskedWhichOneTheyMeant(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		soup := written("Soupe", "Une recette.", noon(), "Cuisine", "#Kryptonym")
		soup.Authors = []string{"Nora Whitfield"}
		lead := written("Plomb", "Des lettres.", noon(), "Typography", "Marchés publics")
		lead.Authors = []string{"Étienne Morvan"}
		w.change(t, "main", ids.New(), soup)
		w.change(t, "main", ids.New(), lead)
		w.change(t, "other", ids.New(), written("Ailleurs", "Rien.", noon(), "Voyages"))
		w.settle(t)
		editor := rpctest.As(t.Context(), identity.Editor)
		for q, want := range map[string]struct{ plain, marked string }{
			"tag:typograpy":    {"tag:typography", "tag:<mark>typography</mark>"},
			"étiquette:cuisin": {"étiquette:cuisine", "étiquette:<mark>cuisine</mark>"},
			"auteur:whitfeld":  {`auteur:"Nora Whitfield"`, "auteur:<mark>&#34;Nora Whitfield&#34;</mark>"},
			`auteur:"Nora Witfield" recette`: {
				`auteur:"Nora Whitfield" recette`, "auteur:<mark>&#34;Nora Whitfield&#34;</mark> recette",
			},
			`tag:"marché public"`:       {"tag:marches-publics", "tag:<mark>marches-publics</mark>"},
			"recete tag:cuisien":        {"recette tag:cuisine", "<mark>recette</mark> tag:<mark>cuisine</mark>"},
			"auteur:morven tag:typo":    {}, // half of it would find nothing either
			"tag:cuisin auteur:morvan":  {}, // no post has both
			"tag:cuisine auteur:morvan": {}, // both are names, and no post has both
			"tag:voyagse":               {}, // another site's
			"tag:kryptonim":             {}, // internal
			`tag:"#kryptonim"`:          {},
			"tag:zzzzzzz":               {},
			"lettres -tag:typograpy":    {}, // it finds the post
		} {
			for _, ctx := range []func() (*tagsv1.SearchResponse, error){
				func() (*tagsv1.SearchResponse, error) {
					return w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: q})
				},
				func() (*tagsv1.SearchResponse, error) {
					return w.client.Search(editor, &tagsv1.SearchRequest{Q: q})
				},
			} {
				got, err := ctx()
				if err != nil || got.GetDidYouMean() != want.plain || got.GetDidYouMeanHtml() != want.marked {
					t.Errorf("Search(%s) asks %q, %q, %v; want %q, %q", q, got.GetDidYouMean(), got.GetDidYouMeanHtml(), err, want.plain, want.marked)
				}
			}
			if want.plain == "" {
				continue
			}
			if got := w.words(t, want.plain); len(got) != 1 {
				t.Errorf("Search(%s), which is proposed for %s, finds %q", want.plain, q, got)
			}
		}
	})
}
