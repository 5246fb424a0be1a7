package query

import (
	"cmp"
	"strings"

	"github.com/parution/parution/chassis/slug"
)

// kind is what a field's name asks for.
type kind uint8

const (
	noField kind = iota
	titleField
	bodyField
	tagField
	authorField
	languageField
	beforeField
	afterField
	sinceField
	onField
)

// isDate tells of fields whose value is a date.
func (k kind) isDate() bool { return k >= beforeField }

// field is where a field's words are looked for.
func (k kind) field() Field {
	switch k {
	case titleField:
		return InTitle
	case bodyField:
		return InBody
	default:
		return Anywhere
	}
}

// keyword is what stands for a field.
type keyword struct {
	name string
	kind kind
	// common: an everyday word. It is a field only if what follows is a date, and only
	// with the colon right behind it.
	common bool
	// everyday: a word that also stands before colons in texts: not with a space before it.
	everyday bool
	// shown is the name with its accents, if it has any.
	shown string
}

// keywords are folded as slug.Make does. Those of all languages are understood always.
// The first of a kind in a language is the one that docs/search.md teaches.
func keywords() []keyword {
	return []keyword{
		{name: "title", kind: titleField, everyday: true},
		{name: "titre", kind: titleField, everyday: true},
		{name: "titles", kind: titleField, everyday: true},
		{name: "titres", kind: titleField, everyday: true},
		{name: "intitle", kind: titleField, everyday: true},
		{name: "text", kind: bodyField, everyday: true},
		{name: "texte", kind: bodyField, everyday: true},
		{name: "body", kind: bodyField, everyday: true},
		{name: "corps", kind: bodyField, everyday: true},
		{name: "tag", kind: tagField},
		{name: "etiquette", kind: tagField, shown: "étiquette"},
		{name: "mot-cle", kind: tagField, shown: "mot-clé"},
		{name: "tags", kind: tagField},
		{name: "etiquettes", kind: tagField},
		{name: "mots-cles", kind: tagField},
		{name: "motcle", kind: tagField},
		{name: "keyword", kind: tagField, everyday: true},
		{name: "label", kind: tagField, everyday: true},
		{name: "category", kind: tagField, everyday: true},
		{name: "categorie", kind: tagField, everyday: true},
		{name: "author", kind: authorField},
		{name: "auteur", kind: authorField},
		{name: "autrice", kind: authorField},
		{name: "authors", kind: authorField},
		{name: "auteurs", kind: authorField},
		{name: "auteure", kind: authorField},
		{name: "by", kind: authorField, everyday: true},
		{name: "par", kind: authorField, everyday: true},
		{name: "language", kind: languageField, everyday: true},
		{name: "langue", kind: languageField, everyday: true},
		{name: "lang", kind: languageField, everyday: true},
		{name: "before", kind: beforeField},
		{name: "avant", kind: beforeField},
		{name: "after", kind: afterField},
		{name: "apres", kind: afterField, shown: "après"},
		{name: "since", kind: sinceField},
		{name: "depuis", kind: sinceField},
		{name: "year", kind: onField},
		{name: "annee", kind: onField, shown: "année"},
		{name: "month", kind: onField},
		{name: "mois", kind: onField},
		{name: "on", kind: onField, common: true},
		{name: "le", kind: onField, common: true},
		{name: "date", kind: onField, common: true},
	}
}

// maxKey bounds the names that are compared with those of fields, in bytes.
const maxKey = 16

// fieldNamed is the field that a name leads to, whatever its case and accents.
func fieldNamed(name string) (keyword, bool) {
	if !isKey(name) {
		return keyword{}, false
	}
	key := slug.Make(name)
	for _, k := range keywords() {
		if k.name == key {
			return k, true
		}
	}
	return keyword{}, false
}

// nearField is the name of a field that is written nearly so. Short names must have the
// same letters but for one too many, one too few or two in the wrong order: others are
// words of their own.
func nearField(name string) (string, bool) {
	if !isKey(name) {
		return "", false
	}
	key := slug.Make(name)
	best, found := maxKey, keyword{}
	for _, k := range keywords() {
		if k.common || len(k.name) < 3 || len(key) < 3 {
			continue
		}
		most := 1
		if len(k.name) >= 7 {
			most = 2
		}
		if d := distance(key, k.name, len(k.name) > 4); d <= most && d < best {
			best, found = d, k
		}
	}
	return cmp.Or(found.shown, found.name), found.name != ""
}

// isKey tells of what could be a field's name: letters and hyphens.
func isKey(name string) bool {
	if name == "" || len(name) > 2*maxKey {
		return false
	}
	for _, r := range name {
		if !ends(r) && sign(r) != '-' || strings.ContainsRune("+#_", r) || '0' <= r && r <= '9' {
			return false
		}
	}
	return true
}

// distance counts the letters that are missing, too many, changed or swapped with their
// neighbour; without replaced, a changed letter counts as two.
func distance(a, b string, replaced bool) int {
	change := 2
	if replaced {
		change = 1
	}
	var before, last, row []int
	last = make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row = make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := change
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
