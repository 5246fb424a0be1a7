package document

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// TestGuardChangesNothing compares the guarded parsers with goldmark's own on
// texts that are no bombs.
func TestGuardChangesNothing(t *testing.T) {
	t.Parallel()
	plain := goldmark.New(goldmark.WithExtensions(
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		extension.Strikethrough, extension.Linkify, extension.TaskList, extension.Footnote,
	), goldmark.WithRendererOptions(html.WithUnsafe()))
	guarded := newMarkdown()
	for _, text := range ordinary(t) {
		var want bytes.Buffer
		if err := plain.Convert([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		var got limited
		if err := guarded.render(&got, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.buf, want.Bytes()) {
			t.Errorf("of %.2000q\nguarded   %.2000q\ngoldmark  %.2000q", text, got.buf, want.Bytes())
		}
	}
}

// ordinary texts, with something of everything that is guarded.
func ordinary(tb testing.TB) []string {
	tb.Helper()
	names, err := filepath.Glob("testdata/*.*")
	if err != nil {
		tb.Fatal(err)
	}
	var texts []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, strings.Split(string(text), "\n%%\n")...)
	}
	return append(texts,
		"[a]: /b 'c\nd'\n[e]:\n/f\n\"g\"\n[h]: <i j>\ntext [a] [e][] [x][h] ![a]",
		strings.Repeat("[a]: /b\n[c]: /d 'e\nf'\n", 600)+"[a] [c]",
		strings.Repeat("[a]: /b\n", 600)+"text\n[a]",
		strings.Repeat("> ", 40)+"a\n"+strings.Repeat("- ", 40)+"b",
		"| `a\\|b` | `\\|` c `d\\|\\|` | \\| |\n|---|:-:|---|\n| `x` | y |\n| 1 | 2 | 3 | 4 |\n| `z\\` | |",
		"mail a.b+c@d-e.example, (f@g.example) _h@i.example_ <j@k.example> x@y a@b@c.example",
		"http://a.example/b(c)_d_e, www.f.example/?g=h&i;. ftp://j.example https://k.example/*l* ~http://m.example~ xhttp://n.example http:o",
		"www.a.b http://localhost http://a.b:80/c#d. (http://e.example/f) *www.g.example* _http://h.example_",
		strings.Repeat("***a** b_ c __d__ ~~e~~ [*f*](g \"h\") ![i `j`](<k l> 'm') ``n`o`` ", 40),
		"[a](b (c) [d](e\n\"f\ng\") [h]( i ) [j](k\\)l) [m](n \"o) [p] [q][r [s](<t) ![u][a]\n\n[a]: v",
		"x[^1] y[^two] ![^1] [^3]\n\n[^1]: a\n\n    b\n[^two]: c[^1]\n[^unused]: d",
		"\\[a](http://b.example) c", "[a [b](http://c.example)](http://d.example) e", "[a](http://b.example \"http://c.example\")", "<a href=\"http://b.example\">c</a>",
		"a](http://b.example) and [c]: http://d.example",
		"`a ``b` ```c`` d`\n`e\nf`", "a|b\n-|-\nc\n\nd | e\n:-|-:\nf\\|g | `h\\|i`",
	)
}
