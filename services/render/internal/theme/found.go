package theme

import (
	"html"
	"html/template"
	"strings"

	"github.com/parution/parution/chassis/typography"
	"github.com/parution/parution/services/render/internal/page"
)

// marked are the posts found, with what was looked for marked in them.
func (sp *speaker) marked(found page.Found) []Card {
	out := sp.listing(found.Cards, 2)
	for i := range out {
		m, language := found.Marks[out[i].ID], found.Cards[i].Language
		out[i].Marked, out[i].Snippet = typeset(m.Title, language), typeset(m.Snippet, language)
	}
	return out
}

// typeset sets HTML in which mark elements are all the markup there is, as the tags
// service writes it. A mark may end right before a sign: what is on both sides of it is
// one text.
func typeset(marked, language string) template.HTML {
	var out strings.Builder
	setter := typography.New(language)
	for piece := range strings.SplitAfterSeq(marked, ">") {
		text, tag := piece, ""
		for _, t := range []string{"<mark>", "</mark>"} {
			if before, ok := strings.CutSuffix(piece, t); ok {
				text, tag = before, t
			}
		}
		out.WriteString(html.EscapeString(string(setter.Set([]byte(html.UnescapeString(text))))))
		out.WriteString(tag)
	}
	return template.HTML(out.String()) // all but the marks is escaped
}
