package search_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/tags/internal/search"
)

// words are those of a query for text; ones that may go on end in "*".
func words(t testing.TB, text string) string {
	t.Helper()
	q, err := search.NewQuery("main", text, nil, nil)
	if err != nil {
		t.Fatalf("NewQuery(%q): %v", text, err)
	}
	var out []string
	for _, w := range q.Words() {
		if w.Open {
			w.Text += "*"
		}
		out = append(out, w.Text)
	}
	if q.Nothing() && len(out) > 0 {
		t.Errorf("NewQuery(%q) has the words %q and finds nothing", text, out)
	}
	return strings.Join(out, " ")
}

func TestWordsOfAQuery(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                           "",
		"Été":                        "ete*",
		"été ":                       "ete",
		"Le cœur, l’ŒUVRE d'ANTAN":   "le coeur oeuvre antan*",
		"aujourd'hui qu’elle":        "aujourd hui elle*",
		"the author's wall, don't":   "the author wall don",
		"co-operation":               "co operation*",
		"e\u0301te\u0301":            "ete*",
		"ﬁn":                         "fin*",
		"ＡＢＣ１２":                      "abc12*",
		"soft\u00adhyphen":           "softhyphen*",
		"a":                          "a",
		"go go GO":                   "go",
		"straße":                     "strasse*",
		"½ litre":                    "1 2 litre*",
		"3.14":                       "3 14*",
		"C++ C#":                     "c",
		"日":                          "_e697a5",
		"日本語":                        "_e697a5e69cac _e69cace8aa9e",
		"日本 go":                      "_e697a5e69cac go*",
		"мир":                        "_d0bcd0b8d180*",
		"...":                        "",
		"AND OR NOT NEAR(a b) \"c\"": "and or not near a b c",
	} {
		if got := words(t, text); got != want {
			t.Errorf("words of %q = %q, want %q", text, got, want)
		}
	}
}

func TestWordsOfAPost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, body, want string }{
		{"markdown", "A **bold** [link](https://example.org/path \"title\") and `code`", "a and bold code link title"},
		{"markdown", "![alt](data:image/png;base64,AAAA) [x][1]\n\n[1]: https://example.org/hidden", "1 alt x"},
		{"markdown", "if a <b then List<String> and <https://example.org>", "a and b example https if list org string then"},
		{"markdown", "one<br>two <em>th</em>ree <div class=\"x\">four</div>five", "five four one three two"},
		{"markdown", "unclosed <script> goes on", "goes on unclosed"},
		{"markdown", "<!-- more --> caf&eacute; &amp; t&#233;", "cafe te"},
		{"html", "<p>One</p><p>tw<b>o</b></p><style>x{}</style><script>var y</script>&eacute;t&eacute;", "ete one two"},
		{"html", "<img src=\"a.jpg\" alt=\"hidden\">seen", "seen"},
		{"html", "東京", "_e4baac _e69db1 _e69db1e4baac"},
		{"html", strings.Repeat("x", 100), strings.Repeat("x", 64)},
	} {
		got := search.NewWordlist(search.Source{Body: c.body, Format: c.format}).Text
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("words of %s %q (-want +got):\n%s", c.format, c.body, diff)
		}
	}
}

func TestPlacesOfAWordlist(t *testing.T) {
	t.Parallel()
	source := search.Source{Title: "L’été", Labels: []string{"Jardin", "Zoé Ney"}, Body: "texte", Others: []string{"un résumé"}}
	d := search.NewWordlist(source)
	if diff := cmp.Diff(search.Wordlist{Title: "ete", Labels: "jardin ney zoe", Text: "resume texte un"}, d); diff != "" {
		t.Errorf("wordlist (-want +got):\n%s", diff)
	}
	source.Body = "  TEXTE!  "
	if search.NewWordlist(source).Hash() != d.Hash() {
		t.Error("the same words have another hash")
	}
	source.Title, source.Body = "", "texte ete"
	if search.NewWordlist(source).Hash() == d.Hash() {
		t.Error("words in another place have the same hash")
	}
}

func TestWordlistsAreBounded(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 200_000 {
		many.WriteString(" w" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String())
	}
	for name, body := range map[string]string{
		"many words": many.String(), "one word": strings.Repeat("w", 1<<20), "nested": strings.Repeat("> ", 1<<19), "brackets": strings.Repeat("](", 1<<19),
		"definitions": strings.Repeat("[a]: b\n", 1<<17), "tags": strings.Repeat("<b", 1<<19), "entities": strings.Repeat("&", 1<<20), "marks": strings.Repeat("e\u0301", 1<<18),
		"pairs": strings.Repeat("語日", 1<<17), "cut": strings.Repeat("é", 1<<19),
	} {
		d := search.NewWordlist(search.Source{Body: body, Format: "markdown"})
		if n := len(strings.Fields(d.Text)); n > 10_000 || len(d.Text) > 700_000 {
			t.Errorf("%s: %d words in %d bytes", name, n, len(d.Text))
		}
	}
}

func TestNewQueryRefuses(t *testing.T) {
	t.Parallel()
	eleven := strings.Split("a b c d e f g h i j k", " ")
	for _, c := range []struct {
		text      string
		tags, not []string
	}{
		{strings.Repeat("é", 201), nil, nil}, {"", eleven, nil}, {"", nil, eleven}, {"", []string{""}, nil}, {"", nil, []string{"?"}},
	} {
		if _, err := search.NewQuery("main", c.text, c.tags, c.not); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("NewQuery(%.10q, %q, %q) = %v, want Invalid", c.text, c.tags, c.not, err)
		}
	}
	q, err := search.NewQuery("main", " ! ", []string{"b", "Été", "b"}, eleven[:10])
	if err != nil || !q.Nothing() || !cmp.Equal(q.Tags(), []string{"b", "ete"}) {
		t.Errorf("NewQuery = %+v, %v", q, err)
	}
}

// FuzzWords holds that what a post says is found by itself, and that words have
// nothing in them that means something to a database.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"L'été, don't", "東京の夏 привет", "\xff\x00", "a\u0301'\u00ad'", "½ﷺ№ Ⅷ", "ไทย"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > search.MaxText {
			return
		}
		has := make(map[string]bool)
		for w := range strings.FieldsSeq(search.NewWordlist(search.Source{Title: text}).Title) {
			has[w] = true
			if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || strings.HasPrefix(w, "__") || len(w) > 600 {
				t.Fatalf("%q has the word %q", text, w)
			}
		}
		q, err := search.NewQuery("main", text, nil, nil)
		if err != nil {
			t.Fatalf("NewQuery(%q): %v", text, err)
		}
		for _, w := range q.Words() {
			if !has[w.Text] {
				t.Fatalf("%q looks for %q, which it does not have: %v", text, w.Text, has)
			}
		}
	})
}
