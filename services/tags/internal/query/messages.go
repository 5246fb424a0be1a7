package query

import (
	"embed"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// catalogues has a file of sentences for each language; another is one more file, which
// must have every sentence of the English one.
//
//go:embed messages/*.json
var catalogues embed.FS

// fallback is the language of those who speak none of the catalogues'.
const fallback = "en"

// maxShown bounds what of a text is repeated in a sentence, in characters.
const maxShown = 40

// sentence puts a fault into the words of a language, a BCP 47 tag.
func sentence(language string, f *fault) string {
	lines := catalogue(language)
	r := strings.NewReplacer(
		"{text}", shown(f.text), "{other}", f.other,
		"{limit}", strconv.Itoa(f.limit), "{count}", strconv.Itoa(f.count),
	)
	return r.Replace(lines[f.key])
}

func catalogue(language string) map[string]string {
	base, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(language, "_", "-")), "-")
	file, err := catalogues.ReadFile("messages/" + base + ".json")
	if err != nil || base == "" {
		file, _ = catalogues.ReadFile("messages/" + fallback + ".json")
	}
	var lines map[string]string
	_ = json.Unmarshal(file, &lines) // a test reads every catalogue
	return lines
}

// shown is what was typed, fit to stand in a sentence.
func shown(text string) string {
	text = strings.Join(strings.FieldsFunc(text, isSpace), " ")
	if utf8.RuneCountInString(text) <= maxShown {
		return text
	}
	return string([]rune(text)[:maxShown-1]) + "…"
}
