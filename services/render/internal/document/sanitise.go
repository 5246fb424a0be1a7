package document

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/parution/parution/chassis/typography"
)

// sanitiser reads HTML as a flow of tags and writes what is allowed of it,
// well nested, in one pass.
type sanitiser struct {
	input  []byte
	host   string
	labels labels
	// markdown: the input was rendered from Markdown.
	markdown bool
	// language is that of the element that is open; setter sets its prose.
	language string
	setter   *typography.Setter

	w       writer
	stack   []open
	none    open
	quiet   quietCount
	prose   prose
	outline outline
	// image and imageAlt are the first image, picture the last one.
	image, imageAlt string
	picture         placed
	tables          int
	listing         listing
	painter         painter
	playing         playing

	// tagAt is where the last start tag begins in the output, headingAt the
	// last heading's; verbatimAt is where the content of the last pre begins.
	tagAt, headingAt, verbatimAt int

	// pos is how much of the input has been read.
	pos int
	// skip is the element whose content vanishes, skipDepth how many of them
	// are open; dropText: so does the next text.
	skip      atom.Atom
	skipDepth int
	dropText  bool
	// ends holds where the last end tag of an element is in the input, once
	// it was asked for; lower is the input in lower case.
	ends  map[atom.Atom]int
	lower []byte
	// attrs is reused from tag to tag.
	attrs []attribute
}

func newSanitiser(input []byte, host, language string) *sanitiser {
	return &sanitiser{
		input: input, host: host, labels: labelsFor(language), language: language, setter: typography.New(language),
		prose: newProse(), painter: painter{left: maxPaintedBytes},
	}
}

// run reads the input to its end or until the output is full.
func (s *sanitiser) run() {
	z := html.NewTokenizer(bytes.NewReader(s.input))
	for !s.w.full {
		kind := z.Next()
		raw := z.Raw()
		s.pos += len(raw)
		switch kind {
		case html.ErrorToken: // the end: bytes have no other error
			s.closeAll()
			if !s.w.full {
				s.outline.settle(s.w.buf)
			}
			return
		case html.TextToken:
			s.textToken(z, raw)
		case html.StartTagToken, html.SelfClosingTagToken:
			s.startToken(z, raw, kind == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := z.TagName()
			s.endToken(atom.Lookup(name))
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

func (s *sanitiser) textToken(z *html.Tokenizer, raw []byte) {
	if s.skip != 0 || s.dropText {
		s.dropText = false
		return
	}
	if bytes.IndexByte(raw, '&') >= 0 || bytes.IndexByte(raw, '\r') >= 0 {
		raw = z.Text()
	}
	s.text(raw)
}

// text writes text where it stands.
func (s *sanitiser) text(b []byte) {
	top := s.top()
	if top.role.isTablePart() {
		if len(bytes.Trim(b, " \t\n\f\r")) == 0 {
			return
		}
		s.openCell()
	}
	if len(s.w.buf) == s.verbatimAt {
		// A parser drops a newline here; a second would go the next time.
		b = bytes.TrimLeftFunc(b, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
	}
	set := s.quiet.set
	if set&(inCode|inMark|inLiteral) != 0 {
		s.listing.add(b, s.w.text(b))
		s.prose.text(b, b, set)
		s.setter.Thing()
		s.outline.add(b, set)
		return
	}
	typeset := s.setter.Set(b)
	s.writeRaised(typeset)
	s.prose.text(b, typeset, set)
	s.outline.add(typeset, set)
}

// writeRaised writes a piece of text with the endings of its ordinals above the
// line.
func (s *sanitiser) writeRaised(typeset []byte) {
	from := 0
	if raised := s.setter.Raised(); len(raised) > 0 && !s.isWithin(atom.Sup) {
		for _, r := range raised {
			s.w.text(typeset[from:r.From])
			s.w.raw("<sup>")
			s.w.text(typeset[r.From:r.To])
			s.w.raw("</sup>")
			from = r.To
		}
	}
	s.w.text(typeset[from:])
}

// gap ends a block, or the one before it: words and quotations do not reach
// over it.
func (s *sanitiser) gap() {
	s.prose.gap()
	s.setter.Break()
}

func (s *sanitiser) startToken(z *html.Tokenizer, raw []byte, selfClosing bool) {
	s.dropText = false
	// Reading the tag's parts changes raw where entities are replaced.
	name, more := z.TagName()
	t := tag{source: atom.Lookup(name)}
	if s.skip != 0 {
		if t.source == s.skip && !selfClosing {
			s.skipDepth++
		}
		foreign := s.skip == atom.Svg || s.skip == atom.Math
		if isRawText(t.source) && (foreign || !s.isClosed(t.source)) {
			z.NextIsNotRawText()
		}
		return
	}
	t.element = lookup(t.source)
	if t.role == shown || t.role == hidden && !s.isClosed(t.source) && !selfClosing {
		z.NextIsNotRawText()
		s.text(raw)
		return
	}
	if t.source == atom.Noscript || isRawText(t.source) && !s.isClosed(t.source) {
		z.NextIsNotRawText()
	}
	switch t.role {
	case unknown:
		return
	case hidden:
		s.hide(t.source, selfClosing)
		return
	case frame:
		s.dropText = s.isClosed(t.source)
	default:
	}
	t.attrs = s.readAttributes(z, more)
	s.start(t)
}

// hide leaves out the content of an element that has an end tag.
func (s *sanitiser) hide(name atom.Atom, selfClosing bool) {
	switch {
	case isRawText(name):
		s.dropText = true
	case !selfClosing:
		s.skip, s.skipDepth = name, 1
	}
}

func (s *sanitiser) readAttributes(z *html.Tokenizer, more bool) []attribute {
	s.attrs = s.attrs[:0]
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		name := known(key)
		if name == "" || (tag{attrs: s.attrs}).has(name) {
			continue
		}
		s.attrs = append(s.attrs, attribute{name, value})
	}
	return s.attrs
}

func (s *sanitiser) endToken(name atom.Atom) {
	s.dropText = false
	if s.skip == 0 {
		s.end(name)
		return
	}
	if name == s.skip {
		if s.skipDepth--; s.skipDepth == 0 {
			s.skip = 0
		}
	}
}

// isClosed tells whether an end tag of this name is still to come. Without one
// an element's content would be the rest of the document.
func (s *sanitiser) isClosed(name atom.Atom) bool {
	at, known := s.ends[name]
	if !known {
		if s.lower == nil {
			s.lower = bytes.ToLower(s.input)
			s.ends = map[atom.Atom]int{}
		}
		at = bytes.LastIndex(s.lower, []byte("</"+name.String()))
		s.ends[name] = at
	}
	return at >= s.pos
}

// writeVoid writes an element that has no content.
func (s *sanitiser) writeVoid(t tag) {
	s.w.raw("<")
	s.w.raw(t.name.String())
	if len(t.attrs) > 0 && t.name == atom.Hr {
		s.writeGlobal(t)
	}
	s.w.raw(">")
	switch t.name {
	case atom.Hr:
		s.gap()
	case atom.Br:
		s.prose.gap()
		s.setter.Line()
	}
}

// writeCheckbox writes the box of a task; other fields vanish.
func (s *sanitiser) writeCheckbox(t tag) {
	if t.get("type") != "checkbox" {
		return
	}
	s.w.raw(`<input type="checkbox" disabled=""`)
	s.writeFlag(t, "checked")
	s.w.attr("aria-label", s.labels.task)
	s.w.raw(">")
}

func (s *sanitiser) writeSource(t tag) {
	src, ok := s.playable(t)
	if !ok {
		return
	}
	s.w.raw("<source")
	s.w.attr("src", src)
	if v := oneLine(t.get("type")); v != "" {
		s.w.attr("type", v)
	}
	s.w.raw(">")
}

// writeFrame writes a link in the place of a page within the page, so that an
// embedded film is not lost.
func (s *sanitiser) writeFrame(t tag) {
	src, ok := cleanURL(t.get("src"), secureSchemes)
	if !ok || !strings.HasPrefix(src, "https://") {
		return
	}
	s.writeStandIn(t, src, standInLabel(s.phrase(t, "title"), src))
}

// writeStandIn writes a link to what is not shown here.
func (s *sanitiser) writeStandIn(t tag, src string, label []byte) {
	own := len(s.stack) == 0
	if own {
		s.push(tag{element: element{atom.P, paragraph}, source: atom.P}, false)
	}
	depth := len(s.stack)
	t.element = element{atom.A, anchor}
	t.attrs = []attribute{{"href", []byte(src)}}
	s.start(t)
	s.quiet.add(inMark, 1) // the label is ours, not the author's
	s.text(label)
	s.quiet.add(inMark, -1)
	s.closeTo(depth)
	if own {
		s.closeTo(0)
	}
}

// openTableWrapper makes a wide table scroll within itself. Who uses a keyboard
// must be able to get there and hear what it is; a group, as a region for each
// table would fill the list of landmarks.
func (s *sanitiser) openTableWrapper() {
	s.tables++
	s.w.raw(`<div class="scroll" role="group" tabindex="0"`)
	s.w.attr("aria-label", s.labels.table+" "+strconv.Itoa(s.tables))
	s.w.raw(">")
}

// finish writes what ends an element.
func (s *sanitiser) finish(o open) {
	switch {
	case s.w.full:
	case isHeading(o.name):
		s.endHeading(o)
	case o.name == atom.Code:
		s.endListing(o)
	case o.role == paragraph && s.endPicture(o):
		s.gap()
		return
	}
	s.w.raw("</")
	s.w.raw(o.name.String())
	s.w.raw(">")
	if o.wrapped {
		s.endWrapper(o)
	}
	if o.role.isBlock() {
		s.gap()
	}
	if o.role == verbatim {
		s.endVerbatim(o)
	}
}

// endWrapper ends what stands around an element: the scroller of a table, the
// place of a heading with a link to it.
func (s *sanitiser) endWrapper(o open) {
	if isHeading(o.name) {
		s.writeAnchor()
	}
	s.w.raw("</div>")
}
