package query

// Print writes a node as a text that Parse reads as the same node, with English
// keywords. It ends with a space where its last word is not open.
func Print(n Node) string { return "" }

// Terms are the words and phrases of which a post that is found has some: those that are
// asked for, not those that are excluded. In the order of the text, each once.
func Terms(n Node) []Node { return nil }

// Change is another text for a part of a query.
type Change struct {
	Span

	Text string
}

// Rewrite puts changes, in the order of the text and without overlap, into a text: as a
// query, and as HTML in which they stand in <mark> and the rest is escaped.
func Rewrite(text string, changes []Change) (plain, marked string) { return text, "" }
