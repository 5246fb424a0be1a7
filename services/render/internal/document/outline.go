package document

import (
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/parution/parution/chassis/slug"
)

// maxHeadingChars bounds a heading in the table of contents.
const maxHeadingChars = 200

// outline collects the headings and the ids of a document.
type outline struct {
	entries []entry
	// text is that of the heading that is open.
	text squeezed
	// ids holds every id that was given out, without prefix, and for those of
	// headings the last number put behind it.
	ids map[string]int
}

type entry struct {
	level    int
	id, text string
	// digits are the places of the level in the two tags.
	digits [2]int
}

// begin starts a heading.
func (o *outline) begin(name atom.Atom) {
	o.entries = append(o.entries, entry{level: headingLevel(name)})
	o.text = squeezed{limit: maxHeadingChars, buf: o.text.buf[:0]}
}

func headingLevel(name atom.Atom) int { return int(name.String()[1] - '0') }

// claim takes an id, unless it is taken.
func (o *outline) claim(id string) bool {
	if _, taken := o.ids[id]; taken {
		return false
	}
	if o.ids == nil {
		o.ids = map[string]int{}
	}
	o.ids[id] = 1
	return true
}

// add takes text of the heading that is open, if one is.
func (o *outline) add(text []byte, set quiet) {
	if set&inHeading != 0 && set&inMark == 0 {
		o.text.add(text)
	}
}

// unique claims id or, if it is taken, id-2, id-3 and so on.
func (o *outline) unique(id string) string {
	if o.claim(id) {
		return id
	}
	for n := o.ids[id] + 1; ; n++ {
		if numbered := id + "-" + strconv.Itoa(n); o.claim(numbered) {
			o.ids[id] = n
			return numbered
		}
	}
}

// openHeading begins the place of a heading and of the link to it, unless the
// heading stands in a link. The link stands beside the heading, since within it
// a listener would hear it as a part of each heading's name.
func (s *sanitiser) openHeading(t tag) bool {
	if !isHeading(t.name) || s.has(anchor) {
		return false
	}
	s.w.raw(headingStart)
	return true
}

// writeAnchor writes the link to the last heading, if it has a text.
func (s *sanitiser) writeAnchor() {
	e := &s.outline.entries[len(s.outline.entries)-1]
	if e.text == "" {
		return
	}
	s.w.raw(anchorStart)
	s.w.attr("href", "#"+e.id)
	s.w.attr("aria-label", s.labels.link+s.labels.quote(e.text))
	s.w.raw(">#</a>")
}

// headingStart begins the places of headings, anchorStart the links to them. No
// author can write one: the class would be lost.
const (
	headingStart = `<div class="heading">`
	anchorStart  = `<a class="anchor"`
)

// WithoutAnchors is a document's HTML with nothing around its headings, for
// places that are no page: neither the links to them nor the places of these.
func WithoutAnchors(html string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(html, headingStart)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		// A heading holds no other, and nothing else stands in its place.
		heading, after, _ := strings.Cut(rest, "</h")
		b.WriteString(heading)
		level, after, _ := strings.Cut(after, ">")
		b.WriteString("</h" + level + ">")
		if strings.HasPrefix(after, anchorStart) {
			_, after, _ = strings.Cut(after, "</a>")
		}
		html = strings.TrimPrefix(after, "</div>")
	}
}

// endHeading gives the heading that ends an id, writes its end tag and enters
// it into the contents.
func (s *sanitiser) endHeading(o open) {
	e := &s.outline.entries[len(s.outline.entries)-1]
	e.text = s.outline.text.cut()
	if before, after, found := strings.Cut(string(s.w.buf[s.headingAt:o.mark]), ` id="`); found && !strings.Contains(before, `"`) {
		e.id, _, _ = strings.Cut(after, `"`)
	} else {
		id := slug.Make(e.text)
		if id == "" {
			id = "section"
		}
		e.id = idPrefix + s.outline.unique(id)
		s.w.insert(s.headingAt+len("<h2"), ` id="`+e.id+`"`)
	}
	e.digits = [2]int{s.headingAt + len("<h"), len(s.w.buf) + len("</h")}
}

// settle gives the headings the levels that they have among each other: the
// highest are h2, because the page has an h1 of its own, and none is more than
// one level below the one that it belongs to, since who listens would look for
// what was left out.
func (o *outline) settle(out []byte) {
	var above []int
	for i := range o.entries {
		e := &o.entries[i]
		for len(above) > 0 && above[len(above)-1] >= e.level {
			above = above[:len(above)-1]
		}
		above = append(above, e.level)
		e.level = min(len(above)+1, 6)
		for _, at := range e.digits {
			out[at] = "0123456"[e.level]
		}
	}
}

// contents nests the headings that have a text.
func (o *outline) contents() []Heading {
	rest := make([]entry, 0, len(o.entries))
	for i := range o.entries {
		if o.entries[i].text != "" {
			rest = append(rest, o.entries[i])
		}
	}
	var top []Heading
	for len(rest) > 0 {
		var h Heading
		h, rest = nest(rest)
		top = append(top, h)
	}
	return top
}

// nest takes the first heading and those below it.
func nest(rest []entry) (Heading, []entry) {
	h := Heading{Level: rest[0].level, ID: rest[0].id, Text: rest[0].text}
	rest = rest[1:]
	for len(rest) > 0 && rest[0].level > h.Level {
		var child Heading
		child, rest = nest(rest)
		h.Children = append(h.Children, child)
	}
	return h, rest
}
