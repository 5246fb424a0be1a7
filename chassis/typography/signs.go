package typography

import (
	"strings"
	"unicode"
)

// dots sets three dots as an ellipsis, and in French keeps an abbreviation with
// what it belongs to.
func (s *Setter) dots(i int) int {
	end := i
	for end < len(s.text) && s.text[end] == '.' {
		end++
	}
	switch {
	case end-i == 3:
		if s.before(i) != '.' {
			s.replace(i, end, "…")
		}
	case end-i == 1 && s.rules.french && end+1 < len(s.text) && isPlainSpace(s.text[end]):
		s.abbreviation(i)
	}
	return end
}

// abbreviation looks at the word before the dot at i.
func (s *Setter) abbreviation(i int) {
	start := i
	for start > s.from && i-start < 6 && isWord(rune(s.text[start-1])) || start > s.from && i-start < 6 && s.text[start-1] >= 0x80 {
		start--
	}
	if start == i || isWord(s.before(start)) {
		return
	}
	next := s.at(i + 2)
	switch string(s.text[start:i]) {
	case "M", "MM":
		if !unicode.IsUpper(next) {
			return
		}
	case "p", "pp", "art", "chap", "fig", "vol", "t", "al", "éd", "col", "Art", "Chap", "Fig", "Vol":
		if !isDigit(next) && !strings.ContainsRune("IVXLR", next) {
			return
		}
	default:
		return
	}
	s.replace(i+1, i+2, wide)
}

// hyphens sets two hyphens as a short dash and three as a long one.
func (s *Setter) hyphens(i int) int {
	end := i
	for end < len(s.text) && s.text[end] == '-' {
		end++
	}
	before, after := s.before(i), s.at(end)
	free := (before == 0 || isSpace(before)) && (after == 0 || isSpace(after))
	within := isEdge(before) && isEdge(after)
	switch end - i {
	case 2:
		if free || within {
			return s.dash(i, end, "–")
		}
	case 3:
		if free || isEdge(before) || isEdge(after) {
			return s.dash(i, end, "—")
		}
	}
	return end
}

// dash puts a dash in the place of hyphens.
func (s *Setter) dash(i, end int, dash string) int {
	if s.rules.french && s.before(i) == 0 && end < len(s.text) && isPlainSpace(s.text[end]) {
		dash += wide
		s.replace(i, s.spacesAfter(end), dash)
		return s.from
	}
	s.replace(i, end, dash)
	return end
}

// isEdge tells what a dash without spaces may touch.
func isEdge(r rune) bool {
	return isWord(r) || r != 0 && strings.ContainsRune("”’»“‘«)(\"'…", r)
}

// highSign sets the space before ; ! ? and leaves the signs themselves.
func (s *Setter) highSign(i int) int {
	end := i + 1
	for end < len(s.text) && (s.text[end] == '!' || s.text[end] == '?') {
		end++
	}
	after := s.at(end)
	ends := after == 0 || isSpace(after) || strings.ContainsRune("\"'»”’…", after)
	if s.text[i] != ';' {
		ends = ends || strings.ContainsRune(")].,;:", after)
	}
	if ends {
		s.spaceBefore(i, s.rules.spaced)
	}
	return end
}

// colon sets the space before a colon that ends a phrase.
func (s *Setter) colon(i int) int {
	after := s.at(i + 1)
	switch {
	case after == 0 || isSpace(after):
		s.spaceBefore(i, true)
	case strings.ContainsRune("\"«“", after) && isSpace(s.before(i)):
		s.spaceBefore(i, false)
	}
	return i + 1
}

// spaceBefore makes the space before the sign at i one that does not break; if
// there is none and insert is true, it puts one there.
func (s *Setter) spaceBefore(i int, insert bool) {
	start := s.spacesBefore(i)
	before := s.before(start)
	switch {
	case start < i:
		if before != 0 && before != s.rules.outer.open && string(s.text[start:i]) != narrow {
			s.replace(start, i, narrow)
		}
	case insert && (isWord(before) || before != 0 && strings.ContainsRune(")]»”’…%‰°€$£.*", before)):
		s.replace(i, i, narrow)
	}
}

// dialogue keeps the dash that begins a speech with its first word.
func (s *Setter) dialogue(i, size int) {
	if s.rules.french && s.before(i) == 0 && i+size < len(s.text) && isPlainSpace(s.text[i+size]) {
		s.replace(i+size, s.spacesAfter(i+size), wide)
	}
}

// numero keeps n° and § with their number.
func (s *Setter) numero(i, size int, sign rune) {
	if !s.rules.french || i+size >= len(s.text) || !isPlainSpace(s.text[i+size]) || !isDigit(s.at(i+size+1)) {
		return
	}
	if sign == '§' || strings.ContainsRune("nN", s.before(i)) {
		s.replace(i+size, i+size+1, wide)
	}
}

// capital looks for titles of persons and for Roman numbers.
func (s *Setter) capital(i int) int {
	if isWord(s.before(i)) {
		return i + 1
	}
	end := i
	for end < len(s.text) && isASCIILetter(s.text[end]) {
		end++
	}
	if strings.IndexByte("IVX", s.text[i]) >= 0 {
		return s.roman(i)
	}
	switch string(s.text[i:end]) {
	case "Mme", "Mmes", "Mlle", "Mlles", "Me", "Mgr", "Dr", "Pr":
		if end+1 < len(s.text) && isPlainSpace(s.text[end]) && unicode.IsUpper(s.at(end+1)) {
			s.replace(end, end+1, wide)
		}
	}
	return end
}

func isPlainSpace(c byte) bool { return c == ' ' || c == '\n' }
