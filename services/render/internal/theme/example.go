package theme

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// shortest is how many letters a word has that may end a phrase.
const shortest = 4

// beginning is the first words of a title: about three, to where a phrase may end, or
// else all of them.
func beginning(words []string) []string {
	for _, n := range []int{3, 2, 4, 5, 6, 7, 8} {
		if n >= len(words) {
			continue
		}
		if endsPhrase(words[n-1]) {
			return words[:n]
		}
	}
	return words
}

// endsPhrase tells whether something that is whole may end with a word: not with "d'une"
// or "from". Words that are as short as most articles and prepositions of any language
// are taken for such.
func endsPhrase(word string) bool {
	bare := strings.TrimRightFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if bare != word && bare != "" {
		return true // a sign follows
	}
	if at := strings.LastIndexAny(bare, "'’"); at >= 0 {
		_, size := utf8.DecodeRuneInString(bare[at:])
		bare = bare[at+size:]
	}
	switch bare = strings.ToLower(bare); bare {
	case "afin", "après", "avant", "avec", "cette", "chez", "comme", "comment", "contre", "dans", "depuis", "dont", "elle", "elles", "entre", "être",
		"leur", "leurs", "lors", "mais", "malgré", "nous", "notre", "pendant", "plus", "pour", "quand", "quel", "quelle", "quelles", "quels",
		"sans", "selon", "sont", "sous", "tous", "toute", "toutes", "très", "vers", "votre", "vous",
		"about", "after", "been", "before", "between", "does", "every", "from", "have", "into", "more", "most", "over", "some", "than", "that", "their", "these",
		"they", "this", "those", "through", "under", "very", "were", "what", "when", "where", "which", "will", "with", "without", "your":
		return false
	}
	return utf8.RuneCountInString(bare) >= shortest
}
