package query

import (
	"encoding/json"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// anywhere leaves out where nodes stand.
func anywhere() cmp.Option {
	return cmp.Options{cmpopts.IgnoreTypes(Span{}), cmpopts.EquateEmpty()}
}

func word(text string) Word { return Word{Text: text} }
func open(text string) Word { return Word{Text: text, Open: true} }

func all(parts ...Node) And   { return And{Parts: parts} }
func some(parts ...Node) Or   { return Or{Parts: parts} }
func not(part Node) Not       { return Not{Part: part} }
func phrase(text string) Node { return Phrase{Text: text} }
func tagged(name string) Node { return Tag{Name: name} }
func by(name string) Node     { return Author{Name: name} }
func in(tag string) Node      { return Language{Tag: tag} }

func titled(text string) Word { return Word{Text: text, In: InTitle} }

func day(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Node{
		"":           nil,
		" \t\u00a0":  nil,
		"transport":  open("transport"),
		"transport ": word("transport"),
		// Words.
		"marché public":             all(word("marché"), open("public")),
		"MARCHÉ PUBLIC":             all(word("MARCHÉ"), open("PUBLIC")),
		"mar* public ":              all(open("mar"), word("public")),
		"l'état d’urgence ":         all(word("l'état"), word("d’urgence")),
		"la loi et le budget ":      all(word("la"), word("loi"), word("et"), word("le"), word("budget")),
		"porte-monnaie ":            word("porte-monnaie"),
		"C++ C# .NET snake_case ":   all(word("C++"), word("C#"), word("NET"), word("snake_case")),
		"#tag @moi ":                all(word("#tag"), word("@moi")),
		"Bonjour, le monde ! ":      all(word("Bonjour"), word("le"), word("monde")),
		"Paris - Lyon – Nice — x ":  all(word("Paris"), word("Lyon"), word("Nice"), word("x")),
		"git --force ":              all(word("git"), word("force")),
		"chargé(e)s f() ":           all(word("chargé(e)s"), word("f")),
		"élu(e) ":                   word("élu(e)"),
		"東京都":                       open("東京都"),
		"ca\u00adfé\u200b noir\x00": all(word("café"), word("noir")),
		"\u202aabc\u202c ":          word("abc"),
		"a\xffb ":                   all(word("a"), word("b")),
		// Phrases.
		`"marché public"`:           phrase("marché public"),
		"« marché  public »":        phrase("marché public"),
		"“marché public”":           phrase("marché public"),
		"„marché public“":           phrase("marché public"),
		"”marché public”":           phrase("marché public"),
		"»marché public«":           phrase("marché public"),
		"＂marché public＂":           phrase("marché public"),
		`« dit "oui" »`:             phrase("dit oui"),
		`"loi"`:                     phrase("loi"),
		`l'« état »`:                phrase("état"),
		`vivre l'`:                  word("vivre"),
		`"" rien`:                   open("rien"),
		`un"deux trois"quatre `:     all(word("un"), phrase("deux trois"), word("quatre")),
		`"a OR b" `:                 phrase("a OR b"),
		`titre:"a b" texte:« c d »`: all(Phrase{Text: "a b", In: InTitle}, Phrase{Text: "c d", In: InBody}),
		// Algebra.
		"a -b":                all(word("a"), not(word("b"))),
		"a −b –c ‑d ":         all(word("a"), not(word("b")), not(word("c")), not(word("d"))),
		"-b":                  not(word("b")),
		"-b* c ":              all(not(open("b")), word("c")),
		`-"b c"`:              not(phrase("b c")),
		"-(a b)":              not(all(word("a"), word("b"))),
		"NOT a SAUF b NON c ": all(not(word("a")), not(word("b")), not(word("c"))),
		"NOT -a ":             word("a"),
		"a OR b ":             some(word("a"), word("b")),
		"a OU b|c || d ":      some(word("a"), word("b"), word("c"), word("d")),
		"a ou b ":             all(word("a"), word("ou"), word("b")),
		"a AND b ET c + d ":   all(word("a"), word("b"), word("c"), word("d")),
		"+a + ":               word("a"),
		"x a OR b y ":         all(word("x"), some(word("a"), word("b")), word("y")),
		"a AND b OR c ":       some(all(word("a"), word("b")), word("c")),
		"a b OR -c ":          all(word("a"), some(word("b"), not(word("c")))),
		"(a b) OR c ":         some(all(word("a"), word("b")), word("c")),
		"a (b (c d)) ":        all(word("a"), word("b"), word("c"), word("d")),
		"OU(a) b":             nil, // see TestProblems
		"SAUF(a OU b)":        not(some(word("a"), word("b"))),
		"a () b ":             all(word("a"), word("b")),
		"a -!! b ":            all(word("a"), word("b")),
		"（a｜b）－c ":            all(some(word("a"), word("b")), not(word("c"))),
		// Fields.
		`"marché public" tag:transport -tag:archive auteur:bayard avant:2020`: all(
			phrase("marché public"), tagged("transport"), not(tagged("archive")), by("bayard"), Published{Until: day(t, "2020-01-01")}),
		"tag:transport":                     tagged("transport"),
		"TAG:transport":                     tagged("transport"),
		"étiquette:a mot-clé:b mots-cles:c": all(tagged("a"), tagged("b"), tagged("c")),
		"e\u0301tiquette:a":                 tagged("a"),
		`tag:"Marchés publics"`:             tagged("Marchés publics"),
		"tag:« Marchés publics »":           tagged("Marchés publics"),
		"tag : transport ":                  tagged("transport"),
		"tag\u00a0: transport, ":            tagged("transport"),
		"tag：transport":                     tagged("transport"),
		"tag: transport":                    tagged("transport"),
		"- tag:archive":                     not(tagged("archive")),
		"tag:c++ tag:OR":                    all(tagged("c++"), tagged("OR")),
		"tag:(a OU b) -tag:c":               all(some(tagged("a"), tagged("b")), not(tagged("c"))),
		`auteur:"Jean Dupont" par:jean`:     all(by("Jean Dupont"), by("jean")),
		"author:jean.dupont":                by("jean.dupont"),
		"titre:budget":                      Word{Text: "budget", In: InTitle, Open: true},
		"titre:budget ":                     titled("budget"),
		"title:(budget OR loi)":             some(titled("budget"), titled("loi")),
		"texte:bud* ":                       Word{Text: "bud", In: InBody, Open: true},
		"langue:français lang:EN_gb":        all(in("fr"), in("en-GB")),
		"language:zh-hant-tw":               in("zh-Hant-TW"),
		// What is no field.
		"http://x.fr/y ":            word("http://x.fr/y"),
		"text://x ":                 word("text://x"),
		"12:30 ":                    word("12:30"),
		"Loi : le texte : demain ":  all(word("Loi"), word("le"), word("texte"), word("demain")),
		"avant : le déluge ":        all(word("avant"), word("le"), word("déluge")),
		"la vie avant : bilan ":     all(word("la"), word("vie"), word("avant"), word("bilan")),
		"avant : 12 idées ":         all(word("avant"), word("12"), word("idées")),
		"le:monde ":                 word("le:monde"),
		"on : jour ":                all(word("on"), word("jour")),
		"std::vector C:\\x note:x ": all(word("std::vector"), word("C:\\x"), word("note:x")),
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, problem := Parse(text, "fr")
			if strings.HasPrefix(text, "OU(") {
				if problem == nil {
					t.Errorf("Parse(%q) = %v, want a problem", text, got)
				}
				return
			}
			if problem != nil {
				t.Fatalf("Parse(%q) has a problem: %+v", text, *problem)
			}
			if diff := cmp.Diff(want, got, anywhere()); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", text, diff)
			}
			sameAgain(t, got)
		})
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ since, until string }{
		"avant:2020":             {"", "2020-01-01"},
		"before:2020-05":         {"", "2020-05-01"},
		"before:2020-05-17":      {"", "2020-05-17"},
		"avant:17/05/2020":       {"", "2020-05-17"},
		"avant:05/2020":          {"", "2020-05-01"},
		"avant : 05/2020":        {"", "2020-05-01"},
		"avant: 5/2020,":         {"", "2020-05-01"},
		"avant:17.05.2020":       {"", "2020-05-17"},
		"before:2020/5/7":        {"", "2020-05-07"},
		"après:2020":             {"2021-01-01", ""},
		"apres:2020-12":          {"2021-01-01", ""},
		"after:2020-12-31":       {"2021-01-01", ""},
		"depuis:2020":            {"2020-01-01", ""},
		"since:2020-02-29":       {"2020-02-29", ""},
		"le:17/05/2020":          {"2020-05-17", "2020-05-18"},
		"on:2020-02":             {"2020-02-01", "2020-03-01"},
		"année:2018":             {"2018-01-01", "2019-01-01"},
		"year:2018..2020":        {"2018-01-01", "2021-01-01"},
		"année:2020..2018":       {"2018-01-01", "2021-01-01"},
		"année:2018-2020":        {"2018-01-01", "2021-01-01"},
		"année:2018–2020":        {"2018-01-01", "2021-01-01"},
		"année:2018…2020":        {"2018-01-01", "2021-01-01"},
		"on:2018-03..05/2019":    {"2018-03-01", "2019-06-01"},
		"year:2018..":            {"2018-01-01", ""},
		"year:..2018":            {"", "2019-01-01"},
		`year:"2018 .. 2019"`:    {"2018-01-01", "2020-01-01"},
		"2018..2020":             {"2018-01-01", "2021-01-01"},
		"date:9999":              {"9999-01-01", "10000-01-01"},
		"avant:２０２０":             {"", "2020-01-01"},
		"date:2020-01-31..2020-": {"-", ""},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, problem := Parse(text, "fr")
			if want.since == "-" {
				if problem == nil || problem.Code != BadDate {
					t.Errorf("Parse(%q) = %v, %v, want a bad date", text, got, problem)
				}
				return
			}
			if problem != nil {
				t.Fatalf("Parse(%q) has a problem: %+v", text, *problem)
			}
			expected := Published{Since: day(t, want.since)}
			if want.until == "10000-01-01" {
				expected.Until = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
			} else {
				expected.Until = day(t, want.until)
			}
			if diff := cmp.Diff(Node(expected), got, anywhere()); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", text, diff)
			}
			sameAgain(t, got)
		})
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		at   Span
		code Code
	}{
		`été "marché public`:        {Span{4, 1}, UnbalancedQuote},
		"été »":                     {Span{4, 1}, UnbalancedQuote},
		"(a b":                      {Span{0, 1}, UnbalancedParenthesis},
		"a ((b)":                    {Span{2, 1}, UnbalancedParenthesis},
		"été b)":                    {Span{5, 1}, UnbalancedParenthesis},
		"a OR":                      {Span{2, 2}, MissingTerm},
		"a OR )":                    {Span{2, 2}, MissingTerm},
		"OU a":                      {Span{0, 2}, MissingTerm},
		"OU(a)":                     {Span{0, 2}, MissingTerm},
		"a OR OR b":                 {Span{2, 2}, MissingTerm},
		"a AND":                     {Span{2, 3}, MissingTerm},
		"a AND OR b":                {Span{2, 3}, MissingTerm},
		"a SAUF":                    {Span{2, 4}, MissingTerm},
		"|":                         {Span{0, 1}, MissingTerm},
		"ET":                        {Span{0, 2}, MissingTerm},
		" !!! ":                     {Span{1, 3}, MissingTerm},
		"*":                         {Span{0, 1}, MissingTerm},
		`""`:                        {Span{0, 2}, MissingTerm},
		"()":                        {Span{0, 2}, MissingTerm},
		"a tag:":                    {Span{2, 4}, MissingTerm},
		"tag:!! b":                  {Span{0, 4}, MissingTerm},
		"tag: OR b":                 {Span{0, 4}, MissingTerm},
		`titre:""`:                  {Span{0, 6}, MissingTerm},
		"été auter:dupont":          {Span{4, 5}, UnknownField},
		`atg:"x"`:                   {Span{0, 3}, UnknownField},
		"étiqette:x":                {Span{0, 8}, UnknownField},
		"avant:hier":                {Span{6, 4}, BadDate},
		"avant : hier":              {Span{8, 4}, BadDate},
		" Avant : hier ! ":          {Span{9, 4}, BadDate},
		"pain avant : 31/02/2026":   {Span{13, 10}, BadDate},
		"depuis : 2020-13 pain":     {Span{9, 7}, BadDate},
		"avant:05/17/2020":          {Span{6, 10}, BadDate},
		"le:31/02/2020":             {Span{3, 10}, BadDate},
		"avant:2018..2020":          {Span{6, 10}, BadDate},
		"le:0001..":                 {Span{3, 6}, BadDate},
		"langue:«en français»":      {Span{7, 13}, BadLanguage},
		strings.Repeat("a ", 33):    {Span{64, 1}, TooManyTerms},
		strings.Repeat("a", 501):    {Span{500, 1}, TooLong},
		strings.Repeat("é", 10_000): {Span{500, 9_500}, TooLong},
		strings.Repeat("(", 9) + "a" + strings.Repeat(")", 9): {Span{8, 1}, TooDeep},
		"a\u00adb\u200b OR": {Span{5, 2}, MissingTerm},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, problem := Parse(text, "fr")
			if problem == nil {
				t.Fatalf("Parse(%q) = %v, want the problem %s", text, got, want.code)
			}
			if got != nil || problem.Span != want.at || problem.Code != want.code {
				t.Errorf("Parse(%q) = %v, %+v; want %s at %v", text, got, *problem, want.code, want.at)
			}
			if problem.Message == "" || strings.ContainsAny(problem.Message, "{}") {
				t.Errorf("Parse(%q) says %q, want a sentence", text, problem.Message)
			}
		})
	}
}

func TestMessageIsInTheLanguageOfWhoAsks(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{
		"fr":    "Le champ «\u00a0auter:\u00a0» n’existe pas. Vouliez-vous dire «\u00a0auteur:\u00a0»\u202f? Pour chercher ce texte, mettez-le entre guillemets.",
		"fr-CA": "Le champ «\u00a0auter:\u00a0» n’existe pas. Vouliez-vous dire «\u00a0auteur:\u00a0»\u202f? Pour chercher ce texte, mettez-le entre guillemets.",
		"en":    "There is no field “auter:”. Did you mean “auteur:”? As text, write it in quotes.",
		"":      "There is no field “auter:”. Did you mean “auteur:”? As text, write it in quotes.",
		"../fr": "There is no field “auter:”. Did you mean “auteur:”? As text, write it in quotes.",
	} {
		if _, problem := Parse("auter:dupont", language); problem == nil || problem.Message != want {
			t.Errorf("in %q: %+v, want %q", language, problem, want)
		}
	}
}

func TestCataloguesAreComplete(t *testing.T) {
	t.Parallel()
	english := catalogue("en")
	files, err := catalogues.ReadDir("messages")
	if err != nil || len(english) == 0 {
		t.Fatal(err, len(english))
	}
	for _, f := range files {
		text, err := catalogues.ReadFile(path.Join("messages", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var lines map[string]string
		if err := json.Unmarshal(text, &lines); err != nil {
			t.Fatal(err)
		}
		for key, line := range english {
			if lines[key] == "" {
				t.Errorf("%s has no %s", f.Name(), key)
			}
			for _, hole := range []string{"{text}", "{other}", "{limit}"} {
				if strings.Contains(line, hole) != strings.Contains(lines[key], hole) {
					t.Errorf("%s: %s: %s is missing, or too much", f.Name(), key, hole)
				}
			}
		}
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	n, problem := Parse(`été, -tag:« œ x » (titre:mar* OU "b c") le:2020`, "fr")
	if problem != nil {
		t.Fatal(*problem)
	}
	want := all(
		Word{Span: Span{0, 3}, Text: "été"},
		not(Tag{Span: Span{10, 7}, Name: "œ x"}),
		some(
			Word{Span: Span{25, 3}, Text: "mar", Open: true, In: InTitle},
			Phrase{Span: Span{33, 5}, Text: "b c"},
		),
		Published{Span: Span{43, 4}, Since: day(t, "2020-01-01"), Until: day(t, "2021-01-01")},
	)
	if diff := cmp.Diff(Node(want), n); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "",
		"transport":             "transport*",
		"marché public ":        "marché public ",
		"x a OU b ":             "x (a OR b)",
		"a ET b OU c ":          "(a b) OR c ",
		"x -(a b)":              "x -(a b)",
		"titre:a -texte:b":      "title:a -text:b",
		"auteur:« Jean Dupont»": `author:"Jean Dupont"`,
		"tag:C++":               `tag:"C++"`,
		"le:2020":               "on:2020",
		"depuis:2020-05-01":     "since:2020-05",
		"2018..2020":            "on:2018-01-01..2020-12-31",
		"lang:fr_CA":            "language:fr-CA",
	} {
		n, problem := Parse(text, "fr")
		if problem != nil {
			t.Fatal(*problem)
		}
		if got := Print(n); got != want {
			t.Errorf("Print(Parse(%q)) = %q, want %q", text, got, want)
		}
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	n, problem := Parse(`a "b c" -d (e OU titre:a) -(f -g) tag:h a `, "fr")
	if problem != nil {
		t.Fatal(*problem)
	}
	want := []Node{word("a"), phrase("b c"), word("e"), titled("a"), word("g")}
	if diff := cmp.Diff(want, Terms(n), anywhere()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	plain, marked := Rewrite(`été <trnasport> & x`, []Change{{Span{5, 9}, "transport"}, {Span{3, 2}, "no"}, {Span{18, 1}, "<y>"}, {Span{90, 1}, "no"}})
	if want := "été <transport> & <y>"; plain != want {
		t.Errorf("plain = %q, want %q", plain, want)
	}
	if want := "été &lt;<mark>transport</mark>&gt; &amp; <mark>&lt;y&gt;</mark>"; marked != want {
		t.Errorf("marked = %q, want %q", marked, want)
	}
}

// sameAgain holds Print to its promise.
func sameAgain(t *testing.T, n Node) {
	t.Helper()
	printed := Print(n)
	again, f := read(printed, 1<<20)
	if f != nil {
		t.Fatalf("%q, which is %v printed, has the problem %+v", printed, n, *f)
	}
	if diff := cmp.Diff(n, again, anywhere()); diff != "" {
		t.Errorf("%q reads otherwise than what it was printed from (-printed +read):\n%s", printed, diff)
	}
}
