package text

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func words(text string) string {
	tokens, _ := scan(text, nil, 0)
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(map[form]string{part: " ", joined: " =", signed: " +", pair: " ~"}[t.form])
		b.WriteString(t.text)
	}
	return strings.TrimSpace(b.String())
}

func TestWordsOfATextAreFolded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "",
		"Le Résumé, ŒUVRE æther Straße": "le resume oeuvre aether strasse",
		"re\u0301sume\u0301":            "resume",
		"l'arbre et L’Été d’une qu'il":  "arbre et ete une il",
		"l'Île-de-France":               "ile de france =iledefrance",
		"aujourd'hui":                   "aujourd hui =aujourdhui",
		"Bayard's don't we'll":          "bayard don we",
		"O'Brien":                       "o brien =obrien",
		"porte-monnaie e‑mail":          "porte monnaie =portemonnaie e mail =email",
		"fin. Début - suite":            "fin debut suite",
		"snake_case #tag @nom":          "snake case =snakecase tag nom",
		"C++, C# et F#.":                "c +c++ c +c# et f +f#",
		"1+1 A+B":                       "1 1 a b",
		"1\u202f000\u00a0000 €":         "1 000 000 =1000000",
		"3.14 U.S.A. example.com":       "3 14 u s a =usa example com =examplecom",
		"10\u00a0h\u00a0: oui":          "10 h oui",
		"東京都 大":                         "東 京 ~東京 都 ~京都 大",
		"soft\u00adhyphen":              "softhyphen",
		"Ελλάδα Україна":                "ελλαδα украіна",
		"🎉 … -- ''":                     "",
		"\xff\x00a\xffb":                "a b",
	} {
		if diff := cmp.Diff(want, words(text)); diff != "" {
			t.Errorf("words of %q (-want +got):\n%s", text, diff)
		}
	}
}

func TestWordsStandWhereTheyAre(t *testing.T) {
	t.Parallel()
	const text = "L’œuvre de C++ : porte-monnaie, 東京."
	tokens, _ := scan(text, nil, 0)
	var got []string
	for _, w := range tokens {
		got = append(got, text[w.start:w.end])
	}
	want := []string{"œuvre", "de", "C", "C++", "porte", "monnaie", "porte-monnaie", "東", "京", "東京"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

func TestFormsOfAWordHaveOneStem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stem  stemmer
		forms string
	}{
		{french, "marche marches"},
		{french, "public publics publique publiques"},
		{french, "premier premiers premiere premieres"},
		{french, "financier financiere financieres"},
		{french, "actif active actifs actives"},
		{french, "travail travaux"},
		{french, "cheval chevaux"},
		{french, "national nationale nationaux nationales"},
		{french, "nouveau nouvelle nouveaux nouvelles"},
		{french, "donnee donnees"},
		{french, "numerique numeriques"},
		{french, "heureux heureuse heureuses"},
		{englishWord, "publish published publishing publishes"},
		{englishWord, "service services"},
		{englishWord, "category categories"},
	} {
		forms := strings.Fields(c.forms)
		for _, f := range forms[1:] {
			if got, want := c.stem(f), c.stem(forms[0]); got != want || got == "" {
				t.Errorf("stem of %q = %q, of %q %q", f, got, forms[0], want)
			}
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add("L’œuvre de C++ : porte-monnaie, 東京.")
	f.Add("a-b-c-d-e-f-g-h_i'j")
	f.Fuzz(func(t *testing.T, text string) {
		tokens, _ := scan(text, nil, 0)
		if len(tokens) > 3*len(text) {
			t.Errorf("%d words of %d bytes", len(tokens), len(text))
		}
		for _, w := range tokens {
			if w.start >= w.end || w.end > len(text) || w.text == "" || strings.ContainsAny(w.text, "\x01\x02 ") {
				t.Errorf("word %+v of %q", w, text)
			}
			stems(w.text)
		}
	})
}
