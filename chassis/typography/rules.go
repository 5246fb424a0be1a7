package typography

import "strings"

// class says which signs a byte may begin; 0: none that matters.
type class uint8

const (
	double  class = iota + 1 // "
	single                   // '
	dot                      // .
	hyphen                   // -
	high                     // ; ! ?
	colon                    // :
	digit                    // 0 to 9
	capital                  // a letter that may begin a title or a Roman number
	foreign                  // the first byte of a character outside of ASCII
)

// pair is an opening and a closing quotation mark.
type pair struct{ open, close rune }

// rules are a language's.
type rules struct {
	// none: the text stays as it is.
	none bool
	// class tells what begins with a byte.
	class [256]class
	// outer are quotes, inner those within quotes, single what is written
	// with apostrophes.
	outer, inner, single pair
	// inside is the space within outer quotes.
	inside string
	// french: spaces before signs, numbers and units, titles of persons.
	french bool
	// spaced: a space stands before ; ! ? even if the author wrote none.
	spaced bool
	// quotes are set at all.
	quotes bool
}

// rulesFor gives the rules of a BCP 47 tag.
func rulesFor(language string) rules {
	language = strings.ToLower(strings.ReplaceAll(language, "_", "-"))
	base, rest, _ := strings.Cut(language, "-")
	in := func(region string) bool { return rest == region || strings.HasSuffix(rest, "-"+region) }
	r := rules{single: pair{'‘', '’'}, quotes: true}
	switch base {
	case "fr":
		r.outer, r.inner, r.inside = pair{'«', '»'}, pair{'“', '”'}, wide
		r.french, r.spaced = true, !in("ca")
		if in("ch") {
			r.inside = narrow
		}
	case "en":
		r.outer, r.inner = pair{'“', '”'}, pair{'‘', '’'}
	case "de":
		r.outer, r.inner, r.single = pair{'„', '“'}, pair{'‚', '‘'}, pair{'‚', '‘'}
		if in("ch") || in("li") {
			r.outer, r.inner, r.single = pair{'«', '»'}, pair{'‹', '›'}, pair{'‹', '›'}
		}
	case "es":
		r.outer, r.inner = pair{'«', '»'}, pair{'“', '”'}
	case "br", "ca", "co", "gl", "it", "nl", "oc", "pt", "wa":
		r.quotes = false
	default:
		return rules{none: true}
	}
	r.mark("'", single)
	r.mark(".", dot)
	if !r.quotes {
		return r
	}
	r.mark(`"`, double)
	r.mark("-", hyphen)
	r.mark("\xc2\xe2", foreign)
	if r.french {
		r.mark(";!?", high)
		r.mark(":", colon)
		r.mark("0123456789", digit)
		r.mark("MDPIVX", capital)
	}
	return r
}

func (r *rules) mark(bytes string, c class) {
	for _, b := range []byte(bytes) {
		r.class[b] = c
	}
}
