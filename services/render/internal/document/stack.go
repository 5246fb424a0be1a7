package document

import (
	"slices"

	"golang.org/x/net/html/atom"
)

// tag is a start tag.
type tag struct {
	element

	// source is the element's name in the input.
	source atom.Atom
	attrs  []attribute
}

// open is an element that is open. A ghost is one whose tags are not written;
// it is there for its end tag.
type open struct {
	element

	source atom.Atom
	ghost  bool
	// ended: its end tag was seen while a block within it was open; it ends
	// with that block.
	ended bool
	// wrapped: a div around it ends with it.
	wrapped bool
	// quiet is what it keeps out of the excerpt and the outline.
	quiet quiet
	// tag and mark are where it and its content begin in the output.
	tag, mark int
	// language is that of what stands around it, if it has another one.
	language string
	foreign  bool
}

// start opens an element at the place where it may stand. The rules are those
// by which a parser closes elements by itself, so that what is written nests
// as a browser will see it.
func (s *sanitiser) start(t tag) {
	if t.role.isBlock() {
		s.gap()
	}
	if s.top().role.isTablePart() && !isTableContent(t.role) {
		s.openCell()
	}
	switch t.role {
	case unknown, hidden, shown:
	case inline:
		s.push(t, s.bare(t))
	case ruby:
		s.push(t, s.has(ruby))
	case anchor:
		s.push(t, s.bare(t) || s.has(anchor))
	case rubyBit:
		s.startRubyBit(t)
	case void:
		s.writeVoid(t)
	case image:
		s.writeImage(t)
	case checkbox:
		s.writeCheckbox(t)
	case player:
		s.startPlayer(t)
	case source:
		if s.top().role == player && !s.top().ghost {
			s.writeSource(t)
		}
	case frame:
		s.writeFrame(t)
	case rule:
		if s.beginBlock() {
			s.writeVoid(t)
		}
	case block, paragraph, verbatim:
		s.push(t, !s.beginBlock())
	case line:
		s.startLine(t)
	case listItem:
		s.startItem(t, atom.Ul, atom.Ol)
	case termItem:
		s.startItem(t, atom.Dl, atom.Dl)
	case table:
		s.startTable(t)
	case caption, rowGroup, row, cell:
		s.startTablePart(t)
	}
}

func isTableContent(r role) bool {
	return r == caption || r == rowGroup || r == row || r == cell || r == unknown || r == hidden
}

// beginBlock closes the paragraph that a block ends, and tells whether a block
// may stand here at all.
func (s *sanitiser) beginBlock() bool {
	for i := len(s.stack) - 1; i >= 0; i-- {
		e := &s.stack[i]
		switch e.role {
		case paragraph:
			if !e.ghost {
				s.closeTo(i)
				return true
			}
		case line, verbatim, ruby, rubyBit, player:
			if !e.ghost {
				return false
			}
		case inline, anchor:
		default:
			if !e.ghost {
				return true
			}
		}
	}
	return true
}

// startLine opens a heading or a summary; one does not stand in another. Of a
// heading in a summary the text is left: without it nobody knew what opens there.
func (s *sanitiser) startLine(t tag) {
	for i := len(s.stack) - 1; i >= 0; i-- {
		e := &s.stack[i]
		if e.role == line && !e.ghost {
			if e.name == atom.Summary && isHeading(t.name) {
				s.push(t, true)
				return
			}
			s.closeTo(i)
			break
		}
		if e.role != inline && e.role != anchor {
			break
		}
	}
	s.push(t, !s.beginBlock())
}

// startItem opens an item of the list that it stands in, or of a new one.
func (s *sanitiser) startItem(t tag, list, other atom.Atom) {
	if !s.beginBlock() {
		s.push(t, true)
		return
	}
	for i := len(s.stack) - 1; i >= 0; i-- {
		e := &s.stack[i]
		if e.ghost {
			continue
		}
		if e.name == list || e.name == other {
			s.closeTo(i + 1)
			s.push(t, false)
			return
		}
		if e.role == t.role || e.name == atom.Div || e.role == inline || e.role == anchor {
			continue
		}
		break
	}
	if !s.roomFor(2) {
		return
	}
	s.push(tag{element: element{list, block}, source: list}, false)
	s.push(t, false)
}

// startRubyBit opens a part of the nearest ruby, in the place of the part that
// is open.
func (s *sanitiser) startRubyBit(t tag) {
	for i := len(s.stack) - 1; i >= 0; i-- {
		e := &s.stack[i]
		if e.role == ruby && !e.ghost {
			s.closeTo(i + 1)
			break
		}
		if e.role != inline && e.role != anchor && e.role != rubyBit {
			return
		}
	}
	if s.top().role == ruby && !s.top().ghost { // it may have ended with its part
		s.push(t, false)
	}
}

func (s *sanitiser) startTable(t tag) {
	if !s.beginBlock() || !s.roomFor(4) {
		return
	}
	nested := s.has(table)
	if !nested {
		s.openTableWrapper()
	}
	s.push(t, false)
	s.top().wrapped = !nested
}

// startTablePart opens a part of the nearest table, with the parts between
// that the input left out. Outside of tables its tag vanishes.
func (s *sanitiser) startTablePart(t tag) {
	at := s.nearestTable()
	if at < 0 {
		return
	}
	// Close what cannot hold t.
	for i := at + 1; i < len(s.stack); i++ {
		r := s.stack[i].role
		if t.role == caption || t.role == rowGroup || r == caption || r == cell ||
			r == row && t.role != cell {
			s.closeTo(i)
			break
		}
	}
	if t.role == row || t.role == cell {
		s.fillTo(t.role)
	}
	s.push(t, false)
}

// fillTo opens the parts that a row or cell stands in.
func (s *sanitiser) fillTo(r role) {
	if s.top().role == table {
		s.push(tag{element: element{atom.Tbody, rowGroup}, source: atom.Tbody}, false)
	}
	if r == cell && s.top().role == rowGroup {
		s.push(tag{element: element{atom.Tr, row}, source: atom.Tr}, false)
	}
}

// openCell makes a cell for what stands loose in a table.
func (s *sanitiser) openCell() {
	s.fillTo(cell)
	s.push(tag{element: element{atom.Td, cell}, source: atom.Td}, false)
}

func (s *sanitiser) nearestTable() int {
	for i, o := range slices.Backward(s.stack) {
		if o.role == table {
			return i
		}
	}
	return -1
}

// end closes the element that an end tag belongs to, if it is open and may be
// closed from here.
func (s *sanitiser) end(name atom.Atom) {
	e := lookup(name)
	if e.role == unknown {
		return
	}
	if e.role.isBlock() {
		s.gap()
	}
	if e.role.bounds() {
		if i := s.openPart(e, name); i >= 0 {
			s.closeTo(i)
		}
		return
	}
	within := false // a block that is still open
	for i := len(s.stack) - 1; i >= 0; i-- {
		o := &s.stack[i]
		if o.role.bounds() {
			return
		}
		if o.source == name || e.role == line && o.role == line && isHeading(e.name) && isHeading(o.name) {
			if within && !e.role.isBlock() {
				o.ended = true
			} else {
				s.closeTo(i)
			}
			return
		}
		within = within || o.role.isBlock()
	}
}

// openPart finds a part of the nearest table, or that table.
func (s *sanitiser) openPart(e element, name atom.Atom) int {
	at := s.nearestTable()
	if at < 0 || e.role == table {
		return at
	}
	for i := len(s.stack) - 1; i > at; i-- {
		if s.stack[i].source == name {
			return i
		}
	}
	return -1
}

// isWithin tells whether an element of this name is open.
func (s *sanitiser) isWithin(name atom.Atom) bool {
	for i := range s.stack {
		if s.stack[i].name == name && !s.stack[i].ghost {
			return true
		}
	}
	return false
}

// has tells whether an element of this role is open.
func (s *sanitiser) has(r role) bool {
	for i := range s.stack {
		if s.stack[i].role == r && !s.stack[i].ghost {
			return true
		}
	}
	return false
}

// top is the innermost open element, none if there is no such.
func (s *sanitiser) top() *open {
	if n := len(s.stack); n > 0 {
		return &s.stack[n-1]
	}
	return &s.none
}

// roomFor tells whether n more elements may be opened. The parts of a table
// are not counted: it asked for them when it began.
func (s *sanitiser) roomFor(n int) bool { return len(s.stack)+n <= MaxDepth }

// push opens an element, unless that would nest too deep.
func (s *sanitiser) push(t tag, ghost bool) {
	if !t.role.bounds() && !s.roomFor(1) {
		return
	}
	o := open{element: t.element, source: t.source, ghost: ghost}
	if !ghost {
		o.wrapped = s.openHeading(t)
		s.writeStart(t)
		o.tag, o.quiet = s.tagAt, quietOf(t)
		if t.has("lang") {
			o.language, o.foreign = s.language, true
			s.speak(s.languageOf(t))
		}
	}
	o.mark = len(s.w.buf)
	s.quiet.add(o.quiet, 1)
	s.stack = append(s.stack, o)
	if !ghost && t.role == verbatim {
		s.verbatimAt = o.mark
	}
	if !ghost && t.name == atom.Code {
		s.beginListing(t, o.mark)
	}
	if !ghost && isHeading(t.name) {
		s.headingAt = s.tagAt
		s.outline.begin(t.name)
	}
}

// closeTo closes all elements from index i of the stack on, and those outside
// of them whose end tags came too early.
func (s *sanitiser) closeTo(i int) {
	for len(s.stack) > i {
		s.pop()
	}
	for len(s.stack) > 0 && s.top().ended {
		s.pop()
	}
}

func (s *sanitiser) closeAll() { s.closeTo(0) }

func (s *sanitiser) pop() {
	o := *s.top()
	if !o.ghost {
		s.finish(o)
	}
	s.quiet.add(o.quiet, -1)
	s.stack = s.stack[:len(s.stack)-1]
	if o.foreign {
		s.speak(o.language)
	}
	if o.role == player && !o.ghost {
		s.endPlayer(o)
	}
}

// speak changes the language of what follows.
func (s *sanitiser) speak(language string) {
	s.language = language
	s.setter.Language(language)
}

// languageOf is the language of an element's own texts.
func (s *sanitiser) languageOf(t tag) string {
	if t.has("lang") {
		if v := language(t.get("lang")); v != "" {
			return v
		}
	}
	return s.language
}

func isHeading(a atom.Atom) bool {
	switch a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}
