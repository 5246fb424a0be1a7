package markup

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTextKeepsLines(t *testing.T) {
	t.Parallel()
	text := NewText("one\ntwo\nthree\nfour\n", 10)
	edited := text.Apply([]Edit{
		{Range{8, 13}, "x\ny"}, // three
		{Range{9, 10}, "lost"}, // overlaps it
		{Range{0, 0}, "new\n"},
		{Range{4, 8}, ""}, // the line of two
	})
	if got, want := edited.String(), "new\none\nx\ny\nfour\n"; got != want {
		t.Fatalf("Apply = %q, want %q", got, want)
	}
	for what, want := range map[string]int{"new": 10, "one": 10, "x": 12, "y": 12, "four": 13} {
		if got := edited.Line(strings.Index(edited.String(), what)); got != want {
			t.Errorf("%q is on line %d, want %d", what, got, want)
		}
	}
}

func TestTextLinesAfterDroppedLine(t *testing.T) {
	t.Parallel()
	text := NewText("one\n{: x}\nthree\nfour\n", 1)
	edited := text.Apply(DropKramdown(text.String(), nil))
	if edited.String() != "one\nthree\nfour\n" {
		t.Fatalf("Apply = %q", edited.String())
	}
	for what, want := range map[string]int{"one": 1, "three": 3, "four": 4} {
		if got := edited.Line(strings.Index(edited.String(), what)); got != want {
			t.Errorf("%q is on line %d, want %d", what, got, want)
		}
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source string
		want   []string
	}{
		{`[a](/b "t") ![c](<d e.png>)`, []string{"link /b", "image d e.png"}},
		{`[![a](b.png)](c)`, []string{"link c", "image b.png"}},
		{"`[a](/b)` \\[a](/b) [a]\\(b)", nil},
		{"```\n[a](/b)\n```\n\n    [a](/b)\n", nil},
		{"[a](b(c)d) [x](y\\)z)", []string{"link b(c)d", "link y)z"}},
		{"[a](b c.png)", []string{"link b c.png"}},
		{"[a](/b 'x' y)", nil},
		{"[a]\n\n](b)", nil},
		{"[a]: /b\n[^1]: /c\n ![x][a] [y][a] ![a]", []string{"definition /b", "use x→a", "use y→a", "use a→a"}},
		{"<https://a.b/c> https://d.e/f, (https://g.h/i)", []string{"autolink https://a.b/c", "bare https://d.e/f", "bare https://g.h/i"}},
		{`<a href="/x&amp;y">https://not.a/link</a> <IMG alt=1 SRC=/y.png> <video poster='/p.png'>`, []string{"a.href /x&y", "img.src /y.png", "video.poster /p.png"}},
		{`<!-- <img src="a.png"> --> <pre><a href="/x"></pre> <code>[a](/b)</code>`, nil},
		{"a < b and <b [x](y)", []string{"link y"}},
		{"[a](/caf&eacute;)", []string{"link /café"}},
	}
	sc := NewScanner()
	names := map[RefKind]string{Link: "link", Image: "image", Definition: "definition", Autolink: "autolink", Bare: "bare", Use: "use", Attribute: "attribute"}
	for _, tt := range tests {
		var got []string
		for _, r := range Refs(tt.source, Markdown, sc.Code(tt.source, Markdown)) {
			switch r.Kind {
			case Use:
				got = append(got, "use "+r.Label+"→"+r.Name)
			case Attribute:
				got = append(got, r.Tag.Name+"."+r.Attr+" "+r.Dest)
			case Link, Image, Definition, Autolink, Bare:
				got = append(got, names[r.Kind]+" "+r.Dest)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Refs(%q) (-want +got):\n%s", tt.source, diff)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"## A\n\n*b* [c](d) `e`\nf\\_ &amp; ![x](y) <b>g</b>\n\n```\ncode\n```\n": "A b c e f_ & g",
		"Déjà\u00a0! «\u00a0vu\u00a0»":                                            "Déjà\u00a0! «\u00a0vu\u00a0»", "": "",
	} {
		if got := NewScanner().Plain(source); got != want {
			t.Errorf("Plain(%q) = %q, want %q", source, got, want)
		}
	}
}

func TestHeading(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"# A *b*\n\nText": "A b|\nText", "\nTitle\n=====\nText": "Title|Text", "Text\n# A\n": "|Text\n# A\n", "## A": "A|",
	} {
		title, at, ok := NewScanner().Heading(source)
		if got := fmt.Sprintf("%s|%s", title, source[at.End:]); got != want || ok != (title != "") {
			t.Errorf("Heading(%q) = %q, %t; want %q", source, got, ok, want)
		}
	}
}

func TestDropKramdown(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"* TOC\n{:toc}\n\nText\n{: .a #b key=\"v\"}\n": "\nText\n", "[a](b){:target=\"_blank\"} and {:ok, 1}": "[a](b) and {:ok, 1}",
		"## Head {#id}\n": "## Head\n", "`{: .a}`": "`{: .a}`", "a\n{::comment}\nx\n{:/comment}\nb": "a\nb", "1. item\n{:toc .x}\n": "", "text\n{: .x}\n": "text\n",
	} {
		text := NewText(source, 1)
		if got := text.Apply(DropKramdown(source, NewScanner().Code(source, Markdown))).String(); got != want {
			t.Errorf("DropKramdown(%q) leaves %q, want %q", source, got, want)
		}
	}
}

// References lie in the text, in order, and edits in their places keep all else.
func FuzzRefs(f *testing.F) {
	for _, s := range []string{"[a](b)", "![a](<b c> \"t\")", "[a]: b\n", "<a href=\"b\">", "<https://a.b>", "`[a](b)`", "[[a](b)](c)", "{: .x}\n", "<video><source src=x></video>", "* a\n\n      [b](c)\n"} {
		f.Add(s)
	}
	sc := NewScanner()
	f.Fuzz(func(t *testing.T, source string) {
		for _, format := range []Format{Markdown, HTML} {
			code := sc.Code(source, format)
			var edits []Edit
			for _, r := range Refs(source, format, code) {
				if r.Kind == Use {
					continue
				}
				if r.Start < 0 || r.End > len(source) || r.At.Start < r.Start || r.At.End > r.End || r.At.Start > r.At.End {
					t.Fatalf("Refs(%q): %+v lies outside", source, r)
				}
				edits = append(edits, Edit{r.At, source[r.At.Start:r.At.End]})
			}
			text := NewText(source, 1)
			if got := text.Apply(edits); got.String() != source {
				t.Fatalf("edits that change nothing made %q of %q", got, source)
			}
			dropped := text.Apply(DropKramdown(source, code))
			for i := range len(dropped.String()) {
				if line := dropped.Line(i); line < 1 || line > 1+strings.Count(source, "\n") {
					t.Fatalf("a line %d after dropping from %q", line, source)
				}
			}
		}
	})
}
