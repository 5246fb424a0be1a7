package render_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/rpc/rpctest"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	renderv1 "github.com/parution/parution/proto/gen/parution/render/v1"
	"github.com/parution/parution/services/render"
)

// write puts a file into an operator's folder, whole at once.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

func TestSiteHasTheThemeThatItChoseAsItIsNow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "ours/theme.json", `{"model": 1, "description": "Our own."}`)
	write(t, dir, "ours/templates/home.html", `<h1>The first state</h1>`)
	cfg := render.Defaults()
	cfg.Themes = dir
	w := newWorldWith(t, sqldbtest.SQLite(t), cfg)
	w.owners.setSite(t, siteState(1))
	w.wantKeys(t, "the site", "site")
	w.shows(t, "/", "The first state", false)

	chosen := siteState(2)
	chosen.Site.Theme = "ours"
	w.owners.setSite(t, chosen)
	w.wantKeys(t, "the theme", "site")
	w.shows(t, "/", "The first state", true)

	// All caches are told, and the page that is kept is not used any more.
	write(t, dir, "ours/templates/home.html", `<h1>The second state</h1>`)
	if keys := w.facts(t).GetKeys(); !cmp.Equal(keys, []string{"site"}) {
		t.Errorf("the keys of a changed theme are %q, want the site's", keys)
	}
	w.shows(t, "/", "The second state", true)

	unknown := siteState(3)
	unknown.Site.Theme = "nobodys"
	w.owners.setSite(t, unknown)
	w.wantKeys(t, "another theme", "site")
	w.shows(t, "/", "The second state", false)

	resp, err := w.client.ListThemes(rpctest.As(t.Context(), identity.Author), &renderv1.ListThemesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	custom := make(map[string]bool)
	for _, theme := range resp.GetThemes() {
		custom[theme.GetName()] = theme.GetCustom()
		if theme.GetDescription() == "" || theme.GetProblem() != "" {
			t.Errorf("theme %s: %q, %q", theme.GetName(), theme.GetDescription(), theme.GetProblem())
		}
	}
	if diff := cmp.Diff(map[string]bool{"folio": false, "gazette": false, "ours": true}, custom); diff != "" {
		t.Errorf("the themes (-want +got):\n%s", diff)
	}
}

func TestSearchIsAskedOfTheIndexForTheSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.owners.setSite(t, siteState(1))
	w.told(t)
	w.owners.setPost(t.Context(), t, "published", public(1))
	w.told(t)
	p, err := w.client.GetPage(t.Context(), &renderv1.GetPageRequest{
		Site: site, Path: "/search", Search: &renderv1.Search{Text: "light", Tags: []string{"dawn"}, Without: []string{"dusk"}},
	})
	if err != nil || p.GetStatus() != 200 || !contains(p, "First light") {
		t.Fatalf("the page of a search = %d, %v, and shows the post: %t", p.GetStatus(), err, contains(p, "First light"))
	}
	asked := w.owners.searched[0]
	if asked.GetSite() != site || asked.GetQ() != "light" || !cmp.Equal(asked.GetTag(), []string{"dawn"}) || !cmp.Equal(asked.GetNot(), []string{"dusk"}) || asked.GetOrder() != "" {
		t.Errorf("tags was asked for %v", asked)
	}
	if p, err = w.client.GetPage(t.Context(), &renderv1.GetPageRequest{Site: site, Path: "/search/feed.xml", Search: &renderv1.Search{Text: "light"}}); err != nil || p.GetStatus() != 200 {
		t.Fatalf("the feed of a search = %d, %v", p.GetStatus(), err)
	}
	if asked = w.owners.searched[1]; asked.GetOrder() != "newest" {
		t.Errorf("for a feed tags was asked for %v", asked)
	}
}
