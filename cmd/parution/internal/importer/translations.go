package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// kinship is what tells that posts are translations of each other.
type kinship struct {
	// said is the key that the front matter gives for that very purpose.
	said string
	// seems is one that may have been given for another, or follows from where the
	// file is: it counts if posts in other languages have it too.
	seems string
}

// kinOf reads how a post's front matter ties it to its translations.
func (it *item) kinOf() {
	it.kin.said, _ = it.text("translationKey", "translation_key")
	if it.kin.seems == "" {
		// What multilingual Jekyll sites call it, by hand or by jekyll-polyglot.
		if s, _ := it.text("ref", "lang-ref", "lang_ref", "page_id"); s != "" {
			it.kin.seems = "ref:" + s
		}
	}
}

// translations settles which posts are translations of each other: those that
// share a key and are each in a language of its own.
func translations(k Kind, items []*item) {
	shared := make(map[string]map[string]bool)
	for _, it := range items {
		if it.refused || it.kin.seems == "" {
			continue
		}
		if shared[it.kin.seems] == nil {
			shared[it.kin.seems] = make(map[string]bool)
		}
		shared[it.kin.seems][it.post.Language] = true
	}
	for _, it := range items {
		switch {
		case it.refused:
		case it.kin.said != "":
			it.post.TranslationKey = translationKey("", it.kin.said)
		case len(shared[it.kin.seems]) > 1:
			it.post.TranslationKey = translationKey(k.String()+":", it.kin.seems)
		}
	}
}

// translationKey is a key within the limits.
func translationKey(prefix, key string) string {
	if utf8.RuneCountInString(prefix+key) <= maxKeyChars {
		return prefix + key
	}
	sum := sha256.Sum256([]byte(key))
	return prefix + "sha256:" + hex.EncodeToString(sum[:])
}

// languageInName takes a language off a file's name without extension:
// "about.fr" is "about" in French.
func languageInName(stem string) (name, lang string) {
	if i := strings.LastIndexByte(stem, '.'); i > 0 {
		if l := languageCode(stem[i+1:]); l != "" {
			return stem[:i], l
		}
	}
	return stem, ""
}

// languageCode is the tag that a part of a path stands for; empty if it is none.
func languageCode(s string) string {
	tag, err := language.Parse(s)
	if err != nil || len(s) != 2 && (len(s) != 5 || s[2] != '-') {
		return ""
	}
	return tag.String()
}

// besides is the key of a file whose translations lie beside it under the same
// name, or in a folder of the same name for each language.
func besides(dir, name string) string { return "path:" + path.Join(dir, name) }
