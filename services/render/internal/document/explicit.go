package document

import (
	"bytes"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// explicit tells whether out is HTML in which a parser has nothing to add,
// close or move: all elements are allowed, each is ended by its own tag, and
// none stands where the HTML standard (section 13.2.6.4) would do anything but
// put it into the one that is open. What it accepts is a fixpoint, which the
// tests hold against a real parser; it takes a quarter of that one's time.
func explicit(out []byte) bool {
	z := html.NewTokenizer(bytes.NewReader(out))
	var stack []element
	afterPre := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return len(stack) == 0
		case html.TextToken:
			if len(stack) > 0 && stack[len(stack)-1].role.isTablePart() || afterPre && z.Raw()[0] == '\n' {
				return false
			}
			afterPre = false
		case html.StartTagToken:
			name, more := z.TagName()
			a := atom.Lookup(name)
			e := lookup(a)
			if e.name != a || a == 0 || a == atom.H1 || !fits(stack, e) || more && !allAllowed(z) {
				return false
			}
			afterPre = a == atom.Pre
			if !isVoid(a) {
				stack = append(stack, e)
			}
			if len(stack) > 2*MaxDepth { // parsers give up somewhere
				return false
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(stack) == 0 || stack[len(stack)-1].name != atom.Lookup(name) {
				return false
			}
			stack = stack[:len(stack)-1]
			afterPre = false
		default:
			return false
		}
	}
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

// allAllowed tells whether the attributes of the current tag are ones that we
// write.
func allAllowed(z *html.Tokenizer) bool {
	for more := true; more; {
		var key []byte
		key, _, more = z.TagAttr()
		switch string(key) {
		case "rel", "controls", "preload", "loading", "decoding", "disabled", "tabindex", "aria-label":
		case "name":
			return false
		default:
			if known(key) == "" {
				return false
			}
		}
	}
	return true
}

func isVoid(a atom.Atom) bool {
	switch a {
	case atom.Br, atom.Hr, atom.Img, atom.Input, atom.Source, atom.Wbr:
		return true
	}
	return false
}
