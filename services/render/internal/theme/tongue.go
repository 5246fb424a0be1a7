package theme

import (
	"strings"

	"golang.org/x/text/language"
)

// parseTag reads a language; one that is none is undetermined.
func parseTag(text string) language.Tag {
	tag, err := language.Parse(text)
	if err != nil {
		return language.Und
	}
	return tag
}

// newTongue is what lang and dir say of a language.
func newTongue(tag language.Tag) Tongue {
	t := Tongue{Dir: "ltr"}
	if tag == language.Und {
		return t
	}
	t.Tag = tag.String()
	if isRTL(tag) {
		t.Dir = "rtl"
	}
	return t
}

// within is a language where it stands in another one: nil if it is the same.
func within(around Tongue, tag language.Tag) *Tongue {
	t := newTongue(tag)
	if strings.EqualFold(t.Tag, around.Tag) {
		return nil
	}
	return &t
}

// isRTL tells whether a language is written from right to left.
func isRTL(tag language.Tag) bool {
	script, _ := tag.Script()
	switch script.String() {
	case "Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa":
		return true
	}
	return false
}
