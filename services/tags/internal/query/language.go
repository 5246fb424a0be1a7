package query

import (
	"regexp"
	"strings"

	"github.com/parution/parution/chassis/slug"
)

// bcp47 is the form of a language tag; whether there is such a language is not asked:
// of one that no post is in, nothing is found.
var bcp47 = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

// languageOf is the BCP 47 tag that a name or a tag means.
func languageOf(text string) (string, bool) {
	if tag := languageNamed(slug.Make(text)); tag != "" {
		return tag, true
	}
	tag := strings.ReplaceAll(text, "_", "-")
	if !bcp47.MatchString(tag) {
		return "", false
	}
	parts := strings.Split(strings.ToLower(tag), "-")
	for i, part := range parts[1:] {
		switch len(part) {
		case 2: // a country: fr-CA
			parts[i+1] = strings.ToUpper(part)
		case 4: // a script: sr-Latn
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "-"), true
}

// languageNamed is the tag of a language by its name in French, in English or its own.
func languageNamed(name string) string {
	switch name {
	case "francais", "french":
		return "fr"
	case "anglais", "english":
		return "en"
	case "allemand", "german", "deutsch":
		return "de"
	case "espagnol", "spanish", "espanol":
		return "es"
	case "italien", "italian", "italiano":
		return "it"
	case "portugais", "portuguese", "portugues":
		return "pt"
	case "neerlandais", "dutch", "nederlands":
		return "nl"
	case "catalan", "catala":
		return "ca"
	case "basque", "euskara":
		return "eu"
	case "breton", "brezhoneg":
		return "br"
	case "occitan":
		return "oc"
	case "corse", "corsican", "corsu":
		return "co"
	case "polonais", "polish", "polski":
		return "pl"
	case "russe", "russian":
		return "ru"
	case "arabe", "arabic":
		return "ar"
	case "turc", "turkish", "turkce":
		return "tr"
	case "chinois", "chinese":
		return "zh"
	case "japonais", "japanese":
		return "ja"
	}
	return ""
}
