package query

import "slices"

// Terms are the words and phrases of which a post that is found has some: those that are
// asked for, not those that are excluded. In the order of the text, each once.
func Terms(n Node) []Node {
	var list []Node
	for _, term := range Occurrences(n) {
		if !slices.ContainsFunc(list, func(other Node) bool { return isSame(term, other) }) {
			list = append(list, term)
		}
	}
	return list
}

// Occurrences are Terms as often as they stand in the text.
func Occurrences(n Node) []Node {
	var list []Node
	wanted(n, false, func(n Node) {
		switch n.(type) {
		case Word, Phrase:
			list = append(list, n)
		}
	})
	return list
}

// Names are the tags and authors that are asked for, not those that are excluded, in the
// order of the text.
func Names(n Node) []Node {
	var list []Node
	wanted(n, false, func(n Node) {
		switch n.(type) {
		case Tag, Author:
			list = append(list, n)
		}
	})
	return list
}

// wanted calls each for what has no parts and is asked for.
func wanted(n Node, excluded bool, each func(Node)) {
	switch n := n.(type) {
	case And:
		for _, part := range n.Parts {
			wanted(part, excluded, each)
		}
	case Or:
		for _, part := range n.Parts {
			wanted(part, excluded, each)
		}
	case Not:
		wanted(n.Part, !excluded, each)
	case nil:
	default:
		if !excluded {
			each(n)
		}
	}
}

// isSame tells of words and phrases that differ by their place in the text only.
func isSame(a, b Node) bool {
	switch a := a.(type) {
	case Word:
		b, ok := b.(Word)
		b.Span = a.Span
		return ok && a == b
	case Phrase:
		b, ok := b.(Phrase)
		b.Span = a.Span
		return ok && a == b
	}
	return false
}
