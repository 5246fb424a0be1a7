package text

import (
	"math/bits"
	"unicode/utf8"
)

// farthest is how many letters of a word may be wrong at most, whatever its length.
const farthest = 2

// Typed is a folded name as somebody typed it.
type Typed struct {
	name    string
	letters []rune
	set     uint32
	most    int
}

// NewTyped makes a name ready for being compared with many.
func NewTyped(name string) Typed {
	return Typed{name: name, letters: []rune(name), set: setOf(name), most: int(mostWrong(name))}
}

// Meant measures whether somebody who typed the name meant another one, folded too, as
// words are corrected: how many letters are missing, too many, changed or swapped with
// their neighbour, and how likely people do that. 0: they did not mean it, or typed it.
func (t Typed) Meant(name string) (wrong int, weight float64) {
	// Most names are told apart by their length or the letters that they have.
	if t.most == 0 || len(name) > utf8.UTFMax*(maxCorrected+farthest) || bits.OnesCount32(t.set^setOf(name)) > 2*t.most {
		return 0, 0
	}
	n := utf8.RuneCountInString(name)
	if n < minCorrected-1 || n-len(t.letters) > t.most || len(t.letters)-n > t.most || isDigits(name) {
		return 0, 0
	}
	if wrong = t.distance(name); wrong == 0 || wrong > t.most {
		return 0, 0
	}
	return wrong, likely(t.name, name, uint8(wrong)) //nolint:gosec // at most farthest
}

// mostWrong is how many letters of a word may be wrong; 0: it is not corrected.
func mostWrong(word string) uint8 {
	switch letters := utf8.RuneCountInString(word); {
	case letters < minCorrected, letters > maxCorrected, isDigits(word):
		return 0
	case letters >= minTwice:
		return farthest
	}
	return 1
}

// setOf has a bit for each letter of a word; some share one.
func setOf(word string) (set uint32) {
	for i := range len(word) {
		if c := word[i]; c < utf8.RuneSelf {
			set |= 1 << (c & 31)
		}
	}
	return set
}

// distance is that of the automata of typos; what is farther than most is more than that.
// Both names have at most maxCorrected+farthest letters.
func (t Typed) distance(name string) int {
	const size = maxCorrected + farthest
	var other [size]rune
	y := other[:0]
	for _, r := range name {
		y = append(y, r)
	}
	var rows [3][size + 1]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range y {
		last[j+1] = j + 1
	}
	for i, r := range t.letters {
		row[0] = i + 1
		least := row[0]
		for j, s := range y {
			change := 1
			if r == s {
				change = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+change)
			if i > 0 && j > 0 && r == y[j-1] && t.letters[i-1] == s {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > t.most {
			return least
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
