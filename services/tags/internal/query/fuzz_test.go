package query

import (
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`"marché public" tag:transport -tag:archive auteur:bayard avant:2020`,
		"« a » “b” „c“ »d« ＂e＂ l'\"x\" qu’« y »", "a OU (b ET -c) | d* NOT (e)", "(((((((((a)))))))))",
		"tag : x auteur: y le:2020 2018..2020 année:..2019 langue:fr", "- tag:a -!! --b -(c) +d + e",
		"élu(e)s f()() OU(x) a*b* *c !\"\" ()", "auter:x http://a:80/b?c 12:30 C++ C# #d @e_f .g.",
		"a\x00b\u200b\u00ad\xff\ufffd（ｂ）｜：", "e\u0301tiquette:e\u0301 東京 🎉 1️⃣", "titre:(a OU tag:(b c) texte:\"d\")",
		"a ET b OU c ET (d OU e) f OU g -(h OU (i j))",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, problem := Parse(text, "fr")
		if problem != nil {
			if n != nil || problem.Message == "" || problem.Offset < 0 || problem.Length < 0 || problem.Offset+problem.Length > utf8.RuneCountInString(text) {
				t.Fatalf("Parse(%q) = %v, %+v", text, n, *problem)
			}
			return
		}
		check(t, n, text, 0)
		sameAgain(t, n)
		Terms(n)
	})
}

// check holds Parse to what it promises of a tree.
func check(t *testing.T, n Node, text string, kind byte) int {
	t.Helper()
	count := 0
	inside := func(s Span) {
		if count++; s.Offset < 0 || s.Length <= 0 || s.Offset+s.Length > utf8.RuneCountInString(text) {
			t.Fatalf("%v of %q stands at %v", n, text, s)
		}
	}
	switch n := n.(type) {
	case nil:
	case And:
		for _, part := range n.Parts {
			count += check(t, part, text, '&')
		}
		if len(n.Parts) < 2 || kind == '&' {
			t.Fatalf("%v of %q is not as plain as it could be", n, text)
		}
	case Or:
		for _, part := range n.Parts {
			count += check(t, part, text, '|')
		}
		if len(n.Parts) < 2 || kind == '|' {
			t.Fatalf("%v of %q is not as plain as it could be", n, text)
		}
	case Not:
		if count = check(t, n.Part, text, '-'); count == 0 || kind == '-' {
			t.Fatalf("%v of %q is not as plain as it could be", n, text)
		}
	case Word:
		inside(n.Span)
	case Phrase:
		inside(n.Span)
	case Tag:
		inside(n.Span)
	case Author:
		inside(n.Span)
	case Language:
		inside(n.Span)
	case Published:
		if inside(n.Span); n.Since.IsZero() && n.Until.IsZero() {
			t.Fatalf("%v of %q bounds nothing", n, text)
		}
	}
	if count > MaxTerms {
		t.Fatalf("%q has %d terms", text, count)
	}
	return count
}
