package feed

import (
	"fmt"
	"html"
	"strings"

	"golang.org/x/text/language"

	"github.com/parution/parution/chassis/picture"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/page"
)

// contents are the texts of the posts; empty for those that come with their
// excerpt only.
func (f Feed) contents() []string {
	out := make([]string, len(f.Posts))
	left := maxTexts
	for i, p := range f.Posts {
		text := f.content(p)
		if len(text) > left {
			continue
		}
		left -= len(text)
		out[i] = text
	}
	return out
}

// content is what the page of a post shows from its cover to its end.
func (f Feed) content(p page.Doc) string {
	if p.HTML == "" {
		return ""
	}
	var b strings.Builder
	direction := isRTL(p.Language)
	if direction { // hardly a reader's program goes by the language
		fmt.Fprintf(&b, `<div lang="%s" dir="rtl">`, html.EscapeString(p.Language))
	}
	if p.Standfirst && p.Excerpt != "" {
		b.WriteString("<p><strong>" + html.EscapeString(set(p, p.Excerpt)) + "</strong></p>\n")
	}
	if p.Cover && p.Image != "" {
		b.WriteString(f.cover(p))
	}
	b.WriteString(Absolute(document.WithoutAnchors(p.HTML), f.link(p))) // the links to headings are the page's
	if direction {
		b.WriteString("</div>")
	}
	return b.String()
}

func (f Feed) cover(p page.Doc) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<figure><img src="%s" alt="%s"`, html.EscapeString(f.Site.Absolute(p.Image)), html.EscapeString(set(p, p.ImageAlt)))
	if pic, ok := f.picture(p.Image); ok {
		fmt.Fprintf(&b, ` width="%d" height="%d"`, pic.Width, pic.Height)
	}
	b.WriteString(">")
	if p.ImageCaption != "" {
		b.WriteString("<figcaption>" + html.EscapeString(set(p, p.ImageCaption)) + "</figcaption>")
	}
	b.WriteString("</figure>\n")
	return b.String()
}

// picture is what the address of a picture of the site tells; false for another.
func (f Feed) picture(address string) (picture.Picture, bool) {
	return picture.Parse(strings.TrimPrefix(address, f.Site.BaseURL))
}

// mediaType is that of a picture.
func mediaType(p picture.Picture) string {
	switch p.Ext {
	case "jpg":
		return "image/jpeg"
	case "svg":
		return "image/svg+xml"
	}
	return "image/" + p.Ext
}

// isRTL tells whether a language is written from right to left.
func isRTL(tag string) bool {
	t, err := language.Parse(tag)
	if err != nil {
		return false
	}
	script, _ := t.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg":
		return true
	}
	return false
}
