package document

import (
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"
)

// attribute is one that is known; its value is unescaped and lives until the
// next tag.
type attribute struct {
	name  string
	value []byte
}

// known gives the name of an attribute that some element may have, or "". The
// name is a constant, so that a tag's attributes cost no memory.
func known(name []byte) string {
	switch string(name) {
	case "href":
		return "href"
	case "src":
		return "src"
	case "id":
		return "id"
	case "name":
		return "name"
	case "class":
		return "class"
	case "title":
		return "title"
	case "alt":
		return "alt"
	case "lang":
		return "lang"
	case "dir":
		return "dir"
	case "role":
		return "role"
	case "align":
		return "align"
	case "width":
		return "width"
	case "height":
		return "height"
	case "type":
		return "type"
	case "cite":
		return "cite"
	case "datetime":
		return "datetime"
	case "colspan":
		return "colspan"
	case "rowspan":
		return "rowspan"
	case "scope":
		return "scope"
	case "start":
		return "start"
	case "reversed":
		return "reversed"
	case "value":
		return "value"
	case "open":
		return "open"
	case "checked":
		return "checked"
	case "poster":
		return "poster"
	case "loop":
		return "loop"
	case "muted":
		return "muted"
	}
	return ""
}

// get is the value of an attribute; of several with one name the first counts,
// as in a browser.
func (t tag) get(name string) string {
	for i := range t.attrs {
		if t.attrs[i].name == name {
			return string(t.attrs[i].value)
		}
	}
	return ""
}

func (t tag) has(name string) bool {
	for i := range t.attrs {
		if t.attrs[i].name == name {
			return true
		}
	}
	return false
}

// bare tells whether an element says nothing without the attributes that it
// has lost.
func (s *sanitiser) bare(t tag) bool {
	switch t.name {
	case atom.Span, atom.Bdo:
		return language(t.get("lang")) == "" && direction(t.get("dir")) == "" && t.get("id") == "" && t.get("title") == ""
	case atom.A:
		_, ok := cleanURL(t.get("href"), linkSchemes)
		return !ok && identifier(t.get("id")) == "" && identifier(t.get("name")) == ""
	}
	return false
}

// writeStart writes the start tag of an element that has an end tag.
func (s *sanitiser) writeStart(t tag) {
	s.tagAt = len(s.w.buf)
	s.w.raw("<")
	s.w.raw(t.name.String())
	if len(t.attrs) > 0 {
		s.writeGlobal(t)
		s.writeOwn(t)
	}
	if t.role == player {
		s.w.attr("controls", "")
		s.w.attr("preload", "metadata")
	}
	s.w.raw(">")
}

// writeGlobal writes what any element may have.
func (s *sanitiser) writeGlobal(t tag) {
	id := identifier(t.get("id"))
	if id == "" && t.name == atom.A {
		id = identifier(t.get("name"))
	}
	if id != "" && s.outline.claim(id) {
		s.w.attr("id", idPrefix+id)
	}
	if v := language(t.get("lang")); v != "" {
		s.w.attr("lang", v)
	}
	if v := direction(t.get("dir")); v != "" {
		s.w.attr("dir", v)
	}
	if v := s.phrase(t, "title"); v != "" && t.role != frame {
		s.w.attr("title", v)
	}
}

// writeOwn writes what only this element may have.
func (s *sanitiser) writeOwn(t tag) {
	switch t.name {
	case atom.A:
		s.writeLink(t)
	case atom.Code:
		if v := codeLanguage(t.get("class")); v != "" {
			s.w.attr("class", v)
		}
	case atom.Td, atom.Th:
		s.writeCell(t)
	case atom.Ol:
		s.writeNumber(t, "start")
		s.writeFlag(t, "reversed")
		if v := t.get("type"); len(v) == 1 && strings.Contains("1aAiI", v) {
			s.w.attr("type", v)
		}
	case atom.Li:
		s.writeNumber(t, "value")
	case atom.Blockquote, atom.Q, atom.Del, atom.Ins:
		if v, ok := cleanURL(t.get("cite"), webSchemes); ok {
			s.w.attr("cite", v)
		}
		s.writeTime(t)
	case atom.Time:
		s.writeTime(t)
	case atom.Details:
		s.writeFlag(t, "open")
	case atom.Div:
		if t.get("role") == "doc-endnotes" {
			s.w.attr("role", "doc-endnotes")
			s.w.attr("aria-label", s.labels.notes)
		}
	case atom.Video, atom.Audio:
		s.writePlayer(t)
	}
}

func (s *sanitiser) writeLink(t tag) {
	href, ok := cleanURL(t.get("href"), linkSchemes)
	if !ok {
		return
	}
	if fragment, here := strings.CutPrefix(href, "#"); here && fragment != "" {
		href = "#" + idPrefix + target(fragment)
	}
	s.w.attr("href", href)
	if s.isOutside(href) {
		s.w.attr("rel", "nofollow noopener ugc")
	}
	switch v := t.get("role"); v {
	case "doc-noteref":
		s.w.attr("role", v)
	case "doc-backlink":
		s.w.attr("role", v)
		s.w.attr("aria-label", s.labels.back)
	}
}

func (s *sanitiser) writeCell(t tag) {
	// The attribute that says so is obsolete, and a style is for no author.
	switch v := strings.ToLower(t.get("align")); v {
	case "left", "center", "right":
		s.w.attr("class", v)
	}
	for _, name := range []string{"colspan", "rowspan"} {
		if n, err := strconv.Atoi(t.get(name)); err == nil && n > 1 && n <= 1000 {
			s.w.attr(name, strconv.Itoa(n))
		}
	}
	if v := strings.ToLower(t.get("scope")); t.name == atom.Th && (v == "col" || v == "row" || v == "colgroup" || v == "rowgroup") {
		s.w.attr("scope", v)
	}
}

func (s *sanitiser) writePlayer(t tag) {
	if v, ok := s.playable(t); ok {
		s.w.attr("src", v)
	}
	if t.name == atom.Video {
		s.writeSize(t)
		if v, ok := cleanURL(t.get("poster"), webSchemes); ok && !s.isOutside(v) {
			s.w.attr("poster", withinSite(v))
		}
	}
	s.writeFlag(t, "loop")
	s.writeFlag(t, "muted")
}

func (s *sanitiser) writeSize(t tag) {
	for _, name := range []string{"width", "height"} {
		if n := pixels(t, name); n > 0 {
			s.w.attr(name, strconv.Itoa(n))
		}
	}
}

func (s *sanitiser) writeNumber(t tag, name string) {
	if n, err := strconv.ParseInt(t.get(name), 10, 32); err == nil {
		s.w.attr(name, strconv.FormatInt(n, 10))
	}
}

func (s *sanitiser) writeFlag(t tag, name string) {
	if t.has(name) {
		s.w.attr(name, "")
	}
}

func (s *sanitiser) writeTime(t tag) {
	v := t.get("datetime")
	if v == "" || len(v) > 40 {
		return
	}
	for _, r := range v {
		if !strings.ContainsRune("0123456789TZPYMWDHS:+-. ", r) {
			return
		}
	}
	s.w.attr("datetime", v)
}

// language is v if it has the form of a BCP 47 tag.
func language(v string) string {
	if len(v) > 35 {
		return ""
	}
	for _, c := range []byte(v) {
		if !isAlphanumeric(c) && c != '-' {
			return ""
		}
	}
	return v
}

func direction(v string) string {
	switch v = strings.ToLower(v); v {
	case "ltr", "rtl", "auto":
		return v
	}
	return ""
}

// codeLanguage is the class that names the language of code, if there is one.
func codeLanguage(classes string) string {
	for class := range strings.FieldsSeq(classes) {
		name, ok := strings.CutPrefix(class, "language-")
		if !ok || name == "" || len(name) > 40 {
			continue
		}
		plain := true
		for _, c := range []byte(name) {
			plain = plain && (isAlphanumeric(c) || strings.IndexByte("+#.-_", c) >= 0)
		}
		if plain {
			return class
		}
	}
	return ""
}

// oneLine is plain text for an attribute: words with single spaces.
func oneLine(v string) string {
	if !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' }) {
		return v
	}
	return strings.Join(strings.Fields(v), " ")
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
