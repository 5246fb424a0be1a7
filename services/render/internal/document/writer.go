package document

// writer writes HTML.
type writer struct{ limited }

// raw writes markup of our own.
func (w *writer) raw(s string) {
	if w.room(len(s)) {
		w.buf = append(w.buf, s...)
	}
}

// text writes text, escaped, and tells how many bytes that made.
func (w *writer) text(b []byte) int {
	before := len(w.buf)
	if w.room(len(b)) {
		w.buf = appendEscaped(w.buf, b, false)
	}
	return len(w.buf) - before
}

// attr writes an attribute, escaped.
func (w *writer) attr(name, value string) {
	if w.room(len(name) + len(value) + 4) {
		w.buf = append(w.buf, ' ')
		w.buf = append(w.buf, name...)
		w.buf = append(w.buf, '=', '"')
		w.buf = appendEscaped(w.buf, []byte(value), true)
		w.buf = append(w.buf, '"')
	}
}

// insert puts markup before what was written from at on.
func (w *writer) insert(at int, s string) {
	if !w.room(len(s)) || at > len(w.buf) {
		return
	}
	w.buf = append(w.buf, s...)
	copy(w.buf[at+len(s):], w.buf[at:])
	copy(w.buf[at:], s)
}

// appendEscaped writes text so that a parser reads it back as it is. Characters
// that no text has are left out: NUL and the other controls except tab and
// newline.
func appendEscaped(dst, b []byte, quoted bool) []byte {
	from := 0
	for i, c := range b {
		kind := escapeKinds[c]
		if kind == '-' {
			continue
		}
		var entity string
		switch kind {
		case 'a':
			entity = "&amp;"
		case 'l':
			entity = "&lt;"
		case 'g':
			entity = "&gt;"
		case 'q':
			if !quoted {
				continue
			}
			entity = "&quot;"
		case 'b':
			continue
		}
		dst = append(dst, b[from:i]...)
		dst = append(dst, entity...)
		from = i + 1
	}
	return append(dst, b[from:]...)
}

// escapeKinds tells by byte what is escaped: & (a), < (l), > (g), " (q), "\"
// (b, in Markdown only), controls (x).
const escapeKinds = "" +
	"xxxxxxxxx--xxxxxxxxxxxxxxxxxxxxx" +
	"--q---a---------------------l-g-" +
	"----------------------------b---" +
	"-------------------------------x" +
	"--------------------------------" +
	"--------------------------------" +
	"--------------------------------" +
	"--------------------------------"
