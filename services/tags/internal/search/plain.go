package search

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Where links lead is no text. Both patterns are linear, as all of Go's are.
var (
	destination = regexp.MustCompile(`\]\(\s*<?[^\s()<>]*(?:\([^\s()]*\)[^\s()]*)*>?`)
	definition  = regexp.MustCompile(`(?m)^ {0,3}\[[^\]\n]+\]:[ \t]*\S+`)
)

// plain is the text of a source without its marks, roughly. A parser of Markdown
// would do it better and not in linear time: words are all that is wanted, and
// most marks are none.
func plain(source string, isHTML bool) string {
	if len(source) > maxTextBytes {
		end := maxTextBytes
		for end > 0 && !utf8.RuneStart(source[end]) {
			end--
		}
		source = source[:end]
	}
	if !isHTML {
		source = destination.ReplaceAllLiteralString(source, "] ")
		if strings.Contains(source, "]:") {
			source = definition.ReplaceAllLiteralString(source, " ")
		}
	}
	if !strings.ContainsAny(source, "<&") {
		return source
	}
	return withoutTags(source, isHTML)
}

func withoutTags(source string, isHTML bool) string {
	var b strings.Builder
	b.Grow(len(source))
	z := html.NewTokenizer(strings.NewReader(source))
	hidden := atom.Atom(0)
	for {
		switch z.Next() {
		case html.ErrorToken:
			if !isHTML {
				b.Write(z.Raw()) // "a <b" is no tag
			}
			return b.String()
		case html.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			raw := string(z.Raw()) // before TagName, which changes it
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			switch {
			case !isHTML && (tag == 0 || strings.LastIndexByte(raw, '<') > 0): // <T> of some program, an address, a "less than"
				b.WriteString(raw)
			case isHidden(tag) && isHTML:
				if hidden = tag; strings.HasPrefix(raw, "</") {
					hidden = 0
				}
			case !isInline(tag):
				b.WriteByte(' ')
			}
		}
	}
}

// isHidden tells of elements whose content is no text.
func isHidden(tag atom.Atom) bool { return tag == atom.Script || tag == atom.Style }

// isInline tells of elements that may stand within a word.
func isInline(tag atom.Atom) bool {
	switch tag {
	case atom.A, atom.Abbr, atom.B, atom.Bdi, atom.Bdo, atom.Cite, atom.Code, atom.Del, atom.Dfn, atom.Em, atom.Font, atom.I, atom.Ins,
		atom.Mark, atom.Q, atom.S, atom.Small, atom.Span, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.U, atom.Var, atom.Wbr:
		return true
	}
	return false
}
