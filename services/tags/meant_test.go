package tags_test

import (
	"testing"

	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// What was probably meant is a whole query, marked where it is another one, and only if
// it finds something with all else that was asked for.
func TestWhatWasProbablyMeant(t *testing.T) {
	t.Parallel()
	w := start(t, sqldbtest.SQLite(t))
	post := written("Le potager en carnet", "Une soupe de courge à l’école.", noon(), "Jardin")
	post.Language = "fr"
	w.change(t, "main", ids.New(), post)
	w.change(t, "other", ids.New(), written("Xylophone", "Elsewhere.", noon()))
	w.settle(t)
	for q, want := range map[string]struct{ plain, marked string }{
		"potagre":                        {"potager", "<mark>potager</mark>"},
		"potagre courge":                 {"potager courge", "<mark>potager</mark> courge"},
		"potagre soupe potagre jardin":   {"potager soupe potager jardin", "<mark>potager</mark> soupe <mark>potager</mark> jardin"},
		"l'éocle, soupe ":                {"l'école, soupe ", "<mark>l&#39;école</mark>, soupe "},
		`"potagre en carnet"`:            {`"potager en carnet"`, "<mark>&#34;potager en carnet&#34;</mark>"},
		"titre:potagre -tag:<b> soupe":   {"titre:potager -tag:<b> soupe", "titre:<mark>potager</mark> -tag:&lt;b&gt; soupe"},
		"(potagre OU cranet) tag:jardin": {"(potager OU carnet) tag:jardin", "(<mark>potager</mark> OU <mark>carnet</mark>) tag:jardin"},
		"potager":                        {}, // it finds something
		"-potagre":                       {}, // so does this
		"potagre tag:inconnu":            {}, // another word would not help
		"potagre anticonstitutionnel":    {}, // nor here
		"titre:courgge":                  {}, // the word is in no title
		"xylophon":                       {}, // the word is another site's
		"avant:1990 soupe":               {},
		"de la":                          {},
	} {
		got, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: q})
		if err != nil || got.GetDidYouMean() != want.plain || got.GetDidYouMeanHtml() != want.marked {
			t.Errorf("%q: %q, %q, %v; want %q, %q", q, got.GetDidYouMean(), got.GetDidYouMeanHtml(), err, want.plain, want.marked)
			continue
		}
		if want.plain == "" {
			continue
		}
		if found, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: want.plain}); err != nil || found.GetTotal() != 1 {
			t.Errorf("%q, which was proposed, finds %v, %v; want the post", want.plain, found, err)
		}
	}
}
