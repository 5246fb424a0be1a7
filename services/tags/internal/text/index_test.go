package text_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/parution/parution/services/tags/internal/query"
	"github.com/parution/parution/services/tags/internal/text"
)

func open(t *testing.T, options text.Options) *text.Sites {
	t.Helper()
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	sites, err := text.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sites.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return sites
}

func post(number uint32, language, title, body string) text.Document {
	return text.Document{
		Number: number, Language: language, PublishedAt: time.Date(2026, 1, int(number), 0, 0, 0, 0, time.UTC),
		Source: &text.Source{Title: title, Body: body},
	}
}

func put(t *testing.T, ix text.Index, documents ...text.Document) {
	t.Helper()
	if err := ix.Put(documents, text.Position{Epoch: 1, Pos: int64(documents[len(documents)-1].Number)}); err != nil {
		t.Fatal(err)
	}
}

func match(t *testing.T, ix text.Index, term query.Node) []uint32 {
	t.Helper()
	posts, err := ix.Match(t.Context(), term)
	if err != nil {
		t.Fatalf("match %+v: %v", term, err)
	}
	return posts.ToArray()
}

func TestMatch(t *testing.T) {
	t.Parallel()
	ix := open(t, text.Options{}).Of("site")
	demo := post(9, "fr", "Titre seul", "Un corps sans rien.\nLa loi est la loi.")
	demo.Source.Headings = []string{"Les enjeux publics", "Conclusion"}
	demo.Source.Labels = []string{"Commande publique", "C++"}
	demo.Source.Authors = []string{"Éric Bayard"}
	put(t, ix,
		post(1, "fr", "Le résumé de l'année", "Des marchés publics et une œuvre d’art."),
		post(2, "fr", "Resume", "Le marché public du porte-monnaie, l’île."),
		post(3, "en", "Publishing in the open", "We published services with C++ and C#, and an e-mail."),
		post(4, "fr", "Portemonnaie", "La fonction snake_case, #tag, 1\u202f000 €."),
		post(5, "ja", "東京都の天気", "京都は晴れ。"),
		post(6, "en", "The Who", "A band. Their loi was unpublished; email me, C."),
		post(7, "fr", "Publics, marchés", "Le public de ce marché.\nLes élus."),
		demo,
	)
	w := func(s string) query.Node { return query.Word{Text: s} }
	for name, c := range map[string]struct {
		term query.Node
		want []uint32
	}{
		"accents in the text":        {w("resume"), []uint32{1, 2}},
		"accents in the question":    {w("RÉSUMÉ"), []uint32{1, 2}},
		"decomposed accents":         {w("re\u0301sume\u0301"), []uint32{1, 2}},
		"plural":                     {w("marchés"), []uint32{1, 2, 7}},
		"singular":                   {w("marché"), []uint32{1, 2, 7}},
		"stem of another language":   {w("publish"), []uint32{3}},
		"feminine":                   {w("publique"), []uint32{1, 2, 7, 9}},
		"œ as oe":                    {w("oeuvre"), []uint32{1}},
		"œ as œ":                     {w("Œuvres"), []uint32{1}},
		"elided":                     {w("l’année"), []uint32{1}},
		"bare":                       {w("annee"), []uint32{1}},
		"elision in the text":        {w("ile"), []uint32{2}},
		"hyphenated whole":           {w("porte-monnaie"), []uint32{2, 4}},
		"hyphenated in one":          {w("portemonnaie"), []uint32{2, 4}},
		"part of a hyphenated":       {w("monnaies"), []uint32{2}},
		"e-mail":                     {w("e-mail"), []uint32{3, 6}},
		"email":                      {w("email"), []uint32{3, 6}},
		"C++ is no C":                {w("c++"), []uint32{3, 9}},
		"C#":                         {w("C#"), []uint32{3}},
		"C":                          {w("C"), []uint32{3, 6, 9}},
		"identifier":                 {w("snake_case"), []uint32{4}},
		"part of an identifier":      {w("snake"), []uint32{4}},
		"hash tag":                   {w("#tag"), []uint32{4}},
		"number with spaces":         {w("1000"), []uint32{4}},
		"two letters of Japanese":    {w("京都"), []uint32{5}},
		"one letter of Japanese":     {w("都"), []uint32{5}},
		"Japanese across a word":     {w("都天"), nil},
		"stop words find":            {w("the"), []uint32{3, 6}},
		"no word":                    {w("🎉"), nil},
		"unknown":                    {w("inconnu"), nil},
		"label":                      {w("commande"), []uint32{9}},
		"author":                     {w("bayard"), []uint32{9}},
		"phrase":                     {query.Phrase{Text: "marchés publics"}, []uint32{1}},
		"phrase in the other number": {query.Phrase{Text: "marché public"}, []uint32{2}},
		"phrase of stop words":       {query.Phrase{Text: "la loi"}, []uint32{9}},
		"phrase that repeats":        {query.Phrase{Text: "la loi est la loi"}, []uint32{9}},
		"phrase across a paragraph":  {query.Phrase{Text: "marché les élus"}, nil},
		"phrase across fields":       {query.Phrase{Text: "titre seul un corps"}, nil},
		"phrase in a label":          {query.Phrase{Text: "commande publique"}, []uint32{9}},
		"phrase with an elision":     {query.Phrase{Text: "œuvre d'art"}, []uint32{1}},
		"phrase with a hyphen":       {query.Phrase{Text: "du porte monnaie"}, []uint32{2}},
		"phrase in another order":    {query.Phrase{Text: "publics marchés"}, []uint32{7}},
		"phrase in Japanese":         {query.Phrase{Text: "東京都の"}, []uint32{5}},
		"open":                       {query.Word{Text: "publi", Open: true}, []uint32{1, 2, 3, 7, 9}},
		"one letter is not open":     {query.Word{Text: "p", Open: true}, nil},
		"open, two letters":          {query.Word{Text: "ép", Open: true}, nil},
		"open, two letters, found":   {query.Word{Text: "él", Open: true}, []uint32{7}},
		"open, with an accent":       {query.Word{Text: "rés", Open: true}, []uint32{1, 2}},
		"open, more than its stem":   {query.Word{Text: "publics", Open: true}, []uint32{1, 2, 7, 9}},
		"title":                      {query.Word{Text: "public", In: query.InTitle}, []uint32{7}},
		"title, open":                {query.Word{Text: "port", Open: true, In: query.InTitle}, []uint32{4}},
		"title, phrase":              {query.Phrase{Text: "publics marchés", In: query.InTitle}, []uint32{7}},
		"title, not in the text":     {query.Phrase{Text: "marchés publics", In: query.InTitle}, nil},
		"text":                       {query.Word{Text: "titre", In: query.InBody}, nil},
		"text, also in the title":    {query.Word{Text: "public", In: query.InBody}, []uint32{1, 2, 7, 9}},
		"text, in labels only":       {query.Word{Text: "commande", In: query.InBody}, nil},
		"text, headings":             {query.Phrase{Text: "enjeux publics", In: query.InBody}, []uint32{9}},
		"text, labels are not":       {query.Phrase{Text: "commande publique", In: query.InBody}, nil},
		"not a term":                 {query.Tag{Name: "x"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := match(t, ix, c.term)
			if len(got) != len(c.want) || !slices.Equal(got, c.want) {
				t.Errorf("match %+v = %v, want %v", c.term, got, c.want)
			}
		})
	}
}

func TestAChangedPostIsFoundByItsWordsOfNow(t *testing.T) {
	t.Parallel()
	ix := open(t, text.Options{}).Of("site")
	for i := range uint32(50) {
		put(t, ix, post(i+1, "fr", fmt.Sprintf("Billet %d", i), "ancien"))
	}
	put(t, ix, post(7, "fr", "Billet", "nouveau"))
	put(t, ix, text.Document{Number: 9})
	if got := match(t, ix, query.Word{Text: "nouveau"}); !slices.Equal(got, []uint32{7}) {
		t.Errorf("the changed post is not found: %v", got)
	}
	got := match(t, ix, query.Word{Text: "ancien"})
	if len(got) != 48 || slices.Contains(got, 7) || slices.Contains(got, 9) {
		t.Errorf("posts with the old word = %v", got)
	}
	hits, err := ix.Score(t.Context(), []query.Node{query.Word{Text: "ancien"}}, roaring.BitmapOf(7, 9, 10), 10)
	if err != nil {
		t.Fatal(err)
	}
	if numbers(hits)[0] != 10 || slices.Contains(numbers(hits), 9) {
		t.Errorf("scored = %v", hits)
	}
}

func numbers(hits []text.Hit) []uint32 {
	var all []uint32
	for _, h := range hits {
		all = append(all, h.Number)
	}
	return all
}

func TestScore(t *testing.T) {
	t.Parallel()
	ix := open(t, text.Options{}).Of("site")
	const filler = " Une page de plus avec des mots ordinaires qui ne disent rien de précis, et encore quelques autres."
	heading := post(4, "fr", "Quatre", filler)
	heading.Source.Headings = []string{"Accessibilité"}
	old := post(8, "fr", "Huit", "télétravail"+filler)
	old.PublishedAt = old.PublishedAt.AddDate(-6, 0, 0)
	put(t, ix,
		post(1, "fr", "Un", "Un mot sur l'accessibilité."+filler+filler),
		post(2, "fr", "Accessibilité des services", filler),
		post(3, "fr", "Trois", "accessibilité accessibilité accessibilité"+filler),
		heading,
		post(5, "fr", "Cinq", "Les accessibilités."+filler+filler),
		post(6, "fr", "Six", filler),
		post(7, "fr", "Sept", "télétravail"+filler),
		old,
		post(9, "fr", "La commande", "télétravail télétravail de la commande"+filler),
	)
	all := roaring.New()
	all.AddRange(0, 20)
	best := func(size int, terms ...query.Node) []uint32 {
		hits, err := ix.Score(t.Context(), terms, all, size)
		if err != nil {
			t.Fatal(err)
		}
		return numbers(hits)
	}
	got := best(5, query.Word{Text: "accessibilité"})
	if got[0] != 2 {
		t.Errorf("the title is not first: %v", got)
	}
	if slices.Index(got, 3) > slices.Index(got, 1) {
		t.Errorf("what has a word more often is not before what has it once: %v", got)
	}
	if slices.Index(got, 5) < slices.Index(got, 1) {
		t.Errorf("another form is before the one that was typed: %v", got)
	}
	if got := best(3, query.Word{Text: "télétravail"}); !slices.Equal(got, []uint32{9, 7, 8}) {
		t.Errorf("best for télétravail = %v, want the one that has it twice, then the newer", got)
	}
	if got := best(2); !slices.Equal(got, []uint32{9, 7}) {
		t.Errorf("best for nothing = %v, want the newest", got)
	}
	if got := best(1, query.Word{Text: "access", Open: true}); !slices.Equal(got, []uint32{2}) {
		t.Errorf("best for an open word = %v", got)
	}
	again, first := best(9, query.Word{Text: "accessibilité"}), best(3, query.Word{Text: "accessibilité"})
	if diff := cmp.Diff(again[:3], first); diff != "" {
		t.Errorf("the first page depends on its size:\n%s", diff)
	}
}

func TestWordsThatStandTogetherComeFirst(t *testing.T) {
	t.Parallel()
	ix := open(t, text.Options{}).Of("site")
	const filler = " Une page de plus avec des mots ordinaires qui ne disent rien de précis, et encore quelques autres. "
	put(t, ix,
		post(1, "fr", "Un", "Une plateforme pour tous."+filler+"Le rôle de l'État."),
		post(2, "fr", "Deux", "Le rôle de l’État plateforme, pour tous."+filler),
		post(3, "fr", "Trois", "Une plateforme pour tous."+filler+"Le rôle de l'État."),
	)
	hits, err := ix.Score(t.Context(), []query.Node{query.Word{Text: "l'état"}, query.Word{Text: "plateforme"}}, roaring.BitmapOf(1, 2, 3), 3)
	if err != nil {
		t.Fatal(err)
	}
	if got := numbers(hits); !slices.Equal(got, []uint32{2, 3, 1}) {
		t.Errorf("best = %v, want the one in which they stand together first", got)
	}
}

func TestWordsAreCompletedAndCorrected(t *testing.T) {
	t.Parallel()
	ix := open(t, text.Options{}).Of("site")
	put(t, ix,
		post(1, "fr", "Marché public", "Le résumé des marchés, la dématérialisation et l’œuvre."),
		post(2, "fr", "Marché", "Un marché, des résumés, dématérialisation."),
		post(3, "en", "Resume", "The accessibility of publishing, marketing."),
	)
	for start, want := range map[string][]string{
		"march": {"marché", "marchés"},
		"MARC":  {"marché", "marchés"},
		"oeu":   {"œuvre"},
		"zz":    nil,
		"":      nil,
	} {
		got, err := ix.Complete(t.Context(), start, 5)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Complete(%q) = %q, %v, want %q", start, got, err, want)
		}
	}
	for word, want := range map[string]string{
		"marhcé":            "marché",
		"macrhe":            "marché",
		"marche":            "", // known
		"marcher":           "", // its stem is
		"dematerialisaton":  "dématérialisation",
		"demateriallisaton": "dématérialisation",
		"acessibility":      "accessibility",
		"qqqqqq":            "",
		"la":                "",
		"publi":             "public",
		"deux mots":         "",
	} {
		got, err := ix.Correct(t.Context(), word, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			got = []string{""}
		}
		if got[0] != want {
			t.Errorf("Correct(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestTermsTellOfAText(t *testing.T) {
	t.Parallel()
	ix := open(t, text.Options{}).Of("site")
	for i := range uint32(20) {
		body := "Un billet comme les autres."
		if i < 3 {
			body += " Il parle des autoroutes et d'autoroute."
		}
		put(t, ix, post(i+1, "fr", "Billet", body))
	}
	terms, err := ix.Terms(t.Context(), "fr", text.Source{Title: "L'autoroute", Body: "Un billet sur les autoroutes et les dromadaires."}, 5)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]text.Term{{Text: "autoroute", Posts: 3}}, terms); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
}

func TestWordsOfRemovedPostsAreNotProposed(t *testing.T) {
	t.Parallel()
	ix := open(t, text.Options{}).Of("main")
	put(t, ix,
		post(1, "fr", "Un secret", "le projet Zorglübique est annoncé"), post(2, "fr", "Autre", "zorglons et zorglez"), post(3, "fr", "Encore", "zorglons"),
	)
	put(t, ix, text.Document{Number: 1})
	got, err := ix.Complete(t.Context(), "zorg", 5)
	if err != nil {
		t.Fatalf("Complete: %v", err)
	}
	if diff := cmp.Diff([]string{"zorglons", "zorglez"}, got); diff != "" {
		t.Errorf("completed (-want +got):\n%s", diff)
	}
	if got, err := ix.Correct(t.Context(), "zorglubiqe", 5); err != nil || len(got) != 0 {
		t.Errorf("corrected to %q, %v, want nothing: no post has the word any more", got, err)
	}
}
