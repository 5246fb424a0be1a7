package document

import (
	"bytes"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// FuzzFixpoint holds the sanitiser to its promise that a browser reads what it
// writes as it was written: showing plain text instead is for a case that
// nobody has found.
func FuzzFixpoint(f *testing.F) {
	data, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		f.Fatal(err)
	}
	for entry := range strings.SplitSeq(string(data), "\n%%\n") {
		f.Add(entry)
	}
	for _, s := range []string{
		"<pre>\n\n<b>\n</b></pre>", "<pre>\x01\nx", "<ul><li><div><li>", "<a><b><a>", "<table><tr><b><td>", "<h1><h2><p><h3>", "<dl><dd><ul><dt>",
		"<b><b><b><b><p></b></b></b></b>", "<ruby><rt><ruby><rt>", "<table><caption><table><td><caption>", "<p><table><p></table></p>", "&#13;\r\n&#0;",
		"<video><p><source>", "<details><summary><summary>", strings.Repeat("<div>", 200) + "<table><td>x", strings.Repeat("<ul><li>", 60) + "x",
		"\"a\" 1er l'x! <sup>1er</sup> <span lang=en>\"b\"</span>", "```go\nfunc x\n```\n![a](/b \"c\")", "a@b.c www.d.e http://f.g [h](http://i.j) _k@l.m_",
		"# a\n\n1. b\n\n   > c\n\n|d|\n|-|\n|e|\n\n[^1]\n\n[^1]: f", "<svg><title>x</svg><p>", "<select><script></select>", "<p>a<br><hr>b</p>",
	} {
		f.Add(s)
	}
	md := newMarkdown()
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 1<<16 {
			t.Skip()
		}
		var rendered limited
		if err := md.render(&rendered, []byte(text)); err != nil {
			t.Fatalf("render %q: %v", text, err)
		}
		var full limited
		if err := md.renderWith(false, &full, []byte(text)); err != nil || squeezedBreaks(full.buf) != squeezedBreaks(rendered.buf) {
			t.Errorf("of %q\nwith all parsers %q (%v)\n          lean %q", text, full.buf, err, rendered.buf)
		}
		for _, input := range [][]byte{[]byte(text), rendered.buf} {
			s := newSanitiser(bytes.Clone(input), "", "fr")
			s.markdown = true
			s.run()
			if !s.w.full && (!explicit(s.w.buf) || !fixpoint(s.w.buf)) {
				t.Errorf("of %q\nwritten %q\nexplicit %v, fixpoint %v", input, s.w.buf, explicit(s.w.buf), fixpoint(s.w.buf))
			}
			if explicit(input) && !fixpoint(normal(input)) {
				t.Errorf("%q is explicit but no fixpoint", input)
			}
			if len(s.stack) != 0 || s.quiet != (quietCount{}) {
				t.Errorf("of %q: %d elements open, quiet %v", input, len(s.stack), s.quiet)
			}
		}
	})
}

// squeezedBreaks drops the spaces before line breaks, of which goldmark keeps some if
// it has looked for an address after them.
func squeezedBreaks(b []byte) string { return spacesBeforeBreak.ReplaceAllString(string(b), "<br>") }

var spacesBeforeBreak = regexp.MustCompile(` +<br>`)

// TestLastResort shows what becomes of a text whose document is no fixpoint.
func TestLastResort(t *testing.T) {
	t.Parallel()
	s := plainText([]byte("<b>a</b> & <script>"), "en")
	if got, want := string(s.w.buf), "<p>&lt;b&gt;a&lt;/b&gt; &amp; &lt;script&gt;</p>"; got != want {
		t.Errorf("plainText = %q, want %q", got, want)
	}
	for _, out := range []string{"<p><p>x</p></p>", "<table>x</table>", "<pre>\nx</pre>", "<script>x</script>", "<b>x", "a & b", "<svg></svg>"} {
		if fixpoint([]byte(out)) {
			t.Errorf("fixpoint(%q) = true, want false", out)
		}
		if out != "a & b" && explicit([]byte(out)) {
			t.Errorf("explicit(%q) = true, want false", out)
		}
	}
}

// TestRandomTags writes tags in no order, as no fuzzer that changes bytes does
// so soon.
func TestRandomTags(t *testing.T) {
	t.Parallel()
	names := strings.Fields(`p h1 h2 h6 summary legend blockquote div figure figcaption details ul ol dl section form menu pre listing xmp li dt dd table caption
		thead tbody tfoot tr td th a b i em code span sub s tt strike ruby rt rp rtc video audio select svg math title textarea noscript script style
		iframe template font nobr button colgroup option object label`)
	voids := strings.Fields(`<br> <hr> <img/src=x> <img> <input/type=checkbox> <source/src=x> <wbr> <col> <base> <iframe/src=https://a/></iframe> <!--x--> &#13; &lt;`)
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 1))
		var b strings.Builder
		few := names[random.IntN(len(names)-8):]
		few = few[:1+random.IntN(8)]
		for range random.IntN(60) {
			pool := names
			if random.IntN(3) > 0 {
				pool = few
			}
			name := pool[random.IntN(len(pool))]
			switch random.IntN(8) {
			case 0, 1, 2:
				b.WriteString("<" + name + ">")
			case 3:
				b.WriteString("<" + name + " href=x id=a" + name + " lang=fr role=doc-endnotes title='<'>")
			case 4, 5:
				b.WriteString("</" + name + ">")
			case 6:
				b.WriteString([]string{"x", " ", "\n", "\n\ny", "z\n"}[random.IntN(5)])
			case 7:
				b.WriteString(voids[random.IntN(len(voids))])
			}
		}
		s := newSanitiser([]byte(b.String()), "", "")
		s.run()
		if !explicit(s.w.buf) || !fixpoint(s.w.buf) {
			t.Errorf("seed %d: of %q\nwritten %q\nexplicit %v, fixpoint %v", seed, b.String(), s.w.buf, explicit(s.w.buf), fixpoint(s.w.buf))
		}
		if len(s.stack) != 0 || s.quiet != (quietCount{}) {
			t.Errorf("seed %d: of %q: %d elements open, quiet %v", seed, b.String(), len(s.stack), s.quiet)
		}
	}
}

// normal escapes the text of out as the sanitiser does, tags left alone.
func normal(out []byte) []byte {
	var b []byte
	z := html.NewTokenizer(bytes.NewReader(out))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b
		case html.TextToken:
			b = appendEscaped(b, z.Text(), false)
		case html.StartTagToken:
			name, more := z.TagName()
			b = append(append(b, '<'), name...)
			seen := map[string]bool{}
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				if seen[string(key)] {
					continue
				}
				seen[string(key)] = true
				b = append(append(append(b, ' '), key...), '=', '"')
				b = append(appendEscaped(b, value, true), '"')
			}
			b = append(b, '>')
		case html.EndTagToken:
			name, _ := z.TagName()
			b = append(append(append(b, "</"...), name...), '>')
		default:
			b = append(b, z.Raw()...)
		}
	}
}
