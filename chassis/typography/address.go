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
	end, marks := start, mark(0)
	for end < len(s.text) && !isBoundary(s.text, end) {
		marks |= markOf(s.text[end])
		end++
	}
	w := word{end: max(end, i+1)}
	whole := s.text[start:end]
	switch {
	case len(whole) < 2:
	case marks&code != 0:
		w.addressFrom, w.addressTo = start, end
	case marks&route != 0 || !isPlainStart(whole[0]) || whole[0]|0x20 == 'w':
		w.addressFrom, w.addressTo = addressIn(whole, start)
	}
	return w
}

// mark is what a character says of its word.
type mark uint8

const (
	code  mark = 1 << iota // it belongs to a program's text
	route                  // it may be part of an address
)

func markOf(c byte) mark {
	switch c {
	case '\\', '=', '{', '}', '<', '>', '`', '|':
		return code
	case '@', '/', ':', '&', '~', '_':
		return route
	}
	return 0
}

func isPlainStart(c byte) bool { return c >= utf8.RuneSelf || isASCIILetter(c) || '0' <= c && c <= '9' }

// addressIn finds the address in a word that begins at start: the word without
// the quotes and brackets around it and the signs after it.
func addressIn(whole []byte, start int) (from, to int) {
	end := start + len(whole)
	core := bytes.TrimLeft(whole, `"'([«“„‘‚’`)
	from = end - len(core)
	after := core
	core = bytes.TrimRight(core, `"')]»”“’‘…,;:!?.`)
	if n := len(core); n > 0 && n < len(after) && after[n] == '.' && core[n-1] == '/' {
		core = after // the dots of "../.." or "./..." are its own
	}
	if !isAddress(core) {
		return 0, 0
	}
	to = from + len(core)
	if n := len(core); n < len(after) && (after[n] == ';' && core[0] == '&' || after[n] == ':' && bytes.IndexByte(core, ':') >= 0) {
		to++ // &entity; or :shortcode: or file.go:12:
	}
	return from, to
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
