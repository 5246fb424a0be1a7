package text

import (
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// Edition grows by one whenever other words are found in the same text, or are kept
// otherwise: indexes of before are then made anew.
const Edition = 2

// A stem is kept as a term that no word is: a byte of its language before it, so that
// one field has words and stems, and languages do not meet.
const (
	frenchStem  = "\x01"
	englishStem = "\x02"
)

// maxStem is the longest word that has a stem, in bytes: what is longer is no word.
const maxStem = 40

// stemmer gives words of one language their stems; empty: none.
type stemmer func(folded string) string

// stemmerOf is the stemmer of a text in the language, a BCP 47 tag. Without one words are
// found as they are.
func stemmerOf(language string) stemmer {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch base {
	case "fr":
		return french
	case "en":
		return englishWord
	}
	return nil
}

// stems are those of a word of which nobody knows the language.
func stems(folded string) []string {
	var all []string
	for _, s := range []stemmer{french, englishWord} {
		if stem := s(folded); stem != "" {
			all = append(all, stem)
		}
	}
	return all
}

// ownWords are the words that are their own stem, of these stems: texts have no stem for
// them.
func ownWords(stems []string) []string {
	words := make([]string, 0, len(stems))
	for _, s := range stems {
		if !slices.Contains(words, s[1:]) {
			words = append(words, s[1:])
		}
	}
	return words
}

// hasStem tells whether a word of the language is looked for by its stem.
func hasStem(folded string) bool {
	return len(folded) > 2 && len(folded) <= maxStem
}

// french is Savoy's light stemming, as bleve has it. It is run over folded words, since
// texts and questions must agree whether accents are typed or not; what it misses then,
// and what it parts without need, is put right around it.
func french(folded string) string {
	if !hasStem(folded) || isFrenchFunction(folded) {
		return ""
	}
	word := folded
	if other := irregular(word); other != "" {
		word = other
	}
	switch single := strings.TrimSuffix(word, "s"); {
	case len(single) > 6 && strings.HasSuffix(single, "iere"):
		word = single[:len(single)-1] // première, premier
	case len(single) > 5 && (strings.HasSuffix(single, "tive") || strings.HasSuffix(single, "sive")):
		word = single[:len(single)-2] + "f" // active, actif
	}
	token := analysis.Token{Term: []byte(word)}
	fr.NewFrenchLightStemmerFilter().Filter(analysis.TokenStream{&token})
	stem := string(token.Term)
	if strings.HasSuffix(stem, "iqu") {
		stem = stem[:len(stem)-2] + "c" // publique, public
	}
	return frenchStem + stem
}

// irregular is the singular of French words that no rule leads to.
func irregular(folded string) string {
	switch folded {
	case "travaux":
		return "travail"
	case "nouveau", "nouveaux":
		return "nouvel"
	case "beau", "beaux", "belle", "belles":
		return "bel"
	case "vieux", "vieille", "vieilles":
		return "vieil"
	case "yeux":
		return "oeil"
	case "cieux":
		return "ciel"
	}
	return ""
}

// englishWord is Porter's second stemmer.
func englishWord(folded string) string {
	if !hasStem(folded) || isEnglishFunction(folded) {
		return ""
	}
	env := snowballstem.NewEnv(folded)
	english.Stem(env)
	return englishStem + env.Current()
}

// isFrenchFunction tells of words that say nothing by themselves.
func isFrenchFunction(folded string) bool {
	switch folded {
	case "a", "au", "aux", "avec", "ce", "ces", "cet", "cette", "dans", "de", "des", "du", "elle", "elles", "en", "est", "et", "etre", "eux",
		"il", "ils", "je", "la", "le", "les", "leur", "leurs", "lui", "ma", "mais", "me", "mes", "moi", "mon", "ne", "nos", "notre", "nous",
		"on", "ont", "ou", "par", "pas", "pour", "qu", "que", "quel", "quelle", "quelles", "quels", "qui", "sa", "sans", "se", "ses",
		"si", "son", "sont", "sur", "ta", "te", "tes", "toi", "ton", "tu", "un", "une", "vos", "votre", "vous", "y",
		"comment", "pourquoi", "quand", "dont", "ca", "cela", "ceci", "donc", "ni", "car", "comme", "chez", "entre", "vers":
		return true
	}
	return false
}

// isEnglishFunction is isFrenchFunction of English.
func isEnglishFunction(folded string) bool {
	switch folded {
	case "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "did", "do", "does", "for", "from", "had",
		"has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "no", "not", "of", "on", "or", "our",
		"she", "so", "some", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "us",
		"was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "you", "your":
		return true
	}
	return false
}

// isFunction tells of words that a question does not insist on where it has others: those
// that are such a word in one of the languages, and a word of the other one in none.
func isFunction(folded string) bool {
	switch folded {
	case "car", "son", "ton", "pour", "est", "pas", "us", "will", "can", "quand":
		return false // "car insurance", "pas de calais", "US", "last will"
	}
	return isFrenchFunction(folded) || isEnglishFunction(folded)
}
