package importer

import (
	"strings"
	"unicode"
)

// Words that a text in one language cannot do without and that another hardly has.
const (
	frenchWords  = " le la les des du une est et dans pour que qui sur avec nous vous au aux ce cette ces pas plus par sont ou où mais elle ils leur "
	englishWords = " the and of to is that for with was are this from have it not but they which their be has we you our at by an as will "
)

// detect guesses whether a text is French ("fr") or English ("en"); empty if
// neither is plain. Looks at the beginning only.
func detect(text string) string {
	const enough = 4000
	if len(text) > enough {
		text = text[:enough]
	}
	french, english := 0, 0
	for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch {
		case strings.Contains(frenchWords, " "+w+" "):
			french++
		case strings.Contains(englishWords, " "+w+" "):
			english++
		}
	}
	switch {
	case french > 2 && french > 2*english:
		return "fr"
	case english > 2 && english > 2*french:
		return "en"
	}
	return ""
}
