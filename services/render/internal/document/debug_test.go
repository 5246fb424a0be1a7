package document

import (
	"bytes"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func debugConvert(t *testing.T, in []byte) {
	s := newSanitiser(in, "", "fr")
	s.run()
	t.Logf("out: %s", s.w.out)
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(bytes.NewReader(s.w.out), body)
	if err != nil {
		t.Fatal(err)
	}
	m := matcher{rest: s.w.out}
	for _, n := range nodes {
		m.node(n)
	}
	t.Logf("failed %v rest %.200q", m.failed, m.rest)
}

func TestDebug(t *testing.T) {
	b, _ := newMarkdown().render([]byte("# Été\n\nSalut **le** monde[^1] http://a.example/x\n\n| a | b |\n|--:|---|\n| `x\\|y` | 2 |\n\n- [x] ok\n\n[^1]: note\n\n<iframe src=\"https://www.youtube.com/embed/x\"></iframe>\n\n## b\n# c\n\n```go\n\nx\n```\n"))
	debugConvert(t, b)
}
