package document

// writer collects HTML up to MaxOutputBytes.
type writer struct {
	out []byte
	// full is set once something did not fit.
	full bool
}

func (w *writer) room(n int) bool {
	if len(w.out)+n > MaxOutputBytes {
		w.full = true
	}
	return !w.full
}

// raw writes markup of our own.
func (w *writer) raw(s string) {
	if w.room(len(s)) {
		w.out = append(w.out, s...)
	}
}

// text writes text, escaped.
func (w *writer) text(b []byte) {
	if w.room(len(b)) {
		w.out = appendEscaped(w.out, b, false)
	}
}

// attr writes an attribute, escaped.
func (w *writer) attr(name, value string) {
	if w.room(len(name) + len(value) + 4) {
		w.out = append(w.out, ' ')
		w.out = append(w.out, name...)
		w.out = append(w.out, '=', '"')
		w.out = appendEscaped(w.out, []byte(value), true)
		w.out = append(w.out, '"')
	}
}

// insert puts markup before what was written from at on.
func (w *writer) insert(at int, s string) {
	if !w.room(len(s)) || at > len(w.out) {
		return
	}
	w.out = append(w.out, s...)
	copy(w.out[at+len(s):], w.out[at:])
	copy(w.out[at:], s)
}

// appendEscaped writes text so that a parser reads it back as it is. Characters
// that no text has are left out: NUL and the other controls except tab and
// newline.
func appendEscaped(dst, b []byte, quoted bool) []byte {
	from := 0
	for i, c := range b {
		if c > '>' && c != 0x7f {
			continue
		}
		var entity string
		switch {
		case c == '&':
			entity = "&amp;"
		case c == '<':
			entity = "&lt;"
		case c == '>':
			entity = "&gt;"
		case c == '"' && quoted:
			entity = "&quot;"
		case c >= ' ' && c != 0x7f || c == '\n' || c == '\t':
			continue
		}
		dst = append(dst, b[from:i]...)
		dst = append(dst, entity...)
		from = i + 1
	}
	return append(dst, b[from:]...)
}
