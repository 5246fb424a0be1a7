package slug_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parution/parution/chassis/slug"
)

func TestMake(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "Hello, World!", "hello-world"},
		{"French accents", "Été à la forêt", "ete-a-la-foret"},
		{"apostrophes separate", "L’été d'Amélie", "l-ete-d-amelie"},
		{"ligatures", "Œuvres & cœur, æther", "oeuvres-coeur-aether"},
		{"German and Danish", "Straße Ørsted", "strasse-orsted"},
		{"full width", "＜script＞", "script"},
		{"Kelvin sign and long s", "Kelvin ſtop", "kelvin-stop"},
		{"dotless i", "ıstanbul", "istanbul"},
		{"right-to-left override", "abc\u202Edef", "abcdef"},
		{"zero width", "zero\u200Bwidth", "zerowidth"},
		{"Greek stays", "Ελλάδα 2026", "ελλαδα-2026"},
		{"kana keep their voice", "はじめに", "はじめに"},
		{"Devanagari keeps its vowels", "हिन्दी में", "हिन्दी-में"},
		{"path tricks", "../../etc/passwd", "etc-passwd"},
		{"nothing left", "!!! ???", ""},
		{"invalid UTF-8", "a\xffb", "a-b"},
		{"NUL", "a\x00b", "a-b"},
		{"C++", "C++", "c-plus-plus"},
		{"C#", "C#", "c-sharp"},
		{"F♯", "F♯", "f-sharp"},
		{"full width C++", "Ｃ＋＋", "c-plus-plus"},
		{"after a digit", "C++17 & C# 12#", "c-plus-plus-17-c-sharp-12-sharp"},
		{"after an accent", "Café+", "cafe-plus"},
		{"between words", "salt+pepper", "salt-plus-pepper"},
		{"signs alone", "+ # ++ ##", ""},
		{"a hashtag, and a plus that joins nothing", "#go + rust ++", "go-rust"},
		{"after another sign", "a!+ b.#", "a-b"},
		{"R&D", "R&D", "r-d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := slug.Make(tt.in); got != tt.want {
				t.Errorf("Make(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestMakeCutsBetweenWords(t *testing.T) {
	t.Parallel()
	got := slug.Make(strings.Repeat("longword ", 60))
	if len(got) > slug.MaxBytes || !strings.HasSuffix(got, "longword") {
		t.Errorf("Make of 60 words = %q (%d bytes), want whole words within %d bytes", got, len(got), slug.MaxBytes)
	}
}

func FuzzMake(f *testing.F) {
	for _, s := range []string{"", "a b", "É", "e\u0301", "İ", "ǅ", "한국어", "ﬁ", strings.Repeat("e\u0301", 300), strings.Repeat("\u0301", 9999), "C++", "Ｃ＃", "a" + strings.Repeat("+", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := slug.Make(s)
		if again := slug.Make(got); again != got {
			t.Errorf("Make(%q) = %q, but Make of that = %q", s, got, again)
		}
		if len(got) > slug.MaxBytes || !utf8.ValidString(got) || strings.ContainsAny(got, "/.%?# \x00") ||
			strings.HasPrefix(got, "-") || strings.HasSuffix(got, "-") {
			t.Errorf("Make(%q) = %q is no part of an address", s, got)
		}
	})
}
