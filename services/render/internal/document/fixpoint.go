package document

import (
	"bytes"
	"slices"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// fixpoint tells whether a browser's parser makes of out exactly the elements
// that were written, and all of them are allowed. Where the two differ, markup that was harmless as it was
// written could become another one as it is read.
func fixpoint(out []byte) bool {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(bytes.NewReader(out), body)
	if err != nil {
		return false
	}
	m := matcher{rest: out}
	for _, n := range nodes {
		m.node(n)
	}
	return !m.failed && len(m.rest) == 0
}

// matcher compares parsed nodes with the text that they came from.
type matcher struct {
	rest    []byte
	failed  bool
	scratch []byte
}

func (m *matcher) expect(s string) {
	if m.failed || len(m.rest) < len(s) || string(m.rest[:len(s)]) != s {
		m.failed = true
		return
	}
	m.rest = m.rest[len(s):]
}

func (m *matcher) escaped(s string, quoted bool) {
	if m.failed {
		return
	}
	m.scratch = appendEscaped(m.scratch[:0], []byte(s), quoted)
	if !bytes.HasPrefix(m.rest, m.scratch) {
		m.failed = true
		return
	}
	m.rest = m.rest[len(m.scratch):]
}

// node matches n and what is in it. It goes as deep as MaxDepth.
func (m *matcher) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		m.escaped(n.Data, false)
		return
	case html.ElementNode:
	default:
		m.failed = true
	}
	if m.failed || n.Namespace != "" || n.DataAtom == atom.H1 || lookup(n.DataAtom).name != n.DataAtom {
		m.failed = true
		return
	}
	m.expect("<")
	m.expect(n.Data)
	for range n.Attr {
		m.attribute(n.Attr)
	}
	m.expect(">")
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		m.node(c)
	}
	if isVoid(n.DataAtom) {
		return
	}
	m.expect("</")
	m.expect(n.Data)
	m.expect(">")
}

// attribute matches the next attribute with the one of its name: the parser
// sorts those of some elements.
func (m *matcher) attribute(all []html.Attribute) {
	m.expect(" ")
	name, _, found := bytes.Cut(m.rest, []byte(`="`))
	i := slices.IndexFunc(all, func(a html.Attribute) bool { return a.Key == string(name) && a.Namespace == "" })
	if !found || i < 0 {
		m.failed = true
		return
	}
	m.expect(all[i].Key)
	m.expect(`="`)
	m.escaped(all[i].Val, true)
	m.expect(`"`)
}
