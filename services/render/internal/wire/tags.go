package wire

import (
	"cmp"
	"html"
	"strings"

	tagsv1 "github.com/parution/parution/proto/gen/parution/tags/v1"
	"github.com/parution/parution/services/render/internal/document"
	"github.com/parution/parution/services/render/internal/page"
)

// Entry is what the tags service says about a post. Tags that readers do not see
// are no part of it.
func Entry(e *tagsv1.Entry) *page.Entry {
	out := &page.Entry{PostID: e.GetPostId(), Site: e.GetSite()}
	if !e.GetIndexed() {
		return out
	}
	for _, t := range e.GetTags() {
		if !t.GetInternal() {
			out.Tags = append(out.Tags, page.EntryTag{
				Label: page.Label{Slug: t.GetSlug(), Name: t.GetName()}, ID: cmp.Or(t.GetId(), t.GetSlug()), Inherited: t.GetInherited(),
			})
		}
	}
	out.Keywords = e.GetKeywords()
	return out
}

// Tag is a tag as the tags service tells of it, or what is left of one; text is its
// description, for a site whose addresses begin with base.
func Tag(s *tagsv1.TagState, text *document.Document, base string) *page.Tag {
	t := s.GetTag()
	out := &page.Tag{ID: s.GetId(), Site: s.GetSite(), Former: s.GetFormerSlugs(), MovedTo: s.GetMovedTo()}
	if t == nil {
		out.Internal = out.MovedTo == "" // there is none any more
		return out
	}
	out.Slug, out.Name, out.Colour, out.Parent, out.Internal = t.GetSlug(), t.GetName(), t.GetColour(), t.GetParent(), t.GetInternal()
	if len(t.GetNames()) > 0 {
		out.Names = t.GetNames()
	}
	out.Description, out.Summary = text.HTML, text.Excerpt
	// Pages load nothing from other hosts.
	if image, ok := document.OwnImage(t.GetImage(), base); ok {
		out.Image, out.ImageAlt = rooted(image, page.TagsPath([]string{out.Slug})), t.GetImageAlt()
	}
	return out
}

// Found is what a search finds.
func Found(r *tagsv1.SearchResponse) page.Found {
	out := page.Found{
		Total: int(r.GetTotal()), Authors: facets(r.GetAuthors()), Languages: facets(r.GetLanguages()), Years: facets(r.GetYears()),
		Meant: r.GetDidYouMean(), MeantHTML: marked(r.GetDidYouMeanHtml()), Ignored: r.GetIgnored(), Marks: make(map[string]page.Mark),
	}
	for _, p := range r.GetPosts() {
		out.IDs = append(out.IDs, p.GetId())
		if p.GetTitleHtml() != "" || p.GetSnippetHtml() != "" {
			out.Marks[p.GetId()] = page.Mark{Title: marked(p.GetTitleHtml()), Snippet: marked(p.GetSnippetHtml())}
		}
	}
	for _, t := range r.GetFacets() {
		if !t.GetInternal() {
			out.Facets = append(out.Facets, page.Tagged{
				Label: page.Label{Slug: t.GetSlug(), Name: t.GetName()}, ID: t.GetId(), Names: t.GetNames(), Count: int(t.GetCount()), Colour: t.GetColour(),
			})
		}
	}
	if p := r.GetProblem(); p != nil {
		out.Problem = &page.Problem{Offset: int(p.GetOffset()), Length: int(p.GetLength()), Message: p.GetMessage()}
	}
	return out
}

func facets(list []*tagsv1.Facet) []page.Facet {
	var out []page.Facet
	for _, f := range list {
		out = append(out, page.Facet{Value: f.GetValue(), Name: cmp.Or(f.GetName(), f.GetValue()), Count: int(f.GetCount())})
	}
	return out
}

// marked is HTML in which nothing but mark elements is markup, whatever text is:
// no other service decides what becomes markup on a page.
func marked(text string) string {
	const begin, end = "<mark>", "</mark>"
	var out strings.Builder
	open := false
	for text != "" {
		at := strings.IndexByte(text, '<')
		if at < 0 {
			at = len(text)
		}
		out.WriteString(html.EscapeString(html.UnescapeString(text[:at])))
		text = text[at:]
		switch {
		case !open && strings.HasPrefix(text, begin):
			open, text = true, text[len(begin):]
			out.WriteString(begin)
		case open && strings.HasPrefix(text, end):
			open, text = false, text[len(end):]
			out.WriteString(end)
		case text != "":
			out.WriteString("&lt;")
			text = text[1:]
		}
	}
	if open {
		out.WriteString(end)
	}
	return out.String()
}
