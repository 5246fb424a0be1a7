package query

import (
	"html"
	"strings"
)

// Change is another text for a part of a query.
type Change struct {
	Span

	Text string
}

// Rewrite puts changes, in the order of the text and without overlap, into a text: as a
// query, and as HTML in which they stand in <mark> and the rest is escaped. A change that
// is beyond the text or before the one before it is left out.
func Rewrite(text string, changes []Change) (plain, marked string) {
	rest := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	var p, m strings.Builder
	keep := func(n int) {
		part := string(rest[:n])
		p.WriteString(part)
		m.WriteString(html.EscapeString(part))
		rest = rest[n:]
	}
	done := 0
	for _, c := range changes {
		before := c.Offset - done
		if before < 0 || c.Length < 0 || before+c.Length > len(rest) {
			continue
		}
		keep(before)
		rest = rest[c.Length:]
		done = c.Offset + c.Length
		p.WriteString(c.Text)
		m.WriteString("<mark>" + html.EscapeString(c.Text) + "</mark>")
	}
	keep(len(rest))
	return p.String(), m.String()
}
