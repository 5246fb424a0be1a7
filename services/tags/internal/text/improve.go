package text

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/parution/parution/services/tags/internal/query"
)

// Improve lists what to write instead of the words of a query that no post of the site
// has: nothing if all are known, or nothing is written nearly so. query.Rewrite makes a
// query and HTML of it.
func Improve(ctx context.Context, ix Index, n query.Node) ([]query.Change, error) {
	var changes []query.Change
	for _, term := range query.Occurrences(n) {
		switch t := term.(type) {
		case query.Word:
			better, err := improve(ctx, ix, t.Text, t.Open)
			if err != nil {
				return nil, err
			}
			if better == "" {
				continue
			}
			if t.Open && t.Length > utf8.RuneCountInString(t.Text) {
				better += "*"
			}
			changes = append(changes, query.Change{Span: t.Span, Text: better})
		case query.Phrase:
			words := strings.Fields(t.Text)
			changed := false
			for i, w := range words {
				better, err := improve(ctx, ix, w, false)
				if err != nil {
					return nil, err
				}
				if better != "" {
					words[i], changed = better, true
				}
			}
			if changed {
				changes = append(changes, query.Change{Span: t.Span, Text: `"` + strings.Join(words, " ") + `"`})
			}
		}
	}
	return changes, nil
}

// improve is what to write instead of a word; empty: the word itself.
func improve(ctx context.Context, ix Index, word string, open bool) (string, error) {
	if open {
		on, err := ix.Complete(ctx, word, 1)
		if err != nil || len(on) > 0 {
			return "", err
		}
	}
	l, _ := lookupOf(query.Word{Text: word})
	if len(l.words) == 0 {
		return "", nil
	}
	posts, err := ix.Match(ctx, query.Word{Text: word})
	if err != nil || !posts.IsEmpty() {
		return "", err
	}
	better, err := ix.Correct(ctx, word, 1)
	if err != nil || len(better) == 0 {
		return "", err
	}
	// What stands around the word ("l'", a comma) stays.
	tokens, _ := scan(word, nil, 0)
	if len(tokens) != 1 {
		return better[0], nil
	}
	return word[:tokens[0].start] + better[0] + word[tokens[0].end:], nil
}
