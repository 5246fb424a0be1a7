package document

import "golang.org/x/net/html/atom"

// role says how an element behaves among others.
type role uint8

const (
	unknown   role = iota // its tags vanish, its content stays
	inline                // text-level; holds text-level elements and, outside of paragraphs, blocks
	block                 // holds anything
	paragraph             // ends where a block begins
	line                  // a heading or summary: blocks within lose their tags
	verbatim              // pre
	listItem
	termItem // dt, dd
	table
	caption
	rowGroup
	row
	cell
	void    // a text-level element without content
	rule    // hr
	image   // img
	anchor  // a
	ruby    // ruby: like line
	rubyBit // rt, rp
	player  // video, audio
	source  // source within a player
	checkbox
	frame  // becomes a link to its page
	hidden // vanishes with its content
	shown  // a tag that is shown as text: what follows is none of its content
)

// element is what becomes of an element.
type element struct {
	// name is what it is written as; 0 if it is not.
	name atom.Atom
	role role
}

// lookupName is lookup by name, for elements of our own making.
func lookupName(name string) element { return lookup(atom.Lookup([]byte(name))) }

// lookup is the table of what is allowed. Elements that only group become div;
// obsolete ones become what replaced them; whatever is not named here loses
// its tags and keeps its content.
func lookup(a atom.Atom) element {
	switch a {
	case atom.P:
		return element{a, paragraph}
	case atom.Legend:
		return element{atom.P, paragraph}
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Summary:
		return element{a, line}
	case atom.Blockquote, atom.Div, atom.Figure, atom.Figcaption, atom.Details, atom.Ul, atom.Ol, atom.Dl:
		return element{a, block}
	case atom.Section, atom.Article, atom.Aside, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Address, atom.Center,
		atom.Fieldset, atom.Form, atom.Hgroup, atom.Dialog:
		return element{atom.Div, block}
	case atom.Menu:
		return element{atom.Ul, block}
	case atom.Pre, atom.Listing, atom.Xmp:
		return element{atom.Pre, verbatim}
	case atom.Hr:
		return element{a, rule}
	case atom.Li:
		return element{a, listItem}
	case atom.Dt, atom.Dd:
		return element{a, termItem}
	}
	if e := lookupTable(a); e.role != unknown {
		return e
	}
	return lookupInline(a)
}

func lookupTable(a atom.Atom) element {
	switch a {
	case atom.Table:
		return element{a, table}
	case atom.Caption:
		return element{a, caption}
	case atom.Thead, atom.Tbody, atom.Tfoot:
		return element{a, rowGroup}
	case atom.Tr:
		return element{a, row}
	case atom.Td, atom.Th:
		return element{a, cell}
	}
	return element{}
}

func lookupInline(a atom.Atom) element {
	switch a {
	case atom.A:
		return element{a, anchor}
	case atom.Abbr, atom.B, atom.Bdi, atom.Bdo, atom.Cite, atom.Code, atom.Del, atom.Dfn, atom.Em, atom.I, atom.Ins,
		atom.Kbd, atom.Mark, atom.Q, atom.S, atom.Samp, atom.Small, atom.Span, atom.Strong, atom.Sub, atom.Sup,
		atom.Time, atom.U, atom.Var:
		return element{a, inline}
	case atom.Acronym:
		return element{atom.Abbr, inline}
	case atom.Strike:
		return element{atom.S, inline}
	case atom.Tt:
		return element{atom.Code, inline}
	case atom.Br, atom.Wbr:
		return element{a, void}
	case atom.Img:
		return element{a, image}
	case atom.Ruby:
		return element{a, ruby}
	case atom.Rt, atom.Rp:
		return element{a, rubyBit}
	case atom.Video, atom.Audio:
		return element{a, player}
	case atom.Source:
		return element{a, source}
	case atom.Input:
		return element{a, checkbox}
	case atom.Iframe:
		return element{0, frame}
	case atom.Script, atom.Style, atom.Title, atom.Textarea, atom.Noembed, atom.Noframes,
		atom.Svg, atom.Math, atom.Template, atom.Select:
		return element{0, hidden}
	case atom.Plaintext:
		return element{0, shown}
	}
	return element{}
}

// isRawText tells whether the tokenizer reads the content of a as text.
func isRawText(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Title, atom.Textarea, atom.Noembed, atom.Noframes, atom.Iframe, atom.Xmp,
		atom.Noscript, atom.Plaintext:
		return true
	}
	return false
}

// isBlock tells whether a tag of this role ends a paragraph and separates
// words.
func (r role) isBlock() bool {
	switch r {
	case block, paragraph, line, verbatim, listItem, termItem, table, caption, rowGroup, row, cell, rule:
		return true
	default:
		return false
	}
}

// isTablePart tells whether only other parts of a table may stand directly
// within it.
func (r role) isTablePart() bool { return r == table || r == rowGroup || r == row }

// bounds tells whether end tags within it cannot reach out of it.
func (r role) bounds() bool { return r == cell || r == caption || r.isTablePart() }
