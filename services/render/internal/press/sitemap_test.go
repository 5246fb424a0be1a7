package press_test

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	"github.com/parution/parution/services/render/internal/page"
)

// siteMap is a site map as a search engine reads it.
type siteMap struct {
	XMLName xml.Name
	URLs    []struct {
		Loc     string `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 loc"`
		LastMod string `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 lastmod"`
		Links   []struct {
			Rel      string `xml:"rel,attr"`
			Language string `xml:"hreflang,attr"`
			Href     string `xml:"href,attr"`
		} `xml:"http://www.w3.org/1999/xhtml link"`
	} `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 url"`
	Maps []string `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemap>loc"`
}

func (f *fixture) siteMap(t *testing.T, path string) siteMap {
	t.Helper()
	p := f.get(t, main, path, 0)
	var m siteMap
	if err := xml.Unmarshal(p.Body, &m); err != nil || p.Status != page.StatusOK || p.ContentType != "application/xml; charset=utf-8" {
		t.Fatalf("%s is %d %s: %v", path, p.Status, p.ContentType, err)
	}
	return m
}

func TestSiteMapListsEveryAddressOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db)
		sample(t, f)
		translated := plain(41)
		translated.Slug, translated.Language, translated.TranslationKey = "walls-&-<gardens>", "en", "walls"
		translated.EditedAt = noon().Add(time.Hour)
		f.save(t, translated)
		original := plain(42)
		original.Slug, original.TranslationKey = "murs", "walls"
		f.save(t, original)
		got := make(map[string]string)
		for _, u := range f.siteMap(t, "/sitemap.xml").URLs {
			path, ok := strings.CutPrefix(u.Loc, "https://carnet.example")
			if _, twice := got[path]; twice || !ok {
				t.Errorf("%s is listed twice, or elsewhere", u.Loc)
			}
			got[path] = u.LastMod
			for _, l := range u.Links {
				got[path] += " " + l.Rel + " " + l.Language + " " + strings.TrimPrefix(l.Href, "https://carnet.example")
			}
		}
		const both = " alternate en /posts/walls-&-%3Cgardens%3E alternate fr /posts/murs"
		want := map[string]string{
			"/":        "2026-03-01T13:00:00Z", // where a post is that was edited
			"/archive": "2026-02-19T12:00:00Z", "/tags": "2026-02-19T12:00:00Z",
			"/tags/notes": "2026-02-14T12:00:00Z", "/tags/jardin": "2026-02-09T12:00:00Z", "/tags/outils": "2026-02-19T12:00:00Z", "/tags/typographie": "2026-02-19T12:00:00Z",
			"/authors/claire-morel": "2026-02-19T12:00:00Z", "/authors/ines-roy": "2026-02-19T12:00:00Z",
			"/posts/garden-walls": "2026-02-09T12:00:00Z", "/posts/nouveau-nom": "2026-02-14T12:00:00Z", "/posts/la-casse": "2026-02-19T12:00:00Z",
			"/posts/walls-&-%3Cgardens%3E": "2026-03-01T13:00:00Z" + both, "/posts/murs": "2026-02-11T12:00:00Z" + both,
		}
		for n := 1; n <= 9; n++ {
			want[fmt.Sprintf("/posts/note-%d", n)] = noon().AddDate(0, 0, n-60).Format(time.RFC3339)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the site map (-want +got):\n%s", diff)
		}
		if body := string(f.get(t, main, "/robots.txt", 0).Body); !strings.Contains(body, "\nSitemap: https://carnet.example/sitemap.xml\n") {
			t.Errorf("robots.txt is %q", body)
		}
	})
}

func TestLongSiteMapHasParts(t *testing.T) {
	t.Parallel()
	f := setUp(t, sqldbtest.SQLite(t))
	// Three pages, one tag and one author leave room for 9,995 posts.
	const posts = 9_996
	for n := 1; n <= posts; n += 833 {
		var docs []*page.Doc
		for i := n; i < n+833; i++ {
			d := plain(i)
			d.Authors = []page.Label{label("ada", "Ada")}
			docs = append(docs, d)
		}
		f.saveAll(t, docs)
	}
	all := f.siteMap(t, "/sitemap.xml")
	want := []string{"https://carnet.example/sitemaps/1.xml", "https://carnet.example/sitemaps/2.xml"}
	if diff := cmp.Diff(want, all.Maps); diff != "" || all.XMLName.Local != "sitemapindex" {
		t.Fatalf("the index is %s (-want +got):\n%s", all.XMLName.Local, diff)
	}
	var seen []string
	for _, part := range []string{"/sitemaps/1.xml", "/sitemaps/2.xml"} {
		urls := f.siteMap(t, part).URLs
		if len(urls) > 10_000 {
			t.Errorf("%s lists %d addresses", part, len(urls))
		}
		for _, u := range urls {
			seen = append(seen, u.Loc)
		}
	}
	slices.Sort(seen)
	if n := len(seen); n != posts+5 || len(slices.Compact(seen)) != n {
		t.Errorf("the parts list %d addresses, want %d, each once", n, posts+5)
	}
	if p := f.get(t, main, "/sitemaps/3.xml", 0); p.Status != page.StatusNotFound {
		t.Errorf("the part after the last is %d", p.Status)
	}
	f.save(t, withdrawn(1))
	if short := f.siteMap(t, "/sitemap.xml"); len(short.URLs) != 10_000 || len(short.Maps) != 0 {
		t.Errorf("the map of 10,000 has %d addresses and %d parts", len(short.URLs), len(short.Maps))
	}
}
