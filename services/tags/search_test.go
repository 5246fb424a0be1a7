package tags_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/chassis/identity"
	"github.com/parution/parution/chassis/ids"
	"github.com/parution/parution/chassis/sqldb"
	"github.com/parution/parution/chassis/sqldb/sqldbtest"
	postsv1 "github.com/parution/parution/proto/gen/parution/posts/v1"
	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
)

// written is a public post with a text.
func written(title, body string, published time.Time, names ...string) *postsv1.Post {
	p := public(title, published, names...)
	p.Body, p.Format = body, "markdown"
	return p
}

// search lists the titles of the posts found, in order, page by page, and
// checks the total.
func (w *world) search(t *testing.T, r *tagsv1.SearchRequest) []string {
	t.Helper()
	var out []string
	r.PageSize = 3
	for {
		got, err := w.client.Search(reader(t.Context(), "main"), r)
		if err != nil {
			t.Fatalf("Search(%v): %v", r, err)
		}
		for _, p := range got.GetPosts() {
			out = append(out, p.GetTitle())
		}
		if r.PageToken = got.GetNextPageToken(); r.GetPageToken() != "" {
			continue
		}
		if int(got.GetTotal()) != len(out) {
			t.Errorf("Search(%v) says %d and lists %d", r, got.GetTotal(), len(out))
		}
		return out
	}
}

func (w *world) words(t *testing.T, q string) []string {
	t.Helper()
	return w.search(t, &tagsv1.SearchRequest{Q: q})
}

func TestWordsAreFound(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		w.change(t, "main", ids.New(), written("L’Œuvre d’un été", "Une **maison** au bord de l'eau, avec [un lien](https://example.org/secret-path).", noon(), "Loisirs"))
		w.change(t, "main", ids.New(), written("Garden walls", "The author's wall: `func Brick[T any]()` and naïve co-operation.", noon().Add(-time.Hour), "Go"))
		w.change(t, "main", ids.New(), written("東京の夏", "日本語の文章です。Привет мир.", noon().Add(-2*time.Hour)))
		html := written("Tables", `<p class="invisible">Ta<b>b</b>le &eacute;tendue</p><script>var hidden = 1</script>`, noon().Add(-3*time.Hour))
		html.Format, html.Authors, html.Excerpt = "html", []string{"Élodie Brûlé"}, "Un résumé"
		w.change(t, "main", ids.New(), html)
		w.change(t, "other", ids.New(), written("Elsewhere", "maison", noon()))
		w.settle(t)
		const summer, garden, tokyo, tables = "L’Œuvre d’un été", "Garden walls", "東京の夏", "Tables"
		for q, want := range map[string][]string{
			"oeuvre": {summer}, "ŒUVRE": {summer}, "l'oeuvre": {summer}, "d'ete": {summer, tables}, "d'été ": {summer}, "été maison": {summer}, "mais": {summer}, "mais ete ": {summer},
			"bord eau": {summer}, "maison jardin": nil, "lien": {summer}, "secret": nil, "loisir": {summer},
			"author": {garden}, "author's": {garden}, "authors": {garden}, "brick": {garden}, "naive": {garden}, "cooperation": {garden}, "co-operation": {garden},
			"WALLS": {garden}, "wall": {garden}, "wa": {garden},
			"日本": {tokyo}, "日本語の": {tokyo}, "本日": nil, "東京": {tokyo}, "夏": {tokyo}, "привет": {tokyo}, "ПРИВЕТ МИ": {tokyo},
			"table etendue": {tables}, "invisible": nil, "hidden": nil, "brule": {tables}, "élodie": {tables}, "résumé": {tables},
			"maison' --": {summer}, "title:maison": nil, "maison*": {summer}, "-maison": {garden, tokyo, tables},
			"maison 🎉 !": {summer}, "NEAR": nil, "x'; DROP TABLE entry; --": nil,
		} {
			if diff := gocmp.Diff(want, w.words(t, q)); diff != "" {
				t.Errorf("search for %q (-want +got):\n%s", q, diff)
			}
		}
		if got := w.words(t, "  "); len(got) != 4 {
			t.Errorf("a search for nothing in particular finds %q, want all four", got)
		}
	})
}

func TestBetterPlacesComeFirst(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		for i, p := range []*postsv1.Post{
			written("newest", "about stone", noon()),
			written("Stone", "title", noon().AddDate(0, 0, -5)),
			written("older", "about stone", noon().AddDate(0, 0, -1)),
			written("tagged", "nothing", noon().AddDate(0, 0, -4), "Stone"),
			written("Stones", "goes on", noon().AddDate(0, 0, -3)),
			written("begins", "about stonework", noon().Add(-time.Minute)),
			written("Stone again", "title", noon().AddDate(0, 0, -6)),
		} {
			w.change(t, "main", fmt.Sprintf("0190a000-0000-7000-8000-00000000000%d", i), p)
		}
		w.settle(t)
		want := []string{"Stone", "Stone again", "Stones", "tagged", "newest", "older", "begins"}
		if diff := gocmp.Diff(want, w.words(t, "stone")); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		got, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: "stone", Skip: 5})
		if err != nil || got.GetTotal() != 7 || len(got.GetPosts()) != 2 || got.GetPosts()[0].GetTitle() != want[5] {
			t.Errorf("without the first five: %v, %v", got, err)
		}
		want = []string{"newest", "begins", "older", "Stones", "tagged", "Stone", "Stone again"}
		if diff := gocmp.Diff(want, w.search(t, &tagsv1.SearchRequest{Q: "stone", Order: "newest"})); diff != "" {
			t.Errorf("newest first (-want +got):\n%s", diff)
		}
		_, err = w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: "stone", Order: "oldest"})
		if v := fault.ViolationsOf(err); len(v) != 1 || v[0].Field != "order" {
			t.Errorf("in an order that there is not: %v, want that refused", err)
		}
	})
}

func TestTagsNarrowASearch(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		for i, names := range [][]string{{"Go", "SQL"}, {"Go"}, {"SQL", "Été"}, {}, {"GO", "Été", "SQL"}} {
			w.change(t, "main", ids.New(), written(fmt.Sprint("post ", i), "words here", noon().Add(-time.Duration(i)*time.Minute), names...))
		}
		w.change(t, "main", ids.New(), written("other", "nothing", noon(), "Go"))
		w.settle(t)
		for _, c := range []struct {
			q        string
			tag, not []string
			want     []string
			facets   string
		}{
			{"words", nil, nil, []string{"post 0", "post 1", "post 2", "post 3", "post 4"}, "go 3, sql 3, ete 2"},
			{"words", []string{"go"}, nil, []string{"post 0", "post 1", "post 4"}, "go 3, sql 2, ete 1"},
			{"words", []string{"SQL", "go", "go"}, nil, []string{"post 0", "post 4"}, "go 2, sql 2, ete 1"},
			{"words", nil, []string{"été"}, []string{"post 0", "post 1", "post 3"}, "go 2, sql 1"},
			{"words", []string{"sql"}, []string{"ete", "x"}, []string{"post 0"}, "go 1, sql 1"},
			{"", []string{"go"}, nil, []string{"other", "post 0", "post 1", "post 4"}, "go 4, sql 2, ete 1"},
			{"", nil, []string{"go"}, []string{"post 2", "post 3"}, "ete 1, sql 1"},
			{"", []string{"go"}, []string{"go"}, nil, ""},
			{"", []string{"unknown"}, nil, nil, ""},
		} {
			r := &tagsv1.SearchRequest{Q: c.q, Tag: c.tag, Not: c.not, Order: "newest"}
			got, err := w.client.Search(reader(t.Context(), "main"), r)
			if err != nil {
				t.Fatalf("Search(%v): %v", r, err)
			}
			var facets []string
			for _, f := range got.GetFacets() {
				facets = append(facets, fmt.Sprintf("%s %d", f.GetSlug(), f.GetCount()))
			}
			if f := strings.Join(facets, ", "); f != c.facets {
				t.Errorf("facets of %v = %q, want %q", r, f, c.facets)
			}
			if diff := gocmp.Diff(c.want, w.search(t, r)); diff != "" {
				t.Errorf("Search(%v) (-want +got):\n%s", r, diff)
			}
		}
	})
}

func TestASearchFollowsThePost(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		id := ids.New()
		finds := func(step string, want map[string]bool) {
			t.Helper()
			w.settle(t)
			for q, found := range want {
				if got := slices.Contains(w.words(t, q), "title"); got != found {
					t.Errorf("%s: a search for %q finds it: %t, want %t", step, q, got, found)
				}
			}
		}
		w.change(t, "main", id, written("title", "first", noon(), "Go"))
		finds("published", map[string]bool{"first": true, "second": false, "go": true})
		told := w.number(t, `SELECT count(*) FROM outbox`)
		w.change(t, "main", id, written("title", "second", noon(), "Go"))
		finds("another text", map[string]bool{"first": false, "second": true, "go": true})
		if n := w.number(t, `SELECT count(*) FROM outbox`); n != told+1 {
			t.Errorf("another text: %d notices, want one more than %d, by which replicas learn of it", n, told)
		}
		w.change(t, "main", id, written("title", "second", noon(), "SQL"))
		finds("retagged", map[string]bool{"second": true, "go": false, "sql": true})
		w.change(t, "main", id, nil)
		finds("withdrawn", map[string]bool{"second": false, "sql": false, "title": false})
		w.change(t, "main", id, written("title", "third", noon()))
		finds("published again", map[string]bool{"second": false, "third": true})
	})
}

func TestARebuildMendsWhatIsSearched(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		var posts []string
		for i := range 12 {
			posts = append(posts, ids.New())
			w.change(t, "main", posts[i], written(fmt.Sprintf("p%02d", i), fmt.Sprintf("word number%d", i), noon().Add(-time.Duration(i)*time.Minute)))
		}
		w.settle(t)
		w.change(t, "main", posts[5], nil)
		w.settle(t)
		want := w.words(t, "word")
		execute(t, db,
			`DELETE FROM entry_text WHERE post_id = '`+posts[1]+`'`,
			`DELETE FROM entry_text WHERE post_id = '`+posts[3]+`'`,
			`INSERT INTO entry_text (post_id, source) VALUES ('`+posts[5]+`', '{"title":"word","body":"word"}')`,
		)
		w.rebuild(t)
		w.settle(t)
		if diff := gocmp.Diff(want, w.words(t, "word")); diff != "" {
			t.Errorf("after the rebuild (-want +got):\n%s", diff)
		}
		for _, q := range []string{"number1 ", "number3 "} {
			got, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: q})
			if err != nil || len(got.GetPosts()) != 1 || !strings.Contains(got.GetPosts()[0].GetSnippetHtml(), "<mark>"+strings.TrimSpace(q)+"</mark>") {
				t.Errorf("what had lost its text: search for %q = %v, %v", q, got, err)
			}
		}
		if n := w.number(t, `SELECT count(*) FROM entry_text`); n != 11 {
			t.Errorf("%d texts, want those of the 11 that are public", n)
		}
	})
}

func TestSearchRefuses(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		w.change(t, "main", ids.New(), written("a", "b", noon(), "go"))
		w.change(t, "main", ids.New(), written("a", "b", noon(), "go"))
		w.settle(t)
		eleven := strings.Split("a b c d e f g h i j k", " ")
		first, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: "a", PageSize: 1})
		if err != nil || first.GetNextPageToken() == "" {
			t.Fatalf("the first page: %v, %v", first, err)
		}
		for _, bad := range []*tagsv1.SearchRequest{
			{Q: strings.Repeat("é", 501)},
			{Tag: eleven},
			{Not: eleven},
			{Tag: []string{""}},
			{Not: []string{"!"}},
			{PageSize: 101},
			{Skip: -1},
			{Skip: 10_001},
			{PageToken: "x"},
			{Q: "b", PageToken: first.GetNextPageToken()},
			{Q: "a", PageToken: first.GetNextPageToken(), Skip: 1},
			{Q: "a", Site: "other"},
		} {
			if _, err := w.client.Search(reader(t.Context(), "main"), bad); fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("Search(%v) = %v, want Invalid", bad, err)
			}
		}
		for _, odd := range []string{
			strings.Repeat("é", 200), strings.Repeat("a ", 100), strings.Repeat("語", 200), "a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 8 9 0",
			"\x00", "a\x00b", strings.Repeat(`"`, 200), strings.Repeat("(", 200), "a:b:c", "^a", "{a b}:c", "a + b", `\'`, "'' ' |&!<->:*", "\U0010ffff",
		} {
			if _, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: odd, Tag: eleven[:10], Not: eleven[:10]}); err != nil && fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("Search(%q): %v", odd, err)
			}
			if _, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: odd}); err != nil && fault.KindOf(err) != fault.KindInvalid {
				t.Errorf("Search(%q): %v", odd, err)
			}
		}
	})
}

func TestProblemsAreToldInEnglishUnlessAnotherLanguageIsAskedFor(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		p := written("a", "b", noon(), "go")
		p.Language = "fr"
		w.change(t, "main", ids.New(), p)
		w.settle(t)
		for language, want := range map[string]string{"": "This quotation mark", "en": "This quotation mark", "fr": "Ce guillemet"} {
			_, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: `"open`, InterfaceLanguage: language})
			if fault.KindOf(err) != fault.KindInvalid || !strings.HasPrefix(fault.TextOf(err), want) {
				t.Errorf("in %q: %v, want Invalid that begins with %q", language, err, want)
			}
		}
	})
}

func TestLanguagesOfASearchHaveNames(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		p := written("a", "b", noon(), "go")
		p.Language = "fr"
		w.change(t, "main", ids.New(), p)
		w.settle(t)
		for asker, want := range map[string]string{"": "French", "en-GB": "French", "fr": "français", "!": "French"} {
			got, err := w.client.Search(reader(t.Context(), "main"), &tagsv1.SearchRequest{Q: "a", InterfaceLanguage: asker})
			if err != nil || len(got.GetLanguages()) != 1 || got.GetLanguages()[0].GetValue() != "fr" || got.GetLanguages()[0].GetName() != want {
				t.Errorf("for %q: %v, %v; want fr called %q", asker, got.GetLanguages(), err, want)
			}
		}
	})
}

func TestASplitThatWouldMakeAnEmptyTagIsRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := start(t, db)
		w.change(t, "main", ids.New(), written("a", "train", noon(), "Transport"))
		w.settle(t)
		editor := identity.With(t.Context(), identity.Principal{Subject: "e", Role: identity.Editor, Site: "main"})
		split := func(q string) error {
			_, err := w.client.SplitTag(editor, &tagsv1.SplitTagRequest{Slug: "transport", Parts: []*tagsv1.SplitTagRequest_Part{{Name: "Rail", Q: q}}})
			return err
		}
		if err := split("boat"); fault.KindOf(err) != fault.KindInvalid || fault.TextOf(err) != `the part "Rail" would have no posts: no post of the tag is found by "boat"` {
			t.Errorf("a part that no post is for: %v, want that refused with its query", err)
		}
		if err := split(`"train`); fault.KindOf(err) != fault.KindInvalid || fault.TextOf(err) != `the query of "Rail": This quotation mark is not closed.` {
			t.Errorf("a part with a bad query: %v, want that refused with the part's name", err)
		}
		if _, err := w.client.GetTag(reader(t.Context(), "main"), &tagsv1.GetTagRequest{Slug: "rail"}); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("what was refused left a tag: %v", err)
		}
		other := ids.New()
		w.change(t, "main", other, written("b", "nothing", noon(), "Jardin"))
		w.settle(t)
		for want, parts := range map[string][]*tagsv1.SplitTagRequest_Part{
			`the part "Vide" would have no posts: say which go there`:                                  {{Name: "Rail", Q: "train"}, {Name: "Vide"}},
			`the part "Vide" would have no posts: none of those that are named for it carries the tag`: {{Name: "Vide", Posts: []string{other}}},
			`the part "Vide": "xx" is no id of a post`:                                                 {{Name: "Rail", Q: "train"}, {Name: "Vide", Posts: []string{"xx"}}},
		} {
			_, err := w.client.SplitTag(editor, &tagsv1.SplitTagRequest{Slug: "transport", Parts: parts})
			if fault.KindOf(err) != fault.KindInvalid || fault.TextOf(err) != want {
				t.Errorf("split: %v, want %s", err, want)
			}
		}
		if err := split("train"); err != nil {
			t.Errorf("a part that a post is for: %v", err)
		}
	})
}

func TestAServiceSaysWhichSiteItSearches(t *testing.T) {
	t.Parallel()
	w := start(t, sqldbtest.SQLite(t))
	w.change(t, "main", ids.New(), written("Ours", "word", noon()))
	w.change(t, "other", ids.New(), written("Theirs", "word", noon()))
	w.settle(t)
	got, err := w.client.Search(t.Context(), &tagsv1.SearchRequest{Q: "word", Site: "other"})
	if err != nil || len(got.GetPosts()) != 1 || got.GetPosts()[0].GetTitle() != "Theirs" {
		t.Errorf("Search of the other site = %v, %v; want its post", got, err)
	}
	if _, err := w.client.Search(t.Context(), &tagsv1.SearchRequest{Q: "word"}); fault.KindOf(err) != fault.KindInvalid {
		t.Errorf("Search of no site = %v, want Invalid", err)
	}
}
