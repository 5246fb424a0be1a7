package query

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Print writes a node as a text that Parse reads as the same node, with English
// keywords. It ends with a space where its last word is not open. What Parse gave prints
// with parentheses around every part that is joined otherwise than its neighbours, unless
// that would be too deep; it may be longer than MaxText.
func Print(n Node) string {
	p := printer{clear: true}
	p.node(n)
	if p.deepest > MaxDepth {
		p = printer{}
		p.node(n)
	}
	if p.closed {
		p.b.WriteByte(' ')
	}
	return p.b.String()
}

// printer writes nodes.
type printer struct {
	b strings.Builder
	// clear: parentheses also where they change nothing.
	clear          bool
	depth, deepest int
	// closed: the last that was written is a word that would read as open.
	closed bool
}

func (p *printer) node(n Node) {
	switch n := n.(type) {
	case And:
		p.join(n.Parts, " ")
	case Or:
		p.join(n.Parts, " OR ")
	case Not:
		p.b.WriteByte('-')
		switch n.Part.(type) {
		case And, Or:
			p.group(n.Part)
		default:
			p.node(n.Part)
		}
		p.closed = false
	default:
		text, closed := leaf(n)
		p.b.WriteString(text)
		p.closed = closed
	}
}

func (p *printer) join(parts []Node, between string) {
	for i, part := range parts {
		if i > 0 {
			p.b.WriteString(between)
		}
		switch inner := part.(type) {
		case Or:
			if p.clear || between != " " {
				p.group(part)
			} else {
				p.node(part)
			}
		case And:
			if p.clear || between == " " || between == " AND " || slices.ContainsFunc(inner.Parts, isOr) {
				p.group(part)
			} else {
				p.join(inner.Parts, " AND ")
			}
		default:
			p.node(part)
		}
	}
}

func isOr(n Node) bool {
	_, ok := n.(Or)
	return ok
}

func (p *printer) group(n Node) {
	p.depth++
	p.deepest = max(p.deepest, p.depth)
	p.b.WriteByte('(')
	p.node(n)
	p.b.WriteByte(')')
	p.closed = false
	p.depth--
}

// leaf is a node without parts, and whether it is a word that would read as open if
// nothing stood behind it.
func leaf(n Node) (text string, closed bool) {
	switch n := n.(type) {
	case Word:
		if n.Open {
			return n.In.prefix() + n.Text + "*", false
		}
		return n.In.prefix() + n.Text, true
	case Phrase:
		return n.In.prefix() + quoted(n.Text), false
	case Tag:
		return "tag:" + Name(n.Name), false
	case Author:
		return "author:" + Name(n.Name), false
	case Language:
		return "language:" + n.Tag, false
	case Published:
		return n.text(), false
	}
	return "", false
}

func (f Field) prefix() string {
	switch f {
	case InTitle:
		return "title:"
	case InBody:
		return "text:"
	case Anywhere:
	}
	return ""
}

// Name is that of a tag or an author as it stands behind its field's name: in quotes if it
// needs any.
func Name(s string) string {
	plain := !strings.ContainsFunc(s, func(r rune) bool { return !isWordly(r) && r != '-' && r != '_' })
	if plain && s != "" && !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-") {
		return s
	}
	return quoted(s)
}

// quoted is a text between quotes, of which it can have none itself.
func quoted(s string) string {
	return `"` + strings.Map(func(r rune) rune {
		if isQuote(sign(r)) {
			return ' '
		}
		return r
	}, s) + `"`
}

func (p Published) text() string {
	switch {
	case p.Since.IsZero():
		return "before:" + date(p.Until)
	case p.Until.IsZero() && p.Since.Year() > 9999:
		return "after:9999"
	case p.Until.IsZero():
		return "since:" + date(p.Since)
	}
	for _, form := range []string{"2006", "2006-01", "2006-01-02"} {
		first := p.Since.Format(form)
		if since, until, ok := period(first); ok && since.Equal(p.Since) && until.Equal(p.Until) {
			return "on:" + first
		}
	}
	return "on:" + p.Since.Format(time.DateOnly) + ".." + p.Until.AddDate(0, 0, -1).Format(time.DateOnly)
}

// date is the shortest form of a day.
func date(t time.Time) string {
	switch year, month, day := t.Date(); {
	case day > 1:
		return t.Format(time.DateOnly)
	case month > 1:
		return t.Format("2006-01")
	default:
		return fmt.Sprintf("%04d", year)
	}
}
