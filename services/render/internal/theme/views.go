package theme

import (
	"html/template"
	"time"

	"github.com/parution/parution/services/render/internal/page"
)

// maxContents is the deepest level of headings that a table of contents shows
// beside the text; fewest is how many it needs to be of use.
const (
	maxContents = 3
	fewest      = 3
)

// frame is what every page has.
type frame struct {
	Site *page.Site
	V    *voice
	// Class names the kind of page.
	Class       string
	Title       string
	Description string
	// Canonical is the page's own address; empty: not to be found by search engines.
	Canonical string
	// Feed is the path of the page's own feed, if it has one.
	Feed                string
	Image, ImageAlt     string
	Article             bool
	Published, Modified time.Time
}

func newFrame(s *page.Site, class, path string) frame {
	f := frame{Site: s, V: newVoice(s.Language, s.TimeZone), Class: class, Description: s.Description}
	if path != "" {
		f.Canonical = s.BaseURL + path
	}
	return f
}

// card is a post in a list.
type card struct {
	page.Card

	V *voice
	// Foreign: the post's language is not the site's.
	Foreign bool
	// Top: no heading stands between the page's own and the card's.
	Top bool
}

// Path is the address of the post, as a link needs it.
func (c card) Path() string { return page.Escape(c.Card.Path()) }

func (f frame) cards(list []page.Card, top bool) []card {
	out := make([]card, len(list))
	for i, c := range list {
		c.Title, c.Excerpt = spaced(c.Title, c.Language), spaced(c.Excerpt, c.Language)
		out[i] = card{Card: c, V: f.V, Foreign: c.Language != f.Site.Language, Top: top}
	}
	return out
}

// Pager is the place of a page in a list.
type Pager struct {
	Number, Pages int
	// Prev and Next are addresses; empty at the ends.
	Prev, Next string
}

// shown leaves out a pager of one page.
func (p Pager) shown() *Pager {
	if p.Pages < 2 {
		return nil
	}
	return &p
}

// Home is the first page of a site.
type Home struct {
	Recent, Featured []page.Card
	Tags             []page.Tagged
	Pager            Pager
}

// Home makes the first page.
func (t *Theme) Home(s *page.Site, h Home) ([]byte, error) {
	f := newFrame(s, "home", "/")
	return t.execute("home", struct {
		frame

		Cards, Featured []card
		Tags            []page.Tagged
		Pager           *Pager
	}{f, f.cards(h.Recent, false), f.cards(h.Featured, false), h.Tags, h.Pager.shown()})
}

// List makes another page of the list of posts.
func (t *Theme) List(s *page.Site, path string, cards []page.Card, p Pager) ([]byte, error) {
	f := newFrame(s, "list", path)
	heading := f.V.Recent
	f.Title = heading + ", " + f.V.PageOf(p.Number, p.Pages)
	return t.execute("list", struct {
		frame

		Heading string
		Cards   []card
		Pager   *Pager
	}{f, heading, f.cards(cards, true), p.shown()})
}

// Tagged is a page of posts that carry some tags.
type Tagged struct {
	Tags  []page.Label
	Cards []page.Card
	Total int
	Pager Pager
}

type without struct{ Path, Name, Hint string }

// Tagged makes a page of posts that carry some tags.
func (t *Theme) Tagged(s *page.Site, path string, v Tagged) ([]byte, error) {
	f := newFrame(s, "tagged", path)
	names, slugs := make([]string, len(v.Tags)), make([]string, len(v.Tags))
	for i, l := range v.Tags {
		names[i], slugs[i] = l.Name, l.Slug
	}
	heading := f.V.List(names)
	f.Title, f.Description, f.Feed = heading, "", page.Escape(page.FeedPath(slugs))
	if v.Pager.Number > 1 {
		f.Title += ", " + f.V.PageOf(v.Pager.Number, v.Pager.Pages)
	}
	var narrowed []without
	if len(v.Tags) > 1 {
		for i, l := range v.Tags {
			rest := append(append([]string{}, slugs[:i]...), slugs[i+1:]...)
			narrowed = append(narrowed, without{Path: page.Escape(page.TagsPath(rest)), Name: l.Name, Hint: f.V.Without(l.Name)})
		}
	}
	return t.execute("tagged", struct {
		frame

		Heading string
		Cards   []card
		Total   int
		Without []without
		Pager   *Pager
	}{f, heading, f.cards(v.Cards, true), v.Total, narrowed, v.Pager.shown()})
}

// Tags makes the list of all tags.
func (t *Theme) Tags(s *page.Site, tags []page.Tagged) ([]byte, error) {
	f := newFrame(s, "tags", "/tags")
	f.Title, f.Description = f.V.Tags, ""
	return t.execute("tags", struct {
		frame

		Tags []page.Tagged
	}{f, tags})
}

// Post is the page of a post.
type Post struct {
	Doc *page.Doc
	// Newer and Older are the posts published next to it; nil at the ends.
	Newer, Older *page.Card
	// Related are posts on the same subjects.
	Related []page.Card
	// Translations are the same post in other languages, by language.
	Translations []page.Translation
}

// Post makes the page of a post.
func (t *Theme) Post(s *page.Site, v Post) ([]byte, error) {
	d := v.Doc
	f := newFrame(s, "reading", page.Escape(d.Path()))
	shown := *d // the caller's stays as it was written
	d = &shown
	d.Title, d.Excerpt = spaced(d.Title, d.Language), spaced(d.Excerpt, d.Language)
	f.Title, f.Description, f.Article = d.Title, d.Excerpt, true
	f.Image, f.ImageAlt = s.Absolute(d.Image), d.ImageAlt
	f.Published, f.Modified = d.PublishedAt, d.UpdatedAt
	var by []string
	for _, a := range d.Authors {
		by = append(by, a.Name)
	}
	return t.execute("post", struct {
		frame

		Doc      *page.Doc
		Foreign  bool
		By       string
		Contents []page.Heading
		Body     template.HTML
	}{
		f, d, d.Language != s.Language, f.V.List(by), contents(d.Contents),
		template.HTML(d.HTML), // the document package made it from its allowlist
	})
}

// Archive lists the months in which posts were published.
type Archive struct {
	// Months are newest first.
	Months []page.Month
	// Total is how many posts there are.
	Total int
}

// Archive makes the list of months.
func (t *Theme) Archive(s *page.Site, _ Archive) ([]byte, error) {
	return t.list(newFrame(s, "archive", "/archive"), nil, Pager{})
}

// Period is a page of the posts of one year or month.
type Period struct {
	Year int
	// Month is 0 for a whole year.
	Month time.Month
	Cards []page.Card
	Total int
	Pager Pager
	// Months are those of the year that have posts, newest first.
	Months []page.Month
}

// Period makes a page of the posts of one year or month.
func (t *Theme) Period(s *page.Site, path string, v Period) ([]byte, error) {
	return t.list(newFrame(s, "period", path), v.Cards, v.Pager)
}

// Author is a page of one author's posts.
type Author struct {
	Author page.Label
	Cards  []page.Card
	Total  int
	Pager  Pager
}

// Author makes a page of one author's posts.
func (t *Theme) Author(s *page.Site, path string, v Author) ([]byte, error) {
	return t.list(newFrame(s, "author", path), v.Cards, v.Pager)
}

// Search is a page of what a search finds; without words or tags it is the form.
type Search struct {
	Search page.Search
	// Tags and Without are those of Search, with their names.
	Tags, Without []page.Label
	Found         page.Found
	Pager         Pager
	// Feed is the path of the search's RSS feed with its query, escaped; empty for the form.
	Feed string
}

// Search makes a page of what a search finds. path has its query.
func (t *Theme) Search(s *page.Site, path string, v Search) ([]byte, error) {
	return t.list(newFrame(s, "search", path), v.Found.Cards, v.Pager)
}

func (t *Theme) list(f frame, cards []page.Card, p Pager) ([]byte, error) {
	return t.execute("list", struct {
		frame

		Heading string
		Cards   []card
		Pager   *Pager
	}{f, f.Title, f.cards(cards, true), p.shown()})
}

// contents is the part of a table of contents that is shown; none if there is
// little to choose from.
func contents(list []page.Heading) []page.Heading {
	n := len(list)
	for _, h := range list {
		n += len(h.Children)
	}
	if n < fewest {
		return nil
	}
	out := make([]page.Heading, 0, len(list))
	for _, h := range list {
		if h.Level <= maxContents {
			out = append(out, h)
		}
	}
	return out
}

// Absent is the page of an address where nothing is, or no more.
type Absent struct {
	// Recent are the newest posts, to go on from.
	Recent []page.Card
}

// NotFound makes the page of an address where nothing is; the same for all of them.
func (t *Theme) NotFound(s *page.Site, _ Absent) ([]byte, error) {
	f := newFrame(s, "missing", "")
	return t.absent(f, page.StatusNotFound, f.V.NotFound, f.V.NotFoundLead)
}

// Gone makes the page of an address where a post was.
func (t *Theme) Gone(s *page.Site, _ Absent) ([]byte, error) {
	f := newFrame(s, "missing", "")
	return t.absent(f, page.StatusGone, f.V.Gone, f.V.GoneLead)
}

func (t *Theme) absent(f frame, status int, title, lead string) ([]byte, error) {
	f.Title, f.Description = title, ""
	return t.execute("absent", struct {
		frame

		Status int
		Lead   string
	}{f, status, lead})
}
