package text_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

func TestCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Une phrase de remplissage, sans rien. ", 30)
	w := func(words ...string) []query.Node {
		var all []query.Node
		for _, word := range words {
			all = append(all, query.Word{Text: word})
		}
		return all
	}
	for name, c := range map[string]struct {
		language string
		source   text.Source
		terms    []query.Node
		want     text.Passage
	}{
		"forms and accents": {
			"fr",
			text.Source{Title: "Les marchés publics", Body: "Le marché de l’État & l'<b>Œuvre</b>."},
			w("MARCHE", "oeuvres", "etat", "le"),
			text.Passage{
				TitleHTML:   "Les <mark>marchés</mark> publics",
				SnippetHTML: "Le <mark>marché</mark> de l’<mark>État</mark> &amp; l&#39;&lt;b&gt;<mark>Œuvre</mark>&lt;/b&gt;.",
			},
		},
		"the passage is where the words are": {
			"fr",
			text.Source{Title: "Titre", Body: long + "Ici commence la bonne : le télétravail des agents\u00a0! " + long},
			w("télétravail", "agent"),
			text.Passage{
				TitleHTML:   "Titre",
				SnippetHTML: "… Ici commence la bonne : le <mark>télétravail</mark> des <mark>agents</mark>\u00a0! Une phrase de remplissage, sans rien. Une phrase de remplissage, sans rien. Une phrase de remplissage, sans rien. Une phrase de remplissage, sans rien. Une phrase de …",
			},
		},
		"nothing in the text": {
			"fr",
			text.Source{Title: "Télétravail", Body: "Court."},
			w("télétravail"),
			text.Passage{TitleHTML: "<mark>Télétravail</mark>", SnippetHTML: "Court."},
		},
		"in a heading": {
			"fr",
			text.Source{Title: "Titre", Headings: []string{"Autre", "Le télétravail"}, Body: "Court."},
			w("télétravail"),
			text.Passage{TitleHTML: "Titre", SnippetHTML: "Le <mark>télétravail</mark> — Court."},
		},
		"phrases, and their words not alone": {
			"fr",
			text.Source{Title: "La loi", Body: "La vie, la loi, le porte-monnaie et la monnaie."},
			[]query.Node{query.Phrase{Text: "la loi"}, query.Word{Text: "porte-monnaie"}},
			text.Passage{TitleHTML: "<mark>La loi</mark>", SnippetHTML: "La vie, <mark>la loi</mark>, le <mark>porte-monnaie</mark> et la monnaie."},
		},
		"an open word": {
			"fr",
			text.Source{Title: "Publication", Body: "Du public."},
			[]query.Node{query.Word{Text: "publi", Open: true}},
			text.Passage{TitleHTML: "<mark>Publication</mark>", SnippetHTML: "Du <mark>public</mark>."},
		},
		"only where it was looked for": {
			"fr",
			text.Source{Title: "Public", Body: "Public."},
			[]query.Node{query.Word{Text: "public", In: query.InTitle}},
			text.Passage{TitleHTML: "<mark>Public</mark>", SnippetHTML: "Public."},
		},
		"stop words alone": {
			"en",
			text.Source{Title: "The Who", Body: "A band."},
			w("the", "who"),
			text.Passage{TitleHTML: "<mark>The</mark> <mark>Who</mark>", SnippetHTML: "A band."},
		},
		"Japanese": {
			"ja",
			text.Source{Title: "東京都の天気", Body: strings.Repeat("晴れ", 300) + "京都" + strings.Repeat("雨", 300)},
			w("京都"),
			text.Passage{
				TitleHTML:   "東<mark>京都</mark>の天気",
				SnippetHTML: "… " + strings.Repeat("晴れ", 45) + "<mark>京都</mark>" + strings.Repeat("雨", 128) + " …",
			},
		},
		"what may not be in a page": {
			"fr",
			text.Source{Title: "a\x00b\u202ec", Body: "x\x1b[0m \xff <script>"},
			nil,
			text.Passage{TitleHTML: "abc", SnippetHTML: "x[0m \ufffd &lt;script&gt;"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, text.Cut(c.source, c.language, c.terms)); diff != "" {
				t.Errorf("passage (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCutTearsNothingApart(t *testing.T) {
	t.Parallel()
	family := "👨\u200d👩\u200d👧"
	s := text.Source{Body: "mot" + strings.Repeat(family, 200) + strings.Repeat("e\u0301", 300)}
	got := text.Cut(s, "fr", []query.Node{query.Word{Text: "mot"}}).SnippetHTML
	rest := strings.TrimSuffix(strings.TrimPrefix(got, "<mark>mot</mark>"), " …")
	if left := strings.ReplaceAll(rest, family, ""); left != "" || rest == "" {
		t.Errorf("families are torn apart: %q", rest)
	}
	s.Body = "mot " + strings.Repeat("e\u0301", 400)
	got = text.Cut(s, "fr", []query.Node{query.Word{Text: "mot"}}).SnippetHTML
	if strings.HasSuffix(strings.TrimSuffix(got, " …"), "e") {
		t.Errorf("an accent is lost: %q", got)
	}
}

func FuzzCut(f *testing.F) {
	f.Add("L’œuvre de C++ : porte-monnaie, 東京.\nla loi <b>", "porte-monnaie")
	f.Add(strings.Repeat("mot ", 200), "mot la")
	tags := regexp.MustCompile(`</?mark>`)
	f.Fuzz(func(t *testing.T, body, words string) {
		terms := []query.Node{query.Phrase{Text: words}, query.Word{Text: words, Open: true}}
		for word := range strings.FieldsSeq(words) {
			terms = append(terms, query.Word{Text: word})
		}
		got := text.Cut(text.Source{Title: words, Headings: []string{body}, Body: body}, "fr", terms)
		for _, h := range []string{got.TitleHTML, got.SnippetHTML} {
			plain := tags.ReplaceAllString(h, "")
			if !utf8.ValidString(h) || strings.ContainsAny(plain, "<>\x00") || strings.Count(h, "<mark>") != strings.Count(h, "</mark>") {
				t.Errorf("unsafe: %q", h)
			}
		}
		if n := utf8.RuneCountInString(html.UnescapeString(tags.ReplaceAllString(got.SnippetHTML, ""))); n > 1200+2*utf8.RuneCountInString(words) {
			t.Errorf("%d characters", n)
		}
	})
}

// An answer whose posts are as long as can be takes no longer for it: of the later ones
// only the beginnings are looked through.
func TestPassagesOfManyLongTextsAreBounded(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("une phrase de remplissage ", 256<<10/26)
	at := func(where string) text.Source {
		switch where {
		case "start":
			return text.Source{Title: "Le mot", Body: "mot " + filler}
		case "heading":
			return text.Source{Title: "Le mot", Headings: []string{"Un mot"}, Body: filler}
		}
		return text.Source{Title: "Le mot", Body: filler + "mot"}
	}
	c := text.NewCutter([]query.Node{query.Word{Text: "mot"}})
	found := map[string]int{}
	const posts = 100
	for range posts {
		for _, where := range []string{"start", "heading", "end"} {
			p := c.Cut(at(where), "fr")
			if p.TitleHTML != "Le <mark>mot</mark>" {
				t.Fatalf("the title is %q", p.TitleHTML)
			}
			if strings.Contains(p.SnippetHTML, "<mark>mot</mark>") {
				found[where]++
			} else if !strings.HasPrefix(p.SnippetHTML, "une phrase") || !strings.HasSuffix(p.SnippetHTML, " …") {
				t.Fatalf("without the word the passage is %q, want the beginning of the text", p.SnippetHTML)
			}
		}
	}
	if p := c.Cut(text.Source{Body: strings.Repeat("語", 256<<10/3)}, "ja"); strings.Count(p.SnippetHTML, "語") < 100 || strings.Contains(p.SnippetHTML, "\ufffd") {
		t.Errorf("a text without spaces begins with %q", p.SnippetHTML)
	}
	if found["start"] != posts {
		t.Errorf("the word at the beginning is shown for %d posts of %d", found["start"], posts)
	}
	for _, where := range []string{"heading", "end"} {
		if n := found[where]; n == 0 || n == posts {
			t.Errorf("the word in the %s is shown for %d posts of %d, want the first ones", where, n, posts)
		}
	}
}
