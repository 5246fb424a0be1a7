package text

import (
	"slices"
	"strings"

	"github.com/parution/parution/services/tags/internal/query"
)

// lookup is a term of a query as the index is asked for it.
type lookup struct {
	// words stand side by side, in this order; without any nothing is found.
	words []place
	// whole is all of them as one word: "porte-monnaie" finds "portemonnaie", too.
	whole string
	// stems of a single word, or of the whole.
	stems []string
	// open: the last word may go on.
	open bool
	in   query.Field
}

// place is a word of a phrase and its place in it.
type place struct {
	text    string
	at      int
	letters bool
}

// lookupOf is how a word or phrase is looked for.
func lookupOf(term query.Node) (lookup, bool) {
	switch t := term.(type) {
	case query.Word:
		l := lookup{open: t.Open, in: t.In}
		l.read(t.Text)
		if len(l.words) == 1 && l.words[0].letters {
			l.stems = stems(l.words[0].text)
		}
		return l, true
	case query.Phrase:
		l := lookup{in: t.In}
		l.read(t.Text)
		l.whole, l.stems = "", nil
		return l, true
	}
	return lookup{}, false
}

// Name is words as they are compared with others.
type Name struct{ words, stems []string }

// NameOf makes words ready for being compared with many.
func NameOf(words string) Name {
	l, _ := lookupOf(query.Word{Text: words})
	n := Name{words: make([]string, len(l.words))}
	for i, w := range l.words {
		n.words[i] = w.text
	}
	if len(l.words) == 1 {
		n.stems = l.stems
	}
	return n
}

// Alike tells of names that are one once they are folded, or that are forms of one word:
// they find the same.
func (n Name) Alike(other Name) bool {
	return len(n.words) > 0 && slices.Equal(n.words, other.words) ||
		slices.ContainsFunc(n.stems, func(s string) bool { return slices.Contains(other.stems, s) })
}

// read finds the words of a term.
func (l *lookup) read(text string) {
	tokens, _ := scan(strings.ReplaceAll(text, "\n", " "), nil, 0)
	for _, t := range tokens {
		n := len(l.words)
		switch t.form {
		case part:
			l.words = append(l.words, place{t.text, t.at, t.letters})
		case signed:
			// "C++" is not any C.
			l.words[n-1] = place{t.text, t.at, false}
		case pair:
			// The pair stands for both of its letters.
			l.words[n-1] = place{t.text, t.at, false}
			if n > 1 && l.words[n-2].at == t.at {
				l.words = append(l.words[:n-2], l.words[n-1])
			}
		case joined:
			l.whole = t.text
			if t.letters {
				l.stems = stems(t.text)
			}
		}
	}
	if l.whole != "" {
		size := 0
		for _, w := range l.words {
			size += len(w.text)
		}
		if size != len(l.whole) {
			// There is more than the joined word.
			l.whole, l.stems = "", nil
		}
	}
}

// Refine is the query that is looked for: words that say nothing by themselves ("la",
// "of") are not insisted on where a part has others, and signs that are no words are left
// out. They count again where the best are chosen: give Score the terms of the query
// itself.
func Refine(n query.Node) query.Node {
	switch n := n.(type) {
	case query.And:
		parts := make([]query.Node, 0, len(n.Parts))
		strong := 0
		for _, p := range n.Parts {
			p = Refine(p)
			parts = append(parts, p)
			if isStrong(p) {
				strong++
			}
		}
		if strong == 0 {
			return query.And{Parts: parts}
		}
		kept := parts[:0]
		for _, p := range parts {
			if w, ok := p.(query.Word); !ok || !isWeak(w) {
				kept = append(kept, p)
			}
		}
		if len(kept) == 1 {
			return kept[0]
		}
		return query.And{Parts: kept}
	case query.Or:
		parts := make([]query.Node, 0, len(n.Parts))
		for _, p := range n.Parts {
			parts = append(parts, Refine(p))
		}
		return query.Or{Parts: parts}
	case query.Not:
		return query.Not{Part: Refine(n.Part)}
	}
	return n
}

// isStrong tells of parts that a query can stand on.
func isStrong(n query.Node) bool {
	switch n := n.(type) {
	case query.Word:
		return !isWeak(n)
	case query.Phrase:
		l, _ := lookupOf(n)
		return len(l.words) > 0
	case query.And, query.Or:
		return true
	}
	return false
}

// isWeak tells of words that say nothing by themselves, and of signs.
func isWeak(w query.Word) bool {
	l, _ := lookupOf(w)
	if len(l.words) == 0 {
		return true
	}
	if w.In != query.Anywhere || w.Open && len(l.words[0].text) > 1 {
		return false
	}
	for _, word := range l.words {
		if !isFunction(word.text) {
			return false
		}
	}
	return true
}
