package page_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/services/render/internal/page"
)

func noon() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }

// at is the post published on another day. Two hours east of Greenwich its own is
// the first moment of March.
func at(month time.Month, day, hour int) *page.Doc {
	return doc(func(d *page.Doc) { d.PublishedAt = time.Date(2026, month, day, hour, 0, 0, 0, time.UTC) })
}

func doc(change func(*page.Doc)) *page.Doc {
	d := &page.Doc{Card: page.Card{ID: "p", Site: "main", Slug: "now", Title: "T", Minutes: 1, PublishedAt: time.Date(2026, 2, 28, 22, 0, 0, 0, time.UTC)}, EditedAt: noon().AddDate(0, 0, -1), State: page.Public, Hash: "h", Former: []string{"then"}}
	if change != nil {
		change(d)
	}
	return d
}

func gone() *page.Doc {
	return &page.Doc{Card: page.Card{ID: "p", Site: "main", Slug: "now"}, State: page.Gone, Former: []string{"then"}}
}

func hidden() *page.Doc { return &page.Doc{Card: page.Card{ID: "p", Site: "main", Slug: "now"}} }

func TestTouched(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("two hours east", 2*60*60)
	appearance := []string{"archive", "card:p", "feed", "month:2026-03", "path:/posts/now", "path:/posts/then", "post:p", "posts", "sitemap"}
	and := func(more ...string) []string { return slices.Sorted(slices.Values(slices.Concat(appearance, more))) }
	ada, bob := page.Label{Slug: "ada", Name: "Ada"}, page.Label{Slug: "bob", Name: "Bob"}
	by := func(authors ...page.Label) *page.Doc { return doc(func(d *page.Doc) { d.Authors = authors }) }
	translated := func(key, title string) *page.Doc {
		return doc(func(d *page.Doc) { d.TranslationKey, d.Title = key, title })
	}
	key1, key2 := page.KeyTranslations("1"), page.KeyTranslations("2")
	for _, c := range []struct {
		name     string
		old, now *page.Doc
		want     []string
	}{
		{"a draft", nil, hidden(), nil},
		{"published", hidden(), doc(nil), appearance},
		{"published, never seen before", nil, doc(nil), appearance},
		{"withdrawn", doc(nil), gone(), appearance},
		{"published again", gone(), doc(nil), appearance},
		{"a featured one withdrawn", doc(func(d *page.Doc) { d.Featured = true }), gone(), and("featured")},
		{"gone, and never seen before", nil, gone(), []string{"path:/posts/now", "path:/posts/then"}},
		{"deleted after it was withdrawn", gone(), gone(), nil},
		{"the same", doc(nil), doc(nil), nil},
		{"text", doc(nil), doc(func(d *page.Doc) { d.Hash = "i" }), []string{"post:p"}},
		{"reading time", doc(nil), doc(func(d *page.Doc) { d.Minutes = 2 }), []string{"card:p", "post:p"}},
		{
			"slug", doc(nil), doc(func(d *page.Doc) { d.Slug, d.Former = "new", []string{"now", "then"} }),
			[]string{"card:p", "path:/posts/new", "path:/posts/now", "path:/posts/then", "post:p", "sitemap"},
		},
		{"alias", doc(nil), doc(func(d *page.Doc) { d.Aliases = []string{"/old/"} }), []string{"path:/old"}},
		{"featured", doc(nil), doc(func(d *page.Doc) { d.Featured = true }), []string{"featured"}},
		{"date within a month", doc(nil), at(3, 31, 21), []string{"card:p", "feed", "month:2026-03", "post:p", "posts", "sitemap"}},
		{"date", doc(nil), at(2, 28, 21), []string{"archive", "card:p", "feed", "month:2026-02", "month:2026-03", "post:p", "posts", "sitemap"}},
		{
			"date of a featured one", doc(func(d *page.Doc) { d.Featured = true }), doc(func(d *page.Doc) { d.Featured, d.PublishedAt = true, d.PublishedAt.Add(time.Second) }),
			[]string{"card:p", "featured", "feed", "month:2026-03", "post:p", "posts", "sitemap"},
		},
		{"published by somebody", nil, by(ada, bob), and("author:ada", "author:bob")},
		{"withdrawn by somebody", by(ada, bob), gone(), and("author:ada", "author:bob")},
		{"another author", by(ada), by(bob), []string{"author:ada", "author:bob", "card:p", "post:p", "sitemap"}},
		{"one more author", by(ada), by(ada, bob), []string{"author:bob", "card:p", "post:p", "sitemap"}},
		{"how an author is written", by(ada), by(page.Label{Slug: "ada", Name: "ADA"}), []string{"card:p", "post:p"}},
		{
			"somebody's date", by(ada), doc(func(d *page.Doc) { d.Authors, d.PublishedAt = []page.Label{ada}, d.PublishedAt.Add(time.Second) }),
			[]string{"author:ada", "card:p", "feed", "month:2026-03", "post:p", "posts", "sitemap"},
		},
		{"edited", doc(nil), doc(func(d *page.Doc) { d.EditedAt = noon() }), []string{"post:p", "sitemap"}},
		{"updated", doc(nil), doc(func(d *page.Doc) { d.UpdatedAt = noon() }), nil},
		{"a caption", doc(nil), doc(func(d *page.Doc) { d.ImageCaption = "Under it" }), []string{"post:p"}},
		{"published as a translation", nil, translated("1", "T"), and(key1)},
		{"withdrawn as a translation", translated("1", "T"), gone(), and(key1)},
		{"another original", translated("1", "T"), translated("2", "T"), slices.Sorted(slices.Values([]string{"post:p", "sitemap", key1, key2}))},
		{"the title of a translation", translated("1", "T"), translated("1", "U"), []string{"card:p", "post:p", key1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, page.Touched(c.old, c.now, zone).Sorted()); diff != "" {
				t.Errorf("Touched (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNothingIsModifiedBeforeItIsThere: a draft is written before it is published.
func TestNothingIsModifiedBeforeItIsThere(t *testing.T) {
	t.Parallel()
	published := noon()
	for edited, want := range map[time.Time]time.Time{
		{}: published, published.Add(-time.Hour): published, published.Add(time.Hour): published.Add(time.Hour),
	} {
		d := page.Doc{Card: page.Card{PublishedAt: published}, EditedAt: edited}
		if got := d.Modified(); !got.Equal(want) {
			t.Errorf("what was published at %v and edited at %v was modified at %v, want %v", published, edited, got, want)
		}
	}
}

func TestHappened(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		old, now *page.Doc
		want     string
		title    string
	}{
		{"a draft", nil, hidden(), "", ""},
		{"published", hidden(), doc(nil), "published", "T"},
		{"published, never seen before", nil, doc(nil), "published", "T"},
		{"published again", gone(), doc(nil), "published", "T"},
		{"withdrawn", doc(nil), gone(), "withdrawn", "T"},
		{"deleted after it was withdrawn", gone(), gone(), "", ""},
		{"gone, and never seen before", nil, gone(), "", ""},
		{"the same", doc(nil), doc(nil), "", ""},
		{"text", doc(nil), doc(func(d *page.Doc) { d.Hash = "i" }), "revised", "T"},
		{"title", doc(nil), doc(func(d *page.Doc) { d.Title = "U" }), "revised", "U"},
		{"featured", doc(nil), doc(func(d *page.Doc) { d.Featured = true }), "revised", "T"},
		{"alias", doc(nil), doc(func(d *page.Doc) { d.Aliases = []string{"/old/"} }), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			event, card := page.Happened(c.old, c.now)
			if event != c.want || card == nil != (c.want == "") || card != nil && (card.Title != c.title || card.Slug != "now") {
				t.Errorf("Happened = %q, %+v; want %q of %q", event, card, c.want, c.title)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	now := page.Owner{PostID: "1", Kind: page.AddressPresent, State: page.Public}
	once := page.Owner{PostID: "2", Kind: page.AddressFormer, State: page.Public}
	later := page.Owner{PostID: "4", Kind: page.AddressAlias, State: page.Public}
	gone := page.Owner{PostID: "3", Kind: page.AddressPresent, State: page.Gone}
	for _, c := range []struct {
		name   string
		owners []page.Owner
		want   page.Owner
		found  bool
	}{
		{"nobody", nil, page.Owner{}, false},
		{"hidden", []page.Owner{{PostID: "1", Kind: page.AddressPresent}}, page.Owner{}, false},
		{"who has it", []page.Owner{gone, later, once, now}, now, true},
		{"who had it last", []page.Owner{gone, later, once}, later, true},
		{"who is gone", []page.Owner{gone}, gone, true},
	} {
		if got, found := page.Resolve(c.owners); got != c.want || found != c.found {
			t.Errorf("%s: Resolve = %+v, %t; want %+v, %t", c.name, got, found, c.want, c.found)
		}
	}
}

func TestETagIsAsGoodAsItsBytes(t *testing.T) {
	t.Parallel()
	a, b := page.Validator([]byte("a")), page.Validator([]byte("b"))
	if a == b || a != page.Validator([]byte("a")) || !strings.HasPrefix(a, `"`) || !strings.HasSuffix(a, `"`) {
		t.Errorf("tags = %s, %s", a, b)
	}
}

func TestBaseOfASite(t *testing.T) {
	t.Parallel()
	const installation = "https://parution.example:8443"
	for _, c := range []struct {
		site *page.Site
		want string
	}{
		{nil, installation},
		{&page.Site{}, installation},
		{&page.Site{Host: "carnet.example"}, "https://carnet.example:8443"},
		{&page.Site{Host: "carnet.example:9000"}, "https://carnet.example:9000"},
		{&page.Site{Host: "carnet.example", BaseURL: "http://notes.example"}, "http://notes.example"},
	} {
		if got := c.site.Base(installation); got != c.want {
			t.Errorf("Base of %+v = %s, want %s", c.site, got, c.want)
		}
	}
	if got := (&page.Site{Host: "carnet.example"}).Base("http://localhost"); got != "http://carnet.example" {
		t.Errorf("Base without a port = %s", got)
	}
}

// FuzzParse holds that no address leads to another host, and that where it
// leads is at its end: a redirect leads to a page that does not move again.
func FuzzParse(f *testing.F) {
	for _, path := range []string{"/", "/page/1", "/page/2", "/tags/b+a", "/tags/é", "/tags/a/feed.xml", "//evil.example", `/\evil`, "/tags/a+%2f", "/posts/x", "/tags/http:", "/a b?c#d", "/search", "/search/feed.json", "/authors/Ada", "/archive/2018/2"} {
		f.Add(path, 0, "", "")
		f.Add(path, 2, "a b", "c+d")
	}
	f.Fuzz(func(t *testing.T, path string, number int, text, tags string) {
		r, err := page.Parse(page.Ask{Path: path, Number: number, Search: page.Search{Text: text, Tags: strings.Split(tags, ","), Without: []string{text}}})
		if err != nil {
			return // it asks for too much
		}
		if r.Kind != page.RouteMoved {
			if r.Location != "" {
				t.Fatalf("Parse(%q, %d) has a location but is not moved", path, number)
			}
			return
		}
		if !strings.HasPrefix(r.Location, "/") || strings.HasPrefix(r.Location, "//") || strings.ContainsAny(r.Location, "\\\r\n ") {
			t.Fatalf("Parse(%q, %d) leads to %q", path, number, r.Location)
		}
	})
}
