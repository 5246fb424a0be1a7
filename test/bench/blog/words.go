package blog

import (
	_ "embed"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The words of two languages: first those that mean little by themselves, then,
// after an empty line, the others; each the most frequent first. They were counted
// in public and our own prose and checked against a spelling dictionary.
//
//go:embed fr.txt
var french string

//go:embed en.txt
var english string

// newLanguage reads a list of words, and goes on with words made of these.
func newLanguage(code, list string) language {
	first, rest, _ := strings.Cut(list, "\n\n")
	l := language{code: code, stops: strings.Fields(first), words: strings.Fields(rest)}
	seen := make(map[string]bool, vocabulary)
	for _, w := range l.words {
		seen[w] = true
	}
	known := slices.Clone(l.words)
	starts, ends := affixes(code)
	for _, start := range starts {
		for _, end := range ends {
			for _, w := range known {
				if end != "" && w[len(w)-1] == end[0] {
					continue // no doubled letters at the seam
				}
				if made := start + w + end; len(l.words) < vocabulary && !seen[made] {
					seen[made] = true
					l.words = append(l.words, made)
				}
			}
		}
	}
	l.stop, l.word = newZipf(len(l.stops), otherOffset), newZipf(len(l.words), wordOffset)
	return l
}

// affixes are beginnings and ends by which a language makes words of others.
func affixes(code string) (starts, ends []string) {
	if code == "fr" {
		return strings.Split(",re,pré,anti,inter,co,sur", ","), strings.Split(",s,e,ement,ation,able,eur,ique,isme,ité,age", ",")
	}
	return strings.Split(",re,un,pre,anti,inter,co,over", ","), strings.Split(",s,ing,ed,ness,able,er,ly,ism,less", ",")
}

// IsStop tells whether the word means little by itself, in French or in English.
func (b *Blog) IsStop(word string) bool {
	return slices.ContainsFunc(b.languages[:], func(l language) bool { return slices.Contains(l.stops, word) })
}

// zipf draws numbers from 0, small ones more often.
type zipf []float64

func newZipf(n int, offset float64) zipf {
	z := make(zipf, n)
	sum := 0.0
	for i := range z {
		sum += math.Pow(float64(i+1)+offset, -slope)
		z[i] = sum
	}
	return z
}

func (z zipf) draw(r *rand.Rand) int {
	i, _ := slices.BinarySearch(z, r.Float64()*z[len(z)-1])
	return min(i, len(z)-1)
}

// madeName is a name of two or three syllables.
func madeName(r *rand.Rand) string {
	const starts, middles = "bcdfglmnprstv", "aeiouao"
	var b strings.Builder
	for range 2 + r.IntN(2) {
		b.WriteByte(starts[r.IntN(len(starts))])
		b.WriteByte(middles[r.IntN(len(middles))])
	}
	b.WriteByte("lnrst"[r.IntN(5)])
	return capital(b.String())
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
