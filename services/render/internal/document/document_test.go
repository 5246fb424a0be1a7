package document_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parution/parution/chassis/fault"
	"github.com/parution/parution/services/render/internal/document"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden converts testdata/<name>.<language>.<md|html> and compares the
// HTML and the rest of the document with the files beside it.
func TestGolden(t *testing.T) {
	t.Parallel()
	c := document.New()
	for _, pattern := range []string{"testdata/*.*.md", "testdata/*.??.html"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no files match %s (%v)", pattern, err)
		}
		for _, name := range names {
			t.Run(filepath.Base(name), func(t *testing.T) {
				t.Parallel()
				golden(t, c, name)
			})
		}
	}
}

func golden(t *testing.T, c *document.Converter, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(filepath.Base(name), ".")
	src := document.Source{Text: string(text), Language: parts[1], BaseURL: "https://parution.example/"}
	if parts[2] == "html" {
		src.Format = document.HTML
	}
	doc, err := c.Convert(src)
	if err != nil {
		t.Fatalf("Convert: %v", err)
	}
	compare(t, name+".golden.html", []byte(doc.HTML))
	rest := *doc
	rest.HTML = ""
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(rest); err != nil {
		t.Fatal(err)
	}
	compare(t, name+".golden.json", buf.Bytes())
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s differs from line %d on (-update rewrites it):\ngot  %s\nwant %s", name, i+1,
				strings.Join(g[min(i, len(g)):min(i+3, len(g))], "\n     "), strings.Join(w[min(i, len(w)):min(i+3, len(w))], "\n     "))
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	t.Parallel()
	c := document.New()
	for _, tt := range []struct {
		name  string
		src   document.Source
		kind  fault.Kind
		field string
	}{
		{"text over the limit", document.Source{Text: strings.Repeat("a", document.MaxSourceBytes+1)}, fault.KindTooLarge, "body"},
		{"HTML over the limit", document.Source{Text: strings.Repeat("![](a)", document.MaxSourceBytes/6)}, fault.KindTooLarge, "body"},
		{"invalid UTF-8", document.Source{Text: "a\xffb"}, fault.KindInvalid, "body"},
		{"unknown format", document.Source{Text: "a", Format: "org"}, fault.KindInvalid, "format"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := c.Convert(tt.src)
			if got := fault.KindOf(err); err == nil || got != tt.kind {
				t.Fatalf("Convert = %v (kind %v), want kind %v", err, got, tt.kind)
			}
			if v := fault.ViolationsOf(err); len(v) != 1 || v[0].Field != tt.field {
				t.Errorf("violations = %v, want one of %q", v, tt.field)
			}
		})
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	c := document.New()
	long := strings.Repeat("Longs mots, toujours. ", 30)
	for _, tt := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"short", "# T\n\nUn *mot* et `code`.\n\n> deux", "Un mot et code. deux"},
		{"no code, table or caption", "```\nx\n```\n\n| a |\n|---|\n| b |\n\n<figure><figcaption>c</figcaption></figure>\n\nTexte.", "Texte."},
		{"no footnote signs", "Texte[^1] ici.\n\n[^1]: note", "Texte ici."},
		{"list if there is nothing else", "- un\n- deux", "un deux"},
		{"cut at a word", long, cutWant()},
		{"French spaces do not break", strings.Repeat("a ", 138) + "fin\u00a0! \u00abb\u00bb", strings.TrimSpace(strings.Repeat("a ", 138)) + "…"},
		{"one endless word", strings.Repeat("é", 400), strings.Repeat("é", 279) + "…"},
		{"direction marks", "a\u202eb\u2066c", "abc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := c.Convert(document.Source{Text: tt.in, Language: "fr"})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Excerpt != tt.want {
				t.Errorf("Excerpt = %q, want %q", doc.Excerpt, tt.want)
			}
			if n := utf8.RuneCountInString(doc.Excerpt); n > document.MaxExcerptChars {
				t.Errorf("Excerpt has %d characters, want at most %d", n, document.MaxExcerptChars)
			}
		})
	}
}

// cutWant is the excerpt of a text of 22-character sentences: twelve of them
// and a half.
func cutWant() string { return strings.Repeat("Longs mots, toujours. ", 12) + "Longs mots…" }

func TestReading(t *testing.T) {
	t.Parallel()
	c := document.New()
	for _, tt := range []struct {
		name, in, language string
		words, minutes     int
	}{
		{"empty", "", "en", 0, 1},
		{"marks are no words", "a — b & c ; l’été 3 !", "fr", 5, 1},
		{"emphasis within a word", "un*believ*able", "en", 1, 1},
		{"blocks part words", "# a\nb\n- c\n- d", "en", 4, 1},
		{"English", strings.Repeat("word ", 1190), "en-GB", 1190, 5},
		{"French", strings.Repeat("mot ", 975), "fr", 975, 5},
		{"Japanese counts characters", strings.Repeat("猫", 714), "ja", 714, 2},
		{"unknown language", strings.Repeat("x ", 690), "", 690, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := c.Convert(document.Source{Text: tt.in, Language: tt.language})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Words != tt.words || doc.ReadingMinutes != tt.minutes {
				t.Errorf("Words, ReadingMinutes = %d, %d, want %d, %d", doc.Words, doc.ReadingMinutes, tt.words, tt.minutes)
			}
		})
	}
}

// TestLinks gives each address as an author writes it in HTML.
func TestLinks(t *testing.T) {
	t.Parallel()
	c := document.New()
	const outside = ` rel="nofollow noopener ugc"`
	for _, tt := range []struct{ in, want string }{
		{"/posts/a?b=c#d", `<a href="/posts/a?b=c#d">x</a>`},
		{"img/a b.png", `<a href="img/a%20b.png">x</a>`},
		{"https://Parution.example/x", `<a href="https://Parution.example/x">x</a>`},
		{"HTTPS://other.example", `<a href="https://other.example"` + outside + `>x</a>`},
		{"http://parution.example:8080/", `<a href="http://parution.example:8080/"` + outside + `>x</a>`},
		{"https://parution.example@evil.example/", `<a href="https://parution.example@evil.example/"` + outside + `>x</a>`},
		{"//other.example/x", `<a href="https://other.example/x"` + outside + `>x</a>`},
		{`/\other.example`, `<a href="https://other.example"` + outside + `>x</a>`},
		{`https:\\other.example\x`, `<a href="https://other.example/x"` + outside + `>x</a>`},
		{"/x?u=https://other.example", `<a href="/x?u=https://other.example">x</a>`},
		{"mailto:a@b.example", `<a href="mailto:a@b.example">x</a>`},
		{"#part", `<a href="#user-part">x</a>`},
		{"#user-part", `<a href="#user-part">x</a>`},
		{"#", `<a href="#">x</a>`},
		{"https:other.example", `x`},
		{"https://", `x`},
		{"tel:+33123456789", `x`},
		{"file:///etc/passwd", `x`},
		{"x:y", `x`},
		{"", `x`},
	} {
		doc, err := c.Convert(document.Source{
			Text: `<a href="` + tt.in + `">x</a>`, Format: document.HTML, BaseURL: "https://parution.example",
		})
		if err != nil {
			t.Fatal(err)
		}
		if doc.HTML != tt.want {
			t.Errorf("link to %q = %s, want %s", tt.in, doc.HTML, tt.want)
		}
	}
}

func TestConvertIsConcurrent(t *testing.T) {
	t.Parallel()
	c := document.New()
	text := "# T\n\n" + strings.Repeat("*a* [b](c)[^1] `d`\n\n", 50) + "[^1]: e\n"
	want, err := c.Convert(document.Source{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	results := make(chan string)
	for range 8 {
		go func() {
			doc, err := c.Convert(document.Source{Text: text})
			if err != nil {
				results <- err.Error()
				return
			}
			results <- doc.HTML
		}()
	}
	for range 8 {
		if got := <-results; got != want.HTML {
			t.Errorf("a concurrent Convert gives another document")
		}
	}
}

// TestRealPosts converts the posts of a real blog, if they lie beside the
// repository.
func TestRealPosts(t *testing.T) {
	t.Parallel()
	dir := corpusDir()
	if dir == "" {
		t.Skip("no shared/corpus/beta-blog/_posts beside the repository: real posts not converted")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	c := document.New()
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, body, found := strings.Cut(strings.TrimPrefix(string(text), "---"), "\n---")
		if !found {
			body = string(text)
		}
		doc, err := c.Convert(document.Source{Text: body, Language: "fr", BaseURL: "https://blog.beta.gouv.fr"})
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		if doc.Excerpt == "" || doc.Words < 20 {
			t.Errorf("%s: excerpt %q, %d words, want some", filepath.Base(name), doc.Excerpt, doc.Words)
		}
		checkSafe(t, filepath.Base(name), doc.HTML)
	}
	t.Logf("%d posts", len(names))
}
