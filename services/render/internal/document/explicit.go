package document

import (
	"bytes"

	"golang.org/x/net/html/atom"
)

// explicit tells whether out is HTML in which a parser has nothing to add,
// close or move: it is written as the writer writes, all elements are allowed,
// each is ended by its own tag, and none stands where the HTML standard
// (section 13.2.6.4) would do anything but put it into the one that is open.
// What it accepts is a fixpoint, which the tests hold against a real parser; it
// takes a tenth of that one's time.
func explicit(out []byte) bool {
	c := checker{out: out, stack: make([]element, 0, 16)}
	for len(c.out) > 0 {
		ok := false
		switch {
		case c.out[0] != '<':
			ok = c.text()
		case len(c.out) > 1 && c.out[1] == '/':
			ok = c.end()
		default:
			ok = c.start()
		}
		if !ok {
			return false
		}
	}
	return len(c.stack) == 0
}

// checker reads HTML of the one form that the writer gives it.
type checker struct {
	out      []byte
	stack    []element
	afterPre bool
}

func (c *checker) text() bool {
	if n := len(c.stack); n > 0 && c.stack[n-1].role.isTablePart() || c.afterPre && c.out[0] == '\n' {
		return false
	}
	c.afterPre = false
	end := bytes.IndexByte(c.out, '<')
	if end < 0 {
		end = len(c.out)
	}
	c.out = c.out[end:]
	return true
}

// name takes the name of a tag.
func (c *checker) name() atom.Atom {
	end := 0
	for end < len(c.out) && ('a' <= c.out[end] && c.out[end] <= 'z' || '0' <= c.out[end] && c.out[end] <= '9') {
		end++
	}
	a := atom.Lookup(c.out[:end])
	c.out = c.out[end:]
	return a
}

func (c *checker) end() bool {
	c.out = c.out[len("</"):]
	n := len(c.stack)
	if a := c.name(); a == 0 || n == 0 || c.stack[n-1].name != a || len(c.out) == 0 || c.out[0] != '>' {
		return false
	}
	c.out = c.out[1:]
	c.stack = c.stack[:n-1]
	c.afterPre = false
	return true
}

func (c *checker) start() bool {
	c.out = c.out[1:]
	a := c.name()
	e := lookup(a)
	if a == 0 || e.name != a || a == atom.H1 || !fits(c.stack, e) {
		return false
	}
	for len(c.out) > 0 && c.out[0] == ' ' {
		if !c.attribute() {
			return false
		}
	}
	if len(c.out) == 0 || c.out[0] != '>' {
		return false
	}
	c.out = c.out[1:]
	c.afterPre = a == atom.Pre
	if !isVoid(a) {
		c.stack = append(c.stack, e)
	}
	return len(c.stack) <= 2*MaxDepth // parsers give up somewhere
}

// attribute takes an attribute that the sanitiser writes.
func (c *checker) attribute() bool {
	end := 1
	for end < len(c.out) && ('a' <= c.out[end] && c.out[end] <= 'z' || c.out[end] == '-') {
		end++
	}
	if len(c.out) < end+2 || c.out[end] != '=' || c.out[end+1] != '"' {
		return false
	}
	name, value := c.out[1:end], c.out[end+2:]
	to := bytes.IndexByte(value, '"')
	if to < 0 {
		return false
	}
	c.out, value = value[to+1:], value[:to]
	switch string(name) {
	case "rel", "controls", "preload", "loading", "decoding", "disabled", "tabindex", "aria-label", "srcset", "sizes":
		return true
	case "name", "align":
		return false
	case "class":
		return isOwnClass(string(value))
	}
	return known(name) != ""
}

// isOwnClass tells the classes that a document may have.
func isOwnClass(class string) bool {
	switch class {
	case "scroll", "heading", "anchor", "left", "center", "right",
		"c", "cp", "k", "kc", "kt", "m", "s", "se", "nf", "nc", "nb", "nv", "na", "nt", "nd", "o", "gd", "gi", "gh", "gp", "go", "ge", "gs":
		return true
	}
	return codeLanguage(class) == class
}

// fits tells whether a parser puts e into the innermost open element as it is.
func fits(stack []element, e element) bool {
	var top element
	if len(stack) > 0 {
		top = stack[len(stack)-1]
	}
	switch top.role {
	case table:
		return e.role == caption || e.role == rowGroup
	case rowGroup:
		return e.role == row
	case row:
		return e.role == cell
	default:
	}
	switch e.role {
	case caption, rowGroup, row, cell:
		return false
	case listItem:
		return top.name == atom.Ul || top.name == atom.Ol
	case termItem:
		return top.name == atom.Dl
	case rubyBit:
		return top.role == ruby
	case ruby, anchor:
		return !holds(stack, e.role)
	case line:
		return !isHeading(top.name) && !inOpenParagraph(stack)
	case block, paragraph, verbatim, rule, table:
		return !inOpenParagraph(stack)
	default:
		return true
	}
}

func holds(stack []element, r role) bool {
	for i := range stack {
		if stack[i].role == r {
			return true
		}
	}
	return false
}

// inOpenParagraph tells whether a block here would end a paragraph.
func inOpenParagraph(stack []element) bool {
	for i := len(stack) - 1; i >= 0 && !stack[i].role.bounds(); i-- {
		if stack[i].role == paragraph {
			return true
		}
	}
	return false
}

func isVoid(a atom.Atom) bool {
	switch a {
	case atom.Br, atom.Hr, atom.Img, atom.Input, atom.Source, atom.Wbr:
		return true
	}
	return false
}
