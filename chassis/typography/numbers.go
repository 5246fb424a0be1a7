package typography

import (
	"bytes"
	"strings"
)

// number sets French numbers: the spaces between their groups, the space before
// a unit, and the ending of an ordinal. Groups are an author's: a year, a post
// code or the number of an article gets none.
func (s *Setter) number(i int) int {
	end := s.digitsEnd(i)
	if end == len(s.text) || strings.IndexByte(" \n,.ern\xc3", s.text[end]) < 0 {
		return end
	}
	before := s.before(i)
	if isLetter(before) || before == '.' || before == ',' {
		return end
	}
	if after := s.groupsEnd(i, end); after > end {
		for at := end; at < after; at += 4 {
			s.replace(at, at+1, narrow)
		}
		end = after
	} else if to := ordinalEnd(s.text[end:], string(s.text[i:end]) == "1", string(s.text[i:end]) == "2"); to > 0 && end-i <= 4 && !isWord(s.at(end+to)) {
		s.raise(end, end+to)
		return end + to
	}
	if end+1 < len(s.text) && (s.text[end] == ',' || s.text[end] == '.') {
		end = s.digitsEnd(end + 1)
	}
	return s.unit(end)
}

func (s *Setter) digitsEnd(i int) int {
	for i < len(s.text) && '0' <= s.text[i] && s.text[i] <= '9' {
		i++
	}
	return i
}

// groupsEnd is where a number ends whose first digits are text[i:end], with the
// groups of three that follow.
func (s *Setter) groupsEnd(i, end int) int {
	first := i == 0 || i != s.numberEnd+1 || s.text[i-1] != ' '
	s.numberEnd = end
	if end-i > 3 || s.text[i] == '0' || s.before(i) == '+' || !first {
		return end
	}
	to := end
	for to+3 < len(s.text) && s.text[to] == ' ' && s.digitsEnd(to+1) == to+4 {
		to += 4
	}
	if to+1 < len(s.text) && s.text[to] == ' ' && isDigit(rune(s.text[to+1])) {
		return end // groups of other lengths: no plain number
	}
	s.numberEnd = to
	return to
}

// unit keeps a unit with the number that ends at i.
func (s *Setter) unit(i int) int {
	if i+1 >= len(s.text) || !isPlainSpace(s.text[i]) {
		return i
	}
	rest := s.text[i+1:]
	if strings.IndexByte("%\xe2\xc2€$kMmcghtlLsoKGTWVAHpd", rest[0]) < 0 {
		return i
	}
	end := bytes.IndexAny(rest[:min(len(rest), 14)], " \n.,;:!?)/]»\u202f\u00a0")
	if end < 0 {
		if end = len(rest); end > 13 {
			return i
		}
	}
	space := wide
	switch string(rest[:end]) {
	case "%", "‰":
		space = narrow
	case "€", "$", "£", "k€", "M€", "Md€", "°C", "°F", "°", "km", "m", "cm", "mm", "m²", "m³", "km²", "ha", "kg", "g", "mg", "t",
		"l", "L", "cl", "ml", "h", "min", "s", "ms", "o", "ko", "Ko", "Mo", "Go", "To", "kB", "MB", "GB", "TB", "W", "kW", "MW", "kWh",
		"MWh", "GWh", "V", "A", "Hz", "kHz", "MHz", "GHz", "px", "dpi", "million", "millions", "milliard", "milliards":
	default:
		return i
	}
	s.replace(i, i+1, space)
	i += 1 + end
	if string(rest[:end]) == "h" && i+1 < len(s.text) && isPlainSpace(s.text[i]) && isDigit(s.at(i+1)) {
		s.replace(i, i+1, wide) // 9 h 30
		i++
	}
	return i
}

// ordinalEnd is the length of an ordinal's ending that text begins with, 0 if
// there is none. Only the first has -er and -re, only the second -nd.
func ordinalEnd(text []byte, first, second bool) int {
	endings := []string{"èmes", "ème", "es", "e"}
	switch {
	case first:
		endings = []string{"ères", "ère", "ers", "er", "res", "re"}
	case second:
		endings = []string{"ndes", "nde", "nds", "nd", "èmes", "ème", "es", "e"}
	}
	for _, e := range endings {
		if strings.HasPrefix(string(text[:min(len(text), 6)]), e) {
			return len(e)
		}
	}
	return 0
}

// roman raises the ending of a Roman ordinal, as of a century, that begins at i.
func (s *Setter) roman(i int) int {
	end := i
	for end < len(s.text) && strings.IndexByte("IVX", s.text[end]) >= 0 {
		end++
	}
	number := string(s.text[i:end])
	to := ordinalEnd(s.text[end:], number == "I", number == "II")
	if to == 0 || end-i > 6 || isWord(s.at(end+to)) || !isRoman(number) {
		return end
	}
	ending := string(s.text[end : end+to])
	if len(number) == 1 && ending != "e" && ending != "er" && ending != "ème" {
		return end // "Ire" and "Ves" may be words
	}
	s.raise(end, end+to)
	return end + to
}

// isRoman tells whether s is a number up to 39.
func isRoman(s string) bool {
	for tens := 0; tens < 3 && strings.HasPrefix(s, "X"); tens++ {
		s = s[1:]
	}
	switch s {
	case "", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX":
		return true
	}
	return false
}

// raise notes that text[from:to] stands above the line.
func (s *Setter) raise(from, to int) {
	at := len(s.out) - s.from
	s.raised = append(s.raised, Raised{From: at + from, To: at + to})
}
