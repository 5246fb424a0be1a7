package typography

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// word is what stands between two spaces, and what of it is an address.
type word struct {
	end                    int
	addressFrom, addressTo int
}

// addressEnd is where the address ends that i is in, 0 if it is in none.
func (s *Setter) addressEnd(i int) int {
	if i >= s.word.end {
		s.word = s.wordAt(i)
	}
	if i >= s.word.addressFrom && i < s.word.addressTo {
		return s.word.addressTo
	}
	return 0
}

// wordAt reads the word around i, which is beyond the last one.
func (s *Setter) wordAt(i int) word {
	start := i
	for start > s.word.end && !isBoundary(s.text, start-1) {
		start--
	}
	end := i
	for end < len(s.text) && !isBoundary(s.text, end) {
		end++
	}
	w := word{end: max(end, i+1)}
	whole := s.text[start:end]
	if len(whole) > 1 && bytes.ContainsAny(whole, "\\={}<>`|") {
		w.addressFrom, w.addressTo = start, end
		return w
	}
	core := bytes.TrimLeft(whole, `"'([«“„‘‚’`)
	from := end - len(core)
	core = bytes.TrimRight(core, `"')]»”“’‘…,;:!?.`)
	if next := from + len(core); next < end && len(core) > 0 && s.text[next] == '.' && core[len(core)-1] == '/' {
		core = s.text[from:end] // the dots of "../.." or "./..." are its own
	}
	if isAddress(core) {
		w.addressFrom, w.addressTo = from, from+len(core)
		if to := w.addressTo; to < end && (s.text[to] == ';' && core[0] == '&' || s.text[to] == ':' && bytes.IndexByte(core, ':') >= 0) {
			w.addressTo++ // &entity; or :shortcode: or file.go:12:
		}
	}
	return w
}

// isBoundary tells whether a space begins at i, or ends there.
func isBoundary(b []byte, i int) bool {
	switch c := b[i]; c {
	case ' ', '\n', '\t', '\r', '\f':
		return true
	case 0xa0, 0xaf, 0xc2, 0xe2, 0x80:
		for i > 0 && !utf8.RuneStart(b[i]) {
			i--
		}
		r, _ := utf8.DecodeRune(b[i:])
		return isSpace(r)
	default:
		return false
	}
}

// isAddress tells words that a program reads from those that people read: URLs,
// e-mail addresses, paths, flags, pieces of code.
func isAddress(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	if strings.IndexByte("/~.-:&", b[0]) >= 0 && isLeading(b) {
		return true
	}
	slash := false
	for i, c := range b {
		switch c {
		case '@':
			return true
		case '/':
			if i > 0 && b[i-1] == ':' || i > 0 && b[i-1] == '/' {
				return true
			}
			slash = true
		case '.', '?', '#', '_':
			if slash || c == '_' {
				return true
			}
		case ':':
			if i > 0 && i+1 < len(b) && b[i+1] != '/' {
				return true // 12:30, a::b, file.go:12
			}
		}
	}
	return len(b) > 4 && bytes.EqualFold(b[:4], []byte("www.")) || slash && hasHost(b)
}

// isLeading tells by the first characters: /etc, ~/x, ./x, ../x, .x, --flag,
// -x, :shortcode:, &entity;.
func isLeading(b []byte) bool {
	switch b[0] {
	case '/', '~':
		return true
	case '.':
		return b[1] == '/' || b[1] == '.' && len(b) > 2 && b[2] == '/' || isASCIILetter(b[1])
	case '-':
		return isASCIILetter(b[1]) || b[1] == '-' && len(b) > 2 && isASCIILetter(b[2])
	case ':', '&':
		return isASCIILetter(b[1])
	}
	return false
}

// hasHost tells whether what stands before the first slash has a dot, as in
// example.org/x.
func hasHost(b []byte) bool {
	host, _, _ := bytes.Cut(b, []byte("/"))
	dot := bytes.IndexByte(host, '.')
	return dot > 0 && dot+1 < len(host)
}

func isASCIILetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
