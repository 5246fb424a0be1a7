package wire

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parution/parution/chassis/slug"
	"github.com/parution/parution/services/tags/internal/text"
)

const (
	// maxKeywords bounds the keywords of a post.
	maxKeywords = 12
	// minLetters and maxLetters bound a keyword; a longer one is an address or noise.
	minLetters, maxLetters = 4, 40
	// A word in the title tells more of a text than one in a heading, and that more
	// than one in the text.
	inTitle, inHeading, inBody = 6, 3, 1
	// bytesPerWord is about how many bytes of a text have one more different word.
	bytesPerWord = 16
	// minWeight is what a word must weigh at least to tell anything of the text.
	minWeight = 2
)

// Keywords are the words that tell most of a text, the most telling first: folded,
// in the singular as far as an ending tells. They depend on the text alone, so that
// a change of other posts changes none.
func Keywords(s text.Source) []string {
	weights := make(map[string]int, min(len(s.Body)/bytesPerWord, 1024))
	weigh(weights, s.Title, inTitle)
	for _, h := range s.Headings {
		weigh(weights, h, inHeading)
	}
	weigh(weights, s.Body, inBody)
	words := make([]string, 0, len(weights))
	for w, n := range weights {
		if n >= minWeight {
			words = append(words, w)
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(weights[b]-weights[a], strings.Compare(a, b)) })
	return slices.Clone(words[:min(len(words), maxKeywords)])
}

func weigh(weights map[string]int, s string, weight int) {
	for word := range strings.FieldsFuncSeq(s, isBetween) {
		if len(word) < minLetters {
			continue
		}
		if n := utf8.RuneCountInString(word); n < minLetters || n > maxLetters {
			continue
		}
		word = fold(word)
		if isStopWord(word) {
			continue
		}
		if len(word) > minLetters && !strings.HasSuffix(word, "ss") {
			word = strings.TrimRight(word, "sx")
		}
		if len(word) >= minLetters {
			weights[word] += weight
		}
	}
}

// isBetween tells of what stands between words.
func isBetween(r rune) bool {
	if r < utf8.RuneSelf {
		r |= 'a' - 'A'
		return r < 'a' || r > 'z'
	}
	return !unicode.IsLetter(r) && !unicode.IsMark(r)
}

// fold is slug.Make of a word: most are of plain letters.
func fold(word string) string {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return slug.Make(word)
		}
	}
	return strings.ToLower(word)
}

// isStopWord tells of words of four letters and more that tell nothing of a text,
// in French and in English.
func isStopWord(word string) bool {
	switch word {
	case "ainsi", "alors", "apres", "assez", "aucun", "aucune", "aujourd", "auquel", "aura", "aurait", "aussi", "autant", "autre", "autres", "avaient",
		"avais", "avait", "avant", "avec", "avez", "avoir", "avons", "ayant", "beaucoup", "bien", "bref", "car", "ceci", "cela", "celle", "celles",
		"celui", "cependant", "certain", "certaine", "certaines", "certains", "cette", "ceux", "chaque", "chez", "combien", "comme", "comment",
		"contre", "dans", "davantage", "debut", "dedans", "dehors", "deja", "depuis", "dernier", "derniere", "derriere", "desormais", "deux", "devant",
		"devoir", "devrait", "dire", "dit", "doit", "doivent", "donc", "dont", "durant", "elle", "elles", "encore", "enfin", "ensuite", "entre",
		"environ", "etaient", "etais", "etait", "etant", "etre", "eux", "faire", "fait", "faites", "faut", "fois", "font", "hors", "hui", "ici",
		"jamais", "juste", "laquelle", "lequel", "lesquelles", "lesquels", "leur", "leurs", "loin", "lors", "lorsque", "lui", "maintenant", "mais",
		"malgre", "meme", "memes", "mieux", "moins", "moment", "notre", "nous", "nouveau", "nouvelle", "oui", "parce", "parfois", "parmi", "partout",
		"pendant", "permet", "personne", "peut", "peuvent", "plus", "plusieurs", "plutot", "possible", "pour", "pourquoi", "pourrait", "pouvoir",
		"premier", "premiere", "presque", "puis", "puisque", "quand", "quant", "quatre", "quel", "quelle", "quelles", "quelque", "quelques", "quels",
		"quoi", "rien", "sans", "sauf", "selon", "sera", "serait", "seront", "seulement", "siens", "sinon", "soit", "sommes", "sont", "sous",
		"souvent", "suis", "suivant", "surtout", "tandis", "tant", "tellement", "tels", "telle", "toujours", "tous", "tout", "toute", "toutefois",
		"toutes", "tres", "trois", "trop", "vers", "voici", "voila", "voir", "voire", "vont", "votre", "vous", "vraiment",
		"about", "above", "across", "after", "again", "against", "almost", "alone", "along", "already", "also", "although", "always", "among",
		"another", "anybody", "anyone", "anything", "around", "away", "back", "became", "because", "become", "been", "before", "behind", "being",
		"below", "between", "both", "cannot", "could", "does", "doing", "done", "down", "during", "each", "either", "else", "enough", "even", "ever",
		"every", "everybody", "everyone", "everything", "first", "from", "further", "gave", "give", "given", "gets", "goes", "going", "gone", "have",
		"having", "here", "hers", "herself", "himself", "however", "inside", "instead", "into", "itself", "just", "keep", "kept", "know", "last",
		"least", "less", "like", "little", "long", "made", "make", "makes", "many", "might", "mine", "more", "most", "much", "must", "myself",
		"neither", "never", "next", "nobody", "none", "nothing", "often", "once", "only", "other", "others", "ought", "ours", "ourselves",
		"over", "perhaps", "quite", "rather", "really", "said", "same", "says", "seen", "several", "shall", "should", "since", "some", "somebody",
		"someone", "something", "still", "such", "take", "taken", "than", "that", "their", "theirs", "them", "themselves", "then", "there",
		"therefore", "these", "they", "thing", "things", "this", "those", "though", "three", "through", "thus", "together", "toward", "towards",
		"under", "until", "upon", "used", "uses", "using", "very", "want", "well", "went", "were", "what", "whatever", "when", "where", "whether",
		"which", "while", "whole", "whom", "whose", "will", "with", "within", "without", "would", "your", "yours", "yourself", "yourselves":
		return true
	}
	return false
}
